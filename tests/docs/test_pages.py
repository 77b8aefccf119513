"""Every Python example of the pages runs and gives what the page says."""

import doctest
import os
from pathlib import Path

import pytest
from tests.docs.blocks import Block, blocks, pages, run

from labelwright.data import DataUnavailable
from labelwright.errors import MissingPackage

WITH_EXAMPLES = [page for page in pages() if any(blocks(page, "python", "pycon"))]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    found = [block for block in blocks(page, "python", "pycon") if "network" not in block.words]
    run(found, page.name, {"__name__": "example"})


@pytest.mark.network
@pytest.mark.parametrize(
    "page",
    [p for p in WITH_EXAMPLES if any("network" in b.words for b in blocks(p))],
    ids=lambda page: page.name,
)
def test_examples_with_network_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    try:
        run(list(blocks(page, "python", "pycon")), page.name, {"__name__": "example"})
    except (DataUnavailable, MissingPackage, doctest.UnexpectedException) as problem:
        cause = problem.exc_info[1] if isinstance(problem, doctest.UnexpectedException) else problem
        if os.environ.get("CI") or not isinstance(cause, (DataUnavailable, MissingPackage)):
            raise
        pytest.skip(f"cannot be had here: {cause}")


def test_every_page_of_a_topic_opens_with_an_example():
    for name in ("index", "audit", "learn", "evidence", "data", "command"):
        [page] = [p for p in pages() if p.parent.name == "docs" and p.stem == name]
        first = next(blocks(page))
        assert first.language in ("pycon", "console"), f"{page.name} opens with {first.language}"
        assert first.line < 8, f"{page.name} has no example before line {first.line}"


def test_a_wrong_answer_fails():
    with pytest.raises(doctest.DocTestFailure):
        run(list(blocks("```pycon\n>>> 1 + 1\n3\n```\n")), "page", {})


def test_an_exception_fails():
    with pytest.raises(doctest.UnexpectedException):
        run(list(blocks("```pycon\n>>> 1 / 0\n```\n")), "page", {})
    with pytest.raises(AssertionError):
        run(list(blocks("```python\nassert False\n```\n")), "page", {})


def test_blocks_share_names_in_order():
    page = "```python\na = 2\n```\ntext\n```pycon\n>>> a + 1\n3\n```\n```python\nassert a == 2\n```\n"
    run(list(blocks(page)), "page", {})


def test_a_block_knows_its_line():
    assert list(blocks("# Title\n\n```python network\nx = 1\n```\n")) == [
        Block("python", ("network",), "x = 1\n", 4)
    ]
