"""Classes from domains: parts against loops and enumeration, planted classes that look several ways, and mistakes."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from labelwright.errors import DoubtfulInput, InputError
from labelwright.parts import cells
from labelwright.shift.latent import LatentLabelShift

MIXES = np.array([[0.8, 0.1, 0.1, 0.5], [0.1, 0.8, 0.1, 0.3], [0.1, 0.1, 0.8, 0.2]])  # P(class | domain)
PURE = np.array(
    [[1.0, 0, 0, 0.5, 0.2], [0, 1, 0, 0.3, 0.2], [0, 0, 1, 0.2, 0.6]]
)  # some domains hold one class
TABLE = np.array(
    [[0.6, 0, 0], [0.2, 0.1, 0], [0, 0.5, 0], [0.2, 0.4, 0.3], [0, 0, 0.7]]
)  # P(cell | class), each class with a cell of its own


def scattered(seed, n=1200):
    """Three classes of two looks each, corners of a hexagon opposite each other, over four domains."""
    rng = np.random.default_rng(seed)
    domain = np.arange(n) % 4
    truth = np.array([rng.choice(3, p=MIXES[:, d]) for d in domain])
    angle = np.pi * (truth / 3 + rng.integers(2, size=n))
    X = 4 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(size=(n, 2))
    return X, domain, truth


def test_shares_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    cell, group = rng.integers(5, size=100), rng.integers(3, size=100)
    found = cells.shares(cell, group, 6, 3)
    for c in range(6):
        for g in range(3):
            assert found[c, g] == pytest.approx(np.mean(cell[group == g] == c))
    assert not cells.shares([0], [1], 2, 2)[:, 0].any()


def test_factors_with_cells_of_their_own_are_found():
    found = cells.factors(TABLE @ PURE, 3)
    assert found.error < 1e-3
    order = min(permutations(range(3)), key=lambda o: np.abs(found.classes[list(o)] - PURE).sum())
    np.testing.assert_allclose(found.classes[list(order)], PURE, atol=0.02)
    np.testing.assert_allclose(found.cells[:, list(order)], TABLE, atol=0.02)
    np.testing.assert_allclose(found.cells.sum(axis=0), 1)
    np.testing.assert_allclose(found.classes.sum(axis=0), 1)
    same = cells.factors(TABLE @ PURE, 3)
    np.testing.assert_array_equal(same.classes, found.classes)


def test_factors_keep_the_order_they_start_in():
    start = cells.Factors(TABLE[:, ::-1], PURE[::-1], 0.0)
    found = cells.factors(TABLE @ PURE, 3, start=start)
    np.testing.assert_allclose(found.classes, PURE[::-1], atol=0.02)


@pytest.mark.parametrize(
    ("table", "says"),
    [(np.ones((2, 5)), "shape"), (np.full((4, 4), -1.0), "negative"), (np.ones(3), "shape")],
)
def test_tables_that_cannot_be_taken_apart(table, says):
    with pytest.raises(InputError, match=says):
        cells.factors(table, 3)


def test_unmixing_inverts_mixing_and_is_least_squares():
    rng = np.random.default_rng(0)
    groups = rng.dirichlet(np.ones(5), 3).T
    own = rng.dirichlet(np.ones(3), 20)
    np.testing.assert_allclose(cells.unmix(own @ groups.T, groups), own, atol=1e-10)
    probs = rng.dirichlet(np.ones(5), 10)
    for row, found in zip(probs, cells.unmix(probs, groups)):
        solved = np.maximum(np.linalg.lstsq(groups, row)[0], 0)
        np.testing.assert_allclose(found, solved / solved.sum())
    np.testing.assert_allclose(cells.unmix([[0.0, 0.0]], np.eye(2)), 0.5)


def test_matching_is_the_best_of_all_pairings():
    rng = np.random.default_rng(0)
    for _ in range(20):
        found, truth = rng.integers(4, size=(2, 30))
        got = cells.matching(found, truth, 4)
        best = max(np.mean(np.array(order)[found] == truth) for order in permutations(range(4)))
        assert got.accuracy == pytest.approx(best)
        assert np.mean(got.order[found] == truth) == pytest.approx(best)
    with pytest.raises(InputError, match="codes from 0 to 1"):
        cells.matching([0, 2], [0, 1], 2)
    with pytest.raises(InputError, match="shape"):
        cells.matching([0, 1], [0], 2)


@pytest.mark.parametrize("decode", ["unmix", "cell"])
def test_classes_that_look_several_ways_are_found(decode):
    scores, looks, off = [], [], []
    for seed in range(4):
        X, domain, truth = scattered(seed)
        found = LatentLabelShift(3, decode=decode).fit(X[:900], domain[:900])
        got = cells.matching(found.predict(X[900:], domain[900:]), truth[900:], 3)
        scores.append(got.accuracy)
        looks.append(cells.matching(KMeans(3, n_init=2, random_state=0).fit_predict(X), truth, 3).accuracy)
        off.append(np.abs(found.class_priors_ - MIXES[got.order]).max())
        assert cells.matching(found.predict(X[900:]), truth[900:], 3).accuracy > 0.6
        for probs in (found.predict_proba(X[900:]), found.predict_proba(X[900:], domain[900:])):
            np.testing.assert_allclose(probs.sum(axis=1), 1)
        assert (found.labels_[:50] == found.predict(X[:50], domain[:50])).all()
    assert np.mean(scores) > np.mean(looks) + 0.2
    assert np.mean(scores) > (0.8 if decode == "cell" else 0.7)
    assert np.mean(off) < 0.25


def test_the_same_seed_gives_the_same_and_names_of_domains_do_not_matter():
    X, domain, _ = scattered(1, 600)
    one = LatentLabelShift(3).fit(X, domain)
    names = np.array(["d", "a", "c", "b"])
    two = clone(one).fit(X, domain)
    np.testing.assert_array_equal(one.labels_, two.labels_)
    model = QuadraticDiscriminantAnalysis()
    plain = LatentLabelShift(3, model=model).fit(X, domain)
    named = LatentLabelShift(3, model=model).fit(X, names[domain])
    agreed = cells.matching(plain.labels_, named.labels_, 3)
    assert agreed.accuracy > 0.9
    ordered = LatentLabelShift(3, model=model).fit(X, np.array(["a", "b", "c", "d"])[domain])
    np.testing.assert_array_equal(ordered.class_priors_, plain.class_priors_)
    assert ordered.domains_.tolist() == ["a", "b", "c", "d"]


def test_domains_of_unequal_size_count_alike():
    X, domain, truth = scattered(2)
    kept = np.flatnonzero((domain != 0) | (np.arange(1200) < 300))
    model = RandomForestClassifier(100, min_samples_leaf=15)
    found = LatentLabelShift(3, model=model, folds=4).fit(X[kept], domain[kept])
    got = cells.matching(found.labels_, truth[kept], 3)
    assert got.accuracy > 0.8
    np.testing.assert_allclose(found.class_priors_, MIXES[got.order], atol=0.2)


def test_rows_without_a_domain_are_left_out_and_can_be_predicted():
    X, domain, _ = scattered(3, 600)
    told = [None if i % 5 == 0 else int(d) for i, d in enumerate(domain)]
    kept = np.flatnonzero(np.arange(600) % 5)
    model = QuadraticDiscriminantAnalysis()
    found = LatentLabelShift(3, model=model).fit(X, told)
    plain = LatentLabelShift(3, model=model).fit(X[kept], domain[kept])
    np.testing.assert_allclose(found.class_priors_, plain.class_priors_)
    assert (found.labels_[::5] == -1).all()
    np.testing.assert_array_equal(found.labels_[kept], plain.labels_)
    np.testing.assert_allclose(found.predict_proba(X, told)[::5], found.predict_proba(X)[::5])


def test_intervals_hold_planted_shares():
    rng = np.random.default_rng(0)
    X, domain, _ = scattered(0, 400)
    found = LatentLabelShift(3, model=QuadraticDiscriminantAnalysis()).fit(X, domain)
    inside = []
    for _ in range(30):
        found._sizes = np.full(5, 500)
        found._table = rng.multinomial(500, (TABLE @ PURE).T).T / 500
        start = cells.Factors(TABLE, PURE, 0.0)
        found.cell_shares_, found.class_priors_, found.residual_ = cells.factors(found._table, 3, start=start)
        got = found.interval(n_boot=60, show=False)
        inside.append(((got.low <= PURE) & (got.high >= PURE))[:, 3:])
        assert (got.low <= got.priors).all()
        assert (got.priors <= got.high).all()
    assert np.mean(inside) > 0.85


def test_domains_that_mix_alike_are_doubted():
    X, _, _ = scattered(4, 600)
    with pytest.warns(DoubtfulInput, match="no more than fewer than 3 classes"):
        LatentLabelShift(3, model=QuadraticDiscriminantAnalysis(), folds=5).fit(
            X, np.random.default_rng(0).integers(4, size=600)
        )


def test_the_number_of_classes_shows():
    rng = np.random.default_rng(0)
    small = []
    for _ in range(40):
        table = rng.multinomial(400, (TABLE @ PURE).T).T / 400
        assert cells.p_fewer(table, np.full(5, 400), 3, draws=100) < 0.02
        small.append(cells.p_fewer(table, np.full(5, 400), 4, draws=100) <= 0.1)
    assert np.mean(small) < 0.25


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"n_classes": 1}, "n_classes=1"),
        ({"n_classes": 5}, "4 domains for 5 classes"),
        ({"n_cells": 2}, "n_cells=2"),
        ({"n_cells": 200}, "rows for 200 cells"),
        ({"restarts": 0}, "restarts=0"),
        ({"decode": "argmax"}, "decode='argmax'"),
        ({"model": RandomForestClassifier(1, max_depth=1)}, "kinds of row apart"),
    ],
)
def test_options_out_of_range_are_named(options, says):
    X, domain, _ = scattered(0, 200)
    with pytest.raises(InputError, match=says):
        LatentLabelShift(**{"n_classes": 3, **options}).fit(X, domain)


def test_other_mistakes():
    X, domain, _ = scattered(0, 200)
    with pytest.raises(InputError, match="200 rows and domain 199"):
        LatentLabelShift(3).fit(X, domain[:-1])
    found = LatentLabelShift(3, model=LogisticRegression()).fit(X, domain)
    with pytest.raises(InputError, match="not among the 4 classes"):
        found.predict(X, np.full(200, 9))
    with pytest.raises(InputError, match="200 rows and domain 1"):
        found.predict(X, [0])
    with pytest.raises(InputError, match="level=0"):
        found.interval(level=0)
