"""Choose among candidate labels by comparing two at a time, and send to a person what stays open (S096)."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from time import perf_counter
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from labelwright import frames
from labelwright.audit.critic.agreement import agreement_of
from labelwright.errors import InputError
from labelwright.models.language import Usage
from labelwright.progress import progress

FIRST, SECOND, OPEN = 1, 2, 0.5
SWAPPED: dict[float, float] = {FIRST: SECOND, SECOND: FIRST, OPEN: OPEN}
WON: dict[float, float] = {FIRST: 1.0, SECOND: 0.0, OPEN: 0.5}  # by the first of the two
Skip = Literal["auto"] | float | None
LONE = 0.5  # agreement above which a lone pair is not judged
MOST = 0.8  # and at most, where the threshold follows from the pairs


@runtime_checkable
class PairJudge(Protocol):
    """A judge of pairs. `check`, `agreement` and `usage` are optional: see `PairwiseCritic`."""

    def compare(self, item: Any, a: Any, b: Any) -> float:
        """1 where `a`, shown first, is the better label of the item, 2 where `b` is, 0.5 where that is open."""
        ...


class Verdict(NamedTuple):
    """What a comparison came to.

    Attributes
    ----------
    choice : float
        1, 2, or 0.5 where it stays open.
    confidence : float
        Share of the judge's answers that name the choice; 0 where it is open.
    answers : tuple of float
        As the judge gave them, by position: 1 is the candidate shown first. Empty where it was not asked.
    agreement : float
        How alike the candidates are, 0 to 1; NaN where nobody needed it.
    skipped : bool
        They agree, so nobody was asked and either will do.
    """

    choice: float
    confidence: float
    answers: tuple[float, ...]
    agreement: float
    skipped: bool


class Best(NamedTuple):
    """The best of several candidates.

    Attributes
    ----------
    candidate : int
        Position of the best one, -1 where a person must decide.
    wins : float array (c,)
        Comparisons won by each; an open or skipped one counts a half to both.
    confidence : float
        Mean over the comparisons of the best one; NaN where there is none or none was judged.
    why : str
        Why a person must decide, "" where none must.
    """

    candidate: int
    wins: np.ndarray
    confidence: float
    why: str


class Choices(NamedTuple):
    """The best candidate of each item, and what a person has to look at.

    Attributes
    ----------
    best : int array (n,)
        -1 where a person must decide.
    wins : tuple of float arrays (c,)
    confidence : float array (n,)
    review : frame
        `row`, `leads` (the candidates that are ahead), `why`; the rows with `best` -1.
    skip : float
        Pairs that agree more than this were not judged.
    cost : Usage
        Calls of the judge, their seconds, and tokens where the judge counts them.
    """

    best: np.ndarray
    wins: tuple[np.ndarray, ...]
    confidence: np.ndarray
    review: Any
    skip: float
    cost: Usage


class PairwiseCritic:
    """Find the better of two labels, or the best of several, with a judge that need not be trusted about order.

    Comparing is easier than grading: two candidates of one item are shown side by side. Judges, language models above
    all, favour a position; so each pair is shown in both orders, and an answer counts only if it names the same
    candidate, not the same place. What stays open goes into a table for a person.

    Parameters
    ----------
    judge : `PairJudge`, or callable ``(item, a, b) -> 1, 2 or 0.5``
        Such as `MaskRules`, `BoxRules`, `PromptedComparison`, `RecordedPairs`. Where it has ``check(item, candidate)``,
        1 for good, 0 for bad and 0.5 for open, single candidates can be checked; ``agreement(a, b)``, 0 to 1, says how
        alike candidates are (by default Dice for arrays of one shape, else whether they are equal); ``usage`` counts
        its tokens.
    dual : bool, default True
        Whether to show both orders.
    conservative : bool, default False
        Whether one open answer leaves the pair open; otherwise the other answer counts.
    skip : "auto", float or None, default "auto"
        Pairs that agree more than this are not judged. "auto" takes 0.5 for a lone pair, and for many items the mean
        agreement of all pairs less its standard deviation, from 0 to 0.8: only the pairs that differ unusually. None
        judges every pair that is not equal.
    visible : callable (item) -> bool, optional
        Whether there should be something at all; asked where just one candidate is empty (an array without anything
        but zeros). If not, the empty one is the better.
    like : frame, optional
        The kind of frame that `choose` returns.

    Attributes
    ----------
    cost : Usage
        Of everything that was asked so far.

    Examples
    --------
    >>> longer = lambda item, a, b: 1 if len(a) > len(b) else 2
    >>> PairwiseCritic(longer).compare("a cat", "cat", "a small cat").choice
    2
    >>> always_first = lambda item, a, b: 1
    >>> PairwiseCritic(always_first).compare("a cat", "cat", "dog").choice
    0.5
    >>> found = PairwiseCritic(longer).choose(["a", "b"], [["x", "xxx", "xx"], ["y", "z", "yy"]])
    >>> found.best.tolist(), found.cost.calls
    ([1, 2], 12)
    """

    cites = ("bassi2025critic",)

    def __init__(
        self,
        judge: Any,
        *,
        dual: bool = True,
        conservative: bool = False,
        skip: Skip = "auto",
        visible: Callable[[Any], bool] | None = None,
        like: Any = None,
    ):
        self.judge, self.dual, self.conservative, self.skip = judge, dual, conservative, skip
        self.visible, self.like = visible, like
        self.cost = Usage()

    def compare(self, item: Any, a: Any, b: Any) -> Verdict:
        """Find the better label of the item.

        Raises
        ------
        InputError
            When the judge gives another answer than 1, 2 or 0.5, or finds the candidates unusable.
        """
        return self._compare(item, a, b, self._skip_alone())

    def best(
        self, item: Any, candidates: Sequence[Any], *, how: Literal["round robin", "knockout"] = "round robin"
    ) -> Best:
        """Find the best of several candidates.

        Parameters
        ----------
        item : anything the judge takes
        candidates : sequence
        how : {"round robin", "knockout"}, default "round robin"
            Compare all pairs and count wins; or let the winner of each pair meet the next candidate, with as many
            comparisons as candidates less one. Where candidates lead together, a person must decide, unless they were
            skipped because they agree: then the first of them is taken.

        Raises
        ------
        InputError
            When there is no candidate.
        """
        return self._best(item, candidates, how, self._skip_alone())

    def choose(
        self,
        items: Sequence[Any],
        candidates: Sequence[Sequence[Any]],
        *,
        how: Literal["round robin", "knockout"] = "round robin",
        check: bool = False,
        show: bool | None = None,
    ) -> Choices:
        """Find the best candidate of every item, and who must be asked about the rest.

        Parameters
        ----------
        items : sequence of n
        candidates : sequence of n sequences
            Of each item; as many as there are.
        how
            As for `best`.
        check : bool, default False
            Whether the judge also checks each winner alone; one that it calls bad goes to a person.
        show : bool, optional
            Whether to show a progress bar; by default on terminals.
        """
        if len(items) != len(candidates):
            raise InputError(
                f"candidates has {len(candidates)} entries for {len(items)} items; give one list for each"
            )
        before, skip = self.cost, self._skip_among(candidates)
        found = []
        with progress("comparing candidates", total=len(items), show=show) as tick:
            for item, those in zip(items, candidates, strict=True):
                best = self._best(item, those, how, skip)
                if check and best.candidate >= 0 and self.check(item, those[best.candidate]) == 0:
                    best = best._replace(candidate=-1, why="the best one does not pass the check")
                found.append(best)
                tick()
        index = np.array([best.candidate for best in found], dtype=np.intp)
        rows = np.flatnonzero(index < 0)
        return Choices(
            index,
            tuple(best.wins for best in found),
            np.array([best.confidence for best in found]),
            frames.make(
                {
                    "row": rows,
                    "leads": [_leaders(found[row].wins) for row in rows],
                    "why": [found[row].why for row in rows],
                },
                like=self.like,
            ),
            skip,
            _less(self.cost, before),
        )

    def check(self, item: Any, candidate: Any) -> float:
        """Whether one candidate is good by itself: 1, 0, or 0.5 where that is open. Comparing is the surer way.

        Raises
        ------
        InputError
            When the judge cannot, or gives another answer.
        """
        if not hasattr(self.judge, "check"):
            raise InputError(
                f"the judge {_named(self.judge)} has no check(item, candidate); it can only compare"
            )
        return self._asked(lambda: self.judge.check(item, candidate), (0, 1, OPEN), "check")

    def _compare(self, item: Any, a: Any, b: Any, skip: float) -> Verdict:
        empty = [_empty(a), _empty(b)]
        alike = 1.0 if all(empty) else agreement_of(self.judge)(a, b)
        if alike > skip or alike == 1:
            return Verdict(OPEN, 0.0, (), alike, True)
        if self.visible is not None and any(empty):
            wanted = bool(self._asked(lambda: self.visible(item), (True, False), "visible"))  # type: ignore[misc]
            return Verdict(FIRST if empty[0] is not wanted else SECOND, 1.0, (), alike, False)
        ask = getattr(self.judge, "compare", self.judge)
        if not callable(ask):
            raise InputError(f"the judge {_named(self.judge)} is no function and has no compare(item, a, b)")
        answers = [self._asked(lambda: ask(item, a, b), (FIRST, SECOND, OPEN), "compare")]
        if self.dual:
            answers.append(self._asked(lambda: ask(item, b, a), (FIRST, SECOND, OPEN), "compare"))
        choice, confidence = together(answers, self.conservative)
        return Verdict(choice, confidence, tuple(answers), alike, False)

    def _best(self, item: Any, candidates: Sequence[Any], how: str, skip: float) -> Best:
        if how not in ("round robin", "knockout"):
            raise InputError(f"how={how!r} must be 'round robin' or 'knockout'")
        if not len(candidates):
            raise InputError("candidates is empty; give at least one label to choose from")
        wins = np.zeros(len(candidates))
        met: dict[tuple[int, int], Verdict] = {}
        for i, j in _pairs(len(candidates), how, met):
            verdict = met[i, j] = self._compare(item, candidates[i], candidates[j], skip)
            wins[i] += WON[verdict.choice]
            wins[j] += 1 - WON[verdict.choice]
        if how == "knockout":
            lead = _champion(met) if met else 0
            rivals = [
                k for pair in met for k in pair if lead in pair and k != lead and met[pair].choice == OPEN
            ]
        else:
            lead, *rivals = _leaders(wins)
        rivals = [k for k in rivals if not met[min(k, lead), max(k, lead)].skipped]
        judged = [v.confidence for pair, v in met.items() if lead in pair and not v.skipped]
        sure = float(np.mean(judged)) if judged else np.nan
        if rivals:
            return Best(
                -1, wins, sure, f"candidates {', '.join(map(str, sorted([lead, *rivals])))} are level"
            )
        return Best(lead, wins, sure, "")

    def _asked(self, ask: Callable[[], Any], allowed: tuple[Any, ...], what: str) -> float:
        """The judge's answer, checked and counted."""
        before, start = getattr(self.judge, "usage", None), perf_counter()
        answer = ask()
        spent = Usage(calls=1, seconds=perf_counter() - start)
        after = getattr(self.judge, "usage", None)
        if isinstance(before, Usage) and isinstance(after, Usage):
            spent = _less(after, before)
        self.cost = self.cost.added(spent)
        if answer not in allowed:
            raise InputError(
                f"{what} of the judge {_named(self.judge)} answered {answer!r}; expected one of "
                f"{', '.join(map(str, allowed))}"
            )
        return answer

    def _skip_alone(self) -> float:
        return LONE if self.skip == "auto" else self._threshold()

    def _skip_among(self, candidates: Sequence[Sequence[Any]]) -> float:
        if self.skip != "auto":
            return self._threshold()
        alike = agreement_of(self.judge)
        found = [alike(a, b) for those in candidates for a, b in combinations(those, 2)]
        return float(np.clip(np.mean(found) - np.std(found), 0, MOST)) if len(found) > 1 else LONE

    def _threshold(self) -> float:
        if self.skip is None:
            return 1.0
        if isinstance(self.skip, str) or not 0 <= self.skip <= 1:
            raise InputError(f"skip={self.skip!r} must be 'auto', None, or an agreement between 0 and 1")
        return float(self.skip)


