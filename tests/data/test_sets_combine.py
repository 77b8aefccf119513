"""Sets of many imperfect sources, and of pictures with maps: what their cards and docstrings promise."""

import dataclasses
import io
import re

import numpy as np
import pytest

from labelwright import data
from labelwright.data.sets import (
    crowd_classic,
    crowd_medical_relations,
    crowd_text_answers,
    dsb_nuclei,
    spamassassin,
)
from labelwright.data.sets._crowds import majority, same
from labelwright.errors import InputError


def chosen(votes, truth):
    """Expected accuracy of a majority vote that breaks ties at random, where truth and votes are there."""
    counts, classes = votes.counts, list(votes.classes)
    known = np.array([t is not None for t in truth]) & (counts.sum(axis=1) > 0)
    top = counts == counts.max(axis=1, keepdims=True)
    code = np.array([classes.index(t) for t in truth[known]])
    return (top[known] / top[known].sum(axis=1, keepdims=True))[np.arange(len(code)), code].mean()


# --- helpers ---


def test_majority_breaks_ties_by_the_first_vote():
    assert majority(np.array([0, 0, 0, 0]), np.array([2, 1, 1, 2]), 1, 3).tolist() == [2]
    rng = np.random.default_rng(0)
    item = np.concatenate([np.arange(50), rng.integers(0, 50, 300)])
    said = rng.integers(0, 4, 350)
    for i, code in enumerate(majority(item, said, 50, 4)):
        mine = said[item == i].tolist()
        most = max(mine.count(c) for c in mine)
        assert code == next(c for c in mine if mine.count(c) == most)


def test_same_texts_share_a_group():
    texts = ["b", "a", "b", "c"]
    found = same(texts)
    assert all((found[i] == found[j]) == (texts[i] == texts[j]) for i in range(4) for j in range(4))


def test_padded_and_codes():
    image = pytest.importorskip("PIL.Image")
    from labelwright.data.sets._sized import codes, padded

    def file(array, kind):
        buffer = io.BytesIO()
        image.fromarray(array).save(buffer, kind, quality=100)
        return buffer.getvalue()

    flat, tall = np.full((8, 16), 100, np.uint8), np.full((24, 8), 200, np.uint8)
    sizes = np.array([flat.shape, tall.shape])
    files = [file(flat, "JPEG"), file(tall, "JPEG")]
    grey = padded(files, sizes, "L", "x")
    assert grey.shape == (2, 24, 16)
    np.testing.assert_array_equal(grey[0, :8], flat)
    np.testing.assert_array_equal(grey[1, :, :8], tall)
    assert not grey[0, 8:].any()
    assert not grey[1, :, 8:].any()
    assert padded(files, sizes, "RGB", "x").shape == (2, 24, 16, 3)
    for dtype, top in ((np.uint8, 255), (np.uint16, 65_535)):
        array = np.array([[0, 1], [2, top]], dtype)
        found = codes(file(array, "PNG"))
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, array)


# --- crowds ---


@pytest.mark.parametrize(
    ("crowd", "shape", "votes", "accuracy"),
    [
        ("duck", (108, 39, 2), 4_212, 0.759),
        ("product", (8_315, 176, 2), 24_945, 0.897),
        ("face", (584, 27, 4), 5_242, 0.639),
        ("adult", (333, 269, 4), 3_324, 0.760),
        ("hitspam", (5_380, 153, 2), 42_762, 0.660),
    ],
)
def test_crowd_classic(crowd, shape, votes, accuracy, load):
    found = load("crowd-classic", crowd=crowd)
    evidence, table = found.extra["evidence"], found.extra["votes"]
    assert (len(evidence), len(evidence.sources), evidence.n_classes) == shape
    assert evidence.n_votes == table.num_rows == votes
    assert evidence.counts.sum() == votes, "a worker's second vote counts too"
    assert evidence.classes.tolist() == found.classes
    assert evidence.items.tolist() == found.items.tolist() == list(range(len(found)))
    card, wrong = found.card, found.wrong
    assert (card.n, card.k) == (shape[0], shape[2])
    assert (wrong == 1).sum() / (wrong >= 0).sum() == pytest.approx(card.error_rate)
    assert 1 - card.error_rate == pytest.approx(accuracy, abs=5e-4), "as published"
    assert chosen(evidence, found.truth) == pytest.approx(accuracy, abs=3e-3)
    assert (wrong >= 0).sum() == (100 if crowd == "hitspam" else shape[0])
    top = evidence.counts.max(axis=1)
    given = np.searchsorted(found.classes, found.labels)
    np.testing.assert_array_equal(evidence.counts[np.arange(len(found)), given], top)
    pairs = set(zip(table["item"].to_pylist(), table["worker"].to_pylist()))
    assert votes - len(pairs) == {"adult": 7, "hitspam": 4_169}.get(crowd, 0)


