"""Do pseudo-labels of what experts would say teach a model when to ask them, where each has answered little?"""

from functools import partial

import numpy as np

from labelwright import data
from labelwright.combine.deferral import (
    ExpertiseModel,
    PopulationDeferral,
    contexts,
    deferral_report,
    draw_experts,
)
from labelwright.papers.claim import Claim, ahead

POOL = 300
EXPERTS, SHOWN, EPOCHS = 10, 50, 60
HALF = 8.0  # of the 16 levels of grey
NEEDS = ("torch", "lightning_fabric", "safetensors")


def population(rng, quick=False, labels=20, train=600, noise=HALF):
    """Digits to learn from; ten experts who know 3 or 4 digits, of whom five, and five new ones, can be asked later.

    Each training expert has answered `labels` of the digits. At test an expert is known by 50 answers about digits
    that are neither trained nor tested on. Noise has this standard deviation in each pixel; without it the classifier
    is right so often that nobody need be asked.
    """
    found = data.load("digits")
    X, y = np.asarray(found.items, dtype=float), np.asarray(found.labels).astype(int)
    X += noise * rng.normal(size=X.shape)
    seen, pool, test = np.split(rng.permutation(len(y)), [train, train + POOL])
    trained, new = draw_experts(EXPERTS, range(10), rng), draw_experts(EXPERTS // 2, range(10), rng)
    full = answers(trained, y[seen], rng)
    few = np.full(full.shape, np.nan)
    for e in range(EXPERTS):
        rows = rng.choice(train, labels, replace=False)
        few[rows, e] = full[rows, e]
    asked = trained[: EXPERTS // 2] + new
    known = np.full((POOL, EXPERTS), np.nan)
    for e, said in enumerate(answers(asked, y[pool], rng).T):
        rows = rng.choice(POOL, SHOWN, replace=False)
        known[rows, e] = said[rows]
    return {
        "X": X[seen],
        "y": y[seen],
        "full": full,
        "few": few,
        "known": contexts(X[pool], y[pool], known),
        "test": X[test],
        "truth": y[test],
        "said": answers(asked, y[test], rng),
        "new": np.arange(EXPERTS) >= EXPERTS // 2,
        "seed": int(rng.integers(2**31)),
        "epochs": 3 if quick else EPOCHS,
        "done": {},
    }


def answers(experts, y, rng):
    """What each expert says of each item: (n, E)."""
    return np.column_stack([expert.answer(y, range(10), rng) for expert in experts])


def pseudo_labels(d):
    """The answers that the expertise model fills in."""
    if "pseudo" not in d["done"]:
        model = ExpertiseModel(epochs=d["epochs"], device="cpu", random_state=d["seed"], show=False)
        d["done"]["pseudo"] = model.fit(d["X"], d["few"], d["y"]).pseudo_labels()
    return d["done"]["pseudo"]


def class_counts(d):
    """Answers filled in by counting: right where the expert was, more often than not, right about that class."""
    right = np.where(np.isnan(d["few"]), np.nan, d["few"] == d["y"][:, None])
    filled = d["few"].copy()
    for e in range(EXPERTS):
        for c in range(10):
            rows = d["y"] == c
            seen = right[rows, e][~np.isnan(right[rows, e])]
            hit = np.mean(seen if len(seen) else right[~np.isnan(right[:, e]), e]) > 0.5
            filled[rows & np.isnan(filled[:, e]), e] = c if hit else (c + 1) % 10
    return filled


def deferring(d, told, encoder="attn"):
    """Accuracy of the classifier with each expert, after training on these answers; trained once, asked twice."""
    key = (told if isinstance(told, str) else told.__name__, encoder)
    if key not in d["done"]:
        model = PopulationDeferral(
            encoder=encoder,
            context=SHOWN,
            epochs=d["epochs"],
            device="cpu",
            random_state=d["seed"],
            show=False,
        )
        model.fit(d["X"], d["y"], d[told] if isinstance(told, str) else told(d))
        d["done"][key] = model.report(d["test"], d["truth"], d["said"], d["known"]).system
    return d["done"][key]


def never(d):
    """The classifier alone: the same net, allowed to defer nothing."""
    model = PopulationDeferral(
        encoder=None, epochs=d["epochs"], device="cpu", random_state=d["seed"], show=False
    )
    model.fit(d["X"], d["y"], d["full"])
    return model.report(d["test"], d["truth"], d["said"], d["known"], budget=0.0).system


def always(d):
    """The expert alone."""
    return deferral_report(d["said"], d["truth"], d["said"]).system


def on_new(arm, **options):
    """An arm's accuracy with the experts that training did not see."""
    return lambda d: arm(d, **options)[d["new"]]


def ours(name, says, labels, holds, what="600 digits with noise", **options):
    """The claim for so many labels an expert."""
    return Claim(
        paper="S040",
        name=name,
        says=says,
        data=partial(population, labels=labels, **options),
        arms={
            "pseudo-labels": partial(deferring, told=pseudo_labels),
            "few labels": partial(deferring, told="few"),
            "all labels": partial(deferring, told="full"),
            "class counts": partial(deferring, told=class_counts),
            "no context": partial(deferring, told=pseudo_labels, encoder=None),
            "never defer": never,
            "always defer": always,
            "pseudo-labels, new experts": on_new(deferring, told=pseudo_labels),
            "no context, new experts": on_new(deferring, told=pseudo_labels, encoder=None),
        },
        measure=lambda system, d: float(np.mean(system)),
        holds=holds,
        departs=f"{what} and a net of two layers in place of CIFAR-10 and a wide residual network; attention "
        "in place of averaging; jitter in place of changes to pictures; all arms learn the classes from all images",
        unit="system accuracy",
        seeds=5,
        needs=NEEDS,
        budget_s=180,
    )


GAIN = ahead("pseudo-labels", of="few labels", by=0.02)

CLAIMS = (
    ours(
        "twenty-labels",
        "With 20 answers an expert, pseudo-labels of the other answers gain 2 points over training on the 20 alone.",
        20,
        GAIN,
        "200 clean digits",
        train=200,
        noise=0.0,
    ),
    ours(
        "twenty-labels-noisy",
        "With 20 answers an expert and a classifier that errs often, pseudo-labels gain 2 points over the 20 alone, "
        "and asking beats never asking.",
        20,
        (GAIN, ahead("pseudo-labels", of="never defer")),
    ),
    ours(
        "hundred-labels",
        "With 100 answers an expert, pseudo-labels are within 2 points of all true answers, and a model that ignores "
        "the context is behind on new experts.",
        100,
        (
            ahead("pseudo-labels", of="all labels", by=-0.02),
            ahead("pseudo-labels, new experts", of="no context, new experts"),
        ),
    ),
)
