"""``labelwright papers | reproduce | cite``: the science behind the methods, rerun on request."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

RESULTS = Path("results")


def papers(
    id: Annotated[
        str | None, typer.Argument(help="Id or key of one paper, such as S007.", metavar="ID")
    ] = None,
    room: Annotated[str | None, typer.Option(help="Only papers of this room.", metavar="ROOM")] = None,
    results: Annotated[Path, typer.Option(help="Folder with results.", metavar="DIR")] = RESULTS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """List the papers behind Labelwright and what became of their claims here; with an ID, show one."""
    from labelwright.reproduce import shelf

    books = shelf.books(results)
    if id is not None:
        from labelwright.papers.catalogue import paper

        books = [book for book in books if book["id"] == paper(id).id]
    if room is not None:
        books = [book for book in books if book["room"] == room]
    if as_json:
        typer.echo(json.dumps(books if id is None else books[0], allow_nan=False))
    elif id is not None:
        _card(books[0])
    else:
        _list(books)


def reproduce(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids or keys of papers.", metavar="ID...")] = None,
    room: Annotated[str | None, typer.Option(help="All papers of a room.", metavar="ROOM")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All papers with claims.")] = False,
    quick: Annotated[bool, typer.Option(help="Two seeds at a reduced size; decides nothing.")] = False,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for all cores.")] = -1,
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")] = RESULTS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
) -> None:
    """Rerun what papers say and decide: holds, fails or unclear."""
    from labelwright.errors import InputError
    from labelwright.papers.catalogue import paper
    from labelwright.reproduce import Skipped, claims, run_one

    there = claims()
    wanted = [paper(name).id for name in ids or []]
    if everything or room is not None:
        wanted += [name for name in there if room is None or paper(name).room == room]
    if not wanted:
        raise InputError("name papers, such as S007, or take --room or --all")
    seen = []
    for name in dict.fromkeys(wanted):
        if name not in there:
            typer.echo(f"{name}: no claim yet", err=True)
        for claim in there.get(name, ()):
            try:
                result = run_one(claim, quick=quick, n_jobs=jobs)
            except Skipped as reason:
                typer.echo(f"skipped: {reason}", err=True)
                continue
            seen.append({**result.record(), "quick": quick})
            if not as_json:
                _result(seen[-1], quick=quick)
            if not quick:
                result.save(out)
    if as_json:
        typer.echo(json.dumps({"results": seen}, allow_nan=False))


def cite(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Ids or keys of papers, or public names such as audit.ConfidentLearning.", metavar="NAME..."
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on standard output.")
    ] = False,
) -> None:
    """Print BibTeX for papers, or for those behind a class."""
    from labelwright.papers.catalogue import bibtex
    from labelwright.reproduce.cite import cited

    books = list(dict.fromkeys(book for name in names for book in cited(name)))
    if as_json:
        typer.echo(
            json.dumps({"ids": [book.id for book in books], "bibtex": [bibtex(book) for book in books]})
        )
        return
    for book in books:
        typer.echo(bibtex(book))


def _list(books: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading, width in (("id", 4), ("name", 12), ("room", 8), ("state", 7)):
        table.add_column(heading, no_wrap=True, min_width=width)
    table.add_column("what was seen", overflow="fold", ratio=1)
    for book in books:
        table.add_row(
            book["id"],
            book["name"],
            book["room"],
            book["state"],
            "\n".join(_headline(c) for c in book["claims"]),
        )
    Console(highlight=False).print(table)


def _card(book: dict[str, Any]) -> None:
    typer.echo(
        f"{book['id']}  {book['title']}\n{', '.join(book['authors']) or 'authors not verified'} ({book['year']})"
    )
    typer.echo(f"key {book['key']}, room {book['room']}, state {book['state']}\n\n{book['says']}\n")
    if book["implemented_by"]:
        typer.echo(f"Implemented by: {', '.join(book['implemented_by'])}\n")
    for claim in book["claims"]:
        _result(claim, quick=False)
    if not book["claims"]:
        typer.echo("No claim has been run yet.")


def _result(claim: dict[str, Any], *, quick: bool) -> None:
    typer.echo(
        f"{claim['claim']}: {'(quick run, decides nothing) ' if quick else ''}{claim['verdict'].upper()}"
    )
    typer.echo(f"  {claim['says']}")
    for arm, seen in claim["arms"].items():
        typer.echo(f"  {arm:<24} {seen['mean']:.4g} {claim['unit']}")
    for c in claim["comparisons"]:
        margin = f" by {c['by']:g}" if c["by"] else ""
        typer.echo(
            f"  {c['arm']} ahead of {c['of']}{margin}: {c['difference']:+.4g} "
            f"({c['low']:+.4g} to {c['high']:+.4g}), {c['verdict']}"
        )
    typer.echo(f"  departs: {claim['departs']}\n")


def _headline(claim: dict[str, Any]) -> str:
    c = claim["comparisons"][0]
    means = ", ".join(f"{arm} {claim['arms'][arm]['mean']:.3g}" for arm in (c["arm"], c["of"]))
    return f"{claim['verdict']}: {means}"
