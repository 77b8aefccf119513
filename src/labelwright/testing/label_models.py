"""What every label model must keep: ``fit(votes).predict_proba()``."""

from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.testing.promise import promise, same

N, SOURCES, K = 600, 7, 2


def check_label_model(estimator: Any, *, random_state: int = 0) -> None:
    """Check a label model on votes with planted labels: two classes, seven sources, a fifth of the votes silent.

    Every item gets probabilities, also one that nobody spoke about; labels are better than those of the mean source and
    not worse than majority vote by more than 2 points; neither the names of classes and sources nor the order of items
    matter; the same votes give the same result; votes that come later lead to the labels that all votes give; what
    nothing can be learned from is an `InputError`.

    Parameters
    ----------
    estimator : object with ``fit(votes)`` and ``predict_proba(votes=None)``
        Not fitted; it is cloned.
    random_state : int, default 0

    Raises
    ------
    ContractError
        Says which promise is broken.

    Examples
    --------
    >>> from labelwright.combine import MajorityVote
    >>> check_label_model(MajorityVote())
    """
    rng = np.random.default_rng(random_state)
    truth = rng.integers(K, size=N)
    wide = planted_votes(truth, rng)
    votes = Votes(wide, list(range(K)))
    fitted = _fit(estimator, votes)
    probs = fitted.predict_proba()
    promise(probs.shape == (N, K), estimator, "predict_proba is (items, classes)", f"it is {probs.shape}")
    proper = np.isfinite(probs).all() and probs.min() >= 0 and np.allclose(probs.sum(axis=1), 1)
    promise(proper, estimator, "predict_proba gives probabilities, also where nobody spoke")
    score, plain = _accuracy(probs, truth), _accuracy(votes.counts, truth)
    promise(
        score > plain - 0.02, estimator, "labels are not worse than majority vote by more than 2 points",
        f"accuracy is {score:.3f} against {plain:.3f}",
    )  # fmt: skip
    same(_fit(estimator, votes).predict_proba(), probs, estimator, "the same votes give the same result")
    same(fitted.predict_proba(votes), probs, estimator, "votes that were fitted need not be given again")
    _names_and_order(estimator, wide, probs, rng)
    _later(estimator, votes, probs)
    for what, wrong in {
        "nobody said anything": np.full((3, 2), -1),
        "one class only": np.zeros((3, 2), int),
    }.items():
        try:
            _fit(estimator, wrong)
        except InputError:
            continue
        promise(False, estimator, f"{what} is an InputError")


def planted_votes(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Votes of seven sources (n, 7) that are right with 60 to 90 %; a fifth is silent, and the last item altogether.

    Examples
    --------
    >>> planted_votes(np.zeros(5, int), np.random.default_rng(0))[-1].tolist()
    [-1, -1, -1, -1, -1, -1, -1]
    """
    n = len(truth)
    right = rng.random((n, SOURCES)) < np.linspace(0.6, 0.9, SOURCES)
    wide = np.where(right, truth[:, None], 1 - truth[:, None])
    wide[rng.random(wide.shape) < 0.2] = -1
    wide[-1] = -1
    return wide


def _fit(estimator: Any, votes: Any) -> Any:
    from sklearn.base import clone

    copy = clone(estimator)
    if "random_state" in copy.get_params(deep=False):
        copy.set_params(random_state=0)
    before = votes.wide() if isinstance(votes, Votes) else votes.copy()
    fitted = copy.fit(votes)
    promise(fitted is copy, estimator, "fit returns the estimator itself")
    after = votes.wide() if isinstance(votes, Votes) else votes
    promise(np.array_equal(before, after), estimator, "fit leaves the votes alone")
    return fitted


def _names_and_order(estimator: Any, wide: np.ndarray, probs: np.ndarray, rng: np.random.Generator) -> None:
    named = Votes(wide, ["yes", "no"], [f"source {j}" for j in range(SOURCES)])
    fitted = _fit(estimator, named)
    same(fitted.predict_proba(), probs, estimator, "classes and sources may be called anything")
    promise(set(fitted.predict()) <= {"yes", "no"}, estimator, "predict gives names of classes")
    rows = rng.permutation(len(wide))
    moved = _fit(estimator, Votes(wide[rows], list(range(K)))).predict_proba()
    share = (moved.argmax(axis=1) == probs[rows].argmax(axis=1)).mean()
    promise(
        share > 0.99, estimator, "the order of items does not matter", f"{1 - share:.1%} of the labels change"
    )


def _later(estimator: Any, votes: Votes, probs: np.ndarray) -> None:
    if not hasattr(estimator, "partial_fit"):
        return
    model = _fit(estimator, votes[: N // 2]).partial_fit(votes[N // 2 :])
    share = (model.predict_proba().argmax(axis=1) == probs.argmax(axis=1)).mean()
    promise(
        share > 0.99, estimator, "votes that come later lead to the labels that all votes give",
        f"{1 - share:.1%} of the labels differ",
    )  # fmt: skip


def _accuracy(table: np.ndarray, truth: np.ndarray) -> float:
    return float((table.argmax(axis=1) == truth).mean())
