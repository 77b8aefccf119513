"""One map from several labellers' maps of a site, and where it is likely wrong (Estes et al., 2024)."""

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.spatial.scores import as_floats
from labelwright.errors import InputError
from labelwright.evidence import Votes

RISKY = 0.34
LEAST = 3
NO_CODE = 255  # what rasters often hold where there is nothing, or for yes
EVEN = 1e-9  # probabilities nearer than this are equal: the order of labellers must not decide


class Consensus(NamedTuple):
    """What several labellers together say of every pixel.

    Attributes
    ----------
    probs : ndarray (height, width, k)
        P(class); where nobody looked flat, or the prior. For two classes ``probs[..., 1]`` is the paper's C.
    labels : ndarray (height, width) of int
        The most probable class, of equal ones the later; -1 where nobody looked.
    risk : ndarray (height, width)
        Probability that `labels` is wrong, at most ``1 - 1 / k``; NaN where too few labellers looked.
    """

    probs: np.ndarray
    labels: np.ndarray
    risk: np.ndarray


class SiteSummary(NamedTuple):
    """Risk of a site in two numbers: its mean, and the share of pixels above a threshold."""

    mean_risk: float
    share_risky: float


def consensus(
    masks: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    n_classes: int | None = None,
    min_labellers: int = LEAST,
) -> Consensus:
    """Combine the maps of several labellers, the skilled counting more, and say where the result is doubtful.

    ``C(class) = sum of the weights of those who said it / sum of the weights of all who said something``. With equal
    weights that is the share of votes, and the labels are those of the majority.

    Parameters
    ----------
    masks : array (a, height, width) of int or bool
        One raster of class codes from each labeller, -1 where one did not look.
    weights : array (a,) or (a, k), optional
        At least 0; how much the word of each labeller counts, for each class if there are k columns. See
        `LabellerRegistry.weights`. By default equal ones. Who says what has weight 0 has not looked.
    n_classes : int, optional
        At least 2; by default up to the largest code, which must then be below 255.
    min_labellers : int, default 3
        Below that the risk says nothing: an error for the site, NaN for a pixel that fewer looked at.

    Returns
    -------
    Consensus

    Raises
    ------
    InputError
        When rasters do not fit each other, codes or weights are out of range, or labellers are too few.

    See Also
    --------
    posterior_consensus : the same by Bayes, which knows how each labeller errs.

    Notes
    -----
    Source: S019 (estes2024regionwide). Departs from the paper: the weights are normalised over those who looked, as its
    code does, while its formula leaves the division out; C = 0.5 is an object, as the formula says, while its code
    makes that background; any number of classes. Labellers who leave out objects more often than they invent some get
    less weight for "object" than for background: where objects are few and missed often, such weights lose to the
    majority, and `posterior_consensus` wins (claims of S019).

    Examples
    --------
    >>> found = consensus([[[1, 1, 0]], [[1, 0, 0]], [[1, 0, 0]]], weights=[0.9, 0.3, 0.3])
    >>> found.labels.tolist(), found.risk.round(2).tolist()
    ([[1, 1, 0]], [[0.0, 0.4, 0.0]])
    """
    votes = pixel_votes(masks, n_classes=n_classes)
    behind = _behind(votes, _source_weights(weights, len(votes.sources), votes.n_classes) > 0)
    return _consensus(
        weighted_vote(votes, weights), behind.sum(axis=1), np.shape(masks), votes.n_classes, min_labellers
    )


def posterior_consensus(
    masks: ArrayLike,
    confusion: ArrayLike,
    prior: ArrayLike | None = None,
    *,
    min_labellers: int = LEAST,
) -> Consensus:
    """Combine maps by Bayes from how each labeller errs: who misses objects is believed when naming one.

    ``P(class) ∝ prior[class] * product over labellers of confusion[labeller, class, said]``, the posterior of
    `Votes` with pixels as items and labellers as sources.

    Parameters
    ----------
    masks : array (a, height, width) of int or bool
        As for `consensus`.
    confusion : array (a, k, k)
        ``[labeller, true, said]``, rows summing to 1; see `LabellerRegistry.confusion`.
    prior : array (k,), optional
        Share of each class before looking, such as `LabellerRegistry.prior`; by default equal.
    min_labellers : int, default 3

    Returns
    -------
    Consensus
        Its risk is too small where labellers err together, as they do at hard edges; its order still helps.

    Notes
    -----
    Without control sites the confusions can be learned from the votes: ``em(pixel_votes(masks), everyone, flat(n, k))``
    in which everyone gets the mean of the targets is STAPLE, which is Dawid and Skene's algorithm on pixels.

    Examples
    --------
    >>> careful, blind = [[0.9, 0.1], [0.1, 0.9]], [[1.0, 0.0], [0.9, 0.1]]  # the blind miss most, and invent nothing
    >>> found = posterior_consensus([[[1, 0]], [[0, 0]], [[0, 1]]], [careful, blind, blind])
    >>> found.labels.tolist()
    [[1, 1]]
    """
    table = as_floats(confusion, "confusion")
    if table.ndim != 3:
        raise InputError(f"confusion has shape {table.shape}, expected (labellers, true, said)")
    k = table.shape[-1]
    votes = pixel_votes(masks, n_classes=k, confusion=table)
    probs = votes.posterior(np.tile(_prior(prior, k), (len(votes), 1)))
    return _consensus(probs, votes.counts.sum(axis=1), np.shape(masks), k, min_labellers)


