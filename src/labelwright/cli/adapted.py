"""Adapted predictions in the terminal: what changed, what the correction is worth, what to do next."""

from pathlib import Path

from rich.markup import escape
from rich.table import Table

from labelwright.cli.summary import Console, said
from labelwright.report.text import plain, plural
from labelwright.shift import Adapted
from labelwright.shift.report_view import View

SHOWN = 5  # classes that changed most


def show(found: Adapted, *, name: str, out: Path, err: bool = False) -> None:
    """Print what a manager needs: has the balance changed, how right are predictions now, where is the rest."""
    console = Console(stderr=err, highlight=False)
    console.print(
        f"\n[bold]{escape(name)}[/]: {plural(len(found.probs), 'new row')}, {len(found.classes):,} classes, compared "
        f"with {plural(found.estimator.n_source_, 'labelled row')} in {found.settings['seconds']:.0f} s\n"
    )
    shift, seen = found.shift, found.accuracy
    console.print(
        f"{shift.says[:1].upper()}{shift.says[1:]} (p: any change {_p(shift.any_change)}, balance {_p(shift.priors)}, "
        f"within classes {_p(shift.within)})."
    )
    console.print(
        f"Expected to be right: [bold]{seen.after:.1%}[/] of the corrected predictions (95 % interval "
        f"{seen.after_low:.1%} to {seen.after_high:.1%}), {seen.before:.1%} before; {found.changed:,} change."
    )
    measured = found.measured
    if measured is not None:
        console.print(
            f"On {plural(measured.n, 'labelled new row')} [bold]{measured.after:.1%}[/] are right "
            f"({measured.after_low:.1%} to {measured.after_high:.1%}), {measured.before:.1%} before."
        )
    checks = found.checks
    if checks is not None:
        far = [n for n, d in zip(checks.methods, checks.distance) if d > checks.reach]
        console.print(
            f"{len(checks.methods)} estimators agree within what chance does."
            if not far
            else f"Of {len(checks.methods)} estimators {', '.join(far)} disagree{'s' * (len(far) == 1)}."
        )
    console.print()
    console.print(_shares(found))
    said(console, "What speaks against it:", found.warnings)
    said(console, "Assumed and noticed:", found.notes)
    said(console, "Next:", found.hints())
    left = "predictions.parquet" if (out / "predictions.parquet").exists() else "predictions.csv"
    console.print(
        f"\nWritten to [bold]{escape(str(out))}[/]: report.html (open it in a browser), priors.csv, {left}.\n"
    )


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 0.001 else "< 0.001"


def _shares(found: Adapted) -> Table:
    """The classes that changed most."""
    view = View(found)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("class", no_wrap=True, overflow="ellipsis")
    for heading in ("source", "new rows", f"{view.level:.0%} interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    order = view.order.tolist()
    rows = order if view.k <= 2 * SHOWN else [*order[:SHOWN], None, *order[-SHOWN:]]
    for c in rows:
        if c is None:
            table.add_row(f"({view.k - 2 * SHOWN:,} more)", "", "", "")
            continue
        mark = "[bold]" if view.sure[c] else ""
        table.add_row(
            f"{mark}{escape(plain(view.names[c], 40))}",
            f"{view.source[c]:.1%}",
            f"{mark}{view.target[c]:.1%}",
            f"{view.low[c]:.1%} to {view.high[c]:.1%}",
        )
    return table
