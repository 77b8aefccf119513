"""A data set in memory, and the card that says what it is."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from labelwright import frames


@dataclass(frozen=True)
class Card:
    """What a data set is, where it comes from and what may be done with it.

    Attributes
    ----------
    name, title, what : str
        Its name here, its full name, and one or two sentences.
    kind : {"texts", "images", "table", "labels"}
        What an item is; ``"labels"`` means that there are labels only.
    n, k : int
        Items and classes (tags, where there are many per item) of a plain ``load(name)``.
    error_rate : float or None
        Share of wrong labels among the items whose truth is known; None where no truth is known.
    size_mb : float
        Megabytes to download once.
    licence : str
    shippable : bool
        False for non-commercial or unclear licences: such a set serves tests and reproductions only.
    origin : str
        Package and version, or repository and commit.
    made : str
        How items, given labels and truth were made.
    sha256 : mapping
        Hash of each file read.
    cite : str
        What to cite.
    note : str
        Anything that may mislead.
    """

    name: str
    title: str
    what: str
    kind: Literal["texts", "images", "table", "labels"]
    n: int
    k: int
    error_rate: float | None
    size_mb: float
    licence: str
    shippable: bool
    origin: str
    made: str
    sha256: Mapping[str, str]
    cite: str
    note: str = ""

    def __str__(self) -> str:
        rows = {
            "items": f"{self.n:,} {'rows' if self.kind == 'table' else self.kind}, {self.k} classes",
            "errors": "not known"
            if self.error_rate is None
            else f"{self.error_rate:.2%} of the labels checked",
            "made": self.made,
            "note": self.note,
            "origin": f"{self.origin} ({self.size_mb:g} MB)",
            "licence": self.licence + ("" if self.shippable else " (tests and reproductions only)"),
            "cite": self.cite,
        }
        lines = [f"{name:>8}: {text}" for name, text in rows.items() if text]
        return "\n".join([f"{self.title} ({self.name})", self.what, *lines])


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """Items, what was said about their labels, and the truth where somebody knows it.

    Attributes
    ----------
    items : list of str, or array
        Texts; images (n, height, width[, 3]) uint8; or features (n, d).
    labels : array
        What was given: (n,) class names, or (n, L) marks int8 (1 yes, 0 no, -1 unknown).
    truth : array or None
        The same shape; None (or -1 in marks) where nobody knows.
    classes : list
        Class names in the order of every matrix in `extra`.
    card : Card
    groups : array or None
        (n,) items of one group belong on one side of every split.
    extra : mapping
        Whatever else is known, item by item unless the card says otherwise.
    """

    items: Any
    labels: np.ndarray
    truth: np.ndarray | None
    classes: list[Hashable]
    card: Card
    groups: np.ndarray | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def wrong(self) -> np.ndarray | None:
        """Whether each given label is wrong (int8: 1 yes, 0 no, -1 not known); None without any truth."""
        if "wrong" in self.extra:
            return np.asarray(self.extra["wrong"], np.int8)
        if self.truth is None:
            return None
        unknown = self.truth < 0 if self.labels.ndim == 2 else self.truth == np.array(None)
        return np.where(unknown, -1, self.labels != self.truth).astype(np.int8)

    @property
    def evidence(self) -> Any:
        """The given labels as evidence: `Marks` for many labels per item, otherwise `Exact`."""
        from labelwright import evidence

        if self.labels.ndim == 2:
            return evidence.Marks(self.labels, classes=self.classes)
        return evidence.Exact(self.labels, classes=self.classes)

    def frame(self) -> Any:
        """Items, given labels and truth as columns of a frame (pandas where installed, otherwise Arrow).

        Images are left out. Marks become one column of lists, the tags marked yes.
        """
        columns: dict[str, Any] = {}
        if self.card.kind == "texts":
            columns["text"] = list(self.items)
        elif self.card.kind == "table":
            names = self.extra.get("columns") or [f"x{j}" for j in range(self.items.shape[1])]
            columns |= {name: self.items[:, j] for j, name in enumerate(names)}
        if self.labels.ndim == 2:
            marked = [[self.classes[j] for j in np.flatnonzero(row == 1)] for row in self.labels]
            columns["labels"] = marked
        else:
            columns["label"] = self.labels
            if self.truth is not None:
                columns["truth"] = self.truth
        if self.groups is not None:
            columns["group"] = self.groups
        return frames.make(columns)

    def __repr__(self) -> str:
        wrong = self.wrong
        known = "no truth"
        if wrong is not None:
            seen = int((wrong >= 0).sum())
            known = f"{(wrong == 1).sum() / max(seen, 1):.2%} wrong" + (
                "" if seen == wrong.size else f" of {seen:,}"
            )
        kind = {"table": "rows"}.get(self.card.kind, self.card.kind)
        return f"<Dataset {self.card.name}: {len(self):,} {kind}, {len(self.classes)} classes, {known}>"
