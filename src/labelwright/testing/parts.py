"""What every score, pool and noise estimate must keep."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from labelwright.errors import InputError
from labelwright.evidence import Exact, Marks
from labelwright.testing.promise import promise, same, unchanged


class Planted(NamedTuple):
    """Probabilities, what was told, and where a wrong label was planted."""

    probs: np.ndarray
    told: Any
    wrong: np.ndarray


def planted_classes(rng: np.random.Generator, n: int = 300, k: int = 4, rate: float = 0.15) -> Planted:
    """A good but imperfect model, and labels of which some are wrong and some are missing."""
    truth = rng.integers(k, size=n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), truth] += 2.5
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.random(n) < rate
    codes = np.where(wrong, (truth + rng.integers(1, k, n)) % k, truth)
    codes[rng.random(n) < 0.1] = -1
    return Planted(probs, Exact.from_codes(codes, np.arange(k)), wrong & (codes >= 0))


def planted_marks(rng: np.random.Generator, n: int = 200, tags: int = 5, rate: float = 0.1) -> Planted:
    """The same for tags."""
    truth = rng.random((n, tags)) < 0.4
    probs = 1 / (1 + np.exp(-(np.where(truth, 2.0, -2.0) + rng.normal(size=(n, tags)))))
    wrong = rng.random((n, tags)) < rate
    marks = (truth ^ wrong).astype(np.int8)
    marks[rng.random((n, tags)) < 0.1] = -1
    return Planted(probs, Marks(marks), wrong & (marks >= 0))


def rank_quality(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Chance that a wrong label scores higher than a right one (area under the ROC curve); NaN scores left out.

    Examples
    --------
    >>> rank_quality(np.array([0.1, 0.9, 0.2, np.nan]), np.array([False, True, False, True]))
    1.0
    """
    from scipy.stats import rankdata

    known = ~np.isnan(scores)
    ranks, hit = rankdata(scores[known]), wrong[known]
    above = ranks[hit].sum() - hit.sum() * (hit.sum() + 1) / 2
    return float(above / (hit.sum() * (~hit).sum()))


def check_score(function: Callable[..., Any], *, random_state: int = 0) -> None:
    """Check a score: ``(probs, evidence) -> (n,)``, or (n, L) for tags; higher = look here first.

    Scores lie in [0, 1] and do not depend on the order of items or the names of classes. One that looks at what was
    told is NaN exactly where nothing was, and ranks planted wrong labels above chance; one that does not (such as the
    entropy) gives a number everywhere. A score that takes no `Marks` says so by an InputError.

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from labelwright.parts import scores
    >>> check_score(scores.doubt)
    """
    rng = np.random.default_rng(random_state)
    _one_score(function, planted_classes(rng), rng, tags=False)
    planted = planted_marks(rng)
    try:
        function(planted.probs, planted.told)
    except InputError:
        return
    _one_score(function, planted, rng, tags=True)


def _one_score(
    function: Callable[..., Any], planted: Planted, rng: np.random.Generator, *, tags: bool
) -> None:
    probs, told, wrong = planted
    with unchanged(function, probs=probs):
        scores = np.asarray(function(probs, told))
    kind, shape = ("tags", probs.shape) if tags else ("classes", (len(probs),))
    promise(
        scores.shape == shape, function, f"scores for {kind} have shape {shape}", f"they have {scores.shape}"
    )
    known = told.known
    other = (
        type(told)(-1 - np.zeros_like(told.marks)) if tags else Exact.from_codes(0 * told.codes, told.classes)
    )
    listens = not np.array_equal(np.asarray(function(probs, other)), scores, equal_nan=True)
    inside = (scores >= 0) & (scores <= 1)
    expected = known if listens else np.ones_like(known)
    promise(
        inside[expected].all(), function, "scores lie in [0, 1]", f"one is {scores[expected & ~inside][:1]}"
    )
    if listens:
        quality = rank_quality(scores.ravel(), wrong.ravel())
        promise(np.isnan(scores[~known]).all(), function, "scores are NaN where nothing was told")
        promise(
            quality > 0.6,
            function,
            "planted wrong labels rank above chance (higher = more doubtful)",
            f"AUC {quality:.2f}",
        )
    order = rng.permutation(len(probs))
    same(function(probs[order], told[order]), scores[order], function, "scores follow their items")
    names = rng.permutation(probs.shape[1])
    renamed: Exact | Marks
    if tags:
        renamed, table = Marks(told.marks[:, names]), scores[:, names]
    else:
        place = np.append(np.argsort(names), -1)
        renamed, table = Exact.from_codes(place[told.codes], told.classes), scores
    same(
        function(probs[:, names], renamed),
        table,
        function,
        "scores do not depend on the order of the classes",
    )


