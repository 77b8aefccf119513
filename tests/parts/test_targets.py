"""Targets: against plain loops and identities; the contract of the role, for NumPy and torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.parts import adjust, targets
from labelwright.parts.arrays import as_like
from labelwright.testing.gradients import check_targets, soft_batch

QUICK = settings(derandomize=True, deadline=None, max_examples=40)


@pytest.fixture(params=["numpy", "torch"])
def array(request):
    """Makes an array of one of the two namespaces."""
    if request.param == "numpy":
        return np.array
    torch = pytest.importorskip("torch", reason="torch is not installed: only NumPy is checked here")
    return torch.tensor


PROBS = soft_batch(np.random.default_rng(2)).targets
OTHER = np.random.default_rng(3).dirichlet(np.ones(4), 12)
ORDER = np.random.default_rng(4).permutation(12)
SHARE = np.random.default_rng(5).random(12)
SEEN, WANTED = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4])

ROWS = {
    "smooth": lambda p: targets.smooth(p, 0.2),
    "smooth 1": lambda p: targets.smooth(p, 1),
    "sharpen": lambda p: targets.sharpen(p, 0.5),
    "sharpen cold": lambda p: targets.sharpen(p, 1e-3),
    "sharpen hot": lambda p: targets.sharpen(p, 50.0),
    "harden": targets.harden,
    "distil": lambda p: targets.distil(p, targets.smooth(p, 0.5), 0.3, temperature=2.0),
    "top": lambda p: targets.top(p, 2),
    "top 1": lambda p: targets.top(p, 1),
    "top all": lambda p: targets.top(p, 9),
    "align": lambda p: targets.align(p, SEEN),
    "align wanted": lambda p: targets.align(p, SEEN, WANTED),
    "ensemble": lambda p: targets.ensemble(targets.smooth(p, 0.5), p, 0.9),
}


@pytest.mark.parametrize("name", ROWS)
def test_targets_keep_the_contract(name):
    check_targets(ROWS[name])


@pytest.mark.parametrize("share", [0.3, 0, 1, SHARE])
def test_mixing_keeps_the_contract(share):
    check_targets(lambda p: targets.mix(p, ORDER, share), batch=True)


def normalised(row):
    return [v / sum(row) for v in row]


def slow(name, item):
    row, other = PROBS[item], OTHER[item]
    k = len(row)
    largest = sorted(range(k), key=lambda j: (-row[j], j))
    return {
        "smooth": [0.8 * v + 0.2 / k for v in row],
        "sharpen": normalised([v**2 for v in row]),
        "harden": [float(j == largest[0]) for j in range(k)],
        "mix": [(1 - SHARE[item]) * a + SHARE[item] * b for a, b in zip(row, PROBS[ORDER[item]])],
        "distil": [0.7 * a + 0.3 * b for a, b in zip(row, normalised(np.sqrt(other)))],
        "top": normalised([row[j] if j in largest[:2] else 0.0 for j in range(k)]),
        "align": normalised([v / s for v, s in zip(row, SEEN)]),
        "align wanted": normalised([v * w / s for v, s, w in zip(row, SEEN, WANTED)]),
        "ensemble": [0.9 * a + 0.1 * b for a, b in zip(other, row)],
    }[name]


CALLS = {
    "smooth": lambda p, a: targets.smooth(p, 0.2),
    "sharpen": lambda p, a: targets.sharpen(p, 0.5),
    "harden": lambda p, a: targets.harden(p),
    "mix": lambda p, a: targets.mix(p, a(ORDER), a(SHARE)),
    "distil": lambda p, a: targets.distil(p, a(OTHER), 0.3, temperature=2.0),
    "top": lambda p, a: targets.top(p, 2),
    "align": lambda p, a: targets.align(p, a(SEEN)),
    "align wanted": lambda p, a: targets.align(p, a(SEEN), a(WANTED)),
    "ensemble": lambda p, a: targets.ensemble(a(OTHER), p, 0.9),
}


@pytest.mark.parametrize("name", CALLS)
def test_targets_equal_plain_loops(name, array):
    expected = [slow(name, item) for item in range(len(PROBS))]
    np.testing.assert_allclose(np.asarray(CALLS[name](array(PROBS), array)), expected, atol=1e-12)
    # what stands beside may be NumPy
    np.testing.assert_allclose(np.asarray(CALLS[name](array(PROBS), np.asarray)), expected, atol=1e-12)


def test_ends_and_identities():
    np.testing.assert_array_equal(targets.smooth(PROBS, 0), PROBS)
    np.testing.assert_allclose(targets.smooth(PROBS, 1), 0.25)
    np.testing.assert_allclose(targets.sharpen(PROBS, 1.0), PROBS, atol=1e-15)
    np.testing.assert_array_equal(targets.mix(PROBS, ORDER, 1), PROBS[ORDER])
    np.testing.assert_array_equal(targets.mix(PROBS, ORDER, 0), PROBS)
    np.testing.assert_array_equal(
        targets.mix(PROBS, ORDER, np.float64(0.25)), targets.mix(PROBS, ORDER, 0.25)
    )
    np.testing.assert_allclose(targets.distil(PROBS, OTHER, 1.0), OTHER)
    np.testing.assert_allclose(
        targets.distil(PROBS, OTHER, SHARE)[3], PROBS[3] + SHARE[3] * (OTHER - PROBS)[3]
    )
    np.testing.assert_allclose(targets.top(PROBS, 4), PROBS)
    np.testing.assert_array_equal(targets.top(PROBS, 1), targets.harden(PROBS))
    np.testing.assert_allclose(targets.ensemble(OTHER, PROBS, 0.0), PROBS)


@QUICK
@given(st.integers(0, 10**6), st.floats(0.2, 5.0))
def test_sharpening_is_the_temperature_of_adjust_where_nothing_is_tiny(seed, temperature):
    probs = 0.9 * np.random.default_rng(seed).dirichlet(np.ones(4), 6) + 0.025
    found = targets.sharpen(probs, temperature)
    np.testing.assert_allclose(found, adjust.temperature(probs, temperature), atol=1e-12)
    np.testing.assert_allclose(targets.sharpen(found, 1 / temperature), probs, atol=1e-9)


def test_sharpening_keeps_zeros_and_ends_at_hardening():
    for temperature in (0.01, 0.5, 2.0):
        np.testing.assert_array_equal(targets.sharpen(PROBS, temperature) == 0, PROBS == 0)
    clear = OTHER[np.diff(np.sort(OTHER, axis=1)[:, -2:], axis=1)[:, 0] > 0.1]
    assert len(clear) > 3
    np.testing.assert_allclose(targets.sharpen(clear, 1e-3), targets.harden(clear), atol=1e-9)


def test_of_equals_the_first_stay(array):
    flat = array([[0.25, 0.25, 0.25, 0.25], [0.1, 0.4, 0.1, 0.4]])
    np.testing.assert_array_equal(np.asarray(targets.harden(flat)), [[1, 0, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_allclose(
        np.asarray(targets.top(flat, 3)), [[1 / 3] * 3 + [0], [1 / 9, 4 / 9, 0, 4 / 9]]
    )


def test_aligning_ends_at_the_wanted_balance():
    """Repeated with the running mean of what comes out, the mean of the rows is the wanted one."""
    probs = 0.5 * OTHER + 0.125
    ratio = np.ones(4)
    for _ in range(200):
        aligned = targets.align(probs, 1 / ratio, np.ones(4))
        ratio *= WANTED / aligned.mean(axis=0)
    np.testing.assert_allclose(aligned.mean(axis=0), WANTED, atol=1e-8)
    np.testing.assert_allclose(targets.align(probs, WANTED, WANTED), probs)


def test_aligning_survives_a_class_never_seen(array):
    found = np.asarray(targets.align(array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]), array([0.5, 0.5, 0.0])))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0], [0, 0, 1]])


def test_an_ensemble_from_the_first_predictions_is_the_corrected_one():
    """The paper divides by 1 - momentum ** epoch; ours starts on the simplex and weighs the start more."""
    epochs = np.random.default_rng(0).dirichlet(np.ones(3), (30, 5))
    ours, raw = epochs[0], np.zeros((5, 3))
    for probs in epochs:
        ours, raw = targets.ensemble(ours, probs, 0.6), 0.6 * raw + 0.4 * probs
    np.testing.assert_allclose(ours, raw / (1 - 0.6**30), atol=1e-5)
    np.testing.assert_allclose(ours, raw + 0.6**30 * epochs[0])


def test_whole_numbers_become_floats(array):
    one_hot = array(np.eye(3, dtype=np.int64))
    np.testing.assert_allclose(np.asarray(targets.smooth(one_hot, 0.3)), 0.7 * np.eye(3) + 0.1, atol=1e-7)
    np.testing.assert_allclose(np.asarray(targets.mix(one_hot, [1, 2, 0], 0.5)).sum(axis=1), 1)


def test_gradients_flow():
    torch = pytest.importorskip("torch", reason="torch is not installed: gradients are not checked here")
    inside = torch.tensor(0.9 * OTHER + 0.025, requires_grad=True)
    for name, function in ROWS.items():
        if name == "harden":
            continue
        assert torch.autograd.gradcheck(function, (inside,)), name
    share = torch.tensor(SHARE, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: targets.mix(inside, ORDER, s), (share,))


def test_a_value_beside_an_array_takes_its_kind(array):
    like = array(np.zeros(2, dtype=np.float32))
    for value in (0.5, [1, 2], np.arange(2)[::-1], array([1.0, 2.0])):
        found = as_like(value, like)
        assert type(found) is type(like)
        assert found.dtype == like.dtype


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: targets.smooth(p, 1.5), r"rate=1.5 must lie in \[0, 1\]"),
        (lambda p: targets.smooth(p[0], 0.1), r"targets have shape \(4,\).*one-hot"),
        (lambda p: targets.sharpen(p, 0), "temperature=0 must be positive; for one-hot rows use harden"),
        (lambda p: targets.mix(p, ORDER, -0.5), "share=-0.5"),
        (lambda p: targets.mix(p, ORDER, SHARE[:3]), r"shape \(3,\), expected a number or \(12,\)"),
        (lambda p: targets.distil(p, p, 2), "weight=2"),
        (lambda p: targets.top(p, 0), "count=0 must be at least 1"),
        (lambda p: targets.align(p, SEEN[:2]), r"seen has shape \(2,\), expected \(4,\)"),
        (lambda p: targets.align(p, SEEN, [1.0]), r"wanted has shape \(1,\)"),
        (lambda p: targets.ensemble(p, p, 1.01), "momentum=1.01"),
    ],
)
def test_what_is_refused(call, message, array):
    with pytest.raises(InputError, match=message):
        call(array(PROBS))
