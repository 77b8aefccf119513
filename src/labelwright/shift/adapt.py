"""The everyday function of the room: how did the balance of the classes move, and what are the predictions then?"""

import time
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

import labelwright
from labelwright import frames
from labelwright.errors import DoubtfulInput, noted
from labelwright.evidence import Exact
from labelwright.parts.shares import Z95, wilson
from labelwright.report.text import clause
from labelwright.shift.adjusted_count import AdjustedCount
from labelwright.shift.base import PriorEstimator, PriorInterval
from labelwright.shift.compare import compare
from labelwright.shift.doubts import doubts, left_open, remarks
from labelwright.shift.kinds import kind_of_shift
from labelwright.shift.methods import method as named
from labelwright.shift.read import Given, given
from labelwright.shift.result import Adapted, Expected, Measured


def adapt(
    source: Any,
    target: Any,
    *,
    label: Any = None,
    model: Any = None,
    classes: Sequence[Any] | None = None,
    method: str | PriorEstimator = "mlls",
    level: float = 0.95,
    kind: Literal["auto", "bootstrap", "analytic"] = "auto",
    checks: bool = False,
    random_state: int = 0,
    show: bool | None = None,
) -> Adapted:
    """Estimate how common each class is in new data, and correct a classifier's predictions for it.

    Parameters
    ----------
    source : frame or array (n, k)
        Labelled rows that the classifier did not see: its probabilities, in a frame one column a class named after it
        (or ``p_`` and its name), beside the label. With `model` features instead.
    target : frame or array (m, k)
        New rows, likewise. If a frame holds the label too, it measures what is gained and is not learned from.
    label : str or array (n,), optional
        Column of the label, or the labels of the source. In a frame guessed where not given.
    model : fitted classifier, optional
        Makes probabilities of features.
    classes : sequence (k,), optional
        What each column stands for.
    method : str or PriorEstimator, default "mlls"
        A name of `shift.METHODS`, or an estimator.
    level : float in (0, 1), default 0.95
        Of the intervals of the priors.
    kind : {"auto", "bootstrap", "analytic"}, default "auto"
        Of the same intervals.
    checks : bool, default False
        Whether to estimate by the other methods too (`shift.compare`), to see whether they agree.
    random_state : int, default 0
    show : bool, optional
        Progress; by default on terminals.

    Returns
    -------
    Adapted

    Raises
    ------
    InputError
        When columns cannot be found, rows hold no probabilities, or fewer than two classes are labelled.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probs = rng.dirichlet([1, 1], 3000)
    >>> sick = rng.random(3000) < probs[:, 1]
    >>> winter = probs[1000:][sick[1000:] | (rng.random(2000) < 0.2)]  # five times fewer healthy ones
    >>> found = adapt(probs[:1000], winter, label=np.where(sick[:1000], "sick", "healthy"))
    >>> found.shift.verdict
    'label'
    >>> found.priors["target"].round(1).tolist()
    [0.2, 0.8]
    """
    started = time.perf_counter()
    told = given(source, target, label, model, classes)
    return adapted(
        told, method=method, level=level, kind=kind, checks=checks, random_state=random_state, show=show,
        like=(source, target), started=started,
    )  # fmt: skip


