"""Do stated 95 % intervals of the error rate hold the truth in 92-98 % of a thousand simulated sets?

Each set takes rows of a real table, draws their true classes from a teacher's cross-validated posterior (tempered to be
as sure as it is right), spoils some labels, cross-fits a classifier to the spoiled ones and asks for the share of wrong
labels. The teacher is of the classifier's own family, so that the classifier is right where it is surest, as the
interval assumes; sets beyond the thousand ("stranger") have a teacher of another family, which breaks that. The mix
(tables x noise x rate x classifier) was fixed before anything was measured, the rule for teachers during development,
for which sets 0-431 served (at first with strangers in half of them); 1000-1999 are the measurement, made once.

    python -m bench.coverage [--sets 1000] [--first 1000] [--strangers 216] [--jobs 2] [--out bench/coverage.json]
"""

import argparse
import itertools
import json
import os
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import minimize_scalar
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from labelwright import Exact, data
from labelwright.loops import cross_fit
from labelwright.parts import adjust, channel

TABLES = (
    ("breast-cancer", 569), ("spambase", 2000), ("spambase", 4000), ("satellite", 2000), ("digits", 1797),
    ("letter", 4000),
)  # fmt: skip
NOISES = ("symmetric", "class-dependent", "pair-flip")
RATES = (0.01, 0.03, 0.08, 0.15)
CLASSIFIERS: dict[str, Callable] = {
    "logistic": lambda: LogisticRegression(max_iter=100),
    "trees": lambda: ExtraTreesClassifier(100, min_samples_leaf=3),
    "lda": LinearDiscriminantAnalysis,
}
TEACHERS: dict[str, list[Callable]] = {
    "logistic": [CLASSIFIERS["logistic"], lambda: LogisticRegression(C=0.1, max_iter=100)],
    "trees": [CLASSIFIERS["trees"], lambda: RandomForestClassifier(100, min_samples_leaf=3)],
    "lda": [CLASSIFIERS["lda"], lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)],
}
MIX = list(itertools.product(TABLES, NOISES, RATES, CLASSIFIERS))
BOUNDS = (0.92, 0.98)

Table = tuple[np.ndarray, dict[str, list[np.ndarray]]]


def table(name: str) -> Table:
    """Standardised features and the posteriors, family by family, that truths are drawn from."""
    loaded = data.load(name)
    told = Exact(loaded.labels)
    X = StandardScaler().fit_transform(np.asarray(loaded.items, dtype=np.float64))
    return X, {family: [posterior(X, told, make()) for make in makers] for family, makers in TEACHERS.items()}


def posterior(X: np.ndarray, told: Exact, model: object) -> np.ndarray:
    """Cross-fitted probabilities at the temperature under which the table's own labels are most probable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probs = np.clip(cross_fit(model, X, told, show=False).astype(np.float64), 1e-9, 1)
    best = minimize_scalar(
        lambda t: log_loss(told.codes, adjust.temperature(probs, np.exp(t)), labels=range(told.n_classes)),
        bounds=(-2, 2), method="bounded",
    )  # fmt: skip
    return adjust.temperature(probs, np.exp(best.x))


def spoil(truth: np.ndarray, k: int, noise: str, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Labels of which about `rate` are wrong."""
    rates = np.full(k, rate)
    if noise == "class-dependent":
        rates = rng.gamma(2.0, size=k)
        rates = np.minimum(rates * rate / rates[truth].mean(), 0.5)
    flip = rng.random(len(truth)) < rates[truth]
    step = np.ones(len(truth), dtype=int) if noise == "pair-flip" else rng.integers(1, k, len(truth))
    return np.where(flip, (truth + step) % k, truth)


