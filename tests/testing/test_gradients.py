"""Each check of losses, targets and weights notices a broken promise and says which."""

import sys

import numpy as np
import pytest
from array_api_compat import array_namespace

from labelwright.parts import losses, targets, weights
from labelwright.testing.gradients import check_loss, check_targets, check_weights, soft_batch
from labelwright.testing.promise import ContractError


def broken(check, thing, message, **options):
    with pytest.raises(ContractError, match=message) as caught:
        check(thing, **options)
    assert "\n" not in str(caught.value)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed: only NumPy is checked here")


def is_tensor(array):
    return hasattr(array, "detach")


def meddling(logits, told):
    values = losses.cross_entropy(logits, told)
    told *= 2
    return values


def positioned(logits, told):
    values = losses.cross_entropy(logits, told)
    return values * array_namespace(values).arange(1, len(values) + 1, dtype=values.dtype)


def joined(logits, told):
    values = losses.cross_entropy(logits, told)
    return values + array_namespace(values).mean(values)


def leaking(logits, told, *, groups):
    return losses.proportion(logits, told, groups=groups) + losses.balance(logits)


def naive(logits, told):
    """Overflows."""
    xp = array_namespace(logits)
    p = xp.exp(logits)
    return -xp.sum(told * xp.log(p / xp.sum(p, axis=1, keepdims=True)), axis=1)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            lambda x, t: losses.cross_entropy(x, t).mean(),
            r"losses have shape \(12,\), one per item, but it is \(\)",
        ),
        (lambda x, t: losses.cross_entropy(x, t)[:, None], "losses have shape"),
        (
            lambda x, t: losses.cross_entropy(x.astype(float), t),
            "logits in float32 give losses in float32, but they",
        ),
        (joined, "the items of a batch do not touch each other"),
        (leaking, "the groups of a batch do not touch each other"),
        (positioned, "losses follow their items"),
        (meddling, "must not change targets"),
        (naive, r"losses are finite \(float64\), but logits"),
    ],
)
@pytest.mark.filterwarnings("ignore:(overflow|invalid value|divide by zero):RuntimeWarning")
def test_broken_losses_are_noticed(loss, message):
    broken(check_loss, loss, message)


def test_a_loss_of_the_batch_says_so():
    broken(check_loss, losses.balance, "do not touch each other")
    check_loss(losses.balance, batch=True)
    check_loss(joined, batch=True)


def test_unknown_tags_are_part_of_the_check():
    broken(check_loss, losses.cross_entropy, "losses are finite", tags=True)
    check_loss(losses.binary_cross_entropy, tags=True)


def detached(logits, told):
    return losses.cross_entropy(logits.detach() if is_tensor(logits) else logits, told)


def half_slope(logits, told):
    return losses.cross_entropy((logits + logits.detach()) / 2 if is_tensor(logits) else logits, told)


def in_numpy(logits, told):
    return losses.cross_entropy(np.asarray(logits), np.asarray(told))


def wrong_in_torch(logits, told):
    return losses.cross_entropy(logits, told) * (1.01 if is_tensor(logits) else 1)


def hidden_nan(logits, told):
    """The entropy: values are right, but the branch that is not taken has a slope of NaN."""
    xp = array_namespace(logits)
    p = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    p = p / xp.sum(p, axis=1, keepdims=True)
    return -xp.sum(xp.where(p > 0, p * xp.log(p), xp.zeros_like(p)), axis=1)


IN_TORCH = [
    (detached, "gradients flow from the losses to the logits"),
    (half_slope, r"the gradient equals finite differences, but at \(0, 0\)"),
    (in_numpy, "it takes tensors, but it raised"),
    (wrong_in_torch, "torch and NumPy agree"),
    (hidden_nan, r"the gradient is finite at logits of 10,000 \(float64\)"),
]


