"""Would wrong test labels have made you pick another model? Twelve cheap models on five sets with known real errors.

Each seed splits a set into rows to learn from and rows to test on, fits the family on the labels *as given* (and once
more on the corrected ones), and compares the order of the models on three test sets of the same rows:

corrected  the labels people arrived at in the end: the reference;
real       the given labels, with the errors people made;
uniform    the corrected labels with as many errors at random places, of random other classes.

`shares` draws test sets of `SIZE` rows in which a share of the labels is really wrong: so many of the rows with wrong
labels, the rest from those with right ones. *fresh* is the yardstick: another test set of as many rows, no label wrong.
`whole` takes every test row there is, with the errors as they came. Everything below was fixed before seeds 0 and up
were run; seeds from 1001 served to see that it runs.

    python -m bench.corruption [SET ...] [--seeds 6] [--first 0] [--out bench/corruption.json]
"""

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from labelwright import data
from labelwright.models.images import describe

HERE = Path(__file__).resolve().parent
SIZE = 2000  # rows of a drawn test set
DRAWS = 50  # test sets for each seed and share
SHARES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1)
LEARN = 4000  # rows to learn from


def word_models() -> dict[str, Any]:
    """Twelve classifiers of texts."""
    words = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[^\w\s]"
    )
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True)
    return {
        "logistic C=0.3": make_pipeline(words, LogisticRegression(C=0.3, max_iter=200)),
        "logistic C=3": make_pipeline(words, LogisticRegression(C=3, max_iter=200)),
        "logistic C=30": make_pipeline(words, LogisticRegression(C=30, max_iter=200)),
        "logistic, letters": make_pipeline(letters, LogisticRegression(C=3, max_iter=200)),
        "linear SVM C=0.1": make_pipeline(words, LinearSVC(C=0.1)),
        "linear SVM C=1": make_pipeline(words, LinearSVC(C=1)),
        "linear SVM, letters": make_pipeline(letters, LinearSVC(C=0.3)),
        "naive Bayes 0.1": make_pipeline(words, MultinomialNB(alpha=0.1)),
        "naive Bayes 1": make_pipeline(words, MultinomialNB(alpha=1)),
        "complement Bayes": make_pipeline(words, ComplementNB(alpha=0.3)),
        "ridge": make_pipeline(words, RidgeClassifier(alpha=1)),
        "hinge, SGD": make_pipeline(words, SGDClassifier(alpha=1e-4)),
    }


def vector_models() -> dict[str, Any]:
    """Twelve classifiers of vectors."""
    return {
        "logistic C=0.01": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=100)),
        "logistic C=0.1": make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=100)),
        "LDA": LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1),
        "ridge": make_pipeline(StandardScaler(), RidgeClassifier(alpha=100)),
        "hinge, SGD": make_pipeline(StandardScaler(), SGDClassifier(alpha=1e-2)),
        "naive Bayes": GaussianNB(),
        "nearest centroid": NearestCentroid(),
        "5 neighbours": KNeighborsClassifier(5, algorithm="brute"),
        "25 neighbours": KNeighborsClassifier(25, algorithm="brute"),
        "forest": RandomForestClassifier(100, min_samples_leaf=2),
        "extra trees": ExtraTreesClassifier(100, min_samples_leaf=2),
        "RBF SVM": make_pipeline(StandardScaler(), SVC(C=3)),
    }


@dataclass(frozen=True)
class Split:
    """Rows to learn from and to test on, their given and their corrected labels (codes)."""

    learn: Any
    learn_given: np.ndarray
    learn_truth: np.ndarray
    test: Any
    given: np.ndarray
    truth: np.ndarray
    k: int


def _codes(labels: Any, classes: Any) -> np.ndarray:
    place = {c: i for i, c in enumerate(classes)}
    return np.array([place[label] for label in np.asarray(labels, dtype=object).tolist()])


def sentiment(rng: np.random.Generator) -> Split:
    """Sentences, one rater's label each, against 15 to 99 of them."""
    found = data.load("crowd-sentiment", random_state=int(rng.integers(2**31)))
    given, truth = (_codes(labels, found.classes) for labels in (found.labels, found.truth))
    rows = rng.permutation(len(given))
    learn, test = rows[:LEARN], rows[LEARN:]
    return Split(
        [found.items[i] for i in learn], given[learn], truth[learn], [found.items[i] for i in test],
        given[test], truth[test], len(found.classes),
    )  # fmt: skip


def tags(rng: np.random.Generator) -> Split:
    """Words in context, tags of 2018 against those of 2025; whole sentences are learned or tested on."""
    found = data.load("ewt-revisions")
    given = _codes(found.labels, found.classes)
    wrong = np.asarray(found.extra["wrong"]) == 1
    guideline = np.asarray(found.extra["guideline"])
    truth = np.where(wrong & ~guideline, _codes(found.truth, found.classes), given)
    sentences = np.unique(found.groups)
    rng.shuffle(sentences)
    size = np.bincount(found.groups, minlength=sentences.max() + 1)
    first = sentences[: int(np.searchsorted(np.cumsum(size[sentences]), LEARN))]
    mine = np.isin(found.groups, first)
    learn, test = np.flatnonzero(mine), np.flatnonzero(~mine & ~guideline)
    return Split(
        [found.items[i] for i in learn], given[learn], truth[learn], [found.items[i] for i in test],
        given[test], truth[test], len(found.classes),
    )  # fmt: skip


