"""A seeded catalogue of files that are broken or mean harm, and what must be said about each.

Every case is generated when the test runs. `says` lists what the message has to contain, in this order: what
was found, where, and what to do; the name of the file is demanded of every message.
"""

import gzip
import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from labelwright.files import Limits

SMALL = Limits(line=1 << 20, ratio_from=1 << 20, total=64 << 20, document=4 << 20, columns=500, cells=200_000)


@dataclass(frozen=True)
class Hostile:
    name: str
    build: Callable[[Path], object]
    says: tuple[str, ...]
    limits: Limits = SMALL


CATALOGUE: list[Hostile] = []


def case(name: str, *says: str, limits: Limits = SMALL) -> Callable:
    def add(build: Callable[[Path], object]) -> Callable:
        CATALOGUE.append(Hostile(name, build, says, limits))
        return build

    return add


def text(name: str, content: str | bytes, *says: str) -> None:
    data = content.encode() if isinstance(content, str) else content
    CATALOGUE.append(Hostile(name, lambda path: path.write_bytes(data), says))


def rows(n: int = 2000) -> list[tuple[str, str]]:
    rng = random.Random(7)
    return [(f"row {i} {rng.random()}", rng.choice(["pos", "neg"])) for i in range(n)]


def table() -> pa.Table:
    texts, labels = zip(*rows(), strict=True)
    return pa.table({"text": texts, "label": labels})


def parquet_bytes() -> bytes:
    out = io.BytesIO()
    pq.write_table(table(), out)
    return out.getvalue()


def arrow_bytes(kind: str) -> bytes:
    out = io.BytesIO()
    writer = pa.ipc.new_file if kind == "file" else pa.ipc.new_stream
    with writer(out, table().schema) as sink:
        sink.write_table(table())
    return out.getvalue()


def xlsx_bytes(values: list[list[object]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("data")
    for row in values:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- nothing in it, or no header ----------------------------------------------------------------------------
CATALOGUE.append(Hostile("missing.csv", lambda path: None, ("does not exist", "check the name")))
text("empty.csv", "", "empty (0 bytes)", "give a table")
text("blank.csv", " \n\n\t\n", "empty (only white space)", "give a table")
text("empty.parquet", "", "empty (0 bytes)")
text("only-header.csv", "text,label\n", "has a header (text, label) but no rows", "check the export")
text("only-header-open.csv", "text,label", "has a header (text, label) but no rows", "check the export")
text(
    "numbers.csv",
    "0.1,0.9\n0.2,0.8\n",
    "no header",
    "only numbers (0.1, 0.9)",
    "add a line with column names",
)
text("twice.csv", "a,b,a\n1,2,3\n", "'a' more than once (columns 1, 3)", "rename")
text("nameless.csv", "a,,b\n1,2,3\n", "column 2 has no name", "give it one")
text("nameless-end.csv", "a,b,\n1,2,3\n", "column 3 has cells but no name", "give it one")
text("no-objects.jsonl", "\n\n{}\n{}\n", "only empty objects", "'label'")
text("empty-list.json", "[]", "no rows", "check the export")

# --- text that is no table ----------------------------------------------------------------------------------
text(
    "ragged.csv", "a,b\n1,2\n3,4\n5,6,7\n", "line 4", "3 cells where the header has 2 (a, b)", "double quotes"
)
text("open-quote.csv", 'a,b\n1,2\n3,"4\n5,6\n', "line 3", "opens and never closes", "close or double it")
text("nul.csv", b"a,b\n1,2\n3,\0\n", "NUL bytes (first in line 3)", "save it again")
text("binary.csv", bytes(range(128, 256)) * 8 + bytes(range(1, 32)) * 8, "not text", "give a table")
text(
    "wide.csv",
    ",".join(f"c{i}" for i in range(501)) + "\n" + ",".join("1" * 501),
    "501 columns",
    "limit is 500",
)


@case("long-line.csv", "line 2", "longer than 1 MB", "Limits(line=...)")
def _(path: Path) -> None:
    path.write_bytes(b"text,label\n" + b"x" * (3 << 20) + b",pos\n")


@case("long-header.csv", "first line is longer", "4 MB", "check that it is a header", limits=Limits())
def _(path: Path) -> None:
    path.write_bytes(b"x" * (5 << 20))


@case("sparse.csv", "NUL bytes (first in line 2)", limits=Limits())
def _(path: Path) -> None:
    """Five gigabytes that take no room on disk."""
    path.write_bytes(b"text,label\n")
    os.truncate(path, 5 << 30)


@case("sparse-over-limit.csv", "5 GB", "limit is 64 MB", "Limits(total=...)")
def _(path: Path) -> None:
    path.write_bytes(b"text,label\n")
    os.truncate(path, 5 << 30)


# --- JSON ---------------------------------------------------------------------------------------------------
text("broken.jsonl", '{"a": 1}\n{"a": \n', "line 2", "no valid JSON", "correct it")
text("pretty.json", '{\n "text": ["a"],\n "label": ["b"]\n}\n', "line 1", "no valid JSON", "on one line")
text("scalar.jsonl", '{"a": 1}\n7\n', "line 2", "a number where an object", '{"text": ..., "label": ...}')
text("strings.json", '["a", "b"]', "item 1", "a text where an object", '{"text": ..., "label": ...}')
text("deep.jsonl", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 1", "nested too deeply", "flatten")
text("deep.json", "[" * 100_000 + "]" * 100_000, "nested too deeply", "flatten")
text("huge-int.jsonl", '{"a": ' + "9" * 5000 + "}", "line 1", "4300", "write it as text")
text("cut.json", '[{"a": 1}, {"a"', "no valid JSON", "correct it")
text(
    "many-keys.jsonl",
    "\n".join(json.dumps({f"k{i}": i}) for i in range(600)),
    "600 different keys",
    "not values",
)
text(
    "sparse-keys.jsonl",
    "\n".join(json.dumps({f"k{i % 400}": i}) for i in range(1000)),
    "1,000 rows x 400 keys",
    "Limits(cells=...)",
)
text(
    "spans.jsonl",
    '{"id": 1, "text": "a b", "label": [[0, 1, "PER"]], "Comments": []}',
    "line 1",
    "span",
    "whole items",
)
text(
    "boxes.json",
    json.dumps(
        [{"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": [{"type": "rectanglelabels"}]}]}]
    ),
    "without choices (found: rectanglelabels)",
    "<Choices>",
)


@case("large-array.json", "one JSON array of more than 4 MB", "JSON lines")
def _(path: Path) -> None:
    path.write_text(json.dumps([{"a": "x" * 1000}] * 5000, indent=0))


# --- packed -------------------------------------------------------------------------------------------------
@case("bomb.csv.gz", "unpacks from", "to more than", "zip bomb", "unpack it yourself")
def _(path: Path) -> None:
    path.write_bytes(gzip.compress(b"text,label\n" + b"a,b\n" * (4 << 20)))


@case("bomb.xlsx", "unpacks from", "zip bomb", "unpack it yourself")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (20 << 20))