@pytest.mark.parametrize(("loss", "message"), IN_TORCH)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_broken_gradients_are_noticed(loss, message, torch):
    broken(check_loss, loss, message)


class NoTorch:
    """Finds torch, and says that it is not there."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError(name)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_without_torch_only_numpy_is_checked(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoTorch, *sys.meta_path])
    for loss, _ in IN_TORCH:
        check_loss(loss)
    check_targets(lambda p: np.asarray(targets.smooth(np.asarray(p), 0.1)))
    broken(check_loss, positioned, "follow")


def in_place(probs):
    probs += 0.0 if is_tensor(probs) else 0.1
    return targets.smooth(probs, 0.1)


def by_position(probs):
    xp = array_namespace(probs)
    share = xp.arange(len(probs), dtype=probs.dtype)[:, None] / len(probs)
    return (1 - share) * probs + share / probs.shape[1]


def underflowing(probs):
    powers = probs**2000
    return powers / array_namespace(probs).sum(powers, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda p: 0.9 * p, r"rows sum to 1, but at \(0,\) stands"),
        (lambda p: 2 * p - 1 / p.shape[1], "no target is negative or NaN, but the smallest is"),
        (underflowing, "no target is negative or NaN, but the smallest is nan"),
        (lambda p: p[:, :2], "targets have shape"),
        (lambda p: targets.smooth(p.astype(float), 0.1), "float32 stays float32, but it becomes float64"),
        (by_position, "targets follow their items"),
        (in_place, "must not change probs"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_broken_targets_are_noticed(function, message):
    broken(check_targets, function, message)


def test_rows_that_look_at_others_say_so():
    def mixed(probs):
        return targets.mix(probs, np.roll(np.arange(12), 1), 0.5)

    broken(check_targets, mixed, "follow their items")
    check_targets(mixed, batch=True)


def test_targets_are_compared_with_torch(torch):
    broken(
        check_targets,
        lambda p: targets.smooth(np.asarray(p), 0.1),
        "a tensor gives a tensor, but it is ndarray",
    )
    broken(check_targets, lambda p: targets.smooth(p, 0.2 if is_tensor(p) else 0.1), "torch and NumPy agree")


def rising(scores):
    return np.nan_to_num(np.clip(scores, 0, 1))


def by_row(scores):
    return np.where(np.isnan(scores), 0, np.arange(len(scores)) / 100)


def overwriting(scores):
    found = weights.threshold(scores, 0.5)
    scores[:] = 0
    return found


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (rising, "becomes more doubtful never weighs more, but from score"),
        (lambda s: 2 * weights.threshold(s, 0.5), r"weights lie in \[0, 1\], but one is"),
        (lambda s: 1 - s, r"weights lie in \[0, 1\], but one is \[nan\]"),
        (lambda s: np.ones(len(s)), "nothing was told weighs 0"),
        (lambda s: weights.threshold(s, 0.5)[:5], "one weight per item"),
        (lambda s: weights.soft_match(s) if len(s) > 6 else np.ones(len(s)), "at all, all weigh 0"),
        (by_row, "weights follow their items"),
        (overwriting, "must not change scores"),
        (lambda codes: np.ones(len(codes)), "nothing was told weighs 0"),
        (lambda s, codes: np.where(codes < 0, 0, s > 0.5), "never weighs more"),
    ],
)
def test_broken_weights_are_noticed(function, message):
    broken(check_weights, function, message)


def test_the_example_has_every_kind_of_target():
    told = soft_batch(np.random.default_rng(0)).targets
    assert ((told == 1).any(axis=1)).sum() == 4
    assert (told[1] == told[1, 0]).all()
    assert ((told == 0) & ((told > 0) & (told < 1)).any(axis=1)[:, None]).any()
    tags = soft_batch(np.random.default_rng(0), tags=True).targets
    assert {0.0, 0.3, 1.0} < set(tags[~np.isnan(tags)].tolist()) | {2}
    assert np.isnan(tags[0]).all()
