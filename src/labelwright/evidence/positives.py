"""Some positives are labelled, everything else is not."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from labelwright.errors import InputError
from labelwright.evidence.base import RowEvidence
from labelwright.evidence.checks import check_probs
from labelwright.evidence.classes import class_array

SCENARIOS = ("single", "case-control")


class Positives(RowEvidence):
    """Items labelled as positive, among others of which nothing is known (positive-unlabelled, PU).

    Each positive is labelled with the same chance c, whatever it looks like ("selected completely at random"),
    and no negative ever is: ``P(labelled | positive) = c``, ``P(labelled | negative) = 0``. Being left
    unlabelled therefore speaks a little against an item: ``P(unlabelled | positive) = 1 - c``.

    Parameters
    ----------
    labelled : array (n,) of bool, or 0 and 1
    prior : float in (0, 1], optional
        Share of positives, which fixes c: ``labelled / (n prior)`` in one sample,
        ``labelled / (labelled + prior unlabelled)`` in a case-control design. Without it c starts at 0.5 and `update`
        learns it.
    scenario : {"single", "case-control"}, default "single"
        What `prior` is a share of. ``"single"``: one sample was drawn and some of its positives were labelled; the
        share among all n items. ``"case-control"``: labelled positives were drawn apart from an unlabelled
        sample; the share among the unlabelled items. In both, the `probs` of every method are P(class | item) for
        an item of the rows given here, labelled and unlabelled pooled; a model of the unlabelled population alone has
        other probabilities (`parts.adjust.reprior` moves them).
    classes : sequence of two names, default (False, True)
        The positive class second.

    Attributes
    ----------
    labelled : ndarray (n,) of bool
    labelling_chance : float
        The chance c. Slices keep it.

    Raises
    ------
    InputError
        When fewer items would be positive than are labelled; the smallest possible prior is named.

    Notes
    -----
    The likelihood alone does not settle c for a model that can take any shape: c = 1 with "unlabelled means negative"
    fits as well as the truth. Learn c together with a rigid model, or estimate it first, for instance with
    ``labelwright.parts.priors.best_bin``, and pass `prior`. The model is that of elkan2008learning.

    Examples
    --------
    >>> told = Positives([True, False, False, False], prior=0.5)
    >>> told.labelling_chance
    0.5
    >>> told.posterior([[0.5, 0.5]] * 4).round(3).tolist()
    [[0.0, 1.0], [0.667, 0.333], [0.667, 0.333], [0.667, 0.333]]
    """

    def __init__(
        self,
        labelled: ArrayLike,
        *,
        prior: float | None = None,
        scenario: Literal["single", "case-control"] = "single",
        classes: Sequence[Any] | np.ndarray = (False, True),
    ):
        self.labelled = _flags(labelled)
        self.classes = class_array(list(classes))
        if len(self.classes) != 2 or self.classes[0] == self.classes[1]:
            raise InputError(
                f"classes={list(classes)!r} must be two different names, the positive one second"
            )
        if scenario not in SCENARIOS:
            raise InputError(f"scenario={scenario!r} must be one of {', '.join(map(repr, SCENARIOS))}")
        self.scenario = scenario
        self._given = None if prior is None else float(prior)
        self._counts = int(self.labelled.sum()), len(self.labelled)  # of the rows that c was set from
        self.labelling_chance = 0.5 if self._given is None else self._chance(self._given)

    def __len__(self) -> int:
        return len(self.labelled)

    def __getitem__(self, items: Any) -> Self:
        return self._replace(labelled=np.atleast_1d(self.labelled[items]))

    def __repr__(self) -> str:
        labelled = int(self.labelled.sum())
        return f"Positives(n={len(self)}, labelled={labelled}, labelling_chance={self.labelling_chance:.3g})"

    @property
    def prior(self) -> float:
        """Share of positives, of all items or (case-control) of the unlabelled: as given, else as c implies.

        NaN while nothing speaks for any value: no items, or none labelled.
        """
        if self._given is not None:
            return self._given
        labelled, n = self._counts
        if not self.labelling_chance or not n or (self.scenario == "case-control" and n == labelled):
            return float("nan")
        positives = labelled / self.labelling_chance
        share = positives / n if self.scenario == "single" else (positives - labelled) / (n - labelled)
        return min(share, 1.0)  # the start, c = 0.5, may promise more positives than there are items

    def log_likelihood(self) -> np.ndarray:
        with np.errstate(divide="ignore"):
            told = np.array(
                [[0.0, np.log1p(-self.labelling_chance)], [-np.inf, np.log(self.labelling_chance)]]
            )
        return told[self.labelled.astype(np.intp)]

    def support(self, probs: ArrayLike) -> np.ndarray:
        table = check_probs(probs, len(self), self.n_classes)
        return np.where(self.labelled, table[:, 1], np.nan)

    def update(self, targets: ArrayLike) -> Self:
        """Return the evidence with c re-learned from soft labels (the M-step), unless the prior is known.

        ``c = positive targets of labelled items / positive targets of all items``; where no target is
        positive c stays.
        """
        positive = check_probs(targets, len(self), 2, name="targets")[:, 1].astype(np.float64)
        total = float(positive.sum())
        if self._given is not None or not total:
            return self
        chance = min(float(positive[self.labelled].sum()) / total, 1.0)
        return self._replace(labelling_chance=chance, _counts=(int(self.labelled.sum()), len(self)))

    def _chance(self, prior: float) -> float:
        labelled, n = self._counts
        if not 0 < prior <= 1:
            raise InputError(f"prior={prior!r} must lie in (0, 1]: it is the share of positives")
        positives = prior * n if self.scenario == "single" else labelled + prior * (n - labelled)
        if labelled > positives * (1 + 1e-12):
            raise InputError(
                f"prior={prior!r} makes {positives:.6g} of {n} items positive, but {labelled} are labelled; "
                f"the smallest possible prior is {labelled / n:.6g}"
            )
        return min(labelled / positives, 1.0) if labelled else 0.0


def _flags(labelled: ArrayLike) -> np.ndarray:
    flags = np.asarray(labelled)
    if flags.ndim != 1 or (flags.size and flags.dtype.kind not in "biuf"):
        raise InputError(
            f"labelled has shape {flags.shape} and dtype {flags.dtype}, expected one True (labelled positive) or False "
            "(unlabelled) per item"
        )
    strange = np.flatnonzero((flags != 0) & (flags != 1))
    if len(strange):
        raise InputError(
            f"labelled must be True or False, 1 or 0; row {strange[0]} holds {flags[strange[0]].item()!r} "
            "(items known to be negative have no place here: use Exact with missing labels)"
        )
    return flags.astype(bool)
