"""An audit in the terminal: the answer first, then the rows to look at."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.table import Table

from labelwright import frames
from labelwright.audit import Audit, Benchmark, Vocabulary
from labelwright.report.text import plain

SHOWN = 8


class Console(RichConsole):
    """A console that falls silent where nobody reads on (``| head``), so that the exit code keeps its meaning."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def said(console: RichConsole, heading: str, lines: Iterable[str]) -> None:
    """Print sentences under a heading, or nothing where there are none."""
    lines = list(lines)
    if lines:
        console.print(f"\n{heading}")
    for line in lines:
        console.print(f"  · {escape(plain(line, 400))}")


def show(found: Audit, *, name: str, out: Path, err: bool = False) -> None:
    """Print what a manager needs: how many labels are wrong, the first of them, where the rest is."""
    console = Console(stderr=err, highlight=False)
    rate = found.error_rate
    tags = found.noise_matrix.ndim == 3
    judged = round(float(found.joint.sum()))
    what = "tag marks are wrong" if tags else "labels are wrong"
    console.print(
        f"\n[bold]{escape(name)}[/]: {found.n:,} rows, {len(found.classes):,} classes, "
        f"judged in {found.settings['seconds']:.0f} s\n"
    )
    console.print(
        f"About [bold]{rate.value:.1%}[/] of the {what} (95 % interval {rate.low:.1%} to {rate.high:.1%}): roughly "
        f"{rate.value * judged:,.0f} of {judged:,}."
    )
    if found.ceiling is not None and found.ceiling > rate.high:
        console.print(
            "This takes errors to fall on easy and hard items alike. People err more on hard ones; then it may be up "
            f"to [bold]{found.ceiling:.1%}[/]."
        )
    if found.n_issues:
        console.print(
            f"{_many(found.n_issues, 'row is', 'rows are')} worth checking first (rows count from 0). "
            "The most doubtful:\n"
        )
        console.print(_rows(found))
    else:
        console.print("No row stands out.")
    for line in _also(found):
        console.print(line)
    said(console, "Assumed and noticed:", found.notes)
    console.print(
        f"\nWritten to [bold]{escape(str(out))}[/]: report.html (open it in a browser), issues.csv, issues.parquet, "
        "corrected labels.\n"
    )


def _rows(found: Audit) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for heading in ("row", "given", "suggested", "p wrong"):
        table.add_column(
            heading, justify="right" if heading in ("row", "p wrong") else "left", no_wrap=True, min_width=5
        )
    table.add_column("item", no_wrap=True, overflow="ellipsis", ratio=1)
    columns = [frames.column(found.issues, name) for name in ("row", "given", "suggested", "p_wrong")]
    for row, given, suggested, p in zip(*(c[:SHOWN] for c in columns)):
        shown = found.items.preview(int(row)) if found.items is not None else None
        text = "" if shown is None else shown.text or ", ".join(f"{k} {v}" for k, v in shown.cells[:4])
        table.add_row(
            str(row), *(escape(plain(v, 30)) for v in (given, suggested)), f"{p:.0%}", escape(plain(text, 90))
        )
    return table