def test_crowd_emotion_has_numbers(load):
    found = load("crowd-classic", crowd="emotion")
    sources, votes = found.extra["sources"], found.extra["votes"]
    assert sources.shape == (700, 38)
    assert np.isfinite(sources).sum() == votes.num_rows == 7_000
    assert sources[votes["item"], votes["worker"]].tolist() == votes["label"].to_pylist()
    assert (np.nanmin(sources), np.nanmax(sources)) == (-100, 100)
    np.testing.assert_array_equal(found.extra["truth"], found.truth)
    assert np.abs(np.nanmean(sources, axis=1) - found.labels).max() <= 0.5
    assert found.card.k == len(found.classes)
    assert (found.wrong == 1).mean() == pytest.approx(found.card.error_rate)
    assert "evidence" not in found.extra
    assert np.corrcoef(found.labels, found.truth)[0, 1] > 0.7


def test_crowd_classic_options():
    with pytest.raises(InputError, match="crowd='bird' must be one of duck, product"):
        crowd_classic.load(crowd="bird")


@pytest.mark.parametrize(
    ("relation", "column", "name", "known"), [("cause", 0, "causes", 929), ("treat", 1, "treats", 606)]
)
def test_crowd_medical_relations(relation, column, name, known, load):
    found = load("crowd-medical-relations", relation=relation)
    extra, votes, evidence = found.extra, found.extra["votes"], found.extra["evidence"]
    sets, item = votes["relations"].to_pylist(), votes["item"].to_numpy()
    assert evidence.n_votes == votes.num_rows == 49_597
    assert evidence.classes.tolist() == found.classes == ["no", "yes"]
    assert len({chosen for mine in sets for chosen in mine}) == 14
    assert len(evidence.sources) == len(set(votes["worker"].to_pylist())) == 466
    assert evidence.items.tolist() == np.unique(item).tolist() == list(range(len(found)))
    np.testing.assert_array_equal(
        evidence.counts[:, 1], np.bincount(item, [name in mine for mine in sets], len(found))
    )
    assert len(votes) - len(set(zip(item.tolist(), votes["worker"].to_pylist()))) == 729
    assert (extra["expert"] >= 0).sum(axis=0).tolist() == [975, 621]
    assert (extra["adjudicated"] >= 0).sum(axis=0).tolist() == [929, 606]
    assert (extra["distant"] >= 0).all()
    there = found.truth != np.array(None)
    assert there.sum() == known
    np.testing.assert_array_equal(there, extra["adjudicated"][:, column] >= 0)
    np.testing.assert_array_equal(found.labels == "yes", extra["distant"][:, column] == 1)
    np.testing.assert_array_equal(found.truth[there] == "yes", extra["adjudicated"][there, column] == 1)
    assert (found.wrong == 1).sum() / known == pytest.approx(found.card.error_rate)
    crowd = np.where(extra["crowd_score"][:, column] > 0.5, "yes", "no")
    assert (crowd == found.truth)[there].mean() > 1 - found.card.error_rate, "better than distant supervision"
    assert extra["id"][0] == 800_003
    assert extra["term2"][1] == "LISPRO"


