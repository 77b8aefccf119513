"""A judge of masks by rules: shape, holes, pieces, contrast and edges, against what good masks look like (S096)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from labelwright.audit.critic.agreement import same
from labelwright.audit.critic.prior import Prior, check_lengths, preferred
from labelwright.errors import InputError

RIM = 3  # pixels that count as just outside a mask

DEFECTS = ("specks", "pieces", "holes")  # best at 0

# Name, and what it may differ by without meaning anything.
FEATURES = {
    "size": 0.1,  # mean log area of objects
    "evenness": 0.1,  # standard deviation of log areas
    "specks": 1e-3,  # share of objects below a tenth of the median area
    "pieces": 1e-3,  # pieces beyond one, per object
    "holes": 1e-4,  # share of the filled mask that is hole
    "roundness": 0.02,  # 4 pi area / perimeter ** 2, mean by area
    "contrast": 0.05,  # step from rim to mask, in standard deviations of the picture
    "edges": 0.05,  # gradient on the outline over that of the picture
    "separation": 0.02,  # share of the variance that inside against outside explains
    "left out": 0.05,  # how far the picture's outside reaches towards the inside
    "let in": 0.05,  # how far the inside reaches towards the outside
}


class MaskRules:
    """Judge masks by how much they look like a few good ones.

    Eleven measures of a mask on its picture (`measures`) are compared with their mean and spread over good examples
    (`Prior`); the mask that is less unusual wins. Order plays no part, so ``PairwiseCritic(rules, dual=False)`` asks
    half as often. It needs no model and no network: a stand-in where a vision-language model is too far, and a rival
    for one.

    Parameters
    ----------
    objects : bool, default False
        Whether masks number their objects (0 is background). Otherwise they hold only 0 and 1, and objects are what
        hangs together.
    margin : float, default 0
        Scores that differ by no more leave a pair open.

    Attributes
    ----------
    prior_ : Prior

    Raises
    ------
    InputError
        When masks hold other values, shapes differ, or a picture holds NaN.

    Departs from the paper: rules in place of a vision-language model, and two-dimensional pictures as they are; for
    volumes see `project`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y, x = np.mgrid[:40, :40]
    >>> discs = [((y - 20) ** 2 + (x - 20) ** 2 < r**2) for r in (8, 9, 10, 11, 12)]
    >>> pictures = [disc * 1.0 + 0.1 * rng.normal(size=disc.shape) for disc in discs]
    >>> rules = MaskRules().fit(pictures, discs)
    >>> cut = discs[2] & (x < 22)
    >>> rules.compare(pictures[2], cut, discs[2])
    2
    """

    cites = ("bassi2025critic",)

    def __init__(self, *, objects: bool = False, margin: float = 0.0):
        self.objects, self.margin = objects, margin

    def fit(self, items: Sequence[Any], masks: Sequence[Any]) -> "MaskRules":
        """Learn from pictures (h, w) or (h, w, c) with good masks (h, w), 3 or more, better 20."""
        check_lengths(items, masks)
        table = [list(self.measures(item, mask).values()) for item, mask in zip(items, masks, strict=True)]
        self.prior_ = Prior(table, list(FEATURES.values()), [name in DEFECTS for name in FEATURES])
        return self

    def compare(self, item: Any, a: Any, b: Any) -> float:
        """1 or 2 for the mask that is less unusual, 0.5 where both are as usual."""
        if np.shape(a) != np.shape(b):
            raise InputError(
                f"the masks have shapes {np.shape(a)} and {np.shape(b)}; candidates of an item must match"
            )
        return preferred(self.score(item, a), self.score(item, b), self.margin)

    def score(self, item: Any, mask: Any) -> float:
        """How usual the mask is: 0 at best."""
        return self._fitted().score(list(self.measures(item, mask).values()))

    def check(self, item: Any, mask: Any) -> int:
        """1 where the mask is as usual as all but a tenth of the good examples, else 0."""
        return int(self.score(item, mask) >= self._fitted().passing)

    def agreement(self, a: Any, b: Any) -> float:
        """Dice; below 1 unless they are equal."""
        return same(np.asarray(a), np.asarray(b))

    def measures(self, item: Any, mask: Any) -> dict[str, float]:
        """What is looked at, by name; NaN where a mask is empty or full."""
        image, covered, objects, count = self._seen(item, mask)
        if not covered.any() or covered.all():
            return dict.fromkeys(FEATURES, np.nan)
        return {**_shapes(covered, objects, count, self.objects), **_looks(image, covered)}

    def _fitted(self) -> Prior:
        if not hasattr(self, "prior_"):
            raise InputError("MaskRules has seen no good masks; call fit(items, masks) first")
        return self.prior_

    def _seen(self, item: Any, mask: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Grey picture, what is covered, and the objects numbered from 1."""
        image, drawn = np.asarray(item, dtype=np.float64), np.asarray(mask)
        if image.ndim == 3:
            image = image.mean(axis=2)
        if drawn.ndim != 2 or image.shape != drawn.shape:
            raise InputError(
                f"the mask has shape {drawn.shape} and its picture {image.shape}; expected (h, w) for both"
            )
        if not np.isfinite(image).all():
            raise InputError("the picture holds NaN or infinite values; fill them before masks are judged")
        if drawn.dtype.kind not in "biuf" or not np.isfinite(drawn).all():
            raise InputError(
                f"the mask holds {drawn.dtype} values that are no finite numbers; expected 0 and 1"
            )
        covered = drawn != 0
        if not self.objects:
            if drawn.dtype != bool and not (drawn[covered] == 1).all():
                odd = drawn[covered & (drawn != 1)].flat[0]
                raise InputError(
                    f"the mask is not binary: it holds {odd}; pass mask > threshold, or objects=True if numbers "
                    "name objects"
                )
            return image, covered, *ndimage.label(covered, np.ones((3, 3)))
        names, place = np.unique(drawn, return_inverse=True)
        place = place.reshape(drawn.shape)
        return image, covered, place if names[0] == 0 else place + 1, len(names) - int(names[0] == 0)


