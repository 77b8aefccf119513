"""Two items at once, and corrections of low rank."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from labelwright.errors import InputError  # noqa: E402
from labelwright.nets import MLP, Epoch, LowRank, Twin, seeded  # noqa: E402


@pytest.fixture
def layer():
    return seeded(lambda: torch.nn.Linear(7, 4), 3)


def test_it_begins_as_the_layer_and_merging_is_the_explicit_sum(layer):
    x = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    wrapped = LowRank(layer, rank=2)
    torch.testing.assert_close(wrapped(x), layer(x))
    with torch.no_grad():
        wrapped.down.copy_(torch.randn(7, 2, generator=torch.Generator().manual_seed(1)))
    down, up, before = wrapped.down.detach().clone(), wrapped.up.detach().clone(), wrapped(x)
    wrapped.merge()
    torch.testing.assert_close(wrapped.base.weight, layer.weight + (down @ up).T)
    torch.testing.assert_close(wrapped(x), before)
    assert (wrapped.down == 0).all()
    assert not torch.equal(wrapped.up, up)  # another direction next time


def test_only_the_thin_matrices_learn_and_a_step_is_the_projected_gradient(layer):
    x = torch.randn(6, 7, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 1, 2, 3, 0, 1])
    full = torch.nn.Linear(7, 4)
    full.load_state_dict(layer.state_dict())
    torch.nn.functional.cross_entropy(full(x), y).backward()
    wrapped = LowRank(layer, rank=2)
    assert [n for n, p in wrapped.named_parameters() if p.requires_grad] == ["down", "up"]
    up = wrapped.up.detach().clone()
    torch.nn.functional.cross_entropy(wrapped(x), y).backward()
    assert (wrapped.up.grad == 0).all()
    torch.optim.SGD([wrapped.down, wrapped.up], lr=0.5).step()
    wrapped.merge()
    step = full.weight.grad.T @ up.T @ up  # the gradient of W, kept to the span of A
    torch.testing.assert_close(wrapped.base.weight, (layer.weight.T - 0.5 * step).T)


def test_on_average_the_step_is_the_gradient(layer):
    drawn = torch.stack([LowRank(layer, 2, s).up.detach() for s in range(4000)])
    mean = (drawn.transpose(1, 2) @ drawn).mean(dim=0)
    torch.testing.assert_close(mean, torch.eye(4), atol=0.08, rtol=0)


def test_the_layer_given_stays_as_it_was(layer):
    weight = layer.weight.detach().clone()
    epoch = Epoch(LowRank(layer), np.ones((8, 7)), device="cpu", show=False)
    epoch(np.eye(4)[np.arange(8) % 2])
    epoch.net.merge()
    torch.testing.assert_close(layer.weight, weight)
    assert layer.weight.requires_grad


def test_a_twin_sees_each_item_as_the_net_does():
    net = seeded(lambda: MLP(5, 3, hidden=(8, 4)), 0)
    pairs = torch.randn(6, 2, 5, generator=torch.Generator().manual_seed(0))
    found = Twin(net)(pairs)
    (one, left), (two, right) = (net(pairs[:, i], return_features=True) for i in (0, 1))
    torch.testing.assert_close(found[:, :3], one)
    torch.testing.assert_close(found[:, 3:6], two)
    torch.testing.assert_close(found[:, 6], (left - right).pow(2).sum(dim=1).sqrt())


def test_a_pair_of_one_item_has_a_finite_slope():
    net = seeded(lambda: MLP(5, 3, hidden=(4,)), 0)
    item = torch.ones(2, 5)
    Twin(net)(torch.stack([item, item], dim=1))[:, -1].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


def test_items_may_be_renewed_and_training_goes_on():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)).astype(np.float32), np.eye(2)[np.arange(40) % 2]

    def made(items):
        return Epoch(seeded(lambda: MLP(3, 2, hidden=(4,)), 0), items, epochs=4, device="cpu", show=False)

    steady, moved = made(X), made(X[:5])
    steady(y)
    moved.renew(X)
    moved(y)
    np.testing.assert_array_equal(steady.predict(X), moved.predict(X))
    moved.renew(X[:7])
    assert moved(y[:7]).shape == (7, 2)
    assert len(moved.history) == 2
    grouped = Epoch(MLP(3, 2), X, groups=np.arange(40) // 4, device="cpu", show=False)
    with pytest.raises(InputError, match="groups"):
        grouped.renew(X)
