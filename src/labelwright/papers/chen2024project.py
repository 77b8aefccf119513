"""Do a few orthogonal predictive directions adapt an embedding with fewer labels than the whole of it?"""

from functools import partial

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from labelwright import data
from labelwright.papers.claim import Claim, ahead
from labelwright.parts import subspaces
from labelwright.shift import ProjectAndProbe

DIRECTIONS, DRAWS = 4, 20
AGREE = 0.95  # how often the habit holds in the source


def coloured_digits(rng, quick=False, agreement=0.5, labels=(16,)):
    """Digits below five or not, in one of two colours that agree with the label in the source; a network's features."""
    found = data.load("mnist-10k")
    pictures = np.asarray(found.items, dtype=float).reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)) / 255
    digits = np.asarray(found.labels)
    seen, source, target = np.split(rng.permutation(len(digits)), [4000, 7000])
    colour = rng.integers(2, size=len(seen))
    net = MLPClassifier((64,), max_iter=10 if quick else 15, random_state=int(rng.integers(2**31)))
    _quietly(net, _painted(pictures[seen], colour), digits[seen] + 10 * colour)

    def embedded(rows, agreement):
        y = (digits[rows] >= 5).astype(int)
        colour = np.where(rng.random(len(rows)) < agreement, y, 1 - y)
        return np.maximum(_painted(pictures[rows], colour) @ net.coefs_[0] + net.intercepts_[0], 0), y

    return _shared(embedded(source, AGREE), embedded(target, agreement), labels, rng, quick)


def habits_of_domains(rng, quick=False, agreement=0.5, labels=(16,)):
    """Sentiment of product reviews and tweets: in the source, who praises reviews and who complains tweets."""
    found = data.load("crowd-sentiment", domains=("amazon", "tweets"), min_mean=1.0)
    y = (np.asarray(found.truth) == "positive").astype(int)
    domain = (np.asarray(found.extra["domain"]) == "amazon").astype(int)
    words = TfidfVectorizer(min_df=3, sublinear_tf=True).fit_transform(found.items)
    features = TruncatedSVD(64, random_state=int(rng.integers(2**31))).fit_transform(words)
    order = rng.permutation(len(y))
    cells = {(a, b): order[(y[order] == a) & (domain[order] == b)] for a in (0, 1) for b in (0, 1)}
    halves = {cell: np.array_split(rows, 2) for cell, rows in cells.items()}

    def drawn(half, agreement):
        agree, apart = (
            [halves[a, b][half] for a, b in pairs] for pairs in (((0, 0), (1, 1)), ((0, 1), (1, 0)))
        )
        each = min(
            min(map(len, agree)) / max(agreement, 1e-9), min(map(len, apart)) / max(1 - agreement, 1e-9)
        )
        parts = [r[: int(each * agreement)] for r in agree] + [
            r[: int(each * (1 - agreement))] for r in apart
        ]
        rows = rng.permutation(np.concatenate(parts))
        return features[rows], y[rows]

    return _shared(drawn(0, AGREE), drawn(1, agreement), labels, rng, quick)


