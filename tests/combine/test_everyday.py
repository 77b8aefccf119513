"""The everyday function: right labels, honest doubts, and one sentence where something is wrong."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from labelwright import InputError, Votes, data
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.everyday import votes
from labelwright.combine.majority import MajorityVote


def table(n=300, skills=(0.9, 0.85, 0.8, 0.6), seed=0, silent=0.2):
    rng = np.random.default_rng(seed)
    truth = rng.choice(["cat", "dog", "owl"], n)
    rows = [
        (f"i{i:03d}", f"s{j}", truth[i] if rng.random() < chance else rng.choice(["cat", "dog", "owl"]))
        for i in range(n)
        for j, chance in enumerate(skills)
        if rng.random() >= silent
    ]
    return pd.DataFrame(rows, columns=["item", "source", "label"]), {
        f"i{i:03d}": t for i, t in enumerate(truth)
    }


def test_labels_sources_and_gold():
    frame, truth = table()
    found = votes(frame, gold=truth)
    assert isinstance(found.labels, pd.DataFrame)
    assert list(found.labels.columns) == ["item", "label", "p"]
    assert list(found.sources.columns) == ["source", "accuracy", "low", "high", "n"]
    right = np.mean([truth[i] == said for i, said in zip(found.labels["item"], found.labels["label"])])
    assert found.gold.accuracy == pytest.approx(right)
    assert found.gold.low < right < found.gold.high
    assert found.method == "dawid-skene"
    assert found.gain.low > 0
    assert found.sources["source"].iloc[-1] == "s3"
    assert (found.sources["low"] <= found.sources["accuracy"]).all()
    assert (found.sources["accuracy"] <= found.sources["high"]).all()
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    np.testing.assert_allclose(found.labels["p"], found.posterior.max(axis=1))


def test_the_same_seed_gives_the_same_and_frames_come_back_as_they_came():
    frame, _ = table(60)
    first, second = votes(frame), votes(pl.from_pandas(frame))
    assert isinstance(second.labels, pl.DataFrame)
    np.testing.assert_array_equal(first.posterior, second.posterior)


def test_summary_is_flat_and_can_be_json():
    import json

    frame, truth = table(60)
    summary = votes(frame, gold=truth).summary()
    assert json.loads(json.dumps(summary, allow_nan=False))["n_items"] == 60
    assert summary["gold_accuracy"] > 0.5


def test_gold_may_be_a_frame_a_dict_or_one_label_an_item():
    frame, truth = table(80)
    known = pd.DataFrame({"id": list(truth), "true": list(truth.values())})
    by_frame, by_dict = votes(frame, gold=known).gold, votes(frame, gold=truth).gold
    by_list = votes(frame, gold=[truth.get(i) for i in sorted(frame["item"].unique())]).gold
    assert by_frame == by_dict == by_list
    some = votes(frame, gold={name: truth[name] for name in list(truth)[:30]}).gold
    assert some.n <= 30


def test_more_votes_may_come_later():
    frame, _ = table()
    found = votes(frame[frame["item"] < "i200"])
    later = frame[frame["item"] >= "i200"]
    model = found.model.partial_fit(Votes.from_long(later["item"], later["source"], later["label"]))
    assert len(model.predict()) == 300


@pytest.mark.parametrize(
    ("wide", "note"),
    [
        ([["a"], ["b"]], "there is one source only"),
        ([["a", None], [None, "b"], ["b", None]], "two sources only"),
        (
            [*np.where(np.eye(40) == 1, "a", None).tolist(), ["b"] + [None] * 39],
            "of the votes are about items",
        ),
        ([["a", "a", "b"], ["a", "b", "b"], ["a", "a", None]] * 3, "only ever say one class"),
        (
            [["a", "a", "b"], [None] * 3, ["b", "b", "a"]],
            "1 item has no vote",
        ),
    ],
)
def test_where_sources_cannot_be_told_apart_it_says_so_and_majority_decides(wide, note):
    found = votes(np.array(wide, dtype=object))
    assert any(note in said for said in found.notes)
    counts = found.votes.counts
    clear = np.sort(counts, axis=1)[:, -1] > np.sort(counts, axis=1)[:, -2] + 1
    if len(found.votes.sources) == 1:
        clear[:] = True
    if found.method == "majority":
        assert (found.posterior.argmax(axis=1) == counts.argmax(axis=1))[clear].all()


def test_what_is_not_known_is_missing_not_guessed():
    found = votes(pd.DataFrame({"item": [1, 2, 3], "ann": ["a", "b", "a"]}), item="item")
    assert found.sources["accuracy"].isna().all()
    assert found.gain is None
    assert found.labels["label"].tolist() == ["a", "b", "a"]
    np.testing.assert_allclose(found.labels["p"], 0.7, atol=1e-5)  # nothing is known of who errs how often
    assert found.summary()["agreement"] is None


def test_contradictions_and_repetitions_of_one_source():
    frame = pd.DataFrame(
        {
            "item": [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4],
            "source": ["x", "x", "y", "z", "x", "y", "z", "x", "y", "z", "x", "x", "y"],
            "label": ["a", "b", "a", "a", "b", "b", "a", "a", "a", "a", "b", "b", "b"],
        }
    )
    found = votes(frame)
    assert any("once a source says different things about one item" in note for note in found.notes)
    assert any("once a source repeats itself" in note for note in found.notes)
    assert found.votes.n_votes == 12


def test_a_source_worse_than_chance_is_told_of_and_turned_only_on_request():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 600)
    wide = np.where(rng.random((600, 4)) < 0.7, truth[:, None], 1 - truth[:, None])
    wide = np.column_stack([wide, np.where(rng.random(600) < 0.95, 1 - truth, truth)])
    plain, turned = votes(wide), votes(wide, flip=True)
    assert plain.against.tolist() == [4]
    assert any("1 source is worse than chance (4)" in note for note in plain.notes)
    assert (turned.posterior.argmax(axis=1) == truth).mean() > (
        plain.posterior.argmax(axis=1) == truth
    ).mean()
    assert float(np.asarray(turned.sources["high"])[-1]) < 0.5


def test_a_model_of_ones_own():
    frame, _ = table(60)
    assert votes(frame, method=MajorityVote()).method == "MajorityVote"
    assert isinstance(votes(frame, method="mace").model, DawidSkene)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "best"}, "method='best' is none of auto, dawid-skene"),
        ({"gold": {"nowhere": "cat"}}, "gold names no item that somebody voted on"),
        ({"gold": ["cat"]}, "gold has 1 labels for 60 items"),
        ({"classes": ["cat"]}, "not among the classes"),
    ],
)
def test_what_is_wrong_in_a_sentence(options, message):
    with pytest.raises(InputError, match=message):
        votes(table(60)[0], **options)


def test_nobody_said_anything():
    with pytest.raises(InputError, match="nobody said anything"):
        votes(np.full((3, 2), -1))


@pytest.mark.network
@pytest.mark.parametrize("crowd", ["duck", "product", "face"])
def test_real_crowds_never_below_majority_by_more_than_the_goal(crowd):
    """Half a point of the best peer is measured in the bench; this keeps the floor."""
    told = data.load("crowd-classic", crowd=crowd)
    found = votes(told.extra["evidence"], gold=list(told.truth))
    assert found.gold.accuracy > found.gold.majority - 0.003


def test_a_class_that_no_source_says_counts_as_wrong():
    frame, truth = table(60)
    strange = dict.fromkeys(truth, "yak")
    assert votes(frame, gold=strange).gold.accuracy == 0


def test_where_nobody_meets_every_vote_is_as_sure():
    frame = pd.DataFrame(
        {"item": range(60), "source": [f"s{i % 3}" for i in range(60)], "label": ["a", "b"] * 30}
    )
    found = votes(frame)
    assert found.labels["label"].tolist() == ["a", "b"] * 30
    np.testing.assert_allclose(found.labels["p"], 0.7, atol=1e-5)
