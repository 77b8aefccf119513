"""Expectation-maximisation on votes: against a plain loop, whatever things are called, and day by day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from labelwright import InputError, Votes
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.majority import MajorityVote
from labelwright.combine.methods import METHODS, method
from labelwright.parts import confusions

FAMILY = [
    confusions.pooled, confusions.separate, confusions.one_coin, confusions.class_coins, confusions.spammer,
    confusions.variational, confusions.alike,
]  # fmt: skip


def planted(n=400, a=6, k=3, seed=0, silent=0.3, skill=(0.55, 0.95)):
    rng = np.random.default_rng(seed)
    truth, chance = rng.integers(k, size=n), rng.uniform(*skill, a)
    right = rng.random((n, a)) < chance
    wide = np.where(right, truth[:, None], (truth[:, None] + rng.integers(1, k, (n, a))) % k)
    wide[rng.random(wide.shape) < silent] = -1
    return Votes(wide, list(range(k))), truth, chance


def by_loops(wide, k, rounds, smoothing=0.01):
    """Dawid and Skene's algorithm as one would write it down."""
    n, a = wide.shape
    belief = np.array([[np.sum(row == c) / max(np.sum(row >= 0), 1) for c in range(k)] for row in wide])
    for _ in range(rounds + 1):
        counts = np.full((a, k, k), smoothing)
        for i in range(n):
            for j in range(a):
                if wide[i, j] >= 0:
                    counts[j, :, wide[i, j]] += belief[i]
        confusion = counts / counts.sum(axis=2, keepdims=True)
        prior = (belief.sum(axis=0) + 1) / (belief.sum() + k)
        belief = np.tile(prior, (n, 1))
        for i in range(n):
            for j in range(a):
                if wide[i, j] >= 0:
                    belief[i] *= confusion[j, :, wide[i, j]]
        belief /= belief.sum(axis=1, keepdims=True)
    return confusion, prior


@pytest.mark.parametrize("rounds", [1, 5])
def test_the_rounds_are_those_of_a_plain_loop(rounds):
    votes, *_ = planted(n=60, a=4)
    model = DawidSkene(confusions.separate, max_iter=rounds, tol=0.0, flip=True).fit(votes)
    confusion, prior = by_loops(votes.wide(), 3, rounds)
    np.testing.assert_allclose(model.confusion_, confusion, atol=1e-9)
    np.testing.assert_allclose(model.prior_, prior, atol=1e-9)


@pytest.mark.parametrize("confusion", FAMILY)
def test_names_and_order_do_not_matter(confusion):
    votes, *_ = planted()
    wide, rng = votes.wide(), np.random.default_rng(1)
    rows, columns, classes = rng.permutation(len(wide)), rng.permutation(wide.shape[1]), np.array([2, 0, 1])
    moved = np.where(wide >= 0, classes[wide], -1)[rows][:, columns]
    first = DawidSkene(confusion).fit(votes)
    second = DawidSkene(confusion).fit(Votes(moved, list(range(3))))
    there = second.predict_proba()[:, classes]
    np.testing.assert_allclose(there, first.predict_proba()[rows], atol=1e-6)
    np.testing.assert_allclose(second.accuracy(), first.accuracy()[columns], atol=1e-6)


@pytest.mark.parametrize("confusion", FAMILY)
def test_probabilities_are_probabilities_and_labels_beat_one_source(confusion):
    votes, truth, _chance = planted()
    model = DawidSkene(confusion).fit(votes)
    probs = model.predict_proba()
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert probs.min() >= 0
    assert (model.predict() == truth).mean() > 0.8
    assert model.converged_


@pytest.mark.parametrize("confusion", [confusions.separate, confusions.pooled, confusions.one_coin])
def test_planted_accuracies_are_found(confusion):
    votes, _, chance = planted(n=20000, a=8, silent=0.1)
    found = DawidSkene(confusion).fit(votes).accuracy()
    np.testing.assert_allclose(found, chance, atol=0.02)


