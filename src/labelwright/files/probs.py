"""Read class probabilities somebody already has: .npy, .npz, or a table of numbers."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.files.kinds import refuse_pickle
from labelwright.files.limits import Limits, size
from labelwright.files.source import Source, check_zip, find

_IDS = ("row", "id", "index", "item", "index_0", "__index_level_0__")


def read_probs(
    path: str | Path, *, limits: Limits | None = None
) -> tuple[np.ndarray, tuple[str, ...] | None]:
    r"""Read a table of probabilities and, where the file names them, the classes.

    Whether the rows sum to 1 is for the caller to say.

    Parameters
    ----------
    path : str or Path
        A ``.npy`` array, which is mapped and not read; an ``.npz`` with the arrays ``probs`` and
        ``classes``, or with
        one array; or any table `read` takes, with one column of numbers per class named after it. A column
        named row, id, index or item is left out.
    limits : Limits, optional

    Returns
    -------
    probs : array (n, k) of float
    classes : tuple of str, or None
        None where the file has no names.

    Raises
    ------
    InputError
        When it is no two-dimensional table of numbers, or holds Python objects.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "p.csv"
    >>> _ = file.write_text("row,neg,pos\n0,0.25,0.75\n1,0.5,0.5\n")
    >>> read_probs(file)
    (array([[0.25, 0.75],
           [0.5 , 0.5 ]]), ('neg', 'pos'))
    """
    source = find(path, limits=limits or Limits())
    start = source.head(8)
    refuse_pickle(source.path, start)
    if start.startswith(b"\x93NUMPY"):
        return _checked(_map(source), source.path), None
    if source.suffix in (".npy", ".npz") and not start.startswith(b"PK"):
        raise InputError(
            f"{source.path} is not a NumPy file, whatever its name says; save it with numpy.save"
        )
    if start.startswith(b"PK") and not source.gzipped:
        names = check_zip(source.path, limits=source.limits)
        if names and all(name.endswith(".npy") for name in names):
            return _npz(source, names)
    return _from_table(source)


def _map(source: Source) -> np.ndarray:
    try:
        with warnings.catch_warnings(action="ignore"):
            return np.load(source.path, mmap_mode="r", allow_pickle=False)
    except Exception as problem:  # a broken header leads NumPy to errors of many kinds
        raise _broken(source.path, problem) from problem


def _npz(source: Source, names: list[str]) -> tuple[np.ndarray, tuple[str, ...] | None]:
    path = source.path
    here = [name.removesuffix(".npy") for name in names]
    if "probs" not in here and len(here) > 1:
        raise InputError(
            f"{path} holds the arrays {', '.join(here[:5])}, and which one is meant is open; call it 'probs'"
        )
    which = "probs" if "probs" in here else here[0]
    try:
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path) as archive:
            probs = _checked(_member(archive, which, path), path)
            if "classes" not in here or which == "classes":
                return probs, None
            classes = _member(archive, "classes", path)
    except InputError:
        raise
    except Exception as problem:
        raise _broken(path, problem) from problem
    if classes.shape != (probs.shape[1],):
        raise InputError(
            f"{path}: 'classes' has shape {classes.shape} for {probs.shape[1]} columns of 'probs'; "
            "give one name per column"
        )
    return probs, tuple(str(c) for c in classes.tolist())


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> np.ndarray:
    """One array, after checking that its header asks for no more than the archive holds."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        reader: Any = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = reader(file)
    wanted = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
    if not dtype.hasobject and wanted > info.file_size:
        raise InputError(
            f"{path}: {name!r} should have {size(wanted)} but has {size(info.file_size)}; save it again"
        )
    with archive.open(info) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _from_table(source: Source) -> tuple[np.ndarray, tuple[str, ...] | None]:
    import pyarrow as pa

    from labelwright.files.table import read

    table = read(source.path, limits=source.limits)
    used = [name for name in table.columns if name.lower() not in _IDS]
    other = [name for name in used if not _is_number(table.data.schema.field(name).type, pa)]
    if other or not used:
        what = (
            f"the columns {', '.join(map(repr, other[:5]))} hold no numbers"
            if other
            else "there is no column of numbers"
        )
        raise InputError(f"{source.path}: {what}; keep one column of probabilities per class, named after it")
    values = np.column_stack([table.data[name].to_numpy().astype(np.float64) for name in used])
    return values, tuple(used)


def _is_number(kind: Any, pa: Any) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _checked(array: np.ndarray, path: Path) -> np.ndarray:
    if array.ndim != 2 or not all(array.shape):
        raise InputError(
            f"{path} has shape {array.shape}, and (items, classes) is expected; save one row per item"
        )
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    raise InputError(
        f"{path} holds {array.dtype}, and probabilities are numbers; save them as float32 or float64"
    )


def _broken(path: Path, problem: Exception) -> InputError:
    if "Object arrays" in str(problem) or "allow_pickle" in str(problem):
        return InputError(
            f"{path} holds Python objects (a pickle), which can run any program when opened; save "
            "plain numbers"
        )
    return InputError(f"{path} is not an intact NumPy file ({str(problem)[:150]}); save it again")
