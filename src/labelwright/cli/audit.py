"""``labelwright audit FILE``: which labels are wrong?"""

import json
from pathlib import Path
from typing import Annotated

import typer

OUT = Path("labelwright-audit")


def audit(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV, Parquet, JSON lines, Arrow, Excel, picture folder, Label Studio or doccano export.",
            metavar="FILE",
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(help="Column with the labels. Guessed if not given, like the others.", metavar="COL"),
    ] = None,
    text: Annotated[str | None, typer.Option(help="Column with the text.", metavar="COL")] = None,
    features: Annotated[
        str | None, typer.Option(help="Columns to learn from, separated by commas.", metavar="COLS")
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="Column with file names of pictures.", metavar="COL")
    ] = None,
    probs: Annotated[
        Path | None,
        typer.Option(
            help="Out-of-sample probabilities you already have (.npy, .npz, CSV, Parquet).", metavar="FILE"
        ),
    ] = None,
    multi_label: Annotated[
        str | None,
        typer.Option(
            "--multi-label", help="What separates several labels in a cell, such as '|'.", metavar="SEP"
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Column that says who gave the label.", metavar="COL")
    ] = None,
    item: Annotated[
        str | None, typer.Option(help="Column that says which rows are the same item.", metavar="COL")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an Excel file.", metavar="NAME")] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(help="Folder with a sentence-transformers model, in place of TF-IDF.", metavar="DIR"),
    ] = None,
    filter_by: Annotated[
        str | None,
        typer.Option(
            "--filter",
            help="A confident-learning rule to choose the doubtful rows, such as prune_by_noise_rate.",
            metavar="RULE",
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            help="A language model for a second opinion: local, a folder, or https://HOST/v1#MODEL.",
            metavar="MODEL",
        ),
    ] = None,
    judge_rows: Annotated[
        int,
        typer.Option("--judge-rows", help="How many labels the judge is asked about.", min=4, metavar="N"),
    ] = 200,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels",
            help="Look at the vocabulary of tags instead: which are one, imply or exclude each other.",
        ),
    ] = False,
    plan: Annotated[
        Path | None,
        typer.Option(help="A labels-plan.csv you have reviewed, to apply; with --labels.", metavar="FILE"),
    ] = None,
    test: Annotated[
        bool,
        typer.Option(
            "--test",
            help="FILE is a test set: do wrong labels decide which model looks best? Writes a sheet to review first.",
        ),
    ] = False,
    models: Annotated[
        str | None,
        typer.Option(
            help="With --test: two models or more, separated by commas: columns of predictions, the beginning of "
            "columns of probabilities, or files. Quick own ones without.",
            metavar="NAMES",
        ),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(help="With --test and no models: where to fit quick ones.", metavar="FILE"),
    ] = None,
    reviewed: Annotated[
        str | None,
        typer.Option(
            help="With --test: the review.csv with votes, or copies of several people, separated by commas.",
            metavar="FILES",
        ),
    ] = None,
    most: Annotated[
        int, typer.Option(help="With --test: rows on the sheet whose label looks wrong.", min=0)
    ] = 300,
    sample: Annotated[
        int, typer.Option(help="With --test: rows on the sheet drawn from all others.", min=0)
    ] = 100,
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for report.html, issues.csv, issues.parquet and corrected labels.", metavar="DIR"
        ),
    ] = OUT,
    fail_over: Annotated[
        float | None,
        typer.Option(
            "--fail-over",
            help="Exit with code 1 if the error rate is above this share.",
            min=0.0,
            max=1.0,
            metavar="RATE",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same result.", min=0, max=2**32 - 1)] = 0,
    jobs: Annotated[int, typer.Option(help="Processes to use; -1 for all cores.")] = 1,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object on standard output, all else on standard error."),
    ] = False,
) -> None:
    """Find the wrong labels of FILE: a summary here, a report and tables in a folder.

    Example: labelwright audit reviews.csv --label sentiment
    """
    import labelwright.audit
    from labelwright.cli import summary

    if jobs == 0:
        raise typer.BadParameter("give 1 or more, or -1 for all cores", param_hint="'--jobs'")

    if test:
        refuse = {"--labels": labels, "--plan": plan, "--probs": probs, "--multi-label": multi_label,
                  "--source": source, "--item": item, "--encoder": encoder}  # fmt: skip
        for option, value in refuse.items():
            if value:
                raise typer.BadParameter("does not go with --test", param_hint=f"'{option}'")
        board = labelwright.audit.benchmark(
            file, label=label, models=models, train=train, reviewed=reviewed, text=text, features=features,
            image=image, sheet=sheet, filter_by=filter_by, most=most, sample=sample, out=out, random_state=seed,
            n_jobs=jobs,
        )  # fmt: skip
        if as_json:
            typer.echo(json.dumps({**board.summary(), "out": str(out)}, allow_nan=False))
        summary.show_benchmark(board, name=file.name, out=out, err=as_json)
        _fail_over(board.checked.error_rate.value if board.sheet is None else 0.0, fail_over)
        return
    for option, value in {"--models": models, "--train": train, "--reviewed": reviewed}.items():
        if value is not None:
            raise typer.BadParameter("is for a test set, so it needs --test", param_hint=f"'{option}'")
    if labels:
        tags = labelwright.audit.vocabulary(
            file, label=label, multi_label=multi_label, plan=plan, sheet=sheet, out=out
        )
        if as_json:
            typer.echo(json.dumps({**tags.summary(), "out": str(out)}, allow_nan=False))
        summary.show_vocabulary(tags, name=file.name, out=out, err=as_json)
        return
    if plan is not None:
        raise typer.BadParameter("applies a plan for tags, so it needs --labels", param_hint="'--plan'")
    found = labelwright.audit.file(
        file,
        label=label,
        text=text,
        features=features,
        image=image,
        probs=probs,
        multi_label=multi_label,
        source=source,
        item=item,
        sheet=sheet,
        encoder=encoder,
        filter_by=filter_by,
        judge=judge,
        judge_rows=judge_rows,
        out=out,
        random_state=seed,
        n_jobs=jobs,
    )
    if as_json:
        typer.echo(json.dumps({**found.summary(), "out": str(out)}, allow_nan=False))
    summary.show(found, name=file.name, out=out, err=as_json)
    _fail_over(found.error_rate.value, fail_over)


def _fail_over(rate: float, limit: float | None) -> None:
    if limit is not None and rate > limit:
        typer.echo(f"error rate {rate:.2%} is above {limit:.2%}", err=True)
        raise typer.Exit(1)
