"""Combined votes in the terminal: how right the labels are, who is good, what to do next."""

import math
from pathlib import Path

import numpy as np
from rich.markup import escape
from rich.table import Table

from labelwright import frames
from labelwright.cli.summary import Console, said
from labelwright.combine import Combined
from labelwright.combine.trust import method_words
from labelwright.report.text import plain, plural

SHOWN = 3  # best and worst sources


def show(found: Combined, *, name: str, out: Path, err: bool = False) -> None:
    """Print what a manager needs: how sure the labels are, which sources to trust, where the rest is."""
    console = Console(stderr=err, highlight=False)
    told = found.votes
    console.print(
        f"\n[bold]{escape(name)}[/]: {plural(told.n_votes, 'vote')} of {plural(len(told.sources), 'source')} about "
        f"{plural(len(told), 'item')}, {len(found.classes):,} classes, combined in {found.settings['seconds']:.0f} s\n"
    )
    for line in (_right(found), method_words(found), _alike(found)):
        if line:
            console.print(line)
    table = _sources(found)
    if table is not None:
        console.print()
        console.print(table)
    said(console, "Assumed and noticed:", found.notes)
    said(console, "Next:", found.hints())
    console.print(
        f"\nWritten to [bold]{escape(str(out))}[/]: report.html (open it in a browser), labels.csv, sources.csv.\n"
    )


def _right(found: Combined) -> str:
    """On gold, or by the labels' own probabilities."""
    gold = found.gold
    if gold is not None:
        return (
            f"[bold]{gold.accuracy:.1%}[/] of the {gold.n:,} labels with a known truth are right (95 % interval "
            f"{gold.low:.1%} to {gold.high:.1%}); majority has {gold.majority:.1%}."
        )
    accuracy = frames.column(found.sources, "accuracy").tolist()
    if not any(value is not None and math.isfinite(value) for value in accuracy):
        return "How right the labels are these votes cannot tell."
    p = found.posterior.max(axis=1)[np.diff(found.votes.first) > 0]
    return (
        f"If the sources err independently, about [bold]{p.mean():.1%}[/] of the labels are right; "
        f"{(p >= 0.95).mean():.0%} are 95 % sure or more."
    )


def _alike(found: Combined) -> str:
    alpha = found.agreement
    if not math.isfinite(alpha.value):
        return ""
    return f"Agreement: Krippendorff's alpha {alpha.value:.2f} ({alpha.low:.2f} to {alpha.high:.2f})."


def _sources(found: Combined) -> Table | None:
    """The best and the worst of the sources, where agreement tells."""
    columns = {
        name: frames.column(found.sources, name) for name in ("source", "accuracy", "low", "high", "n")
    }
    accuracy = np.array(columns["accuracy"], dtype=float)
    known = np.flatnonzero(np.isfinite(accuracy))
    if not len(known):
        return None
    rows = (
        known.tolist()
        if len(known) <= 2 * SHOWN + 1
        else [*known[:SHOWN].tolist(), None, *known[-SHOWN:].tolist()]
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("source", no_wrap=True, overflow="ellipsis")
    for heading in ("accuracy", "95 % interval", "votes"):
        table.add_column(heading, justify="right", no_wrap=True)
    poor = set(found.against.tolist())
    for row in rows:
        if row is None:
            table.add_row(f"({len(known) - 2 * SHOWN:,} more)", "", "", "")
            continue
        source = columns["source"][row]
        mark = "[red]" if source in poor else ""
        table.add_row(
            f"{mark}{escape(plain(source, 40))}",
            f"{accuracy[row]:.0%}",
            f"{columns['low'][row]:.0%} to {columns['high'][row]:.0%}",
            f"{columns['n'][row]:,}",
        )
    return table