def test_crowd_medical_relations_options():
    with pytest.raises(InputError, match="relation='cure' must be one of cause, treat"):
        crowd_medical_relations.load(relation="cure")


@pytest.mark.parametrize(
    ("dataset", "sizes"), [("J1", (250, 2_490, 70)), ("T1", (100, 1_000, 42)), ("T2", (100, 1_000, 43))]
)
def test_crowd_text_answers(dataset, sizes, load):
    found = load("crowd-text-answers", dataset=dataset)
    answers = found.extra["answers"]
    assert (len(found), answers.num_rows, len(set(answers["worker"].to_pylist()))) == sizes
    assert len(found.classes) == found.card.k
    assert (found.labels != found.truth).mean() == found.card.error_rate
    item, said = answers["item"].to_pylist(), answers["answer"].to_pylist()
    for i in range(0, len(found), 25):
        assert said[item.index(i)] == found.labels[i]
    from difflib import SequenceMatcher

    own, other = (
        np.mean([SequenceMatcher(None, a, b).ratio() for a, b in zip(found.labels[:80], truth)])
        for truth in (found.truth, np.roll(found.truth, 1))
    )
    assert own > other + 0.15, "answers belong to the sentence they stand at"


def test_crowd_text_answers_options(load):
    with pytest.raises(InputError, match="dataset='J2' must be one of J1, T1, T2"):
        crowd_text_answers.load(dataset="J2")
    shared = set(load("crowd-text-answers", dataset="T1").items.tolist()) & set(
        load("crowd-text-answers", dataset="T2").items.tolist()
    )
    assert len(shared) == 13


# --- rules ---


@pytest.mark.parametrize(
    ("name", "rules", "cover", "repeats", "accuracy"),
    [("ws-sms-spam", 73, 0.403, 418, 0.9686), ("ws-youtube-spam", 12, 0.858, 213, 0.904)],
)
def test_weak_supervision(name, rules, cover, repeats, accuracy, load):
    found = load(name)
    votes, told = found.extra["evidence"], found.extra["rules"]
    assert votes.sources.tolist() == [rule["name"] for rule in told]
    assert len(set(votes.sources.tolist())) == rules
    assert (votes.counts.sum(axis=1) > 0).mean() == pytest.approx(cover, abs=1e-3)
    assert len(found) - len(np.unique(found.groups)) == repeats
    assert chosen(votes, found.truth) == pytest.approx(accuracy, abs=1e-3)
    wide = votes.wide()
    for rule, column in zip(told, wide.T):
        fires = column >= 0
        assert fires.any()
        assert {found.classes[code] for code in column[fires]} == {rule["label"]}, "a rule has one class"
        if rule["regex"]:
            hit = [bool(re.search(rule["regex"], text.lower())) for text in found.items]
            np.testing.assert_array_equal(fires, hit)
    spam, ham = votes.counts[:, 1], votes.counts[:, 0]
    np.testing.assert_array_equal(found.labels == "spam", spam > ham)


def test_weak_supervision_parts(load):
    names, sizes = np.unique(load("ws-sms-spam").extra["split"], return_counts=True)
    assert dict(zip(names.tolist(), sizes.tolist())) == {
        "exemplar": 73,
        "test": 500,
        "train": 4_502,
        "valid": 500,
    }
    names, sizes = np.unique(load("ws-youtube-spam").extra["video"], return_counts=True)
    assert dict(zip(names.tolist(), sizes.tolist())) == {
        "Eminem": 448,
        "KatyPerry": 350,
        "LMFAO": 438,
        "Psy": 350,
        "Shakira": 370,
    }
    assert sum(rule["regex"] is None for rule in load("ws-youtube-spam").extra["rules"]) == 2


# --- numbers, marks, maps, mails ---


