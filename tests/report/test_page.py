import base64
import hashlib
import os
import re
import stat

import pytest
from markupsafe import Markup

from labelwright.errors import InputError
from labelwright.report import Column, DataTable, Page, Preview, Section, preview

BAD = "<script>alert(1)</script>"


def page(**options):
    return Page("Bread", [Section("rye", "Rye & wheat", Markup("<p>Dark.</p>"), lead=BAD)], **options)


def test_the_policy_names_the_one_script_by_its_hash():
    html = page().html()
    policy = re.search("script-src 'sha256-([^']+)'", html)[1]
    script = re.search("<script>(.*?)</script>", html, re.S)[1]
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() == policy
    assert "default-src 'none'" in html
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert not re.search(r"url\(|@import", html)


def test_text_is_escaped_and_markup_is_kept():
    html = Page(
        BAD, [Section("a", BAD, Markup("<p>x</p>"), short=BAD, lead=BAD)], kicker=BAD, meta=[BAD], foot=BAD
    ).html()
    assert BAD not in html
    assert "<p>x</p>" in html


def test_the_contents_lead_to_the_sections():
    html = page().html()
    assert '<a href="#rye">Rye &amp; wheat</a>' in html
    assert '<section id="rye"' in html


def test_write_replaces_the_file_as_a_whole(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    assert page().write(path) == path
    assert path.read_text(encoding="utf-8").endswith("</html>")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("name", ["missing/page.html", "."])
def test_a_path_that_cannot_be_written_is_named(tmp_path, name):
    (tmp_path / "full").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        page().write(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["full"]


def test_lone_surrogates_do_not_stop_a_page(tmp_path):
    Page("\ud83d", [], foot="\ud83d").write(tmp_path / "page.html")


def test_previews_take_data_addresses_only():
    with pytest.raises(ValueError, match="data:image/"):
        Preview(image="https://example.com/x.png")
    assert not Preview()
    assert "&lt;b&gt;" in preview(Preview("<b>", (("<i>", "<u>"),)), 3)


def test_a_table_without_scripts_shows_its_first_rows():
    table = DataTable(
        "t",
        "Things",
        [
            Column("row", "Item", "item"),
            Column("a", "A", "label"),
            Column("p", "P", "share"),
            Column("g", "G", "groups"),
        ],
        [[i, [("x", "+"), ("y", "")], None if i else 0.25, [["near", [1]]]] for i in range(40)],
        items={0: Preview("first", (("k", "v"),))},
    )
    plain = table.html().split("<noscript>")[1]
    assert plain.count("<tr>") == 26
    assert "0 · first · k: v" in plain
    assert "+x, y" in plain
    assert "25%" in plain
