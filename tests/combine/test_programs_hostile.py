"""Programs that mean harm or are merely odd, guards taken away one by one, and what a caller may get wrong."""

import functools
import json
import os
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    sandbox,
    write_programs,
)
from labelwright.combine.programs.sandbox import converse
from labelwright.errors import DoubtfulInput
from labelwright.models import CostLedger

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes can only be limited on POSIX")
SPAM = TaskSpec("Is this message spam?", ["no", "yes"])
LIMITS = Limits(memory_mb=128)
BRIEF = Limits(seconds=2, pause=1.0)
WINS = "def label(item): return 1 if 'win' in item else 0"
ROWS = TaskSpec("Is this message spam?", ["no", "yes"], item="a dict with the texts title and body")
ONCE = settings(max_examples=25, deadline=None, derandomize=True)


def judged(body, items=("x",), before="", limits=LIMITS):
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return converse(f"{before}\ndef label(item):\n{lines}", "label", list(items), 2, limits)


@pytest.fixture
def changed(monkeypatch):
    """Start the separate process with some of its parts replaced."""

    def change(*statements):
        *plain, start = sandbox.command()
        place, _, rest = start.partition("import _cell.child; ")
        start = place + "import _cell.child; " + "; ".join([*statements, rest])
        monkeypatch.setattr(sandbox, "command", lambda: [*plain, start])

    return change


@pytest.fixture
def without_rules(changed):
    """Neither rules nor Python's reports: all builtins, any module that is loaded. Only the system holds it."""
    changed(
        "import builtins, os, socket, resource, ctypes as C",
        "c = _cell.child",
        "c.rules.problem = lambda *a: None",
        "c._watch = lambda code: None",
        "real = dict(os=os, socket=socket, resource=resource, C=C)",
        "c._builtins = lambda: {**vars(builtins), '__import__': lambda name, *a: real[name]}",
    )


@pytest.mark.parametrize(
    ("guard", "body"),
    [
        ("no files", "return 1 if open(item).read() else 0"),
        ("no files", "return 1 if open(item, 'w') else 0"),
        ("no files", "import os\nreturn 1 if os.open(item, os.O_RDONLY) >= 0 else 0"),
        ("no files", "import os\nreturn 1 if os.listdir('/') else 0"),
        ("no files", "import os\nreturn 1 if os.pipe() else 0"),
        ("no files", "import socket\nreturn 1 if socket.socket() else 0"),
        ("no files", "import socket\nreturn 1 if socket.socketpair() else 0"),
        (
            "no files",
            "import resource as r\nr.setrlimit(r.RLIMIT_NOFILE, (9, 9))\nreturn 1 if open(item) else 0",
        ),
        (
            "memory",
            "import resource as r\nr.setrlimit(r.RLIMIT_AS, (-1, -1))\nreturn 1 if bytearray(10**9) else 0",
        ),
        ("memory", "return 1 if bytearray(10**9) else 0"),
        ("no processes", "import os\nreturn 1 if os.fork() >= 0 else 0"),
        ("system calls", "import os\nos.unlink(item)\nreturn 1"),
        ("system calls", "import os\nos.rename(item, item + '.gone')\nreturn 1"),
        ("system calls", "import os\nos.chmod(item, 0)\nreturn 1"),
        ("system calls", "import os\nos.mkdir(item + '.d')\nreturn 1"),
        ("system calls", "import os\nos.kill(os.getppid(), 0)\nreturn 1"),
        ("system calls", "import os\nos.execv('/bin/echo', ['echo', '1'])"),
        ("system calls", "import os\nos.stat(item)\nreturn 1"),
        ("system calls", "import os\nreturn 1 if os.system('true') == 0 else 0"),
        ("system calls", "import C\nreturn 1 if C.CDLL(None).ptrace(0, 0, 0, 0) == 0 else 0"),
    ],
)
def test_without_rules_the_system_holds_it(without_rules, guard, body):
    if guard not in guards():
        pytest.skip(f"this system has no guard {guard!r}")
    with tempfile.TemporaryDirectory() as place:
        folder, secret = Path(place), Path(place) / "secret"
        secret.write_text("secret")
        folder.chmod(0o777)  # that it is another's is not what holds
        secret.chmod(0o666)
        found = judged(body, [str(secret)])
        assert found.answers.tolist() != [1]
        assert [f.name for f in folder.iterdir()] == ["secret"]
        assert secret.read_text() == "secret"


