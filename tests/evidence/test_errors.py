"""Errors name the argument, what was found, where, and what to do."""

import numpy as np
import pytest

from labelwright import Candidates, Exact, InputError, Marks, Noisy, Soft, Votes
from labelwright.evidence import as_evidence

NAN = float("nan")
told = Exact([0, 1, 0])
fine = np.full((3, 2), 0.5)


def bad_row(value, row=1):
    table = fine.copy()
    table[row] = value
    return table


# what goes wrong, what the message must hold in this order: argument, what was found (where), remedy or expectation
CASES = {
    "probs as text": (lambda: told.posterior([["a", "b"]] * 3), ["probs", "<U1", "expected numbers"]),
    "probs of wrong length": (lambda: told.posterior(fine[:2]), ["probs", "(2, 2)", "expected (3, 2)"]),
    "probs of wrong width": (lambda: told.posterior(np.ones((3, 1))), ["probs", "(3, 1)", "expected (3, 2)"]),
    "probs of one axis": (lambda: told.posterior([0.5, 0.5, 0.5]), ["probs", "(3,)", "expected (3, 2)"]),
    "probs with NaN": (
        lambda: told.posterior(bad_row(NAN)),
        ["probs", "NaN in 1 rows", "row 1", "drop or fill"],
    ),
    "logits": (
        lambda: told.posterior(bad_row([-2, 3], 2)),
        ["probs", "outside [0, 1]", "row 2", "-2 to 3", "softmax"],
    ),
    "sums": (lambda: told.posterior(bad_row([0.5, 0.9])), ["probs", "1 rows", "row 1", "1.4", "normalise"]),
    "infinite": (lambda: told.posterior(bad_row([np.inf, 0])), ["probs", "outside [0, 1]", "row 1"]),
    "unhashable labels": (
        lambda: Exact([["a"], "b", ["c"]]),
        ["labels", "cannot be a class name", "list", "Marks.from_lists"],
    ),
    "unknown label": (
        lambda: Exact(["a", "b", "c"], classes=["a", "c"]),
        ["1 labels", "not among the 2 classes", "row 1", "'b'", "add them"],
    ),
    "labels of two axes": (
        lambda: Exact(np.zeros((2, 2))),
        ["labels", "(2, 2)", "one per item", "Marks", "Soft"],
    ),
    "codes too large": (lambda: Exact.from_codes([0, 3], ["a", "b"]), ["codes", "-1 (missing) to 1"]),
    "codes too small": (lambda: Exact.from_codes([-2], ["a", "b"]), ["codes", "-1 (missing) to 1"]),
    "codes of two axes": (lambda: Exact.from_codes([[0]], ["a"]), ["codes", "one integer per item"]),
    "soft of one axis": (lambda: Soft([0.5, 0.5]), ["targets", "(2,)", "expected (n, k)"]),
    "soft sums": (lambda: Soft([[0.5, 0.5], [0.9, 0.9]]), ["targets", "1 rows", "row 1", "1.8", "normalise"]),
    "soft NaN": (lambda: Soft([[NAN, 0.5]]), ["targets", "NaN", "row 0"]),
    "soft width": (lambda: Soft([[0.5, 0.5]], classes="abc"), ["targets", "(1, 2)", "expected (1, 3)"]),
    "soft prior zero": (
        lambda: Soft([[0.5, 0.5]], prior=[1, 0]),
        ["prior", "2 positive shares that sum to 1"],
    ),
    "soft prior length": (lambda: Soft([[0.5, 0.5]], prior=[1]), ["prior", "2 positive shares"]),
    "candidates of one axis": (
        lambda: Candidates([True]),
        ["allowed", "(1,)", "expected (n, k)", "from_sets"],
    ),
    "candidates of names": (
        lambda: Candidates([[1, 0]], classes="abc"),
        ["allowed", "2 columns", "3 classes"],
    ),
    "no candidate": (
        lambda: Candidates([[True], [False]]),
        ["1 items", "no candidate", "row 1", "allow every class"],
    ),
    "unknown candidate": (
        lambda: Candidates.from_sets([["a"], ["z"]], classes="ab"),
        ["candidate 'z'", "row 1", "not among"],
    ),
    "votes as names": (lambda: Votes([["a", "b"]]), ["votes", "(1, 2)", "<U1", "integers", "from_wide"]),
    "votes of one axis": (lambda: Votes([0, 1]), ["votes", "(2,)", "(items, sources)"]),
    "votes of floats": (lambda: Votes([[0.0, NAN]]), ["votes", "float64", "expected integers", "from_wide"]),
    "votes out of range": (lambda: Votes([[0, 5]], classes="ab"), ["vote", "class 5", "only 2 classes"]),
    "confusion shape": (
        lambda: Votes([[0, 1]], confusion=np.eye(2)),
        ["confusion", "(2, 2)", "expected (2, 2, 2)"],
    ),
    "confusion width": (
        lambda: Votes([[0, 1]], confusion=np.eye(3)),
        ["confusion", "(3, 3)", "expected (2, 2)"],
    ),
    "confusion sums": (lambda: Votes([[0, 1]], confusion=np.ones((2, 2, 2))), ["confusion", "rows sum to 1"]),
    "confusion rate": (lambda: Votes([[0, 1]], confusion=2.0), ["confusion=2.0", "[0, 1)"]),
    "votes of unequal columns": (
        lambda: Votes.from_long([1], [1, 2], ["a"]),
        ["item, source and label", "1, 2 and 1", "match"],
    ),
    "votes without item": (
        lambda: Votes.from_long([1, None], [1, 1], ["a", "b"]),
        ["1 votes", "no item", "row 1"],
    ),
    "votes without source": (
        lambda: Votes.from_long([1, 2], [None, 1], ["a", "b"]),
        ["1 votes", "no source", "row 0"],
    ),
    "wide of one axis": (lambda: Votes.from_wide(["a"]), ["table", "(1,)", "(items, sources)"]),
    "targets of votes": (lambda: Votes([[0, 1]]).update(fine), ["targets", "(3, 2)", "expected (1, 2)"]),
    "targets of a channel": (
        lambda: Noisy(told, 0.1, learn=True).update(fine[:1]),
        ["(1, 2)", "expected (3, 2)"],
    ),
    "noisy of labels": (lambda: Noisy(["a"], 0.1), ["Noisy takes evidence", "Exact", "not list"]),
    "noisy rate": (lambda: told.noisy(1.0), ["rate=1.0", "[0, 1)"]),
    "noisy rate NaN": (lambda: told.noisy(NAN), ["rate=nan", "[0, 1)"]),
    "matrix shape": (lambda: Noisy(told, np.eye(3)), ["matrix", "(3, 3)", "expected (2, 2)"]),
    "matrix of one axis": (lambda: Noisy(told, [0.5, 0.5]), ["matrix", "(2,)", "expected (2, 2)"]),
    "matrix sums": (lambda: Noisy(told, [[0.5, 0.6], [0, 1]]), ["matrix", "sum to 1", "1.1"]),
    "matrix negative": (lambda: Noisy(told, [[1.5, -0.5], [0, 1]]), ["matrix", "probabilities"]),
    "matrix per item": (
        lambda: Noisy(told, np.stack([np.eye(2)] * 3)),
        ["matrix", "(3, 2, 2)", "expected (2, 2)"],
    ),
    "matrix per tag": (
        lambda: Noisy(Marks([[1, 0]]), np.stack([np.eye(2)] * 3)),
        ["matrix", "(3, 2, 2)", "(2, 2, 2), one per tag"],
    ),
    "marks of one axis": (lambda: Marks([1, 0]), ["marks", "(2,)", "expected (n, L)", "from_lists"]),
    "marks as text": (lambda: Marks([["a", "b"]]), ["marks", "<U1", "1 (yes), 0 (no) and -1"]),
    "marks out of range": (lambda: Marks([[1, 0], [2, 1]]), ["marks", "row 1, tag 0", "2"]),
    "marks of halves": (lambda: Marks([[0.5, 0]]), ["marks", "row 0, tag 0", "0.5"]),
    "marks names": (lambda: Marks([[1, 0]], classes="abc"), ["marks", "2 columns", "3 tags"]),
    "unknown tag": (
        lambda: Marks.from_lists([["a"], ["z"]], classes="ab"),
        ["tag 'z'", "row 1", "not among the 2"],
    ),
    "marks and probs": (lambda: Marks([[1, 0]]).posterior([[0.5]]), ["probs", "(1, 1)", "expected (1, 2)"]),
    "labels and columns": (
        lambda: as_evidence(["a", "b"], 3),
        ["labels", "2 classes", "3 columns", "Exact(labels, classes"],
    ),
    "labels of lists": (lambda: as_evidence([["a"], ["b", "c"]]), ["labels", "lists", "Marks.from_lists"]),
    "support of votes": (
        lambda: Votes([[0, 1]]).support([[0.5, 0.5]]),
        ["Votes", "no single label", "decide on one"],
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_errors_say_what_where_and_what_to_do(what):
    go_wrong, parts = CASES[what]
    with pytest.raises(InputError) as caught:
        go_wrong()
    message, place = str(caught.value), 0
    for part in parts:
        found = message.find(part, place)
        assert found >= 0, f"{part!r} is not in {message[place:]!r} (all: {message!r})"
        place = found + len(part)
    assert "\n" not in message


def test_the_values_on_the_edge_of_tolerance():
    told.posterior(bad_row([0.509, 0.5]))
    with pytest.raises(InputError, match="do not sum to 1"):
        told.posterior(bad_row([0.52, 0.5]))
    for numbers in ([[1, 0]] * 3, np.array([[True, False]] * 3)):
        assert Exact([None] * 3, classes=[0, 1]).posterior(numbers).tolist() == [[1, 0]] * 3
