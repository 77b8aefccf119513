"""The documentation says everything there is, and asks nothing of the network."""

import inspect
import json
import re
import subprocess
import sys
import unicodedata
import zlib
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest
from tests.docs.blocks import ROOT, pages
from tests.docs.site import generate

import labelwright
from labelwright import data
from labelwright.testing import public_classes

MODULES = [room for room in labelwright.__all__ if room in labelwright._ROOMS]
KEY = re.compile(r"\b[a-z]+(?:19|20)\d\d[a-z]+\b")
FETCHING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}


MEASURED = {"sets": 1000, "coverage": 0.951}


# The command


def test_every_command_and_option_is_in_the_reference():
    text = generate.command()
    for name, found in generate.commands().items():
        assert f"## {name}" in text
        for parameter in found.params:
            for option in parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]:
                assert re.search(rf"`{option}[ `]", text), f"{name} {option}"


def test_the_audit_page_speaks_of_every_option_of_audit():
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    for parameter in generate.commands()["audit"].params:
        for option in parameter.opts if parameter.param_type_name == "option" else []:
            assert option in page, f"docs/audit.md never mentions {option}"


def test_the_audit_page_speaks_of_every_filter_and_every_finding():
    from labelwright.audit.confident import FILTERS

    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    for rule in FILTERS:
        assert f"| `{rule}` |" in page, rule
    for name in (
        "p_wrong",
        "suggested",
        "error_rate",
        "issues",
        "noise_matrix",
        "duplicates",
        "misfits",
        "reliability",
    ):
        assert re.search(rf"^(`\w+`, )*`{name}`", page, re.MULTILINE), name


def test_the_reference_of_a_command_is_made_from_the_command(monkeypatch: pytest.MonkeyPatch):
    import typer

    app = typer.Typer()

    @app.callback()
    def all_() -> None: ...

    @app.command("weigh")
    def weigh(heavy: bool = typer.Option(False, "--heavy", help="More | less."), most: int = 3) -> None:
        """Weigh it.

        Example: labelwright weigh --heavy
        """

    monkeypatch.setattr(generate.cli, "app", app)
    text = generate.command()
    assert "## weigh" in text
    assert r"| `--heavy` | More \| less. |" in text
    assert "`--most N`" in text
    assert "Default: `3`" in text
    assert "Example: `labelwright weigh --heavy`" in text


# The sets of data


def test_every_set_has_a_row_and_a_card():
    text = generate.cards()
    for name in data.names():
        card = data.card(name)
        row = next(line for line in text.splitlines() if line.startswith(f"| [{name}](#{name}) |"))
        assert ("†" in row) is not card.shippable
        assert f"### {name}\n" in text
        assert card.licence in text
        assert card.cite in text


# References


def test_references_are_sorted_and_whole():
    found = generate.references()
    text = (ROOT / "src/labelwright/papers/references.bib").read_text(encoding="utf-8")
    assert len(found) == len(re.findall(r"^@", text, re.MULTILINE)) > 0, (
        "an entry could not be parsed, or a key stands twice"
    )
    assert list(found) == sorted(found)
    for key, entry in found.items():
        surname = unicodedata.normalize("NFKD", entry["author"].partition(",")[0].lower())
        first = re.sub("[^a-z]", "", surname)
        assert re.fullmatch(rf"{re.escape(first)}{entry['year']}[a-z]+", key), key
        assert entry["title"]
        assert (
            entry.get("journal")
            or entry.get("booktitle")
            or entry.get("howpublished")
            or entry.get("publisher")
        ), key
        assert entry["kind"] in ("article", "inproceedings", "misc", "book", "phdthesis"), key


def test_every_paper_cited_is_there():
    known = generate.references().keys()
    cited = {key: cls.__name__ for cls in public_classes() for key in getattr(cls, "cites", ())}
    assert cited
    for path in (ROOT / "src").rglob("*.py"):
        for key in KEY.findall(path.read_text(encoding="utf-8")):
            if not re.fullmatch(r"[0-9a-f]+|u20\d\d\w*", key):  # pieces of hashes and of escapes
                cited[key] = path.name
    for page in pages():
        for key in re.findall(r"references\.md#(\w+)", page.read_text(encoding="utf-8")):
            cited[key] = page.name
    assert {key: where for key, where in cited.items() if key not in known} == {}


# Pages


def test_nothing_private_stands_in_a_page():
    """No paths of a machine, no address of an index or a mirror."""
    for page in [*pages(), *(ROOT / "docs").glob("*.py"), ROOT / "src/labelwright/papers/references.bib"]:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(work|home|root|opt|tmp|usr)/", text), page.name
        assert not re.search(r"file://|pypi\.org|\.internal\b|localhost", text), page.name


def test_every_page_is_reached():
    listed = set()
    for page in (ROOT / "docs").rglob("*.md"):
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            names = [
                re.sub(r"^.*<|>$", "", line)
                for line in tree.splitlines()
                if line and not line.startswith(":")
            ]
            listed |= {(page.parent / f"{name}.md").resolve() for name in names}
    there = {page.resolve() for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts}
    assert there - listed == {ROOT / "docs" / "index.md"}


