"""The epoch: a plain loop written out, weights, groups, views, resuming to the bit, and what goes wrong."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from scipy import sparse
from sklearn.datasets import load_digits
from torch import nn

from labelwright.errors import InputError
from labelwright.nets import GCN, MLP, EarlyStopping, Epoch, Nodes, normalised, seeded, views
from labelwright.nets.batches import batches, share
from labelwright.nets.pace import cosine
from labelwright.nets.seeds import seed_of
from labelwright.parts import losses

N, D, K = 23, 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)).astype(np.float32)
Q = RNG.dirichlet(np.ones(K), size=N).astype(np.float32)


def net(seed=0, dropout=0.0):
    return seeded(lambda: MLP(D, K, hidden=(6,), dropout=dropout), seed)


def epoch(module=None, items=X, **options):
    return Epoch(net() if module is None else module, items, **{"device": "cpu", **options})


def weights_of(module):
    return torch.cat([part.detach().ravel() for part in module.parameters()])


def add_one(x, generator):
    return x + 1


def double(x, generator):
    return 2 * x


def surprise(logits, targets):
    return -(targets * logits.log_softmax(dim=1)).sum(dim=1)


def batches_of(seed, done, size, rows=None, groups=None):
    """The batches that an epoch with this seed visits."""
    order = torch.Generator().manual_seed(seed_of(seed, done))
    return batches(np.arange(N) if rows is None else rows, size, order, groups)


def plain(module, epochs, *, planned, lr=2e-3, size=8, loss_of, seed=0):
    """The loop without the house: AdamW, half a cosine, batches as `batches_of` says."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=lr, weight_decay=0.01)
    history = []
    for done in range(epochs):
        plan, total = batches_of(seed, done, size), 0.0
        for i, rows in enumerate(plan):
            share = min(1, (done + i / len(plan)) / planned)
            optimizer.param_groups[0]["lr"] = lr * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
            optimizer.zero_grad()
            loss = loss_of(module, torch.from_numpy(X[rows]), rows).mean()
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(rows)
        history.append(total / N)
    with torch.no_grad():
        return module(torch.from_numpy(X)).softmax(dim=1).numpy(), history


def test_an_epoch_is_the_plain_loop():
    ours = epoch(epochs=3, batch_size=8)
    for _ in range(4):  # one more than planned
        probs = ours(Q)
    expected, history = plain(
        net(), 4, planned=3, loss_of=lambda module, x, rows: surprise(module(x), torch.from_numpy(Q[rows]))
    )
    np.testing.assert_allclose(probs, expected, atol=1e-6)
    np.testing.assert_allclose(ours.history, history, rtol=1e-5)
    assert probs.dtype == np.float32
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)


def test_views_terms_and_the_weak_view_too():
    ours = epoch(
        views=(add_one, double, views.identity), terms=((losses.entropy, 0.3), (losses.balance, 0.2)),
        weak_too=True, batch_size=8, epochs=2,
    )  # fmt: skip
    probs = ours(Q)

    def loss_of(module, x, rows):
        q = torch.from_numpy(Q[rows])
        each = [surprise(module(seen), q) for seen in (x + 1, 2 * x, x)]
        p = module(x + 1).softmax(dim=1)
        entropy = -(p * p.log()).sum(dim=1)
        return sum(each) / 3 + 0.3 * entropy - 0.2 * p.mean(dim=0).log().mean()

    expected, history = plain(net(), 1, planned=2, loss_of=loss_of)
    np.testing.assert_allclose(probs, expected, atol=1e-6)
    np.testing.assert_allclose(ours.history, history, rtol=1e-5)


@pytest.mark.parametrize("terms", [(), ((lambda logits: 0 * logits[:, 0], 1.0),)])
def test_targets_made_in_the_batch_from_the_weak_view(terms):
    seen = []

    def answer(rows, probs):
        seen.append(rows)
        assert isinstance(probs, np.ndarray)
        sharp = probs**2 * (Q[rows] > 0.2)
        return (sharp + 1e-3) / (sharp + 1e-3).sum(axis=1, keepdims=True)

    def loss_of(module, x, rows):
        with torch.no_grad():
            p = module(x + 1).softmax(dim=1).numpy()
        return surprise(module(2 * x), torch.from_numpy(answer(rows, p)).float())

    probs = epoch(views=(add_one, double), terms=terms, batch_size=8, epochs=2)(answer)
    assert sorted(np.concatenate(seen)) == list(range(N))
    expected, _ = plain(net(), 1, planned=2, loss_of=loss_of)
    np.testing.assert_allclose(probs, expected, atol=1e-6)