def test_the_test_above_can_fail(without_rules):
    assert judged("import os\nreturn 1 if os.getpid() and len(open.__name__) else 0").answers.tolist() == [1]


def test_a_limit_that_is_not_kept_is_no_limit(changed):
    changed("_cell.child.kernel.resource.setrlimit = lambda *a: None")
    with pytest.raises(InputError, match="takes a limit of memory and does not keep it"):
        judged("return 0")


def test_a_superuser_whom_nothing_binds_runs_nothing(changed):
    changed(
        "k = _cell.child.kernel",
        "k._filtered = lambda libc: False",
        "k.os.geteuid = lambda: 0",
        "k.os.setgroups = lambda groups: k.os.dup(-1)",
    )
    with pytest.raises(InputError, match="the superuser could lift every limit again"):
        judged("return 0")


@pytest.mark.parametrize(
    "body",
    [
        "import re\nreturn 1 if re.match('(a+)+$', 'a' * 60 + 'b') else 0",
        "while True:\n    try:\n        while True: pass\n    except: pass",
        "return max(10 ** 8 for x in range(10 ** 12))",
    ],
)
def test_nothing_runs_for_ever(body):
    began = time.monotonic()
    found = judged(body, limits=BRIEF)
    assert "gave no answer for 1 s, after 0 of 1 items" in found.reason
    assert time.monotonic() - began < 15


def test_answers_do_not_buy_time():
    found = judged("for i in range(2_000_000): pass\nreturn 0", ["x"] * 500, limits=Limits(seconds=1))
    assert found.reason == "used more than 1 s of processor time"
    assert (found.answers == -1).all()


@pytest.mark.parametrize(
    ("body", "item"),
    [
        ("try:\n    while True: kept.append('a' * 10_000)\nexcept MemoryError: return 0", "y" * 99_999),
        ("try:\n    while True: kept.append([1])\nexcept MemoryError: return 0", "y" * 9_999),
    ],
)  # fmt: skip
def test_memory_that_is_never_given_back_is_told_as_such(body, item):
    found = judged(body, [item] * 9, before="kept = []")
    assert found.reason == "used more than 128 MB of memory"


def test_memory_taken_while_loading():
    found = judged("return 0", before="kept = []\nwhile True: kept.append([1])")
    assert "memory" in found.reason.lower()
    assert found.answers.tolist() == [-1]


@pytest.mark.parametrize("before", ["", "raise ValueError('\\x1b[2J\\n\\u202eho\\ud800')"])
def test_what_it_says_cannot_steer_a_terminal(before):
    found = judged("raise ValueError('\\x1b[2J\\n\\u202eho\\ud800' + 'a' * 9_000)", before=before)
    said = found.first or found.reason
    assert said.isprintable()
    assert len(said) < 600
    assert "ValueError" in said


@pytest.mark.parametrize(
    "expression",
    [
        "Counter(item).most_common(2)", "Counter(item).most_common()", "list(Counter(item).elements())",
        "string.capwords(item)", "re.sub(r'(f)', r'\\1\\1', item)", "re.split(r'\\W+', item)",
        "re.search('[[f]', item)",
        "re.search('\\N{BULLET}', item)", "item.translate(str.maketrans('', '', string.punctuation))",
        "item.encode('utf-8'), item.encode('latin1', 'replace'), item.encode('unicode_escape'), item.encode('cp1252')",
        "math.dist([1], [2]), math.comb(4, 2), math.log1p(3)", "f'{1.5:.2f} {3:,} {item!r:>10}'", "'%.2f' % 3.1",
        "sorted(item, key=str.lower), max(item, default=None)", "deque(item, maxlen=2), OrderedDict(a=1)",
        "defaultdict(list)['x'].append(1)", "int('12'), float('nan'), complex(1, 2), hash(item), ascii(item)",
        "print(item)", "[y for x in [1, 2] if (y := x)]", "item.casefold(), item.partition('f'), item.isidentifier()",
    ],
)  # fmt: skip
def test_what_honest_programs_use_is_there(expression):
    before = "import re, math, string\nfrom collections import Counter, OrderedDict, deque, defaultdict"
    found = judged(f"{expression}\nreturn 0", ["a fox, é"], before)
    assert (found.reason, found.first, found.answers.tolist()) == ("", "", [0])


