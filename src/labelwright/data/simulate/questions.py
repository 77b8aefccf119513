"""Questions whose answers can be computed, and an answer key in which some are wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from labelwright.data.simulate.checks import choice, whole
from labelwright.data.simulate.checks import rate as checked
from labelwright.errors import InputError

NAMES = ("Anna", "Tom", "Maria", "Paul", "Lisa", "Karim", "Nora", "Felix", "Ines", "Omar", "Clara", "Ivan")
THINGS = (
    "pens",
    "cups",
    "books",
    "apples",
    "coins",
    "stamps",
    "eggs",
    "balls",
    "cards",
    "keys",
    "plums",
    "boxes",
)
NOUNS = """table house river bread horse paper stone cheese summer winter window garden street bottle carrot letter
monkey dragon orange yellow purple silver castle forest flower mirror pencil rabbit button camera kitchen engine
island jacket ladder market needle number ocean pepper planet pocket potato ribbon rocket saddle school shadow
singer spider spoon sugar sunset teacher temple ticket tiger tomato train tunnel turtle valley violin wagon walnut
water whale wheel willow wizard zebra apple banana bridge candle cherry circle cloud coffee corner cotton desert
doctor donkey eagle elbow farmer feather finger glass glove grape guitar hammer helmet honey insect jungle kettle
knight lemon lizard magnet meadow melon mountain onion oyster parrot"""
WORDS = tuple(NOUNS.split())
TRIES = 200  # draws of a question that was not asked before


class ComputedQuestions(NamedTuple):
    """Questions with a key, and what is known about both.

    Attributes
    ----------
    questions : list of str
        All different.
    given, truth : str array (n,)
        The answer in the key, and the right one.
    wrong : bool array (n,)
        Where they differ.
    kind : str array (n,)
        Kind of the question.
    slip : str array (n,)
        How the key went wrong: "off by one", "swapped digits" or "another question"; empty where it is right.
    """

    questions: list[str]
    given: np.ndarray
    truth: np.ndarray
    wrong: np.ndarray
    kind: np.ndarray
    slip: np.ndarray


class _Asked(NamedTuple):
    question: str
    answer: str
    beside: str  # what somebody says who is off by one


def computed_questions(
    n: int,
    rng: np.random.Generator,
    *,
    wrong: float = 0.1,
    kinds: Sequence[str] | None = None,
) -> ComputedQuestions:
    """Ask easy questions about numbers and strings, each with one right answer, and spoil some answers of the key.

    The kinds are sums and differences of numbers below ten in a sentence, the larger of two numbers below a hundred,
    the first or last letter of a word, how often a letter occurs in it, how many words there are, and the last of
    them. A wrong answer is off by one (the number, or the letter or word beside the right one), has its two digits
    swapped, or is the right answer to another question of the kind. A slip is drawn from those that the answer allows.

    Known exactly: the truth, which answers of the key are wrong, how many, and how they went wrong.

    Keeps: that every question has exactly one right answer, and that errors of the key depend on nobody's skill.

    Breaks: that answers are classes of a short list.

    Source: vendrow2025benchmarks looks for wrong answers in such sets; the questions are ours.

    Parameters
    ----------
    n : int
        Number of questions; those of "first letter" and "last letter" are limited by the words, about a hundred each.
    rng : numpy.random.Generator
    wrong : float in [0, 1], default 0.1
        Share of wrong answers, rounded to whole questions.
    kinds : sequence of str, optional
        Kinds of questions, about as many of each: "sum", "difference", "larger", "first letter", "last letter",
        "letters", "words", "last word"; by default all.

    Raises
    ------
    InputError
        When a kind is unknown, or there are not as many different questions.

    Examples
    --------
    >>> made = computed_questions(40, np.random.default_rng(0), wrong=0.25, kinds=["sum"])
    >>> made.questions[0], str(made.truth[0])
    ('Lisa has 7 plums and buys 7 more. How many plums has Lisa now?', '14')
    >>> int(made.wrong.sum()), sorted(set(made.slip.tolist()))
    (10, ['', 'another question', 'off by one', 'swapped digits'])
    """
    whole(n, "n", 1)
    options = tuple(MAKERS)
    chosen = options if kinds is None else kinds
    if isinstance(chosen, str) or not len(chosen):
        raise InputError(f"kinds={kinds!r} must be a list of at least one of {', '.join(options)}")
    named = [choice(kind, "a kind", options) for kind in chosen]
    kind = rng.permutation(np.resize(np.array(named), n))
    asked: dict[str, _Asked] = {}
    for i, name in enumerate(kind):
        for _ in range(TRIES):
            made = MAKERS[name](rng)
            if made.question not in asked:
                break
        else:
            raise InputError(
                f"there are not enough different questions of kind {str(name)!r}: {(kind[:i] == name).sum()} of "
                f"{(kind == name).sum()} were found; lower n, or give other kinds as well"
            )
        asked[made.question] = made
    made_all = list(asked.values())
    truth = np.array([made.answer for made in made_all], dtype=object)
    given, slip = truth.copy(), np.full(n, "", dtype=object)
    for i in rng.choice(n, round(checked(wrong, "wrong") * n), replace=False):
        found = _slips(made_all[i], truth[kind == kind[i]], rng)
        if not found:
            raise InputError(
                f"no wrong answer fits {made_all[i].question!r} among {n} questions; raise n, or wrong=0"
            )
        slip[i] = list(found)[rng.integers(len(found))]
        given[i] = found[slip[i]]
    return ComputedQuestions(
        list(asked), given.astype(str), truth.astype(str), given != truth, kind.astype(str), slip.astype(str)
    )


def _slips(made: _Asked, like: np.ndarray, rng: np.random.Generator) -> dict[str, str]:
    """Wrong answers to a question, by how they come about; `like` holds the right ones to questions of its kind."""
    answer = made.answer
    found = {"off by one": made.beside}
    if answer.isdigit() and len(answer) == 2 and answer[1] != "0":
        found["swapped digits"] = answer[::-1]
    others = like[like != answer]
    if len(others):
        found["another question"] = str(others[rng.integers(len(others))])
    return {slip: said for slip, said in found.items() if said != answer}


def _number(question: str, answer: int, rng: np.random.Generator) -> _Asked:
    beside = answer + (1 if answer == 0 or rng.random() < 0.5 else -1)
    return _Asked(question, str(answer), str(beside))


def _sum(rng: np.random.Generator) -> _Asked:
    a, b = rng.integers(1, 10, 2).tolist()
    who, what = rng.choice(NAMES), rng.choice(THINGS)
    return _number(f"{who} has {a} {what} and buys {b} more. How many {what} has {who} now?", a + b, rng)


def _difference(rng: np.random.Generator) -> _Asked:
    a, b = sorted(rng.choice(np.arange(1, 10), 2, replace=False).tolist(), reverse=True)
    who, what = rng.choice(NAMES), rng.choice(THINGS)
    return _number(f"{who} has {a} {what} and gives away {b}. How many {what} has {who} left?", a - b, rng)


def _larger(rng: np.random.Generator) -> _Asked:
    a, b = rng.choice(np.arange(10, 100), 2, replace=False).tolist()
    return _number(f"Which number is larger, {a} or {b}?", max(a, b), rng)


def _first_letter(rng: np.random.Generator) -> _Asked:
    word = str(rng.choice(WORDS))
    return _Asked(f'What is the first letter of "{word}"?', word[0], word[1])


def _last_letter(rng: np.random.Generator) -> _Asked:
    word = str(rng.choice(WORDS))
    return _Asked(f'What is the last letter of "{word}"?', word[-1], word[-2])


def _letters(rng: np.random.Generator) -> _Asked:
    word = str(rng.choice(WORDS))
    letter = str(rng.choice(sorted(set(word))))
    return _number(f'How many times does the letter "{letter}" occur in "{word}"?', word.count(letter), rng)


def _words(rng: np.random.Generator) -> _Asked:
    words = rng.choice(WORDS, rng.integers(1, 6), replace=False).tolist()
    return _number(f'How many words are in "{" ".join(words)}"?', len(words), rng)


def _last_word(rng: np.random.Generator) -> _Asked:
    words = rng.choice(WORDS, rng.integers(2, 5), replace=False).tolist()
    return _Asked(f'What is the last word of "{" ".join(words)}"?', words[-1], words[-2])


MAKERS: Mapping[str, Callable[[np.random.Generator], _Asked]] = {
    "sum": _sum,
    "difference": _difference,
    "larger": _larger,
    "first letter": _first_letter,
    "last letter": _last_letter,
    "letters": _letters,
    "words": _words,
    "last word": _last_word,
}