def test_the_log_evidence_never_falls_without_a_prior():
    votes, *_ = planted()
    model = DawidSkene(
        lambda counts, before: confusions.separate(counts, smoothing=1e-12), prior=[0.3, 0.3, 0.4], flip=True
    )
    assert (np.diff(model.fit(votes).trace_) > -1e-9).all()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from(FAMILY))
def test_any_votes_whatever_give_probabilities(seed, confusion):
    rng = np.random.default_rng(seed)
    n, a, k = rng.integers(1, 30), rng.integers(1, 6), rng.integers(2, 6)
    wide = rng.integers(-1, k, (n, a))
    wide[0, 0] = 0
    probs = DawidSkene(confusion, max_iter=20).fit(Votes(wide, list(range(k)))).predict_proba()
    assert np.isfinite(probs).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1)


def test_a_day_more_gives_what_all_days_give():
    votes, *_ = planted(n=3000, a=9)
    cells = votes.item, votes.source, votes.said
    new = (votes.item > 2500) | (
        (votes.source == 8) & (votes.item % 2 == 0)
    )  # new items, and one source's late votes
    days = [Votes.from_long(*(column[rows] for column in cells), classes=[0, 1, 2]) for rows in (~new, new)]
    model = DawidSkene(tol=1e-9).fit(days[0])
    rounds = len(model.trace_)
    model.partial_fit(days[1])
    place = np.argsort(model.votes_.items)
    whole = DawidSkene(tol=1e-9).fit(votes)
    np.testing.assert_allclose(model.predict_proba()[place], whole.predict_proba(), atol=1e-3)
    assert (model.predict()[place] == whole.predict()).all()
    assert len(model.trace_) < rounds


def test_a_new_class_and_a_new_source_may_come_with_the_next_day():
    model = DawidSkene().fit(Votes.from_long(["a", "a", "b", "b"], ["x", "y"] * 2, ["yes"] * 2 + ["no"] * 2))
    model.partial_fit(Votes.from_long(["c", "c", "c"], ["x", "y", "z"], ["perhaps"] * 3))
    assert model.predict().tolist() == ["yes", "no", "perhaps"]
    assert model.sources_.tolist() == ["x", "y", "z"]


def test_other_items_are_asked_about_by_names():
    votes, *_ = planted()
    model = DawidSkene().fit(votes)
    other = Votes([[1], [-1]], [0, 1, 2], sources=[4])
    probs = model.predict_proba(other)
    np.testing.assert_allclose(probs[1], model.prior_)
    assert probs[0].argmax() == 1
    with pytest.raises(InputError, match="the votes name source 'ghost', which was not there in fit"):
        model.predict_proba(Votes([[1]], [0, 1, 2], sources=["ghost"]))


def test_a_source_worse_than_chance_is_told_of_and_counts_only_on_request():
    votes, truth, _ = planted(n=3000, a=4, k=2, silent=0.0, skill=(0.6, 0.7))
    wide = np.column_stack([votes.wide(), 1 - truth])  # always wrong
    plain, turned = DawidSkene().fit(Votes(wide)), DawidSkene(flip=True).fit(Votes(wide))
    assert plain.against_.tolist() == [False] * 4 + [True]
    alone = DawidSkene().fit(Votes(wide[:, :4]))
    np.testing.assert_allclose(plain.predict_proba(), alone.predict_proba(), atol=0.05)
    assert (turned.predict() == truth).mean() > 0.95 > (plain.predict() == truth).mean()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_by_name(name):
    votes, truth, _ = planted()
    probs = method(name).fit(votes).predict_proba()
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert (probs.argmax(axis=1) == truth).mean() > 0.75


