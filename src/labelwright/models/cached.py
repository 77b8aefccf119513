"""Ask a model once: answers are kept in an SQLite file, also when the run is killed in between."""

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from labelwright.errors import InputError
from labelwright.models.calls import Request, Unfinished, Wrapper
from labelwright.models.records import canonical, key, pack, unpack

BUSY_SECONDS = 60
TABLE = (
    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL)"
)


class Cached(Wrapper):
    """Keep every answer in a file and never ask the same again.

    What makes a question the same: name of the model, prompt, parameters, continuations. With a temperature and no seed
    each repetition of a question in a run counts as the next sample, and a later run gets the same samples in the same
    order. Several processes may share a file; where two ask the same at once, both get the answer that was kept first.

    Parameters
    ----------
    model : object, callable or str
        As in `as_language_model`.
    path : path
        SQLite file; made where it is missing.
    at_once : int, default 16
        Prompts handed to the model together. Answers are kept after each such batch, so a run that is killed pays again
        for at most so many.

    Raises
    ------
    InputError
        When `path` is in no folder, or is no file of this kind.

    Examples
    --------
    >>> import tempfile, os
    >>> asked = []
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = Cached(lambda prompt: asked.append(prompt) or "spam", os.path.join(folder, "answers.db"))
    ...     said = [model.complete(["win a car", "win a car"])[1].text, model.complete(["win a car"])[0].text]
    >>> said, asked
    (['spam', 'spam'], ['win a car'])
    """

    def __init__(self, model: Any, path: str | PathLike[str], *, at_once: int = 16):
        super().__init__(model)
        self.path, self.at_once = Path(path), at_once
        if not self.path.absolute().parent.is_dir():
            raise InputError(f"path={str(path)!r} is in a folder that does not exist; make it first")
        if at_once < 1:
            raise InputError(f"at_once={at_once} must be at least 1")
        self._samples: Counter[str] = Counter()
        self._lock = threading.Lock()
        with self._connection() as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(TABLE)

    def through(self, request: Request) -> list[Any]:
        """Kept answers, and those that the model gives to the other prompts."""
        keys = self._keys(request)
        names = [name for name, _ in keys]
        known = self._look_up(names)
        rows = {name: i for i, name in reversed(list(enumerate(names))) if name not in known}
        new = sorted(rows.values())
        fresh: dict[str, Any] = {}
        try:
            for start in range(0, len(new), self.at_once):
                some = new[start : start + self.at_once]
                try:
                    found = dict(enumerate(request.take(some).ask(self.model)))
                except Unfinished as stopped:
                    fresh |= self._keep([keys[some[at]] for at in stopped.done], list(stopped.done.values()))
                    raise
                fresh |= self._keep([keys[i] for i in some], list(found.values()))
        except BaseException as stopped:
            with self._lock:  # asked again, it is the same sample
                self._samples -= Counter(key(json.loads(text) | {"sample": 0}) for _, text in keys)
            if isinstance(stopped, Unfinished):
                stopped.done = self._given(names, known, fresh)
            raise
        found = self._given(names, known, fresh)
        return [found[i] for i in range(len(names))]

    @staticmethod
    def _given(names: list[str], known: dict[str, Any], fresh: dict[str, Any]) -> dict[int, Any]:
        """Answers by row; what was just paid for shows what it took, once."""
        found: dict[int, Any] = {}
        unpaid = dict(fresh)
        for i, name in enumerate(names):
            if name in fresh:
                found[i] = unpaid.pop(name, None) or unpack(pack(fresh[name]))
            elif name in known:
                found[i] = unpack(known[name])
        return found

    def _keys(self, request: Request) -> list[tuple[str, str]]:
        """Key and question of every row."""
        options = request.parameters
        drawn = bool(options.get("temperature")) and options.get("seed") is None
        found = []
        for i in range(len(request)):
            question = request.question(i, self.name)
            if drawn:
                with self._lock:
                    question["sample"] = self._samples[first := key(question)]
                    self._samples[first] += 1
            found.append((key(question), canonical(question)))
        return found

    def _look_up(self, keys: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with self._connection() as connection:
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT key, answer FROM answers WHERE key IN ({marks})", some)
                found |= {name: json.loads(answer) for name, answer in rows}
        return found

    def _keep(self, keys: list[tuple[str, str]], answers: list[Any]) -> dict[str, Any]:
        """Write answers down, and give back what stands there now: another process may have been first."""
        rows = [(*both, canonical(pack(answer))) for both, answer in zip(keys, answers, strict=True)]
        with self._connection() as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", rows)
        kept = self._look_up([name for name, _ in keys])
        return {
            name: answer if text == canonical(kept[name]) else unpack(kept[name])
            for (name, _, text), answer in zip(rows, answers)
        }

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """The file, open for a moment: nothing to hand to other threads or processes, nothing to forget to close."""
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection:
                yield connection
        except (sqlite3.Error, json.JSONDecodeError) as problem:
            raise InputError(f"path={str(self.path)!r} cannot serve to keep answers: {problem}") from None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