@pytest.mark.network
def test_pollsters(load):
    found = load("pollsters")
    sources, truth = found.extra["sources"], found.extra["truth"]
    assert sources.shape == (1_001, 5)
    assert found.extra["names"].tolist() == ["gallup", "ipsos", "morning_consult", "rasmussen", "you_gov"]
    assert (np.diff(found.items) == np.timedelta64(1, "D")).all()
    assert [str(day) for day in found.items[[0, -1]]] == ["2017-03-01", "2019-11-26"]
    assert np.abs(sources.mean(axis=0) - truth.mean()).max() < 0.4
    apart = np.abs(sources - truth[:, None]).mean(axis=0)
    assert np.abs(sources.mean(axis=1) - truth).mean() < apart.min(), "the mean beats the best pollster"
    assert np.abs(found.truth - truth).max() <= 0.5


@pytest.mark.parametrize(
    ("name", "depth", "tops"),
    [("clinc150", {2}, 10), ("semeval2010-relations", {1, 2}, 10), ("fewrel", {2}, 2)],
)
def test_trees_of_classes(load, name, depth, tops):
    found = load(name)
    paths = found.extra["paths"]
    assert sorted(paths) == list(found.classes)
    assert {path.count("/") + 1 for path in paths.values()} == depth
    assert len({path.partition("/")[0] for path in paths.values()}) == tops
    if name == "clinc150":
        assert len(found.extra["outside"]) == len(found.extra["outside_split"]) == 1200
        assert set(np.unique(found.labels, return_counts=True)[1].tolist()) == {150}


@pytest.mark.parametrize("name", ["fewrel", "semeval2010-relations"])
def test_both_entities_are_marked(load, name):
    for text in load(name).items:
        assert all(text.count(tag) == 1 for tag in ("<e1>", "</e1>", "<e2>", "</e2>"))
        assert all(text.index(f"<{e}>") < text.index(f"</{e}>") for e in ("e1", "e2"))


def test_goemotions(load):
    found = load("goemotions")
    counts = found.labels.sum(axis=0)
    assert (counts.min(), counts.max()) == (96, 17_772)
    each = found.labels.sum(axis=1)
    assert (each.min(), each.max()) == (1, 5)
    assert each.mean() == pytest.approx(1.18, abs=5e-3)
    tags = [tag for mine in found.extra["ekman"].values() for tag in mine]
    assert sorted(tags) == sorted(found.classes)
    assert np.unique(found.extra["split"], return_counts=True)[1].tolist() == [5_426, 5_427, 43_410]
    i = found.items.index("My favourite food is anything I didn't have to cook myself.")
    assert found.evidence.names(i) == ("neutral",)


@pytest.mark.parametrize(("large", "n", "changed", "left_out"), [(False, 542, 86, 4), (True, 562, 106, 6)])
def test_dsb_nuclei(large, n, changed, left_out, load):
    found = load("dsb-nuclei", large=large)
    extra, card = found.extra, found.card
    assert (len(found), len(found.classes)) == (card.n, card.k) == (n, card.k)
    assert (found.wrong == 1).sum() / (found.wrong >= 0).sum() == pytest.approx(card.error_rate)
    assert extra["changed"].sum() == changed
    assert sum(after is None for after in extra["fixed"]) == left_out
    for i, (before, after) in enumerate(zip(extra["given"], extra["fixed"])):
        assert before.shape == tuple(extra["size"][i])
        assert len(np.unique(before[before > 0])) == found.labels[i]
        if after is None:
            assert extra["changed"][i]
            assert found.truth[i] is None
            continue
        assert len(np.unique(after[after > 0])) == found.truth[i]
        assert ((before > 0) != (after > 0)).sum() == extra["changed_pixels"][i]
        assert extra["changed"][i] or before is after
    if not large:
        assert found.items.shape[1:] == (dsb_nuclei.SIDE,) * 2
        light = np.array(
            [
                found.items[i, :h, :w][extra["given"][i] > 0].mean() > found.items[i, :h, :w].mean()
                for i, (h, w) in enumerate(extra["size"])
            ]
        )
        assert light[~extra["stained"]].mean() > 0.99, "nuclei glow, so maps and pictures belong together"


