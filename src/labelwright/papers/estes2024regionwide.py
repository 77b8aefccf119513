"""Does the skill that control sites show make better maps, and does the risk show where a map is wrong?"""

import numpy as np
from scipy import ndimage
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from labelwright import data
from labelwright.combine.spatial import LabellerRegistry, consensus, posterior_consensus
from labelwright.papers.claim import Claim, ahead

LABELLERS, CONTROLS, SITES = 8, 6, 12
BUSY = (8, 60)  # nuclei of a picture
ASKED, CLEAR = (
    5,
    0.5,
)  # people who are asked of a tweet; mean rating, of -4 to 4, beyond which the others are clear


def nuclei(rng, quick=False):
    """Nuclei that people outlined and corrected, drawn again by eight labellers of hidden skill, from 0.1 to 0.8.

    The less skilled a labeller, the more nuclei are left out, the farther are outlines off and the more they are grown
    or shrunk.
    """
    found = data.load("dsb-nuclei")
    counts = np.asarray(found.labels)
    usable = [
        i
        for i in np.flatnonzero((counts >= BUSY[0]) & (counts <= BUSY[1]))
        if found.extra["fixed"][i] is not None and found.extra["fixed"][i].size <= 300 * 400
    ]
    chosen = rng.choice(usable, (2 + 3) if quick else CONTROLS + SITES, replace=False)
    maps = [found.extra["fixed"][i] for i in chosen]
    skills = np.linspace(0.1, 0.8, LABELLERS)[rng.permutation(LABELLERS)]
    draws = [np.stack([drawn(truth, skill, rng) for skill in skills]) for truth in maps]
    cut = 2 if quick else CONTROLS
    registry = LabellerRegistry()
    for truth, masks in zip(maps[:cut], draws[:cut]):
        for who, mask in enumerate(masks):
            registry.assess(who, mask, truth)
    return {"registry": registry, "skills": skills, "truth": maps[cut:], "masks": draws[cut:]}


def drawn(truth, skill, rng):
    """What a labeller makes of the nuclei of a picture: (height, width) of bool."""
    bad = 1 - skill
    numbers = np.unique(truth[truth > 0])
    mask = np.isin(truth, numbers[rng.random(len(numbers)) >= 0.7 * bad])
    change = int(rng.integers(0, 1 + round(4 * bad)))
    if change:
        grow = rng.random() < 0.5
        change_by = ndimage.binary_dilation if grow else ndimage.binary_erosion
        mask = change_by(mask, iterations=change)
    shift = np.rint(rng.normal(0, 4 * bad, 2)).astype(int)
    return ndimage.shift(mask.astype(np.uint8), shift, order=0).astype(bool)


def majority(d, rasters):
    """Every labeller counts the same."""
    return [consensus(masks) for masks in rasters]


def by_quality(d, rasters):
    """Labellers count by their score and recall on the control sites."""
    return [consensus(masks, d["registry"].weights(range(LABELLERS))) for masks in rasters]


def by_bayes(d, rasters):
    """Labellers count by how they confuse the classes on the control sites."""
    registry = d["registry"]
    confusion = registry.confusion(range(LABELLERS))
    return [posterior_consensus(masks, confusion, registry.prior) for masks in rasters]


def best_labeller(d, rasters):
    """The one labeller with the best score on the control sites."""
    best = int(d["registry"].scores(range(LABELLERS)).argmax())
    return [consensus(masks[[best]], min_labellers=1) for masks in rasters]


def on_sites(method):
    """An arm: maps of the sites that are no control sites."""
    return lambda d: method(d, d["masks"])


def iou(made, d):
    """Overlap of the maps with the truth, intersection over union, all sites together."""
    both = either = 0
    for found, truth in zip(made, d["truth"]):
        said, there = found.labels == 1, truth > 0
        both, either = both + (said & there).sum(), either + (said | there).sum()
    return both / either


def finds_errors(made, d):
    """Chance that a wrong pixel has a higher risk than a right one, mean of the sites with errors."""
    found = []
    for one, truth in zip(made, d["truth"]):
        wrong = (one.labels == 1) != (truth > 0)
        if wrong.any() and not wrong.all():
            found.append(roc_auc_score(wrong.ravel(), one.risk.ravel()))
    return float(np.mean(found))


def no_risk(d):
    """The same doubt everywhere."""
    return [one._replace(risk=np.full(one.risk.shape, 0.5)) for one in by_quality(d, d["masks"])]


def by_score(d):
    """Labellers by their mean score on the control sites."""
    return d["registry"].scores(range(LABELLERS))


def by_chance(d):
    """Labellers in the order in which they came, which says nothing."""
    return np.arange(LABELLERS)


def ranks_skill(order, d):
    """Spearman correlation with the hidden skill; 0 where all come equal."""
    return 0.0 if np.ptp(order) == 0 else float(spearmanr(order, d["skills"]).statistic)


