import datetime
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from time import process_time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.report.browser import visit  # noqa: F401

from labelwright.audit.items import Items
from labelwright.audit.report import page, write
from labelwright.audit.result import Estimate
from labelwright.report.text import NBSP

from .sample import (
    HOSTILE,
    empty_audit,
    hostile_audit,
    image_audit,
    make,
    sentences,
    table_audit,
    tag_audit,
    text_audit,
)

AUDITS = {
    "text": text_audit,
    "image": image_audit,
    "table": table_audit,
    "matrix": lambda: table_audit(30),
    "pairs": lambda: table_audit(40),
    "tags": tag_audit,
    "empty": empty_audit,
    "hostile": hostile_audit,
}


def html(audit, **options):
    return page(audit, title="Audit", **options).html()


def words(markup):
    """What a reader reads, on one line."""
    text = re.sub(r"<(script|style|noscript).*?</\1>", "", markup, flags=re.S)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text).replace("&nbsp;", " ").replace(NBSP, " "))


def embedded(markup):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', markup, re.S)[1])


def test_the_answer_comes_first():
    said = words(html(text_audit()))
    answer = (
        "About 3.1 % of the labels are wrong (95 % interval 2.6 % to 3.7 %): roughly 540 of 17,410. "
        "512 rows are worth checking first."
    )
    assert answer in said
    assert said.index(answer) < said.index("labels checked")


def test_the_file_and_the_day_stand_under_the_title():
    said = words(html(text_audit(), today=datetime.date(2026, 11, 3)))
    assert "reviews.csv3 November 202617,410 rows" in said
    assert "/secret/place" not in html(hostile_audit())


def test_nothing_found_is_a_good_page():
    said = words(html(empty_audit()))
    for line in (
        "Almost none of the 40 labels seem to be wrong (95 % interval 0 % to 8.8 %). None stands out",
        "No label stands out.",
        "No class seems to be labelled as another.",
        "No two classes mix",
        "No item appears twice",
        "Every item fits at least one class.",
        "Too few items for a diagram.",
    ):
        assert line in said
    assert "Who labelled what" not in said


def test_an_audit_of_nothing_at_all():
    full, nan = empty_audit(), float("nan")
    nothing = replace(
        full,
        n=0,
        classes=np.array([]),
        p_wrong=np.array([]),
        error_rate=Estimate(nan, nan, nan),
        noise_matrix=np.zeros((0, 0)),
        joint=np.zeros((0, 0)),
        by_class=full.by_class.iloc[:0],
    )
    assert "There are no labels to check in this file." in words(html(nothing))
    unknown = replace(full, error_rate=Estimate(nan, nan, nan))
    assert "How many labels are wrong could not be estimated." in words(html(unknown))
    assert "nan" not in words(html(nothing)).lower()


