"""The class of each thing from all the words a detector had for it, frame after frame (Liu et al., 2024)."""

from collections.abc import Hashable, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright import frames
from labelwright.combine.fusion.likelihood import LikelihoodMatrix, check_scores
from labelwright.errors import InputError
from labelwright.evidence import Soft
from labelwright.evidence.classes import encode, is_missing

FLOOR = 1e-3


class Fused(NamedTuple):
    """What a thing is.

    Attributes
    ----------
    label : hashable
        The most probable class.
    confidence : float
        Its probability; with ``mode="additive"`` the published share ``v[label] / norm(v)``.
    probs : ndarray (k,)
        P(class); with ``mode="additive"`` the added numbers scaled to sum 1, which are no probabilities of anything.
    """

    label: Any
    confidence: float
    probs: np.ndarray


class LabelFusion:
    """Collect a detector's words about each thing, and say of which class of a closed list it is.

    ``mode="log"`` is Bayes: detections are independent given the class, and each adds
    ``score * log P(word | class)``, so that a doubtful detection says less. ``mode="additive"`` is what was published:
    each adds ``score * P(word | class)``. Words outside the table are ignored.

    Parameters
    ----------
    likelihood : LikelihoodMatrix
    mode : {"log", "additive"}, default "log"
    prior : array (k,), optional
        Share of each class; by default equal. Only of use with ``mode="log"``.
    floor : float in (0, 1), default 1e-3
        Likelihoods below count as this with ``mode="log"``, so that no single word rules a class out.

    Attributes
    ----------
    ids : list
        Things spoken about, in the order in which they came.
    ignored : int
        Detections whose word is not in the table.

    Raises
    ------
    InputError
        At the first update, when a setting is out of range.

    Notes
    -----
    Source: S109 (liu2024fmfusion). Departs from the paper: Bayes is the default, the added likelihoods of the released
    code an option: adding lets one frequent word outweigh many that contradict it.

    Examples
    --------
    >>> table = LikelihoodMatrix([[0.9, 0.1], [0.1, 0.9]], ["couch", "desk"], ["sofa", "table"])
    >>> fusion = LabelFusion(table)
    >>> for word in ["couch", "desk", "couch", "lamp"]:
    ...     fusion.update("thing 7", [word])
    >>> found = fusion.predict("thing 7")
    >>> found.label, round(found.confidence, 3), fusion.ignored
    ('sofa', 0.9, 1)
    """

    def __init__(
        self,
        likelihood: LikelihoodMatrix,
        *,
        mode: Literal["log", "additive"] = "log",
        prior: ArrayLike | None = None,
        floor: float = FLOOR,
    ):
        self.likelihood, self.mode, self.prior, self.floor = likelihood, mode, prior, floor
        self.ignored = 0
        self._sums: dict[Hashable, np.ndarray] = {}
        self._words: dict[Hashable, set[int]] = {}

    def __len__(self) -> int:
        return len(self._sums)

    def __repr__(self) -> str:
        return f"LabelFusion(things={len(self)}, classes={len(self.likelihood.classes)}, mode={self.mode!r})"

    @property
    def ids(self) -> list[Hashable]:
        """Things spoken about, in the order in which they came."""
        return list(self._sums)

    def update(
        self, id: Hashable, labels: Sequence[Hashable] | np.ndarray, scores: ArrayLike | None = None
    ) -> None:
        """Add the detections of one thing in one frame.

        Parameters
        ----------
        id : hashable
        labels : sequence (m,) of open labels
            At least one; a frame without a detection is no evidence, so leave it out.
        scores : array (m,), optional
            The detector's, in [0, 1]; by default 1.

        Raises
        ------
        InputError
            When there are no detections, or scores do not match or lie outside [0, 1].
        """
        gain = self._gains()
        rows = self.likelihood.rows(labels)
        if not len(rows):
            raise InputError(f"labels of {id!r} are empty; leave out frames without a detection")
        weight = check_scores(scores, len(rows))
        known = rows >= 0
        self.ignored += int((~known).sum())
        added = weight[known] @ gain[rows[known]]
        self._sums[id] = self._sums.get(id, np.zeros(gain.shape[1])) + added
        self._words.setdefault(id, set()).update(rows[known].tolist())

    def update_table(
        self, table: Any, *, id: str = "id", label: str = "label", score: str | None = None
    ) -> Self:
        """Add detections out of a frame, one a row: which thing, what was said of it, and the detector's score.

        Rows without an open label are left out; those of one thing are added together, in any order.

        Parameters
        ----------
        table : frame
        id, label, score : str
            Names of columns; without a score every detection counts fully.

        Raises
        ------
        InputError
            When a column is not there, a thing has no name, or scores lie outside [0, 1].

        Examples
        --------
        >>> import pyarrow as pa
        >>> seen = pa.table({"id": [1, 2, 1], "label": ["couch", "desk", "couch"]})
        >>> likelihood = LikelihoodMatrix([[0.9, 0.1], [0.1, 0.9]], ["couch", "desk"], ["sofa", "table"])
        >>> LabelFusion(likelihood).update_table(seen).frame(like=seen)["label"].to_pylist()
        ['sofa', 'table']
        """
        said, given = frames.column(table, label, argument="label"), frames.column(table, id, argument="id")
        told = np.array([not is_missing(word) for word in said], dtype=bool)
        things, names = encode(given)
        if (things[told] < 0).any():
            row = int(np.flatnonzero(told & (things < 0))[0])
            raise InputError(f"a detection has no thing in column {id!r} (row {row})")
        weight = np.ones(len(said)) if score is None else frames.column(table, score, argument="score")
        for code in np.unique(things[told]).tolist():
            rows = np.flatnonzero(told & (things == code))
            self.update(names.tolist()[code], said[rows], weight[rows])
        return self

    def frame(self, like: Any = None) -> Any:
        """One row a thing: `id`, `label`, `p`, as a frame of the kind of `like`; `p` as in `Fused.confidence`."""
        found = [self.predict(id) for id in self.ids]
        columns = {"id": self.ids, "label": [f.label for f in found], "p": [f.confidence for f in found]}
        return frames.make(columns, like=like)

    def predict(self, id: Hashable) -> Fused:
        """Say what one thing is; equal classes where only unknown words were said of it.

        Raises
        ------
        InputError
            When nothing was ever said of it.
        """
        self._known(id)
        total = self._sums[id]
        probs = self._probs(total[None])[0]
        best = int(probs.argmax())
        norm = float(np.linalg.norm(total))
        sure = probs[best] if self.mode == "log" else (total[best] / norm if norm else 0.0)
        return Fused(self.likelihood.classes.tolist()[best], float(sure), probs)

    def predict_proba(self) -> np.ndarray:
        """P(class) of every thing, in the order of `ids`: (n, k); see `Fused` for what it means."""
        k = len(self.likelihood.classes)
        return self._probs(np.array(list(self._sums.values())).reshape(-1, k))

    def evidence(self) -> Soft:
        """What was said of every thing as evidence, without the prior; join it with other evidence by ``&``.

        Raises
        ------
        InputError
            With ``mode="additive"``: added likelihoods are no evidence.
        """
        if self.mode != "log":
            raise InputError(
                "added likelihoods are no likelihood; LabelFusion(..., mode='log') gives evidence"
            )
        k = len(self.likelihood.classes)
        sums = np.array(list(self._sums.values())).reshape(-1, k)
        return Soft(_softmax(sums), self.likelihood.classes)

    def words(self, id: Hashable) -> set[Any]:
        """Open labels of the table that were said of a thing."""
        self._known(id)
        names = self.likelihood.open_labels.tolist()
        return {names[row] for row in self._words[id]}

    def merge(self, keep: Hashable, drop: Hashable) -> None:
        """Give what was said of one thing to another, once: `drop` is forgotten."""
        self._known(keep)
        self._known(drop)
        if keep == drop:
            raise InputError(f"{keep!r} cannot be merged with itself; its evidence would count twice")
        self._sums[keep] = self._sums[keep] + self._sums.pop(drop)
        self._words[keep] |= self._words.pop(drop)

    def _known(self, id: Hashable) -> None:
        if id not in self._sums:
            raise InputError(f"nothing was said of {id!r}; update it first")

    def _gains(self) -> np.ndarray:
        """What a detection of each word adds to each class: (words, k)."""
        if self.mode not in ("log", "additive"):
            raise InputError(f"mode={self.mode!r} must be 'log' or 'additive'")
        if not 0 < self.floor < 1:
            raise InputError(f"floor={self.floor!r} must lie between 0 and 1")
        table = self.likelihood.table
        return np.log(np.maximum(table, self.floor)) if self.mode == "log" else table

    def _probs(self, sums: np.ndarray) -> np.ndarray:
        k = len(self.likelihood.classes)
        if self.mode == "additive":
            total = sums.sum(axis=1, keepdims=True)
            return np.where(total > 0, sums / np.where(total > 0, total, 1), 1 / k)
        share = np.full(k, 1 / k) if self.prior is None else np.asarray(self.prior, dtype=np.float64)
        if share.shape != (k,) or not (share > 0).all() or abs(share.sum() - 1) > 1e-6:
            raise InputError(f"prior must hold {k} positive shares that sum to 1")
        return _softmax(sums + np.log(share))


def _softmax(logs: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; what underflows stays possible."""
    shifted = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf)) + np.finfo(float).tiny
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
