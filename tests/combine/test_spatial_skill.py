"""What control sites say of labellers, when they are handed out, and the pictures of it all."""

import pickle
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.combine.spatial import (
    Consensus,
    ConsensusDisplay,
    ControlScheduler,
    LabellerRegistry,
    SkillDisplay,
    consensus,
    qscore,
)
from labelwright.combine.spatial.skill import mean_interval
from labelwright.errors import DoubtfulInput

TRUTH = np.array([[0, 0, 1, 1]])


def noted():
    registry = LabellerRegistry()
    registry.update("ann", 0.8, [[0, 0, 1, 0]], TRUTH)
    registry.update("ann", 0.6, [[0, 0, 0, 0]], [[0, 0, 0, 0]])  # says nothing about recall of 1
    registry.update("bob", 0.2, 1 - TRUTH, TRUTH)
    return registry


def test_scores_recalls_confusions_and_trust_by_hand():
    registry = noted()
    assert registry.sources == ["ann", "bob"]
    np.testing.assert_allclose(registry.scores(["ann"]), [0.7])
    np.testing.assert_allclose(registry.weights(), [[0.7 * 1.0, 0.7 * 0.5], [0, 0]])
    np.testing.assert_allclose(
        registry.confusion(smoothing=1e-9), [[[1, 0], [0.5, 0.5]], [[0, 1], [1, 0]]], atol=1e-6
    )
    np.testing.assert_allclose(registry.confusion().sum(axis=2), 1)
    np.testing.assert_allclose(registry.prior, [9 / 14, 5 / 14])
    assert registry.trusted("ann", threshold=0.65)
    assert not registry.trusted("ann", threshold=0.65, last=1)
    assert not registry.trusted("bob")
    assert not registry.trusted("nobody")
    assert repr(registry) == "LabellerRegistry(labellers=2, sites=3, classes=2)"


def test_who_has_no_control_site_is_taken_for_the_mean_with_one_warning():
    registry = noted()
    for method, expected in (
        (registry.scores, 0.45),
        (registry.weights, [0.45 * 0.5, 0.45 * 0.25]),
        (registry.confusion, None),
    ):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = method(["eve", "ann"])
        assert [w.category for w in told] == [DoubtfulInput]
        assert "1 labellers have no control site (first: 'eve')" in str(told[0].message)
        assert told[0].filename == __file__
        if expected is not None:
            np.testing.assert_allclose(found[0], expected)
    np.testing.assert_allclose(found[1], registry.confusion(["ann"])[0])


def test_a_class_that_no_site_shows_is_left_to_the_score():
    registry = LabellerRegistry(3)
    registry.update(7, 0.5, [[0, 1]], [[0, 1]])
    np.testing.assert_allclose(registry.weights(), [[0.5, 0.5, 0.5]])
    assert np.isnan(registry.skill().recall[0, 2])
    assert (registry.confusion() > 0).all()


def test_the_order_of_sites_and_labellers_decides_nothing_and_it_can_be_kept():
    rng = np.random.default_rng(0)
    notes = [(w, rng.random(), rng.integers(-1, 2, (4, 5)), rng.integers(0, 2, (4, 5))) for w in "aabbbc"]
    one, other = LabellerRegistry(), LabellerRegistry()
    for i, j in zip(range(6), rng.permutation(6)):
        one.update(*notes[i])
        other.update(*notes[j])
    for name in ("scores", "weights", "confusion"):
        np.testing.assert_allclose(getattr(one, name)(list("abc")), getattr(other, name)(list("abc")))
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.weights(), one.weights())


def test_assess_is_score_and_update():
    truth, drawn = np.array([[1, 1, 0, 2]]), np.array([[0, 1, 0, 3]])
    one, other = LabellerRegistry(), LabellerRegistry()
    assert one.assess("ann", drawn, truth, edge_tol=1) == qscore(drawn, truth, edge_tol=1)
    other.update("ann", qscore(drawn, truth, edge_tol=1).total, drawn > 0, truth > 0)
    np.testing.assert_allclose(one.weights(), other.weights())


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.sampled_from([0.5, 0.9, 0.95]))
def test_intervals_are_student_s(values, level):
    from scipy import stats

    mean, low, high = (x[0] for x in mean_interval(np.array(values)[:, None], level))
    assert mean == pytest.approx(np.mean(values))
    spread = np.std(values, ddof=1) / len(values) ** 0.5
    if spread > 1e-9:
        expected = stats.t.interval(level, len(values) - 1, loc=np.mean(values), scale=spread)
        np.testing.assert_allclose([low, high], np.clip(expected, 0, 1))
    assert 0 <= low <= mean + 1e-12 <= high + 2e-12 <= 1 + 3e-12


