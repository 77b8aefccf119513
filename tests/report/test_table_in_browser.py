import pytest
from tests.report.browser import visit  # noqa: F401

from labelwright.report import Cell, Column, DataTable, Page, Preview, Section, plain_table

pytestmark = pytest.mark.browser

CELLS = ["=1+1", "-3", "  @cmd", 'say "hi", all', "plain", "\uff1d1"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    table = DataTable(
        "votes",
        "Votes",
        [
            Column("row", "Item", "item"),
            Column("said", "Said", "label", filter=True),
            Column("n", "Voters", "number"),
            Column("p", "Sure", "share", filter=True),
            Column("why", "Why", "note"),
            Column("near", "Near", "groups"),
        ],
        [
            [
                i,
                "ab"[i % 2] if i % 3 else [("b", "+"), ("", "-")],
                i * 1000,
                None if i == 7 else i / 120,
                CELLS[i % 6],
                [["Like it", [i + 1]]] if i != 4 else [],
            ]
            for i in range(120)
        ],
        items={i: Preview(f"item number {i} <b>") for i in range(121)},
        sort=("row", False),
        page=50,
        download="votes.csv",
    )
    rows = [[f"class {i}", Cell(f"{i} %", i)] for i in (3, 10, 1, *range(20, 60))]
    body = table.html() + plain_table(["Class", "Share"], rows, caption="Classes", numbers=(1,))
    return Page("Votes", [Section("all", "All", body)]).write(tmp_path_factory.mktemp("page") / "page.html")


def firsts(page, n=3):
    return [
        page.locator("#votes tbody tr").nth(i).locator(".under .num").first.inner_text() for i in range(n)
    ]


def test_search_filter_sort_and_pages(visit, path):  # noqa: F811
    seen = visit(path)
    page = seen.page
    status = page.get_by_role("status")
    assert status.inner_text() == "120 rows"
    page.get_by_label("Search").fill("NUMBER 11 <b>")
    assert status.inner_text() == "11 of 120 rows"  # 11 and 110 to 119: every word must occur
    page.get_by_label("Search").fill("")
    page.locator("select[data-key=said]").select_option(label="a (40)")
    assert status.inner_text() == "40 of 120 rows"
    page.get_by_label("Sure, from").fill("50")
    assert status.inner_text() == "20 of 120 rows"
    page.get_by_label("Search").fill("no such thing")
    assert "Nothing matches" in page.locator("#votes tbody").inner_text()
    page.get_by_role("button", name="Reset").click()
    assert status.inner_text() == "120 rows"
    page.locator("#votes").get_by_role("button", name="Sure").click()
    assert firsts(page) == ["row 119", "row 118", "row 117"]
    assert page.locator("#votes th[aria-sort=descending]").inner_text() == "Sure"
    page.locator("#votes").get_by_role("button", name="Sure").click()
    assert firsts(page) == ["row 0", "row 1", "row 2"]
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    assert page.locator("#votes tbody tr").count() == 20
    assert firsts(page, 20)[-1] == "row 7"  # what is unknown comes last
    assert page.get_by_role("button", name="Next").is_disabled()
    seen.check()


def test_evidence_unfolds_by_keyboard(visit, path):  # noqa: F811
    seen = visit(path)
    button = seen.page.get_by_role("button", name="Evidence").nth(1)
    button.focus()
    seen.page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    assert "item number 2 <b>" in seen.page.locator("tr.details").inner_text()
    seen.page.keyboard.press("Enter")
    assert seen.page.locator("tr.details").count() == 0
    seen.check()


def test_the_download_holds_what_is_shown_and_no_formulas(visit, path):  # noqa: F811
    seen = visit(path)
    seen.page.get_by_label("Search").fill("item number 11")
    with seen.page.expect_download() as waiting:
        seen.page.get_by_role("button", name="Download CSV").click()
    assert waiting.value.suggested_filename == "votes.csv"
    lines = waiting.value.path().read_bytes().decode().split("\r\n")
    assert lines[:2] == ["row,said,n,p,why", "11,b,11000,0.09166666666666666,'\uff1d1"]
    assert lines[2] == "110,a,110000,0.9166666666666666,'  @cmd"
    assert lines.pop() == ""
    assert len(lines) == 12
    assert {line.split(",", 4)[4] for line in lines[1:]} == {
        "'=1+1",
        "'-3",
        "'  @cmd",
        '"say ""hi"", all"',
        "plain",
        "'\uff1d1",
    }
    seen.check()


def test_copied_rows_can_be_pasted(visit, path):  # noqa: F811
    seen = visit(path, permissions=["clipboard-read", "clipboard-write"])
    seen.page.get_by_label("Search").fill("item number 119")
    seen.page.get_by_role("button", name="Copy rows").click()
    seen.page.get_by_role("button", name="Copied 1").wait_for()
    assert seen.page.evaluate("navigator.clipboard.readText()").splitlines()[1].split("\t")[0] == "119"
    seen.check()


def test_plain_tables_sort_and_fold(visit, path):  # noqa: F811
    seen = visit(path)
    table = seen.page.locator("table.plain")
    assert table.locator("tbody tr:visible").count() == 30
    seen.page.get_by_role("button", name="Show all 43").click()
    assert table.locator("tbody tr:visible").count() == 43
    table.get_by_role("button", name="Share").click()
    assert table.locator("tbody th").first.inner_text() == "class 59"
    table.get_by_role("button", name="Class").click()
    assert table.locator("tbody th").all_inner_texts()[:3] == ["class 1", "class 3", "class 10"]
    seen.check()


def test_the_theme_is_kept(visit, path):  # noqa: F811
    seen = visit(path)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = seen.page.evaluate(paper)
    seen.page.locator("#theme").click()
    assert seen.page.evaluate(paper) == light
    seen.page.locator("#theme").click()
    assert seen.page.evaluate(paper) != light
    seen.page.reload()
    assert seen.page.locator("#theme").inner_text() == "Theme: dark"
    assert seen.page.evaluate(paper) != light
    seen.check()


def test_every_control_has_a_name_and_a_place_in_the_order(visit, path):  # noqa: F811
    seen = visit(path)
    unnamed = seen.page.evaluate("""() => {
      const named = (e) => e.textContent.trim() || e.ariaLabel || e.labels?.[0]?.textContent.trim();
      const all = [...document.querySelectorAll("button, input, select, a[href]")];
      return all.filter((e) => e.checkVisibility() && (e.tabIndex < 0 || !named(e))).length;
    }""")
    assert unnamed == 0
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for landmark in ("main", "header", "footer", "nav[aria-label]"):
        assert seen.page.locator(landmark).count() >= 1
