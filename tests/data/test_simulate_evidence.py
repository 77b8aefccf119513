"""Simulators that hide labels: sets, bags, positives, marks."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from tests.data.chance import gen, near

from labelwright.data import simulate
from labelwright.errors import InputError

DIGITS, DIGIT = load_digits(return_X_y=True)
WINE, GRAPE = load_wine(return_X_y=True)
CELLS, BENIGN = load_breast_cancer(return_X_y=True)
GRAPE_NAME = np.array(["barbera", "dolcetto", "nebbiolo"])[GRAPE]
TUMOUR = np.array(["malignant", "benign"])[BENIGN]


def possible(told):
    """What was told does not contradict the truth, item by item."""
    assert told.evidence.likelihood_of(told.truth) > 0


# Sets


@pytest.mark.parametrize("extra", [0.0, 0.3, 1.0])
def test_candidates_hold_the_truth_and_others_by_chance(extra):
    told = simulate.candidates(DIGIT, extra, gen())
    n = len(DIGIT)
    np.testing.assert_array_equal(told.truth, DIGIT)
    assert told.evidence.allowed[np.arange(n), DIGIT].all()
    assert near(told.evidence.allowed.sum() - n, 9 * n, extra)
    assert told.ambiguity == extra
    possible(told)


def test_candidates_follow_a_matrix():
    extra = gen(1).random((3, 3))
    truth = np.arange(60_000) % 3
    told = simulate.candidates(truth, extra, gen())
    for t in range(3):
        for c in set(range(3)) - {t}:
            assert near(told.evidence.allowed[truth == t, c].sum(), 20_000, extra[t, c])
    np.testing.assert_allclose(told.joins[~np.eye(3, dtype=bool)], extra[~np.eye(3, dtype=bool)])
    assert (np.diag(told.joins) == 1).all()


def test_partners_join_and_nobody_else():
    pairs = {"barbera": "dolcetto", "nebbiolo": ["barbera", "dolcetto"]}
    told = simulate.candidates(GRAPE_NAME, 0.6, gen(), pairs=pairs)
    np.testing.assert_allclose(told.joins, [[1, 0.6, 0], [0, 1, 0], [0.6, 0.6, 1]])
    assert near(told.evidence.allowed[GRAPE == 0, 1].sum(), (GRAPE == 0).sum(), 0.6)
    assert not told.evidence.allowed[GRAPE == 0, 2].any()
    assert (told.evidence.allowed[GRAPE == 1].sum(axis=1) == 1).all()
    possible(told)


def test_complementary_labels():
    truth = np.arange(40_000) % 4
    told = simulate.complementary(truth, gen())
    assert (told.evidence.allowed.sum(axis=1) == 3).all()
    out = told.evidence.allowed.argmin(axis=1)
    assert (out != truth).all()
    for t in range(4):
        for c in set(range(4)) - {t}:
            assert near((out[truth == t] == c).sum(), 10_000, 1 / 3)
    np.testing.assert_allclose(told.joins.sum(axis=1), 3)
    assert simulate.complementary(["a", "b"], gen()).evidence.allowed.tolist() == [
        [True, False],
        [False, True],
    ]


# Bags


def check_bags(told, labels):
    evidence = told.evidence
    counts = np.zeros_like(evidence.counts)
    np.add.at(counts, (evidence.bag, told.truth), 1)
    np.testing.assert_array_equal(counts, evidence.counts)
    np.testing.assert_array_equal(evidence.classes[told.truth], labels)
    return counts.sum(axis=1)


@pytest.mark.parametrize("by", ["random", "class"])
def test_bags_are_as_large_as_asked(by):
    sizes = check_bags(simulate.bags(TUMOUR, 16, gen(), by=by), TUMOUR)
    assert sizes.tolist() == [16] * (569 // 16) + [569 % 16]
    drawn = check_bags(simulate.bags(TUMOUR, [4, 32], gen(), by=by), TUMOUR)
    assert set(drawn[:-1].tolist()) == {4, 32}
    assert drawn[-1] <= 32
    assert drawn.sum() == 569
    small = simulate.bags(GRAPE_NAME[::20], 3, gen(), by=by)
    possible(small)


def spread(told):
    """Mean squared distance of the bags' class shares from the table's, per item drawn by chance about 1."""
    counts = told.evidence.counts
    size, share = counts.sum(axis=1, keepdims=True), counts.sum(axis=0) / counts.sum()
    return float(((counts / size - share) ** 2 * size / (share * (1 - share))).mean())


def test_bags_by_class_differ_in_balance():
    found = [
        spread(simulate.bags(DIGIT, 16, gen(), by="class", concentration=c)) for c in (0.01, 1.0, 1000.0)
    ]
    by_chance = spread(simulate.bags(DIGIT, 16, gen()))
    assert 0.8 < by_chance < 1.2
    assert found[0] > 10 > found[1] > 1.8 > found[2] > 0.8
    told = simulate.bags(DIGIT, 16, gen(), by="class", concentration=0.01)
    assert np.median(told.evidence.counts.max(axis=1)) == 16, "most bags hold one class"
    np.testing.assert_allclose(told.mixes.sum(axis=1), 1)
    even = simulate.bags(np.arange(40_000) % 4, 20, gen(), by="class", concentration=2.0).mixes
    np.testing.assert_allclose(even.var(axis=0), 0.25 * 0.75 / (4 * 2.0 + 1), rtol=0.1)
    early = slice(0, 40)  # before classes run out, counts are draws from the mixes
    assert np.abs(told.evidence.counts[early] / 16 - told.mixes[early]).mean() < 0.01


def test_bags_by_one_column_are_cut_from_the_sorted_rows():
    told = simulate.bags(TUMOUR, 20, gen(), by="feature", X=CELLS[:, 0])
    assert check_bags(told, TUMOUR)[:-1].tolist() == [20] * 28
    top = [CELLS[told.evidence.bag == b, 0].max() for b in range(29)]
    bottom = [CELLS[told.evidence.bag == b, 0].min() for b in range(29)]
    assert all(a <= b for a, b in zip(top, bottom[1:]))
    assert spread(told) > 5


def test_bags_by_table_are_clusters():
    told = simulate.bags(DIGIT, 30, gen(), by="feature", X=DIGITS)
    sizes = check_bags(told, DIGIT)
    assert len(sizes) == 60
    within = sum(
        ((DIGITS[told.evidence.bag == b] - DIGITS[told.evidence.bag == b].mean(0)) ** 2).sum()
        for b in range(60)
    )
    assert within < 0.6 * ((DIGITS - DIGITS.mean(0)) ** 2).sum()
    same = simulate.bags([0, 1] * 10, 2, gen(), by="feature", X=np.ones((20, 2)))
    assert same.evidence.counts.tolist() == [[10, 10]], "one distinct row, one bag"


# Positives


def test_positives_are_positive_and_labelled_by_chance():
    told = simulate.positives(TUMOUR, "malignant", 0.4, gen())
    yes = TUMOUR == "malignant"
    np.testing.assert_array_equal(told.truth, yes)
    assert told.evidence.classes.tolist() == ["benign", "malignant"]
    assert told.truth[told.evidence.labelled].all()
    assert near(told.evidence.labelled.sum(), yes.sum(), 0.4)
    assert told.evidence.prior == yes.mean()
    np.testing.assert_allclose(told.chances, 0.4 * yes)
    possible(told)


def test_several_classes_can_be_positive():
    told = simulate.positives(DIGIT, [5, 6, 7, 8, 9], 0.2, gen())
    np.testing.assert_array_equal(told.truth, DIGIT >= 5)
    assert told.evidence.classes.tolist() == [False, True]
    assert np.unique(DIGIT[told.evidence.labelled]).tolist() == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("X", [CELLS, CELLS[:, 0]], ids=["scores", "column"])
@pytest.mark.parametrize("scenario", ["single", "case-control"])
def test_a_bias_labels_typical_positives(X, scenario):
    share, labelled, weighed = 0.3, 0, []
    seeds = 12 if X.ndim == 1 else 2
    for seed in range(seeds):
        told = simulate.positives(TUMOUR, "malignant", share, gen(seed), X=X, bias=1.0, scenario=scenario)
        yes = TUMOUR == "malignant"
        assert told.truth[told.evidence.labelled].all()
        labelled += told.evidence.labelled.sum()
        if scenario == "single":
            assert abs(told.chances[yes].mean() - share) < 1e-9
            weighed.append(told.chances[yes].std())
        if X.ndim == 1:
            seen = X[told.rows][told.evidence.labelled].mean()
            assert seen > X[yes].mean()
    assert near(labelled, seeds * yes.sum(), share)
    if scenario == "single":
        assert min(weighed) > 0.1
        turned = simulate.positives(TUMOUR, "malignant", share, gen(), X=CELLS[:, 0], bias=-1.0)
        assert CELLS[turned.evidence.labelled, 0].mean() < CELLS[yes, 0].mean()


def test_case_control_leaves_a_fair_sample_unlabelled():
    labels = np.arange(60_000) % 3
    for bias in (0.0, 1.0):
        told = simulate.positives(
            labels, 0, 0.25, gen(), X=gen(1).random(60_000), bias=bias, scenario="case-control"
        )
        free = ~told.evidence.labelled
        np.testing.assert_array_equal(told.truth, labels[told.rows] == 0)
        assert near(told.truth[free].sum(), free.sum(), 1 / 3)
        assert told.evidence.prior == told.truth[free].mean()
        assert near(told.evidence.labelled.sum(), 20_000, 0.25)
        fair = told.chances[free & (told.truth == 1)]
        assert abs(fair.mean() - 0.25) < 0.005
        assert (fair.std() > 0.05) == (bias > 0)
        assert not told.chances[told.truth == 0].any()
        part = 0.25 if bias == 0 else 0.5
        assert near(free.sum(), 60_000, 1 - part)


# Marks


def test_masked_marks():
    marks = gen().integers(-1, 2, (5000, 3)).astype(np.int8)
    told = simulate.mask_marks(marks, gen(1), rate_yes=[0.1, 0.5, 1.0], rate_no=0.3)
    seen = told.evidence.marks
    np.testing.assert_array_equal(seen[~told.hidden], marks[~told.hidden])
    assert (seen[told.hidden] == -1).all()
    assert not told.hidden[marks == -1].any()
    for tag, rate in enumerate([0.1, 0.5, 1.0]):
        yes = marks[:, tag] == 1
        assert near(told.hidden[yes, tag].sum(), yes.sum(), rate)
    assert near(told.hidden[marks == 0].sum(), (marks == 0).sum(), 0.3)
    assert told.matrix is None
    known = simulate.mask_marks(np.maximum(marks, 0), gen(1), rate_yes=0.4, rate_no=0.2)
    possible(known)


def test_hidden_marks_that_read_as_no():
    marks = gen().integers(0, 2, (60, 3))
    told = simulate.mask_marks(marks, gen(1), rate_yes=[0.1, 0.5, 1.0], hidden_as="no")
    assert told.hidden.any()
    assert (told.evidence.marks <= marks).all()
    np.testing.assert_array_equal(told.evidence.marks != marks, told.hidden)
    assert told.evidence.likelihood_of(marks) == 0, "as they read, they are wrong"
    assert told.evidence.noisy(told.matrix).likelihood_of(marks) > 0
    np.testing.assert_allclose(told.matrix[1], [[1, 0], [0.5, 0.5]])
    with pytest.raises(InputError, match="rate_no must be 0"):
        simulate.mask_marks(marks, gen(), rate_yes=0.1, rate_no=0.1, hidden_as="no")
