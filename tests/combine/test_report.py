"""The page: what a reader reads, whatever the votes look like, and that it works in a browser."""

import datetime
import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.audit.sample import HOSTILE as RAW
from tests.report.browser import visit  # noqa: F401

from labelwright.combine.everyday import votes
from labelwright.combine.file import scored
from labelwright.combine.report import page, write
from labelwright.evidence import Votes
from labelwright.report.text import NBSP

HOSTILE = [name.encode("utf-8", "replace").decode() for name in RAW]  # pandas takes no half of a character


def crowd(n=200, skill=(0.95, 0.9, 0.8, 0.7, 0.6), k=3, seed=0):
    """Codes of votes (n, a), and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    a = len(skill)
    wrong = (truth[:, None] + rng.integers(1, k, (n, a))) % k
    return np.where(rng.random((n, a)) < skill, truth[:, None], wrong), truth


def named(said, k=3, sources=None):
    return Votes(said, classes=[f"class {c}" for c in range(k)], sources=sources)


@cache
def few():
    return votes(named(crowd()[0]))


@cache
def measured():
    said, truth = crowd()
    found = votes(named(said))
    truth = np.where(np.arange(len(truth)) < 60, truth, -1)
    return replace(found, truth=truth, gold=scored(found, truth))


@cache
def many():
    rng = np.random.default_rng(1)
    said, _ = crowd(300, rng.uniform(0.3, 0.95, 60), k=4)
    said[rng.random(said.shape) < 0.5] = -1
    return votes(Votes(said, classes=list("abcd")))


@cache
def copied():
    said, _ = crowd(400, (0.9, 0.85, 0.8, 0.75, 0.7, 0.8, 0.7, 0.6, 0.6, 0.6), k=2)
    said[:, 8] = said[:, 9]
    return votes(named(said, 2, [f"worker {j}" for j in range(10)]))


@cache
def backward():
    said, _ = crowd(300, (0.9, 0.85, 0.8, 0.8, 0.0), k=2)
    return votes(named(said, 2, ["ann", "bob", "eve", "joe", "twisted"]))


@cache
def one():
    return votes(named(crowd(30)[0][:, :1]))


@cache
def apart():
    said, _ = crowd(40, (0.8,) * 4)
    alone = np.arange(4) == np.arange(40)[:, None] % 4
    return votes(named(np.where(alone, said, -1)))


@cache
def hostile():
    said, _ = crowd(64, (0.9, 0.7, 0.6, 0.6, 0.5), k=len(HOSTILE))
    table = Votes(said, classes=list(HOSTILE), sources=list(HOSTILE[:5]))
    table.items = np.array([HOSTILE[i % len(HOSTILE)] + str(i) for i in range(64)], dtype=object)
    return votes(table)


@cache
def classes():
    return votes(Votes(crowd(300, (0.8, 0.7, 0.6, 0.5), k=40)[0]))


PAGES = {
    "few": few, "measured": measured, "many": many, "copied": copied, "backward": backward, "one": one, "apart": apart,
    "hostile": hostile, "classes": classes,
}  # fmt: skip


def html(found, **options):
    return page(found, title="Votes", **options).html()


def words(markup):
    """What a reader reads, on one line."""
    text = re.sub(r"<(script|style|noscript).*?</\1>", "", markup, flags=re.S)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text).replace("&nbsp;", " ").replace(NBSP, " "))


def embedded(markup):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', markup, re.S)[1])


def section(markup, name):
    return re.search(rf'<section id="{name}".*?</section>', markup, re.S)[0]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_its_sections_and_no_nan(name):
    markup = html(PAGES[name]())
    assert re.findall(r'<section id="(\w+)"', markup) == [
        "sources", "agreement", "conflicts", "copying", "sure", "confusion", "trust",
    ]  # fmt: skip
    said = words(markup).lower()
    assert not re.search(r"\bnan\b|\binf\b|\bnone of the\b|np\.", said)


def test_with_gold_the_answer_is_how_many_are_right():
    found = measured()
    said = words(html(found))
    assert f"{100 * found.gold.accuracy:.1f} % of the labels are right (95 % interval" in said
    assert "on 60 items of known truth)" in said
    assert "How often it is right against probability of the label" in said
    data = embedded(html(found))
    assert [column["key"] for column in data["columns"]] == ["item", "label", "p", "truth", "votes"]


def test_without_gold_it_says_whose_account_it_is():
    said = words(html(few()))
    assert "1,000 votes of 5 sources make 200 labels" in said
    assert re.search("by the model.s own account", said)


def test_one_source_cannot_tell():
    said = words(html(one()))
    for line in (
        "30 votes of 1 source make 30 labels. How right they are these votes cannot tell.",
        "How often each source is right cannot be told",
        "Nothing to compare: no item has two votes",
        "Nobody contradicts anybody",
        "Whether anybody copies cannot be told",
        "p takes all to be equally good",
        "These votes do not tell which classes sources mix up",
    ):
        assert line in said
    assert "sure on average" not in said


def test_the_worst_source_comes_first_and_is_marked():
    table = section(html(backward()), "sources")
    rows = re.findall(r"<tr><th.*?</tr>", table, re.S)
    assert "twisted" in rows[1]  # below the heading
    assert "worse than chance" in rows[1]
    assert not any("worse than chance" in row for row in rows[2:])


def test_intervals_of_all_sources_are_drawn_where_there_are_many():
    found = many()
    drawn = section(html(found), "sources")
    assert drawn.count('class="one"') == drawn.count('class="dot') == 60
    assert 'class="one"' not in html(few())
    assert section(html(found), "agreement").count("<td") == 30 * 30 + 1  # and the corner


def test_who_copies_is_named_and_only_who_copies():
    pairs = copied().copies()
    assert [{it.first, it.second} for it in pairs] == [{"worker 8", "worker 9"}]
    assert 0 < pairs[0].low <= pairs[0].copying <= pairs[0].high <= 1
    assert "worker 8 ↔ worker 9" in words(section(html(copied()), "copying"))
    assert few().copies() == []
    assert "No pair stands out" in words(html(few()))


def test_independent_sources_are_seldom_said_to_copy():
    # All intervals hold at once in 95 of 100 crowds; in 40 of these no more than 2 when this was written.
    false = sum(
        bool(
            replace(
                few(), votes=Votes(crowd(150, (0.9, 0.8, 0.8, 0.7, 0.7, 0.6, 0.6), k=2, seed=seed)[0])
            ).copies()
        )
        for seed in range(40)
    )
    assert false <= 6


def test_conflicts_are_sorted_and_name_who_said_what():
    data = embedded(html(few()))
    p = [row[2] for row in data["rows"]]
    assert p == sorted(p)
    said, _ = crowd()
    for item, label, _, voices in data["rows"]:
        counts = np.bincount(said[int(item)], minlength=3)
        assert label in voices
        assert voices.count("class") == np.count_nonzero(counts) > 1
        first = re.match(r"class (\d): (.*?) ·", voices)
        assert len(first[2].split(", ")) == counts.max() == counts[int(first[1])]


def test_names_that_read_the_same_keep_their_own_numbers():
    long = "w" * 80
    said, truth = crowd(200, (0.95, 0.9, 0.5), k=2)
    found = votes(named(said, 2, [long + "1", long + "2", long + "3"]))
    found = replace(found, truth=truth, gold=scored(found, truth))
    shares = sorted((said == truth[:, None]).mean(axis=0))
    table = words(section(html(found), "sources"))
    assert [f"{100 * s:.0f} % of 200" in table for s in shares] == [True] * 3


def test_many_classes_are_bars_and_few_a_map():
    assert 'class="bars"' in section(html(classes()), "confusion")
    assert 'class="heat' in section(html(few()), "confusion")


@pytest.mark.parametrize("like", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_every_kind_give_the_same_page(like):
    said, _ = crowd(60)
    rows = {
        "item": np.repeat(np.arange(60), 5).tolist(),
        "source": [f"s{j}" for j in range(5)] * 60,
        "label": [f"c{c}" for c in said.ravel()],
    }
    day = datetime.date(2026, 1, 2)
    pages = [html(replace(votes(kind(rows)), settings={}), today=day) for kind in (like, pa.table)]
    assert pages[0] == pages[1]


def test_the_file_and_the_day_stand_under_the_title():
    found = replace(few(), settings={"file": "/secret/place/votes.csv"})
    markup = html(found, today=datetime.date(2026, 11, 3))
    assert "votes.csv3 November 2026200 items" in words(markup)
    assert "/secret/place" not in markup


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_pages_in_a_browser(name, visit, tmp_path):  # noqa: F811
    path = write(PAGES[name](), tmp_path / "report.html", title="Votes" if name != "hostile" else HOSTILE[1])
    for width, dark in ((360, True), (1280, False)):
        seen = visit(path, width=width, dark=dark)
        seen.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert seen.sideways() == 0
        assert seen.weak() == []
        seen.check()
        seen.page.close()
