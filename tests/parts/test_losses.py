"""Losses: against plain loops, limits and enumeration; the contract of the role, for NumPy and torch."""

import itertools
from functools import partial
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import InputError
from labelwright.parts import losses
from labelwright.testing.gradients import check_loss, soft_batch

QUICK = settings(derandomize=True, deadline=None, max_examples=40)


@pytest.fixture(params=["numpy", "torch"])
def array(request):
    """Makes an array of one of the two namespaces."""
    if request.param == "numpy":
        return np.array
    torch = pytest.importorskip("torch", reason="torch is not installed: only NumPy is checked here")
    return torch.tensor


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed: gradients are not checked here")


CHANNEL = np.array([[0.7, 0.1, 0.1, 0.1], [0.0, 1.0, 0.0, 0.0], [0.2, 0.0, 0.8, 0.0], [0.1, 0.2, 0.3, 0.4]])
CLASSES = {
    "cross_entropy": losses.cross_entropy,
    "generalised_cross_entropy": losses.generalised_cross_entropy,
    "generalised_cross_entropy q=1": partial(losses.generalised_cross_entropy, q=1.0),
    "generalised_cross_entropy q=1e-9": partial(losses.generalised_cross_entropy, q=1e-9),
    "symmetric_cross_entropy": losses.symmetric_cross_entropy,
    "symmetric_cross_entropy hard": partial(losses.symmetric_cross_entropy, alpha=6, beta=0.1, floor=-9.0),
    "focal": losses.focal,
    "focal gamma=0.5": partial(losses.focal, gamma=0.5),
    "focal gamma=0": partial(losses.focal, gamma=0.0),
    "forward_corrected": partial(losses.forward_corrected, channel=CHANNEL),
    "backward_corrected": partial(losses.backward_corrected, channel=CHANNEL),
    "entropy": losses.entropy,
    "proportion": losses.proportion,
}
TAGS = {
    "binary_cross_entropy": losses.binary_cross_entropy,
    "asymmetric": losses.asymmetric,
    "asymmetric without clip": partial(losses.asymmetric, clip=0.0),
    "asymmetric below 1": partial(losses.asymmetric, gamma_pos=0.5, gamma_neg=0.5, clip=0.2),
    "asymmetric without powers": partial(losses.asymmetric, gamma_pos=0.0, gamma_neg=0.0),
}
EXAMPLE, TAGGED = soft_batch(np.random.default_rng(5)), soft_batch(np.random.default_rng(6), tags=True)


@pytest.mark.parametrize("name", CLASSES)
def test_losses_keep_the_contract(name):
    check_loss(CLASSES[name])


@pytest.mark.parametrize("name", TAGS)
def test_losses_of_tags_keep_the_contract(name):
    check_loss(TAGS[name], tags=True)
    check_loss(TAGS[name])


def test_the_term_of_the_batch_keeps_the_contract():
    check_loss(losses.balance, batch=True)


def softmax(row):
    top = max(row)
    total = sum(exp(v - top) for v in row)
    return [exp(v - top) / total for v in row]


def slow(name, row, told):
    """One item, from the formula in the docstring."""
    p = softmax(row)
    k = range(len(p))
    if name == "cross_entropy":
        return -sum(told[j] * log(p[j]) for j in k)
    if name.startswith("generalised_cross_entropy"):
        q = {"q=1": 1.0, "q=1e-9": None}.get(name.partition(" ")[2], 0.7)
        return sum(told[j] * ((1 - p[j] ** q) / q if q else -log(p[j])) for j in k)
    if name.startswith("symmetric_cross_entropy"):
        alpha, beta, floor = (6, 0.1, -9) if "hard" in name else (0.1, 1, -4)
        logs = [max(log(t), floor) if t > 0 else floor for t in told]
        return -sum(alpha * told[j] * log(p[j]) + beta * p[j] * logs[j] for j in k)
    if name.startswith("focal"):
        gamma = {"gamma=0": 0.0, "gamma=0.5": 0.5}.get(name.partition(" ")[2], 2.0)
        return -sum(told[j] * (1 - p[j]) ** gamma * log(p[j]) for j in k)
    if name == "forward_corrected":
        return -sum(told[j] * log(sum(p[i] * CHANNEL[i, j] for i in k)) for j in k)
    if name == "backward_corrected":
        inverse = np.linalg.inv(CHANNEL)
        return -sum(told[j] * inverse[j, i] * log(p[i]) for i in k for j in k)
    return -sum(v * log(v) for v in p)


