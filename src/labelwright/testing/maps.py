"""What every calibration and every metric of probabilities must keep."""

from collections.abc import Callable
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Candidates, Evidence, Exact, Marks
from labelwright.testing.parts import planted_classes, planted_marks
from labelwright.testing.promise import promise, same, unchanged


def check_calibration(
    function: Callable[..., Any],
    *,
    parametric: bool = True,
    keeps_argmax: bool = False,
    random_state: int = 0,
) -> None:
    """Check a calibration: ``(probs, told)`` gives a map of probabilities (n, k) to calibrated ones (n, k).

    Calibrated rows are probabilities; neither the order of items nor the names of classes matter; items of which
    nothing was told change nothing; what was given stays as it was; evidence that tells nothing is refused. The same
    goes for candidate sets and noisy labels.

    Parameters
    ----------
    function : callable
    parametric : bool, default True
        Whether what was told must be at least as probable under the calibrated probabilities as before.
    keeps_argmax : bool, default False
        Whether the most probable class must stay the same.

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from labelwright.parts import calibration
    >>> check_calibration(calibration.temperature, keeps_argmax=True)
    """
    rng = np.random.default_rng(random_state)
    probs, told, _ = planted_classes(rng)
    probs = probs**2 / (probs**2).sum(axis=1, keepdims=True)  # a model too sure of itself
    nothing = Exact.from_codes(np.full(len(probs), -1), told.classes)
    promise(_refuses(function, probs, nothing), function, "evidence that tells nothing raises InputError")
    allowed = rng.random(probs.shape) < 0.3
    allowed[np.arange(len(probs)), told.codes] = True
    allowed[~told.known] = True
    for evidence in (told, Candidates(allowed, told.classes), told.noisy(0.1)):
        calibrated = _one_calibration(function, probs, evidence, told.known, rng)
        if parametric:
            before, after = (evidence.log_evidence(p)[told.known].mean() for p in (probs, calibrated))
            promise(
                after >= before - 1e-6,
                function,
                "what was told is at least as probable as before",
                f"the mean log-evidence fell from {before:.4g} to {after:.4g}",
            )
        if keeps_argmax:
            same(
                calibrated.argmax(axis=1),
                probs.argmax(axis=1),
                function,
                "the most probable class stays the same",
            )


def _one_calibration(
    function: Callable[..., Any],
    probs: np.ndarray,
    evidence: Evidence,
    known: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Calibrate on `probs` and return what becomes of them."""
    with unchanged(function, probs=probs):
        fitted = function(probs, evidence)
        calibrated = np.asarray(fitted(probs))
    promise(
        calibrated.shape == probs.shape,
        function,
        f"calibrated probabilities have shape {probs.shape}",
        f"they have {calibrated.shape}",
    )
    inside = np.isfinite(calibrated).all() and calibrated.min() >= 0
    promise(inside, function, "calibrated probabilities are finite and at least 0")
    same(calibrated.sum(axis=1), np.ones(len(probs)), function, "rows of calibrated probabilities sum to 1")
    order, names = rng.permutation(len(probs)), _other_names(probs.shape[1], rng)
    for again, what in (
        (function(probs[order], evidence[order])(probs), "the order of the items does not matter"),
        (function(probs[known], evidence[known])(probs), "items of which nothing was told change nothing"),
        (fitted(probs[order])[np.argsort(order)], "calibrated probabilities follow their items"),
        (
            function(probs[:, names], _renamed(evidence, names))(probs[:, names])[:, np.argsort(names)],
            "renaming the classes renames the result",
        ),
    ):
        same(again, calibrated, function, what, atol=1e-4)
    return calibrated


def check_metric(function: Callable[..., Any], *, higher_is_better: bool, random_state: int = 0) -> None:
    """Check a metric of probabilities: ``(probs, told) -> float``, for labels, for tags, or both.

    The number is finite; neither the order of items nor the names of classes matter; items of which nothing was told
    change nothing; what was given stays as it was; evidence that tells nothing is refused; a model that is certain
    and always right scores at least as well as a random one. A metric that takes no labels, or no `Marks`,
    says so by an InputError.

    Parameters
    ----------
    function : callable
    higher_is_better : bool
        Which way is better.

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from functools import partial
    >>> from labelwright.parts import metrics
    >>> check_metric(metrics.brier, higher_is_better=False)
    >>> check_metric(partial(metrics.precision_at, k=2), higher_is_better=True)
    """
    rng = np.random.default_rng(random_state)
    takes = []
    for planted in (planted_classes(rng), planted_marks(rng)):
        try:
            function(planted.probs, planted.told)
        except InputError:
            continue
        takes.append(planted)
        _one_metric(function, planted.probs, planted.told, higher_is_better, rng)
    promise(bool(takes), function, "a metric takes labels or tags", "it refuses both")


def _one_metric(
    function: Callable[..., Any],
    probs: np.ndarray,
    told: Any,
    higher_is_better: bool,
    rng: np.random.Generator,
) -> None:
    with unchanged(function, probs=probs):
        value = function(probs, told)
    promise(
        isinstance(value, float) and np.isfinite(value),
        function,
        "a metric is a finite float",
        f"it is {value!r}",
    )
    tags = isinstance(told, Marks)
    known = told.known.any(axis=1) if tags else told.known
    order, names = rng.permutation(len(probs)), _other_names(probs.shape[1], rng)
    for again, what in (
        (function(probs[order], told[order]), "the order of the items does not matter"),
        (function(probs[:, names], _renamed(told, names)), "the order of the classes does not matter"),
        (function(probs[known], told[known]), "items of which nothing was told change nothing"),
    ):
        same(again, value, function, what)
    nothing = (
        Marks(-1 - np.zeros_like(told.marks)) if tags else Exact.from_codes(0 * told.codes - 1, told.classes)
    )
    promise(_refuses(function, probs, nothing), function, "evidence that tells nothing raises InputError")
    right = told.marks == 1 if tags else np.eye(told.n_classes)[told.codes]
    perfect = function(right.astype(float), told)
    chance = function(rng.permutation(probs), told)
    better = perfect >= chance if higher_is_better else perfect <= chance
    promise(
        better,
        function,
        "a model that is certain and right scores at least as well as one that guesses",
        f"{perfect:.4g} against {chance:.4g}, {'higher' if higher_is_better else 'lower'} being better",
    )


def _refuses(function: Callable[..., Any], probs: np.ndarray, nothing: Evidence) -> bool:
    try:
        function(probs, nothing)
    except InputError:
        return True
    return False


def _other_names(k: int, rng: np.random.Generator) -> np.ndarray:
    """A permutation of the classes that leaves none in its place."""
    around = rng.permutation(k)
    names = np.empty(k, dtype=np.intp)
    names[around] = np.roll(around, 1)
    return names


def _renamed(evidence: Any, names: np.ndarray) -> Evidence:
    """The same evidence where class `names[j]` has become class j."""
    if isinstance(evidence, Marks):
        return Marks(evidence.marks[:, names])
    if isinstance(evidence, Candidates):
        return Candidates(evidence.allowed[:, names], evidence.classes)
    if isinstance(evidence, Exact):
        return Exact.from_codes(np.append(np.argsort(names), -1)[evidence.codes], evidence.classes)
    return type(evidence)(_renamed(evidence.evidence, names), evidence.matrix[np.ix_(names, names)])
