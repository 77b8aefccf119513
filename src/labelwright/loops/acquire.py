"""Ask, label, repeat: spend a budget of questions where the answers help most."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Evidence, Exact, Together
from labelwright.loops.em import flat
from labelwright.progress import progress

Learn = Callable[[Evidence], np.ndarray]
Score = Callable[[np.ndarray, Evidence], np.ndarray]
Oracle = Callable[[np.ndarray], Any]


class Acquired(NamedTuple):
    """What was asked, and what is known afterwards.

    Attributes
    ----------
    rows : ndarray (budget,) of int
        The items asked about, in order.
    evidence : Evidence
        What was known at the start, together with every answer.
    probs : ndarray (n, k)
        Of the model fitted to all of it.
    watched : list of (int, Any)
        Answers so far, and what `watch(probs)` returned then.
    """

    rows: np.ndarray
    evidence: Evidence
    probs: np.ndarray
    watched: list[tuple[int, Any]]


def acquire(
    learn: Learn,
    score: Score,
    oracle: Oracle,
    evidence: Evidence,
    *,
    budget: int,
    batch_size: int = 10,
    candidates: np.ndarray | None = None,
    watch: Callable[[np.ndarray], Any] | None = None,
    random_state: int | None = 0,
    show: bool | None = None,
) -> Acquired:
    """Fit, ask about the items that score highest, add the answers to the evidence; again, until the budget is spent.

    Parameters
    ----------
    learn : callable
        ``learn(evidence) -> probs (n, k)``: fits a model to what is known and predicts all items.
    score : callable
        ``score(probs, evidence) -> (n,)``, higher = ask first: any of `labelwright.parts.scores`. Ties are broken at
        random; NaN is asked last.
    oracle : callable
        ``oracle(rows) -> answers``: evidence about these rows in this order, or their labels. Votes, candidate sets
        and "don't know" (a missing label) are answers like any other; a person at a screen, a ledger or a
        simulation give them.
    evidence : Evidence
        What is known of all n items at the start; `Exact` with missing labels in the plain case.
    budget : int
        Number of questions.
    batch_size : int, default 10
        Questions asked before the model is fitted again.
    candidates : array of int or mask (n,), optional
        Items that may be asked about; by default those whose posterior `evidence` does not settle already.
    watch : callable, optional
        Called with the probabilities after each fit; what it returns is kept.
    random_state : int or None, default 0
    show : bool, optional
        Progress; by default on terminals.

    Raises
    ------
    InputError
        When the budget exceeds the candidates, or answers do not fit the questions.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from labelwright.loops import learner
    >>> from labelwright.parts import scores
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> start = Exact(np.where(np.arange(150) % 50 < 2, y, None), classes=range(3))
    >>> found = acquire(learner(GaussianNB(), X), scores.entropy, lambda rows: y[rows], start, budget=20)
    >>> len(set(found.rows.tolist())), bool((found.probs.argmax(axis=1) == y).mean() > 0.9)
    (20, True)
    """
    if batch_size < 1 or budget < 1:
        raise InputError(f"budget={budget!r} and batch_size={batch_size!r} must be at least 1")
    n, k = len(evidence), evidence.n_classes
    open_ = np.zeros(n, dtype=bool)
    if candidates is None:
        open_[evidence.posterior(flat(n, k)).max(axis=1) < 1 - 1e-9] = True
    else:
        open_[candidates] = True
    if budget > open_.sum():
        raise InputError(
            f"budget={budget} exceeds the {int(open_.sum())} items that may be asked about; lower it"
        )
    rng, asked = np.random.default_rng(random_state), np.empty(0, dtype=np.intp)
    watched: list[tuple[int, Any]] = []
    with progress("asking", total=budget, show=show) as tick:
        while True:
            probs = learn(evidence)
            if watch is not None:
                watched.append((len(asked), watch(probs)))
            if len(asked) == budget:
                return Acquired(asked, evidence, probs, watched)
            rows = _highest(score(probs, evidence), open_, min(batch_size, budget - len(asked)), rng)
            evidence = _joined(evidence, rows, oracle(rows))
            open_[rows] = False
            asked = np.concatenate([asked, rows])
            tick(len(rows))


def _highest(scores: np.ndarray, open_: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    values = np.asarray(scores, dtype=float)
    if values.shape != open_.shape:
        raise InputError(f"score gave numbers of shape {values.shape}, expected one per item: {open_.shape}")
    rows = rng.permutation(np.flatnonzero(open_))
    return rows[np.argsort(-np.where(np.isnan(values), -np.inf, values)[rows], kind="stable")[:count]]


def _joined(evidence: Evidence, rows: np.ndarray, answers: Any) -> Evidence:
    """What was known and the answers; labels of items without one keep `Exact` as simple as it is."""
    told = answers if isinstance(answers, Evidence) else Exact(answers, classes=evidence.classes)
    if len(told) != len(rows):
        raise InputError(f"oracle gave {len(told)} answers to {len(rows)} questions")
    if isinstance(evidence, Exact) and isinstance(told, Exact) and not evidence.known[rows].any():
        codes = evidence.codes.copy()
        codes[rows] = told.codes
        return Exact.from_codes(codes, evidence.classes)
    return Together([evidence, (rows, told)])
