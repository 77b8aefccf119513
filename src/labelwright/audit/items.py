"""How one item of a data set is shown: its text, its cells, or a small picture of it."""

import io
import warnings
from base64 import b64encode
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from labelwright import frames
from labelwright.errors import need
from labelwright.report.preview import Preview
from labelwright.report.text import DASH, plain

__all__ = ["Items", "Preview"]

LENGTH = 400  # characters of a text
CELLS = 12  # columns of a table
SIDE = 96  # pixels of a thumbnail
_PIXELS = 80_000_000  # a larger picture is a bomb or a map; neither makes a thumbnail
# Formats that only decode pixels. Others that Pillow knows start programs (EPS) or fetch parts.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO")


class Items:
    """The items behind an audit, each drawn when asked for.

    Build one with `Items.texts`, `Items.table` or `Items.images`.

    Parameters
    ----------
    n : int
        Number of rows.
    draw : callable
        Makes the preview of a row from 0 to n - 1.
    kind : str
        What they are: ``"text"``, ``"table"`` or ``"image"``.

    Examples
    --------
    >>> items = Items.texts(["A fine film.", "x" * 1000])
    >>> items.preview(0).text, len(items.preview(1).text), items.preview(7)
    ('A fine film.', 400, Preview(text='', cells=(), image=''))
    """

    def __init__(self, n: int, draw: Callable[[int], Preview], *, kind: str) -> None:
        self.n, self.kind, self._draw = n, kind, draw

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        return f"Items({self.n}, kind={self.kind!r})"

    def preview(self, row: int) -> Preview:
        """Draw the item at `row`; a row there is not gives an empty preview."""
        return self._draw(int(row)) if 0 <= row < self.n else Preview()

    @classmethod
    def texts(cls, texts: Sequence[str]) -> "Items":
        """Show items that are texts, cut at about 400 characters."""
        return cls(len(texts), lambda row: Preview(_text(texts[row])), kind="text")

    @classmethod
    def table(cls, frame: Any, columns: Sequence[str] | None = None) -> "Items":
        """Show items that are rows of `frame`, by the cells of `columns` (all of them by default)."""
        chosen = list(frames.names(frame) if columns is None else columns)
        shown: dict[str, np.ndarray] = {}

        def draw(row: int) -> Preview:
            for name in chosen[:CELLS]:
                if name not in shown:
                    shown[name] = frames.column(frame, name)
            cells = [(plain(name, 60), _cell(shown[name][row])) for name in chosen[:CELLS]]
            if len(chosen) > CELLS:
                cells.append(("…", f"and {len(chosen) - CELLS} more columns"))
            return Preview(cells=tuple(cells))

        n = len(frames.column(frame, chosen[0])) if chosen else 0
        return cls(n, draw, kind="table")

    @classmethod
    def images(cls, images: Sequence[str | PathLike[str]] | Sequence[bytes] | np.ndarray) -> "Items":
        """Show items that are pictures, as thumbnails of at most 96 pixels.

        Parameters
        ----------
        images : paths, encoded pictures as bytes, or ndarray (n, h, w) or (n, h, w, 1 | 3 | 4)
            Arrays of another type than uint8 are scaled so that their largest value is white. A picture that
            cannot be read is shown as a sentence that says so.
        """
        if isinstance(images, np.ndarray) and images.ndim >= 3:
            return cls(len(images), _from_array(images), kind="image")
        return cls(len(images), lambda row: _from_file(images[row]), kind="image")


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "(no text)"
    return plain(value, LENGTH)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, (float, np.floating)) and value != value):
        return DASH
    if isinstance(value, (float, np.floating)) and not float(value).is_integer():
        return f"{value:.4g}"
    return plain(value, 80)


def _pillow(module: str = "PIL.Image") -> ModuleType:
    return need(module, extra="images", purpose="Showing pictures")


def _from_array(images: np.ndarray) -> Callable[[int], Preview]:
    white: list[float] = []

    def draw(row: int) -> Preview:
        pixels = images[row]
        if pixels.dtype != np.uint8:
            if not white:
                white.append(max(float(np.nanmax(images)), 1e-12))
            pixels = np.clip(np.nan_to_num(pixels.astype(float)) * (255 / white[0]), 0, 255).astype(np.uint8)
        if pixels.ndim == 3 and pixels.shape[-1] == 1:
            pixels = pixels[..., 0]
        return Preview(image=_thumbnail(_pillow().fromarray(np.ascontiguousarray(pixels))))

    return draw


def _from_file(source: str | PathLike[str] | bytes) -> Preview:
    pillow = _pillow()
    name = "" if isinstance(source, bytes) else plain(Path(source).name, 80)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which no thumbnail shows
            opened = io.BytesIO(source) if isinstance(source, bytes) else source
            with pillow.open(opened, formats=_FORMATS) as picture:
                if picture.width * picture.height > _PIXELS:
                    return Preview(f"{name} (too large to show)".strip())
                picture.draft("RGB", (2 * SIDE, 2 * SIDE))
                return Preview(text=name, image=_thumbnail(_pillow("PIL.ImageOps").exif_transpose(picture)))
    except Exception:  # a broken file raises whatever its decoder stumbles on
        return Preview(f"{name} (cannot be read)".strip())


def _thumbnail(picture: Any) -> str:
    """Encode a small copy: PNG where every pixel counts, JPEG for photographs."""
    if picture.mode in ("RGBA", "LA", "PA", "P"):  # what is transparent becomes white
        picture = picture.convert("RGBA")
        paper = picture.copy()
        paper.paste((255, 255, 255, 255), (0, 0, *picture.size))
        paper.alpha_composite(picture)
        picture = paper.convert("RGB")
    elif picture.mode.startswith("I"):  # 16 bits and more
        low, high = picture.getextrema()
        deep = (np.asarray(picture, dtype=float) - low) * (255 / max(high - low, 1))
        picture = _pillow().fromarray(deep.astype(np.uint8))
    elif picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    small, to = max(picture.size) <= 48, io.BytesIO()
    if small:
        picture.save(to, "PNG", optimize=True)
    else:
        picture.save(to, "JPEG", quality=72, optimize=True)
    return f"data:image/{'png' if small else 'jpeg'};base64,{b64encode(to.getvalue()).decode()}"
