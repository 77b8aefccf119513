"""Wrappers: the protocol and capabilities of the model inside, nothing paid twice, nothing beyond the budget."""

import json
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright.errors import InputError
from labelwright.models import (
    Budget,
    BudgetSpent,
    Cached,
    CallFailed,
    Completes,
    Completion,
    CostLedger,
    GaveUp,
    Message,
    Metered,
    ModelCannot,
    Opens,
    Patient,
    Prices,
    Recorded,
    Recording,
    Scores,
    Scripted,
    Unfinished,
    Usage,
    able,
    as_function,
    as_language_model,
)
from labelwright.models.patient import PASSING


class Counting(Scripted):
    """Answers with the number of the call, and keeps what it was asked."""

    def __init__(self, **options):
        self.asked = []
        super().__init__(self._say, name="counting", **options)

    def _say(self, prompt):
        self.asked.append(prompt)
        return f"{prompt} {len(self.asked)}"


class Inside:
    """Opens, and nothing else."""

    name = "inside"

    def open(self):
        return "the inside"


def query(path, text):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(text).fetchall()


def wrapped(model, folder):
    return [
        Cached(model, folder / "a.db"),
        Metered(model),
        Patient(model),
        Recording(model, folder / "a.jsonl"),
        Cached(Metered(Patient(model)), folder / "b.db"),
    ]


@pytest.mark.parametrize(
    ("model", "can"),
    [
        (Scripted(str), {Completes}),
        (Scripted(str, scores=lambda p, c: -1.0), {Completes, Scores}),
        (Inside(), {Opens}),
    ],
)
def test_wrappers_can_what_the_model_can(model, can, tmp_path):
    for wrapper in wrapped(model, tmp_path):
        assert wrapper.name == model.name
        for capability in (Completes, Scores, Opens):
            assert isinstance(wrapper, capability) == (capability in can)
            if capability in can:
                assert able(wrapper, capability, purpose="This") is wrapper
            else:
                with pytest.raises(ModelCannot):
                    able(wrapper, capability, purpose="This")


def test_wrappers_give_what_the_model_gives(tmp_path):
    model = Scripted(str.upper, scores=lambda p, c: -0.1 * len(p + c))
    prompts = ["a", (Message("system", "b"), Message("user", "c")), "a", "\ud800 {x}"]
    for wrapper in wrapped(model, tmp_path):
        for _ in range(2):
            said = wrapper.complete(prompts, max_tokens=5, stop=["\n"])
            assert [one.text for one in said] == [one.text for one in model.complete(prompts)]
            for labels in ([" x", " yy"], [[" x"], [" x", " z"], [" x"], [" q"]]):
                found, ought = wrapper.score(prompts, labels), model.score(prompts, labels)
                for row, expected in zip(found, ought, strict=True):
                    for one, other in zip(row, expected, strict=True):
                        assert one.tokens == other.tokens
                        assert one.logprobs.dtype == np.float32
                        np.testing.assert_array_equal(one.logprobs, other.logprobs)
        assert wrapper.complete([]) == []
        with pytest.raises(InputError, match="is one text; give a list"):
            wrapper.complete("a prompt")
        with pytest.raises(InputError, match="continuations is empty"):
            wrapper.score(["a"], [])


# --- Cached ---


def test_what_was_asked_is_not_asked_again(tmp_path):
    model = Counting()
    cached = Cached(model, tmp_path / "a.db")
    first = cached.complete(["x", "y", "x"])
    assert [one.text for one in first] == ["x 1", "y 2", "x 1"]
    assert [one.usage for one in first] == [Usage(calls=1), Usage(calls=1), Usage(cached_calls=1)]
    again = Cached(Counting(), tmp_path / "a.db").complete(["y", "x"])
    assert [(one.text, one.usage) for one in again] == [
        ("y 2", Usage(cached_calls=1)),
        ("x 1", Usage(cached_calls=1)),
    ]
    assert model.asked == ["x", "y"]


@pytest.mark.parametrize(
    "options", [{"max_tokens": 7}, {"stop": ["x"]}, {"seed": 1}, {"temperature": 1.0, "seed": 1}]
)
def test_another_question_is_another_record(options, tmp_path):
    model = Counting()
    cached = Cached(model, tmp_path / "a.db")
    cached.complete(["x"])
    cached.complete(["x"], **options)
    cached.complete([(Message("user", "x"),)])
    other = Scripted(str, name="another")
    Cached(other, tmp_path / "a.db").complete(["x"])
    assert len(model.asked) == 3
    assert query(tmp_path / "a.db", "SELECT count(*) FROM answers") == [(4,)]


