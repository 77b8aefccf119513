"""What lets nets change while they are used, and learn task after task without touching what is held."""

import numpy as np
import pytest
import torch
from torch import nn

from labelwright.errors import InputError
from labelwright.nets import (
    MLP,
    AdaptedHead,
    BatchStatistics,
    Corrected,
    Epoch,
    RelevanceConv2d,
    RelevanceLinear,
    SmallCNN,
    TaskNet,
    fisher,
    hold,
    seeded,
)
from labelwright.nets.relevance import relevance_layers
from labelwright.parts import losses


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def state(net):
    return {name: part.detach().clone() for name, part in net.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_step_is_one_of_the_optimizer():
    x, q = drawn(6, 4), torch.eye(3)[[0, 1, 2, 0, 1, 2]]
    net, twin = (seeded(lambda: MLP(4, 3, hidden=(5,))) for _ in range(2))

    def sgd(p):
        return torch.optim.SGD(p, lr=0.1)

    epoch = Epoch(net, np.zeros((0, 4)), optimizer=sgd, schedule=None, device="cpu")
    losses_seen = [epoch.step(x, q.numpy(), weights=[1, 1, 1, 1, 1, 0]) for _ in range(3)]
    for expected in losses_seen:
        loss = losses.cross_entropy(twin(x), q)[:5].sum() / 6  # weights average 1 over rows that have any
        assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
        slopes = torch.autograd.grad(loss, list(twin.parameters()))
        with torch.no_grad():
            for part, slope in zip(twin.parameters(), slopes):
                part -= 0.1 * slope
    torch.testing.assert_close(net(x), twin(x))
    assert epoch.steps == 3
    assert not epoch.history


def test_steps_go_on_from_a_file(tmp_path):
    def made():
        return Epoch(seeded(lambda: MLP(4, 3, dropout=0.5)), np.zeros((0, 4)), device="cpu")

    x, q = drawn(6, 4), np.eye(3)[[0, 1, 2, 0, 1, 2]]
    one, other = made(), made()
    one.step(x, q)
    one.save(tmp_path / "one")
    one.step(x, q)
    other.load(tmp_path / "one")
    other.step(x, q)
    assert same(state(one.net), state(other.net))


def test_what_a_step_refuses():
    grouped = Epoch(MLP(4, 3), np.zeros((2, 4)), groups=[0, 0], device="cpu")
    with pytest.raises(InputError, match="groups"):
        grouped.step(drawn(2, 4), np.eye(3)[:2])
    wild = Epoch(MLP(4, 3), np.zeros((0, 4)), loss=lambda logits, t: logits[:, 0] * np.inf, device="cpu")
    with pytest.raises(InputError, match="step 1"):
        wild.step(drawn(2, 4), np.eye(3)[:2])


def test_batch_statistics_are_those_of_training_and_leave_the_net_alone():
    net = seeded(lambda: SmallCNN(1, 3, 8, width=8, norm="batch"))
    x = drawn(40, 1, 8, 8) * 3 + 1
    for _ in range(60):
        net.train()(x)  # learns the statistics of this very batch
    known, before = net.eval()(x), state(net)
    shifted = BatchStatistics(net)
    with torch.no_grad():
        torch.testing.assert_close(shifted(x), known, atol=0.05, rtol=0.05)
        torch.testing.assert_close(shifted.train()(5 * x), shifted.eval()(x), atol=1e-2, rtol=1e-2)
    assert same(before, state(net))
    with pytest.raises(InputError, match="batch of 1"):
        shifted(x[:1])
    with pytest.raises(InputError, match="no batch normalisation"):
        BatchStatistics(MLP(4, 3))
    with pytest.raises(InputError, match="norm='layer'"):
        SmallCNN(1, 3, 8, norm="layer")


@pytest.mark.parametrize("delta_weights", [True, False])
def test_an_untrained_adapted_head_is_the_head_to_the_bit(delta_weights):
    head = seeded(lambda: nn.Linear(7, 3))
    adapted = seeded(lambda: AdaptedHead(head, 10, delta_weights=delta_weights))
    features = drawn(20, 7)
    for degree in (-1.5, -1.0, 0.0, 1.0):
        found = adapted(torch.cat([features, torch.full((20, 1), degree)], dim=1))
        assert torch.equal(found, head(features))


def test_an_adapted_head_is_its_formula():
    head = seeded(lambda: nn.Linear(4, 3))
    adapted = seeded(lambda: AdaptedHead(head, 5))
    nn.init.normal_(adapted.out.weight, generator=torch.Generator().manual_seed(1))
    x = drawn(6, 5)
    found = adapted(x)
    for row, logits in zip(x, found):
        out = adapted.out(adapted.body(row[None, -1:]))[0]
        scale, shift, bias, weight = out[:4], out[4:8], out[8:11], out[11:].view(3, 4)
        expected = (head.weight + weight) @ ((1 + scale) * row[:4] + shift) + head.bias + bias
        torch.testing.assert_close(logits, expected)


def test_corrected_logits_carry_slopes():
    net = Corrected(MLP(4, 3), lambda logits, features: logits * 2)
    net(drawn(2, 4)).sum().backward()
    assert all(part.grad is not None for part in net.parameters())


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD, torch.optim.AdamW])
def test_what_is_held_stays_to_the_bit(optimizer):
    options = {"momentum": 0.9} if optimizer is torch.optim.SGD else {"weight_decay": 0.1}
    weight = nn.Parameter(drawn(5, 4))
    mask = drawn(5, 4, seed=1) > 0
    free = optimizer([weight], lr=0.1, **options)
    (weight**2).sum().backward()
    free.step()  # momentum now points somewhere
    before = weight.detach().clone()
    held = hold(free, lambda: [(weight, mask)])
    for _ in range(3):
        held.zero_grad()
        (weight**2).sum().backward()
        held.step()
    assert torch.equal(weight[mask], before[mask])
    assert (weight[~mask] != before[~mask]).all()


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (lambda: RelevanceLinear(6, 4, tasks=2), drawn(5, 6)),
        (lambda: RelevanceConv2d(2, 3, tasks=2), drawn(5, 2, 6, 6)),
    ],
)
def test_a_closed_task_does_not_see_what_others_change(make, x):
    layer = seeded(make)
    layer.begin()
    layer.prune()
    layer.close()
    before, used = layer(x), layer.used.clone()
    assert 0 < used.float().mean() < 0.6
    layer.begin()
    with torch.no_grad():
        layer.weight[~used] += 100.0
    assert not torch.equal(layer(x), before)
    layer.task = 0
    assert torch.equal(layer(x), before)
    layer.close()
    assert (layer.used >= used).all()
    with pytest.raises(InputError, match="2 tasks"):
        layer.begin()


