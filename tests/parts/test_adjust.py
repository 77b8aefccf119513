"""Adjusting probabilities, the same for NumPy and torch."""

import numpy as np
import pytest

from labelwright.parts import adjust


@pytest.fixture(params=["numpy", "torch"])
def array(request):
    """Makes an array of one of the two namespaces."""
    if request.param == "numpy":
        return np.asarray
    torch = pytest.importorskip("torch", reason="torch is not installed: only NumPy is checked here")
    return torch.asarray


RNG = np.random.default_rng(0)
PROBS = RNG.dirichlet(np.ones(4), 50)
PRIOR, OTHER = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])
CHANNEL = RNG.dirichlet(np.ones(4), 4)
SHIFT = np.array([0.5, -0.2, 0.0, -0.3])
SCALE, MATRIX = np.array([0.5, 1.5, 1.0, 2.0]), RNG.normal(size=(4, 4))

CHANGES = {
    "temperature": lambda p, a: adjust.temperature(p, 0.7),
    "reprior": lambda p, a: adjust.reprior(p, a(PRIOR), a(OTHER)),
    "forward": lambda p, a: adjust.forward(p, a(CHANNEL)),
    "bend": lambda p, a: adjust.bend(p, 1.3, 0.6, a(SHIFT)),
    "affine scale": lambda p, a: adjust.affine(p, a(SCALE), a(SHIFT)),
    "affine matrix": lambda p, a: adjust.affine(p, a(MATRIX), a(SHIFT)),
}


def slow(name, row):
    logs = [np.log(max(p, 1e-6)) for p in row]
    if name == "temperature":
        weights = [np.exp(v / 0.7) for v in logs]
    elif name == "reprior":
        weights = [p * new / old for p, old, new in zip(row, PRIOR, OTHER)]
    elif name == "forward":
        weights = [sum(row[i] * CHANNEL[i, j] for i in range(4)) for j in range(4)]
    elif name == "affine scale":
        weights = [np.exp(w * v + s) for w, v, s in zip(SCALE, logs, SHIFT)]
    elif name == "affine matrix":
        weights = [np.exp(sum(MATRIX[j, i] * logs[i] for i in range(4)) + SHIFT[j]) for j in range(4)]
    else:
        centred = [v - sum(logs) / 4 for v in logs]
        weights = [np.exp(1.3 * np.sign(c) * abs(c) ** 0.6 + s) for c, s in zip(centred, SHIFT)]
    return [w / sum(weights) for w in weights]


@pytest.mark.parametrize("name", CHANGES)
def test_changes_equal_plain_loops(name, array):
    found = np.asarray(CHANGES[name](array(PROBS), array))
    np.testing.assert_allclose(found, [slow(name, row) for row in PROBS], atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("name", CHANGES)
def test_zeros_and_certainties_stay_finite(name, array):
    edge = np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    found = np.asarray(CHANGES[name](array(edge), array))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


@pytest.mark.parametrize("name", CHANGES)
def test_single_precision_stays_single(name):
    single = PROBS.astype(np.float32)
    found = CHANGES[name](single, lambda x: np.asarray(x, dtype=np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, CHANGES[name](PROBS, np.asarray), atol=1e-5)


def test_identities():
    np.testing.assert_allclose(adjust.temperature(PROBS, 1.0), PROBS, atol=2e-6)
    np.testing.assert_allclose(adjust.reprior(PROBS, PRIOR, PRIOR), PROBS)
    np.testing.assert_allclose(adjust.forward(PROBS, np.eye(4)), PROBS)
    np.testing.assert_allclose(adjust.bend(PROBS, 1.0, 1.0, np.zeros(4)), PROBS, atol=2e-6)
    np.testing.assert_allclose(adjust.affine(PROBS, np.eye(4)), PROBS, atol=2e-6)
    np.testing.assert_allclose(adjust.affine(PROBS, 2.0), adjust.temperature(PROBS, 0.5), atol=1e-12)
    np.testing.assert_allclose(
        adjust.affine(PROBS, np.diag(SCALE), SHIFT), adjust.affine(PROBS, SCALE, SHIFT), atol=1e-12
    )
    np.testing.assert_allclose(
        adjust.affine(PROBS, 1.0, np.log(OTHER / PRIOR)), adjust.reprior(PROBS, PRIOR, OTHER), atol=2e-5
    )
    np.testing.assert_allclose(
        adjust.bend(PROBS, 2.0, 1.0, np.zeros(4)), adjust.temperature(PROBS, 0.5), atol=1e-9
    )


def test_there_and_back_again():
    moved = adjust.reprior(PROBS, PRIOR, OTHER)
    assert np.abs(moved - PROBS).max() > 0.1
    np.testing.assert_allclose(adjust.reprior(moved, OTHER, PRIOR), PROBS)


def test_temperature_sharpens_below_one_and_flattens_above():
    top = PROBS.max(axis=1)
    assert (adjust.temperature(PROBS, 0.5).max(axis=1) >= top - 1e-9).all()
    assert (adjust.temperature(PROBS, 2.0).max(axis=1) <= top + 1e-9).all()
    assert (adjust.temperature(PROBS, 0.5).argmax(axis=1) == PROBS.argmax(axis=1)).all()
    np.testing.assert_allclose(adjust.temperature(PROBS, 1e6), 0.25, atol=1e-4)


def test_inputs_are_not_changed():
    kept = PROBS.copy()
    for change in CHANGES.values():
        change(PROBS, np.asarray)
    assert np.array_equal(PROBS, kept)
