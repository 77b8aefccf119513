"""Programs that nobody vouches for: what they may not do, what they say, and what they cost."""

import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from labelwright import InputError
from labelwright.combine import MajorityVote
from labelwright.combine.programs import (
    SENTIMENT,
    Limits,
    Program,
    ProgramStore,
    Recorded,
    TaskSpec,
    guards,
    labels_by_programs,
    outcomes,
    recorded_sentiment,
    run,
    write_programs,
)
from labelwright.combine.programs.sandbox import converse
from labelwright.errors import DoubtfulInput
from labelwright.models import CostLedger, estimate_tokens

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes can only be limited on POSIX")
SPAM = TaskSpec("Is this message spam?", ["no", "yes"])
FAST = Limits(seconds=2, pause=1.5)


def says(body, items=("a", "bb"), limits=FAST):
    return converse(
        "def label(item):\n" + "\n".join(f"    {line}" for line in body.splitlines()),
        "label",
        items,
        2,
        limits,
    )


def test_three_guards_hold_everywhere():
    assert {"time", "memory", "no files"} <= set(guards())


def test_answers_abstentions_and_missing_items():
    found = says("return len(item) % 2 if item != 'stop' else -1", ["a", None, "bb", float("nan"), "stop"])
    assert found.answers.tolist() == [1, -1, 0, -1, -1]
    assert (found.reason, found.raised, found.illegal) == ("", 0, 0)


def test_items_of_any_kind_that_json_can_hold():
    items = [{"n": 3}, [1, 2], 5, "text", np.float64(2.0), np.array([1, 2, 3])]
    found = says("return 1 if isinstance(item, (dict, list)) else 0", items)
    assert found.answers.tolist() == [1, 1, 0, 0, 0, 1]


def test_errors_and_illegal_answers_abstain_on_that_item():
    found = says(
        "return {'a': 1 // (len(item) - 1), 'bb': 7, 'ccc': True}.get(item, 0)", ["a", "bb", "ccc", "dd"]
    )
    assert found.answers.tolist() == [-1, -1, -1, 0]
    assert (found.raised, found.illegal) == (1, 2)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os\ndef label(item): return 0", "imports os"),
        ("from re import sre_parse\ndef label(item): return 0", "imports sre_parse from re"),
        ("def label(item): return open('/etc/passwd')", "uses 'open'"),
        ("def label(item): return eval('1')", "uses 'eval'"),
        ("def label(item): return ().__class__", "reads the attribute '__class__'"),
        ("def label(item): return '{0.x}'.format(item)", "reads the attribute 'format'"),
        ("def label(item): return __builtins__", "uses the name '__builtins__'"),
        ("def __x__(a): return 0\ndef label(item): return 0", "uses the name '__x__'"),
        ("class A: pass\ndef label(item): return 0", "defines a class"),
        ("async def label(item): return 0", "uses AsyncFunctionDef"),
        ("def other(item): return 0", "defines no function label(item)"),
        ("def label(a, b): return 0", "label must take one item; it needs 2 arguments"),
        ("def label(item) return 0", "line 1:"),
        ("x = 1 / 0\ndef label(item): return 0", "fails when it is loaded: ZeroDivisionError"),
        ("def label(item): return 0\nlabel = 3", "label is no function once the program is loaded"),
        ("#" * 60_000, "has 60000 characters"),
    ],
)
def test_what_is_refused_before_it_runs(source, reason):
    found = converse(source, "label", ["x"], 2, FAST)
    assert reason in found.reason
    assert found.answers.tolist() == [-1]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("while True: pass", "gave no answer for 1.5 s"),
        ("x = []\nwhile True: x.append('a' * 10_000_000)", None),
        ("return (lambda f: f(f))(lambda f: f(f))", None),
        ("return len(str(9 ** 9 ** 7))", "gave no answer"),
    ],
)
def test_greed_ends_within_its_limits(body, reason):
    began = time.monotonic()
    found = says(body, ["x"], Limits(seconds=2, pause=1.5, memory_mb=128))
    assert time.monotonic() - began < 20
    assert found.answers.tolist() == [-1]
    assert found.reason or found.raised == 1
    if reason:
        assert reason in found.reason


