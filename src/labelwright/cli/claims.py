"""A claim in the terminal: what was seen in each arm, how the arms compare, what follows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from labelwright.cli.summary import Console

STRIP = 24  # characters
STYLES = {"holds": "green", "fails": "red", "unclear": "yellow"}


def show(record: Mapping[str, Any], console: Console, *, replaced: str = "") -> None:
    """Print a record of a result: verdict, arms with a strip of their seeds, comparisons, departures.

    Parameters
    ----------
    record : mapping
        As `Result.record` has it; ``quick`` may be set.
    console : Console
    replaced : str, default ""
        Name of the claim that supersedes this one.
    """
    note = " (quick run, decides nothing)" if record.get("quick") else ""
    note += f", superseded by {replaced}" if replaced else ""
    console.print(f"[bold]{escape(record['claim'])}[/]: {_coloured(record['verdict'])}{escape(note)}")
    console.print(f"{escape(record['says'])}\n")
    console.print(_arms(record, ascii_only=console.options.ascii_only))
    console.print()
    console.print(_comparisons(record["comparisons"]))
    console.print(f"\n[dim]Departs: {escape(record['departs'])}.[/]\n")


def planned(claim: Any, console: Console) -> None:
    """Print a claim of which no full run is kept."""
    console.print(f"[bold]{escape(claim.name)}[/]: not run yet")
    console.print(escape(claim.says))
    console.print(f"Arms: {escape(', '.join(claim.arms))}; {claim.seeds} seeds; {escape(claim.unit)}")
    console.print(f"Holds if: {escape('; '.join(map(str, claim.comparisons)))}")
    console.print(f"[dim]Departs: {escape(claim.departs)}.[/]\n")


def strip(values: Sequence[float], low: float, high: float, *, ascii_only: bool = False) -> str:
    """Numbers as dots on a line from `low` to `high`, a bar at their mean; a fuller dot stands for several.

    Examples
    --------
    >>> strip([0.0, 0.0, 1.0, 1.0], 0.0, 1.0, ascii_only=True)
    '*          |           *'
    """
    one, several, mean = "o*|" if ascii_only else "•●│"
    width = (high - low) or 1.0
    places = [round((v - low) / width * (STRIP - 1)) for v in values]
    line = [" "] * STRIP
    line[round((float(np.mean(values)) - low) / width * (STRIP - 1))] = mean
    for place in places:
        line[place] = several if places.count(place) > 1 else one
    return "".join(line)


def _arms(record: Mapping[str, Any], *, ascii_only: bool) -> Table:
    every = [v for arm in record["arms"].values() for v in arm["values"]]
    low, high = min(every), max(every)
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    table.add_column("arm", overflow="fold")
    table.add_column("mean", justify="right", no_wrap=True)
    table.add_column("sd", justify="right", no_wrap=True)
    table.add_column(_ends(low, high), no_wrap=True)
    for name, arm in record["arms"].items():
        spread = float(np.std(arm["values"], ddof=1)) if len(arm["values"]) > 1 else 0.0
        seeds = strip(arm["values"], low, high, ascii_only=ascii_only)
        table.add_row(escape(name), f"{arm['mean']:.4g}", f"{spread:.2g}", seeds)
    better = "" if record.get("higher_is_better", True) else ", lower is better"
    table.caption = f"{escape(record['unit'])}{better}; {record['seeds']} seeds"
    table.caption_style, table.caption_justify = "dim", "left"
    return table


def _ends(low: float, high: float) -> str:
    left, right = f"{low:.3g}", f"{high:.3g}"
    return left + right.rjust(STRIP - len(left))


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
    table.add_column("claimed", overflow="fold")
    for heading in ("difference", "interval" if len(comparisons) > 1 else "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for c in comparisons:
        margin = f" by {c['by']:g}" if c["by"] else ""
        table.add_row(
            escape(f"{c['arm']} ahead of {c['of']}{margin}"),
            f"{c['difference']:+.3g}",
            f"{c['low']:+.3g} to {c['high']:+.3g}",
            _coloured(c["verdict"]),
        )
    if len(comparisons) > 1:
        table.caption = "all intervals together hold with 95 %"
        table.caption_style, table.caption_justify = "dim", "left"
    return table


def _coloured(verdict: str) -> str:
    return f"[{STYLES[verdict]}]{verdict}[/]"
