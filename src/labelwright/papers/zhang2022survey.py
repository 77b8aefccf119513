"""Does a label model beat majority where rules are uneven, and does the end model know more than the rules?"""

from functools import partial

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labelwright import data
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.end_model import WeaklySupervised
from labelwright.combine.hyper import HyperLabelModel
from labelwright.combine.majority import MajorityVote
from labelwright.data import simulate
from labelwright.evidence import Votes
from labelwright.papers.claim import Claim, ahead
from labelwright.parts import confusions

STUMPS, SEEN = 10, 2
DIMENSIONS = 100


def uneven_rules(rng, quick=False):
    """Tumours, and ten rules on one measure each, learned from two rows: some are good, some are worse than chance."""
    found = data.load("breast-cancer")
    X = np.asarray(found.items, dtype=float)
    truth = np.unique(np.asarray(found.labels), return_inverse=True)[1]
    train, test = train_test_split(
        np.arange(len(truth)), test_size=0.3, stratify=truth, random_state=_seed(rng)
    )
    told = simulate.stump_rules(X[train], truth[train], STUMPS, rng, coverage=1.0, n_seen=SEEN)
    return {
        "X": X[train],
        "X_test": X[test],
        "votes": told.evidence,
        "truth": truth[train],
        "answer": truth[test],
        "model": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    }


def texts(rng, quick=False, name="ws-youtube-spam"):
    """Short texts, and what simple rules say of them; texts that repeat each other stand on one side of the split."""
    found = data.load(name)
    truth = np.array([list(found.classes).index(c) for c in np.asarray(found.truth)])
    split = GroupShuffleSplit(1, test_size=0.3, random_state=_seed(rng))
    train, test = next(split.split(truth, truth, found.groups))
    told = found.extra["evidence"]
    votes = Votes(told.wide(), range(told.n_classes), told.sources)
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    few = TruncatedSVD(DIMENSIONS, random_state=0)
    return {
        "X": [found.items[i] for i in train],
        "X_test": [found.items[i] for i in test],
        "votes": votes[train],
        "votes_test": votes[test],
        "truth": truth[train],
        "answer": truth[test],
        "model": make_pipeline(words, few, StandardScaler(), LogisticRegression(max_iter=2000)),
    }


def labels(d, model):
    """What a label model makes of the votes about the training items."""
    return model().fit(d["votes"]).predict()


def end_model(d, model):
    """What the end model says of the test items, taught by a label model."""
    return WeaklySupervised(model(), d["model"]).fit(d["X"], d["votes"]).predict(d["X_test"])


def label_model(d, model):
    """What the label model alone says of the test items, from the votes about them."""
    return model().fit(d["votes"]).predict(d["votes_test"])


def gold(d):
    """What the end model says of the test items, taught the true labels."""
    return WeaklySupervised(None, d["model"]).fit(d["X"], d["truth"]).predict(d["X_test"])


def taught(said, d):
    """Share of the training items that are labelled right."""
    return float(np.mean(said == d["truth"]))


def tested(said, d):
    """Share of the test items that are labelled right."""
    return float(np.mean(said == d["answer"]))


def _seed(rng):
    return int(rng.integers(2**31))


MODELS = {
    "Dawid-Skene": partial(DawidSkene, show=False),
    "majority": MajorityVote,
    "one coin": partial(DawidSkene, confusions.one_coin, show=False),
    "hyper": HyperLabelModel,
}
UNEVEN = "rules simulated on a real table: stumps that learned from two rows and always speak; 60 splits, which overlap"


def beyond_rules(name, dataset, says):
    """The claim about texts: the end model against the label model that taught it."""
    return Claim(
        paper="S101",
        name=name,
        says=says,
        data=partial(texts, name=dataset),
        arms={
            "end model": partial(end_model, model=MajorityVote),
            "label model": partial(label_model, model=MajorityVote),
            "hyper, end model": partial(end_model, model=HyperLabelModel),
            "hyper, label model": partial(label_model, model=HyperLabelModel),
            "gold": gold,
        },
        measure=tested,
        holds=ahead("end model", of="label model"),
        departs="majority vote as label model, since rules that only ever say one thing do not show who errs; "
        "logistic regression on 100 components of TF-IDF, not a pretrained encoder (on TF-IDF itself, the end model "
        "was behind on the text messages in a trial); ten splits, which overlap",
        unit="accuracy",
        seeds=10,
        budget_s=90,
    )


CLAIMS = (
    Claim(
        paper="S101",
        name="uneven-rules",
        says="Where rules are of very uneven quality, a label model labels more items right than majority vote.",
        data=uneven_rules,
        arms={name: partial(labels, model=model) for name, model in MODELS.items()},
        measure=taught,
        holds=ahead("Dawid-Skene", of="majority"),
        departs=UNEVEN,
        unit="accuracy",
        seeds=60,
        budget_s=120,
    ),
    Claim(
        paper="S101",
        name="uneven-rules-end-model",
        says="Where rules are uneven, the end model taught by a label model beats the one taught by majority.",
        data=uneven_rules,
        arms={**{name: partial(end_model, model=model) for name, model in MODELS.items()}, "gold": gold},
        measure=tested,
        holds=ahead("Dawid-Skene", of="majority"),
        departs=UNEVEN,
        unit="accuracy",
        seeds=60,
        budget_s=120,
    ),
    beyond_rules(
        "beyond-the-rules",
        "ws-youtube-spam",
        "On all test items, also those that no rule speaks about, the end model beats the label model that taught it.",
    ),
    beyond_rules(
        "beyond-few-rules",
        "ws-sms-spam",
        "The end model also beats its label model where six items in ten have no vote and one class is rare.",
    ),
)