_KEPT: dict[str, Any] = {}


def _photographs() -> Any:
    if "train" not in _KEPT:
        found = data.load("cifar10n", labels="aggregate", decoded=False)
        _KEPT["train"] = (found, describe(found.items, show=False))
    return _KEPT["train"]


def photographs(rng: np.random.Generator) -> Split:
    """Photographs, the majority of three people against the label of CIFAR-10."""
    found, X = _photographs()
    given, truth = (_codes(labels, found.classes) for labels in (found.labels, found.truth))
    rows = rng.permutation(len(given))
    learn, test = rows[:LEARN], rows[LEARN : LEARN + 12_000]
    return Split(X[learn], given[learn], truth[learn], X[test], given[test], truth[test], len(found.classes))


def cifar(rng: np.random.Generator) -> Split:
    """The CIFAR-10 test set; an error is a label of which more than half of about 51 people see something else."""
    found, X = _photographs()
    if "test" not in _KEPT:
        asked = data.load("cifar10-test", decoded=False)
        _KEPT["test"] = (asked, describe(asked.items, show=False))
    asked, Z = _KEPT["test"]
    given, counts = _codes(asked.labels, asked.classes), np.asarray(asked.extra["counts"])
    truth = np.where(2 * counts.max(axis=1) > counts.sum(axis=1), counts.argmax(axis=1), given)
    learn = rng.permutation(len(X))[:LEARN]
    told = _codes(np.asarray(found.truth)[learn], asked.classes)
    return Split(X[learn], told, told, Z, given, truth, len(asked.classes))


def digits(rng: np.random.Generator) -> Split:
    """The MNIST test set; an error is a label for which people shown the digit chose another class."""
    if "digits" not in _KEPT:
        asked, more = data.load("mnist-test"), data.load("mnist-10k")
        _KEPT["digits"] = (
            asked, describe(asked.items, show=False), more, describe(more.items, show=False),
        )  # fmt: skip
    asked, Z, more, X = _KEPT["digits"]
    given = np.asarray(asked.labels)
    wrong = np.asarray(asked.extra["wrong"]) == 1
    kept = np.array(
        [not w or t is not None for t, w in zip(asked.truth, wrong)]
    )  # some have no one right label
    given, Z = given[kept], Z[kept]
    truth = np.array([t if w else g for t, g, w in zip(asked.truth[kept], given, wrong[kept])], dtype=np.intp)
    learn = rng.permutation(len(X))[:LEARN]
    told = np.asarray(more.labels)[learn]
    return Split(X[learn], told, told, Z, given, truth, 10)


SETS: dict[str, tuple[Callable[[np.random.Generator], Split], Callable[[], dict[str, Any]]]] = {
    "crowd-sentiment": (sentiment, word_models),
    "ewt-revisions": (tags, word_models),
    "cifar10n": (photographs, vector_models),
    "cifar10-test": (cifar, vector_models),
    "mnist-test": (digits, vector_models),
}
DRAWN = ("crowd-sentiment", "ewt-revisions", "cifar10n")  # the sets with enough errors to draw from


def predictions(models: dict[str, Any], X: Any, y: np.ndarray, Z: Any, seed: int) -> np.ndarray:
    """What each model says of each test row (n, m)."""
    said = []
    for model in models.values():
        fresh = clone(model)
        names = [p for p in fresh.get_params() if p.rpartition("__")[2] == "random_state"]
        fresh.set_params(**dict.fromkeys(names, seed))
        with warnings.catch_warnings(action="ignore"):
            said.append(fresh.fit(X, y).predict(Z))
    return np.column_stack(said)


def swapped(one: np.ndarray, other: np.ndarray) -> float:
    """Share of pairs of models whose order differs between two lists of accuracies; a tie on one side counts half."""
    a, b = np.triu_indices(len(one), 1)
    return float(np.abs(np.sign(one[a] - one[b]) - np.sign(other[a] - other[b])).mean() / 2)


def cost(reference: np.ndarray, picked_by: np.ndarray) -> float:
    """Accuracy lost, on the reference, by taking the model that the other list puts first; ties are averaged."""
    first = np.isclose(picked_by, picked_by.max(), rtol=0, atol=1e-12)
    return float(reference.max() - reference[first].mean())


def compare(reference: np.ndarray, other: np.ndarray) -> dict[str, float]:
    """What taking the other accuracies for the reference would do."""
    return {
        "swapped": swapped(reference, other),
        "cost": cost(reference, other),
        "level": float((other - reference).mean()),
    }


def spoil(truth: np.ndarray, k: int, many: int, rng: np.random.Generator) -> np.ndarray:
    """As many labels as asked, at random places, replaced by a random other class."""
    labels = truth.copy()
    rows = rng.choice(len(truth), many, replace=False)
    labels[rows] = (labels[rows] + rng.integers(1, k, many)) % k
    return labels


