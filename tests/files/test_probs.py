"""Probabilities from arrays and tables."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labelwright.errors import InputError
from labelwright.files import read_probs

from .hostile import Trap

P = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])


def test_npy_is_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", P.astype(np.float32))
    probs, classes = read_probs(tmp_path / "p.npy")
    assert isinstance(probs, np.memmap)
    assert classes is None
    np.testing.assert_array_equal(probs, P)


def test_npz_names_classes(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "p.npz", other=np.zeros(3), probs=P, classes=["neg", "pos"])
    probs, classes = read_probs(tmp_path / "p.npz")
    np.testing.assert_array_equal(probs, P)
    assert classes == ("neg", "pos")
    np.savez(tmp_path / "q.npz", P)
    assert read_probs(tmp_path / "q.npz")[1] is None


def test_tables_name_classes(tmp_path: Path) -> None:
    data = pa.table({"row": [0, 1, 2], "neg": P[:, 0], "pos": P[:, 1]})
    pq.write_table(data, tmp_path / "p.parquet")
    (tmp_path / "p.csv").write_text("neg,pos\n0.25,0.75\n0.5,\n1,0\n")
    probs, classes = read_probs(tmp_path / "p.parquet")
    np.testing.assert_array_equal(probs, P)
    assert classes == ("neg", "pos")
    probs, _ = read_probs(tmp_path / "p.csv")
    np.testing.assert_array_equal(probs, [[0.25, 0.75], [0.5, np.nan], [1, 0]])


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return out.getvalue()


def claim(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("p.npy", npy(np.array([[Trap()]], dtype=object)), "Python objects"),
        ("p.npz", packed(probs=npy(np.array([[Trap()]], dtype=object))), "Python objects"),
        ("p.npz", packed(probs=npy(P), classes=npy(np.array([Trap(), 1], dtype=object))), "Python objects"),
        ("p.npz", packed(a=npy(P), b=npy(P)), "holds the arrays a, b"),
        ("p.npz", packed(probs=npy(P), classes=npy(np.arange(3))), r"shape \(3,\) for 2 columns"),
        ("p.npz", packed(probs=claim("(1099511627776, 2)")), "should have .* but has"),
        ("p.npy", claim("(1099511627776, 2)"), "not an intact NumPy"),
        ("p.npy", claim("(-1, 2)"), "not an intact NumPy"),
        ("p.npy", claim("(" * 3000 + ")" * 3000)[:3000], "not an intact NumPy"),
        ("p.npy", npy(P)[:-9], "not an intact NumPy"),
        ("p.npy", npy(P[0]), r"shape \(2,\), and \(items, classes\)"),
        ("p.npy", npy(P[:0]), r"shape \(0, 2\)"),
        ("p.npy", npy(np.array([["a"]])), "holds <U1"),
        ("p.npy", npy(P * 1j), "holds complex128"),
        ("p.csv", b"text,pos\na,0.5\n", "columns 'text' hold no numbers"),
        ("p.csv", b"row,id\n1,2\n", "no column of numbers"),
        ("p.pkl", b"\x80\x04K\x01.", "is a pickle"),
        ("p.npy", b"a,b\n0.5,0.5\n", "is not a NumPy file, whatever its name says"),
    ],
)
def test_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=says) as raised:
        read_probs(tmp_path / name)
    assert str(tmp_path / name) in str(raised.value)
    assert not (tmp_path / "trapped").exists()
