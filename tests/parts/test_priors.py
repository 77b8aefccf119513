"""Class shares: known values, and hidden positives counted on a real table."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from labelwright import InputError
from labelwright.parts import priors

RNG = np.random.default_rng(0)
PROBS = RNG.dirichlet(np.ones(4), 200)
SHARES = {"classify and count": priors.classify_and_count, "mean": priors.mean}
POSITIVE = {"elkan noto": priors.elkan_noto, "best bin": priors.best_bin}


@pytest.mark.parametrize("name", SHARES)
def test_shares_follow_classes_and_ignore_order(name):
    estimate = SHARES[name]
    kept = PROBS.copy()
    shares = estimate(PROBS)
    assert shares.shape == (4,)
    assert shares.sum() == pytest.approx(1)
    order, names = RNG.permutation(200), RNG.permutation(4)
    np.testing.assert_allclose(estimate(PROBS[order][:, names]), shares[names])
    np.testing.assert_allclose(estimate(PROBS * 1.005), shares)
    np.testing.assert_allclose(estimate(np.eye(4)[[0, 0, 2]]), [2 / 3, 0, 1 / 3, 0])
    assert np.array_equal(kept, PROBS)


def test_classify_and_count_and_mean_by_hand():
    table = [[0.6, 0.4], [0.6, 0.4], [0.5, 0.5], [0.1, 0.9]]
    np.testing.assert_allclose(priors.classify_and_count(table), [2.5 / 4, 1.5 / 4])
    np.testing.assert_allclose(priors.mean(table), [1.8 / 4, 2.2 / 4])


def test_the_mean_is_right_where_probabilities_are_and_counting_is_not():
    p = RNG.beta(1, 3, 50_000)
    truth = (RNG.random(50_000) < p).mean()
    table = np.stack([1 - p, p], axis=1)
    assert priors.mean(table)[1] == pytest.approx(truth, abs=0.01)
    assert priors.classify_and_count(table)[1] < truth - 0.1


@pytest.mark.parametrize("estimate", SHARES.values())
@pytest.mark.parametrize(
    ("probs", "message"),
    [
        ([0.5, 0.5], "shape"),
        (np.empty((0, 2)), "at least one item"),
        ([[0.5, np.nan]], "NaN"),
        ([[2, 1]], "outside"),
    ],
)
def test_bad_probabilities_are_named(estimate, probs, message):
    with pytest.raises(InputError, match=message):
        estimate(probs)


def exact_scores(n, share, chance, rng, overlap=0.0):
    """P(labelled | x) of an ideal model, and which positives were labelled at random."""
    positive = rng.random(n) < share
    blurred = rng.random(n) < overlap  # rows whose x tells nothing
    p_positive = np.where(blurred, share, positive)
    return chance * p_positive, positive & (rng.random(n) < chance)


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize(("share", "chance"), [(0.2, 0.5), (0.5, 0.2), (0.8, 0.7)])
def test_separable_classes_are_counted_right(name, share, chance):
    scores, labelled = exact_scores(40_000, share, chance, RNG)
    found = POSITIVE[name](scores, labelled)
    assert found.share == pytest.approx(share, abs=0.02)
    assert found.chance == pytest.approx(chance, abs=0.03)
    assert found.share * found.chance == pytest.approx(labelled.mean())


def test_overlap_lifts_elkan_noto_as_stated_and_not_the_best_bin():
    scores, labelled = exact_scores(40_000, 0.3, 0.5, RNG, overlap=0.4)
    assert priors.elkan_noto(scores, labelled).share > 0.38
    assert priors.best_bin(scores, labelled).share == pytest.approx(0.3, abs=0.02)


def test_the_best_bin_equals_a_plain_loop_and_needs_only_the_order():
    scores = RNG.random(120)
    labelled = RNG.random(120) < scores * 0.6
    p, u = scores[labelled], scores[~labelled]
    width = np.sqrt(np.log(40) / (2 * len(u))) + np.sqrt(np.log(40) / (2 * len(p)))
    bounds = {}
    for t in scores[scores <= p.max()]:  # every threshold, not only the labelled ones
        tail_p, tail_u = np.mean(p >= t), np.mean(u >= t)
        bounds[tail_u / tail_p + 1.01 * width / tail_p] = tail_u / tail_p
    expected = (len(p) + bounds[min(bounds)] * len(u)) / 120
    found = priors.best_bin(scores, labelled)
    assert found.share == pytest.approx(expected)
    assert priors.best_bin(np.exp(5 * scores) - 7, labelled) == found
    order = RNG.permutation(120)
    assert priors.best_bin(scores[order], labelled[order]) == found


def test_shares_stay_between_the_labelled_share_and_one():
    labelled = np.arange(20) < 5
    assert priors.elkan_noto(np.full(20, 0.01), labelled) == priors.PositiveShare(1.0, 0.25)
    assert priors.elkan_noto(np.ones(20), labelled).share == 0.25
    assert priors.elkan_noto(np.zeros(20), labelled).share == 1.0
    assert priors.best_bin(np.where(labelled, 0.1, 0.9), labelled).share == 1.0
    assert priors.best_bin(np.where(labelled, 0.9, 0.1), labelled).share == 0.25
    assert isinstance(priors.best_bin(np.ones(20), labelled).share, float)


def hidden_positives(seed, chance):
    """Out-of-fold scores on breast_cancer, its 212 malignant cases labelled with `chance` at random."""
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(seed)
    positive = y == 0
    labelled = positive & (rng.random(len(y)) < chance)
    model = LogisticRegression(C=0.1, solver="newton-cholesky")
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return (
        cross_val_predict(model, X, labelled, cv=folds, method="predict_proba")[:, 1],
        labelled,
        positive.mean(),
    )


# Mean signed error over the seeds, true share 0.373: best bin +0.011 (labelled with chance 0.4) and +0.002 (0.7),
# Elkan-Noto +0.085 and +0.067, which is the shrinkage and overlap that its docstring warns of.
@pytest.mark.parametrize(("chance", "tolerance"), [(0.4, 0.05), (0.7, 0.03)])
def test_hidden_positives_on_a_real_table_are_counted_within_the_tolerance(chance, tolerance):
    errors = {name: [] for name in POSITIVE}
    for seed in range(20):
        scores, labelled, truth = hidden_positives(seed, chance)
        for name, estimate in POSITIVE.items():
            errors[name].append(estimate(scores, labelled).share - truth)
    assert np.abs(errors["best bin"]).max() < tolerance
    assert abs(np.mean(errors["best bin"])) < 0.02
    assert 0.05 < np.mean(errors["elkan noto"]) < 0.12
    assert np.abs(errors["best bin"]).mean() < np.abs(errors["elkan noto"]).mean() / 2


SCORES, LABELLED = np.array([0.9, 0.5, 0.1]), np.array([True, False, False])


@pytest.mark.parametrize("estimate", POSITIVE.values())
@pytest.mark.parametrize(
    ("scores", "labelled", "message"),
    [
        (np.stack([SCORES, SCORES], axis=1), LABELLED, "one column of predict_proba"),
        (SCORES[:2], LABELLED, "shape"),
        (np.array([0.9, np.nan, 0.1]), LABELLED, r"NaN in 1 rows \(first: row 1\)"),
        (SCORES, ~np.ones(3, dtype=bool), "marks 0 of 3"),
        (SCORES, np.ones(3, dtype=bool), "marks 3 of 3"),
        (SCORES, [1, -1, 0], "true for labelled positives"),
        (np.empty(0), np.empty(0, dtype=bool), "marks 0 of 0"),
    ],
)
def test_bad_scores_are_named(estimate, scores, labelled, message):
    with pytest.raises(InputError, match=message):
        estimate(scores, labelled)


def test_bad_options_are_named():
    with pytest.raises(InputError, match=r"row 0 holds 3"):
        priors.elkan_noto([3.0, 0.5], [True, False])
    for delta in (0, 1, np.nan):
        with pytest.raises(InputError, match="delta="):
            priors.best_bin(SCORES, LABELLED, delta=delta)
    with pytest.raises(InputError, match="gamma=-1"):
        priors.best_bin(SCORES, LABELLED, gamma=-1)