def simulate(
    seed: int, tables: dict[str, Table], stranger: bool = False
) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """One set of the mix: what it is, and its probabilities, told labels and truth."""
    (name, n), noise, rate, model = MIX[seed % len(MIX)]
    rng = np.random.default_rng(seed)
    others = [c for c in CLASSIFIERS if c != model]
    teacher = others[rng.integers(len(others))] if stranger else model
    version = int(rng.integers(2))
    X, posteriors = tables[name]
    rows = rng.permutation(len(X))[:n]
    chances = posteriors[teacher][version][rows]
    k = chances.shape[1]
    truth = np.minimum((rng.random((n, 1)) > chances.cumsum(axis=1)).sum(axis=1), k - 1)
    told = spoil(truth, k, noise, rate, rng)
    evidence = Exact.from_codes(told, range(k))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probs = cross_fit(CLASSIFIERS[model](), X[rows], evidence, random_state=seed, show=False)
    what = {"table": f"{name} {n}", "noise": noise, "rate": rate, "classifier": model}
    return {**what, "teacher": f"{teacher} {version}"}, probs, told, truth


def measure(seed: int, tables: dict[str, Table], stranger: bool = False) -> dict:
    """Estimate of one set next to its truth."""
    what, probs, told, truth = simulate(seed, tables, stranger)
    start = time.perf_counter()
    value, low, high = channel.fit(probs, told).error_rate
    seconds = time.perf_counter() - start
    wrong = float((told != truth).mean())
    accuracy = float((probs.argmax(axis=1) == truth).mean())
    return {
        **what, "seed": seed, "wrong": wrong, "value": value, "low": low, "high": high,
        "covered": bool(low <= wrong <= high), "accuracy": accuracy, "seconds": seconds,
    }  # fmt: skip


def summary(found: list[dict]) -> dict[str, dict]:
    """Coverage, bias and width: overall and in every block of the mix."""
    blocks = defaultdict(list)
    for one in found:
        blocks["all"].append(one)
        for key in ("table", "noise", "rate", "classifier"):
            blocks[f"{key} {one[key]}"].append(one)
        blocks[f"teacher {one['teacher']}"].append(one)
    return {
        name: {
            "sets": len(of),
            "coverage": float(np.mean([o["covered"] for o in of])),
            "too_high": float(np.mean([o["low"] > o["wrong"] for o in of])),
            "too_low": float(np.mean([o["high"] < o["wrong"] for o in of])),
            "wrong": float(np.mean([o["wrong"] for o in of])),
            "value": float(np.mean([o["value"] for o in of])),
            "width": float(np.mean([o["high"] - o["low"] for o in of])),
            "seconds": float(np.mean([o["seconds"] for o in of])),
        }
        for name, of in blocks.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--strangers", type=int, default=216)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    start = time.perf_counter()
    tables = {name: table(name) for name in dict(TABLES)}
    seeds = range(options.first, options.first + options.sets)
    found = Parallel(options.jobs)(delayed(measure)(seed, tables) for seed in seeds)
    blocks = summary(found)
    strange = range(seeds.stop, seeds.stop + options.strangers)
    if strange:
        found = Parallel(options.jobs)(delayed(measure)(seed, tables, stranger=True) for seed in strange)
        blocks |= {
            f"stranger {name}": b for name, b in summary(found).items() if name.split()[0] in ("all", "table")
        }
    report = {
        "first": options.first, "sets": options.sets, "minutes": round((time.perf_counter() - start) / 60, 1),
        "bounds": BOUNDS, "blocks": {name: {k: round(v, 4) for k, v in b.items()} for name, b in blocks.items()},
    }  # fmt: skip
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"{'block':32s} sets  coverage  too high  too low   wrong   value   width")
    for name, b in blocks.items():
        print(
            f"{name:32s} {b['sets']:4d}  {b['coverage']:8.3f}  {b['too_high']:8.3f}  {b['too_low']:7.3f}"
            f"  {b['wrong']:.4f}  {b['value']:.4f}  {b['width']:.4f}"
        )
    return 0 if BOUNDS[0] <= blocks["all"]["coverage"] <= BOUNDS[1] else 1


if __name__ == "__main__":
    sys.exit(main())
