"""How much a file may hold before it is refused."""

from dataclasses import dataclass

MiB = 1 << 20
GiB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Bounds that keep a hostile or broken file from taking the machine's memory or time.

    The defaults let every honest file through that we have met; raise one where yours is the exception.

    Parameters
    ----------
    line : int
        Longest line, and longest quoted field, in bytes.
    total : int
        Most bytes of a table, after unpacking.
    document : int
        Largest JSON array, in bytes: it has to be held whole. JSON lines have no such bound.
    ratio : int
        Most bytes that one compressed byte may unpack to, once more than `ratio_from` bytes came out.
    ratio_from : int
        Bytes below which the ratio is not looked at: small repetitive tables pack very well.
    columns : int
        Most columns.
    cells : int
        Most cells, empty ones too, of a format that is read cell by cell (Excel, JSON).
    pixels : int
        Most pixels of one picture.
    head : int
        Bytes from which delimiter, header and format are guessed.

    Examples
    --------
    >>> Limits(line=1000).line
    1000
    """

    line: int = 64 * MiB
    total: int = 16 * GiB
    document: int = 512 * MiB
    ratio: int = 200
    ratio_from: int = 64 * MiB
    columns: int = 10_000
    cells: int = 100_000_000
    pixels: int = 100_000_000
    head: int = 256 << 10


def size(n: float) -> str:
    """`n` bytes for a reader.

    Examples
    --------
    >>> size(512), size(64 * MiB), size(5.2 * GiB)
    ('512 bytes', '64 MB', '5.2 GB')
    """
    for unit, name in ((GiB, "GB"), (MiB, "MB"), (1 << 10, "kB")):
        if n >= unit:
            return f"{n / unit:.3g} {name}"
    return f"{n:.0f} bytes"