@pytest.mark.parametrize(
    "way",
    [
        # No ordinary program writes these; each tries to reach an object that leads out.
        "return [x for x in (1).__reduce__]",
        "import re\nreturn re.compile('a').__init__",
        "f = lambda: 0\nreturn f.func_globals",
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    return e.tb_frame",
        "g = (x for x in [1])\nreturn g.gi_frame",
        "return item.format_map(item)",
    ],
)
def test_ways_out_are_closed(way):
    found = says(way, ["x"])
    assert found.answers.tolist() == [-1]
    assert "reads the attribute" in found.reason


def test_an_audit_hook_stands_behind_the_rules(monkeypatch):
    """Were the rules to overlook `open`, the process would still be ended, and no file read."""
    from labelwright.combine.programs import sandbox

    start = (
        f"import sys; sys.path.append({str(Path(sandbox.__file__).parent)!r}); import _cell.rules as r;"
        "r.ABSENT.discard('open'); r.BUILTINS.append('open'); import _cell.child; _cell.child.main()"
    )
    plain = sandbox.command()
    monkeypatch.setattr(sandbox, "command", lambda: [*plain[:-1], start])
    found = says("return len(list(open('/etc/hostname')))", ["x"])
    assert found.answers.tolist() == [-1]
    assert "tried open" in found.reason or "OSError" in found.first or "PermissionError" in found.first


def test_the_environment_is_not_passed_on(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "abc")
    seen = threading.Event()
    import subprocess

    real = subprocess.Popen

    def watched(*args, **options):
        assert options["env"] == {"PYTHONHASHSEED": "0"}
        seen.set()
        return real(*args, **options)

    monkeypatch.setattr(subprocess, "Popen", watched)
    says("return 0")
    assert seen.is_set()


def test_programs_that_write_to_their_answers_are_not_believed():
    found = says("print('1')\nreturn 0")
    assert found.answers.tolist() == [0, 0]


def test_votes_of_several_programs_whatever_runs_at_once():
    programs = [
        Program("shouts", "def label(item): return 1 if item.isupper() else -1"),
        Program("short", "def label(item): return 0 if len(item) < 9 else -1"),
        Program("broken", "def label(item): return 1 / 0"),
        Program("silent", "def label(item): return -1"),
    ]
    items = ["WIN A CAR NOW", "see you", "HI"]
    with pytest.warns(DoubtfulInput, match="2 of 4 programs had trouble: broken abstains on 3 items"):
        votes = run(programs, items, SPAM)
    assert votes.wide().tolist() == [[1, -1, -1, -1], [-1, 0, -1, -1], [1, 0, -1, -1]]
    assert votes.sources.tolist() == ["shouts", "short", "broken", "silent"]
    with pytest.warns(DoubtfulInput):
        np.testing.assert_array_equal(run(programs, items, SPAM, n_jobs=3).wide(), votes.wide())


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([object()], "item 0 is a object that cannot be written as JSON"),
        (["a" * 2_000_000], "over the limit of 1000000"),
    ],
)
def test_items_that_cannot_be_passed_on(items, message):
    with pytest.raises(InputError, match=message):
        says("return 0", items)


def test_asking_discards_what_does_not_work_and_says_why():
    good = "```python\ndef label(item):\n    return 1 if 'win' in item else 0\n```"
    replies = [
        good,
        good,
        "I cannot.",
        "def label(item): return 5",
        "def label(item): return -1",
        "def label(item): return 0",
    ]
    samples = ["win money", *["see you"] * 30]
    written = write_programs(SPAM, Recorded(replies), samples, n_programs=6, mode="direct")
    assert [p.name for p in written.programs] == ["program 1"]
    assert [p.reason for p in written.discarded] == [
        "is the same as program 1", "has no code block", "item 0: returned 5", "abstains on all 31 sample items",
        "says no about all 31 sample items",
    ]  # fmt: skip