@pytest.mark.parametrize("name", [name for name in CLASSES if name != "proportion"])
def test_losses_equal_plain_loops(name, array):
    found = CLASSES[name](array(EXAMPLE.logits), array(EXAMPLE.targets))
    expected = [slow(name, *row) for row in zip(EXAMPLE.logits, EXAMPLE.targets)]
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-7, atol=1e-7)


def slow_tags(row, told, gamma_pos=0.0, gamma_neg=0.0, clip=0.0):
    parts = []
    for x, t in zip(row, told):
        if t >= 0:
            s = 1 / (1 + exp(-x))
            m = max(s - clip, 0)
            parts.append(-t * (1 - s) ** gamma_pos * log(s) - (1 - t) * m**gamma_neg * log(1 - m))
    return sum(parts) / len(parts) if parts else 0.0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("binary_cross_entropy", {}),
        ("asymmetric", {"gamma_pos": 1, "gamma_neg": 4, "clip": 0.05}),
        ("asymmetric without clip", {"gamma_pos": 1, "gamma_neg": 4}),
        ("asymmetric below 1", {"gamma_pos": 0.5, "gamma_neg": 0.5, "clip": 0.2}),
        ("asymmetric without powers", {"clip": 0.05}),
    ],
)
def test_losses_of_tags_equal_plain_loops(name, options, array):
    found = TAGS[name](array(TAGGED.logits), array(TAGGED.targets))
    expected = [slow_tags(*row, **options) for row in zip(TAGGED.logits, TAGGED.targets)]
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-12)
    assert found[0] == 0
    assert np.asarray(found)[1:].min() > 0


def test_known_values():
    flat = np.zeros((1, 4))
    one = np.eye(4)[:1]
    assert losses.cross_entropy(flat, one) == pytest.approx(log(4))
    assert losses.generalised_cross_entropy(flat, one, q=0.5) == pytest.approx(1.0)
    assert losses.symmetric_cross_entropy(flat, one, alpha=0, beta=1) == pytest.approx(3.0)
    assert losses.focal(flat, one) == pytest.approx(0.75**2 * log(4))
    assert losses.entropy(flat) == pytest.approx(log(4))
    assert losses.binary_cross_entropy(flat, one) == pytest.approx(log(2))
    assert losses.cross_entropy(flat, 0 * one) == 0


@pytest.mark.parametrize("name", ["generalised_cross_entropy", "focal", "asymmetric"])
def test_limits_are_the_plain_losses(name, array):
    logits, told = array(EXAMPLE.logits), array(EXAMPLE.targets)
    limit, plain = {
        "generalised_cross_entropy": (
            partial(losses.generalised_cross_entropy, q=1e-10),
            losses.cross_entropy,
        ),
        "focal": (partial(losses.focal, gamma=0.0), losses.cross_entropy),
        "asymmetric": (
            partial(losses.asymmetric, gamma_pos=0.0, gamma_neg=0.0, clip=0.0),
            losses.binary_cross_entropy,
        ),
    }[name]
    np.testing.assert_allclose(np.asarray(limit(logits, told)), np.asarray(plain(logits, told)), atol=1e-8)


def test_generalised_cross_entropy_is_bounded_and_ends_at_half_the_absolute_error():
    logits, one = np.array([[-1e4, 0.0, 3.0], [1.0, 2.0, 3.0]]), np.eye(3)[:2]
    for q in (0.1, 0.7, 1.0):
        assert losses.generalised_cross_entropy(logits, one, q=q)[0] == pytest.approx(1 / q)
    p = np.array([softmax(row) for row in logits])
    np.testing.assert_allclose(
        losses.generalised_cross_entropy(logits, one, q=1.0), np.abs(p - one).sum(axis=1) / 2
    )


