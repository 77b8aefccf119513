"""Networks for rare classes and for streams: what they promise, row by row."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

pytest.importorskip("torch")

from labelwright.errors import InputError
from labelwright.parts import class_gaussians, self_training
from labelwright.shift import ImbalanceAwarePretrainer, OpenWorldAdapter
from labelwright.shift.newcomers import Newcomers

QUICK = {"epochs": 4, "device": "cpu", "show": False}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:900], y[:900], X[900:], y[900:]


@pytest.fixture(scope="module")
def model(digits):
    X, y, _, _ = digits
    few = np.flatnonzero(y < 6)  # the other four are unknown
    return ImbalanceAwarePretrainer(epochs=15, device="cpu", show=False).fit(X[few][:300], y[few][:300])


@pytest.fixture
def adapter(model, digits):
    X, y, _, _ = digits
    few = np.flatnonzero(y < 6)
    return OpenWorldAdapter(model, held_out="prefit").fit(X[few][300:], y[few][300:])


def batch(digits, digit, n=60):
    """Test rows of one digit, and as many of all six."""
    X, y = digits[2:]
    rows = np.concatenate([np.flatnonzero(y == digit)[:n], np.flatnonzero(y < 6)[:n]])
    return X[rows], y[rows]


# Before deployment


def test_it_learns_where_classes_are_rare(digits):
    X, y, new, truth = digits
    rare = np.flatnonzero((y > 2) | (np.cumsum(y < 3) % 12 == 0))[:300]
    model = ImbalanceAwarePretrainer(border=3.0, epochs=15, device="cpu", show=False).fit(X[rare], y[rare])
    assert model.score(new, truth) > 0.7
    assert len(model.n_border_) == 15
    alone = ImbalanceAwarePretrainer(border=None, epochs=1, device="cpu", show=False).fit(X[rare], y[rare])
    assert alone.n_border_ == []


def test_pairs_draw_classes_together(digits):
    """With distances rows of a class lie closer, against the distance between classes."""
    X, y, new, truth = digits[0][:300], digits[1][:300], *digits[2:]

    def spread(lam):
        options = QUICK | {"epochs": 15}
        seen = ImbalanceAwarePretrainer(lam=lam, border=None, **options).fit(X, y).features(new)
        means = np.stack([seen[truth == c].mean(axis=0) for c in range(10)])
        within = np.linalg.norm(seen - means[truth], axis=1).mean()
        return within / np.linalg.norm(means[:, None] - means[None], axis=2)[np.triu_indices(10, 1)].mean()

    assert spread(0.4) < spread(1.0)


def test_statistics_are_those_of_the_features(digits, model):
    X, y = digits[:2]
    few = np.flatnonzero(y < 6)[:300]
    seen = model.features(X[few])
    again = class_gaussians.class_gaussians(seen, y[few], 6, pooled_rows=seen.shape[1])
    np.testing.assert_allclose(model.statistics_.means, again.means, rtol=1e-5, atol=1e-6)


def test_names_change_nothing(digits):
    X, y = digits[0][:100], digits[1][:100]
    names = np.array([f"digit {c}" for c in range(10)])
    plain = ImbalanceAwarePretrainer(**QUICK).fit(X, y)
    named = ImbalanceAwarePretrainer(**QUICK).fit(X, names[y])
    np.testing.assert_array_equal(named.predict(X), names[plain.predict(X)])
    told = [None if i % 9 == 0 else names[c] for i, c in enumerate(y)]
    kept = np.arange(100) % 9 != 0
    some = ImbalanceAwarePretrainer(**QUICK).fit(X, told)
    np.testing.assert_array_equal(
        some.predict_proba(X), ImbalanceAwarePretrainer(**QUICK).fit(X[kept], y[kept]).predict_proba(X)
    )
    one, two = (OpenWorldAdapter(m, held_out="prefit").fit(X, t) for m, t in ((plain, y), (named, names[y])))
    for start in (0, 50):
        report = one.partial_adapt(X[start : start + 40])
        assert two.partial_adapt(X[start : start + 40]) == report
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X))


def test_other_names_in_another_order_give_the_same_bits(digits):
    """Also where classes do not first occur in their order, and where some are found later."""
    X, y, new, truth = digits
    few = np.flatnonzero(y < 6)[::-1][:240]
    names = np.array(["f", "b", "e", "a", "d", "c"])
    codes = np.array([5, 1, 4, 0, 3, 2])  # where each name stands in their order
    said = []
    for labels in (y, names[y % 6]):
        model = ImbalanceAwarePretrainer(**QUICK | {"epochs": 12}).fit(X[few], labels[few])
        adapter = OpenWorldAdapter(model, held_out="prefit", detect_unknown=True, min_unknown=20)
        adapter.fit(X[few], labels[few])
        six = np.flatnonzero(truth == 6)
        reports = [adapter.partial_adapt(new[rows]) for rows in (six[:40], six[40:80], np.arange(300))]
        said.append((model.predict_proba(new), adapter.predict_proba(new), reports))
    (one, later, reports), (two, later_two, reports_two) = said
    assert reports[0].new_classes
    np.testing.assert_array_equal(two[:, codes], one)
    np.testing.assert_array_equal(later_two[:, [*codes, *range(6, later.shape[1])]], later)
    assert [r[:-1] for r in reports] == [r[:-1] for r in reports_two]


# After


def test_it_begins_as_the_model(digits, model, adapter):
    np.testing.assert_allclose(adapter.predict_proba(digits[2]), model.predict_proba(digits[2]), atol=1e-5)


def test_a_batch_that_comes_again_changes_nothing(digits, adapter):
    adapter.set_params(phi_cos=1.0)
    for digit in (0, 3):
        X, _ = batch(digits, digit)
        assert adapter.partial_adapt(X).updated
        before = adapter.predict_proba(digits[2])
        report = adapter.partial_adapt(X)
        assert not report.updated
        assert report.reason == "the batch is like the one before"
        assert report.similarity == 1.0
        np.testing.assert_array_equal(adapter.predict_proba(digits[2]), before)


def test_counts_add_up_and_say_what_happened(digits, adapter):
    for digit in (1, 1, 4, 5):
        X, _ = batch(digits, digit)
        probs = adapter.predict_proba(X)
        far = class_gaussians.mahalanobis(adapter.model_.features(X), adapter.statistics_)
        report = adapter.partial_adapt(X)
        assert report.n_rows == len(X)
        parts = report.n_sure + report.n_pseudo + report.n_doubtful + report.n_unknown
        assert parts == report.n_rows
        entropy = self_training.surprise(probs)
        assert report.n_sure == (entropy < adapter.entropy_from_).sum()
        gap = class_gaussians.gap(far)
        labelled = (entropy < adapter.entropy_below_) | (gap >= adapter.gap_from_)
        assert report.n_pseudo == ((entropy >= adapter.entropy_from_) & labelled).sum()
        assert report.updated == (report.reason == "")
        assert report.n_unknown == 0
    assert len(adapter.reports_) == 4
    assert any(r.updated for r in adapter.reports_)
    assert not all(r.updated for r in adapter.reports_)


def test_an_update_fits_the_pseudo_labels_better_and_nothing_else_moves(digits, model, adapter):
    X, _ = batch(digits, 2)
    seen = model.features(X)
    probs = adapter.predict_proba(X)
    far = class_gaussians.mahalanobis(seen, adapter.statistics_)
    codes = self_training.pseudo_labels(probs, far, trust=adapter.entropy_below_, nearer=adapter.gap_from_)
    taught = (codes >= 0) & (self_training.surprise(probs) >= adapter.entropy_from_)

    def loss():
        return -np.log(adapter.predict_proba(X)[taught, codes[taught]]).mean()

    before, said = loss(), model.predict_proba(X)
    assert adapter.partial_adapt(X).updated
    assert loss() < before
    np.testing.assert_array_equal(model.features(X), seen)
    np.testing.assert_array_equal(model.predict_proba(X), said)


def test_the_order_of_rows_in_a_batch_does_not_matter(digits, model):
    X, y = digits[:2]
    few = np.flatnonzero(y < 6)[300:]
    rows, _ = batch(digits, 3)
    order = np.random.default_rng(0).permutation(len(rows))
    one, two = (OpenWorldAdapter(model, held_out="prefit").fit(X[few], y[few]) for _ in range(2))
    here, there = one.partial_adapt(rows), two.partial_adapt(rows[order])
    assert here._replace(similarity=0) == there._replace(similarity=0)
    np.testing.assert_allclose(one.predict_proba(digits[2]), two.predict_proba(digits[2]), atol=1e-4)


def test_a_class_that_nobody_told_of_is_found(digits, model):
    X, y = digits[:2]
    few = np.flatnonzero(y < 6)[300:]
    told = OpenWorldAdapter(model, held_out="prefit", detect_unknown=True, min_unknown=20)
    told.fit(X[few], y[few])
    new, truth = digits[2:]
    six = np.flatnonzero(truth == 6)
    reports = [told.partial_adapt(new[six[at : at + 20]]) for at in range(0, 60, 20)]
    found = [name for r in reports for name in r.new_classes]
    assert found
    assert found == list(range(6, 6 + len(found)))
    assert told.classes_.tolist() == [*range(6), *found]
    for r in reports:
        assert r.n_sure + r.n_pseudo + r.n_doubtful + r.n_unknown == r.n_rows
    assert np.isin(told.predict(new[six[60:]]), found).mean() > 0.6
    known = truth < 6
    assert (told.predict(new[known]) == truth[known]).mean() > 0.8
    assert told.predict_proba(new).shape[1] == 6 + len(found)
    np.testing.assert_allclose(told.predict_proba(new).sum(axis=1), 1)


def test_new_names_avoid_those_that_are_taken():
    from labelwright.shift.open_world import _one_more

    assert _one_more(np.array(["a", "new 1"])).tolist() == ["a", "new 1", "new 2"]
    assert _one_more(np.array([3, 8])).tolist() == [3, 8, 9]


def test_newcomers_wait_until_there_are_enough():
    rng = np.random.default_rng(0)
    aside = Newcomers(3.0, enough=40)
    groups = [rng.normal(size=(30, 2)), rng.normal(size=(30, 2)) + 50]
    assert aside.take(groups[0]) == []
    found = aside.take(groups[1])
    assert len(found) == 2
    assert sum(map(len, found)) + len(aside.rows) == 60
    assert {bool(rows.mean() > 25) for rows in found} == {False, True}


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda X, y: ImbalanceAwarePretrainer().fit(X[:30], [0] * 29 + [1]), "class 1 has 1 row"),
        (lambda X, y: ImbalanceAwarePretrainer().fit(X, y * 0), "at least 2 classes"),
        (lambda X, y: ImbalanceAwarePretrainer(border=0).fit(X, y), "border=0"),
        (lambda X, y: ImbalanceAwarePretrainer(epochs=0).fit(X, y), "epochs=0"),
        (lambda X, y: ImbalanceAwarePretrainer(lam=2, **QUICK).fit(X, y), "lam=2"),
        (lambda X, y: ImbalanceAwarePretrainer(margin=0, **QUICK).fit(X, y), "margin=0"),
        (lambda X, y: OpenWorldAdapter(phi_ent=2).fit(X, y), "phi_ent=2"),
        (lambda X, y: OpenWorldAdapter(held_out=1.5).fit(X, y), "held_out=1.5"),
        (lambda X, y: OpenWorldAdapter(rank=0).fit(X, y), "rank=0"),
        (lambda X, y: OpenWorldAdapter(min_unknown=1).fit(X, y), "min_unknown=1"),
    ],
)
def test_what_cannot_be_used_is_said(digits, break_it, says):
    with pytest.raises(InputError, match=says):
        break_it(*digits[:2])


def test_constant_features_are_no_obstacle(digits):
    X, y = np.column_stack([digits[0][:200], np.full(200, 7.0)]), digits[1][:200]
    probs = ImbalanceAwarePretrainer(**QUICK).fit(X, y).predict_proba(X)
    assert np.isfinite(probs).all()
