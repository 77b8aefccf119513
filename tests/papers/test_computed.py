"""What models are shown of computed questions; a review of all contradictions leaves a perfect one no error."""

import numpy as np

from labelwright.models.language import Scripted
from labelwright.papers import _computed, vendrow2025benchmarks


def test_prompts_show_other_questions_of_the_same_kind(monkeypatch):
    shown = []

    def answer(prompt):
        shown.append(prompt)
        return " 7"

    monkeypatch.setattr(_computed.models, "local", lambda name: Scripted(answer))
    made, said = _computed.answered(np.random.default_rng(0), 21)
    assert set(said["SmolLM2"]) == {" 7"}
    assert shown[:21] == shown[21:]
    for prompt, question in zip(shown, made.questions, strict=False):
        *solved, asked = prompt.split("\n\n")
        assert asked == f"Q: {question}\nA:"
        assert len(solved) == 4
        assert not any(question in one for one in solved)
        assert len({one.split()[1] for one in [*solved, asked] if "letter of" in one}) <= 1


def test_the_nearest_question_gives_its_answer():
    solved = ["How many words are there?", "Which number is larger, 3 or 5?"]
    assert _computed.nearest(solved, np.array(["4", "5"]), ["Which is larger, 3 or 4?"]) == ["5"]


def test_a_model_that_knows_everything_errs_only_where_the_key_does(monkeypatch):
    def known(rng, n):
        made = _computed.computed_questions(n, rng, wrong=0.2)
        return made, {"knows": made.truth.tolist(), "echoes": made.given.tolist()}

    monkeypatch.setattr(vendrow2025benchmarks, "answered", known)
    d = vendrow2025benchmarks.computed(np.random.default_rng(0))
    assert vendrow2025benchmarks.original(d) == [20.0, 0.0]
    assert vendrow2025benchmarks.cleaned(d) == [0.0, 20.0]
    assert set(vendrow2025benchmarks.by_one(d)) == set(np.flatnonzero(d["wrong"]))