@pytest.mark.parametrize("like", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_every_kind_give_the_same_page(like):
    day = datetime.date(2026, 1, 2)
    assert html(text_audit(20, 300, like=like), today=day) == html(text_audit(20, 300), today=day)


def test_rows_are_embedded_with_their_evidence():
    audit = text_audit(30, 500)
    data = embedded(html(audit))
    assert [c["key"] for c in data["columns"]][:5] == ["row", "given", "suggested", "p_wrong", "why"]
    first = data["rows"][0]
    assert first[0] == audit.issues["row"][0]
    assert first[5][0][0] == f"Nearest, labelled {audit.issues['given'][0]}"
    for _, rows in first[5]:
        assert all(str(r) in data["items"] for r in rows)


def test_only_the_first_thousand_rows_are_embedded():
    markup = html(text_audit(1100, 3000))
    assert len(embedded(markup)["rows"]) == 1000
    assert "the other 100 are in issues.csv" in words(markup)


def test_tags_show_what_to_add_and_remove():
    rows = embedded(html(tag_audit()))["rows"]
    for row in rows:
        given, suggested = {n for n, _ in row[1]}, {n for n, mark in row[2] if mark != "-"}
        assert {n for n, mark in row[2] if mark == "+"} == suggested - given
        assert {n for n, mark in row[2] if mark == "-"} == given - suggested
    assert "Wrongly missing" in words(html(tag_audit()))


def test_many_classes_are_shown_as_pairs():
    assert 'class="heat' in html(table_audit(30))
    markup = html(table_audit(31))
    assert 'class="heat' not in markup
    assert "these are the 25 most frequent slips" in words(markup)


def test_classes_that_read_the_same_are_told_apart():
    given = {
        name if isinstance(name, str) else str(name)
        for row in embedded(html(hostile_audit()))["rows"]
        for name in row[1:3]
    }
    assert {"1", "'1'", "none", "(empty)"} <= given


def test_no_items_is_no_obstacle():
    data = embedded(html(replace(text_audit(5, 50), items=None)))
    assert data["items"] == {}
    assert len(data["rows"]) == 5


def test_hostile_texts_stay_texts():
    markup = html(hostile_audit())
    assert markup.count("<script") == 2  # the rows and ours
    attributes = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, pairs: attributes.extend(name for name, _ in pairs)
    reader.feed(markup)
    assert len(attributes) > 500
    assert not [name for name in attributes if name.startswith("on")]
    assert "{{7*7}}" in markup
    assert "\x00" not in markup
    assert "\u202e" not in markup


def test_the_page_is_small_and_quick(tmp_path):
    rng = np.random.default_rng(0)
    long = Items.texts(
        [" ".join(sentences(8, rng)) for _ in range(17_410)]
    )  # every preview is cut at its full length
    for audit, most in ((text_audit(1000), 1_000_000), (replace(text_audit(1000), items=long), 1_500_000)):
        write(audit, tmp_path / "warm.html", title="Audit")
        start = process_time()
        path = write(audit, tmp_path / "report.html", title="Audit")
        assert process_time() - start < 1
        assert path.stat().st_size < most


@pytest.mark.browser
@pytest.mark.parametrize("name", AUDITS)
def test_pages_in_a_browser(name, visit, tmp_path):  # noqa: F811
    path = AUDITS[name]().report(tmp_path / "report.html", title="Audit" if name != "hostile" else HOSTILE[1])
    for width, dark in ((360, True), (360, False), (768, True), (1600, False)):
        seen = visit(path, width=width, dark=dark)
        seen.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        for i in range(min(3, seen.page.locator("button.unfold").count())):
            seen.page.locator("button.unfold").nth(i).click()
        assert seen.sideways() == 0
        assert seen.weak() == []
        seen.check()
        seen.page.close()


@pytest.mark.browser
def test_hostile_values_can_be_searched_filtered_and_saved(visit, tmp_path):  # noqa: F811
    seen = visit(hostile_audit().report(tmp_path / "report.html"))
    status = seen.page.get_by_role("status")
    seen.page.get_by_label("Search").fill("{{7*7}}")
    assert status.inner_text() == "4 of 64 rows"
    with seen.page.expect_download() as waiting:
        seen.page.get_by_role("button", name="Download CSV").click()
    assert waiting.value.path().read_bytes().decode().startswith("row,given,suggested,p_wrong,why\r\n")
    seen.page.get_by_role("button", name="Reset").click()
    choices = seen.page.locator("select[data-key=given]")
    for i in range(choices.locator("option").count() - 1):
        choices.select_option(value=str(i))
        assert " of 64 rows" in status.inner_text()
    seen.check()


@pytest.mark.browser
def test_names_that_javascript_knows_are_only_names(visit, tmp_path):  # noqa: F811
    names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    audit = make(names, n=80, issues=40, items=Items.texts(names * 20))
    seen = visit(audit.report(tmp_path / "report.html"))
    seen.page.locator("select[data-key=given]").select_option(index=1)
    assert " of 40 rows" in seen.page.get_by_role("status").inner_text()
    seen.check()