def together(answers: Sequence[float], conservative: bool = False) -> tuple[float, float]:
    """Choice and confidence from the answers to (a, b) and, where there is a second one, to (b, a).

    Examples
    --------
    >>> together([1, 2]), together([1, 1]), together([0.5, 1]), together([0.5, 1], conservative=True)
    ((1, 1.0), (0.5, 0.0), (2, 0.5), (0.5, 0.0))
    """
    named = [answers[0], *(SWAPPED[said] for said in answers[1:])]
    told = {said for said in named if said != OPEN}
    if len(told) != 1 or (conservative and OPEN in named):
        return OPEN, 0.0
    choice = told.pop()
    return choice, named.count(choice) / len(named)


def _pairs(n: int, how: str, met: dict[tuple[int, int], Verdict]) -> Iterator[tuple[int, int]]:
    if how == "round robin":
        yield from combinations(range(n), 2)
        return
    for j in range(1, n):
        yield (_champion(met) if met else 0), j


def _champion(met: dict[tuple[int, int], Verdict]) -> int:
    """Who stands after the last comparison: the earlier one, unless the later one won."""
    (i, j), verdict = next(reversed(met.items()))
    return j if verdict.choice == SECOND else i


def _leaders(wins: np.ndarray) -> list[int]:
    return np.flatnonzero(wins == wins.max()).tolist()


def _empty(candidate: Any) -> bool:
    return isinstance(candidate, np.ndarray) and candidate.dtype != object and not candidate.any()


def _less(after: Usage, before: Usage) -> Usage:
    return Usage(
        after.prompt_tokens - before.prompt_tokens,
        after.completion_tokens - before.completion_tokens,
        after.calls - before.calls,
        after.cached_calls - before.cached_calls,
        after.seconds - before.seconds,
    )


def _named(judge: Any) -> str:
    return str(getattr(judge, "name", None) or getattr(judge, "__name__", None) or type(judge).__name__)
