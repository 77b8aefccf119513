"""What people said when they were shown a suspicious label next to the one that a model guessed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

QUESTIONS = ("given", "guessed", "both", "neither")


class Verdicts(NamedTuple):
    """Answers, item by item.

    Attributes
    ----------
    truth : object array (n,)
        The class that most of the five people chose, None where they were not asked or did not agree on one.
    wrong : int8 array (n,)
        1 where most say that the given label does not fit (guessed, or neither), 0 where most say that it
        does (given, or both), -1 elsewhere.
    votes : int8 array (n, 4)
        Votes for given, guessed, both, neither; zeros where nobody was asked.
    guessed : int16 array (n,)
        Number of the class that the model guessed, -1 where nobody was asked.
    """

    truth: np.ndarray
    wrong: np.ndarray
    votes: np.ndarray
    guessed: np.ndarray


def verdicts(table: Any, n: int, classes: Sequence[Any]) -> Verdicts:
    """Read a table of votes (columns index, given_label, guessed_label, votes_given ...)."""
    index = table["index"].to_numpy()
    votes = np.zeros((n, 4), np.int8)
    for column, question in enumerate(QUESTIONS):
        if f"votes_{question}" in table.column_names:
            votes[index, column] = table[f"votes_{question}"].to_numpy()
    given, guessed = np.full(n, -1, np.int16), np.full(n, -1, np.int16)
    given[index], guessed[index] = table["given_label"].to_numpy(), table["guessed_label"].to_numpy()
    half = votes.sum(axis=1) / 2
    asked = half > 0
    truth = np.full(n, None, object)
    for column, said in ((0, given), (1, guessed)):
        for i in np.flatnonzero(asked & (votes[:, column] > half)):
            truth[i] = classes[said[i]]
    wrong = np.full(n, -1, np.int8)
    wrong[asked & (votes[:, 0] + votes[:, 2] > half)] = 0
    wrong[asked & (votes[:, 1] + votes[:, 3] > half)] = 1
    return Verdicts(truth, wrong, votes, guessed)
