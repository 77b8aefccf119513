"""Are class weights better when the estimate knows that some rows are of no known class? And how many are they?"""

from functools import partial

import numpy as np
from sklearn.neural_network import MLPClassifier

from labelwright import data
from labelwright.data import simulate
from labelwright.evidence.classes import encode
from labelwright.papers.claim import Arm, Claim, ahead
from labelwright.parts import open_set
from labelwright.shift import BBSE, MLLS
from labelwright.shift.open_set import OpenSetLabelShift
from labelwright.shift.open_set_reference import nearness, reference_rows

KNOWN, OTHERS, NEW, TARGETS = 6, 4, 1500, 5


def mixed(rng, quick=False, name="letter", share=0.5):
    """Six classes that a network knows, and targets of another balance in which four more classes occur.

    A third of the known rows trains the network and is what nearness is measured to; a sixth is held out; targets are
    drawn from the rest, ``1 - share`` of their rows from the other four classes.
    """
    X, y = rows_of(name)
    names = rng.permutation(y.max() + 1)[: KNOWN + OTHERS]
    code = np.full(y.max() + 1, -1)
    code[names[:KNOWN]] = np.arange(KNOWN)
    inside = rng.permutation(np.flatnonzero(code[y] >= 0))
    outside = np.flatnonzero(np.isin(y, names[KNOWN:]))
    seen, held, rest = np.split(inside, [len(inside) // 3, len(inside) // 2])
    seed = int(rng.integers(2**31))
    model = MLPClassifier((64,), early_stopping=True, max_iter=300, random_state=seed).fit(
        X[seen], code[y[seen]]
    )
    labels, told = code[y[rest]], code[y[held]]
    references = reference_rows(X[held], told, random_state=seed)
    targets = []
    for _ in range(2 if quick else TARGETS):
        known = round(share * NEW)
        shifted = simulate.label_shift(labels, rng, dirichlet=1.0, n=known, replace=True, n_classes=KNOWN)
        rows = np.concatenate([rest[shifted.rows], rng.choice(outside, NEW - known)])
        truth = np.concatenate([shifted.truth, np.full(NEW - known, KNOWN)])
        weights = shifted.realised / (np.bincount(told, minlength=KNOWN) / len(held))
        targets.append((model.predict_proba(X[rows]), nearness(X[seen], X[rows]), weights, truth))
    return {
        "source": (
            model.predict_proba(X[held]),
            told,
            nearness(X[seen], X[held]),
            nearness(X[seen], references),
        ),
        "targets": targets,
        "share": share,
    }


def rows_of(name):
    """Features and codes: measures of letters, standardised, or digits of 7x7 pixels."""
    found = data.load(name)
    y, _ = encode(found.labels)
    X = np.asarray(found.items, dtype=float)
    if X.ndim > 2:
        return (X / 255).reshape(len(X), 7, 4, 7, 4).mean(axis=(2, 4)).reshape(len(X), 49), y
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def opened(d, **options):
    """Ours: weights, corrected probabilities of k + 1 classes, and the share of the unknown, target by target."""
    found = OpenSetLabelShift(**options).fit(*d["source"])
    results = []
    for probs, scores, _, _ in d["targets"]:
        unknown = found.estimate(probs, scores).unknown
        results.append((found.weights_, found.correct(probs, scores), unknown, found.raw_unknown_))
    return results


def closed(d, estimator):
    """An estimator of known classes alone, and the same detector in front of its corrected probabilities."""
    probs_source, told, *_ = d["source"]
    fitted = estimator.fit(probs_source, told)
    detector = OpenSetLabelShift().fit(*d["source"]).detector_
    results = []
    for probs, scores, _, _ in d["targets"]:
        fitted.estimate(probs)
        joint = open_set.extended(fitted.correct(probs), detector.degree(scores))
        results.append((fitted.weights_, joint, 0.0, 0.0))
    return results


def as_before(d):
    """No correction: every weight is 1, and the detector decides by itself."""
    detector = OpenSetLabelShift().fit(*d["source"]).detector_
    return [
        (np.ones(KNOWN), open_set.extended(probs, detector.degree(scores)), 0.0, 0.0)
        for probs, scores, _, _ in d["targets"]
    ]


def error(results, d):
    """Logarithm of the mean squared error of the weights."""
    return float(np.log(np.mean([((w - t[2]) ** 2).mean() for (w, *_), t in zip(results, d["targets"])])))


def accuracy(results, d):
    """Of k + 1 classes."""
    return float(
        np.mean([(probs.argmax(axis=1) == t[3]).mean() for (_, probs, *_), t in zip(results, d["targets"])])
    )


def off(shares, d):
    """Mean absolute error of the share of rows that are of no known class."""
    return float(np.abs(np.array(shares) - (1 - d["share"])).mean())


ARMS: dict[str, Arm] = {
    "open set": opened,
    "open set, one rate": partial(opened, count="line"),
    "open set, curve": partial(opened, count="curve"),
    "MLLS": lambda d: closed(d, MLLS(calibration=None)),
    "MLLS + BCTS": lambda d: closed(d, MLLS()),
    "BBSE": lambda d: closed(d, BBSE()),
    "no correction": as_before,
}
DEPARTS = (
    "a network of 64 units on tables, six known classes and four others; nearness to training rows as the detector, "
    "blends of two rows as references; the detector's rate class by class; five targets of 1,500 rows a seed"
)


def weights(name, share, *, kind="weights", ours="open set"):
    """The claim about the weights of the known classes."""
    return Claim(
        paper="S059",
        name=f"{kind}-{name}-{round(100 * (1 - share))}",
        says="Where new data hold a class never seen, weights estimated with it in mind are nearer to the truth than "
        "those of closed-set estimators.",
        data=partial(mixed, name=name, share=share),
        arms=ARMS,
        measure=error,
        holds=tuple(ahead(ours, of=arm) for arm in ("MLLS", "MLLS + BCTS", "BBSE", "no correction")),
        departs=DEPARTS,
        unit="log mean squared error",
        higher_is_better=False,
        seeds=20,
    )


def correction(name, share):
    """The claim about predictions of k + 1 classes."""
    return Claim(
        paper="S059",
        name=f"accuracy-{name}-{round(100 * (1 - share))}",
        says="The estimate corrects predictions of known classes and unknown ones without training again, better than "
        "closed-set estimators behind the same detector.",
        data=partial(mixed, name=name, share=share),
        arms={
            arm: ARMS[arm]
            for arm in ("open set", "open set, one rate", "open set, curve", "MLLS", "no correction")
        },
        measure=accuracy,
        holds=tuple(ahead("open set", of=arm) for arm in ("MLLS", "no correction")),
        departs=DEPARTS,
        unit="accuracy",
        seeds=20,
    )


def stages(name, share):
    """The claim about the third stage."""
    return Claim(
        paper="S059",
        name=f"unknown-{name}-{round(100 * (1 - share))}",
        says="Counting out the detector's errors brings the share of the unknown nearer to the truth.",
        data=partial(mixed, name=name, share=share),
        arms={
            "third stage": lambda d: [r[2] for r in opened(d)],
            "second stage": lambda d: [r[3] for r in opened(d)],
            "third stage, one rate": lambda d: [r[2] for r in opened(d, count="line")],
            "third stage, curve": lambda d: [r[2] for r in opened(d, count="curve")],
            "none": lambda d: [0.0] * len(d["targets"]),
        },
        measure=off,
        holds=(ahead("third stage", of="second stage"), ahead("third stage", of="none")),
        departs=DEPARTS,
        unit="absolute error",
        higher_is_better=False,
        seeds=20,
    )


CLAIMS = tuple(
    claim(name, share)
    for claim in (
        weights,
        partial(weights, kind="one-rate", ours="open set, one rate"),  # nearest to what was published
        correction,
        stages,
    )
    for name in ("letter", "mnist-10k")
    for share in (0.5, 0.8)
)
