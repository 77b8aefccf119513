"""Which kind of change is it? No change is seldom taken for one, and each kind is told where it can be."""

import numpy as np
import pytest

from labelwright import InputError
from labelwright.shift import kind_of_shift

CENTRES = np.array([[0.0, 1.2], [1.1, -0.8], [-1.1, -0.8]])


def drawn(n, q, rng, move=0.0):
    """Rows of three classes; those of the first class are moved aside."""
    codes = rng.choice(3, n, p=q)
    X = rng.normal(size=(n, 2)) + 1.5 * CENTRES[codes]
    X[codes == 0, 0] += move
    probs = np.exp(-0.5 * ((X[:, None] - 1.5 * CENTRES) ** 2).sum(axis=2))
    return X, probs / probs.sum(axis=1, keepdims=True), codes


EVEN, OTHER = np.full(3, 1 / 3), np.array([0.6, 0.3, 0.1])


@pytest.mark.parametrize("features", [False, True])
def test_no_change_is_seldom_taken_for_one(features):
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        (X, probs, codes), (new, said, _) = drawn(250, EVEN, rng), drawn(200, EVEN, rng)
        given = {"X_source": X, "X_target": new} if features else {}
        found.append(kind_of_shift(probs, codes, said, n_draws=100, random_state=seed, **given))
    assert sum(one.verdict != "none" for one in found) <= 7  # 3 are to be expected
    for name in ("any_change", "priors", "within"):
        values = np.array([getattr(one, name) for one in found])
        assert (values < 0.2).mean() < 0.36  # 0.2 is to be expected
        assert values.min() > 0


def test_another_balance_alone_is_told():
    verdicts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        (X, probs, codes), (new, said, _) = drawn(300, EVEN, rng), drawn(300, OTHER, rng)
        verdicts.append(kind_of_shift(probs, codes, said, X_source=X, X_target=new, n_draws=200).verdict)
    assert verdicts.count("label") >= 17


def test_other_items_are_told_by_their_features():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        (X, probs, codes), (new, said, labels) = drawn(600, EVEN, rng), drawn(600, OTHER, rng, move=2.0)
        found = kind_of_shift(probs, codes, said, X_source=X, X_target=new)
        assert found.verdict == "both"
        assert "assumes that items within classes are as they were" in found.limits[0]
        told = [int(c) if i < 200 else None for i, c in enumerate(labels)]
        assert kind_of_shift(probs, codes, said, X_source=X, X_target=new, y_target=told).verdict == "both"


def test_labels_of_new_rows_decide():
    moved, mixed = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        (X, probs, codes), (new, said, labels) = drawn(400, EVEN, rng), drawn(400, EVEN, rng, move=2.0)
        given = {"X_source": X, "n_draws": 150, "random_state": seed}
        found = kind_of_shift(probs, codes, said, X_target=new, y_target=labels, **given)
        moved.append(found.verdict)
        assert "rest on the 400 labels" in found.limits[0]
        new, said, labels = drawn(400, OTHER, rng)
        mixed.append(kind_of_shift(probs, codes, said, X_target=new, y_target=labels, **given).verdict)
    assert moved.count("covariate") >= 10  # the estimate alone would say "both", as it leans on the items
    assert mixed.count("label") >= 10


def test_what_cannot_be_told_is_said():
    rng = np.random.default_rng(1)
    _, probs, codes = drawn(300, EVEN, rng)
    _, said, _ = drawn(300, OTHER, rng)
    found = kind_of_shift(probs, codes, said)
    assert found.verdict == "label"
    assert "cannot be told from one" in found.limits[0]
    assert "give features too" in found.limits[1]


def test_large_tables_are_sampled_and_the_seed_decides(monkeypatch):
    monkeypatch.setattr("labelwright.shift.kinds.MOST_ROWS", 100)
    rng = np.random.default_rng(2)
    (_, probs, codes), (_, said, _) = drawn(400, EVEN, rng), drawn(400, OTHER, rng)
    assert kind_of_shift(probs, codes, said) == kind_of_shift(probs, codes, said)
    missing = [None if i == 3 else int(c) for i, c in enumerate(codes)]
    assert kind_of_shift(probs, missing, said).verdict in ("label", "none", "unclear")


def test_input_that_does_not_fit_is_named():
    rng = np.random.default_rng(3)
    X, probs, codes = drawn(50, EVEN, rng)
    for options, says in (
        ({"level": 2}, "level=2"),
        ({"n_draws": 5}, "n_draws=5"),
        ({"X_source": X}, "give both or none"),
        ({"X_source": X[:9], "X_target": X}, "50 rows"),
        ({"y_target": [0]}, "50 rows and y_target 1"),
        ({"y_target": ["x"] * 50}, "not among"),
    ):
        with pytest.raises(InputError, match=says):
            kind_of_shift(probs, codes, probs, **options)
