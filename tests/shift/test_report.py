"""The page: what a reader reads, whatever the balance did, and that it works in a browser."""

import datetime
import json
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from tests.audit.sample import HOSTILE as RAW
from tests.report.browser import visit  # noqa: F401

from labelwright.report.text import NBSP
from labelwright.shift import adapt
from labelwright.shift.report import page, write
from labelwright.shift.report_view import View

HOSTILE = [name.encode("utf-8", "replace").decode() for name in RAW]


def drawn(n, q, seed, sep=2.5):
    rng = np.random.default_rng(seed)
    codes = rng.choice(len(q), n, p=q)
    probs = np.exp(rng.normal(size=(n, len(q))) + sep * np.eye(len(q))[codes])
    return probs / probs.sum(axis=1, keepdims=True), codes


def moved(k, n=900, names=None, seed=0, labelled=0):
    """Found for k classes whose shares fall geometrically in the target."""
    names = np.array([f"class {c}" for c in range(k)] if names is None else names, dtype=object)
    q = np.linspace(2, 0.05, k)
    (probs, codes), (new, truth) = drawn(n, np.full(k, 1 / k), seed), drawn(n, q / q.sum(), seed + 1)
    source = pd.DataFrame(probs, columns=names).assign(label=names[codes])
    target = pd.DataFrame(new, columns=names)
    if labelled:
        target["label"] = np.where(np.arange(n) < labelled, names[truth], None)
    return adapt(source, target, label="label", classes=names, checks=True, show=False)


@cache
def two():
    return moved(2)


@cache
def measured():
    return moved(3, labelled=200)


@cache
def letters():
    return moved(26, 1500)


@cache
def many():
    return moved(320, 1000)


@cache
def same():
    probs, codes = drawn(500, np.full(3, 1 / 3), 5)
    return adapt(probs, drawn(500, np.full(3, 1 / 3), 6)[0], label=codes, checks=True)


@cache
def strange():
    probs, codes = drawn(500, np.full(3, 1 / 3), 5)
    other = drawn(500, np.full(3, 1 / 3), 6)[0]
    other[::2] = 0.98 / 3 + 0.02 * other[::2]
    return adapt(probs, other, label=codes)


@cache
def hostile():
    return moved(len(HOSTILE), 900, [f"{i}{name}" for i, name in enumerate(HOSTILE)])


PAGES = {
    "two": two, "measured": measured, "letters": letters, "many": many, "same": same, "strange": strange,
    "hostile": hostile,
}  # fmt: skip


def html(found, **options):
    return page(found, title="New rows", **options).html()


def words(markup):
    """What a reader reads, on one line."""
    text = re.sub(r"<(script|style|noscript).*?</\1>", "", markup, flags=re.S)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text).replace("&nbsp;", " ").replace(NBSP, " "))


def section(markup, name):
    return re.search(rf'<section id="{name}".*?</section>', markup, re.S)[0]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_its_sections_and_no_nan(name):
    found = PAGES[name]()
    markup = html(found)
    wanted = ["balance", "changed", "accuracy", "predictions", "kind", "estimators", "python", "trust"]
    if found.checks is None:
        wanted.remove("estimators")
    assert re.findall(r'<section id="(\w+)"', markup) == wanted
    assert not re.search(r"\bnan\b|\binf\b|\bnone of the\b|np\.", words(markup).lower())


def test_the_answer_says_what_changed_and_what_it_is_worth():
    found = measured()
    said, seen = words(html(found)), found.accuracy
    assert (
        f"about {100 * seen.after:.1f} % of the predictions are expected to be right (95 % interval" in said
    )
    assert f"On 200 labelled new rows {100 * found.measured.after:.1f} % are right" in said
    assert "Measured, corrected, on 200 labelled new rows" in said
    assert "No change of the balance of the classes is seen" in words(html(same()))
    assert "More than the balance of the classes changed" in words(html(strange()))


def test_classes_are_drawn_by_change_the_most_grown_first():
    found = letters()
    drawn = re.findall(r'<li><span class="name" dir="auto" title="(.*?)"', section(html(found), "balance"))
    change = found.priors["target"] - found.priors["source"]
    assert drawn == found.priors["class"][np.argsort(-change, kind="stable")].tolist()
    assert len(re.findall(r'class="ring"', section(html(many()), "balance"))) == 24 + 1  # and the legend


def test_only_sure_changes_are_named():
    assert View(same()).sure.sum() == 0
    assert "None beyond what chance does" in words(html(same()))
    view = View(letters())
    assert set(view.grown) <= set(np.flatnonzero(view.low > view.source))
    assert set(view.shrunk) <= set(np.flatnonzero(view.high < view.source))
    assert view.grown[0] < 6
    assert view.shrunk[0] > 19


def test_rows_that_change_are_listed_with_their_label():
    found = measured()
    [data] = re.findall(r'<script type="application/json">(.*?)</script>', html(found), re.S)
    table = json.loads(data)
    assert [column["key"] for column in table["columns"]] == ["row", "before", "after", "p", "truth"]
    assert len(table["rows"]) == found.changed
    for row, before, after, _, _ in table["rows"]:
        assert (before, after) == (found.predictions["before"][row], found.predictions["label"][row])
        assert before != after


def test_estimators_stand_side_by_side():
    found = two()
    assert found.checks.agree
    assert found.checks.methods == ("elsa", "bbse", "rlls", "pacc", "acc", "kdey", "dys")
    table = section(html(found), "estimators")
    assert all(f">{name} " in table for name in found.checks.methods)
    assert "None is further away than chance explains" in words(table)


def test_the_files_and_the_day_stand_under_the_title():
    found = two()
    object.__setattr__(
        found, "settings", {**found.settings, "source": "/secret/val.csv", "target": "/secret/new.csv"}
    )
    markup = html(found, today=datetime.date(2026, 11, 3))
    assert "val.csv → new.csv3 November 2026900 new rows" in words(markup)


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_pages_in_a_browser(name, visit, tmp_path):  # noqa: F811
    path = write(PAGES[name](), tmp_path / "report.html", title="New" if name != "hostile" else HOSTILE[1])
    for width, dark in ((360, True), (1280, False)):
        seen = visit(path, width=width, dark=dark)
        seen.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert seen.sideways() == 0
        assert seen.weak() == []
        seen.check()
        seen.page.close()
