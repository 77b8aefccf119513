"""Follow the balance of the classes in a stream, and say when it changed, with few false alarms."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from labelwright.errors import InputError
from labelwright.shift.base import PriorEstimator, checked
from labelwright.shift.methods import method
from labelwright.shift.moments import covariance_of_mean

MEMORIES = (
    50,
    200,
    1000,
)  # rows that each bettor looks back, a few times longer than the change takes to show
SURE = 0.95  # chance that the source's mean probabilities are as near to the true ones as the bets allow for


class Alarm(NamedTuple):
    """The balance is not what it was.

    Attributes
    ----------
    row : int
        Number of rows seen when it was raised, this one included.
    priors : ndarray (k,)
        Balance at that moment.
    """

    row: int
    priors: np.ndarray


class PriorStream(BaseEstimator):
    """Keep an estimate of the priors up to date, row by row, and raise an alarm when the balance leaves the reference.

    The running estimate is expectation-maximisation with a memory: each row moves it by 1 / memory towards the row's
    posterior under it. Alarms come from bets against "nothing has changed": a row multiplies the stake by ``sum over
    j of P[j] b[j] / p[j]``, with b a running estimate from the rows before it. While nothing has changed that factor
    is 1 on average whether the classifier is calibrated or not, for p is the mean of P itself; the Shiryaev-Roberts
    sum of all bets, one begun at each row, then takes on average at least `run_length` rows to reach it (an
    e-detector).

    Parameters
    ----------
    priors : PriorEstimator or str, default "mlls"
        Only its calibration is used: the balance is followed on calibrated probabilities.
    memory : int, default 1000
        Rows after which the estimate has forgotten two thirds.
    run_length : float, default 100_000
        Rows between false alarms, on average and at least.

    Attributes
    ----------
    classes_ : ndarray (k,)
    source_priors_, priors_, weights_ : ndarray (k,)
        `priors_` is the balance now.
    n_seen_ : int
    evidence_ : float
        Sum of the bets; an alarm is raised where it reaches `run_length`.
    alarms_ : list of Alarm

    Notes ----- The source is a sample, so p is not known exactly: every bet is divided by ``1 + r sqrt(v' C v)``,
    with v its ratios b / p, C the covariance of the error of p, and r such that this is enough in all directions at
    once for 95 of 100 sources. Changes smaller than the source could show are therefore never found. Rows must be
    independent of each other: of a stream that comes in bursts of one class, each burst is a change.

    After an alarm the bets begin anew at the next row, so that a change that lasts raises one alarm after another;
    `rebase` takes the balance of now as the reference, about which the promise holds as far as it is known.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probs = rng.dirichlet([1, 1], 4000)
    >>> labels = (rng.random(4000) < probs[:, 1]).astype(int)
    >>> stream = PriorStream(memory=200).fit(probs[:2000], labels[:2000])
    >>> stream.update(probs[2000:3000])
    []
    >>> after = probs[3000:][labels[3000:] == 1]
    >>> len(stream.update(after)) > 0, bool(stream.priors_[1] > 0.7)
    (True, True)
    """

    cites = ("saerens2002adjusting", "shin2024edetectors")

    def __init__(
        self, priors: PriorEstimator | str = "mlls", *, memory: int = 1000, run_length: float = 100_000
    ):
        self.priors, self.memory, self.run_length = priors, memory, run_length

    def fit(
        self,
        proba_source: ArrayLike,
        y_source: Any,
        classes: Sequence[Any] | np.ndarray | None = None,
    ) -> Self:
        """Learn the reference from held-out rows of the source, as `PriorEstimator.fit` does, and begin a stream."""
        if not self.memory >= 1 or not self.run_length > 1:
            raise InputError(
                f"memory={self.memory!r} must be at least 1 and run_length={self.run_length!r} above 1"
            )
        fitted = method(self.priors).fit(proba_source, y_source, classes)
        self._fitted = fitted
        self.classes_, self.source_priors_ = fitted.classes_, fitted.source_priors_
        source = checked(fitted._calibrated(fitted._source[0]), "proba_source").astype(np.float64)
        self._mean = source.mean(axis=0)
        self._error = covariance_of_mean(source)
        self._reference = np.empty(0)  # that of the source
        self._now = np.tile(self._mean, (len(MEMORIES) + 1, 1))
        self._held, self._margins = self._now[:-1].copy(), np.ones(len(MEMORIES))
        self._bets, self._age = np.zeros(len(MEMORIES)), 0
        self.alarms_: list[Alarm] = []
        self.n_seen_, self.evidence_ = 0, 0.0
        self._publish()
        return self

    def update(self, proba: ArrayLike) -> list[Alarm]:
        """Take the next rows (m, k), in their order, and return the alarms they raise."""
        from scipy.stats import chi2

        from labelwright.shift._sweeps import bets

        check_is_fitted(self, "source_priors_")
        rows = np.asarray(proba)
        if len(rows) == 0:
            return []
        rows = self._fitted._calibrated(checked(self._fitted._target(rows), "proba"))
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        memories = np.array([*MEMORIES, self.memory], dtype=np.float64)
        sure = float(np.sqrt(chi2.ppf(SURE, rows.shape[1] - 1)))
        raised, at = [], 0
        while at < len(rows):
            stop, self._age = bets(
                rows[at:], self._mean, self._error, sure, self._reference, self._now, self._held, self._margins,
                self._bets, memories, self._age, float(self.run_length),
            )  # fmt: skip
            self.evidence_ = float(self._bets.mean())
            if stop < 0:
                self.n_seen_ += len(rows) - at
                break
            at += stop + 1
            self.n_seen_ += stop + 1
            self._publish()
            raised.append(Alarm(self.n_seen_, self.priors_.copy()))
            self._bets[:], self._age = 0, 0
        self.alarms_ += raised
        self._publish()
        return raised

    def rebase(self) -> Self:
        """Take the balance of now as the reference that further alarms compare with."""
        check_is_fitted(self, "source_priors_")
        self._reference = self._now[-1].copy()
        self._now[:] = self._reference
        self._bets[:], self._age = 0, 0
        self.evidence_ = 0.0
        return self

    def correct(self, probs: ArrayLike) -> np.ndarray:
        """Probabilities (m, k) under the balance of now."""
        check_is_fitted(self, "source_priors_")
        self._fitted.target_priors_, self._fitted.weights_ = self.priors_, self.weights_
        return self._fitted.correct(probs)

    def _publish(self) -> None:
        fitted = self._fitted
        seen = self._now[-1] / np.maximum(self._mean, 1e-12) * fitted.source_priors_[fitted._present]
        self.priors_ = np.zeros(len(self.classes_))
        self.priors_[fitted._present] = seen / seen.sum()
        self.weights_ = self.priors_ / np.where(self.source_priors_ > 0, self.source_priors_, 1.0)
