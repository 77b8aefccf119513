"""Labels from real votes, beside the label models of crowd-kit and snorkel on the same votes.

Every set with gold labels: crowds, and rules for text messages and video comments. Accuracy is over the items that have
both a vote and a gold label. "Best peer" is chosen with the gold labels, which no user has. Snorkel gets 500 epochs.

    python -m bench.crowds [--out bench/crowds.json]
"""

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from labelwright import combine, data
from labelwright.evidence import Votes
from labelwright.evidence.classes import encode

CROWDKIT = (
    "MajorityVote",
    "DawidSkene",
    "OneCoinDawidSkene",
    "GLAD",
    "MACE",
    "MMSR",
    "Wawa",
    "ZeroBasedSkill",
    "KOS",
)
SETS: dict[str, tuple[str, dict[str, str]]] = {
    **{name: ("crowd-classic", {"crowd": name}) for name in ("duck", "product", "face", "adult", "hitspam")},
    "medical cause": ("crowd-medical-relations", {"relation": "cause"}),
    "medical treat": ("crowd-medical-relations", {"relation": "treat"}),
    "sms rules": ("ws-sms-spam", {}),
    "youtube rules": ("ws-youtube-spam", {}),
}
MARGIN, FLOOR = 0.005, 0.003


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    out = parser.parse_args().out
    warnings.simplefilter("ignore")
    rows = [row(name) for name in track(list(SETS), "sets")]
    out.write_text(json.dumps(rows, indent=1) + "\n")
    out.with_suffix(".md").write_text(markdown(rows))
    print(markdown(rows))


def load(name: str) -> tuple[Votes, np.ndarray]:
    """Votes, and the code of the true class of each item, -1 where unknown or nobody spoke."""
    key, options = SETS[name]
    found = data.load(key, **options)
    votes = found.extra["evidence"]
    truth = found.truth if found.truth is not None else found.labels
    codes, _ = encode(list(truth), votes.classes.tolist())
    return votes, np.where(np.diff(votes.first) > 0, codes, -1)


def row(name: str) -> dict[str, Any]:
    votes, truth = load(name)
    known = truth >= 0

    def right(said: np.ndarray) -> float:
        return float((said[known] == truth[known]).mean())

    found = combine.votes(votes, show=False)
    ours = {"votes": right(found.posterior.argmax(axis=1))}
    for method in combine.METHODS:
        try:
            ours[method] = right(combine.method(method).fit(votes).predict_proba().argmax(axis=1))
        except ValueError as reason:
            ours[method] = str(reason)  # type: ignore[assignment]
    return {
        "set": name, "n": int(known.sum()), "method": found.method, "ours": ours, "peers": peers(votes, right),
        "notes": list(found.notes),
    }  # fmt: skip


def peers(votes: Votes, right: Any) -> dict[str, Any]:
    """Accuracy of every label model, or why there is none."""
    import pandas as pd
    from crowdkit import aggregation
    from snorkel.labeling.model import LabelModel

    frame = pd.DataFrame({"task": votes.item, "worker": votes.source, "label": votes.said})
    once = frame.drop_duplicates(["task", "worker"])
    found: dict[str, Any] = {}
    for name in CROWDKIT:
        try:
            said = getattr(aggregation, name)().fit_predict(once if name in ("KOS", "MMSR") else frame)
            found[f"crowd-kit {name}"] = right(
                said.reindex(range(len(votes))).fillna(-1).to_numpy().astype(int)
            )
        except Exception as reason:  # a peer may fail in any way; the row says so
            found[f"crowd-kit {name}"] = f"{type(reason).__name__}: {reason}"[:100]
    try:
        model = LabelModel(cardinality=votes.n_classes, verbose=False)
        wide = votes.wide()
        model.fit(wide, n_epochs=500, seed=1, progress_bar=False)
        found["snorkel"] = right(model.predict(wide, tie_break_policy="random"))
    except Exception as reason:
        found["snorkel"] = f"{type(reason).__name__}: {reason}"[:100]
    return found


def markdown(rows: list[dict[str, Any]]) -> str:
    lines = [
        "Accuracy of labels in per cent. *Behind*: items by which our default is behind the best peer, which was "
        "chosen with the gold labels; the goal is half a point, and never more than 0.3 points below majority.",
        "",
        "| votes | items | majority | ours | how | best peer | behind | within half a point | not below majority |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        scores = {name: v for name, v in r["peers"].items() if isinstance(v, float)}
        best = max(scores, key=lambda name: scores[name])
        plain, ours = r["ours"]["majority"], r["ours"]["votes"]
        behind = max(0, round((scores[best] - ours) * r["n"]))
        lines.append(
            f"| {r['set']} | {r['n']:,} | {100 * plain:.1f} | **{100 * ours:.1f}** | {r['method']} "
            f"| {best} {100 * scores[best]:.1f} | {behind} "
            f"| {'yes' if ours >= scores[best] - MARGIN else 'no'} | {'yes' if ours >= plain - FLOOR else 'no'} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
