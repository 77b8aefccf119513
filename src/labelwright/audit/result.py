"""What an audit found: the doubtful rows, how many labels are wrong, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from labelwright.errors import InputError
from labelwright.frames import column


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was found in `n` labelled items; frames are of the kind that came in.

    Attributes
    ----------
    n : int
        Number of rows, labelled or not.
    classes : ndarray (k,)
        Class names; for multi-label data the tags.
    issues : frame
        Rows whose label is doubtful, most doubtful first: `row` (0-based), `given`, `suggested`, `p_wrong`
        (probability that the given label is wrong, 0 to 1), `why` (a sentence), `agree` and `disagree`
        (lists of rows: the nearest items with the given label, and with the suggested one).
    p_wrong : ndarray (n,)
        Probability that the given label is wrong; NaN where there is none.
    error_rate : Estimate
        Share of the given labels that are wrong, with a 95 % interval; for multi-label data the share of the
        marks (every tag of every item, given or not) that are wrong.
    ceiling : float or None
        What the rate may come to at most if errors gather where items are hard for the models too, as people's do:
        the share of labels that the models are confident should be others (confident joint).
    noise_matrix : ndarray (k, k)
        ``noise_matrix[true, given]``, rows sum to 1; for multi-label data (k, 2, 2), one per tag.
    given, suggested : ndarray (n,) of object
        What each row was given, and its most probable other label; for tags lists of them.
    joint : ndarray (k, k)
        Estimated number of items by ``[given, true]``; the diagonal holds the correct ones. Multi-label: (k,
        2, 2).
    by_class : frame
        One row per class: `class`, `n`, `error_rate`, `low`, `high`, `issues`, `mixes_with`.
    reliability : frame
        How well the probabilities behind the audit fit the given labels, in bins: `predicted`, `observed`,
        `low`, `high`, `n`.
    duplicates : frame
        Pairs of equal or nearly equal items with different labels: `row`, `twin`, `similarity` (1 = equal),
        `given`, `twin_given`.
    misfits : frame
        Items that fit no class: `row`, `given`, `best`, `p_best`, most out of place first.
    overlaps : frame
        Classes that mix: `class`, `other`, `n` (estimated number of labels exchanged), `share` of both.
    sources : frame or None
        Where several sources labelled: `source`, `n`, `error_rate`, `low`, `high`, `often` (its commonest
        slip).
    judges : frame or None
        Where a judge was asked for a second opinion: `judge`, `items`, `calls`, `cached` (answered from a record),
        `prompt_tokens`, `completion_tokens`, `seconds`.
    notes : tuple of str
        What was assumed and what looked surprising, one sentence each.
    settings : mapping
        What was run: model, folds, seconds, versions.
    items : object or None
        The items themselves for the report (see `labelwright.audit.items`).
    """

    n: int
    classes: np.ndarray
    issues: Any
    p_wrong: np.ndarray
    error_rate: Estimate
    noise_matrix: np.ndarray
    joint: np.ndarray
    by_class: Any
    reliability: Any
    duplicates: Any
    misfits: Any
    overlaps: Any
    ceiling: float | None = None
    given: np.ndarray | None = None
    suggested: np.ndarray | None = None
    sources: Any = None
    judges: Any = None
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    items: Any = None

    @property
    def n_issues(self) -> int:
        """Number of doubtful rows."""
        return len(self.issues)

    def summary(self) -> dict[str, Any]:
        """The numbers in one flat dict, as `labelwright audit --json` prints them."""
        return {
            "n": self.n,
            "n_issues": self.n_issues,
            "error_rate": self.error_rate.value,
            "error_rate_low": self.error_rate.low,
            "error_rate_high": self.error_rate.high,
            "error_rate_ceiling": self.ceiling,
            "n_classes": len(self.classes),
            "n_duplicates": len(self.duplicates),
            "n_misfits": len(self.misfits),
            "notes": list(self.notes),
        }

    def corrected(self, threshold: float = 0.5) -> np.ndarray:
        """Labels (n,) with the suggestion in place of the doubtful ones that are wrong with more than `threshold`."""
        if self.given is None or self.suggested is None:
            raise InputError("this audit holds no labels to correct")
        labels = self.given.copy()
        rows = column(self.issues, "row").astype(np.intp)
        change = rows[self.p_wrong[rows] > threshold]
        labels[change] = self.suggested[change]
        return labels

    def report(self, path: str | PathLike[str], *, title: str = "Label audit") -> Path:
        """Write one self-contained HTML page (no network) and return its path."""
        from labelwright.audit.report import write

        return write(self, Path(path), title=title)