@QUICK
@given(st.integers(0, 10**6), st.integers(2, 6), st.floats(-50, 50))
def test_only_differences_of_logits_count(seed, k, shift):
    example = soft_batch(np.random.default_rng(seed), 5, k)
    for loss in (losses.cross_entropy, losses.generalised_cross_entropy, losses.focal, losses.entropy):
        moved = loss(example.logits + shift, example.targets)
        np.testing.assert_allclose(moved, loss(example.logits, example.targets), atol=1e-9)


@QUICK
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_cross_entropy_is_least_at_its_targets(seed, k):
    rng = np.random.default_rng(seed)
    told, other = rng.dirichlet(np.ones(k), 8), rng.dirichlet(np.ones(k), 8)
    best = losses.cross_entropy(np.log(told), told)
    np.testing.assert_allclose(best, losses.entropy(np.log(told)))
    assert (losses.cross_entropy(np.log(other), told) >= best - 1e-12).all()


@QUICK
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_backward_correction_is_unbiased(seed, k):
    """Its mean over what the channel may tell is the loss at the truth."""
    rng = np.random.default_rng(seed)
    channel = 0.6 * np.eye(k) + 0.4 * rng.dirichlet(np.ones(k), k)
    logits = 2 * rng.normal(size=(1, k))
    for truth in range(k):
        told = [losses.backward_corrected(logits, np.eye(k)[[t]], channel=channel)[0] for t in range(k)]
        clean = losses.cross_entropy(logits, np.eye(k)[[truth]])[0]
        assert channel[truth] @ told == pytest.approx(clean, abs=1e-9)


def test_backward_correction_may_be_negative():
    logits, channel = np.array([[6.0, 0.0]]), np.array([[0.8, 0.2], [0.2, 0.8]])
    found = losses.backward_corrected(logits, np.eye(2)[:1], channel=channel)
    expected = (0.8 * losses.cross_entropy(logits, np.eye(2)[:1]) - 0.2 * (log(1 + exp(6)))) / 0.6
    np.testing.assert_allclose(found, expected)
    assert found[0] < -1.9


def test_corrections_with_the_identity_change_nothing(array):
    logits, told = array(EXAMPLE.logits), array(EXAMPLE.targets)
    plain = np.asarray(losses.cross_entropy(logits, told))
    for corrected in (losses.forward_corrected, losses.backward_corrected):
        np.testing.assert_allclose(np.asarray(corrected(logits, told, channel=np.eye(4))), plain)


def test_forward_correction_is_least_at_the_truth():
    """Minimised over the predictions, in the mean over the channel, it finds the true probabilities."""
    truth, grid = np.array([0.7, 0.3]), np.linspace(0.01, 0.99, 99)
    channel = np.array([[0.9, 0.1], [0.4, 0.6]])
    told = np.tile(truth @ channel, (99, 1))
    logits = np.log(np.column_stack([grid, 1 - grid]))
    assert grid[losses.forward_corrected(logits, told, channel=channel).argmin()] == pytest.approx(0.7)
    assert grid[losses.cross_entropy(logits, told).argmin()] == pytest.approx(0.75)


def test_a_channel_can_be_learned(torch):
    channel = torch.tensor(CHANNEL, requires_grad=True)
    for loss in (losses.forward_corrected, losses.backward_corrected):
        channel.grad = None
        loss(torch.tensor(EXAMPLE.logits), torch.tensor(EXAMPLE.targets), channel=channel).sum().backward()
        slope = channel.grad.numpy()
        for place in itertools.product(range(4), range(4)):
            step = np.zeros((4, 4))
            step[place] = 1e-5
            up, down = (
                loss(EXAMPLE.logits, EXAMPLE.targets, channel=CHANNEL + s).sum() for s in (step, -step)
            )
            assert slope[place] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-5)


def test_balance_is_the_term_of_the_paper(array):
    p = np.array([softmax(row) for row in EXAMPLE.logits])
    found = losses.balance(array(EXAMPLE.logits))
    assert tuple(found.shape) == (12,)
    np.testing.assert_allclose(np.asarray(found), -np.log(p.mean(axis=0)).mean())
    certain = np.array([[1e4, 0.0, 0.0]] * 3)
    np.testing.assert_allclose(np.asarray(losses.balance(array(certain))), -2 * log(1e-6) / 3)
    np.testing.assert_allclose(np.asarray(losses.balance(array(1e4 * np.eye(3)))), log(3))
    assert losses.balance(np.zeros((0, 3))).shape == (0,)


