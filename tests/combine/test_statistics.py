"""Statistics of sources and pairs against plain loops, and copying where it is known who copies."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from labelwright import Exact, InputError, Votes
from labelwright.combine.pairs import pairs, rank_one
from labelwright.combine.statistics import agreement, duplicates, sources, told
from labelwright.data.simulate import annotators
from labelwright.parts.agreement import krippendorff


def sample(seed=0, n=60, a=5, k=3, silent=0.4):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    wide = np.where(rng.random((n, a)) < 0.6, truth[:, None], rng.integers(k, size=(n, a)))
    wide[rng.random(wide.shape) < silent] = -1
    return Votes(wide, [f"c{c}" for c in range(k)], [f"s{j}" for j in range(a)]), truth


def torn():
    """Ann says two things about x, and one thing twice about y; bob agrees with one of them."""
    return Votes.from_long(
        ["x", "x", "x", "y", "y", "y", "z"],
        ["ann", "ann", "bob", "ann", "ann", "bob", "bob"],
        ["a", "b", "a", "a", "a", "b", "b"],
    )


def test_sources_are_what_plain_loops_count():
    votes, truth = sample()
    gold = [f"c{t}" if i % 2 else None for i, t in enumerate(truth)]
    found, wide = sources(votes, gold), votes.wide()
    n = len(wide)
    for j in range(wide.shape[1]):
        mine = [i for i in range(n) if wide[i, j] >= 0]
        others = {i: [wide[i, o] for o in range(5) if o != j and wide[i, o] >= 0] for i in mine}
        assert found.n[j] == len(mine)
        assert found.coverage[j] == pytest.approx(len(mine) / n)
        assert found.overlap[j] == pytest.approx(sum(bool(others[i]) for i in mine) / n)
        assert found.conflict[j] == pytest.approx(
            sum(any(o != wide[i, j] for o in others[i]) for i in mine) / n
        )
        checked = [i for i in mine if i % 2]
        right = sum(wide[i, j] == truth[i] for i in checked)
        assert found.n_gold[j] == len(checked)
        assert found.accuracy[j] == pytest.approx(right / len(checked))
        wanted = binomtest(right, len(checked)).proportion_ci(method="wilson")
        assert (found.low[j], found.high[j]) == pytest.approx((wanted.low, wanted.high))
        assert found.says[j] == tuple(f"c{c}" for c in sorted({wide[i, j] for i in mine}))
    assert len(found) == 5


def test_sources_that_say_little():
    votes = Votes(
        [[0, -1, 1], [0, -1, 0], [0, -1, -1]], classes=["a", "b"], sources=["same", "silent", "two"]
    )
    found = sources(votes)
    assert found.constant.tolist() == [True, False, False]
    assert found.says == (("a",), (), ("a", "b"))
    assert found.coverage.round(2).tolist() == [1.0, 0.0, 0.67]
    assert np.isnan(found.accuracy).all()
    assert np.isnan(found.low).all()
    one = sources(Votes([[0], [-1]]))
    assert (one.constant.tolist(), one.overlap.tolist(), one.conflict.tolist()) == ([False], [0.0], [0.0])


def test_gold_may_be_of_several_kinds_but_must_fit():
    votes, truth = sample()
    names = np.array([f"c{t}" for t in truth])
    plain = sources(votes, names)
    np.testing.assert_array_equal(sources(votes, Exact(names)).accuracy, plain.accuracy)
    np.testing.assert_array_equal(sources(votes, pd.Series(names)).accuracy, plain.accuracy)
    other = names.astype(object)
    other[truth == 0] = "unheard of"  # nobody says it, so everybody is wrong there
    assert (sources(votes, other).n_gold == plain.n_gold).all()
    assert (sources(votes, other).accuracy < plain.accuracy).all()
    with pytest.raises(InputError, match=r"gold has the classes \[0, 1, 2\], the votes have \['c0'"):
        sources(votes, truth)
    with pytest.raises(InputError, match="gold has 5 rows for 60 items"):
        sources(votes, names[:5])


def test_contradictions_are_counted_and_break_nothing():
    votes = torn()
    found = duplicates(votes)
    assert (found.repeated.tolist(), found.contradicted.tolist()) == ([1, 0], [1, 0])
    seen = sources(votes, gold=["a", "a", "b"])
    assert seen.n.tolist() == [2, 3]
    assert (seen.overlap * 3).round().tolist() == [2, 2]
    assert (seen.conflict * 3).round().tolist() == [2, 2]
    assert seen.n_gold.tolist() == [1, 3]  # about x ann is neither right nor wrong
    assert seen.accuracy.tolist() == [1.0, pytest.approx(2 / 3)]
    both = pairs(votes)
    assert both.both[0, 1] == 1
    assert both.agreement[0, 1] == 0
    alone = Votes.from_long(["x", "x"], ["ann", "ann"], ["a", "b"])
    assert sources(alone).conflict.tolist() == [0.0]
    assert told(alone).clear.tolist() == [False, False]


def test_pairs_are_what_plain_loops_count():
    votes, _ = sample(1, n=80, a=6)
    found, wide = pairs(votes), votes.wide()
    for i in range(6):
        assert np.isnan(found.kappa[i, i])
        for j in range(i):
            shared = (wide[:, i] >= 0) & (wide[:, j] >= 0)
            x, y = wide[shared, i], wide[shared, j]
            assert found.both[i, j] == found.both[j, i] == shared.sum()
            assert found.overlap[i, j] == pytest.approx(
                shared.sum() / ((wide[:, i] >= 0) | (wide[:, j] >= 0)).sum()
            )
            assert found.agreement[i, j] == pytest.approx((x == y).mean())
            assert found.expected[i, j] == pytest.approx(
                sum((x == c).mean() * (y == c).mean() for c in range(3))
            )
            assert found.kappa[i, j] == pytest.approx(cohen_kappa_score(x, y, labels=range(3)))
            assert found.kappa_low[i, j] < found.kappa[i, j] < found.kappa_high[i, j]
            against = 0
            for row in wide[shared & (wide[:, i] == wide[:, j])]:
                others = [v for s, v in enumerate(row) if s not in (i, j) and v >= 0]
                counts = np.bincount(others, minlength=3)
                rivals = np.delete(counts, row[i])
                against += rivals.max() > counts[row[i]]
            assert found.against[i, j] == found.against[j, i] == against
    assert len(found) == 15


def test_copies_stand_out_and_good_sources_do_not():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        crowd = annotators(rng.integers(3, size=500), 10, rng, copy=0.2)
        first, second = np.triu_indices(10, 1)
        copied = (crowd.leader[:, None] == crowd.leader)[first, second]
        found = pairs(crowd.evidence)
        score, surely = found.copying[first, second], found.copying_low[first, second]
        assert score[copied].min() > 0.95
        assert score[~copied].max() < 0.3
        assert (surely[~copied] > 0.1).mean() < 0.02
    # Two who are nearly always right agree nearly always, and more than all others do; nobody copies.
    truth = rng.integers(2, size=2000)
    skill = np.array([0.97, 0.97, *[0.65] * 6])
    said = np.where(rng.random((2000, 8)) < skill, truth[:, None], 1 - truth[:, None])
    found = pairs(Votes(said))
    assert found.kappa[0, 1] == np.nanmax(found.kappa)
    assert abs(found.copying[0, 1]) < 0.15


def test_half_a_copy_scores_between():
    rng = np.random.default_rng(4)
    truth = rng.integers(2, size=4000)
    said = np.where(rng.random((4000, 6)) < 0.75, truth[:, None], 1 - truth[:, None])
    said[:, 5] = np.where(rng.random(4000) < 0.5, said[:, 4], said[:, 5])
    found = pairs(Votes(said))
    assert found.copying_low[4, 5] < 0.5 < found.copying_high[4, 5]
    assert found.frame().iloc[0][["first", "second"]].tolist() == [4, 5]


def test_a_table_of_products_is_taken_apart_in_spite_of_a_few_that_are_none():
    rng = np.random.default_rng(5)
    r = rng.uniform(0.3, 0.95, 12)
    table = np.outer(r, r)
    for i, j in ((0, 1), (2, 3), (0, 7)):
        table[i, j] = table[j, i] = 1.0
    table[4, 5] = table[5, 4] = np.nan
    np.testing.assert_allclose(rank_one(table, np.ones((12, 12))), r, atol=1e-4)
    few = rank_one(table[:3, :3], np.ones((3, 3)))
    assert np.isnan(few).all()
    turned = r * np.where(np.arange(12) < 2, -1, 1)  # two who are worse than chance
    np.testing.assert_allclose(rank_one(np.outer(turned, turned), np.ones((12, 12))), turned, atol=1e-4)


def test_where_nothing_can_be_said_there_is_nan():
    constant = Votes([[0, 0, 0, 1], [0, 1, 1, 1], [0, 0, 1, 0]])
    found = pairs(constant)
    assert np.isnan(found.copying[0]).all()
    assert found.kappa[0, 1] == 0
    apart = pairs(Votes([[0, -1], [-1, 1]]))
    assert apart.both.tolist() == [[0, 0], [0, 0]]
    assert np.isnan(apart.agreement).all()
    assert len(apart.frame()) == 0
    same = pairs(Votes([[0, 0], [0, 0]], classes=["a", "b"]))
    assert np.isnan(same.kappa).all()
    assert same.agreement[0, 1] == 1


def test_names_and_order_play_no_part():
    votes, truth = sample(2)
    order, code = np.random.default_rng(0).permutation(len(votes)), np.array([2, 0, 1])
    wide = votes.wide()
    renamed = np.where(wide >= 0, code[wide], -1)[order]
    other = Votes(renamed, np.array([f"c{c}" for c in range(3)])[np.argsort(code)], votes.sources)
    gold = np.array([f"c{t}" for t in truth])
    one, two = sources(votes, gold), sources(other, gold[order])
    for name in ("n", "coverage", "overlap", "conflict", "accuracy", "low", "high", "n_gold", "constant"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert [set(says) for says in one.says] == [set(says) for says in two.says]
    one, two = pairs(votes), pairs(other)
    for name in ("both", "agreement", "kappa", "against", "copying", "overlap"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), atol=1e-9)


@pytest.mark.parametrize(
    "like", [pd.DataFrame(), pl.DataFrame(), pa.table({})], ids=["pandas", "polars", "arrow"]
)
def test_frames_are_of_the_kind_that_is_asked_for(like):
    votes, _ = sample()
    table = sources(votes).frame(like)
    assert type(table) is type(like)
    assert table.shape == (5, 11)
    table = pairs(votes).frame(like)
    assert type(table) is type(like)
    assert table.shape == (10, 13)


def test_agreement_of_votes_is_that_of_their_counts():
    votes, _ = sample(3)
    for scale in ("nominal", "ordinal", "interval"):
        found = agreement(votes, scale=scale, draws=100)
        wanted = krippendorff(votes.counts, scale=scale, draws=100, rng=np.random.default_rng(0))
        assert found == wanted
        assert found.low < found.value < found.high


def test_nobody_and_nothing():
    empty = Votes(np.full((3, 2), -1), classes=["a", "b"])
    assert sources(empty).n.tolist() == [0, 0]
    assert duplicates(empty).repeated.tolist() == [0, 0]
    assert np.isnan(pairs(empty).kappa).all()
    none = Votes(np.full((0, 2), -1), classes=["a"])
    assert sources(none).coverage.tolist() == [0.0, 0.0]
    assert pairs(none).both.tolist() == [[0, 0], [0, 0]]
