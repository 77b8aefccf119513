"""``labelwright adapt --source FILE --target FILE``: the class balance moved; how far, and what now?"""

import json
from pathlib import Path
from typing import Annotated

import typer

OUT = Path("labelwright-adapt")


def adapt(
    source: Annotated[
        Path,
        typer.Option(
            help="Labelled rows that the classifier did not see: CSV, TSV, Parquet, JSON lines, Arrow or Excel, with "
            "one column of probabilities per class, or with features.",
            metavar="FILE",
        ),
    ],
    target: Annotated[
        Path,
        typer.Option(
            help="New rows with the same columns; labels, if there are any, only measure.", metavar="FILE"
        ),
    ],
    label: Annotated[
        str | None, typer.Option(help="Column with the label. Guessed if not given.", metavar="COL")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Fitted classifier saved by skops, for files with features.", metavar="FILE"),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Column with the text to learn from.", metavar="COL")
    ] = None,
    features: Annotated[
        str | None, typer.Option(help="Columns to learn from, separated by commas.", metavar="COLS")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="mlls, mlls-ts, mlls-vs, mlls-plain, elsa, bbse, bbse-hard, rlls, acc, pacc, kdey, dys or hdy.",
            metavar="NAME",
        ),
    ] = "mlls",
    level: Annotated[
        float, typer.Option(help="Level of the intervals of the shares.", min=0.0, max=1.0)
    ] = 0.95,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an Excel file.", metavar="NAME")] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for report.html, priors.csv and predictions.", metavar="DIR")
    ] = OUT,
    seed: Annotated[int, typer.Option(help="Same seed, same result.", min=0, max=2**32 - 1)] = 0,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object on standard output, all else on standard error."),
    ] = False,
) -> None:
    """Estimate how common each class is among new rows, and correct the predictions: a summary, a report, tables.

    Example: labelwright adapt --source val.parquet --target new.parquet
    """
    from labelwright.cli import adapted
    from labelwright.shift.file import file

    found = file(
        source,
        target,
        label=label,
        model=model,
        text=text,
        features=features,
        sheet=sheet,
        out=out,
        method=method,
        level=level,
        random_state=seed,
    )
    if as_json:
        typer.echo(json.dumps({**found.summary(), "out": str(out)}, allow_nan=False))
    adapted.show(found, name=target.name, out=out, err=as_json)
