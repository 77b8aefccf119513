"""Which characters a text file is written in, found by reading it once in small pieces."""

import codecs
import io
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from labelwright.errors import InputError
from labelwright.files.limits import size
from labelwright.files.source import Source

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27})


@dataclass(frozen=True)
class Text:
    """A text file whose encoding is known.

    Attributes
    ----------
    encoding : str
        As Python names it.
    recode : bool
        Whether the bytes are recoded to UTF-8 while reading, or are proper UTF-8 already.
    quotes : int
        How many ``"`` there are; an odd number says that one is left open.
    notes : tuple of str
        What was assumed.
    """

    source: Source
    encoding: str
    recode: bool
    quotes: int = 0
    notes: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the bytes on disk are the UTF-8 that `open` gives."""
        return not (self.recode or self.source.gzipped)

    def open(self) -> BinaryIO:
        """Open as UTF-8 bytes without a byte order mark; bytes that fit no character become U+FFFD."""
        file = self.source.open()
        if not self.recode:
            return file
        return cast(BinaryIO, io.BufferedReader(_Recoded(file, self.encoding), 1 << 18))


class _Recoded(io.RawIOBase):
    def __init__(self, raw: BinaryIO, encoding: str):
        self._raw, self._rest, self._done = raw, memoryview(b""), False
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and not self._done:
            chunk = self._raw.read(1 << 18)
            self._done = not chunk
            self._rest = memoryview(self._decoder.decode(chunk, final=self._done).encode("utf-8", "replace"))
        n = min(len(buffer), len(self._rest))
        buffer[:n], self._rest = self._rest[:n], self._rest[n:]
        return n

    def close(self) -> None:
        self._raw.close()
        super().close()


def survey(source: Source) -> Text:
    """Read the file once, in bounded memory, and say how its text is encoded.

    UTF-8, UTF-16 and UTF-32 are recognised by mark or by content. Text that is no UTF-8 is taken as
    Windows-1252,
    unless most of its special characters are proper UTF-8: then only the broken bytes are replaced.

    Raises
    ------
    InputError
        When a line is longer than the limit, or this is no text.
    """
    start = source.head(4096)
    encoding = next((name for mark, name in _BOMS if start.startswith(mark)), None) or _unmarked_utf16(start)
    if encoding:
        _, replaced, quotes = _walk(Text(source, encoding, True))
        notes = () if encoding == "utf-8-sig" else (f"Read as {encoding.upper()}.",)
        return Text(source, encoding, True, quotes, (*notes, *_replaced(replaced, encoding)))
    broken, _, quotes = _walk(Text(source, "utf-8", False))
    if not broken:
        return Text(source, "utf-8", False, quotes)
    if sum(start.count(c) for c in _CONTROLS) > len(start) / 50:
        raise InputError(
            f"{source.path} is not text (binary data at its start); give a table: CSV, Parquet, Excel, JSON"
        )
    good, bad = _count(source)
    if good >= bad:
        return Text(source, "utf-8", True, quotes, tuple(_replaced(bad, "UTF-8")))
    _, replaced, quotes = _walk(Text(source, "cp1252", True))
    note = (
        f"Not UTF-8 (first broken byte in line {broken}); read as Windows-1252. "
        "Save the file as UTF-8 if letters look wrong."
    )
    return Text(source, "cp1252", True, quotes, (note, *_replaced(replaced, "Windows-1252")))


def _walk(text: Text) -> tuple[int, int, int]:
    """Line of the first byte that is no UTF-8 (or 0), replaced characters, quotes; refuse what is none."""
    source, most = text.source, text.source.limits.line
    step, line, since, broken, replaced, quotes, blank = min(1 << 20, most), 1, 0, 0, 0, 0, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    with text.open() as file:
        while chunk := file.read(step):
            if not broken and not (chunk.isascii() and not decoder.getstate()[0]):
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as problem:
                    broken = line + chunk.count(b"\n", 0, max(0, problem.start))
            if text.recode:
                replaced += chunk.count(b"\xef\xbf\xbd")
            if (nul := chunk.find(b"\0")) >= 0:
                where = line + chunk.count(b"\n", 0, nul)
                raise InputError(
                    f"{source.path} has NUL bytes (first in line {where}), so it is not a text table; "
                    "save it again as CSV in UTF-8"
                )
            end = b"\n" if b"\n" in chunk else b"\r"
            first = chunk.find(end)
            since += len(chunk) if first < 0 else first
            if since > most:
                raise InputError(
                    f"{source.path}, line {line}: longer than {size(most)}, which no table has; "
                    "check that this is the right file, or raise Limits(line=...)"
                )
            if first >= 0:
                since = len(chunk) - chunk.rfind(end) - 1
            line += chunk.count(end)
            quotes += chunk.count(b'"')
            blank = blank and not chunk.strip(b"\xef\xbb\xbf \t\r\n")
    if not broken and decoder.getstate()[0]:
        broken = line
    if blank:
        raise InputError(
            f"{source.path} is empty (only white space); give a table with a header and one row per item"
        )
    return broken, replaced, quotes


def _count(source: Source) -> tuple[int, int]:
    """Count special characters that are proper UTF-8, and bytes that are not."""
    decoder, good, bad = codecs.getincrementaldecoder("utf-8")(errors="replace"), 0, 0
    with source.open() as file:
        while chunk := file.read(1 << 20):
            text = decoder.decode(chunk)
            here = text.count("\ufffd")
            good += len(text) - len(text.encode("ascii", "ignore")) - here
            bad += here
    return good, bad


def _replaced(n: int, encoding: str) -> list[str]:
    return [f"{n:,} bytes that are no {encoding} were replaced by U+FFFD."] if n else []


def _unmarked_utf16(start: bytes) -> str | None:
    even, odd = start[0::2].count(0), start[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    if most > len(start) * 0.15 and least < most / 20:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None
