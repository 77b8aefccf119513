"""Do weights from triplets of distances help where answers are numbers, rankings, ordered classes or texts?"""

import warnings
from collections import Counter
from functools import partial

import numpy as np

from labelwright import data
from labelwright.combine.spaces import Answers, FiniteSpace, RankingSpace, RealSpace, TextSpace
from labelwright.combine.universal import UniversalLabelModel
from labelwright.errors import DoubtfulInput
from labelwright.papers.claim import Claim, ahead
from labelwright.parts.distances import kendall_tau
from labelwright.parts.triplets import mallows_sample

THINGS = 5
ROUNDS = 5  # feature sets that each wine is ranked by


def combine(d, space, **options):
    """The weighted centre, without the warning about sources who share too little with others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DoubtfulInput)
        return UniversalLabelModel(space, **options).fit_predict(d["answers"])


def arms(space, **more):
    """Ours and, differing in the weights alone, the unweighted centre of the same space."""
    return {
        "universal": partial(combine, space=space),
        "unweighted": partial(combine, space=space, method=None),
        **more,
    }


def half(rng, n, quick):
    """Positions of a random half of `n`, in order; a fifth of them where quick."""
    return np.sort(rng.permutation(n)[: n // (5 if quick else 2)])


def pollsters(rng, quick=False, days=1):
    """Half of the days, drawn in blocks of so many."""
    found = data.load("pollsters")
    block = np.arange(len(found)) // days
    rows = np.flatnonzero(np.isin(block, half(rng, block.max() + 1, quick)))
    return {"answers": found.extra["sources"][rows], "truth": found.extra["truth"][rows]}


def relative_error(found, d):
    """Squared error as a share of that of the mean of the sources."""
    mean = d["answers"].mean(axis=1)
    return float(((found - d["truth"]) ** 2).mean() / ((mean - d["truth"]) ** 2).mean())


def rankings(rng, quick=False, sources=6):
    """Wines by five of their measures, largest first, as good and poor sources would order them."""
    table = np.asarray(data.load("wine").items, dtype=float)
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    sets = [rng.choice(table.shape[1], THINGS, replace=False) for _ in range(1 if quick else ROUNDS)]
    centre = np.concatenate([np.argsort(-table[:, features], axis=1, kind="stable") for features in sets])
    good = np.arange(sources) < sources // 3
    theta = np.where(good, rng.uniform(2, 5, sources), rng.uniform(0.001, 0.01, sources))
    return {"answers": np.stack([mallows_sample(centre, t, rng) for t in theta], axis=1), "truth": centre}


def tau(found, d):
    """Mean Kendall distance to the true ranking."""
    return float(kendall_tau(found, d["truth"], things=THINGS).mean())


def emotions(rng, quick=False):
    """How strong is a feeling in a headline? Half of the items."""
    found = data.load("crowd-classic", crowd="emotion")
    rows = half(rng, len(found), quick)
    return {"answers": found.extra["sources"][rows], "truth": found.extra["truth"][rows]}


def correlation(found, d):
    """Pearson correlation with the truth."""
    return float(np.corrcoef(found, d["truth"])[0, 1])


def sites(rng, quick=False):
    """How adult is a web site, G, P, R or X? Half of the sites."""
    found = data.load("crowd-classic", crowd="adult")
    rows = half(rng, len(found), quick)
    return {"answers": found.extra["evidence"][rows], "truth": np.asarray(found.truth)[rows].astype(str)}


def steps_off(found, d, order="GPRX"):
    """Mean number of classes between the answer and the truth."""
    place = {name: i for i, name in enumerate(order)}
    return float(np.mean([abs(place[str(a)] - place[str(b)]) for a, b in zip(found, d["truth"])]))


def translations(rng, quick=False, collections=("J1", "T1", "T2")):
    """Half of the sentences of each collection, each with ten or so translations."""
    parts = []
    for name in collections:
        found = data.load("crowd-text-answers", dataset=name)
        table = found.extra["answers"]
        item, worker = table["item"].to_numpy(), table["worker"].to_numpy()
        rows = np.flatnonzero(np.isin(item, half(rng, len(found), quick)))
        said = np.array(table["answer"].to_pylist(), dtype=object)[rows]
        answers = Answers.from_long(item[rows], worker[rows], said)
        parts.append({"answers": answers, "truth": np.asarray(found.truth)[answers.items]})
    return {"parts": parts, "seed": int(rng.integers(2**31))}


def chosen(d, **options):
    """The weighted medoid by edit distance of characters; weights are learned in each collection."""
    return np.concatenate([combine(part, TextSpace(), **options) for part in d["parts"]])


def any_answer(d):
    """One of the answers at random."""
    rng = np.random.default_rng(d["seed"])
    found = []
    for answers in (part["answers"] for part in d["parts"]):
        order = rng.permutation(len(answers.item))
        first = order[np.unique(answers.item[order], return_index=True)[1]]
        found.append(answers.value[first])
    return np.concatenate(found)


def gleu(found, d, most=4):
    """Mean share of common runs of one to four words, of the longer of answer and gold (sentence GLEU)."""
    gold = np.concatenate([part["truth"] for part in d["parts"]])
    return float(np.mean([_gleu(a.lower().split(), b.lower().split(), most) for a, b in zip(found, gold)]))


def _gleu(answer, gold, most):
    one, other = (
        Counter(tuple(words[i : i + n]) for n in range(1, most + 1) for i in range(len(words) - n + 1))
        for words in (answer, gold)
    )
    return (one & other).total() / max(1, one.total(), other.total())


def ranked(sources, by):
    """The claim for one number of sources."""
    return Claim(
        paper="S063",
        name=f"rankings-{sources}",
        says=f"With {sources} sources of which a third are good, weighing them gives rankings nearer to the truth "
        "than the Kemeny ranking does.",
        data=partial(rankings, sources=sources),
        arms=arms(RankingSpace(THINGS)),
        measure=tau,
        holds=ahead("universal", of="unweighted", by=by),
        departs="wines by five of their measures, not films and board games; sources are drawn from Mallows models "
        "(theta 2 to 5, else 0.001 to 0.01); least squares on agreement beyond chance; the best of all 120 orders",
        unit="Kendall distance",
        higher_is_better=False,
        seeds=10,
        budget_s=60,
    )


def polled(name, days, drawn):
    """The claim for one way of drawing days."""
    return Claim(
        paper="S063",
        name=name,
        says="Weights from distances between pollsters give an error at least 15 % below that of their mean.",
        data=partial(pollsters, days=days),
        arms=arms(RealSpace(), median=lambda d: np.median(d["answers"], axis=1)),
        measure=relative_error,
        holds=ahead("universal", of="unweighted", by=0.15),
        departs=f"five pollsters and their aggregate, not the paper's regression; least squares on squared distances; "
        f"seeds draw halves of the 1,001 days {drawn}",
        unit="squared error / that of the mean",
        higher_is_better=False,
        seeds=10,
        budget_s=60,
    )


def written(name, says, holds):
    """A claim about free texts."""
    return Claim(
        paper="S063",
        name=name,
        says=says,
        data=translations,
        arms={"universal": chosen, "unweighted": partial(chosen, method=None), "any answer": any_answer},
        measure=gleu,
        holds=holds,
        departs="free texts, which the paper does not try; agreement beyond chance in place of distances that add up; "
        "seeds draw halves of the sentences, which overlap",
        unit="GLEU",
        seeds=10,
        budget_s=180,
    )


CLAIMS = (
    polled(
        "pollsters",
        1,
        "one by one; they overlap, and a poll stands for many days, so the spread is too small",
    ),
    polled("pollsters-blocks", 50, "in blocks of 50, since a poll stands for many days; the halves overlap"),
    ranked(6, 0.05),
    ranked(18, 0.02),
    Claim(
        paper="S063",
        name="emotions",
        says="Weighing a crowd of raters gives numbers closer to the experts' than their mean is.",
        data=emotions,
        arms=arms(RealSpace(), median=lambda d: np.nanmedian(d["answers"], axis=1)),
        measure=correlation,
        holds=ahead("universal", of="unweighted"),
        departs="38 raters of 140 or more items, ten for each item, not the paper's data; seeds draw halves, which "
        "overlap",
        unit="correlation",
        seeds=10,
        budget_s=60,
    ),
    Claim(
        paper="S063",
        name="ordered-classes",
        says="Weighing raters in the metric of the classes gives fewer steps off than the unweighted centre and the "
        "majority.",
        data=sites,
        arms=arms(
            FiniteSpace.ordered("GPRX"),
            majority=partial(combine, space=FiniteSpace.nominal("GPRX"), method=None),
        ),
        measure=steps_off,
        holds=(ahead("universal", of="unweighted"), ahead("universal", of="majority")),
        departs="269 raters of adult web sites, not the paper's data; agreement beyond chance in place of distances "
        "that add up; seeds draw halves of the sites, which overlap",
        unit="classes off",
        higher_is_better=False,
        seeds=10,
        budget_s=60,
    ),
    written(
        "texts",
        "The answer that the weighted model chooses is nearer to the gold than any one of the answers is.",
        ahead("universal", of="any answer", by=0.03),
    ),
    written(
        "texts-weights",
        "The weighted medoid of texts is nearer to the gold than the unweighted one.",
        ahead("universal", of="unweighted"),
    ),
)
