"""Does comparing candidate labels pair by pair find the better one, where judges favour a position as well?"""

import numpy as np
from scipy import ndimage

from labelwright import data
from labelwright.audit.critic import BiasedJudge, BoxRules, MaskRules, PairwiseCritic, box_agreement, dice
from labelwright.papers.claim import Claim, ahead

EXAMPLES = 20  # good labels that a judge has seen


# Failures of a label


def spoiled_mask(objects, rng, level):
    """A map of numbered nuclei with one failure of a segmenter, level 1 mild or 2 gross, as the paper lists them."""
    covered, names = objects > 0, np.unique(objects[objects > 0])
    kind = rng.choice(["drop", "blob", "grow", "shrink", "shift", "holes"])
    if kind == "drop":
        gone = rng.choice(names, max(1, round(len(names) * (0.15, 0.4)[level - 1])), replace=False)
        return covered & ~np.isin(objects, gone)
    if kind == "blob":
        found = covered.copy()
        radius = (8, 16)[level - 1]
        y, x = np.ogrid[: covered.shape[0], : covered.shape[1]]
        for _ in range(2):
            cy, cx = rng.integers(covered.shape[0]), rng.integers(covered.shape[1])
            found |= (y - cy) ** 2 + (x - cx) ** 2 < radius**2
        return found
    if kind == "grow":
        return ndimage.binary_dilation(covered, iterations=(2, 4)[level - 1])
    if kind == "shrink":
        return ndimage.binary_erosion(covered, iterations=(1, 2)[level - 1])
    if kind == "shift":
        by = (3, 8)[level - 1]
        return np.roll(covered, rng.choice([-by, by], 2), (0, 1))
    lost = rng.random(covered.shape) < 0.5
    lost = ndimage.gaussian_filter(lost.astype(float), (2, 4)[level - 1])
    return covered & ~(lost < np.quantile(lost[covered], (0.1, 0.3)[level - 1]))


def spoiled_boxes(boxes, size, rng, level):
    """Boxes in pixels with one failure of a detector: moved, resized, dropped, doubled or invented."""
    height, width = size
    found, sides = boxes.copy(), boxes[:, 2:] - boxes[:, :2]
    strength = (0.2, 0.5)[level - 1]
    kind = rng.choice(["move", "resize", "drop", "double", "invent"])
    if kind == "move":
        found += np.tile(rng.choice([-1, 1], (len(boxes), 2)) * strength * sides, 2)
    elif kind == "resize":
        grown = rng.choice([-0.5, 1.0], (len(boxes), 1)) * strength * sides
        found += np.hstack([-grown, grown]) / 2
    elif kind == "drop":
        largest = np.argsort(-sides.prod(axis=1), kind="stable")[: max(1, round(2 * strength * len(boxes)))]
        found = np.delete(found, largest, axis=0)
    elif kind == "double":
        again = rng.choice(len(boxes), max(1, round(2 * strength * len(boxes))), replace=False)
        found = np.vstack([found, found[again] + 0.1 * np.tile(sides[again], 2)])
    else:
        corner = rng.random((2 * level, 2)) * 0.6
        box = np.hstack([corner, corner + 0.15 + 0.25 * rng.random((2 * level, 2))])
        found = np.vstack([found, box * [width, height, width, height]])
    return np.clip(found, 0, [width, height, width, height])
