"""``labelwright audit --labels``: a plan to review, the plan applied, and back."""

import csv
import json

import pytest

from .messy import command, write_csv

ROWS = [
    (1, "lamp;desk"), (2, "lamps"), (3, "desk"), (4, "street lamp;night"), (5, "lamps;desk"), (6, ""),
]  # fmt: skip


def read(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_plan_is_written_reviewed_and_applied(tmp_path):
    path = write_csv(tmp_path / "tags.csv", ["picture", "tags"], ROWS)
    options = ("--labels", "--label", "tags", "--multi-label", ";")
    ran = command("audit", path, *options, "--out", tmp_path / "a")
    assert ran.code == 0, ran.err
    plan = read(tmp_path / "a" / "labels-plan.csv")
    assert {(row["kind"], row["label"], row["other"]) for row in plan} >= {("identical", "lamp", "lamps")}
    assert any(row["label"] == "street lamp" for row in plan)
    ran = command(
        "audit",
        path,
        *options,
        "--plan",
        tmp_path / "a" / "labels-plan.csv",
        "--out",
        tmp_path / "b",
        "--json",
    )
    found = json.loads(ran.out)
    after = read(next(p for p in (tmp_path / "b").glob("*.csv") if p.name != "conflicts.csv"))
    assert found["n_added"] == 5  # lamp, lamps on three rows; both on "street lamp"
    assert [row["tags_given"] for row in after] == [tags for _, tags in ROWS]
    assert set(after[3]["tags"].split(";")) == {"street lamp", "night", "lamp", "lamps"}
    assert after[5]["tags"] == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--labels", "--label", "picture"], "holds one label a row"),
        (
            ["--labels", "--label", "tags", "--multi-label", ";", "--plan", "gone.csv"],
            "gone.csv does not exist",
        ),
        (["--plan", "gone.csv", "--label", "tags"], "--labels"),
    ],
)
def test_what_cannot_be_used(tmp_path, options, message):
    path = write_csv(tmp_path / "tags.csv", ["picture", "tags"], ROWS)
    ran = command("audit", path, "--out", tmp_path / "out", *options)
    assert ran.code == 2
    assert message in ran.err


def test_a_plan_must_be_one(tmp_path):
    path = write_csv(tmp_path / "tags.csv", ["picture", "tags"], ROWS)
    plan = write_csv(tmp_path / "plan.csv", ["label", "other"], [("a", "b")])
    ran = command(
        "audit", path, "--labels", "--label", "tags", "--multi-label", ";", "--plan", plan, "--out", tmp_path
    )
    assert "has no column 'accept'" in ran.err
