"""Do stated 95 % intervals of shifted priors hold the truth in 92-98 % of a thousand simulated sets?

Each set takes a real table, a classifier trained on a quarter of it, a source of labelled rows and a target whose
balance is drawn from a Dirichlet distribution and whose labels are drawn from that balance: the truth is the balance of
the population, not of the rows. All classes of a set count. The mix (table x classifier x rows x strength of the shift)
was fixed before anything was measured; sets 1000-1999 are the measurement, others served development. One of the
classifiers is far too sure of itself (naive Bayes), since intervals that only hold for calibrated probabilities would
not help anybody. Bootstrap intervals are measured on fewer sets, as each takes a hundred fits.

    python -m bench.priors [--sets 1000] [--first 1000] [--bootstrap 100] [--jobs 2] [--out bench/priors.json]
"""

import argparse
import itertools
import json
import os
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from labelwright import data, shift
from labelwright.evidence.classes import encode

TABLES = ("digits", "letter", "satellite", "segment", "spambase")
CLASSIFIERS = {
    "logistic": lambda: LogisticRegression(max_iter=300),
    "bayes": lambda: GaussianNB(var_smoothing=1e-3),
}
ROWS = ((500, 500), (2000, 500), (1000, 2000))
STRENGTHS = (0.3, 1.0, 10.0)
ANALYTIC = ("mlls", "mlls-plain", "elsa", "bbse", "bbse-hard", "rlls", "acc", "pacc")
BOOTSTRAP = ("mlls-plain", "elsa", "pacc", "kdey", "dys")
MIX = list(itertools.product(TABLES, CLASSIFIERS, ROWS, STRENGTHS))
BOUNDS = (0.92, 0.98)

Pool = tuple[np.ndarray, np.ndarray]


def pool(table: str, classifier: str) -> Pool:
    """Posteriors and labels of the rows that the classifier did not see."""
    found = data.load(table)
    X = np.asarray(found.items, dtype=float).reshape(len(found.labels), -1)
    X, (y, _) = StandardScaler().fit_transform(X), encode(found.labels)
    order = np.random.default_rng(0).permutation(len(y))
    seen, rest = order[: len(y) // 4], order[len(y) // 4 :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probs = CLASSIFIERS[classifier]().fit(X[seen], y[seen]).predict_proba(X[rest])
    return probs / probs.sum(axis=1, keepdims=True), y[rest]


def measure(
    seed: int, pools: dict[tuple[str, str], Pool], methods: tuple[str, ...], kind: str
) -> list[dict[str, Any]]:
    """Every interval of one set beside the truth."""
    table, classifier, (n, m), strength = MIX[seed % len(MIX)]
    probs, codes = pools[table, classifier]
    rng, k = np.random.default_rng(seed), probs.shape[1]
    by_class = [np.flatnonzero(codes == c) for c in range(k)]
    source = np.append(
        np.concatenate([rows[:2] for rows in by_class]), rng.integers(len(codes), size=n - 2 * k)
    )
    truth = rng.dirichlet(np.full(k, strength))
    target = np.array([rng.choice(by_class[c]) for c in rng.choice(k, m, p=truth)])
    what = {
        "table": table,
        "classifier": classifier,
        "rows": f"{n} and {m}",
        "dirichlet": strength,
        "kind": kind,
    }
    rows = []
    for name in methods:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = shift.method(name).fit(probs[source], codes[source])
            given = found.interval(probs[target], kind=kind, n_boot=100, random_state=seed, show=False)  # type: ignore[arg-type]
        covered = (given.low <= truth) & (truth <= given.high)
        rows.append(
            {**what, "method": name, "covered": float(covered.mean()), "too_high": float((truth < given.low).mean()),
             "width": float((given.high - given.low).mean()), "off": float(np.abs(given.priors - truth).mean())}
        )  # fmt: skip
    return rows


def summary(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Coverage, misses, width and error by method, and for each method in every block of the mix."""
    blocks = defaultdict(list)
    for one in found:
        name = f"{one['method']} {one['kind']}"
        blocks[name].append(one)
        for key in ("table", "classifier", "rows", "dirichlet"):
            blocks[f"{name} | {key} {one[key]}"].append(one)
    keys = ("covered", "too_high", "width", "off")
    return {
        name: {"sets": len(of), **{key: float(np.mean([o[key] for o in of])) for key in keys}}
        for name, of in blocks.items()
    }


def markdown(summed: dict[str, dict[str, Any]]) -> str:
    """One row a method; the blocks stay in the JSON."""
    lines = [
        "| intervals | sets | cover 95 % | above the truth | mean width | mean error | worst block |",
        "|---" * 7 + "|",
    ]
    for name, one in summed.items():
        if "|" in name:
            continue
        inner = {n.partition("| ")[2]: v["covered"] for n, v in summed.items() if n.startswith(f"{name} |")}
        worst = min(inner, key=lambda n: inner[n])
        lines.append(
            f"| {name} | {one['sets']} | **{100 * one['covered']:.1f}** | {100 * one['too_high']:.1f} "
            f"| {one['width']:.3f} | {one['off']:.4f} | {worst}: {100 * inner[worst]:.1f} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--bootstrap", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    told = parser.parse_args()
    pools = {(table, classifier): pool(table, classifier) for table in TABLES for classifier in CLASSIFIERS}
    jobs: list[tuple[int, tuple[str, ...], str]] = [
        (seed, ANALYTIC, "analytic") for seed in range(told.first, told.first + told.sets)
    ]
    jobs += [(seed, BOOTSTRAP, "bootstrap") for seed in range(told.first, told.first + told.bootstrap)]
    done = Parallel(n_jobs=told.jobs)(
        delayed(measure)(seed, pools, names, kind) for seed, names, kind in jobs
    )
    summed = summary([one for rows in done for one in rows])
    told.out.write_text(json.dumps(summed, indent=1) + "\n")
    told.out.with_suffix(".md").write_text(markdown(summed))
    print(markdown(summed))
    bad = [n for n, v in summed.items() if "|" not in n and not BOUNDS[0] <= v["covered"] <= BOUNDS[1]]
    print(f"outside {BOUNDS[0]:.0%} to {BOUNDS[1]:.0%}: {', '.join(bad) or 'none'}")


if __name__ == "__main__":
    main()
