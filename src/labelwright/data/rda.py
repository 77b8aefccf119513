"""Read a data frame from R's ``.rda`` files: numbers, text and factors, and nothing that could run.

R's format ("XDR", version 2 or 3) is a tree of tagged values. We read the few kinds that a plain table needs
and refuse the rest, functions and environments above all.
"""

import struct
from typing import Any

import numpy as np

from labelwright.data.archives import decompress
from labelwright.errors import InputError

MAX_VALUES = 50_000_000
_DEPTH = 50


class _Value:
    """A value with R's attributes, such as names and factor levels."""

    def __init__(self, data: Any, attributes: dict[str, Any]) -> None:
        self.data, self.attributes = data, attributes


class _Reader:
    def __init__(self, content: bytes, what: str) -> None:
        self._content, self._what, self._at = content, what, 0
        self._symbols: list[str] = []

    def problem(self, why: str) -> InputError:
        return InputError(f"{self._what} cannot be read as an R data frame: {why} (at byte {self._at})")

    def take(self, size: int) -> bytes:
        part = self._content[self._at : self._at + size]
        if size < 0 or len(part) != size:
            raise self.problem("it ends too early")
        self._at += size
        return part

    def number(self) -> int:
        value: int = struct.unpack(">i", self.take(4))[0]
        return value

    def vector(self, kind: str) -> np.ndarray:
        count = self.number()
        if not 0 <= count <= MAX_VALUES:
            raise self.problem(f"a vector of {count} values is beyond what we read")
        return np.frombuffer(self.take(count * int(kind[-1])), kind)

    def text(self) -> str | None:
        size = self.number()
        if size == -1:
            return None  # R's NA
        content = self.take(size)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return content.decode("latin-1")

    def header(self) -> None:
        if self.take(7) not in (b"RDX2\nX\n", b"RDX3\nX\n"):
            raise self.problem("it does not start as a binary .rda file of version 2 or 3")
        version, _, _ = self.number(), self.number(), self.number()
        if version == 3:
            self.take(self.number())  # name of the encoding

    def value(self, depth: int = 0) -> Any:
        """One value; pairlists become dicts."""
        if depth > _DEPTH:
            raise self.problem("it is nested too deeply")
        flags = self.number()
        kind, attributed = flags & 0xFF, bool(flags & 0x200)
        if kind == 254:  # NULL
            return None
        if kind == 255:  # a symbol seen before
            place = (flags >> 8 or self.number()) - 1
            if not 0 <= place < len(self._symbols):
                raise self.problem("it refers to a name that it never gave")
            return self._symbols[place]
        if kind == 1:
            self.number()  # the flags of the text that follows
            self._symbols.append(self.text() or "")
            return self._symbols[-1]
        if kind == 9:
            return self.text()
        if kind == 2:
            return self.pairs(flags, depth)
        data: Any
        if kind in (10, 13):  # logical, integer: the smallest number is R's NA
            data = self.vector(">i4")
        elif kind == 14:
            data = self.vector(">f8")
        elif kind in (16, 19):  # texts, list
            count = self.number()
            if not 0 <= count <= MAX_VALUES:
                raise self.problem(f"a list of {count} values is beyond what we read")
            data = [self.value(depth + 1) for _ in range(count)]
        else:
            raise self.problem(f"it holds a value of R's kind {kind}, which no plain table needs")
        attributes = self.value(depth + 1) if attributed else None
        return _Value(data, attributes if isinstance(attributes, dict) else {})

    def pairs(self, flags: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while flags & 0xFF == 2:
            if flags & 0x200:
                self.value(depth + 1)
            tag = self.value(depth + 1) if flags & 0x400 else None
            found[tag if isinstance(tag, str) else f"_{len(found)}"] = self.value(depth + 1)
            flags = self.number()
        if flags & 0xFF != 254:
            raise self.problem("a list in it does not end")
        return found


def read_frame(content: bytes, name: str, *, what: str) -> dict[str, np.ndarray]:
    """Columns of the data frame `name` in an ``.rda`` file.

    Parameters
    ----------
    content : bytes
        The file, compressed or not.
    name : str
        The name under which R saved it.
    what : str
        What it is, for messages.

    Returns
    -------
    dict of str to array (n,)
        Numbers as float64 (missing: NaN), texts and factors as object (missing: None).

    Raises
    ------
    InputError
        When it is damaged, or holds anything but a plain data frame of that name.
    """
    reader = _Reader(decompress(content, what=what), what)
    reader.header()
    saved = reader.value()
    frame = saved.get(name) if isinstance(saved, dict) else None
    if not isinstance(frame, _Value) or not isinstance(frame.data, list):
        raise InputError(f"{what} holds no data frame {name!r}")
    titles = frame.attributes.get("names")
    titles = titles.data if isinstance(titles, _Value) else []
    columns = {str(title): _column(part) for title, part in zip(titles, frame.data)}
    if len(columns) != len(frame.data) or len({len(column) for column in columns.values()}) != 1:
        raise InputError(f"{what}: {name!r} is no data frame (its columns differ in length, or lack names)")
    return columns


def _column(part: Any) -> np.ndarray:
    data = part.data if isinstance(part, _Value) else []
    if isinstance(data, list):
        return np.array(data, object)
    levels = part.attributes.get("levels")
    if isinstance(levels, _Value) and data.dtype.kind == "i":
        names = np.array([*levels.data, None], object)
        inside = (data > 0) & (data <= len(levels.data))
        return names[np.where(inside, data - 1, len(levels.data))]
    if data.dtype.kind == "i":
        return np.where(data == np.iinfo(np.int32).min, np.nan, data.astype(float))
    return data.astype(float)
