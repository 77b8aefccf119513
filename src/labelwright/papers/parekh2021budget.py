"""Under a budget of re-checks, does the distance of classes in their tree find more of the errors that matter?"""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from labelwright import data
from labelwright.audit.budget import expected_distance, predicted_distance
from labelwright.evidence import Exact
from labelwright.loops import cross_fit
from labelwright.papers.claim import Claim, ahead
from labelwright.parts import scores
from labelwright.parts.label_tree import LabelTree

BUDGET = 0.1  # of the items
LEAVES = ("neutral", "feeling/neg/mild", "feeling/neg/strong", "feeling/pos/mild", "feeling/pos/strong")


def leaf(rating):
    """Kind of a rating from -4 to 4: neutral, or mild or strong on one side."""
    size = np.abs(rating)
    return np.where(size < 0.5, 0, np.where(rating < 0, 1, 3) + (size > 1.5))


def rated_sentences(rng, quick=False):
    """Sentences with the kind of one person's rating, wrong where it contradicts the side that all others take.

    The others' mean is the truth; errors of strength alone are no errors here. A linear model of words gives
    probabilities of sentences that it did not see.
    """
    found = data.load("crowd-sentiment")
    rows = rng.choice(len(found.items), 1500 if quick else 6000, replace=False)
    given, truth = [], []
    for i in rows:
        ratings = np.asarray(found.extra["ratings"][i], dtype=float)
        one = int(rng.integers(len(ratings)))
        given.append(ratings[one])
        truth.append(np.delete(ratings, one).mean())
    codes, true = leaf(np.array(given)), leaf(np.array(truth))
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    X = words.fit_transform([found.items[i] for i in rows])
    told = Exact.from_codes(codes, range(5))
    probs = cross_fit(
        LogisticRegression(max_iter=300), X, told, random_state=int(rng.integers(2**31)), show=False
    )
    side = np.array([0, -1, -1, 1, 1])
    return {
        "probs": probs,
        "labels": Exact([LEAVES[c] for c in codes], classes=list(LEAVES)),
        "wrong": side[codes] != side[true],
        "tree": LabelTree.from_paths(LEAVES),
        "rng": rng,
    }


def expected(d):
    """By the distance that the true class is expected to have."""
    return expected_distance(d["probs"], d["labels"], d["tree"])


def far(d):
    """By the distance of the predicted class, the farthest first."""
    return predicted_distance(d["probs"], d["labels"], d["tree"])


def near(d):
    """By the distance of the predicted class, the nearest first."""
    return predicted_distance(d["probs"], d["labels"], d["tree"], direction="near")


def mispredicted(d):
    """Predicted otherwise than labelled, the surest first."""
    said, sure = d["probs"].argmax(axis=1), d["probs"].max(axis=1)
    return np.where(said == d["labels"].codes, -sure, sure)


def doubt(d):
    """By the probability that the label is wrong, whatever else it may be."""
    return scores.doubt(d["probs"], d["labels"])


def at_random(d):
    """In any order."""
    return d["rng"].random(len(d["wrong"]))


def caught(ranking, d):
    """Share of the errors among the tenth of the items that is looked at first."""
    first = np.argsort(-ranking, kind="stable")[: int(BUDGET * len(ranking))]
    return float(d["wrong"][first].sum() / d["wrong"].sum())


ARMS = {
    "expected distance": expected,
    "far first": far,
    "near first": near,
    "mispredicted, surest first": mispredicted,
    "doubt": doubt,
    "random": at_random,
}
DEPARTS = (
    "sentences and their feeling in place of relations; only errors of the side count; the definitions of the paper's "
    "two strategies could not be checked, so both directions and the expectation are arms"
)

CLAIMS = (
    Claim(
        paper="S013",
        name="expected-distance",
        says="A tenth of the labels, by expected distance, holds more errors of the side than the surest mispredictions"
        " do, and more than twice as many as any tenth.",
        data=rated_sentences,
        arms=ARMS,
        measure=caught,
        holds=(
            ahead("expected distance", of="mispredicted, surest first"),
            ahead("expected distance", of="random", by=0.1),
        ),
        departs=DEPARTS,
        unit="share of errors caught",
        seeds=8,
        budget_s=60,
    ),
    Claim(
        paper="S013",
        name="far-first",
        says="Among mispredicted items the far ones hold more errors of the side than the near ones.",
        data=rated_sentences,
        arms=ARMS,
        measure=caught,
        holds=ahead("far first", of="near first"),
        departs=DEPARTS,
        unit="share of errors caught",
        seeds=8,
        budget_s=60,
    ),
)