def test_cases_by_type_but_not_by_attribute():
    body = "match item:\n    case str() as text if text: return 0\n    case [*_]: return 1\nreturn -1"
    assert judged(body, ["x", [], 3]).answers.tolist() == [0, 1, -1]
    found = judged("match item:\n    case str(__class__=kind): return 1\nreturn 0")
    assert "reads the attribute '__class__'" in found.reason


@ONCE
@given(st.text(max_size=80) | st.text("def label(item):\n return-1[]{}.\"'x_", max_size=80))
def test_any_text_is_a_program_that_abstains_or_answers(source):
    found = converse(source, "label", ["x", None], 2, LIMITS)
    assert found.answers.shape == (2,)
    assert found.answers[1] == -1
    assert found.reason or found.answers[0] in (-1, 0, 1)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"0\n", b"1\n", b"-1\n", b"2\n", b"true\n", b'[-2, "x"]\n', b'[-3, ""]\n'])
        | st.sampled_from([b'["guards", ["a"]]\n', b'["ready", ""]\n', b'["stopped", "x"]\n'])
        | st.sampled_from([b"[[\n", b"9" * 5000, b"NaN\n"]),
        max_size=20,
    ),
    st.booleans(),
)  # fmt: skip
def test_nothing_that_the_process_writes_is_believed_beyond_its_form(blocks, started):
    talk = sandbox._Talk(3, 2, lambda n: None)
    if started:
        talk.hear(b'["guards", ["time"]]\n["ready", ""]\n')
    for block in blocks:
        talk.hear(block)
    assert len(talk.answers) <= 3
    assert set(talk.answers) <= {-1, 0, 1}
    assert talk.reason.isprintable()
    assert started or talk.ready or not talk.answers


def test_a_caller_that_stands_still_does_not_end_a_program(monkeypatch):
    late = [0.0]
    real = time.monotonic
    monkeypatch.setattr(sandbox, "time", SimpleNamespace(monotonic=lambda: real() + late[0]))

    def stand_still(n):
        late[0] += 60 * (n > 0 and not late[0])

    items = ["x"] * 60_000
    found = converse("def label(item): return 0", "label", items, 2, LIMITS, stand_still)
    assert late == [60]
    assert found.reason == ""
    assert (found.answers == 0).all()


def test_an_interrupt_ends_the_program_at_once(monkeypatch):
    started = []
    real = sandbox.subprocess.Popen

    def watched(*args, **options):
        started.append(real(*args, **options))
        return started[-1]

    def interrupt(n):
        raise KeyboardInterrupt

    monkeypatch.setattr(sandbox.subprocess, "Popen", watched)
    with pytest.raises(KeyboardInterrupt):
        converse("def label(item): return 0", "label", ["x"], 2, LIMITS, interrupt)
    assert started[0].returncode is not None


def test_broken_programs_change_no_label_and_are_told():
    items = ["win a car", "see you", "win", None]
    good = [Program("wins", WINS), Program("short", "def label(item): return 0 if len(item) < 5 else -1")]
    broken = [
        Program("forever", "def label(item):\n    while True: pass"),
        Program("reads", "def label(item): return open('/etc/passwd')"),
        Program("raises", "def label(item): return item[99]"),
        Program("no class", "def label(item): return 2"),
    ]
    alone = run(good, items, SPAM)
    with pytest.warns(DoubtfulInput, match="4 of 6 programs had trouble") as caught:
        votes = run([*good, *broken], items, SPAM, limits=BRIEF)
    assert Path(caught[0].filename) == Path(__file__)
    np.testing.assert_array_equal(votes.wide(), np.hstack([alone.wide(), np.full((4, 4), -1)]))
    np.testing.assert_allclose(
        MajorityVote().fit(votes).predict_proba(votes), MajorityVote().fit(alone).predict_proba(alone)
    )


