"""``labelwright papers | cite``: the science behind the methods, and what became of it here."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from labelwright.cli.reproduce import RESULTS


def papers(
    id: Annotated[
        str | None, typer.Argument(help="Id or key of one paper, such as S007.", metavar="ID")
    ] = None,
    room: Annotated[str | None, typer.Option(help="Only papers of this room.", metavar="ROOM")] = None,
    results: Annotated[Path, typer.Option(help="Folder with results.", metavar="DIR")] = RESULTS,
    plot: Annotated[
        Path | None,
        typer.Option(help="Folder for a picture of each claim with results (SVG).", metavar="DIR"),
    ] = None,
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
    if plot is not None:
        from labelwright.reproduce.plot import save

        for record in (record for book in books for record in book["claims"]):
            save(record, plot)
    if as_json:
        typer.echo(json.dumps(books if id is None else books[0], allow_nan=False))
    elif id is not None:
        _card(books[0])
    else:
        _list(books)


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
    from labelwright.reproduce.cite import cited

    found = {key: entry for name in names for key, entry in cited(name).items()}
    if as_json:
        typer.echo(json.dumps({"keys": list(found), "bibtex": list(found.values())}))
        return
    for entry in found.values():
        typer.echo(entry)


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
    from rich.markup import escape

    from labelwright.cli import claims as terminal
    from labelwright.cli.summary import Console
    from labelwright.papers.catalogue import paper
    from labelwright.reproduce import claims

    console, found = Console(highlight=False), paper(book["id"])
    authors = ", ".join(book["authors"]) or "authors not verified"
    console.print(f"[bold]{book['id']}  {escape(book['title'])}[/]")
    console.print(escape(f"{authors} ({book['year']}), {found.venue}"))
    console.print(escape(f"@{book['key']}, room {book['room']}, state {book['state']}\n"))
    console.print(f"{escape(book['says'])}\n")
    if book["implemented_by"]:
        console.print(escape(f"Implemented by: {', '.join(book['implemented_by'])}\n"))
    replaced = {record["supersedes"]: record["claim"] for record in book["claims"] if record["supersedes"]}
    for record in book["claims"]:
        terminal.show(record, console, replaced=replaced.get(record["claim"], ""))
    seen = {record["claim"] for record in book["claims"]}
    waiting = [claim for claim in claims().get(book["id"], ()) if claim.name not in seen]
    for claim in waiting:
        terminal.planned(claim, console)
    if not seen and not waiting:
        console.print("No claim yet.")
    console.print(f"[dim]Cite with: labelwright cite {book['id']}[/]")


def _headline(claim: dict[str, Any]) -> str:
    c = claim["comparisons"][0]
    means = ", ".join(f"{arm} {claim['arms'][arm]['mean']:.3g}" for arm in (c["arm"], c["of"]))
    return f"{claim['verdict']}: {means}"
