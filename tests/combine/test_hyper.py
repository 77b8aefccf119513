"""A label model trained once: what its net computes, what it does not care about, and that it is worth its weights."""

import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest

from labelwright import InputError, Votes
from labelwright.combine.hyper import HyperLabelModel, forward
from labelwright.combine.hyper.matrices import vote_matrices
from labelwright.combine.hyper.train import train, validate

HERE = files("labelwright.combine.hyper")


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return np.where(rng.random((40, 6)) < 0.6, rng.integers(0, 3, (40, 6)), -1)


def dense_logits(wide, code):
    """The net over a full table, with masks, by torch."""
    torch = pytest.importorskip("torch")
    w = {name: torch.from_numpy(value) for name, value in forward.shipped().items()}
    voted = torch.from_numpy((wide >= 0).astype(np.float32))[..., None]
    told = torch.from_numpy(np.where(wide == code, 1, -1).astype(np.float32))[..., None]
    items, sources = voted.sum(1, keepdim=True), voted.sum(0, keepdim=True)
    h = torch.cat(
        [told, items.clamp(1, 20).log().expand_as(told), sources.clamp(1, 200).log().expand_as(told)], 2
    )
    for layer in range(4):
        h = h * voted
        names = [f"mixing.{layer}.{name}.weight" for name in ("own", "item", "source", "all")]
        parts = (
            h,
            h.sum(1, keepdim=True) / items.clamp(min=1),
            h.sum(0, keepdim=True) / sources.clamp(min=1),
            h.sum((0, 1)) / voted.sum(),
        )
        mixed = sum(part @ w[name].T for name, part in zip(names, parts)) + w[f"mixing.{layer}.own.bias"]
        h = torch.where(mixed > 0, mixed, 0.01 * mixed)
    h = (h * voted).sum(1) / items[:, 0].clamp(min=1)
    for layer in range(3):
        h = h @ w[f"head.{layer}.weight"].T + w[f"head.{layer}.bias"]
        h = h if layer == 2 else torch.where(h > 0, h, 0.01 * h)
    return h[:, 0].numpy()


def test_numpy_equals_a_plain_torch_forward(table):
    votes = Votes(table)
    for code in range(3):
        heard = forward.hear(votes, code, forward.shipped())
        found = forward.logits(votes, code, heard, forward.shipped())
        np.testing.assert_allclose(found, dense_logits(table, code), rtol=1e-4, atol=1e-4)


def test_numpy_equals_the_net_that_is_trained(table):
    torch = pytest.importorskip("torch")
    from labelwright.combine.hyper._net import HyperNet

    net = HyperNet()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in forward.shipped().items()})
    for code in range(3):
        x = np.where(table < 0, 0, np.where(table == code, 1, -1)).astype(np.float32)
        with torch.no_grad():  # in a batch with another matrix, and padded
            batch = np.zeros((2, 50, 9), dtype=np.float32)
            batch[0, :40, :6], batch[1, :7, :2] = x, 1
            wanted = net(torch.from_numpy(batch))[0, :40].numpy()
        votes = Votes(table)
        found = forward.logits(votes, code, forward.hear(votes, code, forward.shipped()), forward.shipped())
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_order_of_items_and_sources_does_not_matter(table):
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(40), rng.permutation(6)
    probs = HyperLabelModel().fit(table).predict_proba()
    moved = HyperLabelModel().fit(table[rows][:, columns]).predict_proba()
    np.testing.assert_allclose(moved, probs[rows], atol=1e-5)


@pytest.mark.parametrize("k", [2, 3])
def test_names_of_classes_do_not_matter(table, k):
    told = np.where(table < k, table, -1)
    turn = np.array([*range(k)[::-1], -1])
    probs = HyperLabelModel().fit(Votes(told, list("abc")[:k])).predict_proba()
    turned = HyperLabelModel().fit(Votes(turn[told], list("cba")[-k:])).predict_proba()
    np.testing.assert_allclose(turned[:, ::-1], probs, atol=1e-5)
    np.testing.assert_allclose(probs.sum(axis=1), 1)


def test_some_items_are_judged_as_among_all_of_them(table):
    model = HyperLabelModel().fit(table)
    probs = model.predict_proba()
    np.testing.assert_allclose(model.predict_proba(Votes(table, range(3))[:5]), probs[:5], atol=1e-5)


