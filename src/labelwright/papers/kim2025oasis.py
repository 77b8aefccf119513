"""Do pairs and borderline rows save rare classes, and does a network that learns from its own word follow a stream?"""

from functools import partial

import numpy as np
from sklearn.metrics import balanced_accuracy_score, f1_score

from labelwright import data
from labelwright.data import simulate
from labelwright.evidence.classes import encode
from labelwright.papers._newcomers import (
    DETECTED,
    EPOCHS,
    false_classes,
    held_out,
    newcomer,
    pretrained,
    told_apart,
)
from labelwright.papers.claim import Arm, Claim, ahead
from labelwright.parts import losses
from labelwright.shift import BBSE, OpenWorldAdapter

TAIL = 50.0
STEPS, ROWS, WINDOW = 100, 100, 5
PATTERNS = ("linear", "square", "sine", "Bernoulli")
NEEDS = ("torch", "lightning_fabric", "safetensors")


def long_tail(rng, quick=False, name="segment", share=0.5, without=0):
    """A table whose classes fall 50:1 in random order among training rows, and all rows of the rest.

    The last `without` classes do not occur among training rows.
    """
    found = data.load(name)
    X = np.asarray(found.items, dtype=float)
    y, names = encode(found.labels)
    k = len(names)
    y = rng.permutation(k)[y]
    order = rng.permutation(len(y))
    train, test = np.split(order, [int(share * len(order))])
    known = y[train] < k - without
    drawn = simulate.label_shift(y[train][known], rng, long_tail=TAIL)
    train = train[known][drawn.rows]
    return {
        "X": X[train], "y": y[train], "test": X[test], "answer": y[test], "k": k,
        "epochs": 3 if quick else EPOCHS, "seed": int(rng.integers(2**31)), "quick": quick,
    }  # fmt: skip


# Before deployment


def predicted(d, **options):
    """Classes of test rows."""
    return pretrained(d, d["X"], d["y"], **options).predict(d["test"])


def plainly(d, loss=None, even=False, passes=4):
    """The same network trained row by row, with as many rows seen as by pairs (2 passes) or both steps (4)."""
    from labelwright.nets import MLP, Epoch, seeded

    mean, spread = d["X"].mean(axis=0), d["X"].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    X, test = (((rows - mean) / spread).astype(np.float32) for rows in (d["X"], d["test"]))
    hot, k, epochs = np.eye(d["k"])[d["y"]], d["k"], passes * d["epochs"]
    net = seeded(lambda: MLP(X.shape[1], k, hidden=(64, 64, 32)), d["seed"])
    epoch = Epoch(
        net, X, loss=loss, epochs=epochs, batch_size=64, device="cpu", random_state=d["seed"], show=False
    )
    rng = np.random.default_rng(d["seed"])
    members = [np.flatnonzero(d["y"] == c) for c in range(k)]
    for _ in range(epochs):
        rows = np.arange(len(X))
        if even:
            rows = np.array([members[c][rng.integers(len(members[c]))] for c in rng.integers(k, size=len(X))])
        epoch.renew(X[rows])
        epoch(hot[rows])
    return epoch.predict(test).argmax(axis=1)


def balanced(said, d):
    """Balanced accuracy on test rows."""
    return float(balanced_accuracy_score(d["answer"], said))


def macro_f1(said, d):
    """Mean F1 of the classes on test rows."""
    return float(f1_score(d["answer"], said, average="macro"))


TRAINED: dict[str, Arm] = {
    "both steps": predicted,
    "pairs alone": partial(predicted, border=None),
    "pairs without distances": partial(predicted, border=None, lam=1.0),
    "cross-entropy": plainly,
    "oversampling": partial(plainly, even=True),
    "focal loss": partial(plainly, loss=losses.focal),
}

FIRST_STEP: dict[str, Arm] = {
    "pairs": partial(predicted, border=None),
    "pairs without distances": partial(predicted, border=None, lam=1.0),
    "cross-entropy": partial(plainly, passes=2),
    "oversampling": partial(plainly, even=True, passes=2),
    "focal loss": partial(plainly, loss=losses.focal, passes=2),
    "cross-entropy, twice the rows": plainly,
    "oversampling, twice the rows": partial(plainly, even=True),
}