@case("overlap.xlsx", "unpacks from", "zip bomb")
def _(path: Path) -> None:
    """Many entries that all point to the same packed bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/a", os.urandom(4000) + b" " * 100_000)
        info = archive.infolist()[0]
        for i in range(2000):
            twin = zipfile.ZipInfo(f"xl/b{i}")
            twin.compress_type, twin.CRC = info.compress_type, info.CRC
            twin.compress_size, twin.file_size, twin.header_offset = info.compress_size, info.file_size, 0
            archive.filelist.append(twin)
    path.write_bytes(out.getvalue())


@case("cut.csv.gz", "cut off", "no end", "again")
def _(path: Path) -> None:
    path.write_bytes(gzip.compress("\n".join(f"{a},{b}" for a, b in rows()).encode())[:-200])


@case("flipped.csv.gz", "not intact gzip", "again")
def _(path: Path) -> None:
    data = bytearray(gzip.compress("\n".join(f"{a},{b}" for a, b in rows()).encode()))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@case("cut.zip", "not an intact zip", "again")
def _(path: Path) -> None:
    path.write_bytes(xlsx_bytes([["a"], ["b"]])[:-30])


@case("papers.zip", "a zip archive (with a.txt)", "unpack it")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "hello")


text("table.csv.zst", b"\x28\xb5\x2f\xfd\x00\x00", "zstandard", "gzip")
CATALOGUE.append(
    Hostile("inner.gz", lambda p: p.write_bytes(gzip.compress(parquet_bytes())), ("parquet packed", "unpack"))
)


# --- files that run code ------------------------------------------------------------------------------------
class Trap:
    def __reduce__(self) -> tuple:
        return os.mkdir, ("trapped",)


for name in ("model.pkl", "table.csv", "table.parquet", "model.joblib"):
    CATALOGUE.append(
        Hostile(name, lambda p: p.write_bytes(pickle.dumps(Trap())), ("is a pickle", "any program", "save"))
    )
CATALOGUE.append(
    Hostile(
        "old.pkl",
        lambda p: p.write_bytes(pickle.dumps(Trap(), protocol=0)),
        ("is a pickle", "any program", "save"),
    )
)


@case("torch.zip", "holds a pickle", "any program", "Parquet or CSV")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Trap()))


@case("array.npy", "NumPy array", "as probabilities")
def _(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.eye(3))


# --- Parquet, Arrow, Excel ----------------------------------------------------------------------------------
for keep in (0.2, 0.9):
    CATALOGUE.append(
        Hostile(
            f"cut-{keep}.parquet",
            lambda p, keep=keep: p.write_bytes(parquet_bytes()[: int(len(parquet_bytes()) * keep)]),
            ("not an intact Parquet", "again"),
        )
    )
    CATALOGUE.append(
        Hostile(
            f"cut-{keep}.arrow",
            lambda p, keep=keep: p.write_bytes(arrow_bytes("file")[: int(len(arrow_bytes("file")) * keep)]),
            ("not an intact Arrow", "again"),
        )
    )
CATALOGUE.append(
    Hostile(
        "cut-stream.arrow",
        lambda p: p.write_bytes(arrow_bytes("stream")[:-5000]),
        ("not an intact Arrow", "again"),
    )
)
text("text.parquet", "a,b\n1,2\n", "named like a Parquet file but is none", "save it again")
text("text.xlsx", "a,b\n1,2\n", "named like an Excel file but is none", "save it again")
text("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel", ".xlsx or CSV")
text("single.png", b"\x89PNG\r\n\x1a\n", "a single picture", "folder")
text("book.sqlite", b"SQLite format 3\0", "SQLite", "CSV")


@case("no-rows.parquet", "columns (a) but no rows", "check the export")
def _(path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.string())}), path)


@case("twice.parquet", "'a' more than once", "rename")
def _(path: Path) -> None:
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), path)


@case("spread.parquet", "unpacks to", "limit is 64 MB", "Limits(total=...)")
def _(path: Path) -> None:
    """One long text, said a hundred thousand times: 100 GB from a few kilobytes."""
    column = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 1_000_000])
    )
    pq.write_table(pa.table({"text": column}), path, compression="zstd")


@case("runs.parquet", "unpacks to", "limit is 64 MB")
def _(path: Path) -> None:
    """Ten million equal numbers packed as one run."""
    pq.write_table(pa.table({"x": np.zeros(10_000_000, np.int64)}), path, compression="zstd")


@case("offsets.arrow", "not an intact Arrow", "again")
def _(path: Path) -> None:
    """Offsets that point far outside the text."""
    buffers = [None, pa.py_buffer(struct.pack("<3i", 0, 1 << 30, 2)), pa.py_buffer(b"ab")]
    batch = pa.record_batch([pa.Array.from_buffers(pa.string(), 2, buffers)], names=["text"])
    with path.open("wb") as file, pa.ipc.new_file(file, batch.schema) as sink:
        sink.write_batch(batch)


@case("version1.feather", "Feather file of version 1", "version 2 or Parquet")
def _(path: Path) -> None:
    path.write_bytes(b"FEA1" + bytes(100))


@case("far-cell.xlsx", "16,000 columns", "limit is 500")
def _(path: Path) -> None:
    path.write_bytes(xlsx_bytes([["a"] + [None] * 15_998 + ["b"], ["c"]]))


@case("many-cells.xlsx", "more than 200,000 cells", "Limits(cells=...)")
def _(path: Path) -> None:
    path.write_bytes(xlsx_bytes([["a"] + [None] * 400 + ["b"]] * 600))


@case("no-sheet-data.xlsx", "sheet 'data' is empty", "give a table")
def _(path: Path) -> None:
    path.write_bytes(xlsx_bytes([]))


@case("broken-inside.xlsx", "not an intact Excel workbook", "save it again")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook>")


@case("laughs.xlsx", "not an intact Excel workbook", "save it again")
def _(path: Path) -> None:
    """Entities that would grow to gigabytes."""
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    evil = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><sst><si><t>&e11;</t></si></sst>'
    fine = zipfile.ZipFile(io.BytesIO(xlsx_bytes([["a"], ["b"]])))
    with zipfile.ZipFile(path, "w") as archive:
        for name in fine.namelist():
            archive.writestr(name, evil if name == "xl/workbook.xml" else fine.read(name))