def check_pool(function: Callable[..., Any], *, random_state: int = 0) -> None:
    """Check a pool: ``(n, L) -> (n,)``, one number per item out of one per tag.

    The number lies between the smallest and the largest score of the item; unknown tags (NaN) are left out as if they
    were not there; an item without a known tag is NaN; neither the order of tags nor of items matters.

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from labelwright.parts import pools
    >>> check_pool(pools.mean)
    """
    rng = np.random.default_rng(random_state)
    table = rng.random((40, 6))
    table[rng.random(table.shape) < 0.3] = np.nan
    table[3], table[4] = np.nan, 0.25
    with unchanged(function, scores=table):
        pooled = np.asarray(function(table))
    promise(
        pooled.shape == (len(table),),
        function,
        "there is one number per item",
        f"the shape is {pooled.shape}",
    )
    empty = np.isnan(table).all(axis=1)
    promise(np.isnan(pooled[empty]).all(), function, "an item without a known tag is NaN")
    promise(not np.isnan(pooled[~empty]).any(), function, "an item with a known tag is a number")
    low, high = np.nanmin(table[~empty], axis=1), np.nanmax(table[~empty], axis=1)
    between = (pooled[~empty] >= low - 1e-12) & (pooled[~empty] <= high + 1e-12)
    promise(between.all(), function, "a pooled score lies between the item's smallest and largest")
    for row in np.flatnonzero(~empty):
        alone = table[row][~np.isnan(table[row])][None]
        same(
            function(alone)[0], pooled[row], function, f"unknown tags are left out (row {row} of the example)"
        )
    same(function(table[:, rng.permutation(6)]), pooled, function, "the order of the tags does not matter")
    order = rng.permutation(len(table))
    same(function(table[order]), pooled[order], function, "pooled scores follow their items")


def check_noise(function: Callable[..., Any], *, random_state: int = 0) -> None:
    """Check a noise estimate: ``(probs, evidence) -> (k, k)``, or (L, 2, 2) for tags.

    Entries are finite and at least 0; neither the order of items nor of classes matters; items of which nothing was
    told change nothing; where a certain model agrees with every label nothing stands off the diagonal; where it
    disagrees with some, that is where they stand. An estimate that takes no `Marks` says so by an InputError.

    Raises
    ------
    ContractError

    Examples
    --------
    >>> from labelwright.parts import noise
    >>> check_noise(noise.confident_joint)
    """
    rng = np.random.default_rng(random_state)
    probs, told, _ = planted_classes(rng)
    k = told.n_classes
    with unchanged(function, probs=probs):
        table = np.asarray(function(probs, told))
    promise(table.shape == (k, k), function, f"the table has shape {(k, k)}", f"it has {table.shape}")
    promise(np.isfinite(table).all() and table.min() >= 0, function, "entries are finite and at least 0")
    order, names = rng.permutation(len(probs)), rng.permutation(k)
    same(function(probs[order], told[order]), table, function, "the order of the items does not matter")
    codes = np.append(np.argsort(names), -1)[told.codes]
    renamed = function(probs[:, names], Exact.from_codes(codes, told.classes))
    same(renamed, table[np.ix_(names, names)], function, "the order of the classes does not matter")
    same(
        function(probs[told.known], told[told.known]), table, function, "items without a label change nothing"
    )
    right, certain = np.arange(40) % k, np.eye(k)[np.arange(40) % k]
    clean = np.asarray(function(certain, Exact.from_codes(right, told.classes)))
    promise(
        not clean[~np.eye(k, dtype=bool)].any(),
        function,
        "clean labels leave the table diagonal",
        f"it is {clean.tolist()}",
    )
    off = np.argwhere(
        np.asarray(function(certain, Exact.from_codes(np.where(np.arange(40) == 0, 1, right), told.classes)))
    )
    promise(
        [1, 0] in off.tolist() or [0, 1] in off.tolist(),
        function,
        "a label that the model contradicts shows off the diagonal",
    )
    tagged = planted_marks(rng)
    try:
        joint = np.asarray(function(tagged.probs, tagged.told))
    except InputError:
        return
    expected = (tagged.told.n_classes, 2, 2)
    promise(
        joint.shape == expected, function, f"the table for tags has shape {expected}", f"it has {joint.shape}"
    )
