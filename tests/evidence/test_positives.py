"""Positive-unlabelled evidence: Bayes, the chance of a label, and what a prior allows."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.evidence.positives import Positives
from labelwright.testing import check_evidence, enumerate_labels

SLOWLY = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**31 - 1)


def two(positive):
    positive = np.asarray(positive, dtype=float)
    return np.stack([1 - positive, positive], axis=1)


def drawn(seed):
    """Labelled flags, a prior that allows them, a scenario, and the chance of a label that follows."""
    rng = np.random.default_rng(seed)
    labelled = rng.random(rng.integers(1, 7)) < 0.4
    n, told = len(labelled), int(labelled.sum())
    scenario = ("single", "case-control")[rng.integers(2)]
    if scenario == "single":
        prior = rng.uniform(max(told / n, 0.05), 1)
        chance = told / (n * prior)
    else:
        prior = rng.uniform(0.05, 1)
        chance = told / (told + prior * (n - told))
    return Positives(labelled, prior=prior, scenario=scenario), labelled, chance, rng.random(n)


@SLOWLY
@given(SEEDS)
def test_posterior_and_log_evidence_equal_enumeration(seed):
    told, labelled, chance, positive = drawn(seed)
    n, total, mass = len(labelled), 0.0, np.zeros(len(labelled))
    for labels in itertools.product([0, 1], repeat=n):
        weight = 1.0
        for i, y in enumerate(labels):
            weight *= positive[i] if y else 1 - positive[i]
            weight *= (chance if labelled[i] else 1 - chance) if y else float(not labelled[i])
        assert told.likelihood_of(labels) == pytest.approx(
            np.prod([(chance if s else 1 - chance) if y else float(not s) for y, s in zip(labels, labelled)]),
            abs=1e-12,
        )
        total += weight
        mass += weight * np.array(labels)
    np.testing.assert_allclose(told.posterior(two(positive))[:, 1], mass / total, atol=1e-9)
    np.testing.assert_allclose(told.log_evidence(two(positive)).sum(), np.log(total), atol=1e-9)
    posterior, log_evidence = enumerate_labels(told, two(positive))
    np.testing.assert_allclose(posterior[:, 1], mass / total, atol=1e-9)
    assert log_evidence == pytest.approx(np.log(total))


@SLOWLY
@given(SEEDS)
def test_slices_keep_the_chance(seed):
    told, labelled, chance, positive = drawn(seed)
    assert told.labelling_chance == pytest.approx(chance)
    rows = np.random.default_rng(seed).integers(len(labelled), size=4)
    assert told[rows].labelling_chance == told.labelling_chance
    assert told[rows].prior == told.prior
    np.testing.assert_allclose(told[rows].posterior(two(positive)[rows]), told.posterior(two(positive))[rows])


def test_the_contract():
    for told in (
        Positives([True, False, False], prior=0.5),
        Positives([1, 0, 0, 1], prior=0.3, scenario="case-control", classes=("no", "yes")),
        Positives([False, True, False]),
    ):
        check_evidence(told)
        check_evidence(told.noisy(0.1))


def test_the_simulated_share_of_labels_is_the_chance():
    rng = np.random.default_rng(0)
    positive = rng.random(200_000) < 0.3
    labelled = positive & (rng.random(200_000) < 0.4)
    assert Positives(labelled, prior=0.3).labelling_chance == pytest.approx(0.4, abs=0.01)
    unlabelled = rng.random(100_000) < 0.2  # the truth of the unlabelled sample
    drawn_apart = Positives([True] * 5000 + [False] * 100_000, prior=0.2, scenario="case-control")
    assert drawn_apart.labelling_chance == pytest.approx(5000 / (5000 + unlabelled.sum()), abs=0.005)


def test_the_smallest_prior_is_named():
    with pytest.raises(
        InputError, match=r"prior=0\.2 makes 0\.8 of 4 .* 2 are labelled.*smallest possible.*0\.5"
    ):
        Positives([1, 1, 0, 0], prior=0.2)
    assert Positives([1, 1, 0, 0], prior=0.5).labelling_chance == 1.0
    assert Positives([1, 1, 0, 0], prior=0.2, scenario="case-control").labelling_chance == pytest.approx(
        2 / 2.4
    )


@SLOWLY
@given(SEEDS)
def test_the_m_step_is_exact(seed):
    rng = np.random.default_rng(seed)
    labelled = np.append(rng.random(9) < 0.5, True)
    told = Positives(labelled)
    targets = told.posterior(two(rng.random(10)))
    grid = np.linspace(0.001, 0.999, 999)[:, None]
    expected = (targets[:, 1] * np.where(labelled, np.log(grid), np.log(1 - grid))).sum(axis=1)
    assert told.update(targets).labelling_chance == pytest.approx(grid[expected.argmax(), 0], abs=0.0015)


@pytest.mark.parametrize("seed", range(5))
def test_em_learns_the_chance_and_never_lowers_the_log_evidence(seed):
    rng = np.random.default_rng(seed)
    positive = rng.beta(0.5, 0.8, 4000)
    truth = rng.random(4000) < positive
    told, trace = Positives(truth & (rng.random(4000) < 0.35)), []
    for _ in range(60):
        trace.append(told.log_evidence(two(positive)).sum())
        told = told.update(told.posterior(two(positive)))
    assert (np.diff(trace) > -1e-9).all()
    assert trace[-1] > trace[0] + 1
    assert told.labelling_chance == pytest.approx(0.35, abs=0.04)
    assert told.prior == pytest.approx(truth.mean(), abs=0.05)
    assert told[:10].prior == told.prior


def test_the_prior_that_a_learned_chance_implies():
    told = Positives([1, 0, 0, 0]).update(two([1, 0.5, 0.5, 0]))
    assert told.labelling_chance == 0.5
    assert told.prior == 0.5
    apart = Positives([1, 0, 0, 0], scenario="case-control").update(two([1, 0.5, 0.5, 0]))
    assert apart.prior == pytest.approx(1 / 3)
    assert Positives([1, 1, 1, 0]).prior == 1.0  # the start promises 6 of 4
    assert np.isnan(Positives([0, 0]).update(two([0.5, 0.5])).prior)
    assert np.isnan(Positives([1, 1], scenario="case-control").prior)


def test_update_leaves_a_known_prior_alone():
    told = Positives([1, 0, 0], prior=0.6)
    assert told.update(two([1, 0, 0])) is told
    unsure = Positives([0, 0])
    assert unsure.update(two([0, 0])) is unsure


def test_nobody_labelled_tells_nothing():
    told = Positives([0, 0], prior=0.4)
    assert told.labelling_chance == 0.0
    np.testing.assert_allclose(told.posterior(two([0.3, 0.9])), two([0.3, 0.9]))


def test_support_is_the_probability_of_positive_where_labelled():
    np.testing.assert_array_equal(Positives([1, 0]).support(two([0.25, 0.5])), [0.25, np.nan])


def test_tiny_probabilities_and_impossible_labels():
    told = Positives([1, 1, 0])
    np.testing.assert_allclose(told.log_evidence([[1, 1e-300]] * 3), [np.log(0.5e-300)] * 2 + [0])
    assert told.posterior([[1, 1e-300]] * 3)[0, 1] == 1.0
    with pytest.raises(InputError, match=r"1 items .*first: row 1"):
        told.posterior(two([0.5, 0, 0.5]))
    certain = Positives([1, 0]).update(two([1, 0]))
    assert certain.labelling_chance == 1.0
    with pytest.raises(InputError, match="first: row 1"):
        certain.posterior(two([1, 1]))


def test_no_items_and_any_names():
    none = Positives([1, 0])[:0]
    assert none.posterior(np.empty((0, 2))).shape == (0, 2)
    assert none.update(np.empty((0, 2))).labelling_chance == 0.5
    assert Positives([], prior=0.5).labelling_chance == 0.0
    assert Positives([True], classes=(("a", 1), None)).classes.tolist() == [("a", 1), None]
    assert "labelled=1" in repr(Positives([1, 0]))


@pytest.mark.parametrize(
    ("go_wrong", "says"),
    [
        (lambda: Positives([1, -1]), r"labelled .*row 1 holds -1.*Exact"),
        (lambda: Positives([1.0, float("nan")]), r"labelled .*row 1 holds nan"),
        (lambda: Positives([[1, 0]]), r"labelled has shape \(1, 2\)"),
        (lambda: Positives(["a", "b"]), "labelled has shape .*<U1"),
        (lambda: Positives([1, 0], prior=0), r"prior=0\.0 must lie in \(0, 1\]"),
        (lambda: Positives([1, 0], prior=1.5), r"prior=1\.5 must lie"),
        (lambda: Positives([1, 0], scenario="both"), "scenario='both'.*'single', 'case-control'"),
        (lambda: Positives([1, 0], classes="abc"), "classes=.*two different names"),
        (lambda: Positives([1, 0], classes=("a", "a")), "classes=.*two different names"),
        (lambda: Positives([1, 0]).update([[0.5, 0.5]]), r"targets have shape \(1, 2\)"),
    ],
)
def test_errors_say_what_and_where(go_wrong, says):
    with pytest.raises(InputError, match=says):
        go_wrong()
