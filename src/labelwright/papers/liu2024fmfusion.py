"""Do words of an open vocabulary, fused over several views, name things better, and do pieces find together?"""

from collections import Counter
from functools import partial

import numpy as np
from sklearn.cluster import KMeans
from sklearn.neighbors import KNeighborsClassifier

from labelwright import data
from labelwright.combine.fusion import InstanceMap, LabelFusion, LikelihoodMatrix
from labelwright.combine.spatial import fill
from labelwright.papers.claim import Claim, ahead

VIEWS, WORDS = 6, 3
TRAINED, CALIBRATED, THINGS = 150, 400, 500
NOISE = 5.0  # of 16 levels of grey
SHARED = ((0, 6), (1, 7), (2, 3), (4, 9), (5, 8))  # classes whose last word is the same
PIECES, RIM, SMALLEST = 3, 0.25, 400  # pieces of a thing, share of a piece that its neighbour has too, pixels


def spoken_digits(rng, quick=False):
    """Digits in six shifted and noisy views each, and what a weak detector calls them.

    Every class has three words, for three kinds of its images; pairs of classes share a word. The detector is a
    nearest-neighbour model of 150 images; how often it says what of which class is counted on 400 others.
    """
    found = data.load("digits")
    X, y = np.asarray(found.items, dtype=float).reshape(-1, 8, 8), np.asarray(found.labels).astype(int)
    rows = rng.permutation(len(y))
    trained, calibrated, things = np.split(
        rows[: TRAINED + CALIBRATED + (100 if quick else THINGS)], [TRAINED, TRAINED + CALIBRATED]
    )
    detector = KNeighborsClassifier(5).fit(X[trained].reshape(-1, 64), words_of(X[trained], y[trained], rng))

    def said(some):
        views = np.concatenate([view(X[some], rng) for _ in range(VIEWS)])
        probs = detector.predict_proba(views.reshape(len(views), -1))
        return detector.classes_[probs.argmax(axis=1)].reshape(VIEWS, -1), probs.max(axis=1).reshape(
            VIEWS, -1
        )

    known, sure = said(calibrated)
    table = LikelihoodMatrix.fit(known.ravel(), np.tile(y[calibrated], VIEWS), scores=sure.ravel())
    words, scores = said(things)
    return {"likelihood": table, "words": words, "scores": scores, "truth": y[things]}


def words_of(X, y, rng):
    """A word for each image: one for each of three clusters of its class, of which some classes share one."""
    words = np.empty(len(y), dtype=object)
    for c in np.unique(y):
        rows = np.flatnonzero(y == c)
        kinds = KMeans(WORDS, n_init=4, random_state=int(rng.integers(2**31))).fit_predict(
            X[rows].reshape(-1, 64)
        )
        words[rows] = [f"{c}{'abc'[kind]}" for kind in kinds]
    twin = {f"{b}c": f"{a}c" for a, b in SHARED}
    return np.array([twin.get(word, word) for word in words])


def view(X, rng):
    """Every image moved by at most one pixel in each direction, with noise."""
    moved = [np.roll(image, rng.integers(-1, 2, 2), axis=(0, 1)) for image in X]
    return np.clip(np.array(moved) + rng.normal(0, NOISE, X.shape), 0, 16)


def fused(d, mode):
    """Likelihoods of all views together."""
    fusion = LabelFusion(d["likelihood"], mode=mode)
    for thing in range(len(d["truth"])):
        fusion.update(thing, d["words"][:, thing], d["scores"][:, thing])
    return np.array([fusion.predict(thing).label for thing in range(len(d["truth"]))])


def mapped(d):
    """Class of each word said: the one of which the detector says it most often."""
    best = d["likelihood"].classes[d["likelihood"].table.argmax(axis=1)]
    rows = d["likelihood"].rows(d["words"].ravel())
    return np.where(rows >= 0, best[rows], -1).reshape(d["words"].shape)


def voted(d):
    """Each word is mapped to one class; the scores of each class are added."""
    votes = np.zeros((len(d["truth"]), 10))
    for classes, scores in zip(mapped(d), d["scores"]):
        told = classes >= 0
        votes[told, classes[told]] += scores[told]
    return votes.argmax(axis=1)


def commonest(d):
    """The word that was said most often, mapped to one class."""
    best = dict(zip(d["words"].ravel(), mapped(d).ravel()))
    return np.array([best[Counter(said).most_common(1)[0][0]] for said in d["words"].T])


def first(d):
    """The first view alone."""
    return mapped(d)[0]


