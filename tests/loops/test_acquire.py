"""Asking: the budget is spent, nothing is asked twice, and every kind of answer counts."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from labelwright import Candidates, Exact, InputError, Together, Votes
from labelwright.loops import acquire, learner
from labelwright.parts import scores


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    X, y = X[:500] / 16, y[:500]
    first = np.concatenate([np.flatnonzero(y == c)[:1] for c in range(10)])
    codes = np.full(500, -1)
    codes[first] = y[first]
    return X, y, Exact.from_codes(codes, range(10))


def model():
    return LogisticRegression(max_iter=200)


def test_the_highest_scores_are_asked_and_nothing_twice(digits):
    X, y, start = digits
    asked, shown = [], []
    learn = learner(model(), X)

    def score(probs, evidence):
        found = scores.entropy(probs)
        shown.append(np.where(evidence.known, -1, found))
        return found

    def oracle(rows):
        asked.append(rows)
        return y[rows]

    found = acquire(learn, score, oracle, start, budget=25, batch_size=10)
    assert [len(rows) for rows in asked] == [10, 10, 5]
    assert len(np.unique(found.rows)) == 25
    assert not start.known[found.rows].any()
    for rows, seen in zip(asked, shown):
        assert seen[rows].min() >= np.sort(seen)[-len(rows)] - 1e-12
    assert isinstance(found.evidence, Exact)
    assert found.evidence.known.sum() == 35
    np.testing.assert_allclose(found.probs, learn(found.evidence))


def test_questions_chosen_by_doubt_teach_more_than_random_ones(digits):
    X, y, start = digits

    def accuracy(probs):
        return float((probs.argmax(axis=1) == y).mean())

    def random(seed):
        rng = np.random.default_rng(seed)
        return lambda probs, evidence: rng.random(len(probs))

    def run(score):
        found = acquire(learner(model(), X), score, lambda r: y[r], start, budget=60, watch=accuracy)
        assert [n for n, _ in found.watched] == [0, 10, 20, 30, 40, 50, 60]
        return found.watched[-1][1]

    def margin(probs, evidence):
        top = np.sort(probs, axis=1)
        return top[:, -2] - top[:, -1]

    assert run(margin) > np.mean([run(random(s)) for s in range(3)]) + 0.01


def test_answers_may_be_evidence_of_any_kind(digits):
    X, y, start = digits
    calls = iter(range(100))

    def oracle(rows):
        kind = next(calls)
        if kind == 0:
            return Candidates(np.eye(10, dtype=bool)[y[rows]] | np.eye(10, dtype=bool)[(y[rows] + 1) % 10])
        if kind == 1:
            return Votes(np.column_stack([y[rows]] * 3), classes=range(10))
        return [None] * len(rows)  # nobody knows

    found = acquire(learner(model(), X), scores.entropy, oracle, start, budget=15, batch_size=5)
    assert isinstance(found.evidence, Together)
    assert [type(p.evidence).__name__ for p in found.evidence.pieces] == [
        "Exact",
        "Candidates",
        "Votes",
        "Exact",
    ]
    assert len(found.rows) == 15


def test_only_candidates_are_asked_and_the_order_is_reproducible(digits):
    X, y, start = digits
    pool = np.arange(500) % 3 == 0
    flat_score = lambda probs, evidence: np.zeros(len(probs))  # noqa: E731

    def rows(seed):
        return acquire(
            learner(model(), X),
            flat_score,
            lambda r: y[r],
            start,
            budget=12,
            candidates=pool,
            random_state=seed,
        ).rows

    assert pool[rows(0)].all()
    np.testing.assert_array_equal(rows(0), rows(0))
    assert rows(0).tolist() != rows(1).tolist()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"budget": 491}, "budget=491 exceeds the 490 items"),
        ({"budget": 0}, "budget=0"),
        ({"budget": 5, "batch_size": 0}, "batch_size=0"),
    ],
)
def test_bad_budgets(digits, options, says):
    X, y, start = digits
    with pytest.raises(InputError, match=says):
        acquire(learner(model(), X), scores.entropy, lambda r: y[r], start, **options)


def test_answers_and_scores_must_fit(digits):
    X, y, start = digits
    learn = learner(model(), X)
    with pytest.raises(InputError, match="gave 3 answers to 5 questions"):
        acquire(learn, scores.entropy, lambda r: y[r[:3]], start, budget=5)
    with pytest.raises(InputError, match="expected one per item"):
        acquire(learn, lambda p, e: p, lambda r: y[r], start, budget=5)
    with pytest.raises(InputError, match="tells nothing about any item"):
        acquire(learn, scores.entropy, lambda r: y[r], Exact([None] * 500, classes=range(10)), budget=5)