def test_a_failure_beyond_the_sample_is_warned_of_and_kept():
    items = ["win", "see"] * 20
    rare = int(np.random.default_rng(0).permutation(len(items))[-1])
    items[rare] = "boom"
    program = "def label(item):\n    if item == 'boom': raise ValueError('no')\n    return 1 if 'win' in item else 0"
    with pytest.warns(DoubtfulInput, match=r"1 of 1 programs had trouble: program 1 abstains on 1 items"):
        found = labels_by_programs(SPAM, items, Recorded([program]), n_programs=1, mode="direct", n_samples=5)
    assert list(found.troubles) == ["program 1"]
    assert np.flatnonzero(~found.covered).tolist() == [rare]
    assert found.labels[rare] is None
    assert found.labels[:2].tolist() == ["yes", "no"]
    assert "39 of 40 items labelled by 1 programs" in repr(found)
    assert len(repr(found)) < 200


def test_items_in_every_dress_give_the_same_votes():
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    texts = ["win a car", "see you", None]
    model = functools.partial(labels_by_programs, SPAM, n_programs=1, mode="direct")
    dresses = [texts, tuple(texts), np.array(texts, dtype=object), pd.Series(texts), pd.array(texts, dtype="string"),
               pa.chunked_array([texts]), iter(texts)]  # fmt: skip
    for items in dresses:
        found = model(items, Recorded([WINS]))
        assert found.votes.wide().tolist() == [[1], [0], [-1]]
        assert found.direct.calls == 2


def test_rows_of_a_frame_are_dicts():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"title": ["win", "hi"], "body": [None, "see you"]})
    program = "def label(item): return 1 if item['title'] == 'win' and item['body'] is None else 0"
    assert run([Program("p", program)], frame, ROWS).wide().tolist() == [[1], [0]]
    found = labels_by_programs(ROWS, frame, Recorded([program]), n_programs=1, mode="direct")
    assert found.labels.tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("win a car", "items are one str"),
        ({"a": "win"}, "items are one dict"),
        ([], "items are empty"),
        (5, "items are one int"),
        (["win", 3], "item 1 is a int, while the task says that an item is a text"),
        ([{"title": "win"}], "item 0 is a dict, while the task says"),
    ],
)
def test_strange_items_are_told_before_anything_is_asked(items, message):
    model = Recorded([WINS])
    with pytest.raises(InputError, match=message):
        labels_by_programs(SPAM, items, model, n_programs=1, mode="direct")
    assert model.prompts == []


def test_missing_items_of_every_kind_are_not_shown():
    pd = pytest.importorskip("pandas")
    items = ["x", None, float("nan"), np.float32("nan"), pd.NA, pd.NaT]
    assert converse("def label(item): return 0", "label", items, 2, LIMITS).answers.tolist() == [0, *[-1] * 5]


def test_numbers_and_arrays_inside_items():
    items = [{"n": np.int64(3), "x": np.array([1.0, 2.0])}, (np.float32(1.5), np.bool_(True))]
    found = judged(
        "return 1 if isinstance(item, dict) and item['x'] == [1, 2] and item['n'] == 3 else 0", items
    )
    assert found.answers.tolist() == [1, 0]


def test_order_of_items_and_names_of_classes_do_not_matter():
    texts = ["win a car", "see you", "win", "a dull day", "what a fine day"] * 6
    programs = [Program("wins", WINS), Program("long", "def label(item): return int(len(item) > 8)")]
    wide = run(programs, texts, SPAM).wide()
    order = np.random.default_rng(1001).permutation(len(texts))
    np.testing.assert_array_equal(run(programs, [texts[i] for i in order], SPAM).wide(), wide[order])
    renamed = TaskSpec(SPAM.mission, [("a", 1), 7])
    votes = run(programs, texts, renamed, n_jobs=2)
    np.testing.assert_array_equal(votes.wide(), wide)
    assert votes.classes.tolist() == [("a", 1), 7]


