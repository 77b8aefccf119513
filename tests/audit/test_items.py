import base64
import io

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

from labelwright.audit.items import Items, Preview
from labelwright.report.text import DASH

from .sample import HOSTILE


def decoded(preview):
    kind, data = preview.image.split(";base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert kind == f"data:image/{picture.format.lower()}"
    return picture


def encoded(picture, kind="PNG", **options):
    to = io.BytesIO()
    picture.save(to, kind, **options)
    return to.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_short_and_can_be_encoded(text):
    shown = Items.texts([text]).preview(0).text
    assert 0 < len(shown) <= 480
    shown.encode()


def test_missing_texts_and_rows():
    items = Items.texts(["a", None, float("nan")])
    assert [items.preview(i).text for i in (1, 2)] == ["(no text)"] * 2
    assert items.preview(-1) == items.preview(3) == Preview()
    assert len(items) == 3


@pytest.mark.parametrize("like", [pd.DataFrame, pl.DataFrame, pa.table])
def test_cells_of_any_frame(like):
    frame = like({"size": [1.23456, 2.0, None], "name": ["<b>", None, "x" * 500], "n": [1, 2, 3]})
    items = Items.table(frame, ["name", "size"])
    assert items.preview(0).cells == (("name", "<b>"), ("size", "1.235"))
    assert items.preview(1).cells == (("name", DASH), ("size", "2"))
    assert items.preview(2).cells[1] == ("size", DASH)
    assert len(items.preview(2).cells[0][1]) == 80


def test_wide_tables_say_how_much_they_leave_out():
    wide = Items.table(pd.DataFrame({f"c{i}": [i] for i in range(30)}))
    assert wide.preview(0).cells[-1] == ("…", "and 18 more columns")


@pytest.mark.parametrize("shape", [(3, 200, 100), (3, 200, 100, 1), (3, 200, 100, 3), (3, 200, 100, 4)])
def test_large_arrays_become_small_photographs(shape):
    picture = decoded(Items.images(np.zeros(shape, dtype=np.uint8)).preview(2))
    assert picture.size == (48, 96)
    assert picture.format == "JPEG"


def test_small_arrays_keep_every_pixel():
    digits = np.arange(64.0).reshape(1, 8, 8)
    picture = decoded(Items.images(digits).preview(0))
    assert picture.format == "PNG"
    assert np.array_equal(np.asarray(picture), (digits[0] * (255 / 63)).astype(np.uint8))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I", "I;16", "F"])
def test_pictures_of_every_mode(mode):
    picture = Image.fromarray(np.full((50, 60), 90, dtype=np.uint8)).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.full((50, 60), 900, dtype=np.uint16))
    shown = Items.images([encoded(picture, "TIFF")]).preview(0)
    assert decoded(shown).size == (60, 50)


def test_what_is_transparent_is_white():
    glass = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert decoded(Items.images([encoded(glass)]).preview(0)).getpixel((3, 3)) == (255, 255, 255)


def test_files_show_their_name_but_not_their_place(tmp_path):
    path = tmp_path / "cat <1>.jpg"
    path.write_bytes(encoded(Image.new("RGB", (400, 300), "teal"), "JPEG"))
    shown = Items.images([path]).preview(0)
    assert shown.text == "cat <1>.jpg"
    assert decoded(shown).size == (96, 72)


@pytest.mark.parametrize(
    "data", [b"", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n", b"<svg onload=alert(1)>"]
)
def test_what_is_no_picture_is_said(data, tmp_path):
    assert Items.images([data]).preview(0) == Preview("(cannot be read)")
    assert Items.images([tmp_path / "gone.png"]).preview(0) == Preview("gone.png (cannot be read)")


def test_bombs_are_not_unpacked():
    bomb = encoded(Image.new("1", (12_000, 12_000)))
    assert Items.images([bomb]).preview(0).text in ("(too large to show)", "(cannot be read)")
