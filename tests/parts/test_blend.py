"""A blend fits the told labels at least as well as its best part."""

import numpy as np
import pytest

from labelwright import Exact, InputError, Marks, Soft
from labelwright.parts import blend


def log_loss(probs, codes):
    known = codes >= 0
    return -np.log(np.maximum(probs[known, codes[known]], 1e-12)).mean()


def three_models(seed, n=600, k=4):
    """A good model, an over-confident one with other errors, and a useless one."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)

    def model(strength, scale):
        logits = scale * (rng.normal(size=(n, k)) + strength * np.eye(k)[truth])
        table = np.exp(logits - logits.max(axis=1, keepdims=True))
        return table / table.sum(axis=1, keepdims=True)

    tables = [model(2.0, 1.0), model(1.5, 3.0), rng.dirichlet(np.ones(k), n)]
    return tables, np.where(rng.random(n) < 0.1, -1, truth)


@pytest.mark.parametrize("seed", range(5))
def test_a_blend_never_fits_worse_than_its_best_part(seed):
    tables, codes = three_models(seed)
    pooled, weights = blend(tables, Exact.from_codes(codes, range(4)))
    alone = [log_loss(t, codes) for t in tables]
    assert log_loss(pooled, codes) < min(alone) + 1e-3
    assert log_loss(pooled, codes) < min(alone) - 0.02  # here the second model adds something
    assert weights[2] < 0.2
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_tables_does_not_matter(seed):
    tables, codes = three_models(seed)
    told = Exact.from_codes(codes, range(4))
    pooled, weights = blend(tables, told)
    turned, others = blend([tables[2], tables[0], tables[1]], told)
    np.testing.assert_allclose(turned, pooled, atol=5e-3)
    np.testing.assert_allclose(others[[1, 2, 0]], weights, atol=1e-2)


def test_the_pool_is_the_weighted_product():
    tables, codes = three_models(0)
    pooled, weights = blend(tables[:2], Exact.from_codes(codes, range(4)))
    product = np.maximum(tables[0], 1e-6) ** weights[0] * np.maximum(tables[1], 1e-6) ** weights[1]
    np.testing.assert_allclose(pooled, product / product.sum(axis=1, keepdims=True), atol=1e-5)


def test_weights_are_the_best_there_are():
    tables, codes = three_models(1)
    told = Exact.from_codes(codes, range(4))
    _, weights = blend(tables[:2], told)

    def loss(w):
        product = np.maximum(tables[0], 1e-6) ** w[0] * np.maximum(tables[1], 1e-6) ** w[1]
        return log_loss(product / product.sum(axis=1, keepdims=True), codes) + 1e-4 * np.square(w).sum()

    best = min(loss(weights + d) for d in np.random.default_rng(0).normal(scale=0.05, size=(200, 2)))
    assert loss(weights) <= best + 1e-6


def test_one_table_is_itself():
    tables, codes = three_models(0)
    pooled, weights = blend(tables[:1], Exact.from_codes(codes, range(4)))
    np.testing.assert_allclose(pooled, tables[0], atol=1e-6)
    assert weights.tolist() == [1.0]


def test_tags_are_blended_too():
    rng = np.random.default_rng(0)
    truth = rng.random((300, 3)) < 0.4
    tables = [1 / (1 + np.exp(-(np.where(truth, s, -s) + rng.normal(size=truth.shape)))) for s in (2.0, 1.5)]
    marks = np.where(rng.random(truth.shape) < 0.2, -1, truth)
    pooled, _ = blend(tables, Marks(marks))
    assert pooled.shape == (300, 3)

    def loss(p):
        return -np.log(np.where(marks == 1, p, 1 - p)[marks >= 0]).mean()

    assert loss(pooled) < min(loss(t) for t in tables) - 0.01


def test_many_rows_are_drawn_from_and_the_seed_decides():
    tables, codes = three_models(0, n=25_000)
    told = Exact.from_codes(codes, range(4))
    same = [blend(tables[:2], told)[1] for _ in range(2)]
    assert same[0].tolist() == same[1].tolist()
    other = blend(tables[:2], told, rng=np.random.default_rng(9))[1]
    np.testing.assert_allclose(other, same[0], atol=0.1)


def test_zeros_do_not_break_the_product():
    table = np.eye(3)[[0, 1, 2, 0]]
    pooled, _ = blend([table, np.full((4, 3), 1 / 3)], [0, 1, 2, 1])
    assert np.isfinite(pooled).all()


def test_bad_input_is_named():
    tables, codes = three_models(0)
    with pytest.raises(InputError, match=r"tables\[1\] has shape \(600, 3\), expected \(600, 4\)"):
        blend([tables[0], tables[1][:, :3]], Exact.from_codes(codes, range(4)))
    with pytest.raises(InputError, match="told holds no label"):
        blend(tables, Exact.from_codes(np.full(600, -1), range(4)))
    with pytest.raises(InputError, match="not Soft"):
        blend(tables, Soft(tables[0]))
