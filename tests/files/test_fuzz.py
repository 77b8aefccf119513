"""Whatever bytes stand in a file, opening it gives a table or an `InputError`, soon and in little memory."""

import gzip
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelwright.errors import InputError
from labelwright.files import Limits, read, read_probs, roles

from .hostile import arrow_bytes, parquet_bytes, xlsx_bytes

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".arrow", ".xlsx", ".gz", ".npy", ".txt")
LIMITS = Limits(line=1 << 20, total=32 << 20, ratio_from=1 << 20, document=1 << 20, cells=100_000)
FUZZ = settings(
    max_examples=100,
    deadline=5000,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
VALID = {
    "parquet": parquet_bytes()[-3000:],
    "whole parquet": parquet_bytes(),
    "arrow": arrow_bytes("file")[:4000] + arrow_bytes("file")[-600:],
    "stream": arrow_bytes("stream")[:4000],
    "xlsx": xlsx_bytes([["text", "label"], ["a", "b"], [1, 2.5]]),
    "gz": gzip.compress(b"text,label\na,b\nc,d\n"),
    "csv": b'text,label\n"a, ""b""",1.0\nc,NA\n',
    "jsonl": b'{"text": "a", "label": ["b"]}\n{"text": null, "label": 7}\n',
    "studio": b'[{"id": 1, "data": {"text": "a"}, "annotations": '
    b'[{"result": [{"value": {"choices": ["b"]}}]}]}]',
    "doccano": b'{"id": 1, "text": "a", "label": ["b"], "Comments": []}\n',
}
TOKENS = st.sampled_from(
    [b",", b";", b"\t", b'"', b'""', b"\n", b"\r", b"\r\n", b"text", b"label", b"NA", b"007", b"1e999",
     b"-", b"=", b"{", b"}", b"[", b"]", b":", b"null", b"data", b"annotations", b"\xff",
     b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\xa9", b"\x1f", b" ", b"\x00", b"\xff\xff\xff\xff", b"PAR1",
     b"PK\x03\x04", b"ARROW1", b"\x93NUMPY", b"sep=;\n", b"9" * 30, b"\\ud800"]
)  # fmt: skip


def opens_or_says_why(path: Path) -> None:
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for use in (lambda: roles(read(path, limits=LIMITS)), lambda: read_probs(path, limits=LIMITS)):
        check(use)
    assert time.process_time() - begin < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def check(use: Callable[[], object]) -> None:
    message = ""
    try:
        use()
    except InputError as problem:
        message = str(problem).strip()
    assert "\n" not in message


@given(data=st.binary(max_size=300), suffix=st.sampled_from(SUFFIXES))
@FUZZ
def test_any_bytes(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"f{suffix}"
    path.write_bytes(data)
    opens_or_says_why(path)


@given(
    data=st.lists(TOKENS, max_size=40).map(b"".join), suffix=st.sampled_from(SUFFIXES), packed=st.booleans()
)
@FUZZ
def test_any_tokens(tmp_path: Path, data: bytes, suffix: str, packed: bool) -> None:
    path = tmp_path / f"f{suffix}"
    path.write_bytes(gzip.compress(data) if packed else data)
    opens_or_says_why(path)


@st.composite
def mutations(draw: st.DrawFn, valid: bytes) -> bytes:
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        kind = draw(st.sampled_from(["flip", "insert", "delete", "cut"]))
        if kind == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "insert":
            data[at:at] = draw(st.one_of(TOKENS, st.binary(min_size=1, max_size=8)))
        elif kind == "delete":
            del data[at : at + draw(st.integers(1, 8))]
        else:
            del data[max(at, 1) :]
        if not data:
            return b"\0"
    return bytes(data)


@pytest.mark.parametrize("kind", VALID)
@given(data=st.data())
@FUZZ
def test_damaged_files(tmp_path: Path, kind: str, data: st.DataObject) -> None:
    path = tmp_path / "f.dat"
    path.write_bytes(data.draw(mutations(VALID[kind])))
    opens_or_says_why(path)
