"""Read a folder of pictures: by sub-folder, or by a small table beside them."""

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pyarrow as pa

from labelwright.errors import InputError, need
from labelwright.files.limits import Limits
from labelwright.files.parts import Content
from labelwright.files.typed import as_text, from_values

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
# Only formats that are decoded in the process: Pillow would start Ghostscript for EPS.
DECODERS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
_TABLES = ("labels.csv", "metadata.csv", "labels.tsv", "metadata.tsv", "labels.jsonl", "metadata.jsonl")
_FILE_COLUMNS = (
    "file_name",
    "filename",
    "file",
    "path",
    "image",
    "image_path",
    "img",
    "image_id",
    "name",
    "id",
)


def read_pictures(folder: Path, *, limits: Limits) -> Content:
    """Read a folder of pictures: columns ``path`` (relative to the folder) and ``label``.

    The class is the name of the sub-folder (below ``train``, ``test`` and the like, which become ``split``).
    A flat
    folder needs a table ``labels.csv`` or ``metadata.csv`` (or .tsv, .jsonl) that gives file names and
    labels. Links that lead out of the folder, and files that are no pictures, are left out and counted.

    Raises
    ------
    InputError
        When there is no such folder, no picture in it, or a file name leads out of it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the folder that holds the pictures")
    try:
        table = next((folder / name for name in _TABLES if (folder / name).is_file()), None)
        if table is not None:
            return _listed(folder, table, limits)
        return _nested(folder, limits)
    except PermissionError as problem:
        raise InputError(
            f"{problem.filename or folder} may not be read by you; change its permissions"
        ) from problem


def _nested(folder: Path, limits: Limits) -> Content:
    links: list[str] = []
    found = sorted(_walk(folder, folder, links))
    named = [p for p in found if PurePosixPath(p).suffix.lower() in SUFFIXES]
    good, notes = _only_pictures(folder, named, limits)
    if not named:
        what = f"{len(found):,} other files" if found else "no files"
        raise InputError(f"{folder} holds no pictures ({what}); give a folder with one sub-folder per class")
    if not good:
        raise InputError(
            f"{folder}: none of {len(named):,} files is a picture (first: {named[0]}); check the export"
        )
    if links:
        notes.append(
            f"{len(links):,} links that lead out of the folder or to folders were left out (first: "
            f"{links[0]})."
        )
    if len(found) > len(named):
        notes.append(f"{len(found) - len(named):,} files that are not named like pictures were left out.")
    parts = [PurePosixPath(p).parts for p in good]
    if all(len(p) == 1 for p in parts):
        raise InputError(
            f"{folder} has pictures but no sub-folders to say their class; "
            "make one sub-folder per class, or add labels.csv with the columns file_name and label"
        )
    columns: dict[str, list[str | None]] = {"path": list(good)}
    if {p[0].lower() for p in parts if len(p) > 1} <= _SPLITS:
        columns["label"] = [p[1] if len(p) > 2 else None for p in parts]
        columns["split"] = [p[0] if len(p) > 1 else None for p in parts]
        notes.append(
            f"Took the sub-folders {', '.join(sorted({p[0] for p in parts if len(p) > 1}))} as "
            "splits, not classes."
        )
    else:
        columns["label"] = [p[0] if len(p) > 1 else None for p in parts]
    lone = sum(label is None for label in columns["label"])
    if lone:
        notes.append(f"{lone:,} pictures stand outside the class folders and have no label.")
    return Content(pa.table({k: from_values(k, v).values for k, v in columns.items()}), tuple(notes))


def _listed(folder: Path, table: Path, limits: Limits) -> Content:
    from labelwright.files.table import read

    rows = read(table, limits=limits)
    column = next((name for name in _FILE_COLUMNS for c in rows.columns if c.lower() == name), None)
    name = next((c for c in rows.columns if c.lower() == column), None)
    if name is None:
        raise InputError(
            f"{table} has no column of file names (it has {', '.join(map(repr, rows.columns))}); call "
            "one 'file_name'"
        )
    told = rows.text(name)
    paths: list[str | None] = []
    for number, value in enumerate(told):
        inside = (
            None if value is None else _relative(folder, as_text(value) or "", f"{table}, data row {number}")
        )
        paths.append(inside)
    there = [p is not None and (folder / p).is_file() for p in paths]
    good = set(_only_pictures(folder, sorted({p for p, ok in zip(paths, there) if ok and p}), limits)[0])
    keep = [i for i, p in enumerate(paths) if p in good]
    notes = [f"Labels are from {table.name}.", *rows.notes]
    if not keep:
        raise InputError(
            f"{table}: none of the {len(paths):,} files it names is a picture in {folder}; check the names"
        )
    if len(keep) < len(paths):
        first = next(i for i, p in enumerate(paths) if p not in good)
        notes.append(
            f"{len(paths) - len(keep):,} rows of {table.name} name no picture in the folder and were "
            "left out "
            f"(first: data row {first}, {told[first]})."
        )
    data = rows.data.take(keep)
    raw = {k: v.take(keep) for k, v in rows.raw.items() if k != name}
    chosen = pa.array([paths[i] for i in keep])
    data = data.drop_columns([c for c in {name, "path"} if c in data.column_names]).add_column(
        0, "path", chosen
    )
    return Content(data, tuple(notes), raw={k: v for k, v in raw.items() if k in data.column_names})


def picture_paths(names: Sequence[Any], base: Path, *, column: str = "image") -> list[Path | None]:
    """File names of a table as paths inside `base`; None where missing.

    Parameters
    ----------
    names : sequence of str or None
    base : Path
        The folder they are meant in, usually `Table.base`.
    column : str
        Named in errors.

    Raises
    ------
    InputError
        When a name leads out of the folder, by ``..``, from the root, or through a link.

    Examples
    --------
    >>> picture_paths(["a/b.png", None], Path("/data"))
    [PosixPath('/data/a/b.png'), None]
    """
    return [
        None if name is None else base / _relative(base, str(name), f"column {column!r}, data row {i}")
        for i, name in enumerate(names)
    ]


def _relative(folder: Path, name: str, where: str) -> str:
    """`name` as a path inside `folder`, with forward slashes."""
    windows = PureWindowsPath(name)
    path = PurePosixPath(windows.as_posix()) if "\\" in name else PurePosixPath(name)
    escapes = windows.drive or windows.root or path.is_absolute() or ".." in path.parts or "\0" in name
    if not escapes:
        real, root = os.path.realpath(folder / path), os.path.realpath(folder)
        escapes = os.path.commonpath([real, root]) != root
    if escapes:
        raise InputError(
            f"{where}: {name!r} leads out of {folder}; give file names relative to that folder and inside it"
        )
    return str(path)


def _walk(folder: Path, root: Path, links: list[str]) -> Iterator[str]:
    """Files below `folder`, without following links to folders: they may go in circles."""
    home = os.path.realpath(root)
    todo = [str(folder)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                name = Path(entry.path).relative_to(root).as_posix()
                if entry.name.startswith(".") or entry.name == "Thumbs.db":
                    continue
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    if not os.path.isfile(real) or os.path.commonpath([real, home]) != home:
                        links.append(name)
                        continue
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                elif entry.is_file():
                    yield name


def _only_pictures(folder: Path, names: Sequence[str], limits: Limits) -> tuple[list[str], list[str]]:
    """Names whose first bytes are those of a picture of bearable size, and notes on the others."""
    if not names:
        return [], []
    image = need("PIL.Image", extra="images", purpose="Reading pictures")
    good: list[str] = []
    bad: list[str] = []
    large: list[str] = []
    with warnings.catch_warnings(action="ignore"):
        for name in names:
            try:
                with image.open(folder / name, formats=DECODERS) as picture:
                    width, height = picture.size
            except Exception as problem:  # decoders raise whatever a broken file leads them to
                (large if type(problem).__name__ == "DecompressionBombError" else bad).append(name)
                continue
            (large if width * height > limits.pixels else good).append(name)
    notes = []
    if bad:
        notes.append(f"{len(bad):,} files are no pictures and were left out (first: {bad[0]}).")
    if large:
        notes.append(
            f"{len(large):,} pictures have more than {limits.pixels:,} pixels and were left out "
            f"(first: {large[0]})."
        )
    return good, notes
