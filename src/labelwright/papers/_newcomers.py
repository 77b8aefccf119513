"""Streams in which a class appears that nobody told of, and ways to notice it; for S100."""

from functools import partial

import numpy as np

from labelwright import data
from labelwright.evidence.classes import encode
from labelwright.papers.claim import Arm
from labelwright.parts.class_gaussians import mahalanobis
from labelwright.shift import ImbalanceAwarePretrainer, OpenWorldAdapter

EPOCHS = 40


def pretrained(d, X, y, **options):
    """The method, or it without a step."""
    told = {"border": 3.0} | options
    return ImbalanceAwarePretrainer(
        epochs=d["epochs"], device="cpu", random_state=d["seed"], show=False, **told
    ).fit(X, y)


def held_out(d, rng):
    """Mask of a fifth of each class's rows; two of it stay."""
    held = np.zeros(len(d["y"]), dtype=bool)
    for c in range(d["k"]):
        rows = rng.permutation(np.flatnonzero(d["y"] == c))
        held[rows[: max(0, min(round(0.2 * len(rows)), len(rows) - 2))]] = True
    return held


def newcomer(rng, quick=False, name="digits", appears=True):
    """A network that knows all classes but one, and a stream whose second half holds rows of that one, if it appears.

    Half of the rows are for training, a quarter is the stream, and a quarter judges what was learned from it.
    """
    found = data.load(name)
    X = np.asarray(found.items, dtype=float)
    y, names = encode(found.labels)
    k = len(names)
    y = rng.permutation(k)[y]
    train, stream, test = np.split(rng.permutation(len(y)), [len(y) // 2, 3 * len(y) // 4])
    train = train[y[train] < k - 1]
    late = y[stream] == k - 1
    when = rng.random(len(stream))
    when[late] = (1 + when[late]) / 2
    stream = stream[when.argsort()]
    if not appears:
        stream = stream[y[stream] < k - 1]
    d = {
        "X": X[train], "y": y[train], "test": X[test], "new": y[test] == k - 1, "k": k - 1,
        "epochs": 3 if quick else EPOCHS, "seed": int(rng.integers(2**31)),
    }  # fmt: skip
    held = held_out(d, rng)
    model = pretrained(d, d["X"][~held], d["y"][~held], border=None)
    batches = np.array_split(X[stream], len(stream) // 50)
    return d | {"model": model, "held": (d["X"][held], d["y"][held]), "batches": batches}


def detected(d, **options):
    """Which test rows get an output that was not there at the start, and how many such outputs there are."""
    told = {"detect_unknown": True} | options
    adapter = OpenWorldAdapter(d["model"], held_out="prefit", random_state=d["seed"], **told).fit(*d["held"])
    for X in d["batches"]:
        adapter.partial_adapt(X)
    return np.isin(adapter.predict(d["test"]), adapter.classes_[d["k"] :]), len(adapter.classes_) - d["k"]


def unsure(d):
    """Test rows less sure of their class than all but a twentieth of the held-out rows."""
    return d["model"].predict_proba(d["test"]).max(axis=1) < line(d), 0


def line(d):
    """Of the largest probability of held-out rows, what a twentieth is below."""
    return np.quantile(d["model"].predict_proba(d["held"][0]).max(axis=1), 0.05)


def far(d):
    """Test rows farther from every class than all but a twentieth of the held-out rows."""
    model = d["model"]
    test, held = (
        mahalanobis(model.features(rows), model.statistics_).min(axis=1) for rows in (d["test"], d["held"][0])
    )
    return test > np.quantile(held, 0.95), 0


def clustered(d):
    """Unsure rows of the stream are put aside; from 30 on, groups of two by k-means with 15 rows are new classes.

    An unsure test row is of a new class if that one's centre is nearer than the means of the known ones.
    """
    from sklearn.cluster import KMeans

    model, edge = d["model"], line(d)
    aside, centres = np.empty((0, model.statistics_.means.shape[1])), []
    for X in d["batches"]:
        aside = np.vstack([aside, model.features(X)[model.predict_proba(X).max(axis=1) < edge]])
        if len(aside) >= 30:
            groups = KMeans(2, n_init=10, random_state=0).fit(aside)
            large = np.flatnonzero(np.bincount(groups.labels_, minlength=2) >= 15)
            centres += list(groups.cluster_centers_[large])
            aside = aside[~np.isin(groups.labels_, large)]
    seen = model.features(d["test"])
    means = np.vstack([model.statistics_.means, *centres])
    nearest = ((seen[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    return unsure(d)[0] & (nearest >= d["k"]), len(centres)


DETECTED: dict[str, Arm] = {
    "detection": detected,
    "no detection": partial(detected, detect_unknown=False),
    "unsure rows and k-means": clustered,
    "unsure rows": unsure,
    "far rows": far,
}


def told_apart(result, d):
    """Share of the new class's test rows with a new output, less that of the known classes' rows."""
    return float(result[0][d["new"]].mean() - result[0][~d["new"]].mean())


def false_classes(result, d):
    """New classes found where there are none."""
    return float(result[1])
