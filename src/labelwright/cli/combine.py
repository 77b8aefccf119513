"""``labelwright combine FILE``: many sources disagree; what is true, and who is good?"""

import json
from pathlib import Path
from typing import Annotated

import typer

OUT = Path("labelwright-combine")


def combine(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, Parquet, JSON lines, Arrow or Excel: one vote a row (item, source, label), or one item a "
            "row and one column a source.",
            metavar="FILE",
        ),
    ],
    item: Annotated[
        str | None,
        typer.Option(
            help="Column that names the item. Guessed if not given, like the others.", metavar="COL"
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="Column that says who voted; or the columns of the sources, separated by commas.",
            metavar="COL",
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Column with what was said.", metavar="COL")] = None,
    gold: Annotated[
        Path | None, typer.Option(help="File with true labels of some items, to measure by.", metavar="FILE")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="auto, dawid-skene, majority, weighted-majority, separate, one-coin, class-coins, mace, ibcc, fast, "
            "glad, hyper, metal or triplet.",
            metavar="NAME",
        ),
    ] = "auto",
    flip: Annotated[
        bool, typer.Option("--flip", help="Let sources worse than chance count against what they say.")
    ] = False,
    abstain: Annotated[
        str | None, typer.Option(help="What a cell says where a source says nothing.", metavar="TEXT")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an Excel file.", metavar="NAME")] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for report.html, labels.csv and sources.csv.", metavar="DIR")
    ] = OUT,
    seed: Annotated[int, typer.Option(help="Same seed, same result.", min=0, max=2**32 - 1)] = 0,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object on standard output, all else on standard error."),
    ] = False,
) -> None:
    """Make one label an item of the votes in FILE: a summary here, a report and tables in a folder.

    Example: labelwright combine votes.csv --gold checked.csv
    """
    from labelwright.cli import combined
    from labelwright.combine.file import file as read

    found = read(
        file,
        item=item,
        source=source,
        label=label,
        abstain=abstain,
        gold=gold,
        sheet=sheet,
        out=out,
        method=method,
        flip=flip,
        random_state=seed,
    )
    if as_json:
        typer.echo(json.dumps({**found.summary(), "out": str(out)}, allow_nan=False))
    combined.show(found, name=file.name, out=out, err=as_json)
