"""Shares with an unknown class: against a plain loop, against planted shares, and where the bound must hold."""

import pickle
from itertools import product

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from labelwright.errors import DoubtfulInput, InputError
from labelwright.parts import open_set as parts
from labelwright.shift.open_set import OpenSetLabelShift
from labelwright.shift.open_set_detector import detector
from labelwright.shift.open_set_reference import nearness, reference_rows

CENTRES = np.array([[0.0, 3.0], [3.0, 0.0], [-3.0, -3.0]])


def posteriors(X, prior):
    """Of unit Gaussians around the centres."""
    joint = np.exp(-0.5 * ((X[:, None] - CENTRES) ** 2).sum(axis=2)) * prior
    return joint / joint.sum(axis=1, keepdims=True)


def world(seed, n=1500, share=0.7, priors=(0.6, 0.1, 0.3), held_back=(0.1, 0.1, 0.1), passes=0.2):
    """A source, references, and a target of other priors; the detector scores 0 or 1 and errs class by class."""
    rng = np.random.default_rng(seed)
    chance = 1 - np.append(held_back, 1 - passes)

    def rows(codes):
        X = np.where((codes < 3)[:, None], CENTRES[np.minimum(codes, 2)], 0) + rng.normal(
            size=(len(codes), 2)
        )
        score = (rng.random(len(codes)) < chance[codes]) + 0.01 * rng.normal(size=len(codes))
        return posteriors(X, np.full(3, 1 / 3)), score

    source, far = np.arange(n) % 3, np.full(n, 3)
    new = np.where(rng.random(n) < share, rng.choice(3, n, p=priors), 3)
    probs, near = rows(source)
    return (probs, source, near, rows(far)[1]), rows(new), new


def test_parts_are_what_they_say():
    rng = np.random.default_rng(0)
    for inside, outside in rng.random((200, 2)):
        inside, outside = max(inside, outside), min(inside, outside)
        share = parts.source_share(inside, outside)
        assert share * inside + (1 - share) * outside == pytest.approx(share)
        true = rng.random()
        said = true * inside + (1 - true) * outside
        assert parts.target_share(said, inside, outside) == pytest.approx(true)
    assert parts.source_share(1.0, 0.0) == 0.5
    assert parts.target_share(0.3, 0.5, 0.5) == 0.3
    assert parts.target_share(0.1, 0.9, 0.2) == 0
    probs = rng.dirichlet(np.ones(3), 5)
    known = rng.random(5)
    table = parts.extended(probs, known)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    np.testing.assert_allclose(table[2], [*(probs[2] * known[2]), 1 - known[2]])


def test_bounds_hold_all_that_their_widths_allow():
    rng = np.random.default_rng(1)
    for _ in range(50):
        outside, inside = np.sort(rng.random(2))
        said, widths = rng.random(), tuple(0.2 * rng.random(3))
        first = parts.source_bound(inside, outside, widths[1:])
        third = parts.target_bound(said, inside, outside, widths)
        for shifts in product((-1, -0.4, 0, 0.7, 1), repeat=3):
            a, b, c = np.clip(np.array([said, inside, outside]) + np.multiply(shifts, widths), 0, 1)
            assert first.low - 1e-12 <= parts.source_share(b, c) <= first.high + 1e-12
            if b > c:
                assert third.low - 1e-12 <= parts.target_share(a, b, c) <= third.high + 1e-12
    assert parts.target_bound(0.5, 0.6, 0.5, (0.1, 0.1, 0.1)) == (0, 1)


def test_reach_holds_also_for_a_line_drawn_with_the_same_rows():
    rng = np.random.default_rng(2)
    n, draws = 200, 400
    scores = np.sort(rng.random((draws, n)), axis=1)  # P(score <= t) is t
    worst = np.maximum(
        np.abs(np.arange(1, n + 1) / n - scores).max(axis=1), np.abs(np.arange(n) / n - scores).max(axis=1)
    )
    assert (worst > parts.reach(n, 0.1)).mean() < 0.13
    assert parts.reach(4 * n, 0.1) == pytest.approx(parts.reach(n, 0.1) / 2)


