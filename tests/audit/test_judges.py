"""Judges and ensembles: probabilities of the right shape and order, pooled as a plain loop would, honest intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from labelwright.audit import (
    Flags,
    FunctionJudge,
    Judge,
    JudgeEnsemble,
    ModelJudge,
    compare_annotators,
    confidence_bins,
    estimate_error_rate,
    fitted,
    out_of_fold,
    recorded,
    repair,
    review_sample,
    wordings,
)
from labelwright.errors import InputError
from labelwright.evidence import Exact
from labelwright.frames import column
from labelwright.models.language import Scripted


def says(table, classes=("a", "b"), name="one"):
    return FunctionJudge(lambda items: table, list(classes), name)


def flags_of(p_a, given, k=2):
    rest = np.repeat((1 - np.asarray(p_a))[:, None] / (k - 1), k - 1, axis=1)
    table = np.column_stack([p_a, rest])
    return JudgeEnsemble([says(table, "abcdef"[:k])]).flag(range(len(given)), given)


# --- judges ------------------------------------------------------------------------------------------------
def test_every_kind_of_judge_is_one():
    X = np.array([[0.0], [0.1], [1.0], [1.1]] * 5)
    y = ["low", "low", "high", "high"] * 5
    model = ModelJudge(Scripted({}, scores=lambda prompt, said: 0.0), ["low", "high"])
    ensemble = JudgeEnsemble([fitted(GaussianNB().fit(X, y)), out_of_fold(LogisticRegression(), y)])
    for judge in (*ensemble.judges, ensemble, recorded({}, ["low", "high"]), model):
        assert isinstance(judge, Judge)
    assert ensemble.predict_proba(X).shape == (20, 2)


def test_a_cross_fitted_judge_did_not_see_the_label_it_judges():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 40)), rng.integers(2, size=60)
    seen = LogisticRegression(C=1e6, max_iter=2000).fit(X, y)
    assert fitted(seen).judge(X).probs[np.arange(60), y].min() > 0.5
    held = out_of_fold(LogisticRegression(C=1e6, max_iter=2000), y).judge(X).probs
    assert 0.3 < (held.argmax(axis=1) == y).mean() < 0.7


@pytest.mark.parametrize(
    ("judge", "items", "message"),
    [
        (says([[0.5, 0.6]]), ["x"], "do not sum to 1"),
        (says([[-0.5, 1.5]]), ["x"], "what judge 'one' says"),
        (says([[0.5, 0.5]]), ["x", "y"], "what judge 'one' says"),
        (recorded({"x": [1, 0]}, ["a", "b"]), ["x", "z"], "no record of 1 items"),
        (out_of_fold(GaussianNB(), [0, 1, 0]), [[1.0]], "judges those items only"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), ["a", "b"]), [3], "item 0 is int"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), ["a", "A"]), ["x"], "cannot tell equal names"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), ["a"]), ["x"], "at least two"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), [0, 1], words={0: "no"}), ["x"], "class 1"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), [0, 1], templates=["Label:"]), ["x"], "no item"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), [0, 1], templates="{item}"), ["x"], "one text"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), [0, 1], templates=["{item} {who}"]), ["x"], "field {who}"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), [0, 1], longest=0), ["x"], "longest=0"),
        (ModelJudge(Scripted({}, scores=lambda p, s: 0.0), [0, 1], calibrate="magic"), ["x"], "'magic'"),
    ],
)  # fmt: skip
def test_bad_judgements_are_told(judge, items, message):
    with pytest.raises(InputError, match=message):
        judge.judge(items)


def test_an_unfitted_model_is_sent_to_the_other_door():
    with pytest.raises(InputError, match="out_of_fold"):
        fitted(GaussianNB())


# --- a language model --------------------------------------------------------------------------------------
def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def test_wordings_are_averaged_as_probabilities():
    def scores(prompt, said):
        return float(len(prompt) % 7) * (said == " b")

    judge = ModelJudge(Scripted({}, scores=scores), ["a", "b"], calibrate=None)
    expected = []
    for wording in wordings():
        prompt = wording.render(labels="a, b", task="label", item="hello")
        expected.append(softmax(np.array([0.0, float(len(prompt) % 7)])))
    np.testing.assert_allclose(judge.judge(["hello"]).probs[0], np.mean(expected, axis=0), atol=1e-6)


def test_what_stands_in_an_item_is_not_a_place_to_fill():
    seen = []
    model = Scripted({}, scores=lambda prompt, said: seen.append(prompt) or 0.0)
    ModelJudge(model, ["a", "b"], templates=["{task}|{labels}|{item}"], calibrate=None).judge(
        ["{labels} {x} {item}"]
    )
    assert set(seen) == {"label|a, b|{labels} {x} {item}"}


@given(bias=st.floats(-5, 5), signal=st.floats(0.1, 3))
@settings(deadline=None, max_examples=20)
def test_calibration_takes_away_what_a_model_says_of_nothing(bias, signal):
    def scores(prompt, said):
        return (bias + signal * ("good" in prompt) - signal * ("bad" in prompt)) * (said == " pos")

    options = {"templates": ["{item} is"]}
    texts = ["good", "bad"]
    for calibrate in ("content-free", "batch"):
        judge = ModelJudge(Scripted({}, scores=scores), ["neg", "pos"], calibrate=calibrate, **options)
        probs = judge.judge(texts).probs
        assert probs.argmax(axis=1).tolist() == [1, 0]
        np.testing.assert_allclose(probs[0], probs[1, ::-1], atol=1e-4)


def test_order_of_items_and_classes_does_not_matter():
    model = Scripted({}, scores=lambda prompt, said: -float(len(prompt) * len(said) % 11))
    texts = ["one", "two words", "and three of them"] * 12
    one = ModelJudge(model, ["a", "bb", "ccc"], templates=["{item}:"]).judge(texts).probs
    two = ModelJudge(model, ["ccc", "a", "bb"], templates=["{item}:"]).judge(texts[::-1]).probs
    np.testing.assert_allclose(one, two[::-1][:, [1, 2, 0]], atol=1e-12)


def test_long_items_lose_their_end():
    seen = []
    model = Scripted({}, scores=lambda prompt, said: seen.append(prompt) or 0.0)
    ModelJudge(model, ["a", "b"], templates=["{item}"], calibrate=None, longest=3).judge(["abcdef"])
    assert set(seen) == {"abc"}


def test_a_model_that_only_completes_is_counted():
    said = iter(["good", "I think it is good.", "Bad", "no idea", "not bad"] * 10)
    judge = ModelJudge(lambda prompt: next(said), ["good", "bad"], templates=["{item}"], samples=5)
    opinion = judge.judge(["a film"])
    np.testing.assert_allclose(
        opinion.probs, [[2.5 / 4, 1.5 / 4]]
    )  # two, one, two that say nothing, and half each
    assert opinion.usage.calls == 5


def test_nothing_is_asked_twice_with_a_cache(tmp_path):
    asked = []
    model = Scripted(
        {}, scores=lambda prompt, said: asked.append(prompt) or -float(len(said)), name="counter"
    )
    first = ModelJudge(model, ["a", "bb"], cache=tmp_path / "said.db").judge(["one", "two"])
    before = len(asked)
    again = ModelJudge(model, ["a", "bb"], cache=tmp_path / "said.db").judge(["two", "one", "three"])
    assert first.usage.calls == 4 * (2 + 3)
    assert first.usage.cached_calls == 0
    assert again.usage.calls == 4
    assert again.usage.cached_calls == 4 * (2 + 3)
    assert len(asked) == before + 8
    np.testing.assert_array_equal(first.probs[::-1], again.probs[:2])


def test_a_model_that_can_do_nothing_is_told():
    with pytest.raises(InputError, match="is no language model"):
        ModelJudge(object(), ["a", "b"]).judge(["x"])


# --- an ensemble -------------------------------------------------------------------------------------------
tables = npst.arrays(float, (3, 4, 3), elements=st.floats(0.01, 1)).map(
    lambda t: t / t.sum(axis=2, keepdims=True)
)


@given(table=tables, weights=npst.arrays(float, 3, elements=st.floats(0.1, 3)))
@settings(deadline=None, max_examples=25)
def test_pooling_is_what_a_loop_makes(table, weights):
    judges = [says(t, "abc", name) for t, name in zip(table, "xyz")]
    share = weights / weights.sum()
    for combine in ("mean", "log", "vote"):
        probs = JudgeEnsemble(judges, combine, weights).predict_proba(range(4))
        np.testing.assert_allclose(probs.sum(axis=1), 1)
        for i in range(4):
            want = np.zeros(3) if combine != "log" else np.ones(3)
            for j in range(3):
                if combine == "mean":
                    want += share[j] * table[j, i]
                elif combine == "log":
                    want *= table[j, i] ** share[j]
                else:
                    best = np.flatnonzero(table[j, i] == table[j, i].max())
                    want[best] += share[j] / len(best)
            np.testing.assert_allclose(probs[i], want / want.sum(), atol=1e-9)


def test_columns_follow_the_names_of_the_classes():
    table = np.array([[0.7, 0.2, 0.1]])
    turned = JudgeEnsemble([says(table, "abc", "x"), says(table[:, [2, 0, 1]], "cab", "y")])
    np.testing.assert_allclose(turned.predict_proba([0]), table)


def test_a_copy_of_a_judge_changes_nothing():
    table = np.array([[0.7, 0.3], [0.2, 0.8]])
    for combine in ("mean", "log"):
        twice = JudgeEnsemble([says(table, name="x"), says(table, name="y")], combine)
        np.testing.assert_allclose(twice.predict_proba([0, 1]), table, atol=1e-9)


@pytest.mark.parametrize(
    ("ensemble", "message"),
    [
        (JudgeEnsemble([]), "judges is empty"),
        (JudgeEnsemble([says([[1, 0]]), says([[1, 0]])]), "2 judges are called 'one'"),
        (JudgeEnsemble([says([[1, 0]]), says([[1, 0]], "ac", "two")]), "must know the same"),
        (JudgeEnsemble([says([[1, 0]])], "median"), "combine='median'"),
        (JudgeEnsemble([says([[1, 0]])], weights=[0]), "must be 1 numbers"),
        (JudgeEnsemble([says([[1, 0]])], weights=[1, 2]), "must be 1 numbers"),
    ],
)
def test_bad_ensembles_are_told(ensemble, message):
    with pytest.raises(InputError, match=message):
        ensemble.predict_proba([0])


def test_flags_are_contradictions_the_surest_first():
    flags = flags_of([0.9, 0.6, 0.2, 0.99, 0.5], ["b", "b", "b", None, "a"])
    assert flags.rows.tolist() == [0, 1]
    assert flags_of([0.9, 0.6], ["b", "b"]).flagged.all()
    assert column(flags.frame(), "suggested").tolist() == ["a", "a"]
    sure = JudgeEnsemble([says([[0.9, 0.1], [0.6, 0.4]])]).flag([0, 1], ["b", "b"], threshold=0.8)
    assert sure.rows.tolist() == [0]


def test_neighbours_in_an_order_are_not_flagged():
    table = np.eye(3)[[0, 0, 0, 2]]
    ensemble = JudgeEnsemble([says(table, ["low", "high", "middle"])])
    y = ["low", "middle", "high", "low"]
    assert ensemble.flag(range(4), y).rows.tolist() == [1, 2, 3]
    assert ensemble.flag(range(4), y, ordinal=["low", "middle", "high"]).rows.tolist() == [2]
    for order in (True, ["low", "high"], "low"):
        with pytest.raises(InputError, match="from the lowest to the highest"):
            ensemble.flag(range(4), y, ordinal=order)


def test_a_label_no_judge_knows_is_told():
    with pytest.raises(InputError, match="'z'"):
        JudgeEnsemble([says([[1, 0]])]).flag([0], ["z"])
    with pytest.raises(InputError, match="must match"):
        JudgeEnsemble([says([[1, 0]])]).flag([0], ["a", "b"])


def test_costs_stand_judge_by_judge():
    ensemble = JudgeEnsemble([says([[1, 0]] * 3, name="x"), says([[1, 0]] * 3, name="y")])
    with pytest.raises(InputError, match="no judge was asked"):
        ensemble.costs()
    ensemble.predict_proba(range(3))
    costs = ensemble.costs()
    assert column(costs, "judge").tolist() == ["x", "y"]
    assert column(costs, "calls").tolist() == [3, 3]
    assert ensemble.judge(range(3)).usage.calls == 6


# --- after the judges --------------------------------------------------------------------------------------
def test_an_empty_bin_says_so():
    flags = flags_of([0.95, 0.92, 0.55, 0.1], ["b", "b", "b", "b"])
    found = confidence_bins(flags, ["a", "b", None, "b"], bins=5)
    assert [b.n for b in found] == [1, 0, 0, 0, 2]
    assert [b.reviewed for b in found] == [0, 0, 0, 0, 2]
    assert np.isnan(found[0].precision)
    assert found[4].precision == 0.5
    assert found[4].precision_low < 0.5 < found[4].precision_high


@given(
    p=npst.arrays(float, 30, elements=st.floats(0, 1)),
    bins=st.one_of(st.integers(1, 9), st.just([0.5, 0.9, 0.95, 1.0])),
)
@settings(deadline=None, max_examples=40)
def test_every_flag_is_in_one_bin(p, bins):
    flags = flags_of(p, ["a", "b"] * 15)
    found = confidence_bins(flags, bins=bins)
    assert sum(b.n for b in found) == flags.flagged.sum()
    sure = flags.confidence[flags.flagged]
    for i, b in enumerate(found):
        inside = (sure <= b.high + 1e-9) & ((sure > b.low - 1e-9) if i else (sure >= b.low - 1e-9))
        assert b.n <= inside.sum()


@pytest.mark.parametrize("bins", [0, [0.5], [0.9, 0.5, 1.0], [0.5, 0.9]])
def test_bad_bins_are_told(bins):
    with pytest.raises(InputError, match="bins="):
        confidence_bins(flags_of([0.9], ["b"]), bins=bins)


def test_the_rate_of_a_full_review_is_exact():
    rng = np.random.default_rng(0)
    given_labels = rng.choice(["a", "b"], 200)
    truth = np.where(rng.random(200) < 0.2, "a", given_labels)
    found = estimate_error_rate(flags_of(rng.random(200), given_labels), truth)
    assert found.value == found.low == found.high == (truth != given_labels).mean()


def test_intervals_of_the_rate_cover():
    """In 92 to 98 % of simulated reviews the 95 % interval holds the true rate."""
    hits, runs = 0, 400
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        p = rng.random(1500)
        given_labels = np.where(rng.random(1500) < 0.5, "a", "b")
        against = np.where(given_labels == "a", 1 - p, p)
        wrong = rng.random(1500) < 0.6 * against**4 + 0.01
        truth = np.where(wrong, np.where(given_labels == "a", "b", "a"), given_labels)
        flags = flags_of(p, given_labels)
        rows = review_sample(flags, 25, bins=4, random_state=seed)
        found = estimate_error_rate(flags, {int(r): truth[r] for r in rows}, bins=4, random_state=seed)
        hits += found.low <= wrong.mean() <= found.high
    assert 0.92 <= hits / runs <= 0.985


def test_a_stratum_nobody_looked_at_is_told():
    flags = flags_of([0.9] * 10 + [0.1] * 10, ["b"] * 20)
    with pytest.raises(InputError, match="none of the 10 rows not flagged"):
        estimate_error_rate(flags, {0: "a"})
    with pytest.raises(InputError, match="flags with confidence"):
        estimate_error_rate(flags, {12: "b"})
    with pytest.raises(InputError, match="names row 99"):
        estimate_error_rate(flags, {99: "b"})


def test_a_review_holds_some_of_every_bin():
    flags = flags_of([0.95, 0.94, 0.6, 0.1, 0.2], ["b"] * 5)
    rows = review_sample(flags, 1, bins=2)
    assert len(rows) == 3
    assert 2 in rows
    assert sorted(review_sample(flags, 9).tolist()) == [0, 1, 2, 3, 4]


def test_repairs_touch_what_is_contradicted_and_nothing_else():
    flags = flags_of([0.95, 0.6, 0.1, 0.9], ["b", "b", "b", None])
    dropped = repair(flags, "filter", 0.9)
    assert dropped.kept.tolist() == [1, 2]
    assert dropped.changed == 1
    assert repair(flags, "flip", 0.9).labels.tolist() == ["a", "b", "b", None]
    weights = repair(flags, "weight", 0.9).weights
    np.testing.assert_allclose(weights, [0.05 / 0.95, 1, 1, 0])
    for mode in ("filter", "flip", "weight"):
        assert repair(flags, mode, 1.0).changed == 0
    with pytest.raises(InputError, match="mode='drop'"):
        repair(flags, "drop")
    with pytest.raises(InputError, match="threshold=2"):
        repair(flags, threshold=2)


def test_truth_may_name_a_class_no_judge_knows():
    flags = flags_of([0.9, 0.9], ["b", "b"])
    assert confidence_bins(flags, ["z", "b"], bins=1)[0].wrong == 1
    assert confidence_bins(flags, ["z", "b"], bins=1)[0].corrected == 0


def test_flags_without_labels_are_no_flags():
    flags = Flags(
        np.array(["a", "b"]), np.array([-1]), np.array([0]), np.array([0.9]), np.array([False]), np.eye(2)[:1]
    )
    with pytest.raises(InputError, match="no labelled row"):
        estimate_error_rate(flags, {0: "a"})


# --- who labels best ---------------------------------------------------------------------------------------
def test_annotators_side_by_side():
    gold = ["x", "y"] * 20
    said = {"perfect": gold, "constant": ["x"] * 40, "silent": [None] * 40}
    found = compare_annotators(said, gold, cost={"perfect": 2.0})
    f1, cost = column(found.sources, "f1"), column(found.sources, "cost")
    assert f1[0] == 1
    assert f1[1] == pytest.approx(1 / 3)
    assert np.isnan(f1[2])
    assert cost[0] == 80
    assert np.isnan(cost[1])
    assert len(found.pairs) == 3
    assert column(found.sources, "kappa")[0] == 1


def test_agreement_alone_is_no_quality():
    found = compare_annotators({"one": ["x", "y"], "two": ["x", "y"]})
    assert np.isnan(column(found.sources, "f1")).all()
    assert column(found.pairs, "kappa").tolist() == [1.0]


@pytest.mark.parametrize(
    ("said", "options", "message"),
    [
        ({}, {}, "said is empty"),
        ({"one": ["x"]}, {"cost": {"two": 1}}, "'two'"),
        ({"one": ["x"], "two": ["x", "y"]}, {}, "must match"),
        ({"one": ["x"]}, {"gold": ["x", "y"]}, "must match"),
    ],
)
def test_bad_comparisons_are_told(said, options, message):
    with pytest.raises(InputError, match=message):
        compare_annotators(said, **options)


def test_labels_may_be_evidence():
    table = [[0.9, 0.1]]
    assert JudgeEnsemble([says(table)]).flag([0], Exact(["b"], classes=["b", "a"])).rows.tolist() == [0]


@pytest.mark.slow
@pytest.mark.network
def test_a_real_small_model_tells_praise_from_blame():
    for package in ("transformers", "gguf", "accelerate"):
        pytest.importorskip(package, reason="a local language model needs labelwright[language]")
    from labelwright.models import local

    texts = ["a wonderful film, i loved it", "a terrible film, i hated it", "great fun", "boring and awful"]
    judge = ModelJudge(local("smollm2"), ["negative", "positive"], task="sentiment", calibrate="batch")
    said = judge.judge(texts)
    assert said.probs.argmax(axis=1).tolist() == [1, 0, 1, 0]
    assert said.usage.calls == 4 * len(texts)