def test_without_a_schedule_the_rate_stays_and_an_optimizer_of_ones_own_is_used():
    def sgd(parameters):
        return torch.optim.SGD(parameters, lr=0.5)

    ours = epoch(optimizer=sgd, schedule=None, batch_size=N, epochs=1)
    ours(Q)
    probs = ours(Q)
    module, items, q = net(), torch.from_numpy(X), torch.from_numpy(Q)
    for _ in range(2):
        for part, slope in zip(
            module.parameters(),
            torch.autograd.grad(surprise(module(items), q).mean(), list(module.parameters())),
        ):
            part.data -= 0.5 * slope
    np.testing.assert_allclose(probs, module(items).softmax(dim=1).detach().numpy(), atol=1e-5)


def test_rows_of_weight_zero_are_as_if_they_were_not_there():
    weights = np.where(np.arange(N) % 3 == 0, 0.0, 2.0)
    kept = weights > 0
    ours, less = epoch(batch_size=N), epoch(items=X[kept], batch_size=N)
    for _ in range(3):
        probs, fewer = ours(Q, weights), less(Q[kept])
    np.testing.assert_allclose(probs[kept], fewer, atol=1e-5)
    np.testing.assert_allclose(ours.history, less.history, rtol=1e-5)
    assert probs.shape == (N, K)


def test_a_weight_of_two_is_a_row_twice():
    weights = np.where(np.arange(N) < 5, 2.0, 1.0)
    twice = np.concatenate([np.arange(N), np.arange(5)])
    ours, more = epoch(batch_size=99), epoch(items=X[twice], batch_size=99)
    for _ in range(3):
        probs, doubled = ours(Q, weights), more(Q[twice])
    np.testing.assert_allclose(probs, doubled[:N], atol=1e-5)


