"""Sets of tags: one tag is a vote of yes and no, columns of any kind, and one sentence where something is wrong."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from labelwright import InputError, Votes, data
from labelwright.combine.dawid_skene import DawidSkene
from labelwright.combine.tags import tags

NAMES = np.array(["blue", "red", "round"])


def answers(n=400, seed=0):
    """Five sources: four mark each of three tags right with 60 to 95 %, the last never sees "red"."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n, 3)) < [0.2, 0.5, 0.4]
    rows = []
    for j, skill in enumerate([0.95, 0.9, 0.8, 0.6, 0.95]):
        said = np.where(rng.random(truth.shape) < skill, truth, ~truth)
        if j == 4:
            said[:, 1] = False
        rows += [(i, f"s{j}", NAMES[said[i]].tolist()) for i in range(n) if rng.random() < 0.8]
    return pd.DataFrame(rows, columns=["item", "source", "label"]), truth


def test_tags_are_found_and_sources_told_apart():
    frame, truth = answers()
    found = tags(frame)
    assert found.classes.tolist() == NAMES.tolist()
    assert ((found.posterior > 0.5) == truth[found.items]).mean() > 0.95
    assert list(found.labels.columns) == ["item", "tags", "p"]
    assert found.labels["tags"].iloc[0] == NAMES[found.posterior[0] > 0.5].tolist()
    first = found.sources.iloc[0]
    assert first["source"] == "s0"
    assert first["precision"] > 0.85
    assert found.sources.set_index("source").loc["s4", "recall"] < 0.7
    assert found.marks().names(0) == tuple(found.labels["tags"].iloc[0])


def test_each_tag_is_the_label_model_on_its_yes_and_no():
    frame, _ = answers()
    said = ["yes" if "red" in mine else "no" for mine in frame["label"]]
    votes = Votes.from_long(frame["item"], frame["source"], said)
    expected = DawidSkene().fit(votes).predict_proba()[:, 1]
    np.testing.assert_allclose(tags(frame).posterior[:, 1], expected, atol=1e-9)


def test_lists_and_text_are_the_same_in_frames_of_any_kind():
    frame, _ = answers(60)
    text = frame.assign(label=[" ; ".join(mine) for mine in frame["label"]])
    expected = tags(frame).posterior
    np.testing.assert_array_equal(tags(text).posterior, expected)
    assert isinstance(tags(pl.from_pandas(frame)).labels, pl.DataFrame)
    arrow = tags(pa.Table.from_pandas(text.assign(label=text["label"].str.replace(";", "|"))), separator="|")
    np.testing.assert_array_equal(arrow.posterior, expected)
    assert isinstance(arrow.sources, pa.Table)


def test_no_answer_is_not_an_empty_answer():
    frame = pd.DataFrame(
        {
            "item": ["a"] * 4 + ["b"] * 4,
            "source": list("wxyz") * 2,
            "label": ["red", "red", "red", "", "", "", "red", None],
        }
    )
    found = tags(frame)
    assert found.labels["tags"].tolist() == [["red"], []]
    assert found.sources.set_index("source").loc["z", "n"] == 1


def test_votes_of_tomorrow():
    frame, truth = answers()
    found = tags(frame[frame["item"] < 300])
    later = frame[frame["item"] >= 300]
    red = np.array([int("red" in mine) for mine in later["label"]])
    model = found.models["red"].partial_fit(Votes.from_long(later["item"], later["source"], red))
    assert ((model.predict() == 1) == truth[:, 1]).mean() > 0.9


def test_one_source_only():
    found = tags(pd.DataFrame({"item": [1, 2, 3], "source": ["s"] * 3, "label": ["a;b", "", "b"]}))
    assert found.labels["tags"].tolist() == [["a", "b"], [], ["b"]]
    assert "the votes do not tell sources apart" in found.notes[-1]


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        ({"item": [1], "source": ["s"], "label": [""]}, {}, "nobody gave any tag"),
        (
            {"item": [1], "source": ["s"], "label": ["a"]},
            {"classes": ["b"]},
            "tag 'a' of row 0 is not among the 1 tags",
        ),
        (
            {"item": [None], "source": ["s"], "label": ["a"]},
            {},
            "1 answers have no item or no source, first: row 0",
        ),
        ({"item": [1], "source": ["s"], "label": [3]}, {}, "tags are 3; expected a list"),
        ({"ann": ["a"], "bob": ["b"]}, {}, "sets of tags come one answer a row"),
        (
            {"item": [1], "source": ["s"], "label": ["a"]},
            {"source": "x", "item": "item", "label": "label"},
            "source='x'",
        ),
    ],
)
def test_what_cannot_be_understood(frame, options, message):
    with pytest.raises(InputError, match=message):
        tags(pd.DataFrame(frame), **options)


def test_no_frame():
    with pytest.raises(InputError, match="give a frame with one answer a row"):
        tags([["a"]])


@pytest.mark.network
def test_medical_relations_are_no_worse_than_majority():
    told = data.load("crowd-medical-relations")
    found = tags(told.extra["votes"], item="item", source="worker", label="relations")
    truth = told.extra["adjudicated"]
    for column, tag in enumerate(["causes", "treats"]):
        known = truth[:, column] >= 0
        mine = found.posterior[known, found.classes.tolist().index(tag)] > 0.5
        votes = found.models[tag].votes_
        counts = votes.counts[known]
        plain = counts[:, 1] > counts[:, 0]
        right = truth[known, column] == 1
        assert (mine == right).mean() > (plain == right).mean()
