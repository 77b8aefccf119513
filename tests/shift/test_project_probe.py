"""Few orthogonal directions that predict: what they are, and what a probe on them does."""

import numpy as np
import pytest
from scipy.stats import special_ortho_group
from sklearn.datasets import load_digits, load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from labelwright.errors import DoubtfulInput, InputError
from labelwright.parts import subspaces
from labelwright.shift import OrthogonalFeatureProjector, ProjectAndProbe


@pytest.fixture(scope="module")
def two():
    """Rows of two classes in ten features, some of which predict."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    X = rng.normal(size=(600, 10)) * rng.uniform(0.5, 3, 10)
    X[:, :4] += np.outer(y, [2, -1.5, 1, 0.7])
    return X @ special_ortho_group.rvs(10, random_state=1), y


@pytest.fixture(scope="module")
def ten():
    return load_digits(return_X_y=True)


# Subspaces


def test_bases_are_orthonormal_also_where_directions_nearly_agree():
    rng = np.random.default_rng(0)
    first = subspaces.random_basis(6, 2, rng)
    near = np.column_stack([first[:, 0] + 1e-6 * rng.normal(size=6), first[:, 1], rng.normal(size=(6, 2))])
    basis = subspaces.extended(first, near)
    np.testing.assert_array_equal(basis[:, :2], first)
    np.testing.assert_allclose(basis.T @ basis, np.eye(5), atol=1e-12)  # the second lies in what is there
    assert subspaces.extended(np.empty((6, 0)), rng.normal(size=(6, 9))).shape == (6, 6)
    rows = rng.normal(size=(5, 6))
    np.testing.assert_allclose(subspaces.beside(rows, basis) @ basis, 0, atol=1e-12)


# The projection


@pytest.mark.parametrize("many", ["two", "ten"])
def test_columns_are_orthonormal_and_a_smaller_projection_is_a_part_of_a_larger(request, many):
    X, y = request.getfixturevalue(many)
    large = OrthogonalFeatureProjector(8).fit(X, y)
    np.testing.assert_allclose(large.components_.T @ large.components_, np.eye(8), atol=1e-12)
    small = OrthogonalFeatureProjector(3).fit(X, y)
    np.testing.assert_allclose(small.components_, large.components_[:, :3])
    assert (np.diff(large.round_) >= 0).all()


def test_ten_classes_give_nine_directions_a_round(ten):
    found = OrthogonalFeatureProjector(20).fit(*ten)
    assert np.bincount(found.round_).tolist() == [9, 9, 2]


def test_the_first_direction_is_that_of_the_classifier_and_every_one_predicts(two):
    X, y = two
    found = OrthogonalFeatureProjector(4, C=1.0).fit(X, y)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    weights = LogisticRegression(C=1.0, tol=1e-8).fit(scaled, y).coef_[0]
    assert abs(weights @ found.components_[:, 0]) / np.linalg.norm(weights) > 0.9999
    seen = found.transform(X)
    for column in range(3):
        alone = LogisticRegression().fit(seen[:, [column]], y).score(seen[:, [column]], y)
        assert alone > 0.53, column
    first = [LogisticRegression().fit(seen[:, [c]], y).score(seen[:, [c]], y) for c in (0, 3)]
    assert first[0] > first[1]


def test_turning_the_embedding_changes_nothing(two):
    X, y = two
    turn = special_ortho_group.rvs(10, random_state=2)
    plain = OrthogonalFeatureProjector(3, standardize=False)
    here, there = plain.fit(X, y).transform(X), plain.fit(X @ turn, y).transform(X @ turn)
    signs = np.sign((here * there).sum(axis=0))
    np.testing.assert_allclose(there * signs, here, atol=1e-3)


def test_scaling_a_feature_changes_nothing_when_standardised(two):
    X, y = two
    sizes = 10.0 ** np.arange(-4, 6)
    here = OrthogonalFeatureProjector(3).fit(X, y).transform(X)
    there = OrthogonalFeatureProjector(3).fit(X * sizes + 7, y).transform(X * sizes + 7)
    np.testing.assert_allclose(there, here, atol=1e-4)


def test_where_nothing_predicts_any_more_directions_of_variance_follow():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(50, 3))] * 2)  # the same rows in both classes, but for the first feature
    X[:50, 0], X[50:, 0] = -1, 1
    found = OrthogonalFeatureProjector(3).fit(X, [0] * 50 + [1] * 50)
    assert found.round_.tolist()[0] == 0
    assert found.round_.tolist()[-1] == -1
    np.testing.assert_allclose(np.abs(found.components_[:, 0]), [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(found.components_.T @ found.components_, np.eye(3), atol=1e-12)


def test_the_projector_is_a_transformer_like_others():
    check_estimator(OrthogonalFeatureProjector(1), on_skip=None)


def test_rows_that_hold_fewer_directions_are_told():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(DoubtfulInput, match="hold 4 directions and n_directions=6"):
        found = OrthogonalFeatureProjector(6).fit(np.column_stack([X, X[:, 0] + X[:, 1], np.ones(150)]), y)
    assert found.transform(np.zeros((2, 6))).shape == (2, 4)


# The probe


def test_all_directions_are_a_probe_of_the_whole_embedding(two):
    X, y = two
    model = ProjectAndProbe(10).fit_projection(X[:400], y[:400]).fit(X[400:440], y[400:440])
    scaled = (X - X[:400].mean(axis=0)) / X[:400].std(axis=0)
    whole = LogisticRegression().fit(scaled[400:440], y[400:440])
    np.testing.assert_allclose(model.predict_proba(X[440:]), whole.predict_proba(scaled[440:]), atol=2e-3)


def test_classes_may_be_called_anything_and_labels_may_be_missing(ten):
    X, y = ten
    names = np.array([f"digit {9 - c}" for c in range(10)])
    plain = ProjectAndProbe(9).fit_projection(X[:900], y[:900]).fit(X[900:960], y[900:960])
    told = [None if i % 7 == 0 else names[c] for i, c in enumerate(y[:900])]
    kept = np.arange(900) % 7 != 0
    named = ProjectAndProbe(9).fit_projection(X[:900], names[y[:900]]).fit(X[900:960], names[y[900:960]])
    fewer = ProjectAndProbe(9).fit_projection(X[:900], told).fit(X[900:960], names[y[900:960]])
    same = ProjectAndProbe(9).fit_projection(X[:900][kept], names[y[:900][kept]])
    assert (named.predict(X) == names[plain.predict(X)]).mean() > 0.999
    np.testing.assert_array_equal(
        fewer.predict_proba(X), same.fit(X[900:960], names[y[900:960]]).predict_proba(X)
    )


def test_a_class_without_a_target_row_is_never_predicted(ten):
    X, y = ten
    some = np.flatnonzero(y[:300] < 4)
    model = ProjectAndProbe(9).fit_projection(X[300:], y[300:]).fit(X[some], y[some])
    probs = model.predict_proba(X)
    assert probs.shape == (len(X), 10)
    assert (probs[:, 4:] == 0).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1)


def test_another_target_starts_from_the_same_projection(two):
    X, y = two
    model = ProjectAndProbe(3).fit_projection(X[:400], y[:400])
    once = model.fit(X[400:430], y[400:430]).predict_proba(X)
    model.fit(X[430:460], 1 - y[430:460])
    np.testing.assert_array_equal(model.fit(X[400:430], y[400:430]).predict_proba(X), once)


def test_the_number_of_directions_is_chosen_where_rows_allow_it(two):
    X, y = two
    model = ProjectAndProbe("cv").fit_projection(X[:300], y[:300])
    assert model.fit(X[300:], y[300:]).losses_.keys() == {1, 4}
    assert model.n_directions_ == min(model.losses_, key=model.losses_.get)
    last = OrthogonalFeatureProjector(10).fit(X, y).transform(X)[:, 9] > 0  # a target of another kind
    assert ProjectAndProbe([1, 10]).fit_projection(X, y).fit(X, last.astype(int)).n_directions_ == 10
    with pytest.warns(DoubtfulInput, match="one target row"):
        assert model.fit(X[300:303], y[300:303]).losses_ == {}


def test_a_projection_stands_in_a_pipeline(two):
    X, y = two
    fitted = OrthogonalFeatureProjector(3).fit(X[:400], y[:400])
    pipe = make_pipeline(FrozenEstimator(fitted), LogisticRegression()).fit(X[400:440], y[400:440])
    model = ProjectAndProbe(3).fit_projection(X[:400], y[:400]).fit(X[400:440], y[400:440])
    np.testing.assert_allclose(pipe.predict_proba(X[440:]), model.predict_proba(X[440:]))


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda X, y: ProjectAndProbe(11).fit_projection(X, y), "from 1 to the 10 features"),
        (lambda X, y: OrthogonalFeatureProjector(11).fit(X, y), "more than the 10 features"),
        (lambda X, y: ProjectAndProbe(0).fit_projection(X, y), "from 1 to the 10 features"),
        (lambda X, y: ProjectAndProbe("many").fit_projection(X, y), "or 'cv'"),
        (lambda X, y: ProjectAndProbe(2).fit(X, y), "call fit_projection"),
        (lambda X, y: ProjectAndProbe(2).fit_projection(X, y * 0), "at least 2 classes"),
        (lambda X, y: ProjectAndProbe(2).fit_projection(X, y).fit(X[::2], y[::2]), "at least 2 classes"),
        (lambda X, y: ProjectAndProbe(2).fit_projection(X, y).fit(X[:4], ["a", "b"] * 2), "'a'"),
        (lambda X, y: ProjectAndProbe(2).fit_projection(X, y).fit(X[:, :9], y), "9 features"),
        (lambda X, y: ProjectAndProbe(2).fit_projection(X * np.nan, y), "NaN"),
        (lambda X, y: ProjectAndProbe(2).fit_projection(X, y[:-1]), "600 rows and y 599"),
        (lambda X, y: ProjectAndProbe(2, base_C=0).fit_projection(X, y), "must be above 0"),
        (lambda X, y: ProjectAndProbe(2, probe_C=-1).fit_projection(X, y).fit(X, y), "must be above 0"),
        (lambda X, y: ProjectAndProbe([1, 2], cv=1).fit_projection(X, y).fit(X, y), "cv=1"),
        (lambda X, y: OrthogonalFeatureProjector(1).fit(np.ones_like(X), y), "nothing that varies"),
    ],
)
def test_what_cannot_be_used_is_said(two, break_it, says):
    with pytest.raises(ValueError, match=says) as problem:
        break_it(*two)
    assert isinstance(problem.value, InputError) or says in ("NaN", "9 features")