def pixel_votes(
    masks: ArrayLike,
    *,
    n_classes: int | None = None,
    sources: Sequence[Hashable] | None = None,
    confusion: float | ArrayLike = 0.3,
) -> Votes:
    """Rasters of several labellers as `Votes`: pixels, row by row, are the items.

    Parameters
    ----------
    masks : array (a, height, width) of int or bool
    n_classes : int, optional
        As for `consensus`.
    sources : sequence (a,), optional
        Names of the labellers.
    confusion : float or array (a, k, k), default 0.3
        As for `Votes`.

    Examples
    --------
    >>> pixel_votes([[[0, 1]], [[-1, 1]]]).wide().tolist()
    [[0, -1], [1, 1]]
    """
    table = _stack(masks)
    most = int(table.max(initial=0))
    if n_classes is None and most >= NO_CODE:
        raise InputError(
            f"masks hold code {most}; if that means yes pass masks > 0, if not looked at make it -1, and "
            "if it is a class say so by n_classes"
        )
    k = max(2, most + 1) if n_classes is None else n_classes
    if not isinstance(k, int | np.integer) or k < 2:
        raise InputError(f"n_classes={k!r} must be a whole number of at least 2")
    if most >= k:
        raise InputError(f"masks hold code {most}, but there are {k} classes, with codes from 0")
    names = None if sources is None else list(sources)
    if names is not None and len(names) != len(table):
        raise InputError(f"sources name {len(names)} labellers, but there are {len(table)} masks")
    return Votes(table.reshape(len(table), -1).T, range(k), names, confusion=confusion)


