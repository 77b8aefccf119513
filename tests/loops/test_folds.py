"""Folds: every row in one, stratified, groups whole."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from labelwright import Exact, Marks
from labelwright.loops.cross_fit import assign_folds

SLOWLY = settings(derandomize=True, deadline=None, max_examples=60)


@SLOWLY
@given(st.integers(0, 2**31 - 1), st.integers(2, 6), st.integers(2, 5), st.integers(20, 120))
def test_classes_are_spread_evenly(seed, folds, k, n):
    codes = np.random.default_rng(seed).integers(-1, k, n)
    sizes = np.bincount(codes[codes >= 0], minlength=k)
    assume(sizes.max() >= folds and (sizes > 0).sum() > 1)
    fold_of = assign_folds(Exact.from_codes(codes, range(k)), folds, random_state=seed)
    assert fold_of.shape == (n,)
    assert set(fold_of) <= set(range(folds))
    for c in range(k):
        each = np.bincount(fold_of[codes == c], minlength=folds)
        assert each.max() - each.min() <= 1
    labelled = np.bincount(fold_of[codes >= 0], minlength=folds)
    assert labelled.max() - labelled.min() <= k


@SLOWLY
@given(st.integers(0, 2**31 - 1), st.integers(2, 5), st.booleans())
def test_groups_are_never_split(seed, folds, tags):
    rng = np.random.default_rng(seed)
    groups = rng.integers(3 * folds, size=90)
    codes = rng.integers(-1, 3, 90)
    codes[groups == groups[0]] = -1  # a group without any label
    told = (
        Marks(np.where(codes[:, None] < 0, -1, np.eye(3)[codes]))
        if tags
        else Exact.from_codes(codes, range(3))
    )
    names = np.array([f"g{g}" for g in groups])
    fold_of = assign_folds(told, folds, names, seed)
    for g in np.unique(groups):
        assert len(np.unique(fold_of[groups == g])) == 1
    assert set(fold_of) <= set(range(folds))


def test_groups_keep_the_classes_balanced():
    rng = np.random.default_rng(0)
    groups, codes = np.repeat(np.arange(100), 5), np.repeat(rng.integers(2, size=100), 5)
    fold_of = assign_folds(Exact(codes), 5, groups)
    shares = [codes[fold_of == f].mean() for f in range(5)]
    np.testing.assert_allclose(shares, codes.mean(), atol=0.1)


def test_rare_tags_are_spread():
    marks = np.zeros((100, 3), dtype=int)
    marks[:, 0] = 1
    marks[[5, 17, 40, 41, 90], 2] = 1
    fold_of = assign_folds(Marks(marks), 5)
    assert sorted(fold_of[marks[:, 2] == 1]) == [0, 1, 2, 3, 4]


def test_seeds():
    told = Exact(np.arange(60) % 3)
    assert assign_folds(told, 5, random_state=1).tolist() == assign_folds(told, 5, random_state=1).tolist()
    assert assign_folds(told, 5, random_state=1).tolist() != assign_folds(told, 5, random_state=2).tolist()
    drawn = [assign_folds(told, 5, random_state=None).tolist() for _ in range(3)]
    assert drawn[0] != drawn[1] or drawn[1] != drawn[2]


@pytest.mark.parametrize("with_groups", [False, True])
def test_classes_smaller_than_the_folds_still_get_folds(with_groups):
    told = Exact(np.arange(20) // 2)
    groups = np.arange(20) % 7 if with_groups else None
    fold_of = assign_folds(told, 4, groups)
    assert np.bincount(fold_of, minlength=4).min() > 0
    if with_groups:
        assert all(len(set(fold_of[groups == g])) == 1 for g in range(7))