def test_proportion_equals_loops_over_the_bags(array):
    """And, for two classes, the loss of the card: c log m + (1 - c) log(1 - m)."""
    rng = np.random.default_rng(1)
    logits, groups = rng.normal(size=(9, 2)), np.array([3, 3, 8, 8, 8, 3, -1, 4, 8])
    share = {3: 0.5, 8: 0.25, -1: 0.9, 4: 1.0}
    told = np.array([[share[g], 1 - share[g]] for g in groups])
    found = np.asarray(losses.proportion(array(logits), array(told), groups=array(groups)))
    for item, g in enumerate(groups):
        m = np.mean([softmax(row)[0] for row in logits[groups == g]])
        expected = -share[g] * log(m) - (1 - share[g]) * log(1 - m) if g >= 0 else 0.0
        assert found[item] == pytest.approx(expected)


@QUICK
@given(st.integers(0, 10**6), st.integers(2, 5))
def test_proportion_of_groups_of_one_is_cross_entropy(seed, k):
    example = soft_batch(np.random.default_rng(seed), 7, k)
    ids = np.random.default_rng(seed).permutation(7)
    found = losses.proportion(example.logits, example.targets, groups=ids)
    np.testing.assert_allclose(found, losses.cross_entropy(example.logits, example.targets))


def test_proportion_takes_any_rows_with_the_right_mean():
    logits = EXAMPLE.logits[:4]
    mean = np.tile(np.eye(4)[[0, 1, 1, 2]].mean(axis=0), (4, 1))
    np.testing.assert_allclose(
        losses.proportion(logits, np.eye(4)[[0, 1, 1, 2]], groups=np.zeros(4, int)),
        losses.proportion(logits, mean, groups=[5, 5, 5, 5]),
    )


@pytest.mark.parametrize("loss", TAGS.values(), ids=TAGS)
def test_unknown_tags_are_left_out(loss, torch):
    logits = torch.tensor([[0.5, -1.0, 2.0], [0.5, -1.0, 3.0], [1.0, 1.0, 1.0]], requires_grad=True)
    marks = torch.tensor([[1, 0, -1], [1, 0, -1], [-1, -1, -1]], dtype=torch.int8)
    values = loss(logits, marks)
    values.sum().backward()
    unknown = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 1]], dtype=bool)
    assert not logits.grad.numpy()[unknown].any()
    assert logits.grad.numpy()[~unknown].all()
    assert values[0] == values[1]
    assert values[2] == 0
    as_nan = torch.where(marks < 0, torch.nan, marks.float())
    assert torch.equal(loss(logits, as_nan), values)


def test_asymmetric_forgets_easy_negatives():
    s = np.array([0.01, 0.04, 0.06, 0.5])
    logits = np.log(s / (1 - s))[:, None]
    found = losses.asymmetric(logits, np.zeros((4, 1)))
    assert not found[:2].any()
    assert 0 < found[2] < found[3]
    np.testing.assert_allclose(found[3], -(0.45**4) * log(0.55))


def test_the_slope_at_logits_of_exactly_zero(torch):
    """A new network often starts there; the usual stable formula has a wrong slope at this point."""
    logits = torch.zeros((1, 2), requires_grad=True)
    losses.binary_cross_entropy(logits, torch.tensor([[1.0, 0.0]])).sum().backward()
    np.testing.assert_allclose(logits.grad.numpy(), [[-0.25, 0.25]])
    logits.grad = None
    losses.cross_entropy(logits, torch.tensor([[1.0, 0.0]])).sum().backward()
    np.testing.assert_allclose(logits.grad.numpy(), [[-0.5, 0.5]])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_raised(dtype, torch):
    logits = torch.tensor(EXAMPLE.logits).to(getattr(torch, dtype)).requires_grad_()
    found = losses.cross_entropy(logits, torch.tensor(EXAMPLE.targets))
    assert found.dtype == torch.float32
    found.sum().backward()
    assert torch.isfinite(logits.grad).all()
    np.testing.assert_allclose(
        found.detach().numpy(), losses.cross_entropy(EXAMPLE.logits, EXAMPLE.targets), atol=0.05
    )


