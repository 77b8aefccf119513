"""Real label errors beside cleanlab on the same probabilities: ``python -m bench.real [part of a name ...]``.

Each set is audited as a user would, with `labelwright.audit.labels`; the probabilities behind the audit then go to
cleanlab. Writes real.json and real.md beside this file. Probabilities, and features of pictures, are kept in
Labelwright's cache folder; ``--judge-again`` audits the kept probabilities in place of fitting the models anew.
"""

import argparse
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from rich.table import Table

from bench import rankings
from bench.tasks import wide

HERE = Path(__file__).resolve().parent
OURS = ("labelwright issues", "labelwright p_wrong")
DEFAULT_FILTER = "cleanlab prune_by_noise_rate, self_confidence"


@dataclass(frozen=True)
class Case:
    """A data set with known wrong labels and what `audit.labels` gets of it.

    Attributes
    ----------
    name : str
    dataset : str
    options : dict
        Of `data.load`.
    given : function (Dataset) -> dict
        Arguments of `audit.labels` beside `y`.
    what : str
        Where the probabilities come from.
    """

    name: str
    dataset: str
    options: dict[str, Any]
    given: Callable[[Any], dict[str, Any]]
    what: str


def items(loaded: Any) -> dict[str, Any]:
    return {"X": loaded.items}


def tokens(loaded: Any) -> dict[str, Any]:
    return {"X": loaded.items, "groups": loaded.groups}


def published(loaded: Any) -> dict[str, Any]:
    return {"probs": loaded.extra["pred_probs"]}


def photographs(loaded: Any) -> dict[str, Any]:
    from bench.pictures import features

    return {"X": features(loaded.card.name, loaded.items)}


