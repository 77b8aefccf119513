"""Each estimator against a plain loop, an enumeration or a brute search of what it says it computes."""

import numpy as np
import pytest
from scipy.optimize import minimize

from labelwright.errors import DoubtfulInput
from labelwright.shift import BBSE, ELSA, MLLS, RLLS, AdjustedCount, DyS, KDEy, proportions
from labelwright.shift.dys import DISTANCES, nearest
from labelwright.shift.mixture import not_negative
from labelwright.shift.moments import class_means, matching, on_simplex


def drawn(n, k, rng, shape=0.5):
    probs = rng.dirichlet(np.full(k, shape), n)
    return probs, (rng.random((n, 1)) > probs.cumsum(axis=1)).sum(axis=1).clip(0, k - 1)


def em(probs, p, rounds=5000):
    """Saerens et al.: a loop over rows and classes, as the paper writes it."""
    q = p.copy()
    for _ in range(rounds):
        revised = probs * (q / p)
        revised /= revised.sum(axis=1, keepdims=True)
        before, q = q, revised.mean(axis=0)
        if np.abs(q - before).sum() < 1e-13:
            break
    return q


@pytest.mark.parametrize("k", [2, 3, 8])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_likelihood_has_its_top_where_expectation_maximisation_ends(k, seed):
    rng = np.random.default_rng(seed)
    probs, codes = drawn(500, k, rng)
    p, rows = probs.mean(axis=0), rng.choice(500, 400, p=(codes + 0.2) / (codes + 0.2).sum())
    wanted = em(probs[rows], p)
    found = proportions(probs[rows], 1 / p, start=p, tol=1e-10)
    assert found.converged
    np.testing.assert_allclose(found.proportions, wanted, atol=2e-5)
    assert found.log_likelihood >= np.log(probs[rows] @ (wanted / p)).mean() - 1e-12
    np.testing.assert_allclose(proportions(probs[rows], 1 / p).proportions, wanted, atol=2e-5)
    plain = MLLS(calibration=None).fit(probs, codes)
    told = wanted / p * plain.source_priors_
    np.testing.assert_allclose(plain.estimate(probs[rows]), told / told.sum(), atol=5e-5)


def test_one_row_and_rows_that_rule_classes_out():
    assert proportions(np.array([[0.2, 0.8]])).proportions.tolist() == pytest.approx([0, 1], abs=1e-6)
    found = proportions(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]))
    np.testing.assert_allclose(found.proportions, [1 / 3, 2 / 3, 0], atol=1e-6)
    assert np.isfinite(proportions(np.array([[0.0, 0.0], [1.0, 0.0]])).proportions).all()
    tiny = np.full((20, 2), 1e-200) * [[1, 3]]
    np.testing.assert_allclose(proportions(tiny).proportions, [0, 1], atol=1e-6)


def test_rows_that_only_one_class_explains_are_all_explained():
    table = np.r_[np.eye(4)[[3] * 27], np.eye(4)[[0, 1, 2]]]
    mass, scale = np.r_[np.ones(27), np.full(3, 1e4)], np.array([6.1, 6, 6, 2])
    with np.errstate(all="raise"):
        found = proportions(table, scale, start=np.array([1 / 6.1, 1 / 6, 1 / 6, 0.5]), weights=mass)
    assert found.converged
    wanted = mass @ table / mass.sum()  # each class explains its rows, whatever the scale
    best = mass @ np.log(table @ (wanted * scale)) / mass.sum()
    assert found.log_likelihood == pytest.approx(best, abs=1e-4)
    np.testing.assert_allclose(found.proportions, wanted, atol=2e-4)


@pytest.mark.parametrize("estimator", [MLLS(), MLLS(calibration=None), KDEy()], ids=repr)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_probabilities_of_0_and_1_are_taken_as_they_are(estimator, kind):
    rng = np.random.default_rng(3)
    truth = np.repeat(np.arange(4), 25)
    probs = np.eye(4)[np.where(rng.random(100) < 0.9, truth, rng.integers(4, size=100))].astype(kind)
    fitted = estimator.fit(probs, truth)
    priors = fitted.estimate(probs[:50])  # of the first two classes
    assert priors[:2].sum() > 0.9
    assert np.isfinite(fitted.interval(probs[:50], n_boot=10).low).all()
    assert np.isfinite(fitted.correct(probs)).all()


def test_weights_of_rows_are_repetitions():
    rng = np.random.default_rng(0)
    table, times = rng.random((50, 4)), rng.integers(0, 4, 50)
    np.testing.assert_allclose(
        proportions(table, weights=times, tol=1e-10).proportions,
        proportions(np.repeat(table, times, axis=0), tol=1e-10).proportions,
        atol=1e-7,
    )


