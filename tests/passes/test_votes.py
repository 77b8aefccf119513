"""Sweeps over votes: equal to conditioning item by item, block by block, and to plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwright.errors import InputError
from labelwright.evidence import Votes
from labelwright.passes.votes import VoteCounts, draw, posterior, surprise


@st.composite
def crowds(draw_):
    n, a, k = draw_(st.integers(1, 12)), draw_(st.integers(1, 5)), draw_(st.integers(2, 4))
    rng = np.random.default_rng(draw_(st.integers(0, 2**32 - 1)))
    votes = rng.integers(-1, k, (n, a))
    confusion = rng.dirichlet(np.ones(k) * draw_(st.sampled_from([0.05, 1.0, 20.0])), (a, k))
    confusion = (confusion + 1e-9) / (confusion + 1e-9).sum(axis=-1, keepdims=True)
    return Votes(votes, classes=list(range(k)), confusion=confusion), rng.dirichlet(np.ones(k))


@given(crowds())
def test_a_sweep_is_conditioning_without_the_table(crowd):
    votes, prior = crowd
    probs = np.tile(prior, (len(votes), 1))
    expected, told = votes.condition(probs)
    np.testing.assert_allclose(posterior(votes, votes.confusion, prior), expected, atol=1e-9)
    sums = VoteCounts(votes.confusion, prior).update(votes).result()
    np.testing.assert_allclose(sums.items, expected.sum(axis=0), atol=1e-9)
    assert sums.log_evidence == pytest.approx(told.sum(), abs=1e-7)
    counts = np.zeros_like(votes.confusion)
    for item, source, said in zip(votes.item, votes.source, votes.said):
        counts[source, :, said] += expected[item]
    np.testing.assert_allclose(sums.votes, counts, atol=1e-9)
    assert sums.n_votes == votes.n_votes


@given(crowds(), st.integers(0, 12))
def test_blocks_merge_to_the_whole(crowd, cut):
    votes, prior = crowd
    whole = VoteCounts(votes.confusion, prior).update(votes).result()
    first = VoteCounts(votes.confusion, prior).update(votes[:cut])
    second = VoteCounts(votes.confusion, prior).update(votes[cut:])
    merged = first.merge(second).result()
    for a, b in zip(whole, merged):
        np.testing.assert_allclose(a, b, atol=1e-9)


@given(crowds())
def test_weights_count_items(crowd):
    votes, prior = crowd
    times = np.arange(len(votes)) % 3
    weighted = VoteCounts(votes.confusion, prior).update(votes, times.astype(float)).result()
    repeated = (
        VoteCounts(votes.confusion, prior).update(votes[np.repeat(np.arange(len(votes)), times)]).result()
    )
    np.testing.assert_allclose(weighted.votes, repeated.votes, atol=1e-9)
    assert weighted.log_evidence == pytest.approx(repeated.log_evidence, abs=1e-8)


@given(crowds())
def test_surprise_is_the_vote_given_the_others(crowd):
    votes, prior = crowd
    found = surprise(votes, votes.confusion, prior)
    for v, (item, source, said) in enumerate(zip(votes.item, votes.source, votes.said)):
        wide = votes[[item]].wide()
        wide[0, source] = -1
        others = Votes(wide, classes=list(range(votes.n_classes)), confusion=votes.confusion)
        belief = others.posterior(prior[None])[0]
        assert found[v] == pytest.approx(-np.log(belief @ votes.confusion[source][:, said]), abs=1e-6)


def test_a_zero_does_not_hide_what_the_others_say():
    confusion = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.8, 0.2], [0.3, 0.7]]])
    votes = Votes([[0, 1]], classes=[0, 1], confusion=confusion)
    found = np.exp(-surprise(votes, confusion, np.array([0.5, 0.5])))
    np.testing.assert_allclose(found, [0.2 / 0.9, 0.2])


def test_thousands_of_votes_about_one_item_do_not_underflow():
    votes = Votes(np.tile([0, 0, 1], 3000)[None], classes=[0, 1], confusion=0.3)
    belief = posterior(votes, votes.confusion, np.array([0.5, 0.5]))
    np.testing.assert_allclose(belief, [[1.0, 0.0]])
    told = VoteCounts(votes.confusion, [0.5, 0.5]).update(votes).result().log_evidence
    assert told == pytest.approx(votes.log_evidence([[0.5, 0.5]])[0], rel=1e-9)


def test_hard_counts_are_whole():
    votes = Votes([[0, 0], [1, 1], [0, 1]], classes=[0, 1], confusion=0.2)
    sums = VoteCounts(votes.confusion, [0.6, 0.4], hard=True).update(votes).result()
    assert sums.items.tolist() == [2.0, 1.0]


def test_draws_have_the_posterior_as_their_mean():
    votes = Votes([[0, 1, 1]] * 4000, classes=[0, 1], confusion=0.35)
    prior = np.array([0.7, 0.3])
    share = draw(votes, votes.confusion, prior, np.random.default_rng(0)).items / 4000
    np.testing.assert_allclose(share, posterior(votes[:1], votes.confusion, prior)[0], atol=0.03)


def test_votes_that_no_class_explains_are_refused():
    confusion = np.array([[[1.0, 0.0], [0.0, 1.0]]] * 2)
    votes = Votes([[0, 0], [0, 1]], classes=[0, 1], confusion=confusion)
    with pytest.raises(InputError, match=r"row 1.*smooth"):
        posterior(votes, confusion, np.array([0.5, 0.5]))
    with pytest.raises(InputError, match=r"row 1.*smooth"):
        VoteCounts(confusion, [0.5, 0.5]).update(votes)


@pytest.mark.parametrize("prior", [[1.0], [0.5, -0.5], [0.0, 0.0], [np.nan, 1.0]])
def test_a_prior_must_fit(prior):
    votes = Votes([[0, 1]], confusion=0.2)
    with pytest.raises(InputError, match="prior"):
        posterior(votes, votes.confusion, prior)


def test_the_table_must_be_of_these_sources():
    votes = Votes([[0, 1, 1]], confusion=0.2)
    with pytest.raises(InputError, match="2 sources"):
        VoteCounts(votes.confusion[:2], [0.5, 0.5]).update(votes)