def weighted_vote(votes: Votes, weights: ArrayLike | None = None) -> np.ndarray:
    """Share of the weights behind each class: (n, k); flat rows for items about which nobody of weight spoke.

    Parameters
    ----------
    votes : Votes
        Of any items, not only pixels; a source speaks once about each.
    weights : array (a,) or (a, k), optional
        At least 0; by default equal ones.

    Examples
    --------
    >>> weighted_vote(Votes([[0, 1], [-1, 1]]), [3, 1]).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    total = _behind(votes, _source_weights(weights, len(votes.sources), votes.n_classes))
    heard = total.sum(axis=1, keepdims=True)
    return np.where(heard > 0, total / np.where(heard > 0, heard, 1), 1 / votes.n_classes)


def bayes_risk(probs: ArrayLike) -> np.ndarray:
    """Probability that the best guess is wrong: ``min(C, 1 - C)`` of a raster C, or 1 - the largest of k classes.

    Parameters
    ----------
    probs : array (height, width), the probability of one of two classes, or (height, width, k)

    Examples
    --------
    >>> bayes_risk([[0.1, 0.5]]).tolist(), bayes_risk([[[0.2, 0.5, 0.3]]]).tolist()
    ([[0.1, 0.5]], [[0.5]])
    """
    table = as_floats(probs, "probs")
    if table.ndim not in (2, 3):
        raise InputError(f"probs have shape {table.shape}, expected (height, width) or (height, width, k)")
    if table.size and not (table.min() >= 0 and table.max() <= 1):
        raise InputError("probs must be numbers in [0, 1] without NaN")
    if table.ndim == 3 and np.abs(table.sum(axis=-1) - 1).max(initial=0) > 1e-6:
        raise InputError(
            "probs of the classes of a pixel must sum to 1; for one raster of P(object) pass probs[..., 1]"
        )
    return np.minimum(table, 1 - table) if table.ndim == 2 else 1 - table.max(axis=-1)


def site_summary(risk: ArrayLike, *, threshold: float = RISKY) -> SiteSummary:
    """Mean risk of a site, and the share of its pixels that are riskier than `threshold`; NaN pixels do not count.

    Examples
    --------
    >>> site_summary([[0.0, 0.4], [0.5, np.nan]])
    SiteSummary(mean_risk=0.3, share_risky=0.6666666666666666)
    """
    known = as_floats(risk, "risk")
    known = known[~np.isnan(known)]
    if not known.size:
        raise InputError("risk is NaN everywhere; too few labellers looked at any pixel of the site")
    if not 0 <= threshold < 1:
        raise InputError(f"threshold={threshold!r} must lie in [0, 1)")
    return SiteSummary(float(known.mean()), float((known > threshold).mean()))


def chips(shape: tuple[int, int], size: int = 224) -> Iterator[tuple[slice, slice]]:
    """Cut a raster into squares of `size` pixels, row by row; those at the far rims may be smaller.

    Examples
    --------
    >>> [(rows.stop, columns.stop) for rows, columns in chips((3, 5), 3)]
    [(3, 3), (3, 5)]
    """
    if not isinstance(size, int | np.integer) or size < 1:
        raise InputError(f"size={size!r} must be a whole number of at least 1 pixel")
    if np.shape(shape) != (2,):
        raise InputError(f"shape={shape!r} must be (height, width)")
    for top in range(0, shape[0], size):
        for left in range(0, shape[1], size):
            yield slice(top, min(top + size, shape[0])), slice(left, min(left + size, shape[1]))


def _consensus(
    probs: np.ndarray, looked: np.ndarray, shape: tuple[int, ...], k: int, min_labellers: int
) -> Consensus:
    """Labels and risk of the pixels, (n, k), of which so many labellers looked at each: (n,)."""
    a, height, width = shape
    if a < min_labellers:
        raise InputError(
            f"masks come from {a} labellers, but the risk needs {min_labellers}; min_labellers={a} takes it as it is"
        )
    most = probs.max(axis=1)
    # Of equal ones the later, as C >= 0.5 is an object in the paper.
    last = k - 1 - (probs >= most[:, None] - EVEN)[:, ::-1].argmax(axis=1)
    return Consensus(
        probs.reshape(height, width, k),
        np.where(looked > 0, last, -1).reshape(height, width),
        np.where(looked >= max(min_labellers, 1), 1 - most, np.nan).reshape(height, width),
    )


def _behind(votes: Votes, weights: np.ndarray) -> np.ndarray:
    """Sum of the weights (a, k) behind each class: (n, k)."""
    n, k = len(votes), votes.n_classes
    return np.bincount(votes.item * k + votes.said, weights[votes.source, votes.said], n * k).reshape(n, k)


def _stack(masks: ArrayLike) -> np.ndarray:
    try:
        table = np.asarray(masks)
    except ValueError:
        raise InputError(
            f"masks have different shapes{_shapes(masks)}; draw all labellers' maps on one raster of the site"
        ) from None
    if table.ndim != 3 or not table.size:
        raise InputError(f"masks have shape {table.shape}, expected (labellers, height, width)")
    if table.dtype.kind not in "iub":
        raise InputError(
            f"masks have dtype {table.dtype}, expected class codes: bool or whole numbers, -1 where one did not look"
        )
    if table.min() < -1 or table.max() > np.iinfo(np.int32).max:
        found = table.min() if table.min() < -1 else table.max()
        raise InputError(f"masks hold {found}; class codes start at 0, and -1 is not looked at")
    return table.astype(np.int32)


def _shapes(masks: ArrayLike) -> str:
    try:
        return f", {[np.shape(m) for m in masks]}"  # type: ignore[union-attr]
    except ValueError:  # rows of one raster differ in length
        return ""


def _source_weights(weights: ArrayLike | None, a: int, k: int) -> np.ndarray:
    table = np.ones((a, k)) if weights is None else as_floats(weights, "weights")
    if table.shape == (a,):
        table = np.tile(table[:, None], (1, k))
    if table.shape != (a, k):
        raise InputError(
            f"weights have shape {table.shape}, expected ({a},) or ({a}, {k}): one row a labeller"
        )
    if not np.isfinite(table).all() or table.min() < 0 or not table.any():
        raise InputError("weights must be finite, at least 0, and not all 0")
    return table / table.max()  # sums of the largest floats would overflow


def _prior(prior: ArrayLike | None, k: int) -> np.ndarray:
    share = np.full(k, 1 / k) if prior is None else as_floats(prior, "prior")
    if share.shape != (k,) or not (share >= 0).all() or abs(share.sum() - 1) > 1e-6:
        raise InputError(f"prior={share.tolist()} must be {k} shares of at least 0 that sum to 1")
    return share