def test_samples_without_a_seed_are_kept_one_by_one(tmp_path):
    first, model = [], Counting()
    cached = Cached(model, tmp_path / "a.db")
    first += [one.text for one in cached.complete(["x", "x"], temperature=1.0)]
    first += [one.text for one in cached.complete(["x"], temperature=1.0)]
    assert first == ["x 1", "x 2", "x 3"]
    resumed = Cached(model, tmp_path / "a.db")
    assert [one.text for one in resumed.complete(["x", "x", "x", "x"], temperature=1.0)] == [*first, "x 4"]


def test_answers_before_a_failure_are_kept(tmp_path):
    asked = []

    def fails_once(prompt):
        asked.append(prompt)
        if prompt == "c" and asked.count("c") == 1:
            raise CallFailed("no", status=400)
        return prompt.upper()

    cached = Cached(Patient(fails_once), tmp_path / "a.db")
    for options in ({}, {"temperature": 1.0}):
        asked.clear()
        with pytest.raises(GaveUp, match="prompt 2: no") as stopped:
            cached.complete(["a", "b", "c", "d"], **options)
        assert {i: one.text for i, one in stopped.value.done.items()} == {0: "A", 1: "B"}
        assert [one.text for one in cached.complete(["a", "b", "c", "d"], **options)] == ["A", "B", "C", "D"]
        assert asked == ["a", "b", "c", "c", "d"]


CHILD = """
import os, signal, sys
from labelwright.models import Cached
path, log, dies, start, step = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
asked = 0
def model(prompt):
    global asked
    asked += 1
    if asked == dies:
        os.kill(os.getpid(), signal.SIGKILL)
    with open(log, "a") as file:
        file.write(prompt + "\\n")
    return f"{prompt} by {os.getpid()}"
model.__name__ = "child"
prompts = [f"prompt {i}" for i in range(40)][::step]
said = Cached(model, path, at_once=1).complete(prompts)
print("|".join(sorted(one.text for one in said)))
"""


def start(path, log, *, dies=0, step=1):
    command = [sys.executable, "-c", CHILD, str(path), str(log), str(dies), "0", str(step)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_run_that_was_killed_pays_for_nothing_twice(tmp_path):
    path, log = tmp_path / "a.db", tmp_path / "log"
    for dies in (11, 15):
        child = start(path, log, dies=dies)
        child.communicate(timeout=60)
        assert child.returncode == -signal.SIGKILL
    child = start(path, log)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert out.count("|") == 39
    assert log.read_text().splitlines() == [f"prompt {i}" for i in range(40)]


def test_two_processes_share_a_file_and_agree(tmp_path):
    path, log = tmp_path / "a.db", tmp_path / "log"
    children = [start(path, log), start(path, log, step=-1)]
    said = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "SELECT count(*) FROM answers") == [(40,)]


def test_threads_and_processes_that_were_handed_the_model(tmp_path):
    cached = Cached(Scripted(str.upper), tmp_path / "a.db")
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda i: cached.complete([f"a{i % 7}"])[0].text, range(40)))
    assert said == [f"A{i % 7}" for i in range(40)]
    assert pickle.loads(pickle.dumps(cached)).complete(["a1"])[0].usage.cached_calls == 1


def test_a_file_that_holds_something_else(tmp_path):
    (tmp_path / "a.db").write_bytes(b"x" * 5000)
    with pytest.raises(InputError, match="cannot serve to keep answers"):
        Cached(str, tmp_path / "a.db")
    with pytest.raises(InputError, match="in a folder that does not exist"):
        Cached(str, tmp_path / "no" / "a.db")
    with pytest.raises(InputError, match="at_once=0"):
        Cached(str, tmp_path / "b.db", at_once=0)
    cached = Cached(Scripted(str), tmp_path / "c.db")
    cached.complete(["x"])
    query(tmp_path / "c.db", "UPDATE answers SET answer = '[3]'")
    with pytest.raises(InputError, match="is no answer of a model"):
        cached.complete(["x"])


# --- Metered ---


class Bill(Scripted):
    """Writes three tokens on each prompt of five, whatever is allowed."""

    def complete(self, prompts, **options):
        return [Completion("x", usage=Usage(5, 3, 1)) for _ in prompts]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12), st.integers(3, 9), st.integers(0, 60), st.integers(0, 12))
def test_the_budget_holds_and_nothing_that_fits_is_refused(n, max_tokens, tokens, calls):
    model = Metered(Bill(str), budget=Budget(tokens=tokens, calls=calls), count=lambda text: 5)
    room = 0
    while room < min(n, calls) and 8 * room + 5 + max_tokens <= tokens:
        room += 1
    if room == n:
        assert len(model.complete(["p"] * n, max_tokens=max_tokens)) == n
    else:
        with pytest.raises(BudgetSpent) as stopped:
            model.complete(["p"] * n, max_tokens=max_tokens)
        assert sorted(stopped.value.done) == list(range(room))
    assert model.ledger.spent[:3] == (room, 5 * room, 3 * room)
    assert model.ledger.spent.tokens <= tokens