def test_intervals_hold_the_mean_of_all_sites_as_often_as_they_say():
    rng = np.random.default_rng(0)
    draws = rng.beta(6, 2, (4, 4000))  # 4 sites
    draws[0, :100] = np.nan
    _, low, high = mean_interval(draws, 0.9)
    assert ((low <= 0.75) & (high >= 0.75)).mean() == pytest.approx(0.9, abs=0.03)


def test_skill_has_an_interval_from_the_second_site_on():
    found = noted().skill()
    assert found.sources == ["ann", "bob"]
    assert found.sites.tolist() == [2, 1]
    np.testing.assert_allclose(found.score, [0.7, 0.2])
    assert found.score_low[0] < 0.7 < found.score_high[0]
    assert np.isnan([found.score_low[1], found.score_high[1]]).all()
    np.testing.assert_allclose(found.recall, [[1, 0.5], [0, 0]])
    assert np.isnan(found.recall_low[0, 1])  # one site shows class 1
    assert found.recall_low[0, 0] == found.recall_high[0, 0] == 1
    narrow, wide = (noted().skill(["ann"], level=level) for level in (0.5, 0.8))
    assert narrow.score_high - narrow.score_low < wide.score_high - wide.score_low


@given(st.floats(0.005, 1), st.floats(0.005, 1), st.integers(1, 300), st.integers(0, 3), st.integers(0, 500))
def test_controls_are_as_many_as_their_rates_sum_to(one, other, over, seed, cut):
    scheduler = ControlScheduler(max(one, other), min(one, other), over, seed)
    found = scheduler.draw(600)
    rates = np.array([scheduler.rate(i) for i in range(600)])
    assert np.abs(np.cumsum(found) - np.cumsum(rates)).max() < 2
    parts = np.concatenate([scheduler.draw(cut), scheduler.draw(600 - cut, done=cut)])
    np.testing.assert_array_equal(parts, found)


def test_controls_fall_in_number_and_cannot_be_foreseen():
    drawn = np.array([ControlScheduler(random_state=seed).draw(700) for seed in range(300)])
    assert drawn[:, :100].sum(axis=1).mean() == pytest.approx(9.2, abs=0.2)
    assert drawn[:, 500:].sum(axis=1).mean() == pytest.approx(4, abs=0.2)
    assert drawn.mean(axis=0)[:10].max() < 0.2  # no turn is sure
    assert ControlScheduler(1, 1).draw(5).all()
    assert ControlScheduler().draw(0).shape == (0,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LabellerRegistry(1), "n_classes=1"),
        (lambda: LabellerRegistry(2.0), "n_classes=2.0"),
        (lambda: LabellerRegistry().weights(), "no labeller has a control site yet"),
        (lambda: LabellerRegistry().scores(["a"]), "no labeller has a control site yet"),
        (lambda: LabellerRegistry().confusion(), "no labeller has a control site yet"),
        (lambda: LabellerRegistry().skill(), "no labeller has a control site yet"),
        (lambda: noted().skill(["eve"]), "sources hold 'eve'"),
        (lambda: noted().skill(level=95), "level=95"),
        (lambda: noted().confusion(smoothing=0), "smoothing=0"),
        (lambda: noted().trusted("ann", last=0), "last=0"),
        (lambda: noted().trusted("ann", threshold=70), "threshold=70"),
        (lambda: LabellerRegistry().update("a", 2, [[0]], [[0]]), "score=2"),
        (lambda: LabellerRegistry().update("a", None, [[0]], [[0]]), "score=None"),
        (lambda: LabellerRegistry().update("a", np.nan, [[0]], [[0]]), "score=nan"),
        (lambda: LabellerRegistry().update(["a"], 0.5, [[0]], [[0]]), "source=['a'] is list"),
        (
            lambda: LabellerRegistry().update("a", 0.5, [[0]], [[0, 1]]),
            "said has shape (1, 1) and truth (1, 2)",
        ),
        (lambda: LabellerRegistry().update("a", 0.5, [[-1]], [[0]]), "share no pixel"),
        (lambda: LabellerRegistry().update("a", 0.5, [[2]], [[0]]), "said holds codes from 2 to 2"),
        (lambda: LabellerRegistry().update("a", 0.5, [[0]], [[0.0]]), "truth has dtype float64"),
        (lambda: LabellerRegistry().update("a", 0.5, [[0], [0, 1]], [[0]]), "said has rows of different"),
        (lambda: LabellerRegistry(3).assess("a", [[1]], [[1]]), "the registry has 3 classes"),
        (lambda: ControlScheduler(first=0.1, last=0.2).draw(3), "first=0.1 and last=0.2"),
        (lambda: ControlScheduler(last=0).rate(3), "0 < last"),
        (lambda: ControlScheduler(first="a").rate(3), "first='a' must be a number"),
        (lambda: ControlScheduler(over=0).draw(3), "over=0"),
        (lambda: ControlScheduler().draw(-1), "n=-1"),
        (lambda: ControlScheduler().draw(3, done=1.5), "done=1.5"),
        (lambda: ControlScheduler().rate(-1), "done=-1"),
    ],
)
def test_what_cannot_be_used(make, message):
    with pytest.raises(InputError, match=re.escape(message)):
        make()


