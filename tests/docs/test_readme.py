"""What the pages of the repository tell people to type works, and what they point to exists."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.blocks import ROOT, blocks, commands, pages
from tests.docs.site import generate

from labelwright import data

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
MADE_BY = {"bench/real.md", "bench/results.md", "bench/coverage.json"}  # by the bench, not kept for certain
COMING = ("query", "annotate")


def targets() -> set[str]:
    """Targets of the Makefile."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def said() -> Iterator[tuple[str, list[str]]]:
    """Every command in a console block or in backticks, with the page it stands on."""
    for page in pages():
        for line, words in commands(page):
            yield f"{page.name}:{line}", words
        for code in CODE.findall(page.read_text(encoding="utf-8")):
            if re.match(r"(labelwright|make|python) [a-z-]", code):
                yield page.name, code.split()


def labelwright(*words: str, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "COLUMNS": "200"}
    command = [sys.executable, "-m", "labelwright.cli", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in LINKS.findall(page.read_text(encoding="utf-8")):
        path = target.partition("#")[0]
        if path and not path.startswith("http"):
            assert (page.parent / path).exists(), f"{page.name} points to {target}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_files_named_exist(name: str):
    """Anything in backticks that looks like a path of the repository is one."""
    for code in CODE.findall((ROOT / name).read_text(encoding="utf-8")):
        if re.fullmatch(r"(src|tests|docs|bench)/[\w./-]*", code) and code not in MADE_BY:
            if code == "src/labelwright/papers/":  # said to arrive with the runner
                continue
            assert (ROOT / code).exists(), f"{name} names {code}"


def test_make_targets_exist():
    named = [(where, word) for where, words in said() if words[0] == "make" for word in words[1:]]
    assert {word for _, word in named} >= {"demo", "test", "check", "docs", "bench", "reproduce"}
    for where, word in named:
        assert word in targets(), f"{where}: make {word}"


def test_install_line():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    found = re.findall(r'pip install "\.\[(\w+)\]"', README)
    assert found
    assert set(found) <= set(extras)
    assert "pip install labelwright" not in README, "it is not on any index"


def test_tests_named_in_contributing_exist():
    for _, words in commands(ROOT / "CONTRIBUTING.md"):
        if words[1:3] == ["-m", "pytest"]:
            for path in words[3:]:
                assert (ROOT / path).is_dir(), f"CONTRIBUTING.md names {path}"


def test_commands_are_commands_and_options_are_options():
    """Of subcommands that are there; those that are coming stand in one table, marked."""
    there = generate.commands()
    for where, words in said():
        if words[0] != "labelwright" or words[1].startswith("-"):
            continue
        if words[1] in COMING:
            assert where == "README.md", f"{where} shows {words[1]}, which is not there yet"
            continue
        assert words[1] in there, f"{where}: labelwright {words[1]}"
        options = {name for parameter in there[words[1]].params for name in parameter.opts}
        for word in words[2:]:
            assert not word.startswith("--") or word in options, f"{where}: {' '.join(words)}"


def test_what_is_coming_is_marked_until_it_is_there():
    state = {
        row[1]: row[4] for row in re.findall(r"^(\|) `(\w+)` (\|).*?(\|) ([\w ]+) \|$", README, re.MULTILINE)
    }
    assert set(state) == {"audit", "combine", "adapt", *COMING}
    there = generate.commands()
    for verb, words in state.items():
        assert words == ("works today" if verb in there else "coming"), f"the README says of {verb}: {words}"


def test_help_and_version(tmp_path: Path):
    assert "audit" in labelwright("--help", folder=tmp_path).stdout
    assert re.match(r"\d+\.\d+", labelwright("--version", folder=tmp_path).stdout)
    for name in generate.commands():
        found = labelwright(name, "--help", folder=tmp_path)
        assert found.returncode == 0
        assert "Usage" in found.stdout


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples audit; one label is wrong."""
    folder = tmp_path_factory.mktemp("reviews")
    rows = [
        f"{word} film number {i},{label}"
        for i in range(30)
        for word, label in (("lovely", "good"), ("dreadful", "bad"))
    ]
    rows[10] = rows[10].replace("good", "bad")
    (folder / "reviews.csv").write_text("review,sentiment\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "icons.csv").write_text("name,tags\na,lamp|desk\nb,lamps\nc,desk\n", encoding="utf-8")
    plan = "accept,kind,label,other,score,why\ntrue,identical,lamp,lamps,0.99,the ending\n"
    (folder / "labels-plan.csv").write_text(plan, encoding="utf-8")
    said = [("cat", "cat", "dog"), ("dog", "cat", "dog"), ("dog", "dog", "dog"), ("cat", "cat", "cat")] * 10
    lines = [f"item {i}," + ",".join(row) for i, row in enumerate(said)]
    (folder / "test.csv").write_text("text,y,pred_a,pred_b\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


def voted(sheet: Path, to: Path) -> None:
    """A review sheet as someone fills it in who takes the first of the two labels."""
    lines = sheet.read_text(encoding="utf-8-sig").splitlines()
    place = lines[0].split(",").index("vote_1")
    rows = [line.split(",") for line in lines[1:]]
    filled = [",".join([*row[:place], "a", *row[place + 1 :]]) for row in rows]
    to.write_text("\n".join([lines[0], *filled]) + "\n", encoding="utf-8")


@pytest.mark.slow
def test_audits_run_as_written(reviews: Path):
    shown = {
        tuple(words)
        for page in pages()
        for _, words in commands(page)
        if words[:2] == ["labelwright", "audit"]
    }
    assert ("labelwright", "audit", "reviews.csv", "--label", "sentiment") in shown
    for words in sorted(shown):
        shutil.rmtree(reviews / "labelwright-audit", ignore_errors=True)
        found = labelwright(*words[1:], folder=reviews)
        assert found.returncode == 0, f"{' '.join(words)}\n{found.stderr}"
        left = {path.name for path in (reviews / "labelwright-audit").iterdir()}
        if "--test" in words:
            assert left >= ({"report.html", "ranking.csv"} if "--reviewed" in words else {"review.csv"})
            if "--reviewed" not in words:
                voted(reviews / "labelwright-audit" / "review.csv", reviews / "review.csv")
            continue
        if "--labels" in words:
            assert left & {"labels-plan.csv", "conflicts.csv"}
            continue
        assert left >= {"report.html", "issues.csv", "issues.parquet"}
        if "--json" in words:
            assert json.loads(found.stdout)["n"] == 60
        first = (reviews / "labelwright-audit" / "issues.csv").read_text(encoding="utf-8").splitlines()
    assert first[0].split(",") == re.findall(r"^\| `(\w+)` \|", _section("Reading issues.csv"), re.MULTILINE)
    assert first[1].startswith("10,bad,good,")


def _section(title: str) -> str:
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    return page.partition(f"## {title}")[2].partition("\n## ")[0]


def test_counts_of_sets_are_right():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert f"brings {len(data.names())} sets" in README
    known = sum(data.card(name).error_rate is not None for name in data.names())
    words = {12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen"}
    assert f"{words[known]} of them with known label errors" in index
    assert f"{data.card('crowd-sentiment').n:,} real sentences" in index


@pytest.mark.slow
@pytest.mark.network
def test_what_the_readme_says_of_the_demo_is_so(tmp_path: Path):
    done = labelwright("demo", "--json", folder=tmp_path)
    if done.returncode == 2 and not os.environ.get("CI"):
        pytest.skip(f"the demo cannot run here: {done.stderr}")
    found = json.loads(done.stdout)
    said = re.search(
        r"contradicts\s+([\d.]+) % of the labels, and the stated interval (ends below|holds) that", README
    )
    assert said, "the README no longer says how the demo's interval does"
    assert f"{found['true_error_rate']:.1%}" == f"{said[1]}%"
    below = found["error_rate_high"] < found["true_error_rate"]
    assert said[2] == ("ends below" if below else "holds"), found


def test_the_picture_is_small_and_shown():
    picture = ROOT / "docs" / "_static" / "report.png"
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) < 250_000
    assert int.from_bytes(content[16:20]) == 1200
    assert "docs/_static/report.png" in README


def test_the_readme_opens_with_three_lines():
    opening = README.split("```")[0].strip().splitlines()
    assert opening[0] == "# Labelwright"
    assert len([line for line in opening[1:] if line]) == 3
    assert [words[:2] for _, words in commands(README)][:2] == [["make", "demo"], ["make", "test"]]


def test_console_blocks_hold_no_made_up_output():
    for page in pages():
        for block in blocks(page, "console"):
            assert all(line.startswith("$ ") for line in block.code.splitlines()), f"{page.name}:{block.line}"
