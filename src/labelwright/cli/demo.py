"""``labelwright demo``: the main job on real data with known truth."""

import json
from pathlib import Path
from typing import Annotated

import typer

OUT = Path("labelwright-demo")
FIRST = (100, 300)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report and the tables.", metavar="DIR")] = OUT,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object on standard output, all else on standard error."),
    ] = False,
) -> None:
    """Audit 17,410 real sentences, each labelled by one person, and compare with what the crowd says.

    The data (crowd-sentiment, 2.5 MB) come through your own package client the first time.
    """
    import numpy as np

    from labelwright import audit, data, files
    from labelwright.cli import summary

    crowd = data.load("crowd-sentiment")
    with files.OutputFolder(out) as folder:
        table = {"text": list(crowd.items), "label": list(crowd.labels)}
        folder.write_csv("sentences.csv", table)
    found = audit.file(out / "sentences.csv", label="label", text="text", out=out)
    wrong = np.asarray(crowd.wrong) == 1
    order = np.argsort(-found.p_wrong, kind="stable")
    base = float(wrong.mean())
    hits = {n: int(wrong[order[:n]].sum()) for n in FIRST}
    summary.show(found, name="crowd-sentiment", out=out, err=as_json)
    said = [
        "What is really wrong is known here: each sentence was rated by 15 to 99 people, and the label given",
        f"is the sign of one of these. {wrong.sum()} of {len(wrong):,} labels ({base:.1%}) contradict the consensus.",
        *(
            f"  first {n}: {hits[n]} wrong, {hits[n] / n / base:.0f} times as many as in a random {n}"
            for n in FIRST
        ),
        f"The audit puts the rate at {found.error_rate} if errors fall on any sentence alike, and at up to "
        f"{found.ceiling:.1%} if they",
        "gather on hard ones. People err more on hard ones, so the truth lies between.",
    ]
    typer.echo("\n".join(said), err=as_json)
    if as_json:
        known = {"true_error_rate": base, **{f"wrong_in_first_{n}": hits[n] for n in FIRST}}
        typer.echo(json.dumps({**found.summary(), **known, "out": str(out)}, allow_nan=False))
