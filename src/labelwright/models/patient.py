"""Ask a server politely: not too fast, again after a failure that may pass, and never again after one that will not."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from labelwright.errors import InputError
from labelwright.models.calls import Request, Unfinished, Wrapper
from labelwright.models.ledger import estimate_tokens
from labelwright.progress import progress

PASSING = frozenset({408, 409, 425, 429, *range(500, 600)})
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0


class GaveUp(Unfinished):
    """A prompt got no answer: the failure will not pass, or tries or time ran out; `done` holds the others' answers."""


class Patient(Wrapper):
    """Keep to the limits of a server, and try again where that may help.

    Prompts are sent one by one. A status of 408, 409, 425, 429 or 5xx and a broken connection are tried again, after
    what the server asks for (Retry-After) or a random part of a pause that doubles; any other failure is final.

    Parameters
    ----------
    model : object, callable or str
        As in `as_language_model`.
    max_tries : int, default 6
        For a prompt, the first included.
    rpm, tpm : float, optional
        Requests and tokens a minute; tokens are those of the prompt as estimated and `max_tokens`.
    timeout : float, default 600
        Seconds for a prompt with all its tries: no pause goes beyond. One try takes as long as the model lets it.
    workers : int, default 1
        Prompts under way at the same time.
    clock, sleep : callable
        For tests.
    random_state : int, optional
        Draws the pauses.

    Raises
    ------
    GaveUp
        From `complete` and `score`.

    Examples
    --------
    >>> pauses, answers = [], iter([ConnectionError("reset"), "spam"])
    >>> def flaky(prompt):
    ...     if isinstance(answer := next(answers), Exception):
    ...         raise answer
    ...     return answer
    >>> Patient(flaky, sleep=pauses.append).complete(["win a car"])[0].text, len(pauses)
    ('spam', 1)
    """

    def __init__(
        self,
        model: Any,
        max_tries: int = 6,
        rpm: float | None = None,
        tpm: float | None = None,
        timeout: float = 600.0,
        *,
        workers: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Any] = time.sleep,
        random_state: int | None = None,
    ):
        super().__init__(model)
        for name, value in {
            "max_tries": max_tries,
            "timeout": timeout,
            "workers": workers,
            "rpm": rpm,
            "tpm": tpm,
        }.items():
            if value is not None and not value > 0:
                raise InputError(f"{name}={value!r} must be above 0")
        self.max_tries, self.timeout, self.workers = max_tries, timeout, workers
        self._clock, self._sleep = clock, sleep
        self._requests, self._tokens = Bucket(rpm, clock), Bucket(tpm, clock)
        self._rng = random.Random(random_state)

    def through(self, request: Request) -> list[Any]:
        """Answers, one prompt at a time for each worker."""
        done: dict[int, Any] = {}
        failed = threading.Event()

        def work(row: int) -> None:
            if not failed.is_set():
                try:
                    done[row] = self._one(request.take([row]), row)
                    tick()
                except BaseException:
                    failed.set()
                    raise

        with progress(f"asking {self.name}", total=len(request)) as tick:
            try:
                if self.workers == 1:
                    for row in range(len(request)):
                        work(row)
                else:
                    with ThreadPoolExecutor(self.workers) as pool:
                        list(pool.map(work, range(len(request))))
            except GaveUp as stopped:
                stopped.done = dict(done)
                raise
        return [done[row] for row in range(len(request))]

    def _one(self, request: Request, row: int) -> Any:
        end = self._clock() + self.timeout
        tokens = sum(map(estimate_tokens, request.texts(0))) + int(request.parameters.get("max_tokens", 0))
        for attempt in range(1, self.max_tries + 1):
            for wait in (self._requests.take(1), self._tokens.take(tokens)):
                if wait > 0:
                    self._sleep(wait)
            try:
                return request.ask(self.model)[0]
            except Exception as problem:
                status = status_of(problem)
                why = f"prompt {row}: {problem}" + (f" (status {status})" if status else "")
                if not may_pass(problem):
                    if status is None and not isinstance(problem, InputError):
                        raise  # a defect, not an answer
                    raise GaveUp(why, {}) from problem
                told = retry_after(problem)
                pause = max(
                    told or 0.0, self._rng.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)))
                )
                if attempt == self.max_tries or self._clock() + pause > end:
                    raise GaveUp(f"{why}; gave up after {attempt} tries", {}) from problem
                self._sleep(pause)
        raise AssertionError("a try returns or raises")


class Bucket:
    """A budget that refills: `take` says how long to wait before going on.

    Parameters
    ----------
    per_minute : float or None
        None for no limit.
    clock : callable

    Examples
    --------
    >>> bucket = Bucket(60, lambda: 0.0)
    >>> [bucket.take(30), bucket.take(30), bucket.take(1)]
    [0.0, 0.0, 1.0]
    """

    def __init__(self, per_minute: float | None, clock: Callable[[], float]):
        self.per_minute, self._clock = per_minute, clock
        self._level, self._at = float(per_minute or 0), clock()
        self._lock = threading.Lock()

    def take(self, amount: float) -> float:
        """Take an amount out, more than there is if need be, and say how many seconds that is too early."""
        if self.per_minute is None:
            return 0.0
        with self._lock:
            now = self._clock()
            self._level = min(self.per_minute, self._level + (now - self._at) * self.per_minute / 60) - amount
            self._at = now
            return max(0.0, -self._level * 60 / self.per_minute)


def status_of(problem: BaseException) -> int | None:
    """HTTP status that an error of any client carries."""
    response = getattr(problem, "response", None)
    found = [
        getattr(problem, "status", None),
        getattr(problem, "status_code", None),
        getattr(response, "status_code", None),
    ]
    return next((status for status in found if isinstance(status, int)), None)


def may_pass(problem: BaseException) -> bool:
    """Whether the same call may succeed later."""
    status = status_of(problem)
    if status is not None:
        return status in PASSING
    return isinstance(problem, (ConnectionError, TimeoutError)) or bool(getattr(problem, "passing", False))


def retry_after(problem: BaseException) -> float | None:
    """Seconds to wait that an error of any client carries, at least 0."""
    headers = getattr(getattr(problem, "response", None), "headers", None) or {}
    told = getattr(problem, "retry_after", None)
    try:
        seconds = float(told if told is not None else headers.get("retry-after", "nan"))
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < float("inf") else None