@pytest.mark.parametrize("count", ["line", "curve"])
@pytest.mark.parametrize("smoothing", [0.0, 20.0])
def test_the_second_stage_is_the_limit_of_expectation_maximisation(count, smoothing):
    source, (probs, scores), _ = world(0, n=600)
    found = OpenSetLabelShift(count=count, smoothing=smoothing, tol=1e-9).fit(*source)
    found.estimate(probs, scores)
    table = parts.extended(probs, found.detector_.word(scores))
    believed = source[0].mean(axis=0)
    start = np.append(found.source_share_ * believed, 1 - found.source_share_)
    shares = start.copy()
    for _ in range(3000):
        each = table * (shares / start)
        each /= each.sum(axis=1, keepdims=True)
        mass = each.sum(axis=0) + np.array([smoothing] * 3 + [0])
        shares = mass / mass.sum()
    assert found.raw_unknown_ == pytest.approx(each[:, -1].mean(), abs=1e-4)
    known = shares[:3] / believed * found.source_priors_
    np.testing.assert_allclose(found.target_priors_, known / known.sum(), atol=1e-4)
    assert found.converged_


def test_planted_shares_are_found_and_the_bound_holds_them():
    errors, held = [], []
    for seed in range(40):
        source, new, truth = world(seed)
        got = OpenSetLabelShift(ease=1.0).fit(*source).estimate(*new)
        known = np.bincount(truth, minlength=4)[:3] / (truth < 3).sum()
        errors.append([np.abs(got.priors - known).max(), abs(got.unknown - 0.3)])
        held.append(got.low <= 0.3 <= got.high)
    assert np.mean(errors, axis=0).max() < 0.03
    assert np.mean(held) >= 0.95


def test_a_detector_that_holds_back_one_class_is_seen_through():
    source, new, truth = world(3, n=6000, held_back=(0.6, 0.05, 0.05), passes=0.05)
    known = np.bincount(truth, minlength=4)[:3] / (truth < 3).sum()
    off = {}
    for count in ("class", "line"):
        got = OpenSetLabelShift(count=count, ease=1.0).fit(*source).estimate(*new)
        off[count] = np.abs(got.priors - known).max(), abs(got.unknown - 0.3)
    assert max(off["class"]) < 0.04
    assert min(off["line"]) > 0.08


def test_rows_like_the_source_give_no_shift_and_nothing_unknown():
    source, _, _ = world(1)
    got = OpenSetLabelShift().fit(*source)
    found = got.estimate(source[0], source[2])
    assert found.unknown == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(got.weights_, 1, atol=1e-4)
    assert found.low == 0


@pytest.mark.parametrize("count", ["class", "line", "curve"])
def test_names_and_orders_do_not_matter(count):
    source, (probs, scores), _ = world(2, n=600)
    plain = OpenSetLabelShift(count=count).fit(*source)
    first = plain.estimate(probs, scores)
    rng = np.random.default_rng(0)
    a, b, c = rng.permutation(600), rng.permutation(600), np.array([2, 0, 1])
    names = np.array(["x", "z", "y"])
    other = OpenSetLabelShift(count=count, unknown="none").fit(
        source[0][a][:, c], names[source[1][a]], source[2][a], source[3][b], classes=names[c]
    )
    second = other.estimate(probs[b][:, c], scores[b])
    np.testing.assert_allclose(second.priors, first.priors[c], atol=1e-6)
    assert second.unknown == pytest.approx(first.unknown, abs=1e-6)
    np.testing.assert_allclose(other.source_bound_, plain.source_bound_)
    words = dict(zip([0, 1, 2, -1], ["x", "z", "y", "none"]))
    assert [words[p] for p in plain.predict(probs, scores)[b]] == other.predict(
        probs[b][:, c], scores[b]
    ).tolist()


def test_corrected_rows_are_bayes():
    source, (probs, scores), truth = world(4)
    found = OpenSetLabelShift(count="curve").fit(*source)
    found.estimate(probs, scores)
    row = found.correct(probs[:1], scores[:1])[0]
    h, base, share = found.detector_.degree(scores[:1])[0], found.source_share_, 1 - found.unknown_share_
    by_hand = [*(probs[0] * found.weights_ * h * share / base), (1 - h) * (1 - share) / (1 - base)]
    np.testing.assert_allclose(row, by_hand / np.sum(by_hand))
    best = OpenSetLabelShift(ease=1.0).fit(*source)
    best.estimate(probs, scores)
    table = best.correct(probs, scores)
    np.testing.assert_allclose(table.sum(axis=1), 1)
    plain = parts.extended(probs, best.detector_.degree(scores))
    answer = np.where(truth < 3, truth, -1)
    assert (best.predict(probs, scores) == answer).mean() > (plain.argmax(axis=1) == truth).mean()