def test_many_rows_take_the_curvature_from_some(monkeypatch):
    rng = np.random.default_rng(1)
    table = rng.random((3000, 5))
    whole = proportions(table, tol=1e-10).proportions
    monkeypatch.setattr("labelwright.shift.mixture.CURVATURE_ROWS", 100)
    np.testing.assert_allclose(proportions(table, tol=1e-10).proportions, whole, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_not_negative_meets_its_conditions(seed):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(12, 12))
    bend, pull = root.T @ root + 0.1 * np.eye(12), rng.normal(size=12)
    x = not_negative(bend, pull, rng.random(12) < 0.5)
    slope = bend @ x - pull
    assert x.min() >= 0
    assert slope.min() > -1e-9
    assert abs(x @ slope) < 1e-8


def test_bbse_is_one_linear_system():
    rng = np.random.default_rng(2)
    probs, codes = drawn(400, 3, rng)
    new = drawn(300, 3, rng)[0]
    for hard in (False, True):
        said, now = (np.eye(3)[t.argmax(axis=1)] if hard else t for t in (probs, new))
        joint = np.zeros((3, 3))
        for row, code in zip(said, codes):
            joint[:, code] += row / 400
        weights = np.linalg.solve(joint, now.mean(axis=0))
        assert weights.min() > 0
        found = BBSE(hard=hard).fit(probs, codes)
        found.estimate(new)
        np.testing.assert_allclose(found.weights_, weights / (weights @ found.source_priors_))
        counted = AdjustedCount(hard=hard).fit(probs, codes).estimate(new)
        np.testing.assert_allclose(counted, found.target_priors_, atol=1e-6)


def test_classes_that_cannot_be_told_apart_are_warned_of():
    probs = np.tile([[0.5, 0.25, 0.25], [0.2, 0.4, 0.4]], (20, 1))
    found = BBSE().fit(probs, [0, 1, 0, 2] * 10)
    with pytest.warns(DoubtfulInput, match="3 classes apart in 2 ways"):
        priors = found.estimate(probs)
    assert np.isfinite(priors).all()


@pytest.mark.parametrize("seed", range(4))
def test_on_simplex_is_the_nearest_mixture(seed):
    rng = np.random.default_rng(seed)
    means, wanted = rng.dirichlet(np.ones(4), 3).T, rng.dirichlet(np.full(4, 0.3))
    found = on_simplex(means, wanted)
    grid = rng.dirichlet(np.full(3, 0.5), 20_000)
    best = ((grid @ means.T - wanted) ** 2).sum(axis=1).min()
    assert ((means @ found - wanted) ** 2).sum() <= best + 1e-9


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.1])
def test_rlls_minimises_what_it_says(alpha):
    rng = np.random.default_rng(3)
    probs, codes = drawn(300, 3, rng)
    new = drawn(200, 3, rng)[0][:, [1, 0, 2]]
    found = RLLS(alpha=alpha).fit(probs, codes)
    found.estimate(new)
    bound = 2 * np.log(2 * 3 / 0.05)
    rho = 3 * (bound / 900 + np.sqrt(bound / 300))
    b = new.mean(axis=0) - found.confusion_.sum(axis=1)

    def value(theta):
        return np.linalg.norm(found.confusion_ @ theta - b) + alpha * rho * np.linalg.norm(theta)

    best = minimize(
        value,
        np.zeros(3),
        method="Nelder-Mead",
        bounds=[(-1, None)] * 3,
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9000},
    )
    ours = found.weights_ * ((1 + best.x) @ found.source_priors_) - 1  # priors are normalised, theta is not
    assert value(ours) <= value(best.x) + 2e-5


def elsa(P, y, Q, rounds=10):
    """Steps of the method written out row by row, the last class being the one left over."""
    n, m, k = len(P), len(Q), P.shape[1]
    pi, p = n / (n + m), np.bincount(y) / n
    A, v = np.zeros((n, k - 1)), np.zeros(n)
    for i in range(n):
        if y[i] == k - 1:
            A[i], v[i] = -p[:-1] / p[-1], 1 / p[-1]
        else:
            A[i, y[i]] = 1
    S, U, w = P[:, :-1] - p[:-1], Q[:, :-1] - p[:-1], None
    for _ in range(rounds + 1):
        H, G = S, U
        if w is not None:
            H = S / ((P @ w**2) / pi + (P @ w) / (1 - pi))[:, None]
            G = U / ((Q @ w**2) / pi + (Q @ w) / (1 - pi))[:, None]
        first = np.linalg.pinv(H.T @ A / pi) @ (G.sum(axis=0) / (1 - pi) - H.T @ v / pi)
        w = np.append(first, (1 - p[:-1] @ first) / p[-1]).clip(0)
    return w


def test_elsa_follows_its_steps():
    rng = np.random.default_rng(4)
    probs, codes = drawn(500, 4, rng)
    order = np.argsort(np.bincount(codes))  # the most common class last
    probs, codes = probs[:, order], np.argsort(order)[codes]
    new = drawn(300, 4, rng)[0]
    found = ELSA(tol=0.0).fit(probs, codes)
    found.estimate(new)
    weights = elsa(probs, codes, new)
    np.testing.assert_allclose(found.weights_, weights / (weights @ found.source_priors_), rtol=1e-6)
    free = ELSA(constrained=False).fit(probs, codes).estimate(new)
    np.testing.assert_allclose(free, found.target_priors_, atol=0.05)
    ridged = ELSA(ridge=1e-9).fit(probs, codes).estimate(new)
    np.testing.assert_allclose(ridged, found.target_priors_, atol=1e-4)


