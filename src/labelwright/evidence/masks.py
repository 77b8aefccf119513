"""Pixels of images, labelled in part: by class, by box, by tag."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any, Self
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import DoubtfulInput, InputError
from labelwright.evidence.base import Evidence, whole_groups
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import class_array
from labelwright.evidence.regions import code_of, disjoint, messages, renumber

Box = tuple[int, int, int, int, int, Any]


class Masks(Evidence):
    """What pixels show; the items are the pixels of one or several images, each flattened row by row.

    Two things can be told: the classes a pixel may be of, and, of a region, that at least one of its pixels is of a
    class (a box that is tight on something, a tag of the image). ``P(told | labels) = 1`` if every pixel is of an
    allowed class and every region holds its class, else 0. Regions are disjoint.

    Parameters
    ----------
    allowed : array (n, k) of bool, or (n,) of int
        Classes each pixel may be of, or the code of the one it is of, -1 where it is unknown.
    classes : sequence (k,), optional
        Class names; by default 0 to k - 1.
    regions : sequence of (pixels, class), optional
        Positions among the n pixels, or a mask (n,) of bool, and the name of a class that one of them has at least.
    shapes : sequence of (height, width), optional
        Of the images, whose pixels stand one after the other; by default a single row of n.

    Attributes
    ----------
    allowed : ndarray (n, k) of bool
    region : ndarray (n,) of int
        Number of the region of each pixel, -1 for none.
    region_class : ndarray (regions,) of int
        Code of the class that each region holds.
    shapes : list of (height, width)
    place : ndarray (n,) of int
        Where each pixel stands among the pixels of all images; a slice keeps it.

    Notes
    -----
    Bayes is exact in O(n k) time and memory. With q the probability of the region's class among the allowed
    classes of a pixel, the region holds it with probability ``1 - product of (1 - q)``, taken in logs.

    Examples
    --------
    >>> told = Masks([[True, True], [True, True], [True, False]], ["ground", "cat"], regions=[([0, 1], "cat")])
    >>> told.posterior([[0.5, 0.5]] * 3).round(3).tolist()
    [[0.333, 0.667], [0.333, 0.667], [1.0, 0.0]]
    """

    unit = "region"

    def __init__(
        self,
        allowed: ArrayLike,
        classes: Sequence[Any] | np.ndarray | None = None,
        *,
        regions: Iterable[tuple[ArrayLike, Any]] = (),
        shapes: Iterable[tuple[int, int]] | None = None,
    ):
        table = np.asarray(allowed)
        if table.ndim == 1 and (table.dtype.kind in "iu" or not table.size):
            table = _of_codes(table, int(table.max(initial=-1)) + 1 if classes is None else len(classes))
        if table.ndim != 2 or (table.size and table.dtype.kind != "b"):
            raise InputError(
                f"allowed has shape {table.shape} and dtype {table.dtype}, expected bool (n, k) or codes (n,); "
                "for images of codes use Masks.from_arrays"
            )
        names = class_array(range(table.shape[1]) if classes is None else list(classes))
        if len(names) != table.shape[1]:
            raise InputError(f"allowed has {table.shape[1]} columns for {len(names)} classes")
        region, held = disjoint(regions, len(table), names)
        sizes = [(1, len(table))] if shapes is None else _shapes(shapes)
        self._build(table.astype(bool, copy=False), names, region, held, sizes)

    @classmethod
    def from_arrays(
        cls, arrays: Iterable[ArrayLike], classes: Sequence[Any] | np.ndarray, *, unknown: int = -1
    ) -> Self:
        """Build from one array (height, width) of codes per image, with `unknown` (often 255) where nothing is known.

        Examples
        --------
        >>> Masks.from_arrays([[[0, 1], [255, 0]]], ["ground", "cat"], unknown=255).allowed.sum(axis=1).tolist()
        [1, 1, 2, 1]
        """
        images = [np.asarray(a) for a in arrays]
        for i, image in enumerate(images):
            if image.ndim != 2 or (image.size and image.dtype.kind not in "iu"):
                raise InputError(
                    f"image {i} has shape {image.shape} and dtype {image.dtype}, expected codes (height, width)"
                )
            strange = np.argwhere((image != unknown) & ((image < 0) | (image >= len(classes))))
            if len(strange):
                raise InputError(
                    f"image {i} holds {image[tuple(strange[0])]} at {tuple(strange[0].tolist())}, expected a code "
                    f"from 0 to {len(classes) - 1}, or {unknown} for unknown"
                )
        codes = [np.where(i == unknown, -1, i.astype(np.intp)).ravel() for i in images]
        flat = np.concatenate([np.zeros(0, dtype=np.intp), *codes])
        return cls(_of_codes(flat, len(classes)), classes, shapes=[i.shape for i in images])

    @classmethod
    def from_boxes(
        cls,
        shapes: Iterable[tuple[int, int]],
        boxes: Iterable[Box],
        classes: Sequence[Any] | np.ndarray,
        *,
        background: Any = None,
    ) -> Self:
        """Build from all boxes that were drawn around things: (image, top, left, bottom, right, class).

        Outside of all boxes there is only background; inside, background or the class of a box that covers the
        pixel. Each box holds its class at least once among the pixels that no other box covers; of a box without such
        pixels nothing of the kind is said, and neither is it said that a box touches its thing on all four sides.

        Parameters
        ----------
        shapes : sequence of (height, width)
        boxes : sequence of (image, top, left, bottom, right, class)
            In pixels from 0; ``bottom`` and ``right`` are the first row and column after the box.
        classes : sequence (k,)
        background : class name, optional
            By default the first of `classes`.

        Examples
        --------
        >>> told = Masks.from_boxes([(1, 4)], [(0, 0, 1, 1, 3, "cat")], ["ground", "cat"])
        >>> told.posterior([[0.5, 0.5]] * 4)[:, 1].round(3).tolist()
        [0.0, 0.667, 0.667, 0.0]
        """
        sizes, names = _shapes(shapes), class_array(list(classes))
        outside = _background(background, names)
        starts = np.append(0, np.cumsum(_areas(sizes)))
        allowed = np.zeros((starts[-1], len(names)), dtype=bool)
        allowed[:, outside] = True
        covers, owner = np.zeros(len(allowed), dtype=np.intp), np.full(len(allowed), -1)
        held = []
        for b, box in enumerate(boxes):
            image, top, left, bottom, right = _corners(box, b, sizes)
            held.append(code_of(box[5], names.tolist(), f"box {b}"))
            if held[-1] == outside:
                raise InputError(
                    f"box {b} is of class {box[5]!r}, the background; draw boxes around things only"
                )
            inside = starts[image] + np.add.outer(
                np.arange(top, bottom) * sizes[image][1], np.arange(left, right)
            )
            allowed[inside, held[-1]] = True
            covers[inside] += 1
            owner[inside] = b
        owner[covers > 1] = -1
        return cls._of(allowed, names, owner, np.array(held, dtype=np.intp), sizes)

    @classmethod
    def from_tags(
        cls,
        shapes: Iterable[tuple[int, int]],
        tags: Iterable[Iterable[Any]],
        classes: Sequence[Any] | np.ndarray,
        *,
        background: Any = None,
    ) -> Self:
        """Build from the classes seen in each image: these and no others, besides background.

        In an image with one tag at least one pixel is of that class. An image with several cannot say so of each
        (regions are disjoint): it only excludes the other classes, with a warning. One without tags is all background.

        Parameters
        ----------
        shapes : sequence of (height, width)
        tags : one collection of class names per image
        classes : sequence (k,)
        background : class name, optional
            By default the first of `classes`. Naming it as a tag changes nothing.

        Examples
        --------
        >>> told = Masks.from_tags([(1, 2), (1, 1)], [["cat"], []], ["ground", "cat", "cow"])
        >>> told.posterior([[0.4, 0.4, 0.2]] * 3).round(3).tolist()
        [[0.333, 0.667, 0.0], [0.333, 0.667, 0.0], [1.0, 0.0, 0.0]]
        """
        sizes, names, rows = _shapes(shapes), class_array(list(classes)), [list(t) for t in tags]
        if len(rows) != len(sizes):
            raise InputError(f"tags are given for {len(rows)} images, but there are {len(sizes)} shapes")
        outside = _background(background, names)
        found = [
            {code_of(tag, names.tolist(), f"image {i}") for tag in row} - {outside}
            for i, row in enumerate(rows)
        ]
        may = np.zeros((len(rows), len(names)), dtype=bool)
        may[:, outside] = True
        for i, seen in enumerate(found):
            may[i, list(seen)] = True
        several = [i for i, seen in enumerate(found) if len(seen) > 1]
        if several:
            warn(
                f"{len(several)} images have several tags (first: image {several[0]}); that each of them is there "
                "is not used, only that no other class is",
                DoubtfulInput,
                stacklevel=2,
            )
        image = np.repeat(np.arange(len(sizes)), _areas(sizes))
        one = np.array([len(seen) == 1 for seen in found], dtype=bool)
        held = np.array([max(seen, default=0) for seen in found], dtype=np.intp)
        return cls._of(may[image], names, np.where(one[image], image, -1), held, sizes)

    @classmethod
    def _of(cls, *parts: Any) -> Self:
        masks = cls.__new__(cls)
        masks._build(*parts)
        return masks

    def _build(
        self, allowed: np.ndarray, classes: np.ndarray, region: np.ndarray, held: np.ndarray,
        shapes: list[tuple[int, int]],
    ) -> None:  # fmt: skip
        size = _areas(shapes).sum()
        if size != len(allowed):
            raise InputError(f"shapes hold {size} pixels, but {len(allowed)} are given")
        empty = np.flatnonzero(~allowed.any(axis=1))
        if len(empty):
            raise InputError(
                f"{len(empty)} pixels may be of no class at all (first: row {empty[0]}); allow every class where "
                "nothing is known"
            )
        self.allowed, self.classes, self.shapes = allowed, classes, shapes
        self.place = np.arange(len(allowed))
        self.region, self.region_class = renumber(region, held)
        inside = np.flatnonzero(self.region >= 0)
        can = np.bincount(
            self.region[inside],
            allowed[inside, self.region_class[self.region[inside]]],
            len(self.region_class),
        )
        if (can == 0).any():
            r = int(np.flatnonzero(can == 0)[0])
            raise InputError(
                f"no pixel of region {r} (first: row {np.flatnonzero(self.region == r)[0]}) may be of class "
                f"{classes.tolist()[self.region_class[r]]!r}, of which one must be; allow it there, or drop the region"
            )

    def __len__(self) -> int:
        return len(self.allowed)

    def __getitem__(self, items: Any) -> Self:
        rows = whole_groups(self, items)
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.allowed, other.place = self.allowed[rows], self.place[rows]
        other.region, other.region_class = renumber(self.region[rows], self.region_class)
        return other

    def __repr__(self) -> str:
        size = self.allowed.sum() / max(1, len(self))
        return (
            f"Masks(n={len(self)}, classes={self.n_classes}, images={len(np.unique(self.image))}, "
            f"mean_allowed={size:.3g}, regions={len(self.region_class)})"
        )

    @property
    def groups(self) -> np.ndarray:
        alone = self.region < 0
        return np.where(alone, len(self.region_class) + np.cumsum(alone) - 1, self.region)

    @property
    def image(self) -> np.ndarray:
        """Number of the image of each pixel, (n,) of int."""
        ends = np.cumsum(_areas(self.shapes))
        return np.searchsorted(ends, self.place, side="right")

    def as_arrays(self, labels: ArrayLike) -> list[np.ndarray]:
        """Codes (n,) as one array (height, width) per image, -1 for pixels that a slice has left out.

        Examples
        --------
        >>> [a.tolist() for a in Masks([0, 1, 1, 0], shapes=[(2, 1), (1, 2)]).as_arrays([0, 1, 1, 0])]
        [[[0], [1]], [[1, 0]]]
        """
        codes = np.asarray(labels)
        if codes.shape != (len(self),):
            raise InputError(f"labels have shape {codes.shape}, expected {(len(self),)}: one per pixel")
        areas = _areas(self.shapes)
        flat = np.full(areas.sum(), -1, dtype=np.result_type(codes, np.int8))
        flat[self.place] = codes
        return [
            part.reshape(shape) for part, shape in zip(np.split(flat, np.cumsum(areas)[:-1]), self.shapes)
        ]

    def message(self, states: np.ndarray) -> np.ndarray:
        table = np.where(self.allowed, 0.0, -np.inf)
        rows = np.flatnonzero(self.region >= 0)
        weights = np.where(self.allowed[rows], states[rows], 0.0)
        table[rows] += messages(weights, self.region[rows], self.region_class)
        return table

    def likelihood_of(self, labels: ArrayLike) -> float:
        codes = np.asarray(labels, dtype=np.intp)
        inside = np.flatnonzero(self.region >= 0)
        there = self.region[inside][codes[inside] == self.region_class[self.region[inside]]]
        holds = np.bincount(there, minlength=len(self.region_class)) > 0
        return float(self.allowed[np.arange(len(self)), codes].all() and holds.all())

    def support(self, probs: ArrayLike) -> np.ndarray:
        table = check_probs(probs, len(self), self.n_classes)
        return np.where(self.allowed.all(axis=1), np.nan, np.where(self.allowed, table, 0.0).sum(axis=1))


def _of_codes(codes: np.ndarray, k: int) -> np.ndarray:
    strange = np.flatnonzero((codes < -1) | (codes >= k))
    if len(strange):
        raise InputError(
            f"allowed holds {codes[strange[0]]} in row {strange[0]}, expected a code from 0 to {k - 1}, or -1 where "
            "the class is unknown"
        )
    return (codes[:, None] == np.arange(k)) | (codes < 0)[:, None]


def _shapes(shapes: Iterable[Any]) -> list[tuple[int, int]]:
    sizes = [tuple(shape) for shape in shapes]
    for i, size in enumerate(sizes):
        if len(size) != 2 or not all(isinstance(side, Integral) and int(side) >= 0 for side in size):
            raise InputError(f"shapes holds {size!r} for image {i}, expected (height, width)")
    return [(int(h), int(w)) for h, w in sizes]


def _areas(shapes: list[tuple[int, int]]) -> np.ndarray:
    return np.array([height * width for height, width in shapes], dtype=np.intp)


def _background(name: Any, names: np.ndarray) -> int:
    if not len(names):
        raise InputError("classes is empty; name the background and what else there is to see")
    return 0 if name is None else code_of(name, names.tolist(), "background")


def _corners(box: Box, number: int, shapes: list[tuple[int, int]]) -> tuple[int, int, int, int, int]:
    if len(box) != 6 or not all(isinstance(edge, Integral) for edge in box[:5]):
        raise InputError(f"box {number} is {box!r}, expected (image, top, left, bottom, right, class)")
    image, top, left, bottom, right, _ = box
    if not 0 <= image < len(shapes):
        raise InputError(f"box {number} is in image {image}, but there are {len(shapes)} images")
    height, width = shapes[image]
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        raise InputError(
            f"box {number} goes from ({top}, {left}) to ({bottom}, {right}), which is empty or leaves the "
            f"{height} x {width} pixels of its image; bottom and right are the first row and column after it"
        )
    return image, top, left, bottom, right
