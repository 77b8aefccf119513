"""Folders of pictures, and the tricks played with their names."""

import os
from pathlib import Path

import pytest
from PIL import Image

from labelwright.errors import InputError
from labelwright.files import Limits, picture_paths, read, roles


def picture(path: Path, size: tuple[int, int] = (4, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)


def test_class_is_the_folder(tmp_path: Path) -> None:
    for name in ("cat/1.png", "cat/2.jpg", "dog/deep/3.png", "4.png"):
        picture(tmp_path / name)
    (tmp_path / "cat" / "notes.txt").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    table = read(tmp_path)
    assert (table.kind, table.format) == ("images", "images")
    assert table.data.to_pylist() == [
        {"path": "4.png", "label": None},
        {"path": "cat/1.png", "label": "cat"},
        {"path": "cat/2.jpg", "label": "cat"},
        {"path": "dog/deep/3.png", "label": "dog"},
    ]
    said = " ".join(table.notes)
    assert "1 pictures stand outside" in said
    assert "1 files that are not named like pictures" in said
    found = roles(table)
    assert (found.image, found.label) == ("path", "label")


def test_splits_are_no_classes(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "train/dog/2.png", "test/cat/3.png"):
        picture(tmp_path / name)
    table = read(tmp_path)
    assert table.text("label").tolist() == ["cat", "cat", "dog"]
    assert table.text("split").tolist() == ["test", "train", "train"]


def test_what_is_no_picture_is_counted_and_left_out(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png")
    picture(tmp_path / "b" / "large.png", (100, 100))
    (tmp_path / "b" / "fake.png").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "b" / "ghost.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 5\n")
    table = read(tmp_path, limits=Limits(pixels=9999))
    assert table.text("path").tolist() == ["a/1.png"]
    said = " ".join(table.notes)
    assert "2 files are no pictures" in said
    assert "1 pictures have more than 9,999 pixels" in said


def test_a_header_that_claims_billions_of_pixels(tmp_path: Path) -> None:
    import struct
    import zlib

    picture(tmp_path / "a" / "1.png")
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a" / "2.png").write_bytes(
        bomb + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    )
    table = read(tmp_path)
    assert table.text("path").tolist() == ["a/1.png"]
    assert "1 pictures have more than 100,000,000 pixels" in " ".join(table.notes)


def test_links_out_of_the_folder_and_in_circles(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    picture(folder / "a" / "1.png")
    picture(tmp_path / "secret.png")
    (folder / "a" / "2.png").symlink_to(tmp_path / "secret.png")
    (folder / "a" / "3.png").symlink_to(folder / "a" / "1.png")
    (folder / "a" / "circle").symlink_to(folder)
    (folder / "self.png").symlink_to(folder / "self.png")
    table = read(folder)
    assert table.text("path").tolist() == ["a/1.png", "a/3.png"]
    assert "3 links" in " ".join(table.notes)


@pytest.mark.parametrize("name", ["labels.csv", "metadata.csv", "metadata.jsonl"])
def test_a_table_gives_the_labels(tmp_path: Path, name: str) -> None:
    for i in (1, 2):
        picture(tmp_path / f"{i}.png")
    (tmp_path / "broken.png").write_bytes(b"x")
    files = ["1.png", "2.png", "gone.png", "broken.png"]
    if name.endswith("csv"):
        content = "file_name,label,angle\n" + "".join(
            f"{f},{'ab'[i % 2]},{i}.50\n" for i, f in enumerate(files)
        )
    else:
        content = "".join(f'{{"file_name": "{f}", "label": "{"ab"[i % 2]}"}}\n' for i, f in enumerate(files))
    (tmp_path / name).write_text(content)
    table = read(tmp_path)
    assert table.text("path").tolist() == ["1.png", "2.png"]
    assert table.text("label").tolist() == ["a", "b"]
    assert "2 rows" in " ".join(table.notes)
    assert "data row 2, gone.png" in " ".join(table.notes)
    if name.endswith("csv"):
        assert table.text("angle").tolist() == ["0.50", "1.50"]
    assert roles(table).image == "path"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "a/../../b.png", "..\\..\\b.png", "C:\\b.png", "\\\\host\\b.png"],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "1.png")
    (tmp_path / "labels.csv").write_text(f'file_name,label\n1.png,a\n"{name}",b\n')
    with pytest.raises(
        InputError, match=r"labels.csv, data row 1: .* leads out of .*; give file names relative"
    ):
        read(tmp_path)
    with pytest.raises(InputError, match=r"column 'image', data row 0: .* leads out of"):
        picture_paths([name], tmp_path)


def test_a_link_in_the_middle_of_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture(tmp_path / "else" / "1.png")
    (folder / "way").symlink_to(tmp_path / "else")
    with pytest.raises(InputError, match="leads out of"):
        picture_paths(["way/1.png"], folder)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], r"holds no pictures \(no files\)"),
        (["a/x.txt"], r"holds no pictures \(1 other files\)"),
        (["a/x.png"], r"none of 1 files is a picture \(first: a/x.png\)"),
        (["labels.csv"], "has no column of file names"),
    ],
)
def test_folders_without_pictures(tmp_path: Path, files: list[str], says: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("colour,label\nred,1\n")
    with pytest.raises(InputError, match=says):
        read(tmp_path)


def test_a_flat_folder_needs_labels(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    with pytest.raises(
        InputError,
        match=r"no sub-folders to say their class; make one sub-folder per class, or add labels.csv",
    ):
        read(tmp_path)


def test_pictures_named_in_a_csv(tmp_path: Path) -> None:
    for i in range(3):
        picture(tmp_path / "img" / f"{i}.png")
    path = tmp_path / "t.csv"
    path.write_text("photo,label\nimg/0.png,a\nimg/1.png,b\nimg/2.png,a\n")
    table = read(path)
    found = roles(table)
    assert found.image == "photo"
    assert all(p is not None and p.is_file() for p in picture_paths(table.text("photo"), table.base))
    os.remove(tmp_path / "img" / "1.png")
    assert roles(table).image is None