def test_a_replay_of_kept_replies_is_the_same_and_a_memory_asks_once():
    sentences = [
        "a wonderful , moving film",
        "dull and far too long",
        "not funny at all",
        "it runs 90 minutes",
    ] * 6
    asked = []
    model = recorded_sentiment()

    @functools.cache
    def complete(prompt):
        asked.append(prompt)
        return model(prompt)

    first = labels_by_programs(SENTIMENT, sentences, complete, n_programs=4)
    again = labels_by_programs(SENTIMENT, sentences, complete, n_programs=4)
    assert len(asked) == 5
    every = sorted([*first.programs, *first.discarded], key=lambda p: int(p.name.split()[1]))
    kept = Recorded([*first.knowledge.values(), *(p.reply for p in every)])
    replayed = labels_by_programs(SENTIMENT, sentences, kept, n_programs=4)
    assert kept.prompts == asked
    for other in (again, replayed):
        assert other.programs == first.programs
        np.testing.assert_array_equal(other.votes.wide(), first.votes.wide())
        np.testing.assert_array_equal(other.probs, first.probs)
        assert other.ledger.spent == first.ledger.spent


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(["knowledge", "program", "other"]), st.text(), st.text()), max_size=8),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_the_ledger_is_the_sum_of_its_parts(asked, price_in, price_out):
    ledger = CostLedger(price_in=price_in, price_out=price_out, count=len)
    for purpose, prompt, reply in asked:
        assert ledger.ask(lambda _, reply=reply: reply, prompt, purpose=purpose) == reply
    spent = ledger.spent
    parts = [ledger.spent_on(purpose) for purpose in ("knowledge", "program", "other")]
    assert spent[:3] == tuple(np.sum([part[:3] for part in parts], axis=0))
    assert spent.money == pytest.approx(sum(part.money for part in parts))
    assert spent.tokens_in == sum(len(prompt) for _, prompt, _ in asked)
    assert spent.tokens_out == sum(len(reply) for *_, reply in asked)
    assert spent.money == pytest.approx((spent.tokens_in * price_in + spent.tokens_out * price_out) / 1e6)
    assert spent.tokens == spent.tokens_in + spent.tokens_out
    assert spent.calls == len(asked)


def test_what_was_asked_before_a_model_fails_stays_in_the_ledger():
    ledger = CostLedger()
    with pytest.raises(InputError, match="all 1 recorded replies are used up"):
        write_programs(SPAM, Recorded([WINS]), ["win"], n_programs=2, mode="direct", ledger=ledger)
    assert ledger.spent.calls == 1


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        ProgramStore(tmp_path / "nowhere" / "p.json").write(SPAM, [])
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        ProgramStore(tmp_path / "taken").write(SPAM, [])
    store = ProgramStore(tmp_path / "p.json")
    store.write(SPAM, [Program("a", WINS)])
    with pytest.raises(InputError, match="two programs are called 'a'"):
        store.write(SPAM, [Program("a", ""), Program("a", "")])
    assert store.read() == (SPAM, [Program("a", WINS)])
    assert sorted(f.name for f in tmp_path.iterdir()) == ["p.json", "taken"]