def test_a_thousand_sources_and_56_classes():
    rng = np.random.default_rng(0)
    truth = rng.integers(56, size=2000)
    item, source = np.repeat(np.arange(2000), 10), rng.integers(1000, size=20000)
    said = np.where(rng.random(20000) < 0.7, truth[item], rng.integers(56, size=20000))
    votes = Votes.from_codes(
        item, source, said, items=np.arange(2000), sources=np.arange(1000), classes=np.arange(56)
    )
    assert (DawidSkene(max_iter=5).fit(votes).predict() == truth).mean() > 0.97


def test_a_given_prior_is_kept():
    votes, *_ = planted()
    model = DawidSkene(prior=[2, 1, 1]).fit(votes)
    np.testing.assert_allclose(model.prior_, [0.5, 0.25, 0.25])


@pytest.mark.parametrize(
    ("votes", "message"),
    [
        ([[-1, -1]], "nobody said anything about any of 1 items"),
        ([[0, 0], [0, -1]], "all votes say 0; name the other classes"),
        ([[0.5, 1.0]], "expected integers"),
    ],
)
def test_what_nothing_can_be_learned_from(votes, message):
    with pytest.raises(InputError, match=message):
        DawidSkene().fit(votes)


def test_majority_is_the_share_of_votes():
    votes, *_ = planted()
    counts = votes.counts
    told = counts.sum(axis=1) > 0
    np.testing.assert_allclose(
        MajorityVote().fit(votes).predict_proba()[told],
        (counts / counts.sum(axis=1, keepdims=True))[told],
        atol=1e-5,
    )
    weighted = MajorityVote(weights=[5, 1, 1]).fit([[0, 1, 1]])
    assert weighted.predict().tolist() == [0]
    with pytest.raises(InputError, match="weights="):
        MajorityVote(weights=[1, -1, 1]).fit([[0, 1, 1]])


def test_alike_orders_labels_as_majority_does():
    votes, *_ = planted(silent=0.1)
    alike = DawidSkene(confusions.alike, prior=[1, 1, 1]).fit(votes).predict_proba()
    counts = votes.counts
    clear = np.sort(counts, axis=1)[:, -1] > np.sort(counts, axis=1)[:, -2]
    assert (alike.argmax(axis=1) == counts.argmax(axis=1))[clear].all()


def test_an_item_that_almost_a_thousand_sources_spoke_of_does_not_underflow():
    wide = np.zeros((20, 900), dtype=int)
    wide[10:] = 1
    probs = DawidSkene().fit(wide).predict_proba()
    assert np.isfinite(probs).all()
    assert probs[0, 0] == pytest.approx(1)


def test_draws_know_less_where_a_source_said_less():
    from labelwright.combine.draws import draws

    votes, _, chance = planted(n=2000, a=5, k=2, silent=0.0, skill=(0.7, 0.9))
    wide = votes.wide()
    wide[50:, 4] = -1
    drawn = draws(DawidSkene().fit(Votes(wide)), n=100, average=True)
    low, high = drawn.interval()
    assert ((low <= chance) & (chance <= high)).sum() >= 4
    assert (high - low)[4] > 3 * (high - low)[0]
    np.testing.assert_allclose(drawn.posterior.sum(axis=1), 1)
    again = draws(DawidSkene().fit(Votes(wide)), n=100)
    np.testing.assert_array_equal(again.accuracy, drawn.accuracy)


def test_intervals_cover():
    """Nominal 95 %: fewer than 88 % of 160 would come about by chance less than once in a thousand runs."""
    from labelwright.combine.draws import draws

    inside = []
    for seed in range(20):
        votes, _, chance = planted(n=200, a=8, k=2, seed=seed, skill=(0.55, 0.95))
        low, high = draws(DawidSkene().fit(votes), n=100).interval()
        inside += ((low <= chance) & (chance <= high)).tolist()
    assert stats.binom.cdf(round(0.88 * 160), 160, 0.95) < 1e-3
    assert np.mean(inside) > 0.88
