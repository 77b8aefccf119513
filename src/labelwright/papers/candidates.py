"""Labels of nuclei and photographs before and after correction, spoiled, and drawn by segmenters: what S096 runs on."""

import numpy as np
from scipy import ndimage

from labelwright import data
from labelwright.audit.critic import BoxRules, MaskRules, PairwiseCritic, box_agreement, dice

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


# Segmenters that a label may come from


def thresholded(image):
    """What is brighter than the threshold that splits the greys with the least variance within (Otsu)."""
    counts = np.bincount(image.ravel(), minlength=256).astype(float)
    below, sums = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (sums[-1] * below / below[-1] - sums) ** 2 / (below * (below[-1] - below))
    return image > np.nanargmax(np.where(np.isfinite(between), between, -1))


def pixels(image):
    """Six measures of every pixel: grey, three blurs and two gradients, (h * w, 6)."""
    grey = image.astype(float) / 255
    blurs = [ndimage.gaussian_filter(grey, width) for width in (2, 5, 15)]
    slopes = [ndimage.gaussian_gradient_magnitude(grey, width) for width in (1, 3)]
    return np.stack([grey, *blurs, *slopes], axis=-1).reshape(-1, 6)


def learned(images, masks):
    """A segmenter learned from a few pictures: logistic regression on every 20th pixel."""
    from sklearn.linear_model import LogisticRegression

    rows = np.vstack([pixels(image)[::20] for image in images])
    labels = np.concatenate([mask.ravel()[::20] for mask in masks])
    model = LogisticRegression(C=100, max_iter=200).fit(rows, labels)
    return lambda image: model.predict(pixels(image)).reshape(image.shape).astype(bool)


# Data


class Nuclei:
    """Pictures, maps of nuclei before and after correction, and which pictures are of which kind."""

    def __init__(self):
        found = data.load("dsb-nuclei")
        self.items, self.size = found.items, found.extra["size"]
        self.given, self.fixed = found.extra["given"], found.extra["fixed"]
        whole = np.array([fixed is not None and fixed.any() for fixed in self.fixed])
        self.changed, self.stained = found.extra["changed"] & whole, found.extra["stained"]
        self.same = whole & ~found.extra["changed"]

    def picture(self, i):
        """Without what was added around it."""
        height, width = self.size[i]
        return self.items[i][:height, :width]

    def judge(self, rows, *, objects=False):
        """Rules that have seen the corrected masks of these rows."""
        masks = [self.fixed[i] if objects else self.fixed[i] > 0 for i in rows]
        return MaskRules(objects=objects).fit([self.picture(i) for i in rows], masks)


def shuffled(pairs, rng):
    """Pairs (item, worse, better) with the better one first in every second case: (item, a, b, which is better)."""
    return [(item, good, bad, 1) if rng.random() < 0.5 else (item, bad, good, 2) for item, bad, good in pairs]


def corrected_maps(rng, quick=False):
    """60 maps of nuclei that volunteers corrected, before and after; judges have seen 20 others of the same kind."""
    nuclei = Nuclei()
    rows = rng.choice(np.flatnonzero(nuclei.changed), 15 if quick else 60, replace=False)
    judges = {}
    for objects in (True, False):
        for stained in (True, False):
            kind = np.flatnonzero(nuclei.same & (nuclei.stained == stained))
            judges[objects, stained] = nuclei.judge(
                rng.choice(kind, EXAMPLES, replace=False), objects=objects
            )
    pairs = shuffled([(i, nuclei.given[i], nuclei.fixed[i]) for i in rows], rng)
    return {"nuclei": nuclei, "judges": judges, "pairs": pairs, "rng": rng}


def by_objects(d):
    """The critic with rules that see which nucleus a pixel belongs to."""
    nuclei = d["nuclei"]
    return [
        PairwiseCritic(d["judges"][True, nuclei.stained[i]], dual=False, skip=None)
        .compare(nuclei.picture(i), a, b)
        .choice
        for i, a, b, _ in d["pairs"]
    ]


def by_cover(d):
    """The critic with rules that see only what is covered."""
    nuclei = d["nuclei"]
    return [
        PairwiseCritic(d["judges"][False, nuclei.stained[i]], dual=False, skip=None)
        .compare(nuclei.picture(i), a > 0, b > 0)
        .choice
        for i, a, b, _ in d["pairs"]
    ]


