"""Calibration: slopes against finite differences, known maps found again, oracles, edges."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import assume, given, settings
from scipy.optimize import check_grad, minimize_scalar
from sklearn.datasets import load_digits
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from tests.evidence import small

from labelwright import Candidates, Exact, InputError, Marks, Noisy, Soft, Votes
from labelwright.evidence import Evidence
from labelwright.parts import _calibrate, adjust, calibration, metrics
from labelwright.testing.maps import check_calibration

FEW = settings(derandomize=True, deadline=None, max_examples=25)
PARAMETRIC = {
    "temperature": calibration.temperature,
    "bias corrected": calibration.bias_corrected_temperature,
    "vector": calibration.vector,
    "dirichlet": calibration.dirichlet,
}
ALL = PARAMETRIC | {"isotonic": calibration.isotonic}


class Pairs(Evidence):
    """Of items 0 and 1, 2 and 3, ... how many are of class 1: evidence that ties items together."""

    unit = "pair"

    def __init__(self, counts, k):
        self.counts, self.classes = np.asarray(counts), np.arange(k)

    def __len__(self):
        return 2 * len(self.counts)

    def __getitem__(self, items):
        raise NotImplementedError

    @property
    def groups(self):
        return np.arange(len(self)) // 2

    def message(self, states):
        yes = states[np.arange(len(self)) ^ 1, 1]  # the partner's
        other = np.stack([1 - yes, yes, np.zeros_like(yes)], axis=1)  # P(the partner adds 0, 1, -1)
        counts = self.counts[self.groups]
        rows = np.arange(len(self))
        with np.errstate(divide="ignore"):
            without, being = np.log(other[rows, np.minimum(counts, 2)]), np.log(other[rows, counts - 1])
        return np.where(np.arange(self.n_classes) == 1, being[:, None], without[:, None])

    def likelihood_of(self, labels):
        return float(((np.asarray(labels) == 1).reshape(-1, 2).sum(axis=1) == self.counts).all())


def drawn(n=60, k=3, seed=0, sharpness=2.0):
    """Probabilities of a model whose true log-odds are `sharpness` times smaller, and labels drawn from the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.ones(k), n)
    codes = (truth.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return adjust.affine(truth, sharpness), codes, truth, rng


def evidence_of(kind, codes, k, rng):
    exact = Exact.from_codes(np.where(rng.random(len(codes)) < 0.1, -1, codes), np.arange(k))
    if kind == "exact":
        return exact
    if kind == "candidates":
        allowed = rng.random((len(codes), k)) < 0.4
        allowed[np.arange(len(codes)), codes] = True
        return Candidates(allowed)
    if kind == "noisy":
        return exact.noisy(0.2)
    if kind == "votes":
        said = np.where(
            rng.random((len(codes), 3)) < 0.7, codes[:, None], rng.integers(k, size=(len(codes), 3))
        )
        return Votes(said, classes=range(k))
    if kind == "soft":
        return Soft(rng.dirichlet(np.ones(k), len(codes)))
    return Pairs((codes == 1).reshape(-1, 2).sum(axis=1), k)


@pytest.mark.parametrize("kind", ["exact", "candidates", "noisy", "votes", "soft", "pairs"])
@pytest.mark.parametrize("form", ["temperature", "bias corrected", "vector", "dirichlet"])
def test_slopes_equal_finite_differences(kind, form):
    probs, codes, _, rng = drawn()
    told = evidence_of(kind, codes, 3, rng)
    weight = {"vector": np.ones(3), "dirichlet": np.eye(3)}.get(form, np.ones(()))
    penalties = (0.5, 2.0) if form == "dirichlet" else None
    asked = _calibrate.problem(probs, told, weight, shifted=form != "temperature", penalties=penalties)
    for _ in range(3):
        at = asked.start + rng.normal(scale=0.3, size=len(asked.start))
        gradient = asked(at)[1]
        assert np.abs(gradient).max() > 1e-3
        assert check_grad(lambda x: asked(x)[0], lambda x: asked(x)[1], at) < 1e-6


def test_pairs_are_what_they_say():
    probs = drawn(n=2)[0]
    for count in (0, 1, 2):
        told = Pairs([count], 3)
        labels = [(i, j) for i in range(3) for j in range(3) if (i == 1) + (j == 1) == count]
        mass = sum(probs[0, i] * probs[1, j] for i, j in labels)
        assert told.log_evidence(probs).sum() == pytest.approx(np.log(mass))


@pytest.mark.parametrize("kind", ["exact", "candidates", "noisy", "votes", "pairs"])
def test_the_true_temperature_is_found_from_any_evidence(kind):
    probs, codes, _, rng = drawn(n=6000, sharpness=2.0)
    flip = (rng.random(6000) < 0.2) & (kind == "noisy")
    heard = np.where(flip, (codes + rng.integers(1, 3, 6000)) % 3, codes)
    fitted = calibration.temperature(probs, evidence_of(kind, heard, 3, rng))
    assert fitted.temperature == pytest.approx(2.0, rel=0.12 if kind != "votes" else 0.2)
    if kind == "noisy":  # believing the noisy labels makes the model look less sure than it may be
        assert calibration.temperature(probs, heard).temperature > 2.6


def test_temperature_equals_a_plain_search():
    probs, codes, _, _ = drawn(n=80)
    rows = np.arange(80)

    def loss(scale):
        return (
            -np.log(adjust.temperature(probs, 1 / scale)[rows, codes]).sum()
            + _calibrate.PRIOR * (scale - 1) ** 2 / 2
        )

    best = minimize_scalar(loss, bounds=(0.01, 5), method="bounded", options={"xatol": 1e-8}).x
    assert calibration.temperature(probs, codes).temperature == pytest.approx(1 / best, rel=1e-4)


def test_known_maps_are_found_again():
    _, codes, truth, _ = drawn(n=8000, k=3)
    shift, scale = np.array([0.6, -0.4, -0.2]), np.array([0.5, 1.0, 2.0])
    given = adjust.affine(adjust.affine(truth, 1.0, -shift), 2.0)
    fitted = calibration.bias_corrected_temperature(given, codes)
    assert fitted.temperature == pytest.approx(2.0, rel=0.05)
    np.testing.assert_allclose(fitted.shift, shift, atol=0.05)
    assert fitted.shift.sum() == pytest.approx(0, abs=1e-6)
    # Scales are what they were given as, up to the factor that normalising the given rows takes out.
    given = adjust.affine(truth, 1 / scale)
    for fit, tolerance in ((calibration.vector, 0.1), (calibration.dirichlet, 0.02)):
        assert np.abs(given - truth).mean() > 0.1
        assert np.abs(fit(given, codes)(given) - truth).mean() < tolerance
    mixed = adjust.affine(truth, np.array([[0.8, 0.3, 0.0], [0.1, 1.2, -0.2], [0.0, 0.3, 1.0]]))
    plain, full = calibration.vector(mixed, codes), calibration.dirichlet(mixed, codes, off_diagonal=1e-4)
    assert np.abs(full(mixed) - truth).mean() < 0.02 < np.abs(plain(mixed) - truth).mean()


def test_dirichlet_without_penalty_is_logistic_regression_on_the_logs(monkeypatch):
    probs, codes, _, _ = drawn(n=400)
    monkeypatch.setattr(_calibrate, "PRIOR", 1e-9)
    fitted = calibration.dirichlet(probs, codes, off_diagonal=1e-9)
    logs = np.log(np.clip(probs, 1e-6, 1))
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(logs, codes)
    np.testing.assert_allclose(fitted(probs), peer.predict_proba(logs), atol=2e-3)


def test_dirichlet_penalties_draw_to_the_identity():
    probs, codes, _, _ = drawn(n=300)
    off = ~np.eye(3, dtype=bool)
    sizes = [
        np.abs(calibration.dirichlet(probs, codes, off_diagonal=p).matrix[off]).max()
        for p in (1e-3, 0.1, 10, 1e3)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-3 < sizes[0]
    held = calibration.dirichlet(probs, codes, off_diagonal=1e-3, intercept=1e3)
    assert np.abs(held.shift).max() < 1e-3 < np.abs(held.matrix[off]).max()


@pytest.mark.parametrize("form", ["bias corrected", "vector"])
def test_a_shift_sets_the_balance_right(form):
    _, codes, truth, _ = drawn(n=5000)
    skewed = adjust.affine(truth, 1.0, np.array([1.5, -0.5, -1.0]))
    shares = np.bincount(codes) / 5000
    assert np.abs(skewed.mean(axis=0) - shares).max() > 0.1
    np.testing.assert_allclose(PARAMETRIC[form](skewed, codes)(skewed).mean(axis=0), shares, atol=1e-4)


@pytest.mark.parametrize("form", PARAMETRIC)
def test_what_was_told_is_never_less_probable_than_before(form):
    checked = []

    @FEW
    @given(small.cases(small.ONE_CLASS))
    def check(sample):
        case, probs = sample
        assume(case.k > 1)
        before = adjust.temperature(probs, 1.0)
        try:
            fitted = PARAMETRIC[form](probs, case.evidence)
            told = case.evidence.log_evidence(before).sum()
        except InputError:
            assume(False)
        after = np.maximum(fitted(probs), 1e-300)
        assert case.evidence.log_evidence(after).sum() >= told - 1e-7
        checked.append(case)

    check()
    assert len(checked) > 5


@pytest.mark.parametrize("form", ALL)
def test_separable_data_stay_finite(form):
    codes = np.arange(100) % 4
    for probs in (np.eye(4)[codes], np.eye(4)[codes] * 0.6 + 0.1):
        fitted = ALL[form](probs, codes)
        assert np.isfinite(fitted(probs)).all()
        assert (fitted(probs).argmax(axis=1) == codes).all()
        assert fitted([[0.4, 0.3, 0.2, 0.1]]).max() < 1
    for name in ("temperature", "scale", "matrix", "shift"):
        assert np.abs(getattr(fitted, name, 1.0)).max() < 30
    if form == "temperature":
        assert 0.05 < fitted.temperature < 1


@pytest.mark.parametrize("form", ALL)
def test_zeros_on_what_was_told_do_no_harm(form):
    probs, codes, _, _ = drawn(n=90)
    probs[:3] = np.eye(3)[(codes[:3] + 1) % 3]
    fitted = ALL[form](probs, codes)
    assert np.isfinite(fitted(probs)).all()
    assert (fitted(probs)[np.arange(3), codes[:3]] > 0).all()


def test_isotonic_follows_scikit_learn():
    probs, codes, _, _ = drawn(n=200, k=2)
    fitted = calibration.isotonic(probs, codes)
    columns = [
        IsotonicRegression(y_min=1 / 202, y_max=1, out_of_bounds="clip")
        .fit(probs[:, j], codes == j)
        .predict(probs[:, j])
        for j in (0, 1)
    ]
    expected = np.stack(columns, axis=1)
    np.testing.assert_allclose(fitted(probs), expected / expected.sum(axis=1, keepdims=True))
    assert fitted(np.array([[1.0, 0.0]])).min() > 0


def test_isotonic_takes_the_posterior_for_targets():
    probs, codes, _, rng = drawn(n=300)
    told = evidence_of("noisy", codes, 3, rng)[: len(codes)]
    kept = told.informed
    soft = told.posterior(adjust.temperature(probs, 1.0))[kept]
    curve = IsotonicRegression(y_min=1 / (kept.sum() + 3), out_of_bounds="clip").fit(
        probs[kept, 0], soft[:, 0]
    )
    np.testing.assert_allclose(calibration.isotonic(probs, told).heights[0], curve.y_thresholds_)


@pytest.mark.parametrize("form", ALL)
def test_contract(form):
    check_calibration(ALL[form], parametric=form != "isotonic", keeps_argmax=form == "temperature")


@pytest.mark.parametrize("form", ALL)
def test_held_out_digits_become_better_calibrated(form):
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    train, held, test = order[:500], order[500:1100], order[1100:]
    model = GaussianNB(var_smoothing=1e-3).fit(X[train], y[train])
    probs = model.predict_proba(X[test])
    better = ALL[form](model.predict_proba(X[held]), y[held])(probs)
    for measure, factor in ((metrics.log_loss, 0.6), (metrics.expected_calibration_error, 0.6)):
        assert measure(better, y[test]) < factor * measure(probs, y[test])


def test_rows_that_sum_to_nearly_one_and_single_precision_are_fine():
    probs, codes, _, _ = drawn(n=50)
    for form, fit in ALL.items():
        fitted = fit(probs, codes)
        assert fitted(probs.astype(np.float32)).dtype == np.float64
        np.testing.assert_allclose(fit(probs * 1.004, codes)(probs), fitted(probs), atol=1e-4, err_msg=form)
        np.testing.assert_allclose(fitted(probs * 1.004), fitted(probs), atol=1e-9, err_msg=form)


def test_results_show_their_numbers_and_are_frozen():
    probs, codes, _, _ = drawn(n=50)
    shown = repr(calibration.bias_corrected_temperature(probs, codes))
    assert shown.startswith("BiasCorrectedTemperature(temperature=")
    assert "shift=[" in shown
    assert repr(calibration.vector(probs, codes)).startswith("Vector(scale=[")
    assert repr(calibration.dirichlet(probs, codes)).startswith("Dirichlet(matrix=[[")
    assert repr(calibration.isotonic(probs, codes)).startswith("Isotonic(classes=3, knots=[")
    with pytest.raises(FrozenInstanceError):
        calibration.temperature(probs, codes).temperature = 2
    many, codes, _, _ = drawn(n=200, k=40)
    assert len(repr(calibration.vector(many, Exact.from_codes(codes, np.arange(40))))) < 200


def test_informed_rows():
    assert Marks([[1, -1], [-1, -1]]).informed.tolist() == [True, False]
    assert Candidates([[True, True], [True, False]]).informed.tolist() == [False, True]
    assert Noisy(Exact(["a", "b", None]), 0.1).informed.tolist() == [True, True, False]
    assert Pairs([1, 0], 2).informed.all()


PROBS = np.array([[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])


@pytest.mark.parametrize("form", ALL)
@pytest.mark.parametrize(
    ("probs", "told", "message"),
    [
        (PROBS, Exact([0, 0, 0], classes=[0, 1]), r"one class only: 0 explains all 3 items"),
        (PROBS, Candidates([[True, False], [True, True], [True, False]]), "one class only: 0 explains all 2"),
        (PROBS[:, :1] * 0 + 1, Exact([0, 0, 0]), "nothing about any of 3 items"),
        (PROBS, Exact([None, None, None], classes=[0, 1]), "nothing about any of 3 items"),
        (PROBS[:0], Exact([], classes=[0, 1]), "nothing about any of 0 items"),
        (np.where(PROBS == 0.2, np.nan, PROBS), [0, 1, 0], r"NaN in 1 rows \(first: row 0\)"),
        (PROBS[:2], Exact([0, 1, 0]), "shape"),
        (PROBS, [0, 1, 2], "3 classes"),
        (PROBS[0], [0, 1], r"probs have shape \(2,\), expected \(n, k\)"),
        (np.log(PROBS), [0, 1, 0], "softmax"),
        (PROBS, Marks([[1, 0], [0, 1], [1, 1]]), "about tags"),
        (PROBS, Marks([[1, 0], [0, 1], [1, 1]]).noisy(0.1), "about tags"),
    ],
)
def test_bad_input_is_named(form, probs, told, message):
    with pytest.raises(InputError, match=message):
        ALL[form](probs, told)


@pytest.mark.parametrize("penalty", [0, -1, np.nan, np.inf])
def test_penalties_must_be_positive(penalty):
    with pytest.raises(InputError, match="off_diagonal="):
        calibration.dirichlet(PROBS, [0, 1, 0], off_diagonal=penalty)
    with pytest.raises(InputError, match="intercept="):
        calibration.dirichlet(PROBS, [0, 1, 0], intercept=penalty)


@pytest.mark.parametrize("form", ALL)
def test_a_fitted_map_checks_what_it_is_called_with(form):
    fitted = ALL[form](PROBS, [0, 1, 0])
    with pytest.raises(InputError, match="NaN"):
        fitted([[np.nan, 0.5]])
    with pytest.raises(InputError, match="shape"):
        fitted([0.5, 0.5])
    if form != "temperature":  # one temperature fits any number of classes
        with pytest.raises(InputError, match="shape"):
            fitted([[0.5, 0.3, 0.2]])


def test_tiny_probabilities_mean_what_they_say_where_that_explains_more():
    rng = np.random.default_rng(0)
    logits = 30 * rng.normal(size=(600, 3))
    odds = np.exp(logits / 20 - (logits / 20).max(axis=1, keepdims=True))
    codes = (rng.random((600, 1)) > (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    fitted = calibration.temperature(probs, codes)
    assert fitted.floor < 1e-20
    assert fitted.temperature == pytest.approx(20, rel=0.15)
    assert metrics.log_loss(fitted(probs), codes) < metrics.log_loss(adjust.temperature(probs, 4.0), codes)


def test_zeros_that_come_of_counting_do_not():
    rng = np.random.default_rng(1)
    codes = rng.integers(3, size=400)
    said = np.where(rng.random(400) < 0.8, codes, rng.integers(3, size=400))
    fitted = calibration.temperature(np.eye(3)[said], codes)
    assert fitted.floor == 1e-6
    assert fitted(np.eye(3)).max() == pytest.approx((codes == said).mean(), abs=0.03)
