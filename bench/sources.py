"""Do stated 95 % intervals of the accuracy of sources hold the truth in 92-98 % of a thousand simulated crowds?

Each crowd labels the items of a real table: 3 to 29 annotators, 3 to 8 votes an item, three levels of skill, errors of
their own or even ones, a fifth of them spammers in a third of the crowds. The mix was fixed before anything was
measured; crowds 1000-1199 served while the method was made, 2000-2999 are the measurement, made once.

    python -m bench.sources [--sets 1000] [--first 2000] [--jobs 2] [--out bench/sources.json]
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed

from labelwright import data
from labelwright.combine import DawidSkene, draws
from labelwright.data import simulate

TABLES = ("breast-cancer", "wine", "digits", "segment", "satellite")
SKILLS = ((8, 2), (4, 2), (20, 4))
MOST = 1500  # items of a crowd
BOUNDS = (0.92, 0.98)


def crowd(seed: int, labels: dict[str, np.ndarray]) -> tuple[Any, dict[str, Any]]:
    """A crowd and what is special about it."""
    rng = np.random.default_rng(seed)
    name = TABLES[seed % len(TABLES)]
    y = labels[name]
    if len(y) > MOST:
        y = y[rng.choice(len(y), MOST, replace=False)]
    kind = ("confusion", "one-coin")[rng.integers(2)]
    n = int(rng.integers(3, 30))
    per_item = int(rng.integers(3, min(n, 8) + 1))
    skill, spammers = SKILLS[rng.integers(3)], (0, 0, 0.2)[rng.integers(3)]
    made = simulate.annotators(y, n, rng, skill=skill, per_item=per_item, kind=kind, spammers=spammers)
    group = {
        "table": name, "errors": kind, "skill": str(skill), "spammers": str(spammers),
        "annotators": "3-5" if n < 6 else "6-14" if n < 15 else "15-29",
    }  # fmt: skip
    return made, group


def measure(seed: int, labels: dict[str, np.ndarray]) -> dict[str, Any]:
    made, group = crowd(seed, labels)
    shares = np.bincount(made.truth, minlength=made.evidence.n_classes) / len(made.truth)
    accuracy = np.diagonal(made.confusion, axis1=1, axis2=2) @ shares
    model = DawidSkene(show=False).fit(made.evidence)
    low, high = draws(model, random_state=seed, show=False).interval()
    return {
        "group": group, "n": len(accuracy), "width": float((high - low).mean()),
        "covered": int(((low <= accuracy) & (accuracy <= high)).sum()),
        "too_high": int((low > accuracy).sum()), "too_low": int((high < accuracy).sum()),
    }  # fmt: skip


def summary(found: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    blocks = defaultdict(list)
    for one in found:
        blocks["all"].append(one)
        for key, value in one["group"].items():
            blocks[f"{key} {value}"].append(one)
    return {
        name: {
            "sets": len(of),
            "sources": (n := sum(o["n"] for o in of)),
            "coverage": round(sum(o["covered"] for o in of) / n, 4),
            "too_high": round(sum(o["too_high"] for o in of) / n, 4),
            "too_low": round(sum(o["too_low"] for o in of) / n, 4),
            "width": round(float(np.mean([o["width"] for o in of])), 4),
        }
        for name, of in sorted(blocks.items())
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--first", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    told = parser.parse_args()
    labels = {name: np.asarray(data.load(name).labels) for name in TABLES}
    seeds = range(told.first, told.first + told.sets)
    blocks = summary(list(Parallel(told.jobs)(delayed(measure)(seed, labels) for seed in seeds)))
    told.out.write_text(
        json.dumps({"first": told.first, "bounds": BOUNDS, "blocks": blocks}, indent=1) + "\n"
    )
    for name, b in blocks.items():
        print(f"{name:24s} {b['sets']:5d} {b['sources']:6d}  {b['coverage']:.3f}  width {b['width']:.3f}")
    return 0 if BOUNDS[0] <= blocks["all"]["coverage"] <= BOUNDS[1] else 1


if __name__ == "__main__":
    sys.exit(main())
