"""``labelwright audit --test``: a sheet, its votes, the ranking after; columns, files and own models."""

import csv
import json
import random

import numpy as np
import pytest

from .messy import OTHER, command, sentences, write_csv


def read(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def table(n=120, seed=0):
    """Rows of text, label (one in ten wrong), two models; and the truth."""
    rng = random.Random(seed)
    rows, truth = [], []
    for text, true in sentences(n, seed=seed):
        given = OTHER[true] if rng.random() < 0.1 else true
        parrot = given if rng.random() < 0.97 else OTHER[given]
        careful = true if rng.random() < 0.97 else OTHER[true]
        rows.append((text, given, parrot, careful))
        truth.append(true)
    return rows, truth


def written(tmp_path, **options):
    rows, truth = table(**options)
    return write_csv(tmp_path / "test.csv", ["text", "y", "parrot", "careful"], rows), truth


def answer(sheet, truth):
    rows = read(sheet)
    for row in rows:
        row["vote_1"] = "a" if row["option_a"] == truth[int(row["row"])] else "b"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return sheet


def test_from_sheet_to_ranking(tmp_path):
    path, truth = written(tmp_path)
    options = ("--test", "--label", "y", "--models", "parrot,careful")
    ran = command("audit", path, *options, "--out", tmp_path / "a", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["best_given"] == "parrot"
    assert {p.name for p in (tmp_path / "a").iterdir()} == {"review.csv", "report.html"}
    assert "--reviewed" in ran.err
    sheet = answer(tmp_path / "a" / "review.csv", truth)
    assert len(read(sheet)) == found["n_sheet"]
    ran = command("audit", path, *options, "--reviewed", sheet, "--out", tmp_path / "b", "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    given = [row["y"] for row in read(path)]
    assert found["error_rate"] == pytest.approx(np.mean([g != t for g, t in zip(given, truth)]))
    assert (found["best_given"], found["best_corrected"], found["n_swapped"]) == ("parrot", "careful", 1)
    after = read(tmp_path / "b" / "corrected.csv")
    assert [row["y"] for row in after] == truth
    assert [row["y_given"] for row in after] == given
    assert [row["model"] for row in read(tmp_path / "b" / "ranking.csv")] == ["careful", "parrot"]
    assert float(read(tmp_path / "b" / "curve.csv")[-1]["prevalence"]) == 1
    for name in ("pairs", "crossings", "verdicts"):
        assert (tmp_path / "b" / f"{name}.csv").is_file()
    page = (tmp_path / "b" / "report.html").read_text(encoding="utf-8")
    assert "is best, not" in page
    assert "http" not in page.partition("<script")[0].replace("http-equiv", "")
    ran = command(
        "audit", path, *options, "--reviewed", sheet, "--out", tmp_path / "c", "--fail-over", "0.01"
    )
    assert ran.code == 1


def test_models_from_columns_and_files(tmp_path):
    path, _ = written(tmp_path)
    rows = read(path)
    soft = [(row["careful"] == "pos") * 0.8 + 0.1 for row in rows]
    for row, p in zip(rows, soft):
        row |= {"net_neg": 1 - p, "net_pos": p, "chance": p}
    path = write_csv(tmp_path / "wide.csv", list(rows[0]), [list(row.values()) for row in rows])
    np.save(tmp_path / "array.npy", np.column_stack([1 - np.array(soft), soft]))
    write_csv(tmp_path / "said.csv", ["row", "label"], [(i, row["careful"]) for i, row in enumerate(rows)])
    write_csv(tmp_path / "named.csv", ["pos", "neg"], [(p, 1 - p) for p in soft])
    models = f"careful,net,chance,{tmp_path / 'array.npy'},{tmp_path / 'said.csv'},{tmp_path / 'named.csv'}"
    ran = command(
        "audit", path, "--test", "--label", "y", "--models", models, "--out", tmp_path / "a", "--json"
    )
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert list(found["models"]) == ["careful", "net", "chance", "array", "said", "named"]
    assert len({both["given"] for both in found["models"].values()}) == 1  # six times the same model
    assert any("probability of 'pos'" in note for note in found["notes"])


def test_numbers_written_otherwise_are_the_same_class(tmp_path):
    rows = [(i, i % 3, f"{i % 3}.0", (i + (i % 7 == 0)) % 3) for i in range(60)]
    path = write_csv(tmp_path / "n.csv", ["x", "y", "one", "two"], rows)
    ran = command(
        "audit", path, "--test", "--label", "y", "--models", "one,two", "--out", tmp_path / "a", "--json"
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["models"]["one"]["given"] == 1


def test_rare_classes_and_columns_that_begin_alike(tmp_path):
    rows = [
        (f"text number {i}", "rare" if i == 3 else "ab"[i % 2], "ab"[i % 2], "ab"[i % 3 == 0])
        for i in range(40)
    ]
    path = write_csv(tmp_path / "n.csv", ["m_text", "y", "m", "n"], rows)
    ran = command(
        "audit", path, "--test", "--label", "y", "--models", "m,n", "--out", tmp_path / "a", "--json"
    )
    assert ran.code == 0, ran.err
    for row in read(tmp_path / "a" / "review.csv"):
        assert row["item"].endswith(rows[int(row["row"])][0])  # m_text is what is shown, not what m says


def test_without_models(tmp_path):
    path, _ = written(tmp_path)
    rows = [row[:2] for row in table(n=200, seed=1)[0]]
    train = write_csv(tmp_path / "train.csv", ["text", "y"], rows)
    bare = write_csv(tmp_path / "bare.csv", ["text", "y"], [(r["text"], r["y"]) for r in read(path)])
    for more, said in ((["--train", train], "were fitted to the 200"), ([], "cross-fitted on the test set")):
        ran = command("audit", bare, "--test", "--label", "y", "--out", tmp_path / "a", "--json", *more)
        assert ran.code == 0, ran.err
        found = json.loads(ran.out)
        assert len(found["models"]) == 3
        assert max(both["given"] for both in found["models"].values()) > 0.7
        assert any(said in note for note in found["notes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "parrot"], "needs at least two"),
        (["--models", "parrot,parrot"], "'parrot' twice"),
        (["--models", "parrot,care_ful"], "did you mean 'careful'"),
        (["--models", "parrot,text"], "no labels of test.csv"),
        (["--models", "parrot,y"], "is the label, and models names it"),
        (["--models", ","], "models is empty"),
        (["--models", "parrot,careful", "--train", "x.csv"], "give one of the two"),
        (["--models", "parrot,careful", "--reviewed", "gone.csv"], "gone.csv does not exist"),
        (["--models", "parrot,careful", "--reviewed", "{path}"], "no column 'row'"),
        (["--models", "parrot,careful", "--multi-label", ";"], "does not go with --test"),
        (["--models", "parrot,careful", "--label", "z"], "'z' is not a column"),
        (["--models", "parrot,{short}"], "has 3 rows, and the test set 120"),
    ],
)
def test_what_cannot_be_used(tmp_path, options, message):
    path, _ = written(tmp_path)
    short = write_csv(tmp_path / "short.csv", ["said"], [("pos",)] * 3)
    options = [o.format(path=path, short=short) for o in options]
    label = [] if "--label" in options else ["--label", "y"]
    ran = command("audit", path, "--test", *label, "--out", tmp_path / "out", *options)
    assert ran.code == 2
    assert message in " ".join(ran.err.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", [["--models", "a,b"], ["--train", "x"], ["--reviewed", "x"]])
def test_options_of_a_test_set_need_test(tmp_path, option):
    path, _ = written(tmp_path)
    ran = command("audit", path, "--label", "y", "--out", tmp_path / "out", *option)
    assert ran.code == 2
    assert "needs --test" in " ".join(ran.err.replace("│", " ").split())


def test_the_sheet_of_another_file_is_refused(tmp_path):
    path, truth = written(tmp_path)
    options = ("--test", "--label", "y", "--models", "parrot,careful")
    command("audit", path, *options, "--out", tmp_path / "a")
    sheet = answer(tmp_path / "a" / "review.csv", truth)
    rows, _ = table(seed=2)
    other = write_csv(tmp_path / "other.csv", ["text", "y", "parrot", "careful"], rows)
    ran = command("audit", other, *options, "--reviewed", sheet, "--out", tmp_path / "b")
    assert ran.code == 2
    assert "of another file" in ran.err
