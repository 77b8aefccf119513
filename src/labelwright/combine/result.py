"""What several sources come to: a label and its probability for every item, and how good each source is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from labelwright.combine.base import LabelModel
from labelwright.combine.compare import Gain
from labelwright.combine.pairs import Pairs, pairs
from labelwright.evidence import Votes
from labelwright.parts.agreement import Agreement
from labelwright.parts.shares import Z95

UNSURE = 0.6  # labels less probable than this are worth another vote
COMPARED = 50_000  # items on which sources are compared with each other
CELLS = 5_000_000  # items x classes for the same
MOST_SOURCES = 1500  # of which pairs are compared: those with the most votes
SHARED = 20  # items two sources must share before one is said to copy


class Copy(NamedTuple):
    """Two sources that agree more than their skill explains.

    Attributes
    ----------
    first, second : source names
        Votes do not show who copied from whom.
    both : int
        Items on which both vote.
    agreement : float
        Share of them on which they say the same.
    copying, low, high : float
        Of the agreement that was left to reach, the share they reached; `low` and `high` would hold all pairs at once
        in 95 of 100 cases.
    """

    first: Any
    second: Any
    both: int
    agreement: float
    copying: float
    low: float
    high: float


class Scored(NamedTuple):
    """How often labels are right where the truth is known, with Wilson's 95 % interval.

    Attributes
    ----------
    accuracy, low, high : float
    n : int
        Items of known truth about which somebody spoke.
    majority : float
        The same share for plain majority vote; of equals the class that stands first.
    """

    accuracy: float
    low: float
    high: float
    n: int
    majority: float


@dataclass(frozen=True, kw_only=True)
class Combined:
    """What was made of the votes; frames are of the kind that came in.

    Attributes
    ----------
    labels : frame
        One row an item: `item`, `label` (the most probable class) and `p`, its probability.
    sources : frame
        One row a source: `source`, `accuracy` (chance to name the true class), `low` and `high` (95 % interval) and `n`
        (votes). Accuracy is missing where agreement cannot tell it; `notes` says why.
    posterior : ndarray (n, k)
        P(class | all votes) of each item.
    classes : ndarray (k,)
    votes : Votes
    model : LabelModel
        Fitted; ``model.partial_fit(more)`` adds a day's votes.
    method : str
        Name of the label model.
    gain : Gain or None
        How much better it foresees votes than majority does; None where that could not be compared.
    agreement : Agreement
        Krippendorff's alpha (nominal), with a 95 % interval.
    gold : Scored or None
        Where true labels were given.
    against : ndarray of source names
        Sources worse than chance: they count for nothing unless `flip` is asked for.
    truth : int array (n,) or None
        Codes of the true classes where gold was given: -1 unknown, k a class that no source ever says.
    notes : tuple of str
        What was assumed and what looked surprising, one sentence each.
    settings : mapping
    """

    labels: Any
    sources: Any
    posterior: np.ndarray
    classes: np.ndarray
    votes: Votes
    model: LabelModel
    method: str
    gain: Gain | None
    agreement: Agreement
    gold: Scored | None = None
    against: np.ndarray
    truth: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """The numbers in one flat dict, as `labelwright combine --json` prints them."""
        gain, gold = self.gain, self.gold
        return {
            "n_items": len(self.votes),
            "n_votes": self.votes.n_votes,
            "n_sources": len(self.votes.sources),
            "n_classes": len(self.classes),
            "method": self.method,
            "mean_p": float(self.posterior.max(axis=1).mean()),
            "agreement": _finite(self.agreement.value),
            "agreement_low": _finite(self.agreement.low),
            "agreement_high": _finite(self.agreement.high),
            "gain_over_majority": None if gain is None else gain.value,
            "gain_low": None if gain is None else gain.low,
            "gain_high": None if gain is None else gain.high,
            "gold_accuracy": None if gold is None else gold.accuracy,
            "gold_accuracy_low": None if gold is None else gold.low,
            "gold_accuracy_high": None if gold is None else gold.high,
            "gold_accuracy_majority": None if gold is None else gold.majority,
            "n_gold": 0 if gold is None else gold.n,
            "worse_than_chance": [str(name) for name in self.against.tolist()],
            "notes": list(self.notes),
        }

    @cached_property
    def pairs(self) -> Pairs:
        """What every two sources have in common: of many items a sample, of many sources those with the most votes."""
        told = self.votes
        most = max(1000, min(COMPARED, CELLS // max(len(self.classes), 1)))
        if len(told) > most:
            rng = np.random.default_rng(0)
            told = told[np.sort(rng.choice(len(told), most, replace=False))]
        if len(told.sources) > MOST_SOURCES:
            n = np.bincount(told.source, minlength=len(told.sources))
            chosen = np.sort(np.argsort(-n, kind="stable")[:MOST_SOURCES])
            place = np.full(len(n), -1)
            place[chosen] = np.arange(len(chosen))
            kept = place[told.source] >= 0
            told = Votes.from_codes(
                told.item[kept], place[told.source[kept]], told.said[kept],
                items=told.items, sources=told.sources[chosen], classes=told.classes,
            )  # fmt: skip
        return pairs(told)

    def copies(self, *, sure: bool = True) -> list[Copy]:
        """Pairs that copy, or have a third they both copy from, the surest first.

        Among many pairs some agree well by chance, so that intervals are widened until all of them hold at once
        (Bonferroni). Up to some seven sources, two who copy can pass for two who are good.

        Parameters
        ----------
        sure : bool, default True
            Whether to name only pairs that agree more than independent sources of their skill would.
        """
        seen = self.pairs
        first, second = np.nonzero(np.triu(np.isfinite(seen.copying_low) & (seen.both >= SHARED), 1))
        if not len(first):
            return []
        from scipy.stats import norm

        wide = float(norm.isf(0.025 / len(first))) / Z95
        value = seen.copying[first, second]
        low = value - wide * (value - seen.copying_low[first, second])
        high = np.minimum(value + wide * (seen.copying_high[first, second] - value), 1)
        order = [at for at in np.argsort(-low, kind="stable") if low[at] > 0 or not sure]
        return [
            Copy(
                seen.source[first[at]], seen.source[second[at]], int(seen.both[first[at], second[at]]),
                float(seen.agreement[first[at], second[at]]), float(value[at]), float(low[at]), float(high[at]),
            )
            for at in order
        ]  # fmt: skip

    def hints(self) -> list[str]:
        """What to do next, one sentence each, the most useful first."""
        told, p = self.votes, self.posterior.max(axis=1)
        lines = []
        voted = np.diff(told.first) > 0
        if (np.bincount(told.source, minlength=len(told.sources)) > 0).sum() < 3:
            lines.append(
                "Let at least three sources speak about the same items: then their agreement shows who errs."
            )
        unsure = int((p[voted] < UNSURE).sum())
        if unsure:
            what = "label is" if unsure == 1 else "labels are"
            lines.append(
                f"{unsure:,} {what} less than {100 * UNSURE:.0f} % sure: sort labels.csv by p, ask more sources there."
            )
        if len(self.against) and self.method != "majority":
            lines.append(
                "Look at what the sources worse than chance were shown: swapped classes or a shifted column can be "
                "turned round (flip), careless votes cannot."
            )
        if self.copies():
            lines.append(
                "Sources that copy count as if they were independent: leave out one of each pair and compare."
            )
        if self.gold is None:
            lines.append(
                "How right the labels are only true labels can show: label 100 items with care and give them as gold."
            )
        elif self.overconfident:
            lines.append(
                "The labels are less often right than they claim: the sources seem to share mistakes, or gold follows "
                "other rules than they do. Look at the items on which they differ."
            )
        return lines

    @property
    def overconfident(self) -> bool:
        """Whether labels of known truth are surely less often right than their probabilities say."""
        if self.gold is None or self.truth is None:
            return False
        known = (self.truth >= 0) & (np.diff(self.votes.first) > 0)
        return bool(self.posterior[known].max(axis=1).mean() > self.gold.high)

    def report(self, path: str | PathLike[str], *, title: str = "Combined votes") -> Path:
        """Write one self-contained HTML page (no network) and return its path."""
        from labelwright.combine.report import write

        return write(self, Path(path), title=title)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