def test_results_that_are_missing_leave_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    assert "make reproduce" in generate.bench("bench/real.md")
    assert "make bench" in generate.bench("bench/results.md")
    assert "bench.coverage" in generate.coverage("bench/coverage.json")
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "real.md").write_text(
        "# Real\n\nSee [security](SECURITY.md), [the code](src/x.py).\n"
    )
    assert (
        generate.bench("bench/real.md") == "## Real\n\nSee [security](security.md), the code (`src/x.py`).\n"
    )
    (tmp_path / "bench" / "coverage.json").write_text(
        json.dumps(
            {"blocks": {"all": dict.fromkeys(("too_high", "too_low", "wrong", "value"), 0.02) | MEASURED}}
        )
    )
    assert "| all | 1000 | 95.1% |" in generate.coverage("bench/coverage.json")


def test_departures_get_a_heading_of_their_own():
    lines = [
        "Text.",
        "",
        "Attributes",
        "----------",
        "x : int",
        "",
        "Departs from the paper: ties go",
        "to the first.",
        "",
        "Examples",
    ]
    generate.departures(None, "class", "x", None, None, lines)
    assert lines[6:10] == ["Notes", "-----", "Departs from the paper: ties go", "to the first."]


# The site as built


class Links(HTMLParser):
    """What a page would fetch by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.styles: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag in FETCHING:
            self.fetched.append(found.get(FETCHING[tag]) or "")
        if tag == "link" and found.get("rel") not in (
            "next",
            "prev",
            "index",
            "search",
            "canonical",
            "author",
        ):
            self.fetched.append(found.get("href") or "")
        self.styles.append(found.get("style") or "")


def outside(html: str) -> list[str]:
    """Addresses on other machines that a page of `html` fetches when it is opened."""
    links = Links()
    links.feed(html)
    styles = " ".join(links.styles) + " ".join(re.findall(r"<style.*?</style>", html, re.DOTALL))
    found = links.fetched + re.findall(r"(?:url\(|@import\s+)['\"]?([^'\")]+)", styles)
    return [address for address in found if re.match(r"(https?:)?//", address)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it: warnings are errors."""
    pytest.importorskip("sphinx", reason="building the site needs the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        str(ROOT / "docs"),
        str(folder / "html"),
    ]
    done = subprocess.run(
        [*command, "-d", str(folder / "doctrees")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip(), done.stderr
    return folder / "html"


@pytest.mark.slow
def test_every_public_name_is_in_the_reference(site: Path):
    raw = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    there = {line.split(" ")[0] for line in zlib.decompress(raw).decode().splitlines()}
    expected = {f"labelwright.{m}.{n}" for m in MODULES for n in import_module(f"labelwright.{m}").__all__}
    expected |= {
        f"labelwright.{m}.{n}.{part}"
        for m in MODULES
        for n, module in vars(import_module(f"labelwright.{m}")).items()
        if inspect.ismodule(module) and n in import_module(f"labelwright.{m}").__all__
        for part in generate.public(module)
    }
    assert len(expected) > 80
    assert sorted(expected - there) == []


@pytest.mark.slow
def test_the_built_reference_of_the_command_is_fresh(site: Path):
    text = re.sub(r"<[^>]+>", "", (site / "command.html").read_text(encoding="utf-8"))
    for name, found in generate.commands().items():
        for parameter in found.params:
            for option in parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]:
                assert option in text, f"{name} {option}"


@pytest.mark.slow
def test_pages_fetch_nothing_from_elsewhere(site: Path):
    built = sorted(site.rglob("*.html"))
    assert len(built) > 15
    for page in built:
        assert outside(page.read_text(encoding="utf-8")) == [], page.name
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import\s+)['\"]?(https?:)?//", text), sheet.name


def test_what_pages_would_fetch_is_seen():
    page = """<script src="https://a.org/x.js"></script><link rel="stylesheet" href="//b.org/y.css"><img src="z.png">
    <link rel="next" href="n.html"><a href="https://c.org">read</a><p style="background:url(http://d.org/p.png)">
    <style>@import "https://e.org/f.css";</style>"""
    assert [address.split("/")[2] for address in outside(page)] == ["a.org", "b.org", "d.org", "e.org"]


@pytest.mark.slow
def test_links_inside_the_site_lead_somewhere(site: Path):
    for page in site.rglob("*.html"):
        for target in re.findall(r'<a [^>]*href="([^"#:]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"


# What was rerun


def test_every_result_has_a_section_a_table_and_a_plot():
    text = generate.gallery()
    for path in sorted((ROOT / "results").glob("S*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        assert f"### {path.stem}: {record['verdict']}" in text
        _, _, rest = text.partition(f"### {path.stem}: ")
        section = rest.partition("\n### ")[0]
        assert section.count("<circle") == sum(len(arm["values"]) for arm in record["arms"].values())
        assert section.count(" ahead of ") >= len(record["comparisons"])
        assert record["departs"] in section
    assert "superseded by noisy-smoothed" in text


def test_dots_stand_where_their_numbers_are():
    from gallery import plot

    arms = {"a": {"mean": 2.0, "values": [1.0, 3.0]}, "b<": {"mean": 3.0, "values": [3.0]}}
    drawn = plot({"arms": arms, "unit": "points"})
    places = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawn)]
    assert places[0] < places[1] == places[2]
    bars = [float(x) for x in re.findall(r'<line x1="([\d.]+)" x2="\1"', drawn)]
    assert bars == [pytest.approx((places[0] + places[1]) / 2, abs=0.11), places[2]]
    assert "b&lt;" in drawn
    assert "\n\n" not in drawn  # a blank line would end the block of HTML
