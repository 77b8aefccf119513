"""Tell what a file is, by what it begins with and then by its name."""

from pathlib import Path

from labelwright.errors import InputError
from labelwright.files.source import Source, check_zip

FORMATS = ("csv", "tsv", "parquet", "jsonl", "json", "arrow", "excel", "images", "label-studio", "doccano")

_PICKLES = (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth")
_REFUSED = (
    (b"\x93NUMPY", "a NumPy array, which has no column names", "give it as probabilities, or save a table"),
    (b"FEA1", "a Feather file of version 1", "save it again as Feather version 2 or Parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file", "save it as .xlsx or CSV"),
    (b"SQLite format 3", "a SQLite database", "export the table as CSV"),
    (b"%PDF", "a PDF", "give a table"),
    (b"\x89HDF", "an HDF5 file", "save the table as Parquet"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "packed with xz", "unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "packed with zstandard", "unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"ORC", "an ORC file", "save the table as Parquet"),
    (b"Obj\x01", "an Avro file", "save the table as Parquet"),
    (b"\x89PNG", "a single picture", "give the folder of pictures"),
    (b"\xff\xd8\xff", "a single picture", "give the folder of pictures"),
    (b"GIF8", "a single picture", "give the folder of pictures"),
)


def refuse_pickle(path: Path, start: bytes) -> None:
    """Refuse files that run code when they are opened; we never open them, whatever their content."""
    if (len(start) > 1 and start[0] == 0x80 and 2 <= start[1] <= 5) or path.suffix.lower() in _PICKLES:
        raise InputError(
            f"{path} is a pickle, which can run any program when it is opened; save the data as "
            "Parquet, CSV or .npz"
        )


def detect(source: Source) -> str:
    """Tell the format of a file: one of ``"csv"``, ``"parquet"``, ``"json"``, ``"arrow"``, ``"excel"``.

    Raises
    ------
    InputError
        When it is none of these; the message says what it is, where we know.
    """
    path, start = source.path, source.head(4096)
    refuse_pickle(path, start)
    form = None
    if start.startswith(b"PAR1"):
        form = "parquet"
    elif start.startswith(b"ARROW1") or _is_stream(start):
        form = "arrow"
    elif start.startswith(b"PK"):
        form = _zip(source)
    if form:
        if source.gzipped:
            raise InputError(f"{path} is {form} packed with gzip; unpack it first")
        return form
    for mark, what, remedy in _REFUSED:
        if start.startswith(mark) and (not mark.isalnum() or _is_binary(start[:64])):
            raise InputError(f"{path} is {what}; {remedy}")
    named = {
        ".parquet": "parquet",
        ".pq": "parquet",
        ".arrow": "arrow",
        ".feather": "arrow",
        ".xlsx": "excel",
    }
    if source.suffix in named:
        what = {"parquet": "a Parquet", "arrow": "an Arrow", "excel": "an Excel"}[named[source.suffix]]
        raise InputError(
            f"{path} is named like {what} file but is none; name it after its content, or save it again"
        )
    return "json" if _is_json(start, source.suffix) else "csv"


def _is_binary(start: bytes) -> bool:
    return not start.isascii() or min(start) < 9


def _is_stream(start: bytes) -> bool:
    """Tell an Arrow stream: a mark, then the length of the schema, then that schema as a flatbuffer."""
    return (
        start.startswith(b"\xff\xff\xff\xff")
        and len(start) > 8
        and 0 < int.from_bytes(start[4:8], "little") < 1 << 30
    )


def _is_json(start: bytes, suffix: str) -> bool:
    if suffix in (".json", ".jsonl", ".ndjson", ".jsonlines"):
        return True
    text = start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if suffix in (".csv", ".tsv", ".tab"):
        return text.startswith((b'{"', b'[{"')) and b":" in text
    return text.startswith(b"{") or (text.startswith(b"[") and text[1:].lstrip().startswith(b"{"))


def _zip(source: Source) -> str:
    path = source.path
    names = check_zip(path, limits=source.limits)
    if any(name.startswith("xl/") for name in names):
        return "excel"
    if any(name.endswith("data.pkl") for name in names):
        raise InputError(
            f"{path} holds a pickle, which can run any program when it is opened; save the data as "
            "Parquet or CSV"
        )
    if names and all(name.endswith(".npy") for name in names):
        raise InputError(
            f"{path} holds NumPy arrays, which have no column names; give it as probabilities, or "
            "save a table"
        )
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    raise InputError(
        f"{path} is a zip archive (with {shown or 'nothing in it'}); unpack it and give what is inside"
    )
