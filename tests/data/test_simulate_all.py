"""Mixtures, and what every simulator keeps."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from tests.data.chance import gen

from labelwright.data import simulate
from labelwright.errors import InputError
from labelwright.evidence import Exact
from labelwright.evidence.together import Together

WINE, GRAPE = load_wine(return_X_y=True)
GRAPE_NAME = np.array(["barbera", "dolcetto", "nebbiolo"])[GRAPE]


def test_a_mixture_covers_every_row_once():
    shares = {"exact": 0.1, "noisy": 0.2, "candidates": 0.2, "votes": 0.2, "bags": 0.2, "missing": 0.1}
    mixed = simulate.mixture(GRAPE_NAME, shares, gen(), rate=0.3, extra=0.5, n_annotators=4, bag_size=5)
    rows = np.concatenate([rows for rows, _ in mixed.pairs])
    assert sorted(rows.tolist()) == list(range(178))
    np.testing.assert_array_equal(mixed.truth, GRAPE)
    for (where, evidence), (kind, share) in zip(mixed.pairs, shares.items()):
        assert abs(len(where) - 178 * share) < 1
        assert (mixed.kind[where] == kind).all()
        assert evidence.classes.tolist() == ["barbera", "dolcetto", "nebbiolo"]
        assert evidence.likelihood_of(mixed.truth[where]) > 0
    assert mixed.made["votes"].evidence is mixed.pairs[3][1]
    np.testing.assert_allclose(np.diag(mixed.made["noisy"].matrix), 0.7)
    for kind in ("candidates", "votes", "bags"):
        np.testing.assert_array_equal(mixed.made[kind].truth, GRAPE[mixed.kind == kind])


def test_a_mixture_is_one_piece_of_evidence():
    shares = {"exact": 0.2, "noisy": 0.2, "candidates": 0.2, "votes": 0.2, "bags": 0.2}
    mixed = simulate.mixture(GRAPE_NAME, shares, gen())
    together = Together(mixed.pairs, n=178)
    posterior = together.posterior(np.full((178, 3), 1 / 3))
    right = posterior[np.arange(178), GRAPE]
    assert (right > 0).all()
    by_kind = {kind: right[mixed.kind == kind].mean() for kind in shares}
    assert by_kind["exact"] == 1
    assert min(by_kind.values()) > 1 / 3


def test_a_kind_without_rows_is_left_out():
    mixed = simulate.mixture(["a", "b"], {"exact": 1.0, "bags": 0.0}, gen())
    assert len(mixed.pairs) == 1
    assert not mixed.made


CALLS = {
    "candidates": lambda y, rng: simulate.candidates(y, 0.4, rng).evidence.allowed,
    "complementary": lambda y, rng: simulate.complementary(y, rng).evidence.allowed,
    "bags": lambda y, rng: simulate.bags(y, 7, rng).evidence.bag,
    "bags by class": lambda y, rng: simulate.bags(y, 7, rng, by="class").evidence.bag,
    "bags by table": lambda y, rng: simulate.bags(y, 7, rng, by="feature", X=WINE).evidence.bag,
    "shift": lambda y, rng: simulate.label_shift(y, rng, dirichlet=1.0).rows,
    "annotators": lambda y, rng: simulate.annotators(y, 5, rng, per_item=2, copy=0.4).evidence.wide(),
    "weak rules": lambda y, rng: simulate.weak_rules(y, 5, rng, correlation=0.3).evidence.wide(),
    "stumps": lambda y, rng: simulate.stump_rules(WINE, y, 5, rng).evidence.wide(),
    "mixture": lambda y, rng: simulate.mixture(y, {"exact": 0.5, "missing": 0.5}, rng).kind,
}


@pytest.mark.parametrize("name", CALLS)
def test_the_same_seed_and_other_names_give_the_same(name):
    before = GRAPE.copy()
    told = CALLS[name](GRAPE, gen(7))
    np.testing.assert_array_equal(told, CALLS[name](GRAPE, gen(7)))
    np.testing.assert_array_equal(told, CALLS[name](GRAPE_NAME, gen(7)))
    np.testing.assert_array_equal(told, CALLS[name](GRAPE_NAME.astype(object), gen(7)))
    np.testing.assert_array_equal(told, CALLS[name](Exact(GRAPE_NAME), gen(7)))
    np.testing.assert_array_equal(GRAPE, before)
    assert not np.array_equal(told, CALLS[name](GRAPE, gen(8)))


def test_classes_that_do_not_occur_are_kept():
    told = simulate.candidates([0, 1, 1], 1.0, gen(), n_classes=4)
    assert told.evidence.allowed.shape == (3, 4)
    named = simulate.bags(Exact(["a", "b"], classes=["a", "b", "c"]), 2, gen(), by="class")
    assert named.evidence.counts.tolist() == [[1, 1, 0]]
    assert named.evidence.classes.tolist() == ["a", "b", "c"]
    assert simulate.annotators([0, 0], 2, gen(), n_classes=3).confusion.shape == (2, 3, 3)
    assert np.isnan(
        simulate.label_shift([0, 1], gen(), dirichlet=1.0, n_classes=3, n=9, replace=True).weights[2]
    )


Y = np.array([0, 1, 2] * 4)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda rng: simulate.candidates([], 0.1, rng), "at least one item"),
        (lambda rng: simulate.candidates([1, 1], 0.1, rng), "one class only"),
        (lambda rng: simulate.candidates([1.0, np.nan], 0.1, rng), r"1 labels are missing \(first: row 1"),
        (lambda rng: simulate.candidates(["a", None], 0.1, rng), "cannot be sorted"),
        (lambda rng: simulate.candidates(Exact(["a", None, "b"]), 0.1, rng), "1 labels are missing"),
        (lambda rng: simulate.candidates(Exact(["a", "b"]), 0.1, rng, n_classes=3), "leave it out"),
        (lambda rng: simulate.candidates(Exact([], classes=["a", "b"]), 0.1, rng), "labels are empty"),
        (lambda rng: simulate.candidates(Y, 1.5, rng), "extra must lie between 0 and 1"),
        (lambda rng: simulate.candidates(Y, [0.1, 0.2, 0.3], rng), r"extra has shape \(3,\)"),
        (lambda rng: simulate.candidates(Y, 0.1, rng, pairs={0: 7}), "pairs name 7"),
        (lambda rng: simulate.complementary([0, 5], rng, n_classes=3), "from 0 to 2"),
        (lambda rng: simulate.bags(Y, 0, rng), "size=0 must be a whole number at least 1"),
        (lambda rng: simulate.bags(Y, [], rng), "size is empty"),
        (lambda rng: simulate.bags(Y, 4, rng, by="colour"), "by='colour' is none of"),
        (lambda rng: simulate.bags(Y, 4, rng, by="feature"), "X is missing"),
        (lambda rng: simulate.bags(Y, 4, rng, by="feature", X=np.ones(5)), r"X has shape \(5,\)"),
        (lambda rng: simulate.bags(Y, 4, rng, by="feature", X=["a"] * 12), "X must hold numbers"),
        (
            lambda rng: simulate.bags(Y, 4, rng, by="class", concentration=0),
            "concentration must be a positive",
        ),
        (lambda rng: simulate.positives(Y, 9, 0.5, rng), "positive=9 is not among the 3 classes"),
        (lambda rng: simulate.positives(Y, [0, 1, 2], 0.5, rng), "12 of 12 items positive"),
        (lambda rng: simulate.positives(Y, 0, -0.5, rng), "labelled must lie between 0 and 1"),
        (lambda rng: simulate.positives(Y, 0, 0.5, rng, bias=1.0), "X is missing"),
        (
            lambda rng: simulate.positives(Y, 0, 0.5, rng, bias=1.0, X=np.ones(12)),
            "the same for all positives",
        ),
        (lambda rng: simulate.positives(Y, 0, 0.5, rng, scenario="two"), "scenario='two'"),
        (lambda rng: simulate.positives(Y, 0, 1.0, rng, scenario="case-control"), "no unlabelled row"),
        (lambda rng: simulate.mask_marks([[2]], rng, rate_yes=0.1), "1 .yes., 0 .no."),
        (lambda rng: simulate.mask_marks([[1, 0]], rng, rate_yes=[0.1] * 3), "rate_yes has shape"),
        (lambda rng: simulate.mask_marks([[1, 0]], rng, rate_yes=2), "rate_yes must lie"),
        (
            lambda rng: simulate.mask_marks([[1, 0]], rng, rate_yes=0.1, hidden_as="?"),
            "hidden_as='.' is none",
        ),
        (lambda rng: simulate.label_shift(Y, rng), "exactly one of"),
        (lambda rng: simulate.label_shift(Y, rng, prior=[1, 0, 0], long_tail=2), "exactly one of"),
        (lambda rng: simulate.label_shift(Y, rng, prior=[0.5, 0.6, 0]), "sum to 1"),
        (lambda rng: simulate.label_shift(Y, rng, dirichlet=-1.0), "dirichlet must be"),
        (lambda rng: simulate.label_shift(Y, rng, long_tail=0.0), "long_tail=0.0"),
        (lambda rng: simulate.label_shift(Y, rng, prior=[0, 0, 0, 1], n_classes=4), "class 3 does not occur"),
        (lambda rng: simulate.label_shift(Y, rng, dirichlet=1.0, n=0), "n=0 must be"),
        (lambda rng: simulate.mixture(Y, {"exact": 0.5}, rng), "sum to 0.5"),
        (lambda rng: simulate.mixture(Y, {"rumour": 1.0}, rng), "shares names 'rumour'"),
        (lambda rng: simulate.mixture(Y, {"noisy": 1.0}, rng, rate=1.0), r"rate must lie in \[0, 1\)"),
    ],
)
def test_bad_input(call, says):
    with pytest.raises(InputError, match=says):
        call(gen())
