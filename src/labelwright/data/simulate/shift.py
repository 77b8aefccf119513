"""Rows of a table, drawn again so that the classes have another balance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.data.simulate.checks import Labels, coded, whole
from labelwright.data.simulate.draws import shared_out
from labelwright.errors import InputError


class Shifted(NamedTuple):
    """Rows of a resample, and the balance before and after.

    Attributes
    ----------
    rows : int array (m,)
        Positions in the table, in random order.
    truth : int array (m,)
        Position of each row's class in `classes`.
    classes : array (k,)
    source : float array (k,)
        Class shares of the whole table.
    wanted : float array (k,)
        The balance that was asked for or drawn.
    realised : float array (k,)
        The balance of the rows: within 1/m of the wanted one.
    """

    rows: np.ndarray
    truth: np.ndarray
    classes: np.ndarray
    source: np.ndarray
    wanted: np.ndarray
    realised: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """How much more often each class occurs among the rows than in the table: (k,), NaN where it never did."""
        with np.errstate(invalid="ignore"):
            return self.realised / np.where(self.source > 0, self.source, np.nan)


def label_shift(
    labels: Labels,
    rng: np.random.Generator,
    *,
    prior: ArrayLike | None = None,
    dirichlet: ArrayLike | None = None,
    long_tail: float | None = None,
    n: int | None = None,
    replace: bool = False,
    n_classes: int | None = None,
) -> Shifted:
    """Draw rows so that the classes have another balance, and nothing else changes.

    Give one of `prior`, `dirichlet` and `long_tail`. The counts are the whole numbers nearest to
    ``n * wanted``; within a class every row is equally likely.

    Known exactly: the balance before and after, and so the importance weight of every class.

    Keeps: P(item | class) is that of the table.

    Breaks: that training and test rows have one balance.

    Source: tian2023elsa, among others, measures under Dirichlet shifts.

    Parameters
    ----------
    labels : array-like (n,) or Exact
        Clean labels, of any sortable type; whole numbers below `n_classes` where that is given.
    rng : numpy.random.Generator
    prior : array-like (k,), optional
        Wanted class shares in the order of the classes; they sum to 1.
    dirichlet : float or array-like (k,), optional
        Draw the wanted shares from a Dirichlet distribution over the classes that occur; 1 makes all balances
        equally likely, less makes them extreme.
    long_tail : float > 0, optional
        Shares fall geometrically from the first class to the last, which is this many times rarer; below 1 they rise.
    n : int, optional
        Rows to draw. By default as many as the table has; without replacement as many as it allows.
    replace : bool, default False
        Whether a row may be drawn twice.
    n_classes : int, optional
        Number of classes, where not every class occurs.

    Raises
    ------
    InputError
        When a wanted class does not occur, or has too few rows for `n`.

    Examples
    --------
    >>> shifted = label_shift(["a"] * 50 + ["b"] * 50, np.random.default_rng(0), prior=[0.2, 0.8])
    >>> len(shifted.rows), shifted.realised.round(2).tolist(), shifted.weights.round(2).tolist()
    (62, [0.19, 0.81], [0.39, 1.61])
    """
    codes, classes, _ = coded(labels, n_classes)
    k = len(classes)
    there = np.bincount(codes, minlength=k)
    wanted = _wanted(there, prior, dirichlet, long_tail, rng)
    absent = np.flatnonzero((wanted > 0) & (there == 0))
    if len(absent):
        raise InputError(
            f"class {classes.tolist()[absent[0]]!r} does not occur in the labels, so no row can be drawn"
        )
    with np.errstate(over="ignore"):
        most = int(np.floor((there[wanted > 0] / wanted[wanted > 0]).min() + 1e-9))
    size = (len(codes) if replace else most) if n is None else whole(n, "n", 1)
    counts = shared_out(size, wanted)
    short = np.flatnonzero(counts > there)
    if len(short) and not replace:
        raise InputError(
            f"n={size} needs {counts[short[0]]} rows of class {classes.tolist()[short[0]]!r}, but there are "
            f"{there[short[0]]}; take n={most} at most, or replace=True"
        )
    drawn = [
        rng.choice(np.flatnonzero(codes == c), counts[c], replace=replace) for c in np.flatnonzero(counts)
    ]
    rows = rng.permutation(np.concatenate(drawn))
    return Shifted(rows, codes[rows], classes, there / len(codes), wanted, counts / size)


def _wanted(
    there: np.ndarray,
    prior: ArrayLike | None,
    dirichlet: ArrayLike | None,
    long_tail: float | None,
    rng: np.random.Generator,
) -> np.ndarray:
    k = len(there)
    if sum(option is not None for option in (prior, dirichlet, long_tail)) != 1:
        raise InputError("give exactly one of prior, dirichlet and long_tail: the balance that is wanted")
    if prior is not None:
        shares = np.asarray(prior, float)
        if shares.shape != (k,) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-6:
            raise InputError(f"prior must hold {k} shares, one for each class, that sum to 1; it is {prior}")
        return shares / shares.sum()
    if dirichlet is not None:
        alpha = np.asarray(dirichlet, float)
        if alpha.shape not in ((), (k,)) or not ((alpha > 0) & (alpha < np.inf)).all():
            raise InputError(f"dirichlet must be a positive number, or {k} of them; it is {dirichlet}")
        here = there > 0
        shares = np.zeros(k)
        shares[here] = rng.dirichlet(np.broadcast_to(alpha, k)[here])
        return shares
    assert long_tail is not None
    if not 0 < long_tail < np.inf:
        raise InputError(
            f"long_tail={long_tail} must be a positive number: how often the first class occurs per last one"
        )
    shares = np.asarray(long_tail ** -np.linspace(0, 1, k), float)
    return shares / shares.sum()
