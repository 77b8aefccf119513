"""Priors that moved: speed of the estimators, and their error on real tables beside QuaPy's and abstention's.

    python -m bench.shift [--seeds 10] [--first 0] [--out bench/shift.json]

Each seed splits a table three ways (a quarter trains a classifier, 2,000 rows or a third are held out, the rest is the
pool), and draws targets of 1,000 rows by QuaPy's own protocols: UPP, balances uniform over the simplex; APP, a grid of
21 balances, where there are two classes; NPP, the balance the pool has. The measure is QuaPy's: the mean absolute error
of the priors; beside it the mean squared error of the weights. Tables, classifiers and settings were fixed before
anything was measured; every peer has its own defaults.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from bench.tasks import Task


class Given(NamedTuple):
    """Posteriors of source and target, and the source's labels."""

    source: np.ndarray
    labels: np.ndarray
    target: np.ndarray


def posteriors(k: int, dtype: str = "float64") -> Any:
    """Setup: n posteriors of k classes with labels drawn from them, and n that were drawn again by another balance."""

    def make(n: int, folder: Path) -> Given:
        rng = np.random.default_rng(0)
        probs = rng.dirichlet(np.full(k, 0.1), n)
        labels = (rng.random((n, 1)) > probs.cumsum(axis=1)).sum(axis=1).clip(0, k - 1)
        wanted = rng.dirichlet(np.ones(k))[labels]
        rows = rng.choice(n, n, p=wanted / wanted.sum())
        return Given(probs.astype(dtype), labels, probs[rows].astype(dtype))

    return make


def method(name: str) -> Any:
    """Fit to the source, and estimate of the target."""

    def call(given: Given) -> Any:
        from labelwright import shift

        found = shift.method(name).fit(given.source, given.labels)
        return found.estimate(given.target)

    return call


def interval(given: Given) -> Any:
    """Estimate with an interval for every class."""
    from labelwright import shift

    return shift.method("bbse").fit(given.source, given.labels).interval(given.target)


def quapy_em(given: Given) -> Any:
    from quapy.method.aggregative import EMQ

    return EMQ.EM(given.source.mean(axis=0), given.target)[0]


def abstention_bbse(given: Given) -> Any:
    from abstention.label_shift import BBSEImbalanceAdapter

    labels = np.eye(given.source.shape[1])[given.labels]
    return BBSEImbalanceAdapter(soft=True)(labels, given.target, given.source).multipliers


def quapy_kdey(given: Given) -> Any:
    from quapy.method.aggregative import KDEyML

    return quapy(KDEyML(Classes(given.source.shape[1]), fit_classifier=False), given)


class Classes(ClassifierMixin, BaseEstimator):
    """Stands for the classifier where QuaPy asks for one."""

    def __init__(self, k: int):
        self.k, self.classes_ = k, np.arange(k)

    def fit(self, X: Any, y: Any) -> "Classes":
        return self

    def predict_proba(self, X: Any) -> Any:
        return X


def quapy(quantifier: Any, given: Given) -> np.ndarray:
    """Priors by an aggregative quantifier of QuaPy, from posteriors that are there."""
    quantifier.train_prevalence = np.bincount(given.labels, minlength=given.source.shape[1]) / len(
        given.labels
    )
    quantifier.aggregation_fit(given.source, given.labels)
    return np.asarray(quantifier.aggregate(given.target))


