"""Teacher and student: rounds, weights and shapes are exactly what the parts say."""

from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from labelwright import Exact, InputError
from labelwright.loops import fit_soft, teach, unsure
from labelwright.parts import targets as shapes
from labelwright.parts import weights as weigh


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(y))[:600]
    X, y = X[rows] / 16, y[rows]
    known = np.zeros(600, dtype=bool)
    for c in range(10):
        known[np.flatnonzero(y == c)[:3]] = True
    return X, y, Exact([c if k else None for c, k in zip(y, known)], classes=range(10))


def student_of(X, seen=None):
    def student(targets, weights):
        if seen is not None:
            seen.append((targets, weights))
        return fit_soft(LogisticRegression(max_iter=300), X, targets, weights).predict_proba(X)

    return student


def test_self_training_with_a_growing_share_equals_the_loop_written_out(digits):
    X, _, told = digits
    start = student_of(X)(told.posterior(np.full((600, 10), 0.1)), told.known.astype(float))
    schedule = [partial(weigh.small_loss, keep=share) for share in (0.2, 0.4, 0.6)]
    lessons = teach(start, student_of(X), told, weigh=schedule, shape=shapes.harden)
    probs = start
    for share, lesson in zip((0.2, 0.4, 0.6), lessons):
        targets = told.posterior(probs)
        order = np.argsort(1 - targets.max(axis=1), kind="stable")
        kept = np.zeros(600)
        kept[order[: round(share * 600)]] = 1
        hard = np.eye(10)[targets.argmax(axis=1)]
        probs = student_of(X)(hard, kept)
        np.testing.assert_array_equal(lesson.weights > 0, kept > 0)
        np.testing.assert_allclose(lesson.probs, probs)


def test_given_labels_always_win_and_are_surest(digits):
    X, y, told = digits
    wrong = np.eye(10)[(y + 1) % 10] * 0.9 + 0.01
    seen = []
    teach(wrong, student_of(X, seen), told)
    np.testing.assert_array_equal(seen[0][0][told.known].argmax(axis=1), y[told.known])
    assert unsure(seen[0][0])[told.known].max() == 0
    assert (seen[0][1] == 1).all()


def test_a_callable_teacher_speaks_every_round_and_hears_the_student(digits):
    X, _, told = digits
    heard = []

    def teacher(last):
        heard.append(None if last is None else last.shape)
        return np.full((600, 10), 0.1)

    lessons = teach(teacher, student_of(X), told, rounds=3)
    assert heard == [None, (600, 10), (600, 10)]
    assert len(lessons) == 3


def test_bad_weights_are_refused(digits):
    X, _, told = digits
    start = np.full((600, 10), 0.1)
    with pytest.raises(InputError, match="weights must lie in"):
        teach(start, student_of(X), told, weigh=lambda s: s - 1)
    with pytest.raises(InputError, match="nothing to learn from"):
        teach(start, student_of(X), told, weigh=lambda s: 0 * s)
    with pytest.raises(InputError, match="rounds must be at least 1"):
        teach(start, student_of(X), told, rounds=0)
