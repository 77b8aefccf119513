"""How well a labeller drew what an expert drew: extent, number, edges and classes of objects (Estes et al., 2024)."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError

EDGE_TOLERANCE = 2


class Weights(NamedTuple):
    """Share of each part in the score of a drawing; they sum to 1.

    Attributes
    ----------
    area, number, edge, categorical : float
        The defaults are the published ones.
    """

    area: float = 0.55
    number: float = 0.225
    edge: float = 0.1
    categorical: float = 0.125


class QScore(NamedTuple):
    """Agreement of a drawing with a reference: each number from 0 to 1, 1 for the same drawing.

    Attributes
    ----------
    total : float
        Weighted mean of the other four.
    area, number, edge, categorical : float
        See `area_score`, `number_score`, `edge_score`, `categorical_score`.
    """

    total: float
    area: float
    number: float
    edge: float
    categorical: float


def qscore(
    label: ArrayLike,
    reference: ArrayLike,
    *,
    weights: Sequence[float] = Weights(),
    edge_tol: float = EDGE_TOLERANCE,
    label_classes: Mapping[int, Hashable] | None = None,
    reference_classes: Mapping[int, Hashable] | None = None,
) -> QScore:
    """Score a labeller's drawing of a control site against the expert's: extent, number, edges and classes.

    ``total = 0.55 area + 0.225 number + 0.1 edge + 0.125 categorical`` with the published weights. A threshold on it
    says whether work is accepted, and its mean over control sites weighs the labeller (`LabellerRegistry`).

    Parameters
    ----------
    label, reference : array (height, width)
        Either bool, whose connected regions (by edges) are the objects, or whole numbers: 0 for background, and the
        pixels of one object share one number above 0.
    weights : four floats, default Weights()
        Of area, number, edge and categorical; at least 0, with sum 1.
    edge_tol : float, default 2
        Pixels that an edge may be off.
    label_classes, reference_classes : mapping of object number to class name, optional
        Where objects are of several classes; both or neither.

    Returns
    -------
    QScore

    Raises
    ------
    InputError
        When shapes differ, numbers of objects are not whole, or weights do not sum to 1.

    Notes
    -----
    Source: S019 (estes2024regionwide); the formulas of its platform are in its code (agroimpacts/labeller). Departs
    from it: `number` compares counts, as the paper says, where the code takes the share of the reference's objects that
    one drawn object matches by more than half both ways; `edge` is the mean of boundary precision and recall, where the
    code divides the area of a thin band along the drawn edge by that of a wide one along the reference's, which is near
    0 even for the same drawing.

    Examples
    --------
    >>> drawn = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]])
    >>> qscore(drawn, drawn).total
    1.0
    >>> seen = qscore(drawn, np.array([[1, 1, 0, 2], [1, 1, 0, 2], [0, 0, 0, 0]]))
    >>> round(seen.area, 3), seen.number, seen.categorical
    (0.833, 0.5, 1.0)
    """
    share = _weights(weights)
    drawn, expert = objects(label, name="label"), objects(reference, name="reference")
    same_shape(drawn, expert)
    parts = (
        area_score(drawn, expert),
        number_score(drawn, expert),
        edge_score(drawn, expert, edge_tol=edge_tol),
        categorical_score(drawn, expert, label_classes, reference_classes),
    )
    return QScore(float(np.dot(share, parts)), *parts)


def area_score(label: ArrayLike, reference: ArrayLike) -> float:
    """Share of all pixels on which both say object, or both say background.

    Mostly background on both sides makes it high whatever is drawn; do not read it alone.

    Examples
    --------
    >>> area_score([[1, 0, 0, 0]], [[0, 0, 0, 0]])
    0.75
    """
    drawn, expert = objects(label, name="label"), objects(reference, name="reference")
    same_shape(drawn, expert)
    return float(((drawn > 0) == (expert > 0)).mean())


def number_score(label: ArrayLike, reference: ArrayLike) -> float:
    """Agreement in the number of objects, ``1 - |a - b| / max(a, b)``; 1 where both drew none.

    Examples
    --------
    >>> number_score([[1, 0, 2, 0, 3]], [[1, 1, 1, 0, 0]]), number_score([[0]], [[0]])
    (0.33333333333333337, 1.0)
    """
    a, b = (len(_numbers(objects(m, name=n))) for m, n in ((label, "label"), (reference, "reference")))
    return 1.0 if a == b else 1 - abs(a - b) / max(a, b)


def edge_score(label: ArrayLike, reference: ArrayLike, *, edge_tol: float = EDGE_TOLERANCE) -> float:
    """Mean of two shares: edge pixels of the drawing near an edge of the reference, and the other way round.

    Parameters
    ----------
    label, reference : array (height, width)
        As for `qscore`.
    edge_tol : float, default 2
        How near, in pixels. The rim of the picture is no edge.

    Returns
    -------
    float
        1 where neither has an edge, 0 where only one has.

    Examples
    --------
    >>> drawn = np.zeros((9, 9), int)
    >>> drawn[2:5, 2:5] = 1
    >>> edge_score(drawn, np.roll(drawn, 1, axis=1), edge_tol=1), edge_score(drawn, 0 * drawn)
    (1.0, 0.0)
    """
    from scipy.ndimage import distance_transform_edt

    if not (np.isreal(edge_tol) and edge_tol >= 0):
        raise InputError(f"edge_tol={edge_tol!r} must be a number of pixels, at least 0")
    drawn, expert = objects(label, name="label"), objects(reference, name="reference")
    same_shape(drawn, expert)
    mine, theirs = boundaries(drawn), boundaries(expert)
    if not mine.any() or not theirs.any():
        return float(mine.any() == theirs.any())
    precision = (distance_transform_edt(~theirs)[mine] <= edge_tol).mean()
    recall = (distance_transform_edt(~mine)[theirs] <= edge_tol).mean()
    return float((precision + recall) / 2)


def categorical_score(
    label: ArrayLike,
    reference: ArrayLike,
    label_classes: Mapping[int, Hashable] | None = None,
    reference_classes: Mapping[int, Hashable] | None = None,
) -> float:
    """Share of the pixels that are object for both on which they name the same class.

    1 where neither drew anything, 0 where they have no pixel in common. Without class names all objects are of one
    class.

    Examples
    --------
    >>> categorical_score([[1, 1, 2, 0]], [[1, 1, 1, 1]], {1: "maize", 2: "rice"}, {1: "maize"})
    0.6666666666666666
    """
    drawn, expert = objects(label, name="label"), objects(reference, name="reference")
    same_shape(drawn, expert)
    if (label_classes is None) != (reference_classes is None):
        raise InputError("give both label_classes and reference_classes, or neither")
    both = (drawn > 0) & (expert > 0)
    if not both.any():
        return float(not (drawn.any() or expert.any()))
    if label_classes is None or reference_classes is None:
        return 1.0
    pairs, times = np.unique(np.stack([drawn[both], expert[both]]), axis=1, return_counts=True)
    same = [
        _name(a, label_classes, "label_classes") == _name(b, reference_classes, "reference_classes")
        for a, b in pairs.T.tolist()
    ]
    return float(times[same].sum() / times.sum())


def objects(mask: ArrayLike, *, name: str = "mask") -> np.ndarray:
    """Numbered objects (height, width): 0 is background; connected regions of a mask of bool are numbered.

    Raises
    ------
    InputError
        When `mask` is no picture of bool or whole numbers of at least 0, or empty.

    Examples
    --------
    >>> objects([[True, False, True]]).tolist()
    [[1, 0, 2]]
    """
    from scipy import ndimage

    try:
        array = np.asarray(mask)
    except ValueError:
        raise InputError(f"{name} has rows of different lengths; a raster is a rectangle") from None
    if array.ndim != 2 or not array.size:
        raise InputError(f"{name} has shape {array.shape}, expected (height, width) of at least one pixel")
    if array.dtype.kind == "b":
        return np.asarray(ndimage.label(array)[0])
    if array.dtype.kind not in "iu":
        raise InputError(
            f"{name} has dtype {array.dtype}, expected bool or whole object numbers; for a probability pass mask > 0.5"
        )
    if array.min() < 0:
        at = tuple(np.argwhere(array < 0)[0].tolist())
        raise InputError(f"{name} holds {array[at]} at {at}; object numbers start at 1, and 0 is background")
    return array


def boundaries(numbered: np.ndarray) -> np.ndarray:
    """Pixels of objects that touch, by an edge, another object or background; the rim of the picture is no edge.

    Examples
    --------
    >>> boundaries(np.array([[0, 1, 1, 1, 2]])).astype(int).tolist()
    [[0, 1, 0, 1, 1]]
    """
    edge = np.zeros(numbered.shape, dtype=bool)
    down, right = numbered[1:] != numbered[:-1], numbered[:, 1:] != numbered[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= right
    edge[:, :-1] |= right
    return edge & (numbered > 0)


def same_shape(
    label: np.ndarray, reference: np.ndarray, names: tuple[str, str] = ("label", "reference")
) -> None:
    """Say so where two rasters of one site differ in shape."""
    if label.shape != reference.shape:
        raise InputError(
            f"{names[0]} has shape {label.shape} and {names[1]} {reference.shape}; draw both on one raster of the site"
        )


def as_floats(values: ArrayLike, name: str) -> np.ndarray:
    """Numbers as an array of float64, or an error that names the argument."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be an array of numbers, got {str(values)[:40]!r}") from None


def _numbers(numbered: np.ndarray) -> np.ndarray:
    found = np.unique(numbered)
    return found[found > 0]


def _weights(weights: Sequence[float]) -> np.ndarray:
    share = as_floats(weights, "weights")
    if share.shape != (4,) or not (share >= 0).all() or abs(share.sum() - 1) > 1e-9:
        raise InputError(
            f"weights={tuple(share.tolist())} must be four numbers of at least 0 with sum 1: area, number, edge, "
            "categorical"
        )
    return share


def _name(number: int, names: Mapping[int, Any], argument: str) -> Any:
    if number not in names:
        raise InputError(f"{argument} has no class for object {number}; name every object that was drawn")
    return names[number]
