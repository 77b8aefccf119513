"""Write down what a model was asked and answered, as lines of JSON, and play it back where there is no model."""

import json
import threading
from collections import Counter, defaultdict
from os import PathLike
from pathlib import Path
from typing import Any

from labelwright.errors import InputError
from labelwright.models.calls import Request, Wrapper
from labelwright.models.records import canonical, key, pack, unpack


class Recording(Wrapper):
    """Append every question and answer to a file, one JSON object a line.

    Parameters
    ----------
    model : object, callable or str
        As in `as_language_model`.
    path : path
        Grows; made where it is missing.

    Examples
    --------
    >>> import tempfile, os
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "calls.jsonl")
    ...     said = Recording(lambda prompt: "spam", path).complete(["win a car"])
    ...     Recorded(path).complete(["win a car"])[0].text
    'spam'
    """

    def __init__(self, model: Any, path: str | PathLike[str]):
        super().__init__(model)
        self.path = Path(path)
        if not self.path.absolute().parent.is_dir():
            raise InputError(f"path={str(path)!r} is in a folder that does not exist; make it first")
        self._lock = threading.Lock()

    def through(self, request: Request) -> list[Any]:
        """Answers of the model, written down before they are handed on."""
        found = request.ask(self.model)
        lines = [
            canonical({"question": request.question(i, self.name), "answer": pack(answer)})
            for i, answer in enumerate(found)
        ]
        with self._lock, self.path.open("a", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in lines))
        return found


class Recorded(Wrapper):
    """Give the answers of a recorded file; what was not asked then is an error.

    A question that was recorded several times is answered in that order, and from then on with the last answer. It can
    do what the recorded model was asked to do.

    Parameters
    ----------
    path : path
        Written by `Recording`.

    Raises
    ------
    InputError
        When the file cannot be read or is none of these, records more than one model, or has no answer to a question.

    Examples
    --------
    See `Recording`:

    >>> Recorded("no/such/file")
    Traceback (most recent call last):
    labelwright.errors.InputError: path='no/such/file' cannot be read ...
    """

    def __init__(self, path: str | PathLike[str]):
        self.path = Path(path)
        try:
            lines = self.path.read_text(encoding="ascii").splitlines()
        except (OSError, ValueError) as problem:
            raise InputError(f"path={str(path)!r} cannot be read as recorded calls: {problem}") from None
        self._answers: defaultdict[str, list[Any]] = defaultdict(list)
        names, verbs = set(), set()
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                question = record["question"]
                self._answers[key(question)].append(unpack(record["answer"]))
                names.add(str(question["model"]))
                verbs.add(question["verb"])
            except (ValueError, KeyError, TypeError, RecursionError) as problem:
                raise InputError(f"line {number} of {str(path)!r} is no recorded call: {problem}") from None
        if len(names) != 1:
            raise InputError(
                f"{str(path)!r} records {len(names)} models, expected one: {', '.join(sorted(names))}"
            )
        [self.name] = names
        self._given: Counter[str] = Counter()
        if "complete" in verbs:
            self.complete = self._complete
        if "score" in verbs:
            self.score = self._score

    def through(self, request: Request) -> list[Any]:
        """Recorded answers."""
        return [self._next(request.question(i, self.name)) for i in range(len(request))]

    def _next(self, question: dict[str, Any]) -> Any:
        name = key(question)
        if name not in self._answers:
            raise InputError(
                f"{str(self.path)!r} has no answer to the prompt {str(question['prompt'])[:80]!r} with these "
                "parameters; record it again"
            )
        self._given[name] += 1
        return self._answers[name][min(self._given[name], len(self._answers[name])) - 1]
