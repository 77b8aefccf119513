"""What ``labelwright reproduce`` and ``labelwright papers`` show of a claim."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import labelwright.reproduce
from labelwright.cli import app
from labelwright.cli.claims import STRIP, strip
from labelwright.papers.claim import Claim, ahead
from labelwright.reproduce import Difference, Result


def number(rng, quick=False):
    return rng.normal()


def toy(name="toy", holds=None, **options):
    arms = {"better[0]": lambda x: x + 1, "plain": lambda x: x, "same": lambda x: x}
    return Claim(
        paper="S041", name=name, says="One arm is better than another.", data=number, arms=arms, unit="points",
        measure=lambda value, data: value, holds=holds or ahead("better[0]", of="plain"),
        departs="from everything, being a test", **options,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LABELWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def three(monkeypatch):
    found = {
        "S041": (
            toy(),
            toy("false", ahead("plain", of="better[0]")),
            toy("tie", ahead("plain", of="same")),
        )
    }
    monkeypatch.setattr(labelwright.reproduce, "claims", lambda: found)
    return found


def said(*words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done


def test_a_true_a_false_and_an_undecided_claim(three):
    text = said("reproduce", "S041", "--jobs", 1, "--plot", "pictures").stdout
    assert [line for line in text.splitlines() if line[:3] in ("toy", "fal", "tie")] == [
        "toy: holds", "false: fails", "tie: unclear",
    ]  # fmt: skip
    assert "better[0] ahead of plain" in text
    assert "plain ahead of better[0]" in text
    assert "points; 5 seeds" in text
    records = {path.stem: json.loads(path.read_text()) for path in Path("results").iterdir()}
    assert {name: r["verdict"] for name, r in records.items()} == {
        "S041-toy": "holds", "S041-false": "fails", "S041-tie": "unclear",
    }  # fmt: skip
    assert sorted(p.name for p in Path("pictures").iterdir()) == [
        "S041-false.svg", "S041-tie.svg", "S041-toy.svg",
    ]  # fmt: skip


def test_the_card_shows_what_was_run_and_what_was_not(three):
    before = said("papers", "S041").stdout
    assert before.count("not run yet") == 3
    assert "Holds if: better[0] ahead of plain" in before
    said("reproduce", "S041", "--jobs", 1)
    after = said("papers", "S041", "--plot", "pictures").stdout
    assert "not run yet" not in after
    assert "Active Generalized Category Discovery" in after
    assert "@ma2024active" in after
    assert "labelwright cite S041" in after
    assert after.count("Departs: from everything, being a test.") == 3
    assert len(list(Path("pictures").iterdir())) == 3


def test_the_card_names_the_classes_and_what_was_superseded(monkeypatch):
    first, second = toy(), toy("again", supersedes="toy")
    monkeypatch.setattr(labelwright.reproduce, "claims", lambda: {"S041": (first, second)})
    said("reproduce", "S041", "--jobs", 1)
    assert "toy: holds, superseded by again" in said("papers", "S041").stdout
    assert "audit.ConfidentLearning" in said("papers", "S007").stdout


def test_a_quick_run_says_so_and_keeps_no_result(three):
    text = said("reproduce", "S041", "--quick", "--jobs", 1, "--plot", "pictures").stdout
    assert text.count("(quick run, decides nothing)") == 3
    assert not Path("results").exists()
    assert "quick run" in Path("pictures/S041-toy.svg").read_text(encoding="utf-8")


def test_json_stays_json(three):
    found = json.loads(said("reproduce", "S041", "--jobs", 1, "--json").stdout)
    assert [r["verdict"] for r in found["results"]] == ["holds", "fails", "unclear"]
    assert json.loads(said("papers", "S041", "--json").stdout)["id"] == "S041"


def test_no_jobs_at_all_is_an_error(three):
    assert "-1 for all cores" in said("reproduce", "S041", "--jobs", 0, code=2).output


def test_who_stops_it_is_told_that_it_goes_on(monkeypatch):
    def stopped(data):
        raise KeyboardInterrupt

    claim = Claim(
        paper="S041", name="toy", says="One arm is better than another.", data=number, measure=lambda v, d: v,
        arms={"a": lambda x: x, "b": stopped}, holds=ahead("a", of="b"), departs="from everything, being a test",
    )  # fmt: skip
    monkeypatch.setattr(labelwright.reproduce, "claims", lambda: {"S041": (claim,)})
    done = said("reproduce", "S041", "--jobs", 1, code=130)
    assert "the same command goes on from there" in done.stderr
    assert len(list(Path("cache/reproduce/S041-toy").glob("*.json"))) == 1


def test_a_strip_puts_every_seed_in_its_place():
    low, high = 2.0, 3.0
    line = strip([2.0, 2.0, 2.5, 3.0, 3.0], low, high, ascii_only=True)
    assert len(line) == STRIP
    assert (line[0], line[-1]) == ("*", "*")
    assert line.count("o") == 1
    assert strip([1.0, 1.0], 1.0, 1.0, ascii_only=True).strip() == "*"
    assert "|" in strip([2.0, 3.0], low, high, ascii_only=True)


def test_a_record_of_a_saved_result_can_be_shown(tmp_path):
    claim = toy()
    result = Result(
        claim=claim, values={arm: [1.0, 2.0] for arm in claim.arms}, seconds={arm: [0.0, 0.0] for arm in claim.arms},
        differences=(Difference(claim.comparisons[0], 0.0, 0.0, 0.0, "unclear"),), verdict="unclear", quick=False,
        wall_s=0.0, environment={},
    )  # fmt: skip
    result.save(tmp_path / "results")
    assert "toy: unclear" in said("papers", "S041").stdout