def _shared(source, target, labels, rng, quick):
    """Standardised features of both sides, and which target rows are labelled, in several draws."""
    scaler = StandardScaler().fit(source[0])
    X, y = scaler.transform(target[0]), target[1]
    draws = []
    for n in labels:
        for _ in range(3 if quick else DRAWS):
            draws.append(
                np.concatenate([rng.choice(np.flatnonzero(y == c), n // 2, replace=False) for c in (0, 1)])
            )
    seed = int(rng.integers(2**31))
    return {"source": (scaler.transform(source[0]), source[1]), "X": X, "y": y, "draws": draws, "seed": seed}


def _painted(pictures, colour):
    """Two channels, one of which is empty."""
    rows = pictures.reshape(len(pictures), 1, -1) * (np.arange(2) == colour[:, None])[:, :, None]
    return rows.reshape(len(pictures), -1)


def _quietly(net, X, y):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the number of rounds is fixed, not until it settles
        net.fit(X, y)


def probed(d, basis):
    """Predictions (draws, m) of a probe on rows projected onto the columns of `basis`."""
    X = d["X"] @ basis
    return np.array([LogisticRegression(max_iter=2000).fit(X[r], d["y"][r]).predict(X) for r in d["draws"]])


def project_and_probe(d, n_directions=DIRECTIONS):
    """The method, with a number of directions fixed beforehand or chosen by cross-validation."""
    model = ProjectAndProbe(n_directions).fit_projection(*d["source"])
    return np.array([model.fit(d["X"][r], d["y"][r]).predict(d["X"]) for r in d["draws"]])


def whole(d):
    """A probe of the whole embedding."""
    return probed(d, np.eye(d["X"].shape[1]))


def by_chance(d):
    """Orthonormal directions drawn by chance."""
    return probed(d, subspaces.random_basis(d["X"].shape[1], DIRECTIONS, np.random.default_rng(d["seed"])))


def principal(d):
    """Directions of most variance in the source."""
    return probed(d, PCA(DIRECTIONS).fit(d["source"][0]).components_.T)


def source_head(d):
    """The source's classifier as it is: no label of the target is used."""
    model = LogisticRegression(C=0.1, max_iter=2000).fit(*d["source"])
    return np.tile(model.predict(d["X"]), (len(d["draws"]), 1))


def accuracy(said, d):
    """Mean accuracy over the draws, on target rows that were not labelled."""
    right = said == d["y"]
    for row, drawn in zip(right, d["draws"]):
        row[drawn] = False
    left = right.shape[1] - np.array([len(drawn) for drawn in d["draws"]])
    return float((right.sum(axis=1) / left).mean())


ARMS = {
    "Pro^2": project_and_probe,
    "whole embedding": whole,
    "random directions": by_chance,
    "principal components": principal,
    "source head": source_head,
}

DIRECTION_ARMS = {
    f"{count} directions": partial(project_and_probe, n_directions=count) for count in (1, 4, 16, 64)
} | {"source head": source_head}
DIGITS = "coloured digits and a network of one layer of 64, not collages of photographs and a pretrained one"
TEXTS = "real texts whose domain is the habit, and 64 singular directions of their words, not photographs"
SETTING = (
    "; directions one after another; four of them, as measured on draws 1001 and 1002 while this was designed"
)


def claim(name, says, make, agreement, labels, holds, departs, arms=ARMS, **options):
    """One setting: how often the habit holds in the target, and how many of its rows are labelled."""
    return Claim(
        paper="S108",
        name=name,
        says=says,
        data=partial(make, agreement=agreement, labels=labels),
        arms=arms,
        measure=accuracy,
        holds=holds,
        departs=departs,
        unit="accuracy",
        seeds=10,
        budget_s=120,
        **options,
    )


CLAIMS = (
    claim(
        "habit-gone",
        "Where a colour that gave the class away tells nothing any more, four directions and 16 labels are five "
        "points ahead of the whole embedding, of other projections and of the source's classifier.",
        coloured_digits, 0.5, (16,), tuple(ahead("Pro^2", of=arm, by=0.05) for arm in ARMS if arm != "Pro^2"),
        DIGITS + SETTING,
    ),
    claim(
        "habit-kept",
        "Where nothing changed, they are ahead of the whole embedding and of other projections, and within two points "
        "of the source's classifier.",
        coloured_digits, AGREE, (4, 16, 64),
        (
            *(ahead("Pro^2", of=arm) for arm in ("whole embedding", "random directions", "principal components")),
            ahead("Pro^2", of="source head", by=-0.02),
        ),
        DIGITS + SETTING + "; mean over 4, 16 and 64 labels",
    ),
    claim(
        "habit-turned-round",
        "Where the colour says the opposite, they are ahead of the source's classifier and of chance directions, and "
        "not a point behind the whole embedding.",
        coloured_digits, 1 - AGREE, (4, 16, 64),
        (
            ahead("Pro^2", of="source head"),
            ahead("Pro^2", of="random directions"),
            ahead("Pro^2", of="whole embedding", by=-0.01),
        ),
        DIGITS + SETTING + "; mean over 4, 16 and 64 labels",
    ),
    claim(
        "texts-habit-gone",
        "Where praise and complaint come from both domains, four directions and 16 labels are three points ahead of "
        "the whole embedding and of other projections.",
        habits_of_domains, 0.5, (16,),
        tuple(ahead("Pro^2", of=arm, by=0.03) for arm in ARMS if arm not in ("Pro^2", "source head")),
        TEXTS + SETTING + "; the source's classifier stands beside and was as good with so few labels",
    ),
    claim(
        "texts-habit-gone-64",
        "With 64 labels they are ahead of all, the source's classifier included.",
        habits_of_domains, 0.5, (64,), tuple(ahead("Pro^2", of=arm) for arm in ARMS if arm != "Pro^2"),
        TEXTS + SETTING,
    ),
    claim(
        "few-directions-mild-shift",
        "The less has changed, the fewer directions are best: one ahead of 4, 16 and all 64.",
        habits_of_domains, AGREE, (16,), tuple(ahead("1 directions", of=f"{d} directions") for d in (4, 16, 64)),
        TEXTS + "; directions one after another", DIRECTION_ARMS,
    ),
    claim(
        "many-directions-severe-shift",
        "Where the habit is turned round and 64 rows are labelled, all 64 directions are ahead of 4 and of one.",
        habits_of_domains, 1 - AGREE, (64,), tuple(ahead("64 directions", of=f"{d} directions") for d in (1, 4)),
        TEXTS + "; directions one after another", DIRECTION_ARMS,
    ),
)  # fmt: skip
