"""Sources give every row once, in order, whatever form the table has; broken files are named."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.passes.tables import FORMS, in_memory, npy, parquet, small_blocks  # noqa: F401

from labelwright import InputError
from labelwright.audit import ConfidentLearning
from labelwright.passes import source_of

TABLE = np.random.default_rng(0).dirichlet(np.ones(5), 53)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("form", FORMS)
def test_blocks_are_the_table(form, tmp_path):
    make, dtype = FORMS[form]
    expected = in_memory(TABLE, dtype, tmp_path)
    source = source_of(make(TABLE, tmp_path))
    assert source.shape == (53, 5)
    assert source.dtype == expected.dtype
    for _ in range(2):  # as often as needed
        seen, at = np.full((53, 5), np.nan), 0
        for rows, block in source.blocks():
            assert rows.start == at
            assert rows.stop - rows.start == len(block) > 0
            assert block.dtype == source.dtype
            assert block.flags.c_contiguous
            seen[rows], at = block, rows.stop
        assert at == 53
        np.testing.assert_array_equal(seen, expected)


def test_small_blocks_are_small(monkeypatch):
    monkeypatch.setattr("labelwright.passes.sources.BLOCK_BYTES", 100)
    sizes = [len(block) for _, block in source_of(TABLE).blocks()]
    assert set(sizes) == {2, 1}
    assert len(sizes) == 27


def test_a_source_is_a_source():
    source = source_of(TABLE)
    assert source_of(source) is source


def test_whole_numbers_and_no_rows(tmp_path):
    assert next(iter(source_of(np.eye(3, dtype=int)).blocks()))[1].dtype == np.float64
    assert source_of(np.eye(3, dtype=bool)).dtype == np.float64
    for empty in (
        np.empty((0, 3)),
        npy(tmp_path / "e.npy", np.empty((0, 3))),
        parquet(tmp_path / "e.parquet", np.empty((0, 3))),
    ):
        assert source_of(empty).shape == (0, 3)
        assert list(source_of(empty).blocks()) == []


def truncated(folder):
    path = npy(folder / "cut.npy", TABLE)
    path.write_bytes(path.read_bytes()[:-900])
    return path


def text(folder):
    pq.write_table(pa.table({"a": ["x"] * 53}), folder / "text.parquet")
    return folder / "text.parquet"


def written(name, content):
    def make(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return make


def cut_parquet(folder):
    path = parquet(folder / "cut.parquet", TABLE)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def with_gaps(folder):
    columns = {
        f"c{j}": pa.array([None if (i, j) == (7, 1) else v for i, v in enumerate(TABLE[:, j])])
        for j in range(5)
    }
    pq.write_table(pa.table(columns), folder / "gaps.parquet")
    return folder / "gaps.parquet"


BROKEN = {
    "no file": (lambda d: d / "none.npy", ["probs", "no file", "none.npy"]),
    "a folder": (lambda d: d, ["probs", "no file"]),
    "truncated npy": (truncated, ["cut.npy", "ends after row", "53"]),
    "object npy": (lambda d: npy(d / "o.npy", TABLE.astype(object)), ["o.npy", "object", "C order"]),
    "fortran npy": (
        lambda d: npy(d / "f.npy", np.asfortranarray(TABLE)),
        ["f.npy", "Fortran order", "ascontiguousarray"],
    ),
    "npy of text": (lambda d: npy(d / "s.npy", np.array([["a"]])), ["s.npy", "<U1", "floats"]),
    "npy of one axis": (lambda d: npy(d / "v.npy", TABLE[0]), ["v.npy", "(5,)", "(n, k)"]),
    "npy of nothing": (written("z.npy", b""), ["z.npy", "cannot be read as .npy"]),
    "npy of noise": (
        written("n.npy", b"\x93NUMPY\x01\x00\x10\x00garbage"),
        ["n.npy", "cannot be read as .npy"],
    ),
    "npy of a later version": (
        written("v9.npy", b"\x93NUMPY\x09\x00" + b"\x00" * 99),
        ["v9.npy", "cannot be read as .npy"],
    ),
    "npy with code in its header": (
        written("c.npy", b"\x93NUMPY\x01\x00\x40\x00" + b"__import__('os').getcwd()".ljust(64)),
        ["c.npy", "cannot be read"],
    ),
    "parquet of text": (text, ["(53, 0)", "expected (53, 5)"]),
    "parquet of noise": (written("n.parquet", b"PAR1 nothing"), ["n.parquet", "cannot be read as Parquet"]),
    "truncated parquet": (cut_parquet, ["cut.parquet", "cannot be read as Parquet"]),
    "parquet with gaps": (with_gaps, ["1 of 53 rows", "row 7"]),
    "array of text": (lambda d: np.full((53, 5), "a"), ["probs", "<U1", "numbers"]),
    "array of one axis": (lambda d: TABLE[0], ["probs", "(5,)", "(n, k)"]),
    "wrong width": (lambda d: TABLE[:, :4], ["probs", "(53, 4)", "expected (53, 5)"]),
    "wrong length": (lambda d: TABLE[:50], ["probs", "(50, 5)", "expected (53, 5)"]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_named(what, tmp_path):
    from labelwright import Exact

    make, parts = BROKEN[what]
    table, told = make(tmp_path), Exact.from_codes(np.arange(53) % 5, range(5))
    with pytest.raises(InputError) as caught:
        ConfidentLearning().fit(table, told)
    for part in parts:
        assert part in str(caught.value)