def adapted(
    told: Given,
    *,
    method: str | PriorEstimator = "mlls",
    level: float = 0.95,
    kind: Literal["auto", "bootstrap", "analytic"] = "auto",
    checks: bool = False,
    random_state: int = 0,
    show: bool | None = None,
    like: tuple[Any, Any] = (None, None),
    started: float | None = None,
) -> Adapted:
    """Estimate and correct where probabilities and labels are already sorted out.

    Parameters
    ----------
    told : Given
    like : (source, target)
        Whose kind of frame comes back.
    started : float, optional
        `time.perf_counter` when the work began.

    Other parameters as in `adapt`.
    """
    started = time.perf_counter() if started is None else started
    estimator = named(method)
    labels = Exact.from_codes(told.codes, told.classes)
    heard: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtfulInput)  # `doubts` says which classes have no row
        estimator.fit(told.source, labels)
    with noted(heard):
        priors = estimator.interval(told.target, level=level, kind=kind, random_state=random_state, show=show)
    probs = estimator.correct(told.target)
    before, after = told.target.argmax(axis=1), probs.argmax(axis=1)
    features = told.features or (None, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtfulInput)
        shift = kind_of_shift(
            told.source, labels, told.target,
            X_source=features[0], X_target=features[1], random_state=random_state,
        )  # fmt: skip
    expected = _expected(estimator, told, priors)
    compared = None
    if checks:
        compared = compare(
            told.source, labels, told.target,
            reference=priors.priors, reach=left_open(priors), used=method if isinstance(method, str) else "",
            random_state=random_state, show=show,
        )  # fmt: skip
        used = max(estimator.n_source_ / compared.rows[0], len(told.target) / compared.rows[1])
        compared = compared._replace(reach=compared.reach * float(np.sqrt(used)))
    return Adapted(
        priors=frames.make(
            {
                "class": told.classes,
                "source": estimator.source_priors_,
                "target": priors.priors,
                "low": priors.low,
                "high": priors.high,
            },
            like=like[0],
        ),
        predictions=frames.make(
            {
                "label": told.classes[after],
                "p": probs[np.arange(len(probs)), after],
                "before": told.classes[before],
            },
            like=like[1],
        ),
        probs=probs,
        classes=told.classes,
        weights=estimator.weights_.copy(),
        accuracy=expected,
        measured=_measured(told.truth, before, after),
        shift=shift,
        checks=compared,
        estimator=estimator,
        method=method if isinstance(method, str) else type(method).__name__,
        truth=told.truth,
        warnings=(
            *told.warnings,
            *map(clause, heard),
            *doubts(estimator, told.classes, priors, shift, expected, len(probs)),
        ),
        notes=(*told.notes, *remarks(shift, (before != after).mean())),
        settings={
            "method": method if isinstance(method, str) else repr(method),
            "probabilities": told.how,
            "level": level,
            "interval": priors.kind,
            "random_state": random_state,
            "version": labelwright.__version__,
            "seconds": round(time.perf_counter() - started, 1),
        },
    )


def _measured(truth: np.ndarray | None, before: np.ndarray, after: np.ndarray) -> Measured | None:
    """Accuracy on the rows whose label is known; a class the classifier does not know is never right."""
    if truth is None:
        return None
    seen = truth >= 0
    n, found = int(seen.sum()), []
    for said in (before, after):
        right = said[seen] == truth[seen]
        found.append([float(right.mean()), *(float(end) for end in wilson(right.sum(), n))])
    (was, was_low, was_high), (now, now_low, now_high) = found
    return Measured(was, was_low, was_high, now, now_low, now_high, n)


def _expected(estimator: PriorEstimator, told: Given, priors: PriorInterval) -> Expected:
    """Accuracy before and after: the shares of source rows of each class that are right, mixed by the new priors.

    Chance in those shares and in the priors is counted (of the latter by moments, for any estimator).
    """
    known = told.codes >= 0
    rows, codes = told.source[known], told.codes[known]
    said = rows.argmax(axis=1), estimator.correct(rows).argmax(axis=1)
    right = [(one == codes).astype(float) for one in said]
    k = len(told.classes)
    counts = np.bincount(codes, minlength=k)
    spread = estimator._linear(estimator._target(told.target))
    if spread is None and (counts > 0).all():
        whole = AdjustedCount().fit(rows, codes, range(k))
        whole.estimate(told.target)
        spread = whole._linear(whole._target(told.target))
    present = estimator._present
    error = np.zeros((k, k))
    if spread is not None:
        error[np.ix_(present, present)] = spread.covariance
    q = priors.priors

    def mixed(values: np.ndarray) -> tuple[float, float]:
        means = np.bincount(codes, values, minlength=k) / np.maximum(counts, 1)
        squares = np.bincount(codes, values**2, minlength=k) / np.maximum(counts, 1)
        variance = np.maximum(squares - means**2, 0) * (q**2 / np.maximum(counts, 1))
        return float(q @ means), float(np.sqrt(variance.sum() + max(means @ error @ means, 0)))

    found: list[float] = []
    for values, least in ((right[0], 0.0), (right[1], 0.0), (right[1] - right[0], -1.0)):
        value, deviation = mixed(values)
        found += [value, max(value - Z95 * deviation, least), min(value + Z95 * deviation, 1.0)]
    return Expected(*found)