def test_pruning_leaves_a_weight():
    layer = seeded(lambda: RelevanceLinear(3, 2))
    with torch.no_grad():
        layer.relevance.fill_(0.55)
    layer.prune()
    assert int((layer.relevance > 0.5).sum()) == 1


def test_layers_that_would_forget_are_refused():
    with pytest.raises(InputError, match=r"1.bias is shared|1.weight is shared"):
        relevance_layers(nn.Sequential(RelevanceLinear(3, 2), nn.Linear(2, 2)))
    with pytest.raises(InputError, match="no RelevanceLinear"):
        relevance_layers(nn.Flatten())
    with pytest.raises(InputError, match="tasks=0"):
        RelevanceLinear(3, 2, tasks=0)


def test_heads_of_tasks_stand_side_by_side():
    net = seeded(lambda: TaskNet(nn.Linear(4, 5), 5))
    net.add(2), net.add(3)
    x = drawn(6, 4)
    apart = [net.at(t)(x) for t in range(2)]
    torch.testing.assert_close(net.at(None)(x), torch.cat(apart, dim=1))
    with pytest.raises(InputError, match="task=2"):
        net.at(2)


def test_fisher_is_that_of_logistic_regression():
    net = seeded(lambda: nn.Linear(3, 2))
    x = drawn(400, 3)
    found = fisher(net, x, torch.Generator().manual_seed(0))
    p = net(x).softmax(dim=1).detach()
    exact = torch.einsum("n,nd->d", p[:, 0] * p[:, 1], x**2) / len(x)  # p (1 - p) x^2, for either row
    torch.testing.assert_close(found["weight"], exact.expand(2, 3), rtol=0.25, atol=0.02)
    assert all((part >= 0).all() for part in found.values())
