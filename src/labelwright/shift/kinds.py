"""Has anything changed, is it the balance of the classes, and is that all?"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.classes import encode
from labelwright.shift.adjusted_count import AdjustedCount
from labelwright.shift.base import checked, codes_of
from labelwright.shift.moments import class_means

MOST_ROWS = 5000  # of either side; more are sampled
WAVES = 128  # random waves for each of three widths
WIDTHS = (0.5, 1.0, 2.0)  # times the median distance
CELLS = 4_000_000
MOST_CLASSES = WAVES * len(
    WIDTHS
)  # mixtures of more than half as many classes as there are coordinates fit anything

Verdict = Literal["none", "label", "covariate", "both", "unclear"]
SAYS = {
    "none": "no change is seen",
    "label": "the balance of the classes changed, and that alone explains what is seen",
    "covariate": "the items within the classes changed; a change of the balance of the classes is not seen",
    "both": "the items within the classes changed, and by all appearance the balance of the classes did too",
    "unclear": "something changed, but there are too few rows to tell what",
}
LIMIT = (
    "without labels of new rows, a change of the items that happens to look like another balance cannot be told "
    "from one"
)
LEANS = (
    "the estimate of the balance assumes that items within classes are as they were, which is not so here; label "
    "some new rows"
)


class ShiftKind(NamedTuple):
    """What the tests say. The chance to see any change where there is none is at most the level.

    Attributes
    ----------
    verdict : {"none", "label", "covariate", "both", "unclear"}
        See `says`.
    any_change : float
        p-value of "old and new rows are from one distribution", by permutation.
    priors : float
        p-value of "the balance of the classes is the same".
    within : float
        p-value of "items within each class are as they were", so that another balance is all that changed.
    level : float
    says : str
    limits : tuple of str
        What these tests cannot tell.
    """

    verdict: Verdict
    any_change: float
    priors: float
    within: float
    level: float
    says: str
    limits: tuple[str, ...]


def kind_of_shift(
    proba_source: ArrayLike,
    y_source: Any,
    proba_target: ArrayLike,
    *,
    X_source: ArrayLike | None = None,
    X_target: ArrayLike | None = None,
    y_target: Any = None,
    classes: Sequence[Any] | np.ndarray | None = None,
    level: float = 0.05,
    n_draws: int = 500,
    random_state: int | None = 0,
) -> ShiftKind:
    """Test whether the classes have another balance (label shift), the items are others (covariate shift), or both.

    Three tests, each at a third of the level. *Any change*: the maximum mean discrepancy between old and new rows, by
    permutation, which is exact. *Priors*: a Wald test of the estimated balance against that of the source. *Within*: if
    only the balance changed, the mean embedding of the new rows is a mixture of those of the classes; what is left
    after the best mixture is compared with its distribution by a multiplier bootstrap. With labels of new rows the
    last two are answered by them: the balances are compared, and the rows of each class, by permutation.

    Parameters
    ----------
    proba_source, proba_target : arrays (n, k), (m, k)
        Probabilities from a classifier that saw neither.
    y_source : array (n,)
    X_source, X_target : arrays (n, d), (m, d), optional
        Features. Without them a change is only seen in what the classifier says, and one that it does not react to
        is not seen at all.
    y_target : array (m,), optional
        Labels of some new rows, missing elsewhere (None or NaN); those that are labelled must be a random sample.
    classes : sequence (k,), optional
    level : float in (0, 1), default 0.05
    n_draws : int, default 500
    random_state : int or None, default 0

    Returns
    -------
    ShiftKind

    Raises
    ------
    InputError
        When shapes do not fit, or an option is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> probs = rng.dirichlet([1, 1], 3000)
    >>> labels = (rng.random(3000) < probs[:, 1]).astype(int)
    >>> kind_of_shift(probs[:1000], labels[:1000], probs[1000:2000]).verdict
    'none'
    >>> fewer = probs[2000:][(labels[2000:] == 1) | (rng.random(1000) < 0.3)]
    >>> kind_of_shift(probs[:1000], labels[:1000], fewer).verdict
    'label'
    """
    if not 0 < level < 1 or not n_draws >= 20:
        raise InputError(f"level={level!r} must lie between 0 and 1 and n_draws={n_draws!r} be at least 20")
    rng = np.random.default_rng(random_state)
    estimator = AdjustedCount().fit(proba_source, y_source, classes)
    old, codes = estimator._source
    new = checked(estimator._target(proba_target), "proba_target")
    here, there, kept, seen = _embedded(
        _space(old, X_source, _known(y_source, np.shape(proba_source), classes)),
        _space(new, X_target, None),
        codes,
        rng,
    )
    signs = _any_change(here, there, n_draws, rng)
    told = _told(y_target, estimator, len(new))
    if told is None or not (told >= 0).any():
        many = len(estimator._present) > MOST_CLASSES
        priors = _wald(estimator, proba_target)
        within = 1.0 if many else _within(here, kept, there, n_draws, rng)
        limits = [LIMIT]
        if many:
            limits.append(
                f"with more than {MOST_CLASSES} classes a change of the items within them is not looked for"
            )
    else:
        labelled = told[seen]
        priors = _counts(codes, told[told >= 0], len(estimator._present), n_draws, rng)
        within = _by_class(here, kept, there[labelled >= 0], labelled[labelled >= 0], n_draws, rng)
        limits = [f"priors and within rest on the {int((told >= 0).sum())} labels of new rows"]
    if X_source is None:
        limits.append(
            "changes that the classifier's probabilities do not show are not seen; give features too"
        )
    verdict = _verdict(signs, priors, within, level / 3)
    if verdict in ("covariate", "both") and told is None:
        limits[0] = LEANS
    return ShiftKind(verdict, signs, priors, within, level, SAYS[verdict], tuple(limits))


def _verdict(any_change: float, priors: float, within: float, level: float) -> Verdict:
    if within < level:
        return "both" if priors < level else "covariate"
    if priors < level:
        return "label"
    return "unclear" if any_change < level else "none"


def _known(labels: Any, shape: tuple[int, ...], classes: Any) -> np.ndarray:
    return codes_of(labels, shape, classes)[0] >= 0


def _space(probs: np.ndarray, X: ArrayLike | None, known: np.ndarray | None) -> np.ndarray:
    """Where rows are compared: the roots of the probabilities (Hellinger), beside the features if there are any."""
    roots = np.sqrt(np.asarray(probs, dtype=np.float64))
    if X is None:
        return roots
    features = np.asarray(X, dtype=np.float64)
    if known is not None and len(features) == len(known):
        features = features[known]
    if features.ndim != 2 or len(features) != len(roots) or not np.isfinite(features).all():
        raise InputError(
            f"features have shape {features.shape} for {len(roots)} rows; give finite numbers (n, d), one row each"
        )
    return np.hstack([roots, features])


def _embedded(
    old: np.ndarray, new: np.ndarray, codes: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Random waves of either side (their mean embeddings), the codes of the old rows kept, and the new rows kept."""
    if old.shape[1] != new.shape[1]:
        raise InputError(
            f"X_source and X_target differ in columns ({old.shape[1]} and {new.shape[1]} with the probabilities); give "
            "both or none"
        )
    kept = _some(len(old), rng)
    kept = np.union1d(kept, np.unique(codes, return_index=True)[1])  # every class
    seen = _some(len(new), rng)
    old, new = old[kept], new[seen]
    both = np.vstack([old, new])
    spread = both.std(axis=0)
    if old.shape[1] > 1:
        both = (both - both.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    pairs = rng.integers(len(both), size=(2, 2000))
    distances = np.linalg.norm(both[pairs[0]] - both[pairs[1]], axis=1)
    width = float(np.median(distances[distances > 0])) if (distances > 0).any() else 1.0
    waves = rng.normal(size=(both.shape[1], WAVES * len(WIDTHS)))
    waves /= np.repeat(np.array(WIDTHS) * width, WAVES)
    angles = both @ waves
    table = np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(WAVES * len(WIDTHS))
    return table[: len(old)], table[len(old) :], codes[kept], seen


def _some(n: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(n) if n <= MOST_ROWS else np.sort(rng.choice(n, MOST_ROWS, replace=False))


def _any_change(here: np.ndarray, there: np.ndarray, draws: int, rng: np.random.Generator) -> float:
    """Permutation p-value of the squared distance between the mean embeddings."""
    both = np.vstack([here, there])
    centred = both - both.mean(axis=0)
    n, m = len(here), len(there)
    weights = np.append(np.full(n, 1 / n), np.full(m, -1 / m))
    seen = float(((weights @ centred) ** 2).sum())
    null = np.concatenate(
        [
            ((np.stack([rng.permutation(weights) for _ in range(block)]) @ centred) ** 2).sum(axis=1)
            for block in _blocks(draws, n + m)
        ]
    )
    return float((1 + (null >= seen - 1e-15).sum()) / (1 + draws))


def _within(
    here: np.ndarray, codes: np.ndarray, there: np.ndarray, draws: int, rng: np.random.Generator
) -> float:
    """p-value of what the best mixture of the classes' mean embeddings leaves over."""
    k = codes.max() + 1
    counts = np.bincount(codes, minlength=k)
    means, wanted = class_means(here, codes, k), there.mean(axis=0)
    steps = means[:, :-1] - means[:, -1:]
    basis, sizes, _ = np.linalg.svd(steps, full_matrices=False)
    basis = basis[:, sizes > 1e-8 * max(sizes[0], 1e-300)]

    def left(vectors: np.ndarray) -> np.ndarray:
        return vectors - vectors @ basis @ basis.T

    priors = np.linalg.lstsq(np.vstack([means, np.full((1, k), 1e3)]), np.append(wanted, 1e3), rcond=None)[0]
    priors = np.maximum(priors, 0) / np.maximum(priors, 0).sum()
    seen = float((left(wanted - means[:, -1]) ** 2).sum())
    spare = np.sqrt(counts / np.maximum(counts - 1, 1))
    noise_here = left(here - means.T[codes]) * (priors * spare / counts)[codes][:, None]
    noise_there = left(there - wanted) / np.sqrt(max(len(there) - 1, 1) * len(there))
    noise = np.vstack([noise_here, noise_there])
    null = np.concatenate(
        [
            ((rng.normal(size=(block, len(noise))) @ noise) ** 2).sum(axis=1)
            for block in _blocks(draws, len(noise))
        ]
    )
    return float((1 + (null >= seen).sum()) / (1 + draws))


def _wald(estimator: AdjustedCount, proba_target: ArrayLike) -> float:
    """p-value of "the balance is that of the source", from the estimate without bounds."""
    from scipy.stats import chi2

    estimator.estimate(proba_target)
    found = estimator._linear(estimator._target(proba_target))
    priors = estimator.source_priors_[estimator._present]
    error = found.covariance + (np.diag(priors) - np.outer(priors, priors)) / estimator.n_source_
    off = (found.centre - priors)[:-1]  # the last follows
    return float(chi2.sf(off @ np.linalg.pinv(error[:-1, :-1], rcond=1e-12) @ off, len(off)))


def _told(labels: Any, estimator: AdjustedCount, m: int) -> np.ndarray | None:
    """Column of each new row's label among the classes the source has, -1 where missing."""
    if labels is None:
        return None
    codes, _ = encode(labels, estimator.classes_)
    if len(codes) != m:
        raise InputError(f"proba_target has {m} rows and y_target {len(codes)} labels; they must match")
    place = np.full(len(estimator.classes_) + 1, -1)
    place[estimator._present] = np.arange(len(estimator._present))
    return place[codes]


def _counts(old: np.ndarray, new: np.ndarray, k: int, draws: int, rng: np.random.Generator) -> float:
    """Permutation p-value of the chi-squared statistic of two rows of counts."""
    both = np.append(old, new)
    shares = np.bincount(both, minlength=k) / len(both)

    def off(some: np.ndarray) -> float:
        wanted = shares * len(new)
        return float(((np.bincount(some, minlength=k) - wanted) ** 2 / np.maximum(wanted, 1e-300)).sum())

    seen = off(new)
    null = np.array([off(rng.permutation(both)[: len(new)]) for _ in range(draws)])
    return float((1 + (null >= seen - 1e-12).sum()) / (1 + draws))


def _by_class(
    here: np.ndarray,
    codes: np.ndarray,
    there: np.ndarray,
    told: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """Permutation p-value of the distances between the mean embeddings of each class, by labelled rows."""
    seen, null = 0.0, np.zeros(draws)
    for c in np.intersect1d(codes, told):
        old, new = here[codes == c], there[told == c]
        both = np.vstack([old, new])
        both = both - both.mean(axis=0)
        weights = np.append(np.full(len(old), 1 / len(old)), np.full(len(new), -1 / len(new)))
        size = len(new) * len(old) / len(both)
        seen += size * float(((weights @ both) ** 2).sum())
        at = 0
        for block in _blocks(draws, len(both)):
            drawn = np.stack([rng.permutation(weights) for _ in range(block)])
            null[at : at + block] += size * ((drawn @ both) ** 2).sum(axis=1)
            at += block
    return float((1 + (null >= seen - 1e-12).sum()) / (1 + draws))


def _blocks(draws: int, n: int) -> list[int]:
    """Draws in blocks that fit the memory."""
    most = max(1, CELLS // n)
    return [min(most, draws - at) for at in range(0, draws, most)]
