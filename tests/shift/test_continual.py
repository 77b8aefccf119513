"""Tasks one after the other: what relevance maps keep to the bit, and what the others do in their place."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits

torch = pytest.importorskip("torch", reason="torch is not installed")

from labelwright.errors import InputError  # noqa: E402
from labelwright.nets import RelevanceConv2d, RelevanceLinear  # noqa: E402
from labelwright.shift import ContinualNet, FisherPenalty, RelevanceMaps, Replay  # noqa: E402

X, Y = load_digits(return_X_y=True)
ORDER = [np.arange(64), *(np.random.default_rng(s).permutation(64) for s in (1, 2))]


def task(t, rows=slice(0, 500)):
    return X[rows][:, ORDER[t]], Y[rows]


def learned(memory, tasks=3, **options):
    net = ContinualNet(memory, **{"epochs": 8, "hidden": (40, 40), "device": "cpu", "show": False} | options)
    after = []
    for t in range(tasks):
        net.fit_task(*task(t), f"task {t}")
        after.append(net.predict_proba(X[500:, ORDER[t]], f"task {t}"))
    return net, after


def right(net, t):
    return (net.predict(X[500:, ORDER[t]], f"task {t}") == Y[500:]).mean()


@pytest.fixture(scope="module")
def maps():
    return learned(RelevanceMaps())


def test_relevance_maps_keep_every_task_to_the_bit(maps):
    net, after = maps
    for t, before in enumerate(after):
        np.testing.assert_array_equal(net.predict_proba(X[500:, ORDER[t]], f"task {t}"), before)
        assert right(net, t) > 0.7
    assert net.capacity_used_ == sorted(net.capacity_used_)
    assert 0.2 < net.capacity_used_[0] < net.capacity_used_[-1] < 1


def test_masks_are_sharp_and_tasks_may_share_weights(maps):
    layers = [m for m in maps[0].net_.modules() if isinstance(m, RelevanceLinear)]
    for layer in layers:
        share = layer.masks[:3].float().mean(dim=(1, 2))
        assert ((share > 0.05) & (share < 0.6)).all()
        assert (layer.masks[0] & layer.masks[1]).any()


def test_the_task_is_inferred_far_above_chance(maps):
    net, _ = maps
    found = [np.mean([said == f"task {t}" for said in net.infer_task(X[500:, ORDER[t]])]) for t in range(3)]
    assert np.mean(found) > 0.6
    probs = net.predict_proba(X[500:520])
    chosen = net.infer_task(X[500:520])
    for row, name in enumerate(chosen):
        np.testing.assert_array_equal(probs[row], net.predict_proba(X[500:520], name)[row])


def test_a_pickled_net_predicts_the_same(maps):
    net, _ = maps
    again = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(again.predict_proba(X[:50]), net.predict_proba(X[:50]))


@pytest.mark.parametrize("memory", [FisherPenalty(50.0), Replay(100), Replay(None)])
def test_other_memories_forget_less_than_fine_tuning(memory):
    naive, before = learned(Replay(0), tasks=2)
    net, _ = learned(memory, tasks=2)
    assert (before[0] != naive.predict_proba(X[500:, ORDER[0]], "task 0")).any()
    assert right(net, 0) > right(naive, 0)
    assert net.memory_ is not memory


def test_the_constructor_s_memory_stays_empty():
    memory = Replay(10)
    learned(memory, tasks=1, epochs=1)
    assert not memory._kept


def test_the_same_seed_gives_the_same_and_another_does_not():
    one, same, other = (
        learned(None, 2, epochs=2, random_state=seed)[0].predict_proba(X[:20]) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_tasks_with_other_classes_and_missing_labels():
    names = np.array(list("abcdefghij"), dtype=object)[Y]
    names[:5] = None
    net = ContinualNet(epochs=6, device="cpu", show=False)
    low, high = Y < 5, Y >= 5
    net.fit_task(X[low], names[low], "low").fit_task(X[high], names[high], "high")
    assert net.classes_.tolist() == list("abcdefghij")
    said = net.predict_proba(X[high], "high")
    assert (said[:, :5] == 0).all()
    np.testing.assert_allclose(said.sum(axis=1), 1)
    assert (net.predict(X[high], "high") == np.array(list("abcdefghij"))[Y[high]]).mean() > 0.9


def test_a_body_of_convolutions():
    def body(shape):
        from torch import nn

        return nn.Sequential(RelevanceConv2d(1, 4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())

    pictures = X.reshape(-1, 1, 8, 8)
    net = ContinualNet(body=body, epochs=8, device="cpu", show=False)
    net.fit_task(pictures[:500], Y[:500])
    before = net.predict_proba(pictures[500:600], 0)
    net.fit_task(-pictures[:500], Y[:500])
    np.testing.assert_array_equal(net.predict_proba(pictures[500:600], 0), before)
    with pytest.raises(InputError, match="shape"):
        net.predict(pictures[:, :, :4], 0)


def test_a_body_that_would_forget_is_refused():
    net = ContinualNet(body=lambda shape: torch.nn.Linear(64, 8), device="cpu", show=False)
    with pytest.raises(InputError, match="would forget"):
        net.fit_task(X, Y)
    ContinualNet(Replay(5), body=lambda shape: torch.nn.Linear(64, 8), epochs=1, device="cpu").fit_task(X, Y)


def test_what_cannot_be_learned_or_asked():
    net = ContinualNet(RelevanceMaps(tasks=1), epochs=1, device="cpu", show=False).fit_task(X, Y, "one")
    with pytest.raises(InputError, match="known already"):
        net.fit_task(X, Y, "one")
    with pytest.raises(InputError, match="made for 1 tasks"):
        net.fit_task(X, Y, "two")
    assert net.tasks_ == ["one"]
    with pytest.raises(InputError, match="there are 'one'"):
        net.predict(X, "three")
    with pytest.raises(InputError, match="1 class"):
        ContinualNet(device="cpu").fit_task(X, np.zeros(len(X)))
    with pytest.raises(InputError, match=r"all labels are missing|0 class"):
        ContinualNet(device="cpu").fit_task(X[:4], [None] * 4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RelevanceMaps(tasks=0),
        lambda: RelevanceMaps(prune=0),
        lambda: FisherPenalty(-1.0),
        lambda: FisherPenalty(items=0),
        lambda: Replay(-1),
    ],
)
def test_options_of_memories(make):
    with pytest.raises(InputError):
        make()