@pytest.mark.parametrize("bandwidth", [0.02, 0.1, 0.5])
def test_kernel_densities_are_sums_over_pairs(bandwidth):
    rng = np.random.default_rng(5)
    probs, codes = drawn(1500, 3, rng)  # more rows than fit a block
    new = drawn(300, 3, rng)[0]
    table = np.zeros((300, 3))
    for c in range(3):
        gaps = ((new[:, None] - probs[codes == c][None]) ** 2).sum(axis=2)
        table[:, c] = np.exp(-gaps / (2 * bandwidth**2)).mean(axis=1)
    found = KDEy(bandwidth=bandwidth).fit(probs, codes)
    np.testing.assert_allclose(found.estimate(new), proportions(table).proportions, atol=2e-3)


def test_rows_far_from_every_source_row_still_count():
    probs = np.array([[0.9, 0.1], [0.88, 0.12], [0.6, 0.4], [0.62, 0.38]])
    found = KDEy(bandwidth=0.01).fit(probs, [0, 0, 1, 1])  # exp(-1800) is 0
    np.testing.assert_allclose(found.estimate(np.array([[0.0, 1.0]])), [0, 1], atol=1e-6)


def test_many_rows_are_sampled_and_every_class_stays():
    rng = np.random.default_rng(6)
    probs, codes = drawn(3000, 3, rng)
    codes[:] = np.where(np.arange(3000) == 7, 2, codes % 2)
    found = KDEy(max_rows=100).fit(probs, codes)
    assert np.isfinite(found.estimate(probs)).all()
    np.testing.assert_array_equal(found.estimate(probs), KDEy(max_rows=100).fit(probs, codes).estimate(probs))


@pytest.mark.parametrize("distance", sorted(DISTANCES))
def test_histograms_are_matched_as_by_a_search(distance):
    rng = np.random.default_rng(7)
    by_class, wanted = rng.dirichlet(np.ones(6), 2).T, rng.dirichlet(np.ones(6))
    shares = np.linspace(0, 1, 20_001)
    values = [DISTANCES[distance](by_class @ [s, 1 - s], wanted)[0] for s in shares]
    assert nearest(by_class, wanted, distance)[0] == pytest.approx(shares[int(np.argmin(values))], abs=2e-4)


def test_bins_are_checked_and_several_give_the_median():
    rng = np.random.default_rng(8)
    probs, codes = drawn(400, 2, rng)
    each = [DyS(bins=b).fit(probs, codes).estimate(probs[:100])[0] for b in (4, 8, 16)]
    assert DyS(bins=(4, 8, 16)).fit(probs, codes).estimate(probs[:100])[0] == pytest.approx(np.median(each))
    for bins in (1, 2.5, ()):
        with pytest.raises(ValueError, match="bins="):
            DyS(bins=bins).fit(probs, codes)
    with pytest.raises(ValueError, match="distance='l1'"):
        DyS(distance="l1").fit(probs, codes)


def test_covariance_of_matching_is_that_of_repetitions():
    """Two classes, one value: the textbook formula, and a simulation."""
    rng = np.random.default_rng(9)
    q, found, said = 0.3, [], []
    for _ in range(1500):
        codes = np.repeat([0, 1], [60, 40])
        values = rng.normal(codes * 2.0, 1.0)[:, None]
        new = rng.normal((rng.random(200) < q) * 2.0, 1.0)[:, None]
        one = matching(values, codes, new, np.array([1 - q, q]))
        found.append(one.centre[1])
        said.append(one.covariance[1, 1])
    assert np.mean(found) == pytest.approx(q, abs=0.01)
    assert np.mean(said) == pytest.approx(np.var(found), rel=0.12)
    assert class_means(np.array([[2.0], [4.0], [9.0]]), np.array([1, 1, 0]), 2).tolist() == [[9.0, 3.0]]


@pytest.mark.parametrize("seed", range(60))
def test_the_optimum_is_reached_however_ill_the_table(seed):
    """At the top every slope is 1 or less: the bound that tells how much could be gained."""
    rng = np.random.default_rng(seed)
    n, k = rng.integers(2, 300), rng.integers(2, 12)
    table = np.exp(rng.normal(size=(n, k)) * rng.choice([0.3, 1, 5, 20, 60]))
    table /= table.max(axis=1, keepdims=True)
    if seed % 3 == 0:
        table[rng.random(table.shape) < 0.4] = 0
        table[:, 0] += 1e-12
    found = proportions(table, start=rng.dirichlet(np.full(k, 0.05)) + 1e-9)
    slopes = (table / (table @ found.proportions)[:, None]).mean(axis=0)
    assert found.converged
    assert found.n_iter < 40
    assert slopes.max() < 1 + 2e-4