DEFAULT, STUDY = "default models", "probabilities of the study"
FROZEN = "default models on frozen EfficientNet-lite0 features at 128 x 128"
CASES = (
    *(
        Case(f"crowd-sentiment, draw {seed}", "crowd-sentiment", {"random_state": seed}, items, DEFAULT)
        for seed in range(5)
    ),
    Case("ewt-revisions", "ewt-revisions", {}, tokens, f"{DEFAULT} on context features, grouped by sentence"),
    Case("mnist-test, study", "mnist-test", {}, published, STUDY),
    Case("mnist-test", "mnist-test", {}, items, DEFAULT),
    Case("cifar10-test, study", "cifar10-test", {}, published, STUDY),
    Case("cifar10n aggregate", "cifar10n", {"labels": "aggregate"}, photographs, FROZEN),
    Case("cifar10n worst", "cifar10n", {"labels": "worst"}, photographs, FROZEN),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.real", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="part of a case's name; all cases without any")
    parser.add_argument("--judge-again", action="store_true", help="start from the probabilities kept")
    parser.add_argument(
        "--out", type=Path, default=HERE, metavar="DIR", help="folder of real.json and real.md"
    )
    told = parser.parse_args()
    console = wide()
    file = told.out / "real.json"
    kept = {row["case"]: row for row in (json.loads(file.read_text()) if file.is_file() else [])}
    for case in CASES:
        if told.names and not any(name in case.name for name in told.names):
            continue
        try:
            kept[case.name] = row = run(case, again=told.judge_again)
        except Exception as problem:  # a set that cannot be had here must not hide the others
            console.print(f"{case.name}: {type(problem).__name__}: {problem}")
            continue
        console.print(show(row))
        rows = [kept[c.name] for c in CASES if c.name in kept]
        file.write_text(json.dumps(rows, indent=1, allow_nan=False) + "\n")
        (told.out / "real.md").write_text(markdown(rows))
    console.print(markdown([kept[c.name] for c in CASES if c.name in kept]))


def run(case: Case, *, again: bool = False) -> dict[str, Any]:
    """Audit one set and score every order of its rows."""
    from labelwright import audit, data

    loaded = data.load(case.dataset, **case.options)
    codes, wrong = np.asarray(loaded.evidence.codes), np.asarray(loaded.wrong)
    file = data.cache_dir() / "bench" / f"{case.name.replace(',', '').replace(' ', '-')}.npy"
    given = {"probs": np.load(file)} if again and file.is_file() else case.given(loaded)
    with behind() as seen:
        found = audit.labels(y=loaded.evidence, show=False, **given)
    probs = seen[0]
    file.parent.mkdir(parents=True, exist_ok=True)
    np.save(file, probs)
    orders = rankings.labelwright(found, probs, codes) | rankings.cleanlab(probs, codes)
    scores = {name: rankings.score(order, wrong) for name, order in orders.items()}
    filters = [name for name in scores if name.startswith("cleanlab")]
    known = wrong >= 0
    whole = bool(known.all())
    return {
        "case": case.name,
        "n": len(codes),
        "known": int(known.sum()),
        "true_rate": float((wrong == 1).sum() / known.sum()),
        "true_rate_covers_all": whole,
        "models": case.what,
        "accuracy_on_given": float((probs.argmax(axis=1) == codes).mean()),
        "rate": list(found.error_rate),
        "cleanlab_rate": rankings.cleanlab_rates(probs, codes),
        "seconds": None if again else found.settings.get("seconds"),
        "best_cleanlab": {
            "100": max(filters, key=lambda name: (scores[name].hits[100], scores[name].hits[300])),
            "300": max(filters, key=lambda name: (scores[name].hits[300], scores[name].hits[100])),
            "ap": max(filters, key=lambda name: scores[name].ap),
        },
        "scores": {name: asdict(s) for name, s in scores.items()},
    }


@contextmanager
def behind() -> Any:
    """The probabilities that an audit judges the labels by, which it does not return."""
    from labelwright.audit import everyday

    seen: list[np.ndarray] = []

    def judge(told: Any, probs: np.ndarray, rng: Any) -> Any:
        seen.append(probs)
        return original(told, probs, rng)

    original = everyday.judge
    with mock.patch.object(everyday, "judge", judge):
        yield seen


def show(row: dict[str, Any]) -> Table:
    """Every order of one set; the best filter of cleanlab in each column is marked."""
    rate, low, high = row["rate"]
    table = Table(
        title=f"{row['case']}: n {row['n']:,}, truth known for {row['known']:,}, {row['true_rate']:.2%} wrong; "
        f"estimated {rate:.2%} ({low:.2%} to {high:.2%}), cleanlab {row['cleanlab_rate']['joint']:.2%} or "
        f"{row['cleanlab_rate']['counted']:.2%}; {row['models']}",
        title_justify="left",
    )
    for heading in ("order", "listed", "100", "300", "lift 100", "AP"):
        table.add_column(heading, justify="left" if heading == "order" else "right", no_wrap=True)
    best = row["best_cleanlab"]
    for name, s in row["scores"].items():
        marks = {key: "[bold]" if best[key] == name else "" for key in best}
        hits = {int(k): v for k, v in s["hits"].items()}
        lift = {int(k): v for k, v in s["lift"].items()}[100]
        table.add_row(
            name, f"{s['listed']:,}", f"{marks['100']}{hits[100]}", f"{marks['300']}{hits[300]}",
            "-" if lift is None else f"{lift:.1f}", f"{marks['ap']}{s['ap']:.3f}",
        )  # fmt: skip
    return table


def markdown(rows: list[dict[str, Any]]) -> str:
    """A table for the documentation; draws of one set become one row with mean and range."""
    lines = [
        "Wrong labels among the first 100 and 300 rows and average precision (AP), all on the same probabilities. "
        "*Best filter*: the best of cleanlab's 7 filters x 2 orders in that column, chosen with the truth in hand.",
        "",
        "| set | n | wrong | our rate (95 %) | cleanlab: joint, counted | first 100: issues / p_wrong / "
        "self-confidence / best filter (default filter) | first 300 | AP | lift 100 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["case"].split(", draw")[0], []).append(row)
    for name, group in groups.items():
        columns = [
            _over(group, lambda row, key=key: _cell(row, key), "{:.3f}" if key == "ap" else "{:.0f}")
            for key in ("100", "300", "ap")
        ]
        rate = [_over(group, lambda row, i=i: [row["rate"][i]], "{:.1%}") for i in range(3)]
        cleanlab = [
            _over(group, lambda row, k=k: [row["cleanlab_rate"][k]], "{:.1%}") for k in ("joint", "counted")
        ]
        whole = group[0]["true_rate_covers_all"]
        known = "" if whole else f" of {group[0]['known']} checked"
        lift = _over(group, lambda row: [_by(row, OURS[1], "lift", "100") or 0.0], "{:.1f}") if whole else "-"
        draws = f" ({len(group)} draws)" if len(group) > 1 else ""
        wrong = _over(group, lambda row: [row["true_rate"]], "{:.1%}")
        lines.append(
            f"| {name}{draws} | {group[0]['n']:,} | {wrong}{known} | {rate[0]} ({rate[1]} to {rate[2]}) | "
            f"{', '.join(cleanlab)} | {' | '.join(columns)} | {lift} |"
        )
    best = sorted({f"{row['case']}: {row['best_cleanlab']['100'].removeprefix('cleanlab ')}" for row in rows})
    return "\n".join([*lines, "", "Best filter in the first 100 - " + "; ".join(best) + ".", ""])


def _cell(row: dict[str, Any], key: str) -> list[float]:
    names = (*OURS, "self-confidence", row["best_cleanlab"][key], DEFAULT_FILTER)
    return [row["scores"][name]["ap"] if key == "ap" else _by(row, name, "hits", key) for name in names]


def _by(row: dict[str, Any], name: str, what: str, first: str) -> Any:
    """A number of an order; keys are numbers in memory and text once they have been in a file."""
    return {str(k): v for k, v in row["scores"][name][what].items()}[first]


def _over(group: list[dict[str, Any]], cells: Callable[[dict[str, Any]], list[float]], form: str) -> str:
    """One value per place: the value, or mean and range over the draws."""
    said = []
    for values in np.array([cells(row) for row in group], dtype=float).T:
        span = f" [{form.format(values.min())}-{form.format(values.max())}]" if len(values) > 1 else ""
        said.append(form.format(values.mean()) + span)
    return " / ".join(said[:4]) + (f" ({said[4]})" if len(said) > 4 else "")


if __name__ == "__main__":
    main()