TASKS = (
    Task(
        "EM for priors, 100k x 100", posteriors(100), method("mlls-plain"), 100_000, {"QuaPy": quapy_em},
        goal_s=0.12, limit_s=0.09, goal_mb=1.0, growth=(1_000_000,),
        note="without calibration on either side; ours finds the optimum, QuaPy stops when steps are short",
    ),
    Task(
        "BBSE, 100k x 100", posteriors(100), method("bbse"), 100_000, {"abstention": abstention_bbse},
        goal_s=0.03, limit_s=0.011, goal_mb=5.0, growth=(1_000_000,), repeats=1,
    ),
    Task(
        "BBSE with intervals, 100k x 100", posteriors(100), interval, 100_000, repeats=1,
        note="analytic intervals of all classes; no peer has them",
    ),
    Task("ELSA, 100k x 100", posteriors(100), method("elsa"), 100_000, growth=(1_000_000,), note="no peer has it"),
    Task(
        "KDEy, 10k x 10k x 100", posteriors(100), method("kdey"), 10_000, {"QuaPy": quapy_kdey},
        goal_s=0.5, limit_s=0.2, repeats=1,
    ),
)  # fmt: skip


TABLES = ("digits", "letter", "satellite", "segment", "spambase", "breast-cancer")
BINARY = ("spambase", "breast-cancer")
TARGETS, NEW = 10, 1000  # of a seed, and rows of each
PROTOCOLS = ("UPP", "APP", "NPP")
OURS = ("mlls", "mlls-plain", "elsa", "bbse", "rlls", "acc", "pacc", "kdey", "dys", "hdy")


def peers(k: int) -> dict[str, Any]:
    """Estimators of the peers by name: given to priors, each with its own defaults; QuaPy calibrates by abstention."""
    from abstention.label_shift import BBSEImbalanceAdapter
    from quapy.method import aggregative as q

    def bbse(given: Given) -> np.ndarray:
        labels = np.eye(k)[given.labels]
        priors = BBSEImbalanceAdapter(soft=True)(
            labels, given.target, given.source
        ).multipliers * labels.mean(axis=0)
        return priors / priors.sum()

    return {
        "QuaPy EMQ": lambda g: quapy(q.EMQ(Classes(k), fit_classifier=False), g),
        "QuaPy EMQ-BCTS": lambda g: quapy(
            q.EMQ(Classes(k), fit_classifier=False, val_split=5, exact_train_prev=False, calib="bcts"), g
        ),
        "QuaPy PACC": lambda g: quapy(q.PACC(Classes(k), fit_classifier=False), g),
        "QuaPy KDEyML": lambda g: quapy(q.KDEyML(Classes(k), fit_classifier=False), g),
        "QuaPy DMy": lambda g: quapy(q.DMy(Classes(k), fit_classifier=False), g),
        "abstention BBSE": bbse,
    }


def row(table: str, classifier: str, seeds: range, protocol: str = "UPP") -> dict[str, Any]:
    """Errors and seconds of every estimator on one table, one classifier and one protocol."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.preprocessing import StandardScaler

    from labelwright import data, shift
    from labelwright.evidence.classes import encode

    found = data.load(table)
    X = np.asarray(found.items, dtype=float).reshape(len(found.labels), -1)
    X, (y, names) = StandardScaler().fit_transform(X), encode(found.labels)
    k = len(names)
    ours = {
        f"ours {name}": (lambda g, n=name: shift.method(n).fit(g.source, g.labels).estimate(g.target))
        for name in OURS
    }
    arms = {"no correction": lambda g: np.bincount(g.labels, minlength=k) / len(g.labels), **ours, **peers(k)}
    errors: dict[str, list[tuple[float, float, float]]] = {name: [] for name in arms}
    failed: dict[str, str] = {}
    targets = 0
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(y))
        held = min(2000, len(y) // 3)
        seen, old, rest = np.split(order, [len(y) // 4, len(y) // 4 + held])
        model = (
            LogisticRegression(max_iter=300) if classifier == "logistic" else GaussianNB(var_smoothing=1e-3)
        )
        model.fit(X[seen], y[seen])
        source, pool = model.predict_proba(X[old]), model.predict_proba(X[rest])
        before = np.bincount(y[old], minlength=k) / held
        for rows in drawn(y[rest], k, protocol, seed):
            truth = np.bincount(y[rest][rows], minlength=k) / len(rows)
            given = Given(source, y[old], pool[rows])
            targets += 1
            for name, arm in arms.items():
                started = time.process_time()
                try:
                    priors = arm(given)
                except Exception as reason:  # a peer may fail in any way; the row says so
                    failed[name] = f"{type(reason).__name__}: {reason}"[:100]
                    continue
                seconds = time.process_time() - started
                off = np.abs(priors - truth).mean()
                errors[name].append((off, ((priors - truth) ** 2 / before**2).mean(), seconds))
    mean = {name: np.mean(values, axis=0).tolist() for name, values in errors.items() if values}
    counts = {name: len(values) for name, values in errors.items()}
    return {
        "protocol": protocol, "table": table, "classifier": classifier, "k": k, "targets": targets, "mean": mean,
        "counts": counts, "failed": failed,
    }  # fmt: skip


def drawn(y: np.ndarray, k: int, protocol: str, seed: int) -> list[np.ndarray]:
    """Rows of each target, drawn by one of QuaPy's protocols."""
    from quapy.data import LabelledCollection
    from quapy.protocol import APP, NPP, UPP

    pool = LabelledCollection(np.arange(len(y)), y, classes=np.arange(k))
    options = {"sample_size": NEW, "random_state": seed, "return_type": "labelled_collection"}
    if protocol == "APP":
        samples = APP(pool, n_prevalences=21, repeats=1, **options)
    else:
        samples = {"UPP": UPP, "NPP": NPP}[protocol](pool, repeats=TARGETS, **options)
    return [np.asarray(sample.instances) for sample in samples()]