def test_coco_256(load):
    found = load("coco-256")
    extra = found.extra
    assert found.items.shape == (256, 320, 320, 3)
    assert (extra["boxes"].num_rows, extra["polygons"].num_rows) == (1_827, 1_458)
    assert len(set(extra["polygons"]["item"].to_pylist())) == 198
    assert (found.labels.sum(axis=1) == 0).sum() == 2
    assert sum(found is not None for found in extra["semantic"]) == 200
    for i, label in zip(extra["boxes"]["item"].to_pylist(), extra["boxes"]["label"].to_pylist()):
        assert found.labels[i, found.classes.index(label)] == 1
    assert found.labels.sum() == len(set(zip(*(extra["boxes"][c].to_pylist() for c in ("item", "label")))))
    code = {name: number for number, name in extra["semantic_classes"].items()}
    inside = []
    for row in extra["boxes"].to_pylist():
        plane = extra["semantic"][row["item"]]
        if plane is None or row["label"] not in code:
            continue
        height, width = plane.shape
        assert (height, width) == tuple(extra["size"][row["item"]])
        x, y = ((row[f"{a}0"] + row[f"{a}1"]) / 2 for a in "xy")
        inside.append(plane[int(y * height), int(x * width)] == code[row["label"]])
    assert np.mean(inside) > 0.6, "the middle of a box mostly shows its class"
    assert np.unique(extra["split"], return_counts=True)[1].tolist() == [128, 128]


@pytest.mark.network
def test_spamassassin(load):
    found = load("spamassassin")
    names, sizes = np.unique(found.extra["part"], return_counts=True)
    assert dict(zip(names.tolist(), sizes.tolist())) == {
        "easy-ham-1": 2_500,
        "easy-ham-2": 1_400,
        "hard-ham-1": 250,
        "spam-1": 500,
        "spam-2": 1_396,
    }
    assert (found.labels == "spam").sum() == 1_896
    assert len({text.partition("\n\n")[2] for text in found.items}) == 6_046 - 171
    assert len(np.unique(found.groups)) == len(set(found.items))
    assert found.items[0].startswith("Re: New Sequences Window\n\n")
    assert all(re.search("(?im)^(from|received|return-path|date)", head) for head in found.extra["headers"])


def test_mails_are_packed_in_the_order_of_the_list(monkeypatch):
    inside = {
        "package/data/file_list.json": b'["a/2.txt", "a/1.txt"]',
        "package/data/a/1.json": b'{"id": "1"}\n',
        "package/data/a/2.json": b'{"id": "2"}',
    }
    monkeypatch.setattr(
        spamassassin.Npm, "take", lambda self, wanted: {name: inside[name] for name in wanted}
    )
    assert spamassassin.SOURCE.take(["mails.jsonl"]) == {"mails.jsonl": b'{"id": "2"}\n{"id": "1"}'}


def test_a_mail_in_halves():
    head, body = spamassassin._halves("From: a\r\nSubject: one\r\n\ttwo\r\n\r\nBody\r\n\r\nmore")
    assert body == "Body\n\nmore"
    assert spamassassin._subject(head) == "one two"
    assert spamassassin._subject("From: a") == ""


def test_all_cards_of_a_set_bear_its_name_and_the_plain_one_comes_first():
    for cards in (
        crowd_classic.CARDS,
        crowd_medical_relations.CARDS,
        crowd_text_answers.CARDS,
        {"small": dsb_nuclei.CARD, "large": dsb_nuclei.LARGE},
    ):
        first = next(iter(cards.values()))
        assert first == data.card(first.name)
        for card in cards.values():
            same_but_counts = dataclasses.replace(card, n=first.n, k=first.k, error_rate=first.error_rate)
            assert same_but_counts == first


def test_cranfield_marks_are_the_grades_above_none():
    found = data.load("cranfield")
    grades = found.extra["grades"]
    assert (
        found.labels.shape == grades.shape == (len(found.items), len(found.extra["queries"])) == (1400, 225)
    )
    assert ((grades > 0) == (found.labels == 1)).all()
    assert set(np.unique(grades)) == {0, 1, 2, 3, 4}
    assert (found.labels.sum(axis=0) > 0).all()  # every question has an answer
