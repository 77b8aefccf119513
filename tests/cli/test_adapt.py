"""``labelwright adapt``: what it leaves, what it says, and one sentence where a file cannot be used."""

import json
import re

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression

from labelwright import InputError
from labelwright.data.simulate import label_shift
from labelwright.shift import METHODS, adapt, file

from .messy import command, sentences

NAMES = np.array(["cat", "dog", "owl"])
EVEN, OTHER = np.full(3, 1 / 3), np.array([0.1, 0.1, 0.8])


def rows(n, q, seed):
    """Probabilities in columns called after the classes, and the label."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(3, n, p=q)
    probs = np.exp(rng.normal(size=(n, 3)) + 2 * np.eye(3)[codes])
    frame = pd.DataFrame(probs / probs.sum(axis=1, keepdims=True), columns=[f"p_{name}" for name in NAMES])
    return frame.round(6).assign(truth=NAMES[codes])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("adapt")
    rows(800, EVEN, 0).to_csv(folder / "val.csv", index=False)
    rows(700, OTHER, 1).drop(columns="truth").to_csv(folder / "new.csv", index=False)
    return folder


def found_in(path):
    return pd.read_csv(path / "priors.csv"), pd.read_csv(path / "predictions.csv")


def test_it_leaves_priors_predictions_and_a_page(folder, tmp_path):
    out = tmp_path / "a" / "b"
    ran = command("adapt", "--source", folder / "val.csv", "--target", folder / "new.csv", "--out", out)
    assert ran.code == 0, ran.err
    priors, predictions = found_in(out)
    assert list(priors.columns) == ["class", "source", "target", "low", "high"]
    assert ((priors.low <= OTHER) & (priors.high >= OTHER)).all()
    assert list(predictions.columns) == [
        "row", "before", "after", "changed", *(f"p_{name}" for name in NAMES),
    ]  # fmt: skip
    assert (predictions.changed == (predictions.before != predictions.after)).all()
    probs = predictions[[f"p_{name}" for name in NAMES]].to_numpy()
    assert (NAMES[probs.argmax(axis=1)] == predictions.after).all()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "The balance of the classes changed" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    for said in ("owl", "balance < 0.001", "Use the corrected predictions", "estimators agree"):
        assert said in ran.out


def test_json_is_one_object_and_labels_of_the_target_measure(folder, tmp_path):
    target = rows(700, OTHER, 1)
    target.loc[100:, "truth"] = None
    target.to_csv(tmp_path / "new.csv", index=False)
    ran = command(
        "adapt", "--source", folder / "val.csv", "--target", tmp_path / "new.csv", "--out", tmp_path / "out", "--json"
    )  # fmt: skip
    found = json.loads(ran.out)
    assert set(found["priors"]) == set(NAMES)
    owl = found["priors"]["owl"]
    assert owl["source"] < 0.4 < owl["low"] <= owl["target"] <= owl["high"]
    assert found["shift"] == "label"
    assert found["n_measured"] == 100
    assert found["measured_after_low"] <= found["measured_after"] <= found["measured_after_high"]
    assert any("100 of 700 rows of new.csv have a label" in note for note in found["notes"])
    assert "100 labelled new rows" in ran.err
    plain = file(folder / "val.csv", folder / "new.csv")
    assert plain.priors["target"].to_pylist() == [found["priors"][name]["target"] for name in NAMES]


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_by_its_name(folder, tmp_path, name):
    said = "".join(command("adapt", "--help").out.split())  # lines end within a name, too
    assert any(f"{name}{end}" in said for end in (",", "or", "."))
    if name in ("dys", "hdy", "kdey"):  # a bootstrap; of few rows
        rows(60, EVEN, 2).to_csv(tmp_path / "val.csv", index=False)
    source = tmp_path / "val.csv" if (tmp_path / "val.csv").exists() else folder / "val.csv"
    found = file(source, folder / "new.csv", method=name, show=False)
    assert found.method == name
    assert found.priors["target"].to_pylist()[2] > 0.5


def test_every_kind_of_file_and_any_order_of_columns_are_the_same(folder, tmp_path):
    wanted = file(folder / "val.csv", folder / "new.csv")
    new = pd.read_csv(folder / "new.csv").assign(note="x")
    turned = new[["p_owl", "note", "p_cat", "p_dog"]]
    turned.to_parquet(tmp_path / "new.parquet")
    turned.to_json(tmp_path / "new.jsonl", orient="records", lines=True)
    turned.to_csv(tmp_path / "new.tsv", sep="\t", index=False)
    turned.rename(columns=lambda name: name.removeprefix("p_")).to_csv(tmp_path / "plain.csv", index=False)
    book = openpyxl.Workbook()
    for row in (list(turned.columns), *turned.to_numpy().tolist()):
        book.active.append(row)
    book.save(tmp_path / "new.xlsx")
    for name in ("new.parquet", "new.jsonl", "new.tsv", "new.xlsx", "plain.csv"):
        found = file(folder / "val.csv", tmp_path / name)
        np.testing.assert_allclose(found.probs, wanted.probs, atol=1e-9)
    file(folder / "val.csv", tmp_path / "new.parquet", out=tmp_path / "out")
    left = pq.read_table(tmp_path / "out" / "predictions.parquet")
    assert left["after"].to_pylist() == wanted.predictions["label"].to_pylist()


def test_a_messy_file_is_understood_and_it_says_how(folder, tmp_path):
    val = rows(800, EVEN, 0)
    val.loc[::10, "truth"] = None
    val.loc[5, "truth"] = " cat "
    val.loc[7, "truth"] = "zebra"
    val = val.rename(columns={"truth": "Verdict ✓", **{f"p_{n}": f"{n} (%)" for n in NAMES}})
    val.insert(0, "id", np.arange(800))
    val.insert(1, "price", 0.25)
    val.to_csv(tmp_path / "val.csv", index=False, sep=";")
    new = pd.read_csv(folder / "new.csv").rename(columns={f"p_{n}": f"{n} (%)" for n in NAMES})
    new.to_csv(tmp_path / "new.csv", index=False)
    found = file(tmp_path / "val.csv", tmp_path / "new.csv")
    assert found.classes.tolist() == NAMES.tolist()
    assert found.estimator.n_source_ == 719
    said = " ".join(found.notes)
    for note in (
        "semicolon",
        "column 'Verdict ✓' was taken for the label",
        "80 rows of val.csv have no label",
    ):
        assert note in said
    assert any(
        "1 source rows have a label that the classifier does not know ('zebra')" in w for w in found.warnings
    )


def test_a_class_no_label_names_has_share_nought_and_a_warning(folder, tmp_path):
    val = rows(800, EVEN, 0)
    val[val.truth != "owl"].to_csv(tmp_path / "val.csv", index=False)
    found = file(tmp_path / "val.csv", folder / "new.csv")
    assert found.classes.tolist() == ["cat", "dog", "owl"]
    assert found.priors["target"].to_pylist()[2] == 0
    assert any("1 class has no source row (owl)" in line for line in found.warnings)
    assert found.shift.verdict in ("covariate", "both")


def test_the_same_file_twice_shows_no_change(folder):
    found = file(folder / "val.csv", folder / "val.csv")
    assert found.shift.verdict == "none"
    assert found.measured.n == 800
    assert any("the same rows" in note for note in found.notes)
    np.testing.assert_allclose(found.priors["target"], found.priors["source"], atol=1e-6)


def test_a_change_of_the_items_is_warned_of(folder, tmp_path):
    new = rows(900, EVEN, 3)
    probs = new[[f"p_{n}" for n in NAMES]].to_numpy()
    odd = np.where(np.arange(900)[:, None] % 2, probs, 0.98 * EVEN + 0.02 * probs)
    pd.DataFrame(odd, columns=[f"p_{n}" for n in NAMES]).to_csv(tmp_path / "new.csv", index=False)
    found = file(folder / "val.csv", tmp_path / "new.csv", out=tmp_path / "out")
    assert found.shift.verdict in ("covariate", "both")
    assert any("more than the balance changed" in line for line in found.warnings)
    assert "More than the balance of the classes changed" in (tmp_path / "out" / "report.html").read_text()


def test_few_rows_and_a_weak_classifier_are_warned_of(tmp_path):
    rng = np.random.default_rng(4)
    for n, says in ((10, "fewer than 30 source rows"), (3000, "tells the classes apart too little")):
        lean = 0.5 + 0.01 * rng.normal(size=(n, 2)) + [[0.0005], [-0.0005]] * (n // 2)
        frame = pd.DataFrame({"a": lean[:, 0], "b": 1 - lean[:, 0]})
        frame.assign(y=["a", "b"] * (n // 2)).to_csv(tmp_path / "val.csv", index=False)
        frame.to_csv(tmp_path / "new.csv", index=False)
        assert any(says in line for line in file(tmp_path / "val.csv", tmp_path / "new.csv").warnings)


def wine():
    X, y = load_wine(return_X_y=True, as_frame=True)
    rng = np.random.default_rng(5)
    order = rng.permutation(178)
    shifted = label_shift(y.to_numpy()[order[90:]], rng, prior=[0.1, 0.2, 0.7])
    named = X.assign(kind=np.array(["x", "y", "z"])[y])
    return named.iloc[order[:90]], named.iloc[order[90:][shifted.rows]]


def test_features_are_judged_by_models_that_did_not_see_the_row(tmp_path):
    pytest.importorskip("skrub")
    source, target = wine()
    source.to_csv(tmp_path / "val.csv", index=False)
    target.drop(columns="kind").to_parquet(tmp_path / "new.parquet")
    found = file(tmp_path / "val.csv", tmp_path / "new.parquet", label="kind", show=False)
    np.testing.assert_allclose(found.priors["target"], [0.1, 0.2, 0.7], atol=0.12)
    assert "forest" in found.settings["probabilities"]
    said = found.predictions["label"].to_pylist()
    assert np.mean(np.array(said) == target["kind"].to_numpy()) > 0.9


def test_texts_are_judged_and_a_single_row_of_a_class_is_left_out(tmp_path):
    some = sentences(300)
    source = pd.DataFrame(some[:200], columns=["review", "label"])
    source.loc[200] = ["A riddle", "odd"]
    source.to_csv(tmp_path / "val.csv", index=False)
    kept = [row for i, row in enumerate(some[200:]) if row[1] == "pos" or i % 8 == 1]
    pd.DataFrame(kept, columns=["review", "label"])[["review"]].to_csv(tmp_path / "new.csv", index=False)
    found = file(tmp_path / "val.csv", tmp_path / "new.csv", label="label", text="review", show=False)
    assert found.priors["target"].to_pylist()[1] > 0.7
    assert any("one row only ('odd')" in note for note in found.notes)


def test_a_saved_model_judges_by_the_columns_it_knows(tmp_path):
    skops = pytest.importorskip("skops.io")
    source, target = wine()
    X = source.drop(columns="kind")
    fitted = LogisticRegression(max_iter=5000).fit(X.iloc[:45], source["kind"].iloc[:45])
    skops.dump(fitted, tmp_path / "m.skops")
    held = source.iloc[45:]
    held[["kind", *reversed(X.columns)]].to_csv(tmp_path / "val.csv", index=False)
    target.to_csv(tmp_path / "new.csv", index=False)
    ran = command(
        "adapt", "--source", tmp_path / "val.csv", "--target", tmp_path / "new.csv", "--label", "kind",
        "--model", tmp_path / "m.skops", "--out", tmp_path / "out", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    wanted = adapt(held, target, label="kind", model=fitted)
    found = json.loads(ran.out)
    assert found["priors"]["z"]["target"] == pytest.approx(wanted.priors["target"][2], abs=1e-9)
    assert found["n_measured"] == len(target)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04\x95", "is a pickle, which can run any program"),
        (b"hello", "is no model saved by skops"),
    ],
)
def test_other_files_are_no_models(folder, tmp_path, content, message):
    (tmp_path / "m.skops").write_bytes(content)
    ran = command(
        "adapt",
        "--source",
        folder / "val.csv",
        "--target",
        folder / "new.csv",
        "--model",
        tmp_path / "m.skops",
    )
    assert ran.code == 2
    assert message in ran.err


def broken(change, side="new"):
    """What `change` makes of one of the two files, the other as it should be."""

    def write(folder):
        frames = {"val": rows(60, EVEN, 0), "new": rows(50, OTHER, 1).drop(columns="truth")}
        frames[side] = change(frames[side])
        for name, frame in frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False)

    return write


@pytest.mark.parametrize(
    ("write", "options", "message"),
    [
        (broken(lambda f: f.drop(columns="p_dog")), [], "new.csv lacks columns of the source: 'p_dog'"),
        (broken(lambda f: f * [1, 1, 1.4]), [], "dividing each row by its sum"),
        (broken(lambda f: 100 * f), [], "these look like per cent: divide them by 100"),
        (broken(lambda f: np.log(f)), [], "turn them into probabilities first (softmax"),
        (
            broken(lambda f: f.assign(p_cat=["0,5"] * len(f))),
            [],
            "holds text where probabilities are expected",
        ),
        (broken(lambda f: f.assign(p_cat=[None, *f.p_cat[1:]])), [], "has 1 empty cells (first: row 0)"),
        (broken(lambda f: f[:0]), [], "new.csv"),
        (broken(lambda f: f[:0], "val"), [], "val.csv"),
        (broken(lambda f: f.assign(truth="cat"), "val"), ["--label", "truth"], "one class"),
        (broken(lambda f: f.assign(truth=""), "val"), ["--label", "truth"], "truth"),
        (broken(lambda f: f), ["--label", "kind"], "label='kind' is not a column of"),
        (broken(lambda f: f), ["--method", "em"], "there is no estimator 'em'"),
        (broken(lambda f: f), ["--level", "1"], "level=1.0 must lie between 0 and 1"),
        (
            broken(lambda f: f.rename(columns={f"p_{n}": f"out{i}" for i, n in enumerate(NAMES)}), "val"),
            ["--label", "truth"],
            "none is called after a class",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, write, options, message):
    write(tmp_path)
    source, target, out = (tmp_path / name for name in ("val.csv", "new.csv", "out"))
    ran = command("adapt", "--source", source, "--target", target, "--out", out, *options)
    assert ran.code == 2, ran.out
    assert ran.err.startswith("labelwright: ")
    assert message in ran.err
    assert not out.exists()


def test_hostile_names_do_not_run_in_the_page(tmp_path):
    bad = "<script>alert(1)</script>"
    val = rows(90, EVEN, 0).rename(columns={"p_cat": f"p_{bad}"})
    val["truth"] = val["truth"].replace("cat", bad)
    val.to_csv(tmp_path / "val.csv", index=False)
    val.drop(columns="truth").to_csv(tmp_path / "new.csv", index=False)
    file(tmp_path / "val.csv", tmp_path / "new.csv", out=tmp_path / "out")
    assert bad not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_result_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "v.csv"
    path.write_bytes(b"y,p_a,p_b\na,0.5,0.5\nb,0.25,0.75\na,0.75,0.25\n" + content)
    try:
        found = file(path, path, label="y", show=False)
    except InputError:
        return
    assert np.isfinite(found.probs).all()


def test_integer_labels_and_columns_that_are_numbers(tmp_path):
    frame = rows(300, EVEN, 0)
    codes = np.searchsorted(NAMES, frame["truth"])
    table = pa.table({**{str(c): frame[f"p_{n}"] for c, n in enumerate(NAMES)}, "label": codes})
    pq.write_table(table, tmp_path / "val.parquet")
    pq.write_table(table.drop_columns("label"), tmp_path / "new.parquet")
    assert file(tmp_path / "val.parquet", tmp_path / "new.parquet").classes.tolist() == ["0", "1", "2"]
