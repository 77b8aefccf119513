"""Programs kept as text in a JSON file: readable, diffable, and never run by reading them."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labelwright.combine.programs.task import TaskSpec
from labelwright.errors import InputError

FORMAT = "labelwright programs 1"
SCALARS = (str, int, float, bool)


@dataclass(frozen=True)
class Program:
    """A labelling program, as text; it is never run in this process.

    Parameters
    ----------
    name : str
        Its name as a source of votes.
    source : str
        Its text.
    reply : str, default ""
        The answer of the model it was taken from, so that it can be taken out again without asking again.
    reason : str, default ""
        Why it was discarded; empty if it is in use.

    Examples
    --------
    >>> Program("shouting", "def label(item): return 1 if item.isupper() else -1").reason
    ''
    """

    name: str
    source: str
    reply: str = ""
    reason: str = ""


class ProgramStore:
    """Keep the programs of a task, the discarded ones with the reason, in one JSON file.

    Parameters
    ----------
    path : path
        The file; it need not exist before `write`.

    Notes
    -----
    Source: S043. Reading runs nothing; programs from a file are checked and confined like fresh ones when they run.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> store = ProgramStore(Path(folder.name) / "spam.json")
    >>> store.write(TaskSpec("Is this spam?", ["no", "yes"]), [Program("p1", "def label(item): return -1")])
    >>> task, programs = store.read()
    >>> task.classes, programs[0].name
    (('no', 'yes'), 'p1')
    >>> folder.cleanup()
    """

    cites = ("huang2024alchemist",)

    def __init__(self, path: str | os.PathLike[str]):
        self.path = path

    def write(self, task: TaskSpec, programs: Iterable[Program]) -> None:
        """Write all at once, in place of what the file held; a write that fails leaves the old file.

        Raises
        ------
        InputError
            When the classes are not texts, numbers or booleans, two programs share a name, or the place cannot be
            written to.
        """
        strange = next((name for name in task.classes if not isinstance(name, SCALARS)), None)
        if strange is not None:
            raise InputError(
                f"class {strange!r} is a {type(strange).__name__}, which JSON cannot keep; use texts or numbers"
            )
        programs = list(programs)
        _check_names(programs)
        content = {"format": FORMAT, "task": asdict(task), "programs": [asdict(p) for p in programs]}
        path = Path(self.path)
        aside = path.parent / f".{path.name}.{os.getpid()}"
        try:
            aside.write_text(json.dumps(content, indent=1), encoding="utf-8")
            os.replace(aside, path)
        except OSError as problem:
            raise InputError(f"{self.path} cannot be written: {problem}") from problem
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)

    def read(self) -> tuple[TaskSpec, list[Program]]:
        """The task and its programs.

        Raises
        ------
        InputError
            When the file is missing or not one that `write` wrote.
        """
        try:
            content = json.loads(Path(self.path).read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(f"its format is {content['format']!r}, expected {FORMAT!r}")
            task = TaskSpec(**_texts(content["task"], but="classes"))
            programs = [Program(**_texts(entry)) for entry in content["programs"]]
        except OSError as problem:
            raise InputError(f"{self.path} cannot be read: {problem}") from problem
        except InputError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise InputError(
                f"{self.path} is no file of programs ({type(problem).__name__}: {problem}); "
                "give one that ProgramStore.write wrote"
            ) from problem
        _check_names(programs)
        return task, programs


def _texts(entry: dict[str, Any], but: str = "") -> dict[str, Any]:
    for key, value in entry.items():
        if key == but:
            if not isinstance(value, list) or not all(isinstance(v, SCALARS) for v in value):
                raise ValueError(f"{key} must be a list of texts or numbers")
        elif not isinstance(value, str):
            raise ValueError(f"{key} must be a text")
    return entry


def _check_names(programs: list[Program]) -> None:
    names = [program.name for program in programs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two programs are called {twice!r}; give each its own name")