def test_smoothing_draws_few_rows_towards_equal_shares():
    source, (probs, scores), _ = world(5)
    spread = [
        np.ptp(OpenSetLabelShift(smoothing=s).fit(*source).estimate(probs[:30], scores[:30]).priors)
        for s in (0, 3, 1e4)
    ]
    assert spread[0] > spread[1] > spread[2]
    assert spread[2] < 0.01


def test_calibration_is_kept_with_what_is_fitted():
    (probs, y, near, far), (new, scores), truth = world(6)
    sharp = probs**3 / (probs**3).sum(axis=1, keepdims=True)
    newer = new**3 / (new**3).sum(axis=1, keepdims=True)
    found = OpenSetLabelShift(calibration="bcts", ease=1.0).fit(sharp, y, near, far)
    got = found.estimate(newer, scores).priors
    known = np.bincount(truth, minlength=4)[:3] / (truth < 3).sum()
    assert np.abs(got - known).max() < 0.04
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.correct(newer, scores), found.correct(newer, scores))


def test_intervals_hold_planted_shares():
    inside = []
    for seed in range(20):
        source, new, _ = world(
            100 + seed, n=500, passes=0.02
        )  # those that pass count for the class they look like
        found = OpenSetLabelShift(ease=1.0).fit(*source)
        got = found.interval(*new, n_boot=40, show=False)
        true = np.append(np.multiply((0.6, 0.1, 0.3), 0.7), 0.3)
        inside.append((got.low <= true) & (true <= got.high))
        assert (got.low <= got.priors).all()
        assert (got.priors <= got.high).all()
        assert got.priors.sum() == pytest.approx(1)
        assert got.kind == "bootstrap"
    assert np.mean(inside) > 0.88
    assert found.unknown_share_ == pytest.approx(got.priors[-1])


def test_digits_of_which_three_are_unknown():
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(y))
    X, y = X[rows] / 16, y[rows]
    known = np.flatnonzero(y < 7)
    seen, held, rest = known[:400], known[400:800], np.concatenate([known[800:], np.flatnonzero(y >= 7)])
    model = LogisticRegression(max_iter=500).fit(X[seen], y[seen])
    far = reference_rows(X[held], y[held])
    found = OpenSetLabelShift().fit(
        model.predict_proba(X[held]), y[held], nearness(X[seen], X[held]), nearness(X[seen], far)
    )
    probs, scores = model.predict_proba(X[rest]), nearness(X[seen], X[rest])
    got = found.estimate(probs, scores)
    assert abs(got.unknown - (y[rest] >= 7).mean()) < 0.15
    truth = np.where(y[rest] < 7, y[rest], -1)
    assert (found.predict(probs, scores) == truth).mean() > 0.75


def test_references():
    rng = np.random.default_rng(0)
    X, y = rng.normal(2, 3, size=(4000, 2)), np.arange(4000) % 2
    blends = reference_rows(X, y)
    np.testing.assert_allclose(blends.mean(axis=0), X.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(blends.std(axis=0), X.std(axis=0), rtol=0.05)
    two = reference_rows(np.repeat([[0.0, 1.0], [4.0, 1.0]], 20, axis=0), np.repeat([0, 1], 20))
    np.testing.assert_allclose(two, np.broadcast_to([2.0, 1.0], two.shape))
    shuffled = reference_rows(X, kind="shuffle")
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), np.sort(X, axis=0))
    pictures = rng.random((30, 4, 4))
    for kind in ("blend", "noise", "shuffle"):
        made = reference_rows(pictures, kind=kind, random_state=1)
        assert made.shape[1:] == (4, 4)
        np.testing.assert_array_equal(made, reference_rows(pictures, kind=kind, random_state=1))
    near = nearness(X[:50], X[50:60], k=3)
    each = np.sort(np.linalg.norm(X[50:60, None] - X[None, :50], axis=2), axis=1)[:, 2]
    np.testing.assert_allclose(near, -each)