def test_money_scores_and_cached_answers(tmp_path):
    model = Metered(Bill(str, scores=lambda p, c: -1.0), Prices(2.0, 4.0), Budget(money=1e-4), count=len)
    model.complete(["p"], max_tokens=3)
    assert model.ledger.spent.money == pytest.approx((5 * 2 + 3 * 4) / 1e6)
    model.score(["four"], [" a", " bc"])
    assert model.ledger.calls[-1] == ("call", 9, 0)
    with pytest.raises(
        BudgetSpent, match=r"prompt 0 of 1 might exceed the budget \(money 0.0001\); spent so far: 2 calls"
    ):
        model.complete(["p"], max_tokens=1000)
    inner = Cached(Counting(), tmp_path / "a.db")
    outer = Metered(inner)
    outer.complete(["x"])
    outer.complete(["x"])
    assert outer.ledger.spent.calls == 1
    ledger = CostLedger(price_in=1.0)
    Metered(Counting(), ledger=ledger, purpose="judge").complete(["x"])
    assert ledger.spent_on("judge").calls == 1
    for options in (
        {"budget": Budget(money=1.0)},
        {"budget": Budget(calls=-1)},
        {"prices": Prices(1), "ledger": ledger},
    ):
        with pytest.raises(InputError, match=r"budget|prices"):
            Metered(str, **options)


def test_a_failure_inside_is_paid_for_as_far_as_it_came():
    def fails(prompt):
        if prompt == "c":
            raise CallFailed("no", status=403)
        return prompt

    model = Metered(Patient(fails))
    with pytest.raises(Unfinished) as stopped:
        model.complete(["a", "b", "c"])
    assert sorted(stopped.value.done) == [0, 1]
    assert model.ledger.spent.calls == 2


def test_threads_cannot_spend_the_same_money():
    gate = threading.Barrier(4, timeout=20)

    class Slow(Bill):
        def complete(self, prompts, **options):
            gate.wait()
            return super().complete(prompts, **options)

    model = Metered(Slow(str), budget=Budget(calls=4), count=lambda text: 5)

    def ask(_):
        try:
            return len(model.complete(["p"]))
        except BudgetSpent:
            return 0

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(ask, range(6))) == 4


# --- Patient ---


