"""Do wrong test labels change which model looks best, and are flagged labels really wrong more often?"""

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from labelwright import audit, data
from labelwright.data import simulate
from labelwright.papers.claim import Claim, ahead
from labelwright.parts import scores

SEEN = 60  # images the systematic annotator learned from
PARTS = 5  # seeds of the claims on votes; each takes rows of its own


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


def part(codes, rng):
    """One of five parts of the rows, alike in `codes`; which one, the seed says, so that seeds share no row.

    The people's answers are fixed. Resampled rows would overlap, and the seeds would agree more than new rows do.
    """
    mine = rng.bit_generator.seed_seq.entropy % PARTS
    rows = np.lexsort((np.random.default_rng(0).random(len(codes)), codes))
    return np.sort(rows[mine::PARTS])


def looked_at(rng):
    """A fifth of the CIFAR-10 test set with the study's predictions, flagged, and what about 51 people saw in each."""
    pictures = data.load("cifar10-test", decoded=False)
    given = np.array([pictures.classes.index(name) for name in pictures.labels])
    seen, probs = pictures.extra["counts"].argmax(axis=1), pictures.extra["pred_probs"]
    rows = part(given, rng)
    found = audit.ConfidentLearning().fit(probs[rows], given[rows])
    wrong, agrees = (seen != given)[rows], (probs.argmax(axis=1) == given)[rows]
    return {"found": found, "wrong": wrong, "agrees": agrees, "rng": rng}


def flagged_at_random(found):
    """As many rows as were flagged, drawn blindly."""
    return found["rng"].choice(len(found["wrong"]), found["found"].issues_.sum(), replace=False)


def checked(rng):
    """A fifth of the suspicious test labels of MNIST and CIFAR-10 on which people agreed, and their verdicts."""
    found = {}
    for name, options in (("mnist-test", {}), ("cifar10-test", {"decoded": False})):
        whole = data.load(name, **options)
        wrong = np.asarray(whole.wrong)
        asked = np.flatnonzero(wrong >= 0)
        rows = asked[part(wrong[asked], rng)]
        given = np.array([whole.classes.index(label) for label in whole.labels[rows]])
        found[name] = {"probs": whole.extra["pred_probs"][rows], "given": given, "wrong": wrong[rows]}
    return {"sets": found, "rng": rng}


def ranked(score):
    """An arm: suspicion of the checked rows of both sets by a score of `parts.scores`."""
    return lambda found: {name: score(d["probs"], d["given"]) for name, d in found["sets"].items()}


def in_any_order(found):
    """Suspicion that knows nothing."""
    return {name: found["rng"].random(len(d["wrong"])) for name, d in found["sets"].items()}


def confirmed_first(suspicion, found):
    """Chance that a confirmed error stands before a label that people find right, mean of the two sets."""
    return np.mean([roc_auc_score(d["wrong"], suspicion[name]) for name, d in found["sets"].items()])


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
    Claim(
        paper="S065",
        name="people-contradict-flags",
        says="Flagged test labels of CIFAR-10 are contradicted by people far more often than labels taken at random.",
        data=looked_at,
        arms={
            "flagged": lambda found: found["found"].issues_,
            "predicted otherwise": lambda found: ~found["agrees"],
            "random": flagged_at_random,
        },
        measure=precision,
        holds=(ahead("flagged", of="random", by=0.1), ahead("flagged", of="predicted otherwise")),
        unit="share of labels that are not what most people see",
        departs="verdict by about 51 people who name what they see, in place of five who choose between two labels; "
        "0.1 is half of the share the paper confirms on CIFAR-10; seeds are five parts of the test set, not trainings",
        budget_s=60,
    ),
    Claim(
        paper="S065",
        name="confirmed-first",
        says="Of the labels shown to people, those they confirm as wrong have lower self-confidence than the others.",
        data=checked,
        arms={
            "self-confidence": ranked(scores.doubt),
            "normalised margin": ranked(scores.margin),
            "random": in_any_order,
        },
        measure=confirmed_first,
        holds=ahead("self-confidence", of="random"),
        unit="area under the ROC curve",
        departs="only the sets with votes here (MNIST 90 labels, CIFAR-10 275); without the rows on which people tie; "
        "seeds are five parts of the rows, not trainings",
        budget_s=60,
    ),
)