# After deployment


def moving(pattern, steps, rng):
    """How far the balance has gone from the first to the second, in [0, 1], step by step."""
    t, root = np.arange(steps), np.sqrt(steps)
    if pattern == "linear":
        return t / max(steps - 1, 1)
    if pattern == "square":
        return (t // max(1, int(root / 2)) % 2).astype(float)
    if pattern == "sine":
        return np.abs(np.sin(t * np.pi / root))
    return (np.cumsum(rng.random(steps) < 1 / root) % 2).astype(float)


def streams(rng, quick=False, name="segment", share=0.5):
    """A network trained on the long tail, held-out rows of it, and batches whose balance moves to the reverse."""
    d = long_tail(rng, quick, name, share)
    held = held_out(d, rng)
    model = pretrained(d, d["X"][~held], d["y"][~held])
    first = TAIL ** -np.linspace(0, 1, d["k"])
    first /= first.sum()
    found = []
    for pattern in PATTERNS:
        batches = []
        for a in moving(pattern, 10 if quick else STEPS, rng):
            prior = (1 - a) * first + a * first[::-1]
            drawn = simulate.label_shift(
                d["answer"], rng, prior=prior, n=ROWS, replace=True, n_classes=d["k"]
            )
            batches.append((d["test"][drawn.rows], drawn.truth))
        found.append(batches)
    return d | {"model": model, "held": (d["X"][held], d["y"][held]), "streams": found}


def followed(d, **options):
    """Share of right answers and of steps with an update, over all streams; answers come after the update."""
    right, updates = [], []
    for batches in d["streams"]:
        adapter = OpenWorldAdapter(d["model"], held_out="prefit", random_state=d["seed"], **options)
        adapter.fit(*d["held"])
        for X, truth in batches:
            updates.append(adapter.partial_adapt(X).updated)
            right.append((adapter.predict(X) == truth).mean())
    return float(np.mean(right)), float(np.mean(updates))


def unmoved(d):
    """The network stays as it was trained."""
    right = [(d["model"].predict(X) == truth).mean() for batches in d["streams"] for X, truth in batches]
    return float(np.mean(right)), 0.0


def window(d):
    """Balance of the last five batches by black-box estimation, and probabilities corrected by it (FTFWH)."""
    import warnings

    X, y = d["held"]
    right = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a rare class may have no held-out row
        estimator = BBSE().fit(d["model"].predict_proba(X), y, range(d["k"]))
    for batches in d["streams"]:
        seen: list[np.ndarray] = []
        for rows, truth in batches:
            probs = d["model"].predict_proba(rows)
            seen = [*seen, probs][-WINDOW:]
            estimator.estimate(np.vstack(seen))
            right.append((estimator.correct(probs).argmax(axis=1) == truth).mean())
    return float(np.mean(right)), 0.0


FOLLOWED: dict[str, Arm] = {
    "gated": followed,
    "every batch": partial(followed, phi_cos=1.1),
    "every batch and row": partial(followed, phi_cos=1.1, phi_ent=0.0),
    "no update": unmoved,
    "window of priors": window,
}


def accuracy(result, d):
    """Share of right answers over all steps."""
    return result[0]


def updates(result, d):
    """Share of steps with an update."""
    return result[1]


TABLES = {"satellite": 0.12, "segment": 0.5}
DEPARTS = (
    "tables of soil and of pictures, not network traffic; multilayer perceptron of 64, 64 and 32; our readings of the "
    "thresholds; epochs, batch size and rate as measured on draws 1001 to 1003 while this was designed"
)


def rare_classes(name, measure, unit, suffix):
    """Both steps against one, none, and what is usual for rare classes."""
    return Claim(
        paper="S100",
        name=f"rare-classes-{name}{suffix}",
        says="Trained on a 50:1 tail, pairs and borderline rows together are ahead of pairs alone, these of "
        "cross-entropy, and both steps of oversampling and of the focal loss.",
        data=partial(long_tail, name=name, share=TABLES[name]),
        arms=TRAINED,
        measure=measure,
        holds=(
            ahead("both steps", of="pairs alone"),
            ahead("pairs alone", of="cross-entropy"),
            ahead("both steps", of="cross-entropy"),
            ahead("both steps", of="oversampling"),
            ahead("both steps", of="focal loss"),
        ),
        departs=DEPARTS,
        unit=unit,
        seeds=6,
        budget_s=180,
        needs=NEEDS,
    )


def stream(name, suffix, says, holds, measure, unit, arms=FOLLOWED, **options):
    """Four streams whose balance moves, in one claim."""
    return Claim(
        paper="S100",
        name=f"stream-{name}{suffix}",
        says=says,
        data=partial(streams, name=name, share=TABLES[name]),
        arms=arms,
        measure=measure,
        holds=holds,
        departs=DEPARTS + "; mean over linear, square, sine and Bernoulli shifts of 100 steps",
        unit=unit,
        seeds=5,
        budget_s=180,
        needs=NEEDS,
        **options,
    )


def new_class(name, appears):
    """A class that nobody told of, in a stream where it appears or does not."""
    return Claim(
        paper="S100",
        name=f"new-class-{name}" if appears else f"no-new-class-{name}",
        says="Most rows of a class that nobody told of get an output of its own, far more than by unsure rows and "
        "k-means, and at most a tenth fewer than lie far from all classes."
        if appears
        else "Where no new class appears, at most one is found in every second stream.",
        data=partial(newcomer, name=name, appears=appears),
        arms=DETECTED if appears else {arm: DETECTED[arm] for arm in list(DETECTED)[:3]},
        measure=told_apart if appears else false_classes,
        holds=(
            ahead("detection", of="no detection", by=0.5),
            ahead("detection", of="unsure rows and k-means", by=0.1),
            ahead("detection", of="far rows", by=-0.1),
        )
        if appears
        else ahead("detection", of="no detection", by=-0.5),
        departs="tables of pictures, digits and soil, not network traffic; pairs alone before, no long tail; our "
        "own rule for unknown rows, as the paper's is not known to us; the unknown class drawn anew with each seed; "
        "tables and margins chosen on draws 1001 to 1003",
        unit="share of new rows less share of known ones, on rows not streamed"
        if appears
        else "false new classes",
        higher_is_better=appears,
        seeds=10,
        budget_s=180,
        needs=NEEDS,
    )


FOLLOWS = (
    "Gated self-training is two points ahead of no update, half a point behind updating always at most, and ahead of "
    "priors by a window."
)
AHEAD = (
    ahead("gated", of="no update", by=0.02),
    ahead("gated", of="every batch", by=-0.005),
    ahead("gated", of="window of priors"),
)
CLAIMS = (
    *(rare_classes(name, balanced, "balanced accuracy", "") for name in TABLES),
    rare_classes("segment", macro_f1, "macro F1", "-f1"),
    stream("satellite", "", FOLLOWS, AHEAD, accuracy, "accuracy"),
    stream("segment", "", FOLLOWS, AHEAD, accuracy, "accuracy"),
    stream(
        "segment",
        "-updates",
        "The gate lets through fewer than 60 % of the steps that updating always takes.",
        ahead("gated", of="every batch", by=0.4),
        updates,
        "share of steps",
        {name: FOLLOWED[name] for name in ("gated", "every batch")},
        higher_is_better=False,
    ),
    Claim(
        paper="S100",
        name="first-step-letter",
        says="Trained on a 50:1 tail of 26 letters, pairs are ahead of cross-entropy and at most a point behind "
        "oversampling, with as many rows seen.",
        data=partial(long_tail, name="letter", share=0.2),
        arms=FIRST_STEP,
        measure=balanced,
        holds=(
            ahead("pairs", of="cross-entropy"),
            ahead("pairs", of="oversampling", by=-0.01),
        ),
        departs="letters, not network traffic; the first step alone, since the second took back half or more of what "
        "it had won on two other tables; multilayer perceptron of 64, 64 and 32; tried on draws 1001 and 1002",
        unit="balanced accuracy",
        seeds=8,
        budget_s=180,
        needs=NEEDS,
    ),
    *(new_class(name, appears) for appears in (True, False) for name in ("segment", "digits", "satellite")),
)