def test_reading_a_file_runs_nothing_and_what_it_holds_is_confined(tmp_path):
    mark = tmp_path / "mark"
    program = Program("p", f"open({str(mark)!r}, 'w')\ndef label(item): return 0")
    ProgramStore(tmp_path / "p.json").write(SPAM, [program])
    task, programs = ProgramStore(tmp_path / "p.json").read()
    assert "uses 'open'" in outcomes(programs, ["x"], task)[0].reason
    assert not mark.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mission": None}, "mission=None must be a text"),
        ({"item": 3}, "item=3 must be a text"),
        ({"classes": "ab"}, "classes='ab' must be a list"),
        ({"classes": 3}, "classes=3 must be a list"),
        ({"classes": [None, "a"]}, "class None must be a name on one line"),
        ({"classes": [["a"], ["b"]]}, r"class \['a'\] must be a name"),
        ({"classes": ["a", "b\n1 = z"]}, "must be a name on one line"),
        ({"classes": ["a", ""]}, "must be a name on one line"),
    ],
)
def test_classes_and_words_of_a_task(options, message):
    with pytest.raises(InputError, match=message):
        TaskSpec(**{"mission": "Is it?", "classes": ["no", "yes"], **options})


def test_classes_from_an_array_are_plain_and_can_be_kept(tmp_path):
    task = TaskSpec("Which?", np.array([3, 5]))
    assert task.classes == (3, 5)
    ProgramStore(tmp_path / "p.json").write(task, [])
    assert ProgramStore(tmp_path / "p.json").read()[0] == task


@pytest.mark.parametrize(
    "options",
    [{"seconds": float("nan")}, {"seconds": "a"}, {"seconds": 1.5}, {"pause": "x"}, {"pause": float("nan")},
     {"pause": None}, {"memory_mb": None}, {"memory_mb": 10**30}],
)  # fmt: skip
def test_limits_of_a_wrong_kind(options):
    with pytest.raises(InputError, match=f"{next(iter(options))}="):
        Limits(**options)


def test_the_least_memory_is_enough_to_start():
    assert judged("return 0", limits=Limits(memory_mb=64)).answers.tolist() == [0]


@pytest.mark.parametrize("option", [{"n_jobs": 0}, {"n_jobs": None}])
def test_how_many_run_at_once(option):
    with pytest.raises(InputError, match="n_jobs="):
        run([Program("p", WINS)], ["x"], SPAM, **option)


@pytest.mark.parametrize(
    ("option", "message"),
    [({"n_programs": 0}, "n_programs=0"), ({"mode": "x"}, "mode='x'"), ({"knowledge": "keywords"}, "knowledge="),
     ({"knowledge": ["x"]}, "knowledge="), ({"n_samples": 0}, "n_samples=0")],
)  # fmt: skip
def test_options_are_told_before_anything_is_asked(option, message):
    model = Recorded([WINS])
    with pytest.raises(InputError, match=message):
        labels_by_programs(SPAM, ["x"], model, **option)
    assert model.prompts == []


def test_replies_must_be_texts():
    for replies in ("abc", [1], [b"x"]):
        with pytest.raises(InputError, match="replies must be a list of texts"):
            Recorded(replies)


def test_a_dollar_or_a_brace_in_what_the_user_says_stays_as_it_is():
    task = TaskSpec("Is $mission or {item} $5?", ["$a", "{b}"], instructions="${x}")
    for text in (
        task.program_prompt(1, 2, "$k"),
        task.knowledge_prompt("keywords"),
        task.item_prompt("$text {x}"),
    ):
        assert "Is $mission or {item} $5?" in text
        assert "0 = $a\n1 = {b}" in text
        assert "${x}" in text
    assert "Item: $text {x}" in task.item_prompt("$text {x}")


def test_prompts_and_replies_are_in_the_package():
    place = files("labelwright.combine.programs")
    assert {f.name for f in place.joinpath("prompts").iterdir()} == {
        "annotate.txt", "knowledge.txt", "knowledge_given.txt", "program.txt",
    }  # fmt: skip
    assert len(recorded_sentiment().replies) == 14
    assert len(set(recorded_sentiment().replies)) == 14


def test_the_process_imports_nothing_of_ours():
    code = (
        f"import sys; sys.path.append({str(Path(sandbox.__file__).parent)!r}); import _cell.child;"
        "import json; print(json.dumps(sorted(m for m in sys.modules if m.split('.')[0] in ('labelwright', 'numpy'))))"
    )
    told = sandbox.subprocess.run([sys.executable, "-P", "-S", "-c", code], capture_output=True, check=True)
    assert json.loads(told.stdout) == []
