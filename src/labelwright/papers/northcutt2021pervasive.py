"""Do wrong test labels change which model looks best, and are flagged labels really wrong more often?"""

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from labelwright import audit, data
from labelwright.data import simulate
from labelwright.papers.claim import Claim, ahead

SEEN = 60  # images the systematic annotator learned from


def annotated_digits(rng, quick=False):
    """Digits labelled by an annotator who learned from 60 images, and models trained on those labels."""
    digits = data.load("digits")
    X, truth = np.asarray(digits.items, dtype=float), np.asarray(digits.labels)
    if quick:
        rows = rng.choice(len(X), 800, replace=False)
        X, truth = X[rows], truth[rows]
    given = simulate.systematic_annotator(X, truth, SEEN, rng).labels
    train, test = train_test_split(np.arange(len(X)), test_size=0.4, random_state=int(rng.integers(2**31)))
    said = {
        name: model.fit(X[train], given[train]).predict(X[test])
        for name, model in (("svm", SVC(C=10)), ("lda", LinearDiscriminantAnalysis()))
    }
    return {"said": said, "given": given[test], "truth": truth[test]}


def lead(labels, found):
    """Accuracy of the more flexible model less that of the simpler one, on these labels."""
    if labels is None:
        return 0.0
    return float(np.mean(found["said"]["svm"] == labels) - np.mean(found["said"]["lda"] == labels))


def crowd(rng, quick=False):
    """Sentences with one person's label each, and which of these contradict the consensus."""
    sentences = data.load("crowd-sentiment", random_state=int(rng.integers(2**31)))
    rows = rng.choice(len(sentences.items), 2000 if quick else 8000, replace=False)
    texts = [sentences.items[i] for i in rows]
    labels = np.asarray(sentences.labels)[rows]
    found = audit.labels(texts, labels, random_state=int(rng.integers(2**31)), show=False)
    wrong = np.asarray(sentences.wrong)[rows] == 1
    return {"found": found, "wrong": wrong, "rng": rng}


def precision(rows, found):
    """Share of the flagged labels that are wrong."""
    return float(found["wrong"][rows].mean())


def as_many_at_random(found):
    """As many rows as were flagged, drawn blindly."""
    return found["rng"].choice(len(found["wrong"]), found["found"].n_issues, replace=False)


CLAIMS = (
    Claim(
        paper="S065",
        name="ranking-flips",
        says="Correcting the test labels can turn the ranking of models round: then the simpler one wins.",
        data=annotated_digits,
        arms={
            "given labels": lambda found: found["given"],
            "corrected labels": lambda found: found["truth"],
            "no lead": lambda found: None,
        },
        measure=lead,
        holds=(ahead("given labels", of="no lead"), ahead("no lead", of="corrected labels")),
        unit="lead of the SVM over LDA in accuracy",
        departs="digits and a simulated systematic annotator in place of ten test sets and people; two models",
        seeds=10,
        budget_s=60,
    ),
    Claim(
        paper="S065",
        name="flags-are-wrong",
        says="Labels flagged by models that did not see them are wrong far more often than labels taken at random.",
        data=crowd,
        arms={
            "flagged": lambda found: np.asarray(found["found"].issues["row"]),
            "random": as_many_at_random,
        },
        measure=precision,
        holds=ahead("flagged", of="random", by=0.05),
        unit="share of wrong labels",
        departs="one person's label against the consensus of 15 to 99 in place of votes on images",
        budget_s=240,
    ),
)