def _shapes(covered: np.ndarray, objects: np.ndarray, count: int, numbered: bool) -> dict[str, float]:
    areas = np.bincount(objects.ravel(), minlength=count + 1)[1:]
    perimeter = np.zeros(count + 1)
    for axis in (0, 1):
        padded = np.moveaxis(np.pad(objects, 1), axis, 0)
        before, after = padded[:-1], padded[1:]
        differ = before != after
        perimeter += np.bincount(before[differ], minlength=count + 1) + np.bincount(
            after[differ], minlength=count + 1
        )
    round_ = (
        4 * np.pi * areas / np.maximum(perimeter[1:] * np.pi / 4, 1) ** 2
    )  # steps overstate an outline by 4 / pi
    # Pieces of equal numbers: label each number apart by cutting wherever neighbours differ.
    pieces = _pieces(objects) if numbered else count
    filled = ndimage.binary_fill_holes(covered)
    logs = np.log(areas)
    return {
        "size": logs.mean(),
        "evenness": logs.std(),
        "specks": float((areas < np.median(areas) / 10).mean()),
        "pieces": (pieces - count) / count,
        "holes": 1 - covered.sum() / filled.sum(),
        "roundness": float(np.average(round_, weights=areas)),
    }


def _pieces(objects: np.ndarray) -> int:
    """Connected pieces of all objects together."""
    found = ndimage.find_objects(objects)
    return sum(
        ndimage.label(objects[where] == i, np.ones((3, 3)))[1]
        for i, where in enumerate(found, 1)
        if where is not None
    )


def _looks(image: np.ndarray, covered: np.ndarray) -> dict[str, float]:
    inside, outside = image[covered], image[~covered]
    near = ndimage.binary_dilation(covered, iterations=RIM) & ~covered
    spread = image.std() or 1.0
    sign = 1.0 if inside.mean() >= outside.mean() else -1.0
    step = abs(inside.mean() - outside.mean()) or 1e-9
    gradient = np.hypot(ndimage.sobel(image, 0), ndimage.sobel(image, 1))
    outline = ndimage.binary_dilation(covered) & ~ndimage.binary_erosion(covered)
    share = covered.mean()
    low, high = np.quantile(sign * inside, 0.05), np.quantile(sign * outside, 0.99)
    return {
        "contrast": abs(inside.mean() - image[near].mean()) / spread if near.any() else np.nan,
        "edges": gradient[outline].mean() / (gradient.mean() or 1.0),
        "separation": share * (1 - share) * step**2 / spread**2,
        "left out": (high - sign * outside.mean()) / step,
        "let in": (sign * inside.mean() - low) / step,
    }


def project(
    volume: ArrayLike,
    mask: ArrayLike,
    *,
    window: tuple[float, float],
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    axis: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Look through a volume and its mask along one axis, as on an X-ray: two pictures a critic can judge.

    Parameters
    ----------
    volume : array (d0, d1, d2)
        Such as Hounsfield units.
    mask : array (d0, d1, d2) of 0 and 1
    window : (float, float)
        Values outside are cut off. The paper takes (-500, 1500) for bones and (-150, 250) for organs.
    spacing : (float, float, float), default (1, 1, 1)
        Size of a voxel in mm along each axis; the pictures have pixels of 1 mm.
    axis : int, default 1
        Along which to look.

    Returns
    -------
    (picture, mask) : arrays (h, w)
        The picture from 0 to 1; the mask bool, true where any voxel on the way is. Errors of depth are lost.

    Raises
    ------
    InputError
        When shapes differ, the mask is not binary, the volume holds NaN, or a spacing is not above 0.

    Departs from the paper: the mask's projection is yes or no, not a sum.

    Examples
    --------
    >>> volume = np.zeros((4, 3, 5)); volume[1, :, 2] = 100
    >>> picture, mask = project(volume, volume > 50, window=(0, 100))
    >>> picture.shape, float(picture[1, 2]), int(mask.sum())
    ((4, 5), 1.0, 1)
    """
    values, drawn = np.asarray(volume, dtype=np.float64), np.asarray(mask)
    if values.ndim != 3 or values.shape != drawn.shape:
        raise InputError(
            f"the volume has shape {values.shape} and the mask {drawn.shape}; expected three equal sides"
        )
    if not np.isfinite(values).all():
        raise InputError("the volume holds NaN or infinite values; fill them before it is projected")
    if not np.isin(drawn, (0, 1)).all():
        raise InputError("the mask is not binary; pass mask > threshold")
    if len(spacing) != 3 or not all(np.isfinite(size) and size > 0 for size in spacing):
        raise InputError(f"spacing={spacing!r} must be three sizes in mm above 0")
    low, high = window
    if not low < high:
        raise InputError(f"window={window!r} must be (low, high) with low < high")
    summed = (np.clip(values, low, high) - low).sum(axis=axis)
    seen = np.asarray(drawn.any(axis=axis))
    scale = np.delete(np.asarray(spacing, dtype=np.float64), axis)
    if not (scale == 1).all():
        summed, seen = (ndimage.zoom(part, scale, order=order) for part, order in ((summed, 1), (seen, 0)))
    return summed / (summed.max() or 1.0), seen


project.cites = ("bassi2025critic",)  # type: ignore[attr-defined]