def test_two_stages_ask_once_for_knowledge_and_hand_it_on():
    model = Recorded(["- spam wins", "def label(item): return 1 if 'win' in item else 0"])
    written = write_programs(SPAM, model, ["win", "see"], n_programs=1)
    assert written.knowledge == {"heuristics": "- spam wins"}
    assert "- spam wins" in model.prompts[1]
    assert written.ledger.spent_on("knowledge").calls == written.ledger.spent_on("program").calls == 1


def test_the_ledger_adds_up():
    ledger = CostLedger(price_in=3.0, price_out=15.0)
    prompts, replies = ["a" * 100, "b" * 41], ["c" * 8, "ddd"]
    for prompt, reply in zip(prompts, replies):
        ledger.ask(lambda _, reply=reply: reply, prompt, purpose="program")
    spent = ledger.spent
    assert (spent.calls, spent.tokens_in, spent.tokens_out) == (2, 25 + 11, 2 + 1)
    assert spent.money == pytest.approx((36 * 3 + 3 * 15) / 1e6)
    direct = SPAM.direct(["one", "two"], ledger)
    assert direct.tokens_in == sum(estimate_tokens(SPAM.item_prompt(i)) for i in ("one", "two"))
    with pytest.raises(InputError, match="complete returned int instead of str"):
        ledger.ask(lambda prompt: 3, "x", purpose="program")
    with pytest.raises(InputError, match="price_in=-1"):
        CostLedger(price_in=-1)


def test_programs_are_kept_as_text_and_read_back(tmp_path):
    store = ProgramStore(tmp_path / "programs.json")
    programs = [Program("a", "def label(item): return 0", "reply", ""), Program("b", "x", "", "was refused")]
    store.write(SPAM, programs)
    task, back = store.read()
    assert (task, back) == (SPAM, programs)
    assert json.loads((tmp_path / "programs.json").read_text())["programs"][0]["name"] == "a"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "task": 3, "programs": []}', "\x00"]
)
def test_a_file_that_is_no_store_is_one_sentence(tmp_path, text):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(InputError):
        ProgramStore(tmp_path / "p.json").read()


def test_the_recorded_programs_work_and_say_the_same_every_time():
    sentences = [
        "a wonderful , moving film",
        "dull and far too long",
        "not funny at all",
        "it runs 90 minutes",
    ] * 6
    first = labels_by_programs(SENTIMENT, sentences, recorded_sentiment(), n_programs=13)
    second = labels_by_programs(SENTIMENT, sentences, recorded_sentiment(), n_programs=13, n_jobs=2)
    np.testing.assert_array_equal(first.votes.wide(), second.votes.wide())
    assert first.probs[:3].argmax(axis=1).tolist() == [1, 0, 0]
    assert len(first.programs) + len(first.discarded) == 13
    assert first.token_ratio == pytest.approx(first.direct.tokens / first.ledger.spent.tokens)
    np.testing.assert_allclose(first.probs, MajorityVote().fit(first.votes).predict_proba())


def test_no_program_left_is_told_with_reasons():
    with pytest.raises(InputError, match="none of 2 programs can be used: program 1 has no code block"):
        labels_by_programs(SPAM, ["x"], Recorded(["no", "sorry"]), n_programs=2, mode="direct")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mission": " "}, "mission is empty"),
        ({"classes": ["a"]}, "at least two names"),
        ({"classes": ["1", 1]}, "at least two names that differ"),
        ({"function": "def"}, "must be a plain Python name"),
    ],
)
def test_a_task_must_make_sense(options, message):
    with pytest.raises(InputError, match=message):
        TaskSpec(**{"mission": "Is it?", "classes": ["no", "yes"], **options})


@pytest.mark.parametrize("limit", [{"seconds": 0}, {"pause": 0}, {"memory_mb": 10}])
def test_limits_must_be_limits(limit):
    with pytest.raises(InputError, match=next(iter(limit))):
        Limits(**limit)


def test_two_programs_of_one_name():
    with pytest.raises(InputError, match="each with its own name"):
        outcomes([Program("p", ""), Program("p", "")], ["x"], SPAM)
