"""The elastic penalty: its formula, NumPy and torch alike, and its slope."""

import numpy as np
import pytest

from labelwright.errors import InputError
from labelwright.parts import penalties

RNG = np.random.default_rng(0)
V, A, F = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.random((3, 4))


def test_it_is_a_sum_of_weighed_squares():
    slow = sum(F[i, j] * (V[i, j] - A[i, j]) ** 2 / 2 for i in range(3) for j in range(4))
    assert float(penalties.elastic(V, A, F)) == pytest.approx(slow)
    assert float(penalties.elastic(A, A, F)) == 0


def test_torch_agrees_and_its_slope_is_importance_times_move():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    values = torch.tensor(V, requires_grad=True)
    found = penalties.elastic(values, A, F)
    found.backward()
    assert float(found.detach()) == pytest.approx(float(penalties.elastic(V, A, F)))
    np.testing.assert_allclose(values.grad.numpy(), F * (V - A), rtol=1e-12)


def test_shapes_must_be_alike():
    with pytest.raises(InputError, match="must be alike"):
        penalties.elastic(V, A[:2], F)
