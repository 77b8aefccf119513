"""A judge of boxes by rules: what the box holds against what lies around it, and edges along its sides (S096)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labelwright.audit.critic.agreement import box_agreement, box_overlaps
from labelwright.audit.critic.prior import check_lengths, preferred
from labelwright.errors import InputError

BINS = 8  # of each colour, for histograms

# Of each box.
FEATURES = (
    "sides",  # gradient across its sides over the same a little within and without
    "contrast",  # distance of the colours within from those around
    "inside",  # gradient within over that around
    "twin",  # largest overlap with another box of the set
    "outside",  # share that lies outside the picture
    "size",  # log share of the picture
    "shape",  # absolute log of width over height
)
MOVED = 3  # copies of each good box in wrong places


class BoxRules:
    """Judge sets of boxes by whether each box holds an object, as a few good sets show what boxes of objects look like.

    Seven measures of each box on its picture (`measures`) go into a logistic regression that tells the good boxes
    from copies of them in wrong places. A set of boxes scores the sum of its boxes' log odds: a box that is missing
    takes its odds away, one too many adds odds below zero. Order plays no part: ``PairwiseCritic(rules, dual=False)``.

    Parameters
    ----------
    margin : float, default 0
        Scores that differ by no more leave a pair open.
    random_state : int or None, default 0
        Where the copies go.

    Attributes
    ----------
    model_ : Pipeline
    passing_ : float
        Mean log odds of a box that all but a tenth of the good sets exceed.

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

    def __init__(self, *, margin: float = 0.0, random_state: int | None = 0):
        self.margin, self.random_state = margin, random_state

    def fit(self, items: Sequence[Any], boxes: Sequence[Any]) -> "BoxRules":
        """Learn from pictures (h, w) or (h, w, c) with good boxes (m, 4): x0, y0, x1, y1 in pixels."""
        check_lengths(items, boxes)
        rng = np.random.default_rng(self.random_state)
        right, wrong = [], []
        for item, some in zip(items, boxes, strict=True):
            good = _boxes(some)
            if len(good):
                seen = _Seen(item)
                right.append(_measured(seen, good, _twins(good)))
                for _ in range(
                    MOVED
                ):  # one at a time beside the good ones, so a moved box may be the twin of one
                    away = _elsewhere(good, seen.size, rng)
                    wrong.append(_measured(seen, away, box_overlaps(away, good).max(axis=1)))
        if len(right) < 3:
            raise InputError(f"{len(right)} pictures with good boxes are too few; give 3 or more, better 20")
        rows = np.vstack(right + wrong)
        labels = np.repeat([1, 0], [sum(map(len, right)), sum(map(len, wrong))])
        self.model_ = make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500)
        )
        self.model_.fit(rows, labels)
        means = [self.model_.decision_function(table).mean() for table in right]
        self.passing_ = float(np.quantile(means, 0.1))
        return self

    def compare(self, item: Any, a: Any, b: Any) -> float:
        """1 or 2 for the boxes that are less unusual, 0.5 where both are as usual."""
        return preferred(self.score(item, a), self.score(item, b), self.margin)

    def score(self, item: Any, boxes: Any) -> float:
        """Sum over the boxes of the log odds that they hold an object; 0 where there is none."""
        odds = self._odds(item, boxes)
        return float(odds.sum())

    def check(self, item: Any, boxes: Any) -> int:
        """1 where a box is on average as likely as in all but a tenth of the good examples, else 0."""
        odds = self._odds(item, boxes)
        return int(len(odds) > 0 and odds.mean() >= self.passing_)

    def agreement(self, a: Any, b: Any) -> float:
        """Overlap of the boxes matched one to one."""
        return box_agreement(a, b)

    def measures(self, item: Any, boxes: Any) -> np.ndarray:
        """What is looked at (m, 7), in the order of `FEATURES`; 0 where a box is too small or wide to say."""
        drawn = _boxes(boxes)
        if not len(drawn):
            return np.zeros((0, len(FEATURES)))
        return _measured(_Seen(item), drawn, _twins(drawn))

    def _odds(self, item: Any, boxes: Any) -> np.ndarray:
        if not hasattr(self, "model_"):
            raise InputError("BoxRules has seen no good boxes; call fit(items, boxes) first")
        table = self.measures(item, boxes)
        return self.model_.decision_function(table) if len(table) else np.zeros(0)


class _Seen:
    """A picture as boxes are measured on it: gradients along and across, and its colours in bins."""

    def __init__(self, item: Any):
        image = _picture(item)
        grey = image.mean(axis=2)
        self.size = grey.shape
        self.across = [np.abs(ndimage.sobel(grey, axis)) for axis in (1, 0)]
        self.gradient = np.hypot(*self.across)
        self.colours = np.minimum((image * BINS).astype(int), BINS - 1)


def _measured(seen: _Seen, boxes: np.ndarray, twins: np.ndarray) -> np.ndarray:
    """Measures (m, 7) of boxes whose largest overlap with another one is given."""
    height, width = seen.size
    inner = np.clip(boxes, 0, np.tile([width, height], 2))
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6)
    return np.column_stack(
        [
            np.nan_to_num([_part(box, seen.gradient, seen.across, seen.colours) for box in inner]),
            twins,
            1 - _areas(inner) / np.maximum(_areas(boxes), 1e-9),
            np.log(np.maximum(_areas(inner), 1) / (height * width)),
            np.abs(np.log(sides[:, 0] / sides[:, 1])),
        ]
    )


def _twins(boxes: np.ndarray) -> np.ndarray:
    """Largest overlap of each box with another one."""
    overlaps = box_overlaps(boxes, boxes)
    np.fill_diagonal(overlaps, 0)
    return overlaps.max(axis=1)


def _elsewhere(boxes: np.ndarray, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Each box moved by a third to once its sides and resized by up to half, as far as the picture goes."""
    sides = boxes[:, 2:] - boxes[:, :2]
    by = rng.uniform(0.3, 1, sides.shape) * rng.choice([-1, 1], sides.shape) * sides
    grown = rng.uniform(-0.25, 0.5, (len(boxes), 1)) * sides / 2
    moved = boxes + np.hstack([by - grown, by + grown])
    return np.clip(moved, 0, np.tile(size[::-1], 2))


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
