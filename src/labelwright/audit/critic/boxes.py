"""A judge of boxes by rules: what the box holds against what lies around it, and edges along its sides (S096)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from labelwright.audit.critic.agreement import box_agreement, box_overlaps
from labelwright.audit.critic.prior import Prior, check_lengths, preferred
from labelwright.errors import InputError

BINS = 8  # of each colour, for histograms

# Name, and what it may differ by without meaning anything.
FEATURES = {
    "sides": 0.02,  # gradient across the sides over the same a little within and without
    "contrast": 0.02,  # distance of the colours within from those around
    "inside": 0.02,  # gradient within over that around
    "twins": 0.01,  # largest overlap of two boxes
    "outside": 1e-3,  # share of the boxes that lies outside the picture
    "size": 0.1,  # mean log share of the picture
    "shape": 0.1,  # mean absolute log of width over height
    "left out": 0.05,  # gradient outside all boxes over that of the picture
}


class BoxRules:
    """Judge the boxes of a picture by how much they look like a few good sets of boxes.

    Parameters
    ----------
    margin : float, default 0
        Scores that differ by no more leave a pair open.

    Attributes
    ----------
    prior_ : Prior

    Departs from the paper: boxes in place of masks, rules in place of a vision-language model. Classes of boxes are not
    looked at.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pictures = [rng.normal(0, 0.1, (48, 48)) for _ in range(5)]
    >>> good = [np.array([[8.0 + i, 8, 30 + i, 28]]) for i in range(5)]
    >>> for picture, boxes in zip(pictures, good):
    ...     x0, y0, x1, y1 = boxes[0].astype(int)
    ...     picture[y0:y1, x0:x1] += 1
    >>> rules = BoxRules().fit(pictures, good)
    >>> rules.compare(pictures[0], good[0] + 6, good[0])
    2
    """

    cites = ("bassi2025critic",)

    def __init__(self, *, margin: float = 0.0):
        self.margin = margin

    def fit(self, items: Sequence[Any], boxes: Sequence[Any]) -> "BoxRules":
        """Learn from pictures (h, w) or (h, w, c) with good boxes (m, 4): x0, y0, x1, y1 in pixels."""
        check_lengths(items, boxes)
        table = [list(self.measures(item, some).values()) for item, some in zip(items, boxes, strict=True)]
        self.prior_ = Prior(table, list(FEATURES.values()))
        return self

    def compare(self, item: Any, a: Any, b: Any) -> float:
        """1 or 2 for the boxes that are less unusual, 0.5 where both are as usual."""
        return preferred(self.score(item, a), self.score(item, b), self.margin)

    def score(self, item: Any, boxes: Any) -> float:
        """How usual the boxes are: 0 at best."""
        return self._fitted().score(list(self.measures(item, boxes).values()))

    def check(self, item: Any, boxes: Any) -> int:
        """1 where the boxes are as usual as all but a tenth of the good examples, else 0."""
        return int(self.score(item, boxes) >= self._fitted().passing)

    def agreement(self, a: Any, b: Any) -> float:
        """Overlap of the boxes matched one to one; below 1 unless they are equal."""
        return box_agreement(a, b)

    def measures(self, item: Any, boxes: Any) -> dict[str, float]:
        """What is looked at, by name; NaN where there is no box."""
        image, drawn = _picture(item), _boxes(boxes)
        if not len(drawn):
            return dict.fromkeys(FEATURES, np.nan)
        height, width = image.shape[:2]
        grey = image.mean(axis=2)
        across = [np.abs(ndimage.sobel(grey, axis)) for axis in (1, 0)]
        gradient = np.hypot(*across)
        colours = np.minimum((image * BINS).astype(int), BINS - 1)
        frame = np.array([0, 0, width, height], dtype=np.float64)
        inner = np.clip(drawn, 0, np.tile([width, height], 2))
        sizes, kept = _areas(drawn), _areas(inner)
        parts = np.array([_part(box, gradient, across, colours) for box in inner])
        overlaps = box_overlaps(drawn, drawn)
        np.fill_diagonal(overlaps, 0)
        free = np.ones(grey.shape, dtype=bool)
        for x0, y0, x1, y1 in np.rint(inner).astype(int):
            free[y0:y1, x0:x1] = False
        sides = np.maximum(drawn[:, 2:] - drawn[:, :2], 1e-6)
        return {
            **dict(zip(("sides", "contrast", "inside"), np.nanmean(parts, axis=0), strict=True)),
            "twins": float(overlaps.max()),
            "outside": float(1 - kept.sum() / max(sizes.sum(), 1e-9)),
            "size": float(np.log(np.maximum(kept, 1) / _areas(frame[None])).mean()),
            "shape": float(np.abs(np.log(sides[:, 0] / sides[:, 1])).mean()),
            "left out": float(gradient[free].mean() / (gradient.mean() or 1.0)) if free.any() else 0.0,
        }

    def _fitted(self) -> Prior:
        if not hasattr(self, "prior_"):
            raise InputError("BoxRules has seen no good boxes; call fit(items, boxes) first")
        return self.prior_


def _part(
    box: np.ndarray, gradient: np.ndarray, across: list[np.ndarray], colours: np.ndarray
) -> tuple[float, float, float]:
    """Sides, contrast and inside of one box; NaN where it is too small to say."""
    height, width = gradient.shape
    x0, y0, x1, y1 = np.rint(box).astype(int)
    reach_x, reach_y = max(2, (x1 - x0) // 5), max(2, (y1 - y0) // 5)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return np.nan, np.nan, np.nan
    sides = []
    for at, other, low, high, reach in (
        (x0, across[0][y0:y1].T, 0, width, reach_x),
        (x1, across[0][y0:y1].T, 0, width, reach_x),
        (y0, across[1][:, x0:x1], 0, height, reach_y),
        (y1, across[1][:, x0:x1], 0, height, reach_y),
    ):
        if low + 2 < at < high - 2:  # a side on the border of the picture says nothing
            profile = other[max(at - reach, 0) : at + reach + 1].mean(axis=1)
            here = other[max(at - 1, 0) : at + 2].mean(axis=1).max()
            sides.append(np.log((here + 1e-3) / (profile.mean() + 1e-3)))
    ring = np.s_[max(y0 - reach_y, 0) : y1 + reach_y, max(x0 - reach_x, 0) : x1 + reach_x]
    around = np.zeros((height, width), dtype=bool)
    around[ring] = True
    around[y0:y1, x0:x1] = False
    if around.sum() < 8:
        return (float(np.mean(sides)) if sides else np.nan), np.nan, np.nan
    within = colours[y0:y1, x0:x1].reshape(-1, colours.shape[2])
    beyond = colours[around]
    apart = np.mean(
        [
            np.abs(
                np.bincount(within[:, c], minlength=BINS) / len(within)
                - np.bincount(beyond[:, c], minlength=BINS) / len(beyond)
            ).sum()
            / 2
            for c in range(colours.shape[2])
        ]
    )
    ratio = np.log((gradient[y0:y1, x0:x1].mean() + 1e-3) / (gradient[around].mean() + 1e-3))
    return (float(np.mean(sides)) if sides else np.nan), float(apart), float(ratio)


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1)


def _picture(item: Any) -> np.ndarray:
    """Picture (h, w, c) from 0 to 1."""
    image = np.asarray(item, dtype=np.float64)
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3:
        raise InputError(f"the picture has shape {image.shape}; expected (h, w) or (h, w, c)")
    if not np.isfinite(image).all():
        raise InputError("the picture holds NaN or infinite values; fill them before boxes are judged")
    low, high = image.min(), image.max()
    return (image - low) / (high - low or 1.0)


def _boxes(boxes: Any) -> np.ndarray:
    drawn = np.asarray(boxes, dtype=np.float64)
    if drawn.size == 0:
        return np.zeros((0, 4))
    if drawn.ndim != 2 or drawn.shape[1] != 4 or not np.isfinite(drawn).all():
        raise InputError(f"boxes have shape {drawn.shape}; expected finite x0, y0, x1, y1 in pixels: (m, 4)")
    if (drawn[:, 2:] < drawn[:, :2]).any():
        row = int(np.flatnonzero((drawn[:, 2:] < drawn[:, :2]).any(axis=1))[0])
        raise InputError(f"box {row} ends before it begins: {drawn[row].tolist()}; expected x0, y0, x1, y1")
    return drawn
