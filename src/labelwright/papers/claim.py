"""What a paper says, the smallest data on which that could be false, and when it holds."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelwright.errors import InputError
from labelwright.papers.catalogue import paper

Arm = Callable[[Any], Any]
MOST_SECONDS = 480


@dataclass(frozen=True)
class Ahead:
    """One arm is ahead of another by more than a margin, in the unit of the measure."""

    arm: str
    of: str
    by: float = 0.0

    def __str__(self) -> str:
        return f"{self.arm} ahead of {self.of}" + (f" by {self.by:g}" if self.by else "")


def ahead(arm: str, *, of: str, by: float = 0.0) -> Ahead:
    """Say that `arm` is ahead of `of` by more than `by`.

    A negative margin says that it is not behind by more than that.

    Examples
    --------
    >>> str(ahead("ema", of="mean", by=0.03))
    'ema ahead of mean by 0.03'
    """
    return Ahead(arm, of, by)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of a paper as we test it; validated when it is made.

    Parameters
    ----------
    paper : str
        Id or key in the catalogue, such as ``"S007"``.
    name : str
        Short and unique within the paper: letters, digits and hyphens.
    says : str
        What the paper says, in one sentence.
    data : callable
        ``data(rng)`` makes what all arms share, once per seed; it may take ``quick=True`` for a reduced size.
    arms : mapping of str to callable
        ``arm(data)``; arms differ in one thing, and one of them is naive.
    measure : callable
        ``measure(result of the arm, data) -> float``.
    holds : Ahead or sequence of Ahead
        All must be so for the claim to hold; their intervals are corrected for their number.
    departs : str
        Where this differs from the paper's own experiment.
    unit : str, default ""
        Of the measure, such as ``"average precision"``.
    higher_is_better : bool, default True
    seeds : int, default 5
    budget_s : float, default 180
        Seconds on two cores for all seeds; one seed is stopped when it alone exceeds it.
    needs : tuple of str
        Packages beyond the core; without them the claim is skipped and says why.
    supersedes : str, default ""
        Name of the claim of this paper that this one corrects; that one keeps its results.

    Raises
    ------
    InputError
        When a field is empty or does not fit the others.
    """

    paper: str
    name: str
    says: str
    data: Callable[..., Any]
    arms: Mapping[str, Arm]
    measure: Callable[[Any, Any], float]
    holds: Ahead | Sequence[Ahead]
    departs: str
    unit: str = ""
    higher_is_better: bool = True
    seeds: int = 5
    budget_s: float = 180
    needs: tuple[str, ...] = field(default=())
    supersedes: str = ""

    def __post_init__(self) -> None:
        where = f"claim {self.name!r} of {self.paper!r}"
        paper(self.paper)
        if not self.name or not all(c.isalnum() or c == "-" for c in self.name):
            raise InputError(f"{where}: name must be letters, digits and hyphens")
        for text in ("says", "departs"):
            if len(getattr(self, text).split()) < 3:
                raise InputError(f"{where}: {text} is {getattr(self, text)!r}; write a sentence")
        if len(self.arms) < 2:
            raise InputError(f"{where}: {len(self.arms)} arms cannot be compared; add a naive one")
        for comparison in self.comparisons:
            for arm in (comparison.arm, comparison.of):
                if arm not in self.arms:
                    raise InputError(f"{where}: holds names {arm!r}, the arms are {', '.join(self.arms)}")
        if not self.comparisons:
            raise InputError(f"{where}: holds is empty")
        if self.seeds < 5:
            raise InputError(f"{where}: {self.seeds} seeds are too few; take 5 or more")
        if not 0 < self.budget_s <= MOST_SECONDS:
            raise InputError(f"{where}: budget_s={self.budget_s:g} must lie between 0 and {MOST_SECONDS}")

    @property
    def comparisons(self) -> tuple[Ahead, ...]:
        """What must be so for the claim to hold."""
        return (self.holds,) if isinstance(self.holds, Ahead) else tuple(self.holds)

    @property
    def id(self) -> str:
        """Id of the paper and name of the claim, as the result's file is called."""
        return f"{paper(self.paper).id}-{self.name}"

    def make(self, rng: Any, *, quick: bool) -> Any:
        """Make the data for one seed, reduced where `quick` and the claim can."""
        if "quick" in inspect.signature(self.data).parameters:
            return self.data(rng, quick=quick)
        return self.data(rng)