class Clock:
    """Time that passes only in sleep."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds
        self.pauses.append(seconds)


def flaky(*problems):
    left = list(problems)

    def model(prompt):
        if left and (problem := left.pop(0)) is not None:
            raise problem
        return prompt

    model.left = left
    return model


def patient(model, clock, **options):
    return Patient(model, clock=clock, sleep=clock.sleep, random_state=0, **options)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status):
    clock = Clock()
    model = patient(flaky(CallFailed("later", status=status)), clock)
    assert model.complete(["x"])[0].text == "x"
    assert len(clock.pauses) == 1
    assert status in PASSING


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422, 301])
def test_what_will_not_pass_is_final(status):
    clock, model = Clock(), flaky(CallFailed("never", status=status), None)
    with pytest.raises(GaveUp, match=rf"prompt 0: never \(status {status}\)"):
        patient(model, clock).complete(["x"])
    assert model.left == [None]
    assert not clock.pauses


def test_errors_of_other_clients_are_understood():
    class Response:
        status_code, headers = 429, {"retry-after": "7"}

    class Theirs(Exception):
        response = Response()

    clock = Clock()
    assert (
        patient(flaky(Theirs(), ConnectionResetError(), TimeoutError()), clock).complete(["x"])[0].text == "x"
    )
    assert clock.pauses[0] == 7
    with pytest.raises(ZeroDivisionError):
        patient(flaky(ZeroDivisionError()), clock).complete(["x"])


def test_pauses_are_random_and_double_at_most():
    pauses = []
    for seed in range(60):
        clock = Clock()
        model = Patient(
            flaky(*[CallFailed("x", status=500)] * 5),
            clock=clock,
            sleep=clock.sleep,
            random_state=seed,
            max_tries=6,
        )
        model.complete(["x"])
        pauses.append(clock.pauses)
    table = np.array(pauses)
    most = 0.5 * 2 ** np.arange(5)
    assert (table < most).all()
    assert (table > 0).all()
    np.testing.assert_allclose(table.mean(axis=0), most / 2, rtol=0.35)


def test_it_gives_up_after_so_many_tries_or_so_long():
    clock = Clock()
    with pytest.raises(GaveUp, match="gave up after 3 tries") as stopped:
        patient(
            lambda p: p if p == "a" else flaky(CallFailed("x", status=500))(p), clock, max_tries=3
        ).complete(["a", "b"])
    assert {i: one.text for i, one in stopped.value.done.items()} == {0: "a"}
    assert isinstance(stopped.value.__cause__, CallFailed)
    clock = Clock()
    with pytest.raises(GaveUp, match="gave up after 1 tries"):
        patient(flaky(CallFailed("x", status=429, retry_after=3600)), clock, timeout=60).complete(["a"])
    assert not clock.pauses


@pytest.mark.parametrize("told", [-5, float("nan"), float("inf"), "soon"])
def test_a_strange_retry_after_is_left_out(told):
    clock = Clock()
    patient(flaky(CallFailed("x", status=429, retry_after=told)), clock).complete(["x"])
    assert clock.now < 1


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.integers(20, 500), st.integers(1, 40))
def test_the_rate_is_kept(rpm, tpm, n):
    clock, at = Clock(), []
    model = patient(lambda p: at.append(clock.now) or p, clock, rpm=rpm, tpm=tpm, max_tries=1)
    model.complete(["four"] * n, max_tokens=9)
    times = np.array(at)
    for end in times:
        within = (times > end - 60) & (times <= end)
        assert within.sum() <= 2 * rpm
        assert 10 * (within.sum() - 1) <= 2 * tpm
    least = max((n - rpm) * 60 / rpm, (10 * n - tpm) * 60 / tpm, 0)
    assert clock.now >= least - 1e-6
    assert clock.now <= n * 60 / rpm + n * 600 / tpm + 1e-6


def test_workers_keep_the_order_and_stop_at_a_failure():
    model = Patient(lambda prompt: prompt.upper(), workers=4)
    prompts = [f"p{i}" for i in range(50)]
    assert [one.text for one in model.complete(prompts)] == [p.upper() for p in prompts]

    def fails(prompt):
        if prompt == "p3":
            raise CallFailed("no", status=401)
        return prompt

    with pytest.raises(GaveUp) as stopped:
        Patient(fails, workers=4).complete(prompts)
    assert 3 not in stopped.value.done
    assert all(one.text == prompts[i] for i, one in stopped.value.done.items())


@pytest.mark.parametrize(
    "options", [{"max_tries": 0}, {"rpm": 0}, {"tpm": -1}, {"timeout": 0}, {"workers": 0}]
)
def test_limits_must_be_limits(options):
    with pytest.raises(InputError, match=next(iter(options))):
        Patient(str, **options)


# --- Recording and Recorded ---


def test_calls_are_played_back(tmp_path):
    model = Recording(Counting(scores=lambda p, c: -0.3), tmp_path / "a.jsonl")
    first = [one.text for one in model.complete(["x", "x", "é\ud800"], temperature=1.0)]
    scores = model.score(["x"], [" a", " b"])
    played = Recorded(tmp_path / "a.jsonl")
    assert played.name == "counting"
    assert [one.text for one in played.complete(["x", "x", "é\ud800", "x"], temperature=1.0)] == [
        *first,
        first[1],
    ]
    np.testing.assert_array_equal(played.score(["x"], [" a", " b"])[0][1].logprobs, scores[0][1].logprobs)
    with pytest.raises(InputError, match="has no answer to the prompt 'x' with these parameters"):
        played.complete(["x"])
    assert all(
        json.loads(line)["question"]["model"] == "counting"
        for line in (tmp_path / "a.jsonl").read_text().splitlines()
    )


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "x", '{"question": {"model": "a"}, "answer": 3}', "[" * 9999, "é"]
)
def test_a_file_that_is_no_record(line, tmp_path):
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(InputError):
        Recorded(tmp_path / "a.jsonl")


def test_a_record_of_completions_does_not_score(tmp_path):
    Recording(Scripted(str), tmp_path / "a.jsonl").complete(["x"])
    with pytest.raises(ModelCannot):
        able(Recorded(tmp_path / "a.jsonl"), Scores, purpose="This")


# --- as_language_model ---


def test_a_function_out_of_a_model(tmp_path):
    model = Counting()
    ask = as_function(Cached(model, tmp_path / "a.db"), max_tokens=5)
    assert [ask("x"), ask("y"), ask("x")] == ["x 1", "y 2", "x 1"]
    with pytest.raises(ModelCannot, match="needs a model that can complete"):
        as_function(Inside())


def test_what_names_a_model(tmp_path):
    model = Scripted(str)
    assert as_language_model(model) is model
    assert as_language_model(str.upper).name == "upper"
    assert isinstance(as_language_model(Inside()), Inside)
    for strange in ("nonsense", "https://example.org/v1", 3, None, tmp_path / "no"):
        with pytest.raises(InputError, match="model="):
            as_language_model(strange)
    with pytest.raises(InputError, match="there are smollm2, gemma3-270m"):
        as_language_model("local:gpt")
    with pytest.raises(InputError, match=r"holds no config.json"):
        as_language_model(str(tmp_path))