def _many(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"


def _also(found: Audit) -> list[str]:
    lines = [""]
    if len(found.overlaps):
        pairs = zip(*(frames.column(found.overlaps, name)[:3] for name in ("class", "other", "n")))
        lines.append(
            "Classes that mix: "
            + ", ".join(escape(f"{plain(a)} and {plain(b)} (about {n:.0f})") for a, b, n in pairs)
            + "."
        )
    if len(found.duplicates):
        pairs_of = _many(len(found.duplicates), "pair", "pairs")
        have = "has" if len(found.duplicates) == 1 else "have"
        lines.append(f"{pairs_of} of equal or nearly equal items {have} different labels.")
    if len(found.misfits):
        lines.append(f"{_many(len(found.misfits), 'item is', 'items are')} unlike the rest of every class.")
    if found.sources is not None and len(found.sources):
        worst = {name: frames.column(found.sources, name)[0] for name in ("source", "error_rate")}
        lines.append(
            escape(
                f"Of {len(found.sources)} sources, {plain(worst['source'])} differs most: "
                f"about {worst['error_rate']:.1%} wrong."
            )
        )
    if found.judges is not None and len(found.judges):
        costs = {
            name: frames.column(found.judges, name).sum() for name in ("items", "calls", "cached", "seconds")
        }
        lines.append(
            f"Second opinions: {costs['items']:,} labels, {costs['calls']:,} questions ({costs['cached']:,} from the "
            f"record), {costs['seconds']:.0f} s."
        )
    return lines if len(lines) > 1 else []


def show_vocabulary(found: Vocabulary, *, name: str, out: Path, err: bool = False) -> None:
    """Print which tags belong together, and what to do with the plan."""
    console = Console(stderr=err, highlight=False)
    numbers = found.summary()
    console.print(f"\n[bold]{escape(name)}[/]: {found.n:,} rows, {len(found.names):,} tags\n")
    if found.cleaned is not None:
        related = _many(len(found.relations), "relation", "relations")
        clash = _many(
            numbers["n_conflicts"], "pair of tags excludes each other", "pairs of tags exclude each other"
        )
        console.print(f"[bold]{numbers['n_added']:,}[/] tags follow from {related}; {clash} on a row.")
        console.print(f"\nWritten to [bold]{escape(str(out))}[/]: the file with all tags, conflicts.csv.\n")
        return
    for kind, words in (
        ("identical", "may be one"),
        ("implies", "imply another"),
        ("uncertain", 'stand in a list with "or"'),
        ("exclusive", "never meet"),
    ):
        some = [it for it in found.relations if it.kind == kind]
        if some:
            shown = ", ".join(escape(f"{plain(it.label, 30)} - {plain(it.other, 30)}") for it in some[:4])
            console.print(f"{len(some):,} pairs {words}: {shown}{', ...' if len(some) > 4 else ''}.")
    if not found.relations:
        console.print("No two tags look related.")
    console.print(
        f"\nWritten to [bold]{escape(str(out))}[/]: labels-plan.csv. Set `accept` where you agree, then run again with "
        "--plan.\n"
    )


def show_benchmark(found: Benchmark, *, name: str, out: Path, err: bool = False) -> None:
    """Print what the models score, what to review, and after the review what it changed."""
    console = Console(stderr=err, highlight=False)
    checked, numbers, where = found.checked, found.checked.summary(), escape(str(out))
    console.print(f"\n[bold]{escape(name)}[/]: {numbers['n']:,} rows, {len(checked.models):,} models\n")
    if found.sheet is None:
        rate, first, best = checked.error_rate, *(escape(plain(v, 40)) for v in checked.best)
        if rate.value == rate.value:
            console.print(
                f"About [bold]{rate.value:.1%}[/] of the labels are wrong (95 % interval {rate.low:.1%} to "
                f"{rate.high:.1%})."
            )
        corrected = _many(numbers["n_corrected"], "label", "labels")
        console.print(
            f"With {corrected} corrected, [bold]{best}[/] "
            + ("is still the best model." if first == best else f"is the best model, no longer {first}.")
            + f" {numbers['n_swapped']:,} of {_many(numbers['n_pairs'], 'pair', 'pairs')} "
            f"{'changes' if numbers['n_swapped'] == 1 else 'change'} places.\n"
        )
    console.print(_models(found))
    if found.notes:
        console.print("\nAssumed and noticed:")
        for note in found.notes:
            console.print(f"  · {escape(note)}")
    if found.sheet is not None:
        console.print(
            f"\nWritten to [bold]{where}[/]: review.csv, {len(found.sheet):,} rows for people to judge, and "
            "report.html, which says how. Then run again with --reviewed.\n"
        )
        return
    console.print(
        f"\nWritten to [bold]{where}[/]: report.html (open it in a browser), ranking.csv, pairs.csv, curve.csv, "
        "crossings.csv, verdicts.csv, the corrected test set.\n"
    )


def _models(found: Benchmark) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    kinds = ["given"] if found.sheet is not None else ["given", "corrected"]
    table.add_column("model", overflow="ellipsis", no_wrap=True)
    for kind in kinds:
        table.add_column(f"{kind} labels", justify="right", no_wrap=True)
        if kind == kinds[-1]:
            table.add_column("95 % interval", justify="right", no_wrap=True)
        table.add_column("rank", justify="right")
    data = found.checked.ranking
    rows = {n: frames.column(data, n).tolist() for n in frames.names(data)}
    for i in range(min(SHOWN, len(rows["model"]))):
        cells = [escape(plain(rows["model"][i], 40))]
        for kind in kinds:
            low, high, rank = (rows[n][i] for n in (f"{kind}_low", f"{kind}_high", f"rank_{kind}"))
            ends = [f"{low:.1%} to {high:.1%}"] if kind == kinds[-1] else []
            cells += [f"{rows[f'accuracy_{kind}'][i]:.2%}", *ends, f"{rank:g}"]
        table.add_row(*cells)
    if len(rows["model"]) > SHOWN:
        table.add_row(f"and {len(rows['model']) - SHOWN} more in ranking.csv")
    return table