def test_a_failed_note_leaves_no_trace():
    registry = noted()
    with pytest.raises(InputError):
        registry.update("eve", 0.5, [[0]], [[0, 1]])
    assert registry.sources == ["ann", "bob"]


class TestPictures:
    @pytest.fixture(autouse=True)
    def pyplot(self):
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("Agg")
        yield
        matplotlib.pyplot.close("all")

    def test_votes_consensus_and_risk(self):
        rng = np.random.default_rng(0)
        masks = rng.integers(0, 2, (4, 8, 8))
        masks[:, 0, 0], masks[:2, 0, 1] = -1, -1
        shown = ConsensusDisplay.from_masks(masks, image=rng.random((8, 8)), reference=np.eye(8)).plot()
        titles = [axis.get_title() for axis in shown.axes_]
        assert titles == ["image", "votes of 4 labellers", "consensus", "risk"]
        votes, made, risk = (axis.images[0].get_array() for axis in shown.axes_[1:])
        np.testing.assert_array_equal(np.ma.getmaskarray(votes), (masks < 0).all(axis=0))
        np.testing.assert_array_equal(np.ma.getmaskarray(made), (masks < 0).all(axis=0))
        np.testing.assert_array_equal(np.ma.getmaskarray(risk), (masks >= 0).sum(axis=0) < 3)
        heard = np.ma.masked_less(masks, 0)
        np.testing.assert_allclose(votes, heard.mean(axis=0))
        shown.figure_.draw_without_rendering()
        tops = [axis.get_position().y1 for axis in shown.axes_]
        assert np.ptp(tops) < 1e-6  # level

    def test_few_labellers_other_axes_and_blank_references(self):
        from matplotlib import pyplot

        masks = np.zeros((2, 4, 4), int)
        grid = pyplot.subplots(2, 2)[1]
        shown = ConsensusDisplay.from_masks(masks, min_labellers=2, image=masks[0], reference=masks[0])
        assert shown.plot(grid).figure_ is grid[0, 0].figure

    def test_skills_the_best_on_top(self):
        shown = SkillDisplay(noted().skill()).plot()
        assert [axis.get_title() for axis in shown.axes_] == [
            "mean score",
            "recall of background",
            "recall of object",
        ]
        ticks = [label.get_text() for label in shown.axes_[0].get_yticklabels()]
        assert ticks == ["bob (1)", "ann (2)"]
        np.testing.assert_allclose(shown.axes_[0].lines[0].get_xdata(), [0.2, 0.7])

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda m: ConsensusDisplay(m, consensus(m[:, :2])),
                "found has shape (2, 4), but the masks show (4, 4)",
            ),
            (lambda m: ConsensusDisplay.from_masks(m, reference=m[0, :2]), "reference has shape (2, 4)"),
            (
                lambda m: SkillDisplay(noted().skill(), class_names=["a"]),
                "class_names hold 1, but there are 2",
            ),
        ],
    )
    def test_what_does_not_fit(self, make, message):
        with pytest.raises(InputError, match=re.escape(message)):
            make(np.zeros((3, 4, 4), int)).plot()

    def test_too_few_axes(self):
        from matplotlib import pyplot

        axes = pyplot.subplots(1, 2)[1]
        shown = Consensus(np.full((4, 4, 2), 0.5), np.zeros((4, 4), int), np.zeros((4, 4)))
        for display in (ConsensusDisplay(np.zeros((3, 4, 4), int), shown), SkillDisplay(noted().skill())):
            with pytest.raises(InputError, match="axes hold 2, but there are 3 panels"):
                display.plot(axes)
