"""``labelwright reproduce``: rerun what papers say."""

import json
from pathlib import Path
from typing import Annotated

import typer

RESULTS = Path("results")
STOPPED = "labelwright: arms that were done are kept; the same command goes on from there"


def reproduce(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids or keys of papers.", metavar="ID...")] = None,
    room: Annotated[str | None, typer.Option(help="All papers of a room.", metavar="ROOM")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All papers with claims.")] = False,
    quick: Annotated[bool, typer.Option(help="Two seeds at a reduced size; decides nothing.")] = False,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for all cores.")] = -1,
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")] = RESULTS,
    plot: Annotated[
        Path | None, typer.Option(help="Folder for a picture of each claim (SVG).", metavar="DIR")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
) -> None:
    """Rerun what papers say and decide: holds, fails or unclear."""
    from labelwright.cli import claims as terminal
    from labelwright.cli.summary import Console
    from labelwright.errors import InputError
    from labelwright.papers.catalogue import paper
    from labelwright.reproduce import Skipped, claims, run_one
    from labelwright.reproduce.plot import save

    if jobs == 0:
        raise typer.BadParameter("give 1 or more, or -1 for all cores", param_hint="'--jobs'")
    there = claims()
    wanted = [paper(name).id for name in ids or []]
    if everything or room is not None:
        wanted += [name for name in there if room is None or paper(name).room == room]
    if not wanted:
        raise InputError("name papers, such as S007, or take --room or --all")
    console, seen = Console(highlight=False), []
    for name in dict.fromkeys(wanted):
        if name not in there:
            typer.echo(f"{name}: no claim yet", err=True)
        for claim in there.get(name, ()):
            try:
                result = run_one(claim, quick=quick, n_jobs=jobs)
            except Skipped as reason:
                typer.echo(f"skipped: {reason}", err=True)
                continue
            except KeyboardInterrupt:
                typer.echo(STOPPED, err=True)
                raise
            seen.append({**result.record(), "quick": quick})
            if not quick:
                result.save(out)
            if plot is not None:
                save(seen[-1], plot)
            if not as_json:
                terminal.show(seen[-1], console)
    if as_json:
        typer.echo(json.dumps({"results": seen}, allow_nan=False))