def test_items_that_nobody_voted_on_and_sources_that_said_nothing(table):
    told = table.copy()
    told[3], told[:, 2] = -1, -1
    model = HyperLabelModel().fit(told)
    np.testing.assert_allclose(model.predict_proba()[3], 1 / 3)
    kept = HyperLabelModel().fit(np.delete(told, 2, axis=1)).predict_proba()
    np.testing.assert_allclose(model.predict_proba(), kept, atol=1e-5)
    fresh = np.full((1, 6), -1)
    fresh[0, 2] = 1
    assert np.isfinite(model.predict_proba(Votes(fresh, range(3)))).all()


def test_blocks_do_not_change_the_result(table, monkeypatch):
    probs = HyperLabelModel().fit(table).predict_proba()
    for block in (1, 7):
        monkeypatch.setattr(forward, "BLOCK", block)
        np.testing.assert_allclose(HyperLabelModel().fit(table).predict_proba(), probs, atol=1e-5)


def test_more_votes_are_surer_and_unanimous_voters_win():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 300)
    wide = np.where(rng.random((300, 8)) < 0.75, truth[:, None], 1 - truth[:, None])
    wide[0], wide[1, 1:] = 1, -1
    wide[1, 0] = 1
    probs = HyperLabelModel().fit(wide).predict_proba()
    assert probs[0, 1] > probs[1, 1] > 0.5


def test_partial_fit_is_fit(table):
    told = Votes(table, range(3))
    model = HyperLabelModel().partial_fit(told[:20]).partial_fit(told[20:])
    np.testing.assert_allclose(model.predict_proba(), HyperLabelModel().fit(told).predict_proba(), atol=1e-5)


def test_on_fresh_matrices_it_beats_majority():
    score = validate(str(HERE / "weights.npz"), vote_matrices(150, np.random.default_rng(12345)))
    assert score["hyper"] > score["majority"] + 0.01


def test_the_card_is_about_these_weights():
    card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    assert card["sha256"] == hashlib.sha256((HERE / "weights.npz").read_bytes()).hexdigest()
    assert card["parameters"] == sum(value.size for value in forward.shipped().values())
    for scores in card["validation"].values():
        assert scores["hyper"] > scores["majority"]


def test_matrices_are_better_than_chance_and_know_where_nobody_voted():
    drawn = vote_matrices(60, np.random.default_rng(3), items=2000)
    np.testing.assert_array_equal((drawn.votes != 0).any(axis=2), drawn.truth >= 0)
    better = []
    for votes, truth in zip(drawn.votes.astype(float), drawn.truth):
        known, sources = truth >= 0, (votes != 0).sum(axis=0) > 100
        if sources.sum() > 4 and 0 < truth[known].mean() < 1:
            yes, no = votes[truth == 1][:, sources], votes[truth == 0][:, sources]
            better.append(float((yes.mean(axis=0) > no.mean(axis=0)).mean()))
    assert len(better) > 10
    assert np.mean(np.array(better) >= 0.5) > 0.8


def test_training_writes_weights_that_work_and_are_the_same_again(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("lightning_fabric")
    cards = [
        train(tmp_path / name, matrices=64, epochs=1, validation=3, show=False) for name in ("one", "two")
    ]
    assert cards[0]["sha256"] == cards[1]["sha256"]
    table = np.array([[0, 0, 1], [1, 1, -1]])
    own = HyperLabelModel(tmp_path / "one" / "weights.npz").fit(table).predict_proba()
    assert own.shape == (2, 2)
    assert not np.allclose(own, HyperLabelModel().fit(table).predict_proba())


def test_files_that_are_no_weights(tmp_path):
    strange = tmp_path / "strange.npz"
    np.savez(strange, a=np.zeros(3))
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "objects.npz", a=np.array([None], dtype=object))
    for path in (strange, tmp_path / "text.npz", tmp_path / "objects.npz", tmp_path / "none.npz"):
        with pytest.raises(InputError, match="no file of weights"):
            HyperLabelModel(path).fit([[0, 1], [1, 1]])


def test_nothing_to_combine():
    with pytest.raises(InputError, match="nobody said anything"):
        HyperLabelModel().fit([[-1, -1]])