def all_equal(d):
    """Nobody is better than anybody."""
    return np.zeros(LABELLERS)


def tweets(rng):
    """What five people say of a tweet, positive or negative, and what all others who were asked say of it.

    Zeros say nothing. Tweets of which the others are of two minds, or the five say nothing, are left out.
    """
    found = data.load("crowd-sentiment")
    rows = np.flatnonzero(found.extra["domain"] == "tweets")
    ratings = [rng.permutation(found.extra["ratings"][i]) for i in rows]
    five = np.sign([r[:ASKED] for r in ratings]).astype(int)
    others = np.array([r[ASKED:].mean() for r in ratings])
    keep = (np.abs(others) > CLEAR) & (five != 0).any(axis=1)
    votes = np.where(five == 0, -1, (five > 0).astype(int))[keep]
    return {"masks": votes.T[:, :, None], "truth": (others[keep] > 0)[:, None]}


def of_five(d):
    """Consensus of the five, with the risk that votes against it make."""
    return [consensus(d["masks"], min_labellers=1)]


def of_five_blind(d):
    """The same consensus, and the same doubt everywhere."""
    return [one._replace(risk=np.full(one.risk.shape, 0.5)) for one in of_five(d)]


def finds_wrong_tweets(made, d):
    """Chance that a wrong tweet has a higher risk than a right one."""
    wrong = (made[0].labels == 1) != d["truth"]
    return float(roc_auc_score(wrong.ravel(), made[0].risk.ravel()))


DEPARTS = (
    "nuclei that people outlined, in place of crop fields; eight simulated labellers, of known skill; 6 control sites, "
    "12 others"
)

MAPS = {
    "by quality": on_sites(by_quality),
    "majority": on_sites(majority),
    "by Bayes": on_sites(by_bayes),
    "best labeller": on_sites(best_labeller),
}

CLAIMS = (
    Claim(
        paper="S019",
        name="quality-weighted",
        says="Where labellers differ in skill, weighing them by control sites gives maps nearer to the truth.",
        data=nuclei,
        arms=MAPS,
        measure=iou,
        holds=ahead("by quality", of="majority", by=0.02),
        departs=DEPARTS,
        unit="intersection over union",
        seeds=8,
        budget_s=90,
    ),
    Claim(
        paper="S019",
        name="confusions-weighted",
        says="Where labellers differ in skill, Bayes with what control sites say of their errors gives maps nearer to "
        "the truth.",
        data=nuclei,
        arms=MAPS,
        measure=iou,
        holds=ahead("by Bayes", of="majority", by=0.02),
        departs=DEPARTS + "; confusions of each labeller in place of a weight for each class",
        unit="intersection over union",
        seeds=8,
        budget_s=90,
    ),
    Claim(
        paper="S019",
        name="risk-finds-errors",
        says="The risk of a pixel shows where the consensus is wrong.",
        data=nuclei,
        arms={"risk": on_sites(by_quality), "risk by Bayes": on_sites(by_bayes), "no risk": no_risk},
        measure=finds_errors,
        holds=ahead("risk", of="no risk", by=0.3),
        departs=DEPARTS + "; 0.3 above the blind 0.5 is an area of 0.8",
        unit="area under the ROC curve",
        seeds=8,
        budget_s=90,
    ),
    Claim(
        paper="S019",
        name="scores-rank-skill",
        says="The score on control sites puts labellers in the order of their hidden skill.",
        data=nuclei,
        arms={"score": by_score, "order of arrival": by_chance},
        measure=ranks_skill,
        holds=ahead("score", of="order of arrival", by=0.5),
        departs=DEPARTS,
        unit="rank correlation",
        seeds=8,
        budget_s=90,
    ),
    Claim(
        paper="S019",
        name="scores-rank-skill-again",
        says="The score on control sites puts labellers in the order of their hidden skill.",
        data=nuclei,
        arms={"score": by_score, "no order": all_equal},
        measure=ranks_skill,
        holds=ahead("score", of="no order", by=0.8),
        departs=DEPARTS
        + "; against no order at all, whose correlation is 0, since that with an order of arrival is "
        "itself a draw with a standard deviation of 0.38",
        unit="rank correlation",
        seeds=8,
        supersedes="scores-rank-skill",
        budget_s=90,
    ),
    Claim(
        paper="S019",
        name="risk-of-five-people",
        says="Where few people were asked, the risk shows where their consensus is wrong.",
        data=tweets,
        arms={"risk": of_five, "no risk": of_five_blind},
        measure=finds_wrong_tweets,
        holds=ahead("risk", of="no risk", by=0.2),
        departs="tweets in place of pixels, real people of equal weight; the truth is what the 15 or more others say; "
        "people draw no outlines; 0.2 above the blind 0.5 is an area of 0.7",
        unit="area under the ROC curve",
        seeds=8,
        budget_s=60,
    ),
)