def test_rows_of_weight_zero_are_not_visited():
    visited = []
    weights = np.arange(N) % 2

    def answer(rows, probs):
        visited.extend(rows)
        return Q[rows]

    epoch(batch_size=4)(answer, weights)
    assert sorted(visited) == np.flatnonzero(weights).tolist()


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 6), st.integers(1, 3), st.integers(0, 99))
def test_batches_hold_every_row_once_and_whole_groups(n, size, n_groups, world, seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(-1, n_groups, size=n)
    rows = np.flatnonzero(rng.random(n) < 0.8)
    generator = torch.Generator().manual_seed(seed)
    even, whole = batches(rows, size, generator), batches(rows, size, generator, groups)
    assert sorted(np.concatenate([*even, []])) == rows.tolist()
    assert sorted(np.concatenate([*whole, []])) == rows.tolist()
    assert all(len(batch) <= size for batch in even)
    assert len(even) < 2 or max(map(len, even)) - min(map(len, even)) <= 1
    home = {}
    for i, batch in enumerate(whole):
        named = [g for g in groups[batch] if g >= 0]
        assert len(batch) <= size or len(set(named)) == 1 == len(set(groups[batch]))
        assert all(home.setdefault(g, i) == i for g in named)
        shares = [share(batch, rank, world, groups) for rank in range(world)]
        assert sorted(np.concatenate(shares)) == sorted(batch)
        where = {g: {r for r in range(world) if g in groups[shares[r]]} for g in set(named)}
        assert all(len(ranks) == 1 for ranks in where.values())


def test_a_loss_over_groups_gets_the_groups_of_its_batch():
    groups = np.array([7, 7, 7, 2, 2, 9, 9, 9, 9, -1, -1, *[4] * (N - 11)])
    seen = []

    def noted(logits, targets, *, groups, rows):
        seen.append((groups.tolist(), rows.tolist()))
        return losses.proportion(logits, targets, groups=groups)

    epoch(loss=noted, groups=groups, batch_size=5)(Q)
    assert all(np.array_equal(groups[rows], told) for told, rows in seen)
    for group in (7, 2, 9, 4):
        assert sum(group in told for told, _ in seen) == 1
    assert len(seen) > 2


def test_proportions_alone_teach_the_classes():
    rng = np.random.default_rng(1)
    y = rng.integers(2, size=240)
    items = (np.eye(2)[y] * 3 + rng.normal(size=(240, 2))).astype(np.float32)
    bags = np.arange(240) // 4
    told = np.stack([np.eye(2)[y][bags == b].mean(axis=0) for b in bags])
    ours = Epoch(
        seeded(lambda: MLP(2, 2, hidden=(8,))), items, loss=losses.proportion, groups=bags, lr=0.02,
        batch_size=40, device="cpu",
    )  # fmt: skip
    for _ in range(15):
        probs = ours(told)
    assert (probs.argmax(axis=1) == y).mean() > 0.9


def test_the_same_seed_gives_the_same_bits_and_torch_and_numpy_stay_as_they_were():
    def run(seed):
        ours = epoch(net(dropout=0.5), views=(views.identity, views.jitter), batch_size=8, random_state=seed)
        ours(Q)
        return ours(Q)

    torch_before, numpy_before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = run(3)
    torch.manual_seed(99)  # nobody else's randomness matters
    moved = torch.random.get_rng_state()
    np.testing.assert_array_equal(first, run(3))
    assert torch.equal(torch.random.get_rng_state(), moved)
    torch.random.set_rng_state(torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    assert not np.array_equal(first, run(4))
    assert not np.array_equal(run(None), run(None))


def test_epochs_differ_in_their_order_views_and_dropout():
    drawn = []

    def noted(x, generator):
        drawn.append((x.clone(), torch.rand(1, generator=generator), torch.rand(1)))
        return x

    ours = epoch(views=(views.identity, noted), batch_size=N)
    ours(Q)
    ours(Q)
    one, two = drawn
    assert not torch.equal(one[0], two[0])
    assert one[1] != two[1]
    assert one[2] != two[2]
    assert one[1] != one[2]


class Counting(torch.optim.SGD):
    """An optimiser that counts its steps in a plain number."""

    def step(self, closure=None):
        for part in self.param_groups[0]["params"]:
            count = self.state[part]["count"] = self.state[part].get("count", 0) + 1
            part.grad /= count
        super().step()


@pytest.mark.parametrize(
    "optimizer",
    [
        None,
        partial(Counting, lr=0.1, momentum=0.9),
        partial(torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True),
        partial(torch.optim.SGD, lr=0.1),
        partial(torch.optim.Adam, lr=0.01, amsgrad=True),
    ],
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_resumed_run_equals_an_uninterrupted_one_to_the_bit(tmp_path, optimizer, at):
    def fresh(seed):
        return epoch(
            net(seed, dropout=0.3), views=(views.identity, views.jitter), batch_size=8, epochs=5,
            optimizer=optimizer, random_state=seed,
        )  # fmt: skip

    whole = fresh(1)
    for done in range(5):
        if done == at:
            whole.save(tmp_path / "run.safetensors")
        probs = whole(Q)
    resumed = fresh(2)  # other weights, another seed: all comes from the file
    resumed(Q)
    resumed.load(tmp_path / "run.safetensors")
    for _ in range(at, 5):
        again = resumed(Q)
    np.testing.assert_array_equal(again, probs)
    assert torch.equal(weights_of(resumed.net), weights_of(whole.net))
    assert resumed.history == whole.history


def test_tied_and_counted_state_survives_the_file(tmp_path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.norm = nn.Linear(D, D), nn.BatchNorm1d(D)
            self.two, self.out = nn.Linear(D, D), nn.Linear(D, K)
            self.two.weight = self.one.weight

        def forward(self, x):
            return self.out(self.two(self.norm(self.one(x))))

    whole, resumed = (epoch(seeded(Tied, s)) for s in (1, 2))
    whole(Q)
    whole.save(tmp_path / "a")
    resumed.load(tmp_path / "a")
    np.testing.assert_array_equal(whole(Q), resumed(Q))


def test_a_file_that_is_not_ours_says_so(tmp_path):
    saved = epoch()
    saved(Q)
    saved.save(tmp_path / "good")
    assert [path.name for path in tmp_path.iterdir()] == ["good"]
    (tmp_path / "text").write_text("no tensors here")
    save_file({"net.a": torch.zeros(1)}, tmp_path / "bare")
    with pytest.raises(InputError, match="is no safetensors file"):
        saved.load(tmp_path / "text")
    with pytest.raises(InputError, match="holds tensors but no training"):
        saved.load(tmp_path / "bare")
    with pytest.raises(FileNotFoundError):
        saved.load(tmp_path / "missing")
    other = epoch(seeded(lambda: MLP(D, K, hidden=(7,))))
    before = weights_of(other.net)
    with pytest.raises(InputError, match=r"another net: hidden.0.0.bias is \(6,\) there and \(7,\) here"):
        other.load(tmp_path / "good")
    with pytest.raises(InputError, match="is missing there and"):
        epoch(seeded(lambda: MLP(D, K, hidden=(6, 6)))).load(tmp_path / "good")

    def apart(parameters):
        return torch.optim.AdamW([{"params": parameters[:1]}, {"params": parameters[1:]}])

    with pytest.raises(InputError, match=r"parameter groups of \[4\] tensors, here they have \[1, 3\]"):
        epoch(optimizer=apart).load(tmp_path / "good")
    assert torch.equal(weights_of(other.net), before)
    with safe_open(tmp_path / "good", framework="pt") as file:
        assert "net.out.weight" in file.keys()  # noqa: SIM118


def test_predict_and_features_are_the_net_at_rest():
    module = net(dropout=0.5)
    ours = epoch(module, batch_size=4)
    ours(Q)
    many = np.tile(X, (60, 1))  # more than one block
    probs, features = ours.predict(many), ours.features(many)
    module.eval()
    logits, expected = module(torch.from_numpy(many), return_features=True)
    np.testing.assert_allclose(probs, logits.softmax(dim=1).detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(features, expected.detach().numpy(), atol=1e-6)
    assert ours.predict(np.empty((0, D))).shape == (0, K)


def test_tags_go_through_a_sigmoid_and_may_be_unknown():
    marks = (X[:, :K] > X[:, 1:]).astype(np.float32)
    told = np.arange(N * K).reshape(N, K) % 5 > 0
    unknown = np.where(told, marks, -1)
    unknown[0, 0] = np.nan
    ours = epoch(loss=losses.binary_cross_entropy, link=torch.sigmoid, lr=0.05, batch_size=N)
    for _ in range(60):
        probs = ours(unknown)
    assert ((probs > 0.5) == marks)[told].mean() > 0.9
    assert abs(probs.sum(axis=1) - 1).max() > 0.1


def test_clipping_bounds_the_step():
    def sgd(parameters):
        return torch.optim.SGD(parameters, lr=1.0)

    ours = epoch(items=100 * X, optimizer=sgd, clip=0.01, batch_size=N, schedule=None)
    before = weights_of(ours.net)
    ours(Q)
    assert float((weights_of(ours.net) - before).norm()) == pytest.approx(0.01, rel=1e-3)


def test_frozen_weights_stay():
    module = net()
    module.hidden.requires_grad_(False)
    before = weights_of(module.hidden)
    ours = epoch(module)
    ours(Q)
    assert torch.equal(weights_of(module.hidden), before)


def test_a_graph_trains_through_its_nodes():
    links = np.zeros((N, N))
    links[np.arange(N - 1), np.arange(1, N)] = 1
    y = np.arange(N) // 8
    module = seeded(lambda: Nodes(GCN(D, K, dropout=0.0), X, normalised(links + links.T)))
    ours = Epoch(module, np.arange(N), batch_size=N, lr=0.05, epochs=60, device="cpu")
    for _ in range(60):
        probs = ours(np.eye(K)[y], weights=np.arange(N) % 2)
    assert (probs.argmax(axis=1) == y).mean() > 0.8
    assert ours.features(np.array([2, 5])).shape == (2, 64)


def test_reduced_precision_through_fabric():
    from lightning_fabric import Fabric

    half = epoch(device=Fabric(accelerator="cpu", precision="bf16-mixed"), batch_size=8)
    full = epoch(batch_size=8)
    for _ in range(5):
        coarse, fine = half(Q), full(Q)
    assert coarse.dtype == np.float32
    np.testing.assert_allclose(coarse, fine, atol=0.02)
    assert not np.array_equal(coarse, fine)


def test_a_memory_map_is_read_in_place(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    ours = epoch(items=mapped)
    assert np.shares_memory(ours.X.numpy(), mapped)
    np.testing.assert_array_equal(ours(Q), epoch()(Q))


def test_the_cosine_ends_at_a_hundredth():
    assert cosine(0) == 1
    assert cosine(1) == pytest.approx(0.01)
    assert cosine(7) == cosine(1)
    assert all(cosine(a / 10) > cosine((a + 1) / 10) for a in range(10))


def test_early_stopping_restores_the_best_weights():
    module = net()
    stop = EarlyStopping(module, patience=2, least=0.05)
    kept = {}
    answers = []
    for i, value in enumerate([0.5, 0.8, 0.84, 0.7]):
        with torch.no_grad():
            module.out.bias += 1
        kept[i] = weights_of(module)
        answers.append(stop(value))
    assert answers == [False, False, False, True]
    stop.restore()
    assert torch.equal(weights_of(module), kept[1])
    assert (stop.best, stop.best_epoch) == (0.8, 1)
    with pytest.raises(InputError, match="epoch 4 is NaN"):
        stop(math.nan)
    with pytest.raises(InputError, match="patience=0"):
        EarlyStopping(module, patience=0)


def test_it_learns_digits():
    items, y = load_digits(return_X_y=True)
    items, train = (items / 16).astype(np.float32), np.random.default_rng(0).permutation(len(y))
    train, test = train[:1078], train[1078:]
    ours = Epoch(seeded(lambda: MLP(64, 10)), items[train], epochs=15, batch_size=64, device="cpu")
    for _ in range(15):
        ours(np.eye(10)[y[train]])
    assert (ours.predict(items[test]).argmax(axis=1) == y[test]).mean() > 0.93


def test_a_loss_that_is_not_finite_names_epoch_and_batch():
    calls = []

    def broken(logits, targets):
        calls.append(1)
        return surprise(logits, targets) * (math.inf if len(calls) == 5 else 1)

    ours = epoch(loss=broken, batch_size=8)  # three batches an epoch
    ours(Q)
    with pytest.raises(InputError, match=r"the loss is inf in epoch 2, batch 2 of 3 \(first row \d+\)"):
        ours(Q)
    assert torch.isfinite(weights_of(ours.net)).all()
    with pytest.raises(InputError, match="the loss is nan in epoch 1, batch 1"):
        epoch(batch_size=N)(np.where(np.arange(N)[:, None] == 3, np.nan, Q))


def test_a_net_gone_astray_is_not_believed():
    module = net()
    ours = epoch(module)
    module.out.bias.data[0] = math.nan
    with pytest.raises(InputError, match="no finite numbers for 23 rows"):
        ours.predict(X)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: epoch(views=(views.identity,)), "views has 1 entries"),
        (lambda: epoch(schedule="step"), "schedule='step' must be 'cosine' or None"),
        (lambda: epoch(batch_size=0), "batch_size=0"),
        (lambda: epoch(lr=0.1, optimizer=torch.optim.Adam), "lr=0.1 is the rate of the default"),
        (lambda: epoch(loss=losses.proportion), "proportion looks at groups"),
        (lambda: epoch(groups=[1, 2]), r"groups have shape \(2,\)"),
        (lambda: epoch(groups=["a"] * N), "dtype <U1"),
        (lambda: epoch(items=np.where(np.arange(N)[:, None] == 7, np.inf, X)), "X is not finite in row 7"),
        (lambda: epoch(items=(X * 9).astype(np.uint8)), "X holds bytes; scale"),
        (lambda: epoch(items=np.array(["a", "b"])), "X holds <U1 values"),
        (lambda: epoch(items=sparse.csr_array(X)), "X is a sparse matrix"),
        (lambda: epoch(items=3.0), "X is a single number"),
        (lambda: epoch()(Q[:5]), r"targets have shape \(5, 3\), expected \(23, classes\)"),
        (lambda: epoch()(np.zeros(N)), r"targets have shape \(23,\)"),
        (lambda: epoch()(np.ones((N, 2))), "targets have 2 columns, the net gives \\(3,\\)"),
        (lambda: epoch()(lambda rows, probs: probs[1:]), r"targets have shape \(22, 3\), expected \(23"),
        (lambda: epoch()(Q, np.ones(3)), r"weights have shape \(3,\)"),
        (lambda: epoch()(Q, -np.ones(N)), r"weights\[0\] is -1.0"),
        (lambda: epoch()(Q, np.zeros(N)), "all 23 weights are 0"),
        (lambda: epoch(loss=lambda a, b: surprise(a, b).mean())(Q), r"returned shape \(\) for 23 rows"),
        (lambda: epoch(terms=((lambda a: a, 1.0),))(Q), r"returned shape \(23, 3\) for 23 rows"),
    ],
)
def test_what_cannot_be_used_says_why(make, message):
    with pytest.raises(InputError, match=message):
        make()
