"""Keep account of what a model is asked, and stop before a budget is exceeded."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from labelwright.errors import InputError
from labelwright.models.calls import Request, Unfinished, Wrapper
from labelwright.models.language import Completion
from labelwright.models.ledger import Call, Cost, CostLedger, estimate_tokens


class Prices(NamedTuple):
    """Price of a million tokens that are read, and of a million that are written, in any currency.

    Examples
    --------
    >>> Prices(0.5, 1.5).written
    1.5
    """

    read: float = 0.0
    written: float = 0.0


class Budget(NamedTuple):
    """Limits, each None for none.

    Examples
    --------
    >>> Budget(money=2.5).calls is None
    True
    """

    money: float | None = None
    tokens: int | None = None
    calls: int | None = None


class BudgetSpent(Unfinished):
    """The next call might exceed the budget and was not made; `done` holds the answers before it."""


class Metered(Wrapper):
    """Count calls, tokens and money, and make no call that might exceed the budget.

    Before a call, its price is taken to be that of its prompt and the longest answer allowed (`max_tokens`), as `count`
    counts them; afterwards the tokens that the model reports are written down, or a count where it reports none.

    Parameters
    ----------
    model : object, callable or str
        As in `as_language_model`.
    prices : Prices, optional
    budget : Budget, optional
    count : callable, default estimate_tokens
        ``count(text) -> int``. The default is an estimate, so the last call before the limit may be off by that much.
    purpose : str, default "call"
        Under which calls are written down.
    ledger : CostLedger, optional
        One that several models share; it brings its own prices and count.

    Attributes
    ----------
    ledger : CostLedger

    Raises
    ------
    InputError
        When a limit is negative, or in money without prices.
    BudgetSpent
        From `complete` and `score`, before the call that would exceed.

    Examples
    --------
    >>> model = Metered(lambda prompt: "spam", budget=Budget(calls=2))
    >>> try:
    ...     model.complete(["one", "two", "three"], max_tokens=1)
    ... except BudgetSpent as stopped:
    ...     {row: answer.text for row, answer in stopped.done.items()}, model.ledger.spent.calls
    ({0: 'spam', 1: 'spam'}, 2)
    """

    def __init__(
        self,
        model: Any,
        prices: Prices | None = None,
        budget: Budget | None = None,
        *,
        count: Callable[[str], int] = estimate_tokens,
        purpose: str = "call",
        ledger: CostLedger | None = None,
    ):
        super().__init__(model)
        if ledger is not None and prices is not None:
            raise InputError("prices and ledger are both given; a ledger brings its prices")
        read, written = prices or Prices()
        self.ledger = ledger or CostLedger(price_in=read, price_out=written, count=count)
        self.budget, self.purpose = budget or Budget(), purpose
        if any(limit is not None and not limit >= 0 for limit in self.budget):
            raise InputError(f"budget={self.budget} must have limits of at least 0")
        if self.budget.money is not None and not (self.ledger.price_in or self.ledger.price_out):
            raise InputError(
                "the budget is in money, so prices are needed: Prices(read, written), per million tokens"
            )
        self._lock = threading.Lock()
        self._under_way = Cost(0, 0, 0, 0.0)

    def through(self, request: Request) -> list[Any]:
        """Answers of the model, in as many calls as the budget allows."""
        done: dict[int, Any] = {}
        while len(done) < len(request):
            rows, cost = self._allowed(request, len(done))
            if not rows:
                raise BudgetSpent(self._said(request, len(done)), done)
            try:
                for at, answer in enumerate(request.take(rows).ask(self.model)):
                    self._write(request, rows[at], answer)
                    done[rows[at]] = answer
            except Unfinished as stopped:
                for at, answer in stopped.done.items():
                    self._write(request, rows[at], answer)
                stopped.done = done | {rows[at]: answer for at, answer in stopped.done.items()}
                raise
            finally:
                with self._lock:
                    self._under_way = self._under_way.plus(cost, -1)
        return [done[i] for i in range(len(request))]

    def _allowed(self, request: Request, start: int) -> tuple[list[int], Cost]:
        """As many rows from `start` on as the budget has room for, set aside for them, and their price."""
        rows: list[int] = []
        total = Cost(0, 0, 0, 0.0)
        with self._lock:
            before = self.ledger.spent.plus(self._under_way)
            for row in range(start, len(request)):
                cost = total.plus(self._price(request, row))
                if not self._fits(before.plus(cost)):
                    break
                rows, total = [*rows, row], cost
            self._under_way = self._under_way.plus(total)
        return rows, total

    def _price(self, request: Request, row: int) -> Cost:
        longest = int(request.parameters.get("max_tokens", 0))
        price = self.ledger.would_cost(request.texts(row), 0)
        return Cost(1, price.tokens_in, longest, price.money + longest * self.ledger.price_out / 1e6)

    def _fits(self, cost: Cost) -> bool:
        limits = (
            (cost.money, self.budget.money),
            (cost.tokens, self.budget.tokens),
            (cost.calls, self.budget.calls),
        )
        return all(limit is None or value <= limit for value, limit in limits)

    def _write(self, request: Request, row: int, answer: Any) -> None:
        read, written = sum(map(self.ledger.count, request.texts(row))), 0
        if isinstance(answer, Completion):
            if answer.usage.cached_calls and not answer.usage.calls:
                return
            read = answer.usage.prompt_tokens or read
            written = answer.usage.completion_tokens or self.ledger.count(answer.text)
        with self._lock:
            self.ledger.calls.append(Call(self.purpose, read, written))

    def _said(self, request: Request, row: int) -> str:
        spent = self.ledger.spent
        limits = ", ".join(
            f"{name} {value:g}" for name, value in self.budget._asdict().items() if value is not None
        )
        return (
            f"{self.name!r}: prompt {row} of {len(request)} might exceed the budget ({limits}); spent so far: "
            f"{spent.calls} calls, {spent.tokens} tokens, money {spent.money:g}. Raise the budget, ask less, or lower "
            "max_tokens"
        )
