"""The command: each subcommand calls one public function and prints what it returns."""

import sys
import warnings
from typing import Any

import typer

from labelwright import __version__
from labelwright.cli import adapt, audit, combine, demo, papers, reproduce
from labelwright.errors import DoubtfulInput, InputError, MissingPackage

INTERRUPTED = 130

app = typer.Typer(
    name="labelwright",
    help="Labels in machine learning: find the wrong ones, and what they should be.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("audit")(audit.audit)
app.command("combine")(combine.combine)
app.command("adapt")(adapt.adapt)
app.command("demo")(demo.demo)
app.command("papers")(papers.papers)
app.command("reproduce")(reproduce.reproduce)
app.command("cite")(papers.cite)


def _version(value: bool) -> None:
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """Labels in machine learning: find the wrong ones, and what they should be."""


def main() -> None:
    """Run the command; what the user can mend becomes one sentence and exit code 2."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", DoubtfulInput)
    warnings.showwarning = _note  # type: ignore[assignment]
    try:
        app()
    except (InputError, MissingPackage) as problem:
        typer.echo(f"labelwright: {problem}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        _stopped()
    except OSError as problem:
        place = f" ({problem.filename})" if problem.filename else ""
        typer.echo(f"labelwright: stopped by the system: {problem.strerror or problem}{place}", err=True)
        sys.exit(2)
    except SystemExit as end:  # typer turns Ctrl-C into this
        if end.code == INTERRUPTED:
            _stopped()
        raise


def _stopped() -> None:
    if sys.argv[1:2] != ["reproduce"]:  # it says itself what is kept
        typer.echo("labelwright: stopped; nothing was written", err=True)
    sys.exit(INTERRUPTED)


def _note(message: Any, category: type[Warning], *_: Any) -> None:
    typer.echo(f"note: {message}", err=True)
