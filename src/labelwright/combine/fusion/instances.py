"""Things of a map as sets of voxels, and joining those that are one (Liu et al., 2024)."""

from collections.abc import Collection, Hashable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labelwright.combine.fusion.fusion import LabelFusion
from labelwright.errors import InputError

VOXEL = 0.02
REACH = 2**20  # voxels from the origin, so that three coordinates fit into 63 bits


class Merged(NamedTuple):
    """Two things that were one.

    Attributes
    ----------
    kept, dropped : hashable
    overlap : float
        Share of the dropped one inside the kept one, or of two flat things the overlap of their boxes.
    """

    kept: Hashable
    dropped: Hashable
    overlap: float


class InstanceMap:
    """Keep the points of each thing, and join things that were seen in pieces, together with what was said of them.

    Points count once per voxel; sets of voxels are sorted arrays of integer keys.

    Parameters
    ----------
    fusion : LabelFusion
        What was said of the things, under the same ids.
    voxel : float, default 0.02
        Side of a voxel, in the unit of the points (metres).

    Notes
    -----
    Source: S109 (liu2024fmfusion). Departs from the paper: points are thinned to one a voxel as they come, so that a
    place seen often weighs no more; pairs are tried from the smallest thing up, each with the thing that holds the
    largest share of it, until nothing changes, so that only ties depend on the order in which things came.

    Examples
    --------
    >>> from labelwright.combine.fusion import LikelihoodMatrix
    >>> fusion = LabelFusion(LikelihoodMatrix([[1.0]], ["sofa"], ["sofa"]))
    >>> space = InstanceMap(fusion, voxel=1.0)
    >>> line = np.column_stack([np.arange(100), np.zeros(100), np.zeros(100)])
    >>> for name, points in [("a", line[:60]), ("b", line[40:])]:
    ...     fusion.update(name, ["sofa"])
    ...     space.add(name, points)
    >>> space.merge(max_distance=50)
    [Merged(kept='a', dropped='b', overlap=0.3333333333333333)]
    >>> space.ids, len(space.points("a"))
    (['a'], 100)
    """

    def __init__(self, fusion: LabelFusion, *, voxel: float = VOXEL):
        if not voxel > 0:
            raise InputError(f"voxel={voxel!r} must be a length above 0")
        self.fusion, self.voxel = fusion, voxel
        self._cells: dict[Hashable, np.ndarray] = {}
        self._centres: dict[Hashable, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"InstanceMap(things={len(self)}, voxels={sum(map(len, self._cells.values()))}, voxel={self.voxel})"

    @property
    def ids(self) -> list[Hashable]:
        """Things with points, in the order in which they came."""
        return list(self._cells)

    def add(self, id: Hashable, points: ArrayLike) -> None:
        """Add points (n, 3) of a thing, in world coordinates.

        Raises
        ------
        InputError
            When points are not (n, 3), not finite, or farther from the origin than a million voxels.
        """
        places = np.asarray(points, dtype=np.float64)
        if places.ndim != 2 or places.shape[1] != 3:
            raise InputError(f"points of {id!r} have shape {places.shape}, expected (n, 3)")
        if not np.isfinite(places).all():
            raise InputError(f"points of {id!r} hold NaN or infinity; drop points without depth")
        cells = np.floor(places / self.voxel)
        if cells.size and np.abs(cells).max() >= REACH:
            raise InputError(
                f"points of {id!r} lie more than {REACH * self.voxel:g} from the origin; move the origin, or take "
                "larger voxels"
            )
        self._put(id, _pack(cells.astype(np.int64)))

    def points(self, id: Hashable) -> np.ndarray:
        """Centres of the voxels of a thing: (n, 3)."""
        if id not in self._cells:
            raise InputError(f"{id!r} has no points; add some first")
        return (_unpack(self._cells[id]) + 0.5) * self.voxel

    def merge(
        self,
        *,
        inflation: int = 4,
        iou: float = 0.3,
        max_distance: float = 3.0,
        min_points: int = 30,
        flat: Collection[Hashable] = (),
        pairs: Iterable[tuple[Hashable, Hashable]] | None = None,
    ) -> list[Merged]:
        """Join things that lie inside each other and share a word, the smaller into the larger.

        Parameters
        ----------
        inflation : int, default 4
            Side of the coarser voxels of the larger thing, in voxels, in which points of the smaller are looked for.
        iou : float in [0, 1), default 0.3
            Join where more than this share of the smaller lies inside the larger.
        max_distance : float, default 3.0
            Farthest that the two centroids may lie apart, in the unit of the points.
        min_points : int, default 30
            Things with fewer voxels are left alone.
        flat : collection of class names, default ()
            Classes such as floors, of which two things are also joined where their boxes seen from above (the first
            two coordinates) overlap by more than `iou`, intersection over union, however far apart.
        pairs : iterable of (id, id), optional
            Try these only, such as the ambiguous ones of `associate`; by default all.

        Returns
        -------
        list of Merged
            In the order in which they were joined; what was said of the dropped one now counts for the kept one, once.

        Raises
        ------
        InputError
            When a setting is out of range, or a class of `flat` unknown.
        """
        self._check(inflation, iou, max_distance, min_points)
        level = {self.fusion.likelihood.code(name) for name in flat}
        wanted = None if pairs is None else {frozenset(pair) for pair in pairs}
        alias: dict[Hashable, Hashable] = {}
        done: list[Merged] = []
        while True:
            before = len(done)
            for small in self._by_size(min_points):
                found = self._host(small, inflation, iou, max_distance, min_points, level, wanted)
                if found is not None:
                    done.append(found)
                    self._join(found)
                    alias[found.dropped] = found.kept
                    if wanted is not None:
                        wanted = {frozenset(alias.get(i, i) for i in pair) for pair in wanted}
            if len(done) == before:
                return done

    def _host(
        self, small: Hashable, inflation: int, iou: float, far: float, least: int, level: set[int],
        wanted: set[frozenset[Hashable]] | None,
    ) -> Merged | None:  # fmt: skip
        """The larger thing that holds the most of a small one, if any holds enough."""
        best: Merged | None = None
        order = self._by_size(least)
        for large in order[order.index(small) + 1 :]:
            if wanted is not None and frozenset((small, large)) not in wanted:
                continue
            overlap = self._overlap(small, large, inflation, far, level)
            if overlap > iou and (best is None or overlap > best.overlap):
                best = Merged(large, small, overlap)
        return best

    def _overlap(
        self, small: Hashable, large: Hashable, inflation: int, far: float, level: set[int]
    ) -> float:
        if level and self._class(small) == self._class(large) and self._class(small) in level:
            return _box_iou(self.points(small)[:, :2], self.points(large)[:, :2], self.voxel)
        if np.linalg.norm(self._centres[small] - self._centres[large]) > far:
            return 0.0
        if not self.fusion.words(small) & self.fusion.words(large):
            return 0.0
        inner, outer = (_pack(_unpack(self._cells[i]) // inflation) for i in (small, large))
        return float(np.isin(inner, outer).mean())

    def _class(self, id: Hashable) -> int:
        return int(self.fusion.predict(id).probs.argmax())

    def _join(self, found: Merged) -> None:
        self._put(found.kept, self._cells.pop(found.dropped))
        del self._centres[found.dropped]
        self.fusion.merge(found.kept, found.dropped)

    def _put(self, id: Hashable, keys: np.ndarray) -> None:
        self._cells[id] = np.union1d(self._cells.get(id, np.empty(0, dtype=np.int64)), keys)
        self._centres[id] = self.points(id).mean(axis=0) if len(self._cells[id]) else np.zeros(3)

    def _by_size(self, least: int) -> list[Hashable]:
        """Things with enough voxels of which something was said, the smallest first, of equal ones the later."""
        spoken = set(self.fusion.ids)
        some = [i for i, cells in self._cells.items() if len(cells) >= max(1, least) and i in spoken]
        order = sorted(range(len(some)), key=lambda place: (len(self._cells[some[place]]), -place))
        return [some[place] for place in order]

    @staticmethod
    def _check(inflation: int, iou: float, max_distance: float, min_points: int) -> None:
        if not isinstance(inflation, int | np.integer) or inflation < 1:
            raise InputError(f"inflation={inflation!r} must be a whole number of at least 1")
        if not 0 <= iou < 1:
            raise InputError(f"iou={iou!r} must lie in [0, 1)")
        if not max_distance >= 0 or min_points < 0:
            raise InputError(
                f"max_distance={max_distance!r} and min_points={min_points!r} must be at least 0"
            )


def _pack(cells: np.ndarray) -> np.ndarray:
    """Voxel coordinates (n, 3) as one key each."""
    shifted = cells + REACH
    return np.asarray((shifted[:, 0] << 42) | (shifted[:, 1] << 21) | shifted[:, 2])


def _unpack(keys: np.ndarray) -> np.ndarray:
    mask = 2 * REACH - 1
    return np.column_stack([keys >> 42, (keys >> 21) & mask, keys & mask]) - REACH


def _box_iou(a: np.ndarray, b: np.ndarray, side: float) -> float:
    """Overlap of the boxes around two sets of voxel centres (n, 2), rims included."""
    low, high = (np.stack([f(a, axis=0), f(b, axis=0)]) for f in (np.min, np.max))
    low, high = low - side / 2, high + side / 2
    both = float(np.prod(np.clip(high.min(axis=0) - low.max(axis=0), 0, None)))
    areas = np.prod(high - low, axis=1)
    return both / float(areas.sum() - both)
