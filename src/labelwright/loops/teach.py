"""A teacher labels, a student learns from what is sure enough; the student may teach the next round."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence import Evidence
from labelwright.progress import progress

Teacher = Callable[[np.ndarray | None], np.ndarray]
Student = Callable[[np.ndarray, np.ndarray], np.ndarray]
Weigh = Callable[[np.ndarray], np.ndarray]


class Lesson(NamedTuple):
    """One round.

    Attributes
    ----------
    targets : ndarray (n, k)
        What the student was told to learn.
    weights : ndarray (n,)
        How much each item counted, in [0, 1].
    probs : ndarray (n, k)
        What the student then said.
    """

    targets: np.ndarray
    weights: np.ndarray
    probs: np.ndarray


def unsure(targets: np.ndarray) -> np.ndarray:
    """One minus the largest probability of each row: 0 where the label is told.

    Examples
    --------
    >>> unsure(np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [0.0, 0.5]
    """
    return 1 - targets.max(axis=1)


def teach(
    teacher: Teacher | ArrayLike,
    student: Student,
    evidence: Evidence,
    *,
    score: Callable[[np.ndarray], np.ndarray] = unsure,
    weigh: Weigh | Sequence[Weigh] | None = None,
    shape: Callable[[np.ndarray], np.ndarray] | None = None,
    rounds: int = 1,
    show: bool | None = None,
) -> list[Lesson]:
    """Let a teacher's probabilities, conditioned on the evidence, become the targets of a student; in rounds.

    Each round conditions the teacher's probabilities on what was told (so given labels always win), scores how
    unsure the result is, weighs items by that, shapes the targets, and lets the student fit. Self-training,
    curriculum labelling, distillation and confirmation by a second model differ in the parts alone.

    Parameters
    ----------
    teacher : array (n, k) or callable
        Probabilities for a first round, after which the student teaches itself; or a callable that is given the
        student's last probabilities (None at first) and returns the teacher's, every round.
    student : callable
        ``student(targets (n, k), weights (n,)) -> probs (n, k)``: fits, then predicts all items. Whether it starts
        afresh is its own matter.
    evidence : Evidence
        Of all n items; items of which nothing is known are the unlabelled ones.
    score : callable, default `unsure`
        ``targets (n, k) -> (n,)``, higher = less sure.
    weigh : callable or sequence of callables, optional
        ``scores -> weights in [0, 1]``, such as `labelwright.parts.weights.small_loss` with its share set; one for all
        rounds or one a round. By default everything counts fully.
    shape : callable, optional
        ``targets -> targets`` before the student sees them, such as `labelwright.parts.targets.harden`.
    rounds : int, default 1
        A sequence in `weigh` decides it instead.
    show : bool, optional
        Progress; by default on terminals.

    Returns
    -------
    list of Lesson
        One a round; the last holds the result.

    Raises
    ------
    InputError
        When weights leave [0, 1] or choose nothing at all.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from labelwright import Exact
    >>> from labelwright.loops import fit_soft
    >>> X = np.array([[0.0], [0.2], [1.0], [0.9], [0.1]])
    >>> told = Exact([0, 0, 1, 1, None])
    >>> student = lambda targets, weights: fit_soft(GaussianNB(), X, targets, weights).predict_proba(X)
    >>> last = teach(np.full((5, 2), 0.5), student, told, rounds=2)[-1]
    >>> last.probs.argmax(axis=1).tolist()
    [0, 0, 1, 1, 0]
    """
    schedule = list(weigh) if isinstance(weigh, Sequence) else [weigh] * rounds
    if not schedule:
        raise InputError("rounds must be at least 1, and a sequence in weigh must not be empty")
    lessons: list[Lesson] = []
    with progress("teaching", total=len(schedule), show=show) as tick:
        for weigh_now in schedule:
            last = lessons[-1].probs if lessons else None
            said = teacher(last) if callable(teacher) else np.asarray(teacher) if last is None else last
            targets = evidence.posterior(said)
            weights = np.ones(len(targets)) if weigh_now is None else _proper(weigh_now(score(targets)))
            if shape is not None:
                targets = shape(targets)
            lessons.append(Lesson(targets, weights, student(targets, weights)))
            tick()
    return lessons


def _proper(weights: np.ndarray) -> np.ndarray:
    weights = np.asarray(weights, dtype=float)
    if not ((weights >= 0) & (weights <= 1)).all():
        raise InputError(f"weights must lie in [0, 1]; weigh gave {weights.min():.3g} to {weights.max():.3g}")
    if not weights.any():
        raise InputError(
            "weigh gave every item the weight 0, so the student has nothing to learn from; let more in"
        )
    return weights