def test_numpy_targets_go_with_torch_logits(torch):
    logits, frozen = torch.tensor(EXAMPLE.logits, dtype=torch.float32), EXAMPLE.targets[::-1]
    frozen.flags.writeable = False
    found = losses.cross_entropy(logits, frozen)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, losses.cross_entropy(EXAMPLE.logits, frozen), rtol=1e-5)
    marks = np.array([[1, 0, -1, 1]] * 12, dtype=np.int8)
    np.testing.assert_allclose(
        losses.binary_cross_entropy(logits, marks),
        losses.binary_cross_entropy(EXAMPLE.logits, marks),
        rtol=1e-5,
    )


@pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated"
)  # torch itself, at its first forward derivative
def test_they_work_under_the_transforms_of_torch(torch):
    """Meta-gradients use torch.func: a gradient per item, and a forward derivative."""
    logits, told = torch.tensor(EXAMPLE.logits), torch.tensor(EXAMPLE.targets)
    for name in ("cross_entropy", "generalised_cross_entropy", "focal", "forward_corrected"):
        loss = CLASSES[name]

        def one(row, target, loss=loss):
            return loss(row[None], target[None])[0]

        slopes = torch.func.vmap(torch.func.grad(one))(logits, told)
        whole = torch.func.grad(lambda x, loss=loss: loss(x, told).sum())(logits)
        np.testing.assert_allclose(slopes.numpy(), whole.numpy(), atol=1e-12)
        _, forward = torch.func.jvp(lambda x, loss=loss: loss(x, told), (logits,), (whole,))
        np.testing.assert_allclose(forward.numpy(), (whole * whole).sum(dim=1).numpy(), atol=1e-10)


def test_targets_may_carry_gradients(torch):
    told = torch.tensor(EXAMPLE.targets, requires_grad=True)
    losses.cross_entropy(torch.tensor(EXAMPLE.logits), told).sum().backward()
    expected = -np.log([softmax(row) for row in EXAMPLE.logits])
    np.testing.assert_allclose(told.grad.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, t: losses.cross_entropy(x, t[:, :2]), r"targets have shape \(12, 2\).*one-hot"),
        (lambda x, t: losses.cross_entropy(x, t.argmax(axis=1)), r"targets have shape \(12,\)"),
        (lambda x, t: losses.entropy(x[0]), r"logits have shape \(4,\)"),
        (lambda x, t: losses.generalised_cross_entropy(x, t, q=0), r"q=0 must lie in \(0, 1\]"),
        (lambda x, t: losses.generalised_cross_entropy(x, t, q=1.5), "q=1.5"),
        (lambda x, t: losses.symmetric_cross_entropy(x, t, alpha=-1.0), "alpha=-1.0"),
        (lambda x, t: losses.symmetric_cross_entropy(x, t, floor=0.0), "floor=0.0"),
        (lambda x, t: losses.focal(x, t, gamma=-2), "gamma=-2"),
        (lambda x, t: losses.focal(x, t, gamma=float("nan")), "gamma=nan"),
        (lambda x, t: losses.asymmetric(x, t, clip=1.0), "clip=1.0 must be below 1"),
        (lambda x, t: losses.balance(x, floor=0), "floor=0 "),
        (lambda x, t: losses.forward_corrected(x, t, channel=np.eye(3)), r"channel has shape \(3, 3\)"),
        (lambda x, t: losses.backward_corrected(x, t, channel=np.full((4, 4), 0.25)), "has no inverse"),
        (lambda x, t: losses.proportion(x, t, groups=[0, 1]), r"groups have shape \(2,\)"),
    ],
)
def test_what_is_refused(call, message, array):
    logits, told = array(EXAMPLE.logits), array(EXAMPLE.targets)
    with pytest.raises(InputError, match=message):
        call(logits, told)
