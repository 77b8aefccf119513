"""What asking a language model costs: calls, tokens, money."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from labelwright.errors import InputError


class Cost(NamedTuple):
    """Calls, tokens and money.

    Attributes
    ----------
    calls : int
    tokens_in : int
        Of the prompts.
    tokens_out : int
        Of the answers.
    money : float
        In the currency of the prices.

    Examples
    --------
    >>> Cost(1, 90, 10, 0.0).tokens
    100
    """

    calls: int
    tokens_in: int
    tokens_out: int
    money: float

    @property
    def tokens(self) -> int:
        """In and out together."""
        return self.tokens_in + self.tokens_out

    def plus(self, other: "Cost", times: int = 1) -> "Cost":
        """Both together; with ``times=-1`` what is left when the other is taken away."""
        return Cost(
            self.calls + times * other.calls,
            self.tokens_in + times * other.tokens_in,
            self.tokens_out + times * other.tokens_out,
            self.money + times * other.money,
        )


class Call(NamedTuple):
    """One question to the model: what it was for, and the tokens in and out.

    Examples
    --------
    >>> Call("program", 90, 10).tokens_out
    10
    """

    purpose: str
    tokens_in: int
    tokens_out: int


def estimate_tokens(text: str) -> int:
    """Tokens of a text, estimated as one for four bytes of UTF-8, rounded up.

    It is an estimate that needs no tokeniser: the same for every model, in English within about a quarter of the count,
    farther off for code and for other scripts. Give `CostLedger` the counter of your model for exact numbers.

    Examples
    --------
    >>> estimate_tokens("nine char")
    3
    """
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


class CostLedger:
    """Keep account of what a language model is asked: calls, tokens, money.

    Parameters
    ----------
    price_in, price_out : float, default 0
        Price of a million tokens of prompts and of answers, in any currency.
    count : callable, default estimate_tokens
        ``count(text) -> int``, the tokens of a text.

    Attributes
    ----------
    calls : list of Call
        In the order in which they were made.

    Raises
    ------
    InputError
        When a price is negative or not finite.

    Notes
    -----
    Source: S043. Calls for prior knowledge count like all others.

    Examples
    --------
    >>> ledger = CostLedger(price_in=2.0, price_out=8.0)
    >>> ledger.ask(lambda prompt: "a programme", "x" * 400, purpose="program")
    'a programme'
    >>> ledger.spent
    Cost(calls=1, tokens_in=100, tokens_out=3, money=0.000224)
    >>> ledger.would_cost(["win money", "see you at ten"], tokens_out=1).calls
    2
    """

    cites = ("huang2024alchemist",)

    def __init__(
        self,
        *,
        price_in: float = 0.0,
        price_out: float = 0.0,
        count: Callable[[str], int] = estimate_tokens,
    ):
        for name, price in (("price_in", price_in), ("price_out", price_out)):
            if not 0 <= price < float("inf"):
                raise InputError(f"{name}={price!r} must be a price of at least 0 for a million tokens")
        self.price_in, self.price_out, self.count = price_in, price_out, count
        self.calls: list[Call] = []

    def ask(self, complete: Callable[[str], str], prompt: str, *, purpose: str) -> str:
        """Ask the model, write the call down, return its answer.

        Raises
        ------
        InputError
            When the answer is no text.
        """
        answer = complete(prompt)
        if not isinstance(answer, str):
            raise InputError(
                f"complete returned {type(answer).__name__} instead of str; wrap the client so that it gives "
                "the text of the answer"
            )
        self.calls.append(Call(purpose, self.count(prompt), self.count(answer)))
        return answer

    @property
    def spent(self) -> Cost:
        """Everything asked so far."""
        return self.spent_on(*{call.purpose for call in self.calls})

    def spent_on(self, *purposes: str) -> Cost:
        """What was asked for some purposes."""
        calls = [call for call in self.calls if call.purpose in purposes]
        return self._cost(len(calls), sum(c.tokens_in for c in calls), sum(c.tokens_out for c in calls))

    def would_cost(self, prompts: Iterable[str], tokens_out: int) -> Cost:
        """What asking these prompts would cost, each with an answer of so many tokens; nothing is written down."""
        counts = [self.count(prompt) for prompt in prompts]
        return self._cost(len(counts), sum(counts), len(counts) * tokens_out)

    def _cost(self, calls: int, tokens_in: int, tokens_out: int) -> Cost:
        return Cost(
            calls, tokens_in, tokens_out, (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6
        )