def passing(d):
    """Each map checked alone: the one that passes where the other does not."""
    nuclei = d["nuclei"]
    return [
        by_check(d["judges"][True, nuclei.stained[i]], nuclei.picture(i), a, b) for i, a, b, _ in d["pairs"]
    ]


def by_check(judge, item, a, b):
    """1 or 2 where one of two passes the check and the other does not, else 0.5."""
    return {1: 1, -1: 2, 0: 0.5}[judge.check(item, a) - judge.check(item, b)]


def fewer_pieces(d):
    """The map whose nuclei fall into fewer pieces, and of equal ones the one with fewer pixels of hole."""
    found = []
    for _, a, b, _ in d["pairs"]:
        keys = []
        for drawn in (a, b):
            places = enumerate(ndimage.find_objects(drawn), 1)
            each = [np.pad(drawn[where] == name, 1) for name, where in places if where is not None]
            pieces = sum(ndimage.label(one, np.ones((3, 3)))[1] for one in each)
            holes = sum(int(ndimage.binary_fill_holes(one).sum() - one.sum()) for one in each)
            keys.append((pieces - len(each), holes))
        found.append(0.5 if keys[0] == keys[1] else 1 if keys[0] < keys[1] else 2)
    return found


def nearer_threshold(d):
    """The map that agrees better with the picture cut at a threshold."""
    found = []
    for i, a, b, _ in d["pairs"]:
        image = d["nuclei"].picture(i)
        bright = thresholded(255 - image if d["nuclei"].stained[i] else image)
        first, second = dice(a, bright), dice(b, bright)
        found.append(0.5 if first == second else 1 if first > second else 2)
    return found


def right(choices, d):
    """Share of pairs where the better one was chosen; an open pair counts a half."""
    return float(
        np.mean([0.5 if said == 0.5 else said == truth for said, (*_, truth) in zip(choices, d["pairs"])])
    )


def spoiled_nuclei(rng, quick=False, level=2):
    """80 fluorescence pictures with the corrected mask and the same with one failure; the judge has seen 20 others."""
    nuclei = Nuclei()
    order = rng.permutation(np.flatnonzero(nuclei.same & ~nuclei.stained))
    rows = order[EXAMPLES : EXAMPLES + (20 if quick else 80)]
    pairs = [
        (nuclei.picture(i), spoiled_mask(nuclei.fixed[i], rng, level), nuclei.fixed[i] > 0) for i in rows
    ]
    return {"judge": nuclei.judge(order[:EXAMPLES]), "pairs": shuffled(pairs, rng), "rng": rng}


def mildly_spoiled_nuclei(rng, quick=False):
    """The same with mild failures."""
    return spoiled_nuclei(rng, quick, level=1)


def spoiled_photographs(rng, quick=False, level=2):
    """80 photographs with the boxes of their objects and the same with one failure; the judge has seen 20 others."""
    found = data.load("coco-256")
    table, size = found.extra["boxes"], found.extra["size"]
    item = table["item"].to_numpy()
    corners = np.column_stack([table[name].to_numpy() for name in ("x0", "y0", "x1", "y1")])
    order = rng.permutation(np.unique(item))

    def seen(i):
        height, width = size[i]
        return found.items[i][:height, :width], corners[item == i] * [width, height, width, height]

    judge = BoxRules().fit(*zip(*[seen(i) for i in order[:EXAMPLES]]))
    pairs = []
    for i in order[EXAMPLES : EXAMPLES + (20 if quick else 80)]:
        image, good = seen(i)
        bad = spoiled_boxes(good, size[i], rng, level)
        if box_agreement(good, bad) < 1:
            pairs.append((image, bad, good))
    return {"judge": judge, "pairs": shuffled(pairs, rng), "rng": rng}


def mildly_spoiled_photographs(rng, quick=False):
    """The same with mild failures."""
    return spoiled_photographs(rng, quick, level=1)


def compared(d):
    """Each pair shown to the judge; once, as order is nothing to rules."""
    critic = PairwiseCritic(d["judge"], dual=False, skip=None)
    return [critic.compare(item, a, b).choice for item, a, b, _ in d["pairs"]]


def checked(d):
    """Each candidate judged alone: good or bad."""
    return [by_check(d["judge"], item, a, b) for item, a, b, _ in d["pairs"]]


def first(d):
    """Always the first."""
    return [1] * len(d["pairs"])


def at_random(d):
    """Either."""
    return d["rng"].integers(1, 3, len(d["pairs"])).tolist()
