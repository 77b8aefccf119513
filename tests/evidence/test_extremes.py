"""Many classes, tiny probabilities, no items, one class, impossible evidence."""

import numpy as np
import pytest
from tests.evidence import small

from labelwright import Candidates, Exact, InputError, Marks, Noisy, Soft, Votes

K = 1000


def tiny(n=4, k=K):
    """Rows with probabilities from 1e-300 up."""
    probs = np.full((n, k), 1e-300)
    probs[:, -1] = 1.0
    return probs


def test_a_thousand_classes_and_probabilities_of_1e_300():
    probs = tiny()
    codes = np.array([0, 1, K - 1, -1])
    told = Exact.from_codes(codes, range(K))
    assert told.posterior(probs)[0, 0] == 1.0
    np.testing.assert_allclose(told.log_evidence(probs), [np.log(1e-300)] * 2 + [0, 0], rtol=1e-12)
    allowed = np.zeros((4, K), dtype=bool)
    allowed[:, :10] = True
    np.testing.assert_allclose(Candidates(allowed).posterior(probs)[:, :10], 0.1)
    np.testing.assert_allclose(Candidates(allowed).log_evidence(probs), np.log(10) + np.log(1e-300))
    noisy = told.noisy(0.1)
    posterior = noisy.posterior(probs)
    assert np.isfinite(posterior).all()
    np.testing.assert_allclose(posterior[:, -1], 1.0)
    np.testing.assert_allclose(noisy.log_evidence(probs)[0], np.log(0.1 / (K - 1)))
    soft = np.full((4, K), 1e-300)
    soft[:, 0] = 1.0
    assert np.isfinite(Soft(soft).posterior(probs)).all()
    np.testing.assert_allclose(Soft(soft).posterior(probs)[:, [0, -1]], 0.5)


def test_products_of_a_thousand_votes_do_not_underflow():
    said = np.zeros((2, 1000), dtype=int)
    said[1, ::2] = 1
    votes = Votes(said, classes=range(3), confusion=0.5)
    posterior = votes.posterior(np.full((2, 3), 1 / 3))
    np.testing.assert_allclose(posterior, [[1, 0, 0], [0.5, 0.5, 0]], atol=1e-12)
    assert np.isfinite(votes.log_evidence(np.full((2, 3), 1 / 3))).all()
    noisy = Noisy(votes, [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], learn=True)
    np.testing.assert_allclose(noisy.posterior(np.full((2, 3), 1 / 3))[0], [0.8, 0.1, 0.1], atol=1e-9)
    learned = noisy.update([[1, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(learned.matrix[0], [0.5 + 0.5 * 8 / 9, 0.5 / 9, 0], atol=1e-6)


def test_tags_with_tiny_probabilities():
    probs = np.array([[1e-300, 1.0, 1 - 1e-16]])
    marks = Marks([[1, 1, 0]])
    assert marks.posterior(probs).tolist() == [[1, 1, 0]]
    np.testing.assert_allclose(marks.log_evidence(probs), np.log(1e-300) + np.log(1 - probs[0, 2]))


@pytest.mark.parametrize("kind", small.ONE_CLASS + small.TAGS, ids=lambda k: k.__name__)
def test_no_items(kind):
    case = kind(np.random.default_rng(0), 2, 3)
    for none in (case.evidence[:0], case.evidence[[]], case.evidence[np.zeros(2, dtype=bool)]):
        assert len(none) == 0
        assert none.posterior(np.empty((0, 3))).shape == (0, 3)
        assert none.log_evidence(np.empty((0, 3))).shape == (0,)
        assert none.likelihood_of(np.empty((0, 3) if case.tags else 0, dtype=int)) == 1.0
        assert "0" in repr(none)
        assert len(none.update(np.empty((0, 3)))) == 0


def test_no_items_and_no_classes():
    assert Exact([]).posterior(np.empty((0, 0))).shape == (0, 0)
    assert Candidates.from_sets([]).n_classes == 0
    assert Marks.from_lists([]).n_classes == 0
    assert len(Votes.from_long([], [], [])) == 0


@pytest.mark.parametrize("kind", small.ONE_CLASS, ids=lambda k: k.__name__)
def test_one_class_is_certain(kind):
    case = kind(np.random.default_rng(1), 3, 1)
    assert case.evidence.posterior(np.ones((3, 1))).tolist() == [[1.0]] * 3


@pytest.mark.parametrize("k", [128, 300, 70_000])
def test_more_classes_than_small_integers_hold(k):
    labels = np.arange(k)[::-1]
    told = Exact(labels)
    assert told.n_classes == k
    assert told.codes[0] == k - 1
    assert told.labels[0] == k - 1
    votes = (
        Votes(np.array([[k - 1, -1]], dtype=np.int32), classes=range(k), confusion=0.0) if k < 500 else None
    )
    if votes is not None:
        assert votes.posterior(np.full((1, k), 1 / k)).argmax() == k - 1
        assert votes.wide().tolist() == [[k - 1, -1]]


def test_impossible_evidence_names_how_many_and_the_first_row():
    probs = np.array([[1.0, 0.0], [0.5, 0.5], [1.0, 0.0]])
    told = Exact([0, 1, 1])
    for ask in (told.posterior, told.log_evidence):
        with pytest.raises(InputError, match=r"^1 items .* \(first: row 2\); smooth .*noisy\(rate\)$"):
            ask(probs)
    with pytest.raises(InputError, match=r"2 items .*first: row 0"):
        Marks([[0, 1], [-1, 0], [1, -1]]).posterior([[1.0, 1.0], [0.3, 0.3], [0.0, 0.1]])
    with pytest.raises(InputError, match=r"1 items .*first: row 0"):
        Marks([[0, 1], [-1, 0]]).posterior([[1.0, 0.0], [0.3, 0.3]])  # two tags of one item are one item
    with pytest.raises(InputError, match="first: row 1"):
        Votes([[0, 0], [0, 1]], confusion=0.0).posterior(np.full((2, 2), 0.5))
    assert told.noisy(0.1).posterior(probs)[2].tolist() == [1.0, 0.0]


def test_sums_that_are_a_little_off_are_normalised():
    probs = np.array([[0.505, 0.5]])
    silent = Exact([None], classes=[0, 1])
    np.testing.assert_allclose(silent.posterior(probs).sum(), 1)
    assert silent.log_evidence(probs).tolist() == [0.0]
    np.testing.assert_allclose(Exact([0], classes=[0, 1]).log_evidence(probs), np.log(0.505 / 1.005))


def test_single_precision_loses_nothing_but_digits():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(5), 50)
    told = Exact.from_codes(rng.integers(-1, 5, 50), range(5)).noisy(0.2)
    np.testing.assert_allclose(told.posterior(probs.astype(np.float32)), told.posterior(probs), atol=1e-6)
    assert told.posterior(probs.astype(np.float32)).dtype == np.float64
    assert (told.log_evidence(probs.astype(np.float32)) <= 0).all()
    assert (Exact([None] * 50, classes=range(5)).log_evidence(probs.astype(np.float32)) <= 0).all()
