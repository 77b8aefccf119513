"""The study of wrong test labels: its tables, plots and sentences, out of what ``bench.corruption`` leaves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from labelwright.report.curves import Line, curves

__all__ = ["study"]

RESULTS = Path(__file__).resolve().parent.parent / "bench" / "corruption.json"
KINDS = {
    "crowd-sentiment": "one rater's label each, against 15 to 99 raters",
    "ewt-revisions": "part-of-speech tags of 2018, against those of 2025",
    "cifar10n": "majority of three people, against CIFAR-10's label",
    "cifar10-test": "published labels, against more than half of about 51 people",
    "mnist-test": "published labels, against what people chose who were shown suspicious ones",
}
LINES = {"real": "real errors", "uniform": "uniform errors", "fresh": "fresh rows, none wrong"}


def study(what: str) -> str:
    """One part of the page: sets, whole, shares, learned, answer, swapped-SET or cost-SET."""
    if not RESULTS.is_file():
        return "There are no results in this checkout yet; `python -m bench.corruption` writes them.\n"
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    part, _, name = what.partition(":")
    makers = {"sets": _sets, "whole": _whole, "learned": _learned, "answer": _answer}
    if name and name not in found:
        return f"`python -m bench.corruption {name}` was not run in this checkout yet.\n"
    if part in makers:
        return "\n".join(makers[part](found)) + "\n"
    return "\n".join(_shares(found[name]) if part == "shares" else _plot(found[name], name, part)) + "\n"


def _sets(found: dict[str, Any]) -> Iterator[str]:
    yield from (
        "| set | errors | test rows | wrong | share | models score |",
        "|---|---|---:|---:|---:|---:|",
    )
    for name, s in found.items():
        scores = s["accuracy"].values()
        yield (
            f"| [{name}](data.md#{name}) | {KINDS[name]} | {s['n']:,} | {s['wrong']:,.0f} | {s['wrong'] / s['n']:.2%} "
            f"| {min(scores):.0%} to {max(scores):.0%} |"
        )


def _whole(found: dict[str, Any]) -> Iterator[str]:
    yield from (
        "| set | share wrong | pairs in another order: real | uniform | real less uniform "
        "| accuracy lost by the pick: real | uniform | accuracies read too low by: real | uniform |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    for name, s in found.items():
        real, uniform, less = (s["whole"][arm] for arm in ("real", "uniform", "real - uniform"))
        yield (
            f"| {name} | {s['wrong'] / s['n']:.2%} | {_range(real['swapped'])} | {_range(uniform['swapped'])} "
            f"| {_signed(less['swapped'])} | {_points(real['cost'])} | {_points(uniform['cost'])} "
            f"| {_points(_minus(real['level']))} | {_points(_minus(uniform['level']))} |"
        )


def _learned(found: dict[str, Any]) -> Iterator[str]:
    yield from (
        "| set | pairs in another order, learned from given labels | from corrected ones "
        "| accuracy lost, given | corrected |",
        "|---|---:|---:|---:|---:|",
    )
    for name, s in found.items():
        other = s["whole"].get("real, learned from corrected labels")
        if other is not None:
            real = s["whole"]["real"]
            yield (
                f"| {name} | {_range(real['swapped'])} | {_range(other['swapped'])} | {_points(real['cost'])} "
                f"| {_points(other['cost'])} |"
            )


def _shares(s: dict[str, Any]) -> Iterator[str]:
    yield from (
        "| share wrong | pairs in another order: real | uniform | fresh | real less uniform "
        "| accuracy lost by the pick: real | uniform | fresh |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    )
    for share, t in s["shares"].items():
        swaps = " | ".join(_range(t[arm]["swapped"]) for arm in ("real", "uniform", "fresh"))
        costs = " | ".join(_points(t[arm]["cost"]) for arm in ("real", "uniform", "fresh"))
        yield f"| {float(share):.1%} | {swaps} | {_signed(t['real - uniform']['swapped'])} | {costs} |"


def _plot(s: dict[str, Any], name: str, key: str) -> Iterator[str]:
    shares = np.array([float(share) for share in s["shares"]])
    lines = []
    for arm, said in LINES.items():
        ends = np.array([t[arm][key] for t in s["shares"].values()])
        low, high = ends[:, 1].clip(min=0), ends[:, 2]
        lines.append(Line(said, shares, ends[:, 0], low, high, arm == "real", dashed=arm == "fresh"))
    says = {"swapped": "pairs of models in another order", "cost": "accuracy lost by the pick"}[key]
    drawn = curves(
        lines, x="share of wrong labels in a test set of 2,000 rows", y=says, from_zero=True,
        label=f"{name}: {says}, by share of wrong labels",
    )  # fmt: skip
    yield from ('<div class="claim">', *str(drawn).splitlines(), "</div>", "")


def _answer(found: dict[str, Any]) -> Iterator[str]:
    """The sentences that hold numbers, so that they cannot differ from the tables."""
    natural = {name: s["whole"]["real"]["swapped"] for name, s in found.items()}
    costs = {name: s["whole"]["real"]["cost"] for name, s in found.items()}
    most, dear = max(natural, key=lambda n: natural[n][0]), max(costs, key=lambda n: costs[n][0])
    yield (
        f"- **With the errors as they came**, {min(v[0] for v in natural.values()):.1%} to {natural[most][0]:.1%} of "
        f"the pairs stand in another order than on corrected labels (most on {most}). Choosing by the given labels "
        f"costs at most {100 * costs[dear][0]:.2f} points of accuracy on average ({dear})."
    )
    drawn = {name: s["shares"] for name, s in found.items() if "shares" in s}
    at = {name: shares["0.03"] for name, shares in drawn.items()}
    yield (
        "- **At 3 % wrong in a test set of 2,000 rows**: "
        + "; ".join(
            f"{name} {t['real']['swapped'][0]:.1%} of the pairs and {100 * t['real']['cost'][0]:.2f} points"
            for name, t in at.items()
        )
        + ". Another 2,000 rows without any error would have changed "
        + "; ".join(
            f"{t['fresh']['swapped'][0]:.1%} and {100 * t['fresh']['cost'][0]:.2f}" for t in at.values()
        )
        + ", in the same order of sets."
    )
    times = ", ".join(
        f"{t['real']['swapped'][0] / t['uniform']['swapped'][0]:.1f} times as many on {name}"
        for name, t in at.items()
    )
    worse, same, better = [], [], []
    for name, shares in drawn.items():
        for share, t in shares.items():
            _, low, high = t["real - uniform"]["swapped"]
            (worse if low > 0 else better if high < 0 else same).append(f"{name} at {float(share):.1%}")
    yield (
        f"- **Are real errors worse than random ones?** Of {len(worse) + len(same) + len(better)} comparisons (set and "
        f"share) the interval of real less uniform lies above zero in {len(worse)}, holds it in {len(same)}, and lies "
        f"below in {len(better)}. At 3 % wrong, real errors change the order of more pairs than "
        f"uniform ones: {times}."
    )


def _range(ends: list[float]) -> str:
    return f"{ends[0]:.1%} ± {(ends[2] - ends[1]) / 2:.1%}"


def _signed(ends: list[float]) -> str:
    return f"{100 * ends[0]:+.1f} ({100 * ends[1]:+.1f} to {100 * ends[2]:+.1f})"


def _points(ends: list[float]) -> str:
    return f"{100 * ends[0]:.2f} ± {50 * (ends[2] - ends[1]):.2f}"


def _minus(ends: list[float]) -> list[float]:
    return [-ends[0], -ends[2], -ends[1]]
