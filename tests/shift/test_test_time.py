"""Networks that adapt while they are used: what stays, what moves, what comes back."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from labelwright.data import simulate  # noqa: E402
from labelwright.errors import InputError  # noqa: E402
from labelwright.nets import MLP, Epoch, SmallCNN, seeded  # noqa: E402
from labelwright.parts import priors, shifted_losses  # noqa: E402
from labelwright.shift import MLLS, LabelShiftAdapter, PriorCorrection, TestTimeAdapter  # noqa: E402

SOURCE = np.array([0.6, 0.3, 0.1])


def shapes(n, rng, balance=SOURCE):
    """Pictures with a bright half whose place is the class, noisy."""
    y = rng.choice(3, n, p=balance)
    X = 0.7 * rng.normal(size=(n, 1, 8, 8)).astype(np.float32)
    for c, part in enumerate((np.s_[:4, :], np.s_[:, :4], np.s_[4:, 4:])):
        X[(y == c).nonzero()[0], 0, part[0], part[1]] += 0.6
    return X, y


@pytest.fixture(scope="module")
def trained():
    X, y = shapes(600, np.random.default_rng(0))
    net = seeded(lambda: SmallCNN(1, 3, size=8, width=8, norm="batch"))
    epoch = Epoch(net, X, epochs=6, device="cpu", show=False)
    for _ in range(6):
        probs = epoch(np.eye(3)[y])
    adapter = LabelShiftAdapter(epochs=20, device="cpu", show=False).fit(epoch.features(X), y, net.out)
    return {"net": net.eval(), "X": X, "y": y, "probs": probs.astype(float), "adapter": adapter}


def stream(trained, method="bn", **options):
    return TestTimeAdapter(trained["net"], method, device="cpu", **options)


def batches(n=4, size=50, seed=1, balance=SOURCE):
    rng = np.random.default_rng(seed)
    return [shapes(size, rng, balance)[0] for _ in range(n)]


def state(net):
    return {name: part.detach().clone() for name, part in net.state_dict().items()}


def test_without_a_method_it_is_the_model(trained):
    [x] = batches(1)
    with torch.no_grad():
        expected = trained["net"](torch.from_numpy(x)).double().softmax(dim=1).numpy()
    np.testing.assert_allclose(stream(trained, "none").step(x), expected, atol=1e-6)


def test_batch_statistics_of_source_batches_say_nearly_the_same(trained):
    plain, moved = (stream(trained, method).step(trained["X"]) for method in ("none", "bn"))
    assert np.abs(plain - moved).mean() < 0.05
    assert (plain.argmax(axis=1) == moved.argmax(axis=1)).mean() > 0.95


def test_batch_statistics_undo_a_change_of_scale(trained):
    X, y = shapes(400, np.random.default_rng(5))
    score = {m: (stream(trained, m).step(0.2 * X + 1).argmax(axis=1) == y).mean() for m in ("none", "bn")}
    assert score["bn"] > score["none"] + 0.1


def test_tent_makes_predictions_surer_and_touches_scales_and_shifts_alone(trained):
    before = state(trained["net"])
    [x] = batches(1, 200)
    adapting = stream(trained, "tent", lr=0.01)

    def entropy(p):
        return -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1).mean()

    found = [entropy(adapting.step(x)) for _ in range(15)]
    assert found[-1] < found[0]
    after = state(adapting._epoch.net.net.net)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    layers = {n for n, m in trained["net"].named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    assert moved
    assert {name.rpartition(".")[0] for name in moved} <= layers
    assert {name.rpartition(".")[2] for name in moved} <= {"weight", "bias"}
    assert all(torch.equal(before[name], part) for name, part in state(trained["net"]).items())


def test_reliable_items_alone_may_teach(trained):
    [x] = batches(1, 100)
    every, sure = stream(trained, "tent"), stream(trained, "tent", loss=shifted_losses.reliable_entropy)
    assert np.abs(every.step(x) - sure.step(x)).max() > 0


@pytest.mark.parametrize("method", ["none", "bn", "tent", "lame"])
@pytest.mark.parametrize("adapted", [False, True])
def test_reset_goes_back_to_the_bit(trained, method, adapted):
    running = stream(trained, method, adapter=trained["adapter"] if adapted else None)
    first = [running.step(x) for x in batches(2)]
    kept = running.priors_
    assert running.n_seen_ == 100
    running.reset()
    assert running.n_seen_ == 0
    assert not hasattr(running, "priors_")
    for x, before in zip(batches(2), first):
        np.testing.assert_array_equal(running.step(x), before)
    np.testing.assert_array_equal(running.priors_, kept)


def test_lame_lets_neighbours_agree(trained):
    [x] = batches(1, 60)
    twice = np.concatenate([x, x])
    said = stream(trained, "lame", neighbours=1).step(twice)
    np.testing.assert_allclose(said[:60], said[60:], atol=1e-6)
    np.testing.assert_allclose(said.sum(axis=1), 1)


def test_an_adapter_that_learned_nothing_changes_nothing(trained):
    X, y, net = trained["X"], trained["y"], trained["net"]
    features = Epoch(net, X[:1], device="cpu").features(X)
    idle = LabelShiftAdapter(epochs=1, lr=1e-30, device="cpu", show=False).fit(features, y, net.out)
    [x] = batches(1)
    np.testing.assert_array_equal(stream(trained, adapter=idle).step(x), stream(trained).step(x))


@pytest.mark.parametrize("degree", [-1, 0])
def test_adapter_and_correction_move_towards_the_balance(trained, degree):
    balance = priors.tempered(SOURCE, degree)
    X, y = shapes(1500, np.random.default_rng(3), balance)
    options = {"priors": balance}
    score = {
        name: (stream(trained, "none", adapter=adapter, **options).step(X).argmax(axis=1) == y).mean()
        for name, adapter in (
            ("alone", None), ("adapter", trained["adapter"]), ("post-hoc", PriorCorrection(SOURCE)),
        )
    }  # fmt: skip
    assert score["adapter"] > score["alone"]
    assert score["post-hoc"] > score["alone"]


def test_the_correction_is_bayes_rule():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(3), 5)
    new = np.array([0.1, 0.2, 0.7])
    moved = PriorCorrection(SOURCE).logits(np.log(probs), None, new)
    expected = probs * new / SOURCE
    found = np.exp(moved) / np.exp(moved).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected / expected.sum(axis=1, keepdims=True))
    both = PriorCorrection(SOURCE).logits(torch.from_numpy(np.log(probs)), None, new)
    np.testing.assert_allclose(both.numpy(), moved)


def test_the_belief_follows_the_stream(trained):
    balance = np.array([0.1, 0.2, 0.7])
    held, y = trained["probs"], trained["y"]
    for how in ("mean", MLLS().fit(held, y)):
        running = stream(trained, "none", adapter=PriorCorrection(SOURCE), priors=how, prior_momentum=0.8)
        for x in batches(25, 60, balance=balance):
            running.step(x)
        assert np.abs(running.priors_ - balance).max() < 0.3  # the source is 0.6 away
        assert running.priors_.sum() == pytest.approx(1)
    fixed = stream(trained, "none", priors=balance)
    fixed.step(batches(1)[0])
    np.testing.assert_allclose(fixed.priors_, balance)


def test_the_belief_in_a_class_never_dies(trained):
    running = stream(trained, "none", prior_momentum=0.0)
    X, y = shapes(300, np.random.default_rng(9))
    running.step(X[y == 0])
    assert running.priors_.min() > 5e-4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "sar"}, "method='sar'"),
        ({"prior_momentum": 1.0}, "prior_momentum"),
        ({"priors": "ema"}, "priors='ema'"),
        ({"priors": MLLS()}, "not fitted"),
    ],
)
def test_options_that_do_not_fit(trained, options, message):
    with pytest.raises(InputError, match=message):
        stream(trained, **options)


@pytest.mark.parametrize(
    ("balance", "message"),
    [([0.5, 0.5], "3 classes"), ([0.5, 0.5, 0.0], "above 0"), ([0.5, 0.5, 0.5], "sums to")],
)
def test_balances_that_are_none(trained, balance, message):
    with pytest.raises(InputError, match=message):
        stream(trained, "none", priors=balance).step(batches(1)[0])


def test_batches_and_models_that_cannot_adapt(trained):
    [x] = batches(1)
    with pytest.raises(InputError, match="batch of 1"):
        stream(trained, "tent").step(x[:1])
    with pytest.raises(InputError, match="empty"):
        stream(trained).step(x[:0])
    with pytest.raises(InputError, match="not finite in row 2"):
        stream(trained).step(np.where(np.arange(50)[:, None, None, None] == 2, np.nan, x))
    for method in ("bn", "tent"):
        with pytest.raises(InputError, match="no batch normalisation"):
            TestTimeAdapter(MLP(4, 3), method, device="cpu")


@pytest.mark.parametrize(
    ("features", "y", "message"),
    [
        (np.zeros((3, 5)), [0, 1, 2], r"expected \(n, 4\)"),
        (np.zeros((3, 4)), [0, 1], r"expected \(3,\)"),
        (np.zeros((3, 4)), ["a", "b", "c"], "whole numbers"),
        (np.zeros((3, 4)), [0, 1, 3], "0 to 2"),
        (np.zeros((3, 4)), [0, 1, 1], "no item of class 2"),
    ],
)
def test_what_an_adapter_cannot_learn_from(features, y, message):
    with pytest.raises(InputError, match=message):
        LabelShiftAdapter(device="cpu").fit(features, y, torch.nn.Linear(4, 3))


@pytest.mark.parametrize("kind", ["noise", "blur", "contrast", "patch"])
def test_pictures_are_spoiled_in_one_way(kind):
    X = np.random.default_rng(0).random((20, 12, 10)).astype(np.float32)
    before = X.copy()
    spoiled = simulate.corrupt_pictures(X, kind, np.random.default_rng(1), severity=0.5)
    again = simulate.corrupt_pictures(X[:, None], kind, np.random.default_rng(1), severity=0.5)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(spoiled.pictures, again.pictures[:, 0])
    assert spoiled.pictures.min() >= 0
    assert spoiled.pictures.max() <= 1
    gone = np.abs(spoiled.pictures - X) > 1e-6
    assert gone.any(axis=(1, 2)).all()
    if kind == "patch":
        assert (gone.sum(axis=(1, 2)) <= 25).all()
        np.testing.assert_allclose(spoiled.pictures[gone], 1 - X[gone], atol=1e-6)
    if kind == "contrast":
        np.testing.assert_allclose(spoiled.pictures.mean(axis=(1, 2)), X.mean(axis=(1, 2)), rtol=1e-4)
    same = simulate.corrupt_pictures(X, kind, np.random.default_rng(1), severity=0.0)
    np.testing.assert_allclose(same.pictures, X, atol=1e-6)


@pytest.mark.parametrize(
    ("pictures", "options", "message"),
    [
        (np.zeros((3, 4)), {}, "expected"),
        (np.full((1, 4, 4), 255), {}, "divide bytes"),
        (np.zeros((1, 4, 4)), {"kind": "fog"}, "kind='fog'"),
        (np.zeros((1, 4, 4)), {"severity": 2}, "severity=2"),
    ],
)
def test_pictures_that_cannot_be_spoiled(pictures, options, message):
    with pytest.raises(InputError, match=message):
        simulate.corrupt_pictures(pictures, rng=np.random.default_rng(0), **({"kind": "noise"} | options))