def accuracy(said: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of every model (m,)."""
    return (said == labels[:, None]).mean(axis=0)


def one_set(split: Split, said: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> dict[str, dict]:
    """One test set: its real errors, and as many uniform ones, against its corrected labels."""
    truth, given = split.truth[rows], split.given[rows]
    reference = accuracy(said[rows], truth)
    uniform = spoil(truth, split.k, int((truth != given).sum()), rng)
    return {
        "real": compare(reference, accuracy(said[rows], given)),
        "uniform": compare(reference, accuracy(said[rows], uniform)),
    }


def mean(found: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        arm: {key: float(np.mean([f[arm][key] for f in found])) for key in found[0][arm]} for arm in found[0]
    }


def run(name: str, seed: int) -> dict[str, Any]:
    """Everything about one set and one seed."""
    make, models = SETS[name]
    rng = np.random.default_rng(seed)
    split, started = make(rng), time.process_time()
    said = predictions(models(), split.learn, split.learn_given, split.test, seed)
    wrong = np.flatnonzero(split.given != split.truth)
    right = np.flatnonzero(split.given == split.truth)
    everything = np.arange(len(split.truth))
    # Uniform errors are drawn again and again; the real ones are what they are.
    whole = mean([one_set(split, said, everything, rng) for _ in range(DRAWS)])
    found: dict[str, Any] = {
        "n": len(everything),
        "wrong": len(wrong),
        "accuracy": dict(zip(models(), accuracy(said, split.truth).round(5).tolist())),
        "whole": whole,
    }
    if (split.learn_given != split.learn_truth).any():
        clean = predictions(models(), split.learn, split.learn_truth, split.test, seed)
        found["whole"]["real, learned from corrected labels"] = one_set(split, clean, everything, rng)["real"]
    if name in DRAWN:
        found["shares"] = {}
        for share in SHARES:
            many = round(share * SIZE)
            if many > 0.8 * len(wrong):
                continue
            parts = []
            for _ in range(DRAWS):
                rows = np.concatenate(
                    [rng.choice(wrong, many, replace=False), rng.choice(right, SIZE - many, replace=False)]
                )
                part = one_set(split, said, rows, rng)
                if "real, learned from corrected labels" in found["whole"]:
                    part["real, learned from corrected labels"] = one_set(split, clean, rows, rng)["real"]
                # The yardstick: rows of the same kinds as these, none of their labels wrong.
                others = np.concatenate(
                    [rng.choice(wrong, many, replace=False), rng.choice(right, SIZE - many, replace=False)]
                )
                part["fresh"] = compare(
                    accuracy(said[rows], split.truth[rows]), accuracy(said[others], split.truth[others])
                )
                parts.append(part)
            found["shares"][f"{share:g}"] = mean(parts)
    found["seconds"] = round(time.process_time() - started, 1)
    return found


def summarise(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds with 95 % intervals of Student's t, and of real less uniform errors, paired."""

    def over(pick: Callable[[dict[str, Any]], dict[str, dict[str, float]]]) -> dict[str, Any]:
        rows = [pick(s) for s in seeds]
        table = {arm: {key: interval([r[arm][key] for r in rows]) for key in rows[0][arm]} for arm in rows[0]}
        table["real - uniform"] = {
            key: interval([r["real"][key] - r["uniform"][key] for r in rows]) for key in rows[0]["real"]
        }
        if "fresh" in rows[0]:
            table["real - fresh"] = {
                key: interval([r["real"][key] - r["fresh"][key] for r in rows]) for key in rows[0]["real"]
            }
        return table

    out: dict[str, Any] = {
        "n": round(float(np.mean([s["n"] for s in seeds]))),
        "wrong": round(float(np.mean([s["wrong"] for s in seeds])), 1),
        "accuracy": {
            m: round(float(np.mean([s["accuracy"][m] for s in seeds])), 4) for m in seeds[0]["accuracy"]
        },
        "whole": over(lambda s: s["whole"]),
        "seeds": len(seeds),
        "seconds": round(sum(s["seconds"] for s in seeds), 1),
    }
    if "shares" in seeds[0]:
        shares = [share for share in seeds[0]["shares"] if all(share in s["shares"] for s in seeds)]
        out["shares"] = {share: over(lambda s, share=share: s["shares"][share]) for share in shares}
    return out


def interval(values: list[float]) -> list[float]:
    """Mean, low, high."""
    x = np.array(values)
    far = float(stats.t.ppf(0.975, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else 0.0
    return [round(float(v), 6) for v in (x.mean(), x.mean() - far, x.mean() + far)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.corruption", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="sets; all without any")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, default=HERE / "corruption.json")
    told = parser.parse_args()
    kept = json.loads(told.out.read_text(encoding="utf-8")) if told.out.is_file() else {}
    for name in told.names or SETS:
        found = []
        for seed in range(told.first, told.first + told.seeds):
            found.append(run(name, seed))
            print(name, seed, found[-1]["whole"]["real"], f"{found[-1]['seconds']} s", flush=True)
        kept[name] = summarise(found)
        ordered = {n: kept[n] for n in SETS if n in kept}
        told.out.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