def named(said, d):
    """Share of things that are named right."""
    return float(np.mean(said == d["truth"]))


def broken_things(rng, quick=False):
    """Objects drawn by people on photographs, cut into up to three pieces that overlap, as a camera sees them."""
    found = data.load("coco-256")
    pictures = rng.permutation(len(found.items))[: 8 if quick else 60]
    scenes = []
    for picture in pictures:
        pieces = [
            (thing, name, piece)
            for thing, (name, mask) in enumerate(drawn(found, picture))
            for piece in cut(mask, rng)
        ]
        if pieces:
            scenes.append(pieces)
    return {"scenes": scenes}


def drawn(found, picture):
    """Name and mask of every object that people outlined on a photograph, large enough to be cut."""
    table = found.extra["polygons"]
    height, width = found.extra["size"][picture]
    for row in np.flatnonzero(table["item"].to_numpy() == picture).tolist():
        corners = np.asarray(table["polygon"][row].as_py(), dtype=float).reshape(-1, 2) * [width, height]
        mask = fill(corners, (int(height), int(width)))
        if mask.sum() >= SMALLEST:
            yield table["label"][row].as_py(), mask


def cut(mask, rng):
    """One to three stripes of the pixels of a thing along a random direction, each with a rim of its neighbours."""
    places = np.argwhere(mask).astype(float)
    n = int(rng.integers(1, PIECES + 1))
    if n == 1:
        return [places]
    angle = rng.uniform(0, np.pi)
    along = places @ [np.cos(angle), np.sin(angle)]
    along = (along - along.min()) / max(np.ptp(along), 1e-9) * n
    return [places[(along >= i - RIM) & (along <= i + 1 + RIM)] for i in range(n)]


def pieces_joined(d, merge=True):
    """The voxels of every thing found in each scene, with the things drawn."""
    made = []
    for pieces in d["scenes"]:
        names = sorted({name for _, name, _ in pieces})
        fusion = LabelFusion(LikelihoodMatrix(np.eye(len(names)), np.array(names), np.array(names)))
        space = InstanceMap(fusion, voxel=2.0)
        whole: dict[int, list[np.ndarray]] = {}
        for i, (thing, name, places) in enumerate(pieces):
            points = np.column_stack([places, np.zeros(len(places))])
            fusion.update(i, [name])
            space.add(i, points)
            whole.setdefault(thing, []).append(points)
        if merge:
            space.merge(max_distance=300.0, iou=0.2)
        cells = [{tuple(p) for p in np.floor(space.points(i) / 2.0).astype(int)} for i in space.ids]
        truth = [
            {tuple(p) for p in np.floor(np.concatenate(parts) / 2.0).astype(int)} for parts in whole.values()
        ]
        made.append((cells, truth))
    return made


def whole_things(made, d):
    """F1 of things found whole: pairs with more than half of their cells in common."""
    hits = found = drawn_ = 0
    for cells, truth in made:
        hits += sum(any(len(a & b) > 0.5 * len(a | b) for a in cells) for b in truth)
        found += len(cells)
        drawn_ += len(truth)
    return 2 * hits / max(found + drawn_, 1)


CLAIMS = (
    Claim(
        paper="S109",
        name="fusion",
        says="Likelihoods of words fused over six views name things better than mapping each word to one class.",
        data=spoken_digits,
        arms={
            "log-likelihoods": partial(fused, mode="log"),
            "added likelihoods": partial(fused, mode="additive"),
            "mapped, then voted": voted,
            "commonest word": commonest,
            "first view": first,
        },
        measure=named,
        holds=(
            ahead("log-likelihoods", of="mapped, then voted", by=0.05),
            ahead("log-likelihoods", of="commonest word", by=0.05),
        ),
        departs="digits in six noisy views in place of rooms, and a nearest-neighbour model with 25 words in place of "
        "a detector with an open vocabulary; Bayes in place of adding, which is an arm",
        unit="share of things named right",
        seeds=10,
        budget_s=60,
    ),
    Claim(
        paper="S109",
        name="joining-pieces",
        says="Joining pieces that overlap and share a word finds more things whole than leaving them apart.",
        data=broken_things,
        arms={"joined": pieces_joined, "left apart": partial(pieces_joined, merge=False)},
        measure=whole_things,
        holds=ahead("joined", of="left apart", by=0.1),
        departs="outlines of objects on 60 photographs, cut into up to three overlapping stripes, in place of "
        "what a camera sees of rooms; voxels of two pixels, overlap above 0.2; words are right",
        unit="F1 of things found, overlap above a half",
        seeds=6,
        budget_s=120,
    ),
)