def markdown(rows: list[dict[str, Any]]) -> str:
    """Mean absolute error of the priors in per cent: a table a protocol, a column a table and classifier."""
    lines = [
        "Mean absolute error of the priors, in points (lower is better). The best of a column is bold; ms: mean time "
        "of fitting and estimating.",
        "",
    ]
    for protocol in dict.fromkeys(r["protocol"] for r in rows):
        some = [r for r in rows if r["protocol"] == protocol]
        names = list(dict.fromkeys(name for r in some for name in r["mean"]))
        lines += [
            f"{protocol}, {sum(r['targets'] for r in some):,} targets:",
            "",
            "| estimator | "
            + " | ".join(f"{r['table']} ({r['k']}), {r['classifier']}" for r in some)
            + " | ms |",
            "|---" + "|---:" * (len(some) + 1) + "|",
        ]
        for name in names:
            spent = np.mean([r["mean"][name][2] for r in some if name in r["mean"]])
            lines.append(
                f"| {name} | " + " | ".join(cell(r, name) for r in some) + f" | {1000 * spent:.1f} |"
            )
        lines.append("")
    return "\n".join(lines)


def cell(row: dict[str, Any], name: str) -> str:
    """The error, and of how many targets it is the mean where some failed."""
    if name not in row["mean"]:
        return "failed"
    done, off = row["counts"][name], row["mean"][name][0]
    whole = [row["mean"][n][0] for n in row["mean"] if row["counts"][n] == row["targets"]]
    text = f"{100 * off:.2f}"
    if done < row["targets"]:
        return f"{text} (of {done})"
    return f"**{text}**" if text == f"{100 * min(whole):.2f}" else text


def main() -> None:
    from rich.progress import track

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--tables", nargs="*", default=TABLES)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    seeds = range(told.first, told.first + told.seeds)
    cases = [
        (protocol, table, classifier)
        for protocol in PROTOCOLS
        for table in told.tables
        for classifier in ("logistic", "bayes")
        if protocol != "APP" or table in BINARY
    ]
    rows = [row(table, classifier, seeds, protocol) for protocol, table, classifier in track(cases, "tables")]
    told.out.write_text(json.dumps(rows, indent=1) + "\n")
    told.out.with_suffix(".md").write_text(markdown(rows))
    print(markdown(rows))


if __name__ == "__main__":
    main()