def test_detectors_are_the_same_in_any_unit():
    rng = np.random.default_rng(0)
    near, far = rng.normal(1, 1, 300), rng.normal(-1, 1, 200)
    for hard in (True, False):
        one, two = detector(near, far, hard=hard), detector(1e6 * near + 5, 1e6 * far + 5, hard=hard)
        np.testing.assert_allclose(one.degree(near), two.degree(1e6 * near + 5), atol=1e-6)
        assert set(one.word(near)) <= {0.0, 1.0} or not hard


def changed(place, value):
    source, _, _ = world(0, n=60)
    return [value if i == place else part for i, part in enumerate(source)]


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (0, np.full((60, 3), 0.5), "proba_source do not sum to 1"),
        (1, [0, 1] * 30, "no row of 1 classes"),
        (1, [0, 1, 2], "must match"),
        (2, np.ones(59), "59 scores for 60 rows"),
        (2, np.full(60, np.nan), "not finite in 60 rows"),
        (3, [], "expected one number a row"),
        (3, ["a", "b"], "expected one number a row"),
        (3, np.full(60, 5.0), "do not score below known rows"),
    ],
)
def test_bad_input_is_named(place, value, says):
    with pytest.raises(InputError, match=says):
        OpenSetLabelShift().fit(*changed(place, value))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"count": "hard"}, "count='hard'"),
        ({"ease": 0.5}, "ease=0.5"),
        ({"smoothing": -1}, "smoothing=-1"),
        ({"delta": 1.0}, "delta=1.0"),
        ({"calibration": "none"}, "calibration='none'"),
        ({"unknown": 2}, "unknown=2 is the name"),
        ({"max_iter": 0}, "max_iter=0"),
    ],
)
def test_options_out_of_range_are_named(options, says):
    source, _, _ = world(0, n=60)
    with pytest.raises(InputError, match=says):
        clone(OpenSetLabelShift(**options)).fit(*source)


def test_other_mistakes():
    source, (probs, scores), _ = world(0, n=300)
    found = OpenSetLabelShift().fit(*source)
    with pytest.raises(InputError, match="proba_target has shape"):
        found.estimate(probs[:, :2] / probs[:, :2].sum(axis=1, keepdims=True), scores)
    with pytest.raises(InputError, match="level=2"):
        found.interval(probs, scores, level=2)
    with pytest.raises(InputError, match="kind='sum'"):
        reference_rows(probs, kind="sum")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one class"):
        reference_rows(probs, np.zeros(300))
    with pytest.raises(InputError, match="300 rows and y 2"):
        reference_rows(probs, [0, 1])
    with pytest.raises(InputError, match="shape"):
        reference_rows([1.0, 2.0])
    with pytest.raises(InputError, match="k=301"):
        nearness(probs, probs, k=301)
    with pytest.warns(DoubtfulInput, match="called unknown"):
        got = found.estimate(probs, np.full(300, -9.0))
    assert got.unknown == 1
    np.testing.assert_allclose(got.priors, found.source_priors_)


def test_a_detector_that_may_tell_nothing_is_doubted():
    rng = np.random.default_rng(0)
    probs, y, _, _ = world(0, n=60)[0]
    with pytest.warns(DoubtfulInput, match="may be chance"):
        found = OpenSetLabelShift(ease=1.0).fit(probs, y, rng.normal(0.2, 1, 60), rng.normal(0, 1, 60))
    got = found.estimate(probs, rng.normal(0, 1, 60))
    assert (got.low, got.high) == (0, 1)


def test_rows_without_a_label_are_left_out():
    (probs, y, near, far), new, _ = world(0, n=300)
    told = [int(c) if i % 3 else None for i, c in enumerate(y)]
    kept = np.flatnonzero(np.arange(300) % 3)
    with pytest.raises(InputError, match="no row of 1 classes"):
        OpenSetLabelShift().fit(probs, told, near, far, classes=[0, 1, 2])
    told = [int(c) if i % 4 else None for i, c in enumerate(y)]
    kept = np.flatnonzero(np.arange(300) % 4)
    one = OpenSetLabelShift().fit(probs, told, near, far, classes=[0, 1, 2]).estimate(*new)
    two = OpenSetLabelShift().fit(probs[kept], y[kept], near[kept], far).estimate(*new)
    np.testing.assert_allclose(one.priors, two.priors)
