"""A test set from labels and models: who is flagged, what a sheet hides, what votes do to labels and ranks."""

import csv

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright import audit
from labelwright.errors import InputError

HOSTILE = ["=1+1", "naïve 日本 🙂", "-ve", 'c, "d"', "@x", "'q", "both"]


def made(seed=0, n=300, classes=("cat", "dog", "eel"), rate=0.1):
    """Labels, three models (the first copies errors), the truth."""
    rng, k = np.random.default_rng(seed), len(classes)
    truth = rng.integers(0, k, n)
    told = np.where(rng.random(n) < rate, (truth + 1) % k, truth)
    said = {}
    for j, name in enumerate(("parrot", "careful", "plain")):
        right = np.where(rng.random(n) < 0.93 - 0.03 * j, truth, rng.integers(0, k, n))
        said[name] = np.where((told != truth) & (rng.random(n) < (0.9, 0.2, 0.1)[j]), told, right)
    names = np.array([*classes, None], dtype=object)[:-1]
    return names[told], {name: names[v] for name, v in said.items()}, names[truth]


def vote(sheet, truth, *, column="vote_1"):
    """The sheet as a frame, a perfect reviewer's votes on it."""
    frame = sheet.frame()
    frame[column] = [
        "a" if a == truth[row] else "b" if b == truth[row] else "neither"
        for row, a, b in zip(frame["row"], frame["option_a"], frame["option_b"])
    ]
    return frame


def test_a_full_review_gives_the_true_labels_back():
    labels, models, truth = made()
    test = audit.TestSetAudit(labels, models)
    checked = test.check(vote(test.review_sheet(most=300, sample=300), truth))
    neither = checked.review.verdicts == "neither"
    changed = checked.labels()
    assert [changed[i] for i in checked.review.row[~neither]] == truth[checked.review.row[~neither]].tolist()
    assert all(changed[i] is None for i in checked.review.row[neither])
    assert checked.error_rate.value == pytest.approx((labels != truth).mean())
    assert checked.error_rate.low == pytest.approx(checked.error_rate.high)  # everything was looked at
    assert checked.best == ("parrot", "plain")
    assert checked.cost > 0
    first = checked.pairs.iloc[0]
    assert (first["model"], first["other"], first["swapped"]) == ("parrot", "plain", True)


def test_known_truth_and_a_review_agree():
    labels, models, truth = made(1, classes=("cat", "dog"))
    test = audit.TestSetAudit(labels, models)
    reviewed = test.check(vote(test.review_sheet(most=300, sample=300), truth))
    known = test.check_against(truth)
    assert reviewed.ranking.equals(known.ranking)
    assert reviewed.crossings().equals(known.crossings())
    assert known.error_rate.value == pytest.approx((labels != truth).mean())
    assert known.review is None


def test_probabilities_and_predictions_rank_alike_and_flag_errors():
    labels, models, truth = made(2)
    order = {c: i for i, c in enumerate(("cat", "dog", "eel"))}
    soft = {
        name: 0.7 * np.eye(3)[[order[v] for v in said]] + 0.1 * np.ones((len(said), 3))
        for name, said in models.items()
    }
    one, other = audit.TestSetAudit(labels, soft), audit.TestSetAudit(labels, models)
    assert (one.said == other.said).all()
    assert one.check_against(truth).ranking.equals(other.check_against(truth).ranking)
    for test in (one, other):
        wrong = (labels != truth)[test.flagged]
        assert wrong.mean() > 3 * (labels != truth).mean()
        assert (test.suggested != test.given).all()
    # What is suggested for a wrong label that most models contradict is the truth.
    rows = other.flagged[:10]
    assert np.mean(other.classes[other.suggested[rows]] == truth[rows]) > 0.8


def test_who_is_named_first_changes_nothing():
    labels, models, truth = made(3)
    one = audit.TestSetAudit(labels, models).check_against(truth)
    other = audit.TestSetAudit(labels, dict(reversed(models.items()))).check_against(truth)
    assert one.ranking.equals(other.ranking)
    assert one.summary() | {"models": 0} == other.summary() | {"models": 0}


def test_frames_come_back_as_they_came():
    labels, models, truth = made(4)
    checked = audit.TestSetAudit(pl.Series(labels.tolist()), pl.DataFrame(models)).check_against(
        truth.tolist()
    )
    assert isinstance(checked.ranking, pl.DataFrame)
    assert isinstance(checked.prevalence_curve(), pl.DataFrame)
    assert isinstance(audit.TestSetAudit(labels, models).check_against(truth).pairs, pd.DataFrame)


def test_curve_ends_and_default_grid():
    labels, models, truth = made(5)
    checked = audit.TestSetAudit(labels, models).check_against(truth)
    curve = checked.prevalence_curve()
    assert curve["prevalence"].iloc[0] == pytest.approx((labels != truth).mean())
    assert curve["prevalence"].iloc[-1] == 1
    last = curve.iloc[-3:].set_index("model")
    wrong = labels != truth
    for name, said in models.items():
        assert last.loc[name, "corrected"] == pytest.approx((said == truth)[wrong].mean())
        assert last.loc[name, "given"] == pytest.approx((said == labels)[wrong].mean())
    with pytest.raises(InputError, match="grid"):
        checked.prevalence_curve([0.5, 1.5])
    with pytest.raises(InputError, match="no curve"):
        audit.TestSetAudit(labels, models).check_against(labels).prevalence_curve()


def test_rows_without_a_label_are_passed_over():
    labels, models, truth = made(6)
    some = labels.copy()
    some[:20] = None
    test = audit.TestSetAudit(some, models)
    sheet = test.review_sheet(most=300, sample=300)
    assert sheet.row.min() == 20
    checked = test.check(vote(sheet, truth))
    assert all(v is None for v in checked.labels()[:20])
    short = audit.TestSetAudit(labels[20:], {n: v[20:] for n, v in models.items()}).check_against(truth[20:])
    assert checked.standings.accuracy("given")[0] == pytest.approx(short.standings.accuracy("given")[0])


# The sheet


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
            lambda t: t.strip() == t
        ),
        min_size=2,
        max_size=5,
        unique=True,
    ),
    st.integers(0, 1000),
)
def test_a_sheet_survives_the_file(tmp_path_factory, classes, seed):
    labels, models, truth = made(seed, n=60, classes=tuple(classes))
    if len(set(labels)) < 2:
        return
    test = audit.TestSetAudit(labels, models, draws=20)
    sheet = test.review_sheet([f"{t}\n{t}" for t in labels], most=20, sample=20)
    path = sheet.write(tmp_path_factory.mktemp("sheet") / "review.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert not any(
            v.startswith(("=", "+", "-", "@")) and not v[1:].replace(".", "").isdigit() for v in row.values()
        )
        mine = sheet.row.tolist().index(int(row["row"]))
        row["vote_2"] = "a" if sheet.options[mine, 0] == truth[int(row["row"])] else "b"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    frame = sheet.frame()
    frame["vote_2"] = ["a" if a == truth[row] else "b" for row, a in zip(frame["row"], frame["option_a"])]
    one, other = test.check(path), test.check(frame)
    assert one.corrected.tolist() == other.corrected.tolist()
    assert one.review.reviewers == ("vote_2",)


def test_formulas_do_not_run_and_are_read_back(tmp_path):
    labels, models, truth = made(8, classes=HOSTILE)
    test = audit.TestSetAudit(labels, models)
    sheet = test.review_sheet(["=HYPERLINK(1)"] * 300, most=50, sample=50)
    text = sheet.write(tmp_path / "review.csv").read_text(encoding="utf-8")
    assert ",'=HYPERLINK(1)," in text
    assert ",=" not in text
    assert ",@" not in text
    rows = list(csv.DictReader(text.splitlines()))
    for row, (a, b) in zip(rows, sheet.options):
        right = truth[int(row["row"])]
        # The label itself is an answer too; a class called "both" cannot be voted for by its name.
        row["vote_1"] = "neither" if right not in (a, b) else "ab"[b == right] if right == "both" else right
    with (tmp_path / "back.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    review = test.check(tmp_path / "back.csv").review
    want = np.where(
        truth[review.row] == labels[review.row],
        "right",
        np.where(truth[review.row] == test.classes[review.suggested], "wrong", "neither"),
    )
    assert review.verdicts.tolist() == want.tolist()


def test_nothing_on_the_sheet_tells_which_label_was_given():
    labels, models, _ = made(9, n=2000)
    test = audit.TestSetAudit(labels, models)
    sheet = test.review_sheet(most=200, sample=200)
    given_first = sheet.options[:, 0] == labels[sheet.row]
    assert 0.4 < given_first.mean() < 0.6
    flagged = np.isin(sheet.row, test.flagged[:200])
    middle = len(sheet) // 2
    assert abs(flagged[:middle].mean() - flagged[middle:].mean()) < 0.15  # both kinds everywhere
    assert abs(np.corrcoef(given_first, flagged)[0, 1]) < 0.15
    again = audit.TestSetAudit(labels, models).review_sheet(most=200, sample=200)
    assert again.code.tolist() == sheet.code.tolist()
    other = audit.TestSetAudit(labels, models, random_state=1).review_sheet(most=200, sample=200)
    assert other.code.tolist() != sheet.code.tolist()


def test_several_reviewers_ties_and_quorum(tmp_path):
    labels, models, truth = made(10, n=600, classes=("cat", "dog"))
    test = audit.TestSetAudit(labels, models)
    frame = vote(test.review_sheet(most=20, sample=20), truth)
    flip = {"a": "b", "b": "a"}
    second, third = frame.copy(), frame.copy()
    second["vote_1"] = [flip[v] if i == 0 else "Both" if i == 1 else v for i, v in enumerate(frame["vote_1"])]
    third["vote_1"] = [None if i == 0 else "NEITHER" if i == 1 else v for i, v in enumerate(frame["vote_1"])]
    places = {}
    for name, copy in {"ann": frame, "bob": second, "cem": third}.items():
        places[name] = tmp_path / f"{name}.csv"
        copy.to_csv(places[name], index=False)
    review = test.check(list(places.values())).review
    assert review.reviewers == ("ann vote_1", "bob vote_1", "cem vote_1")
    at = {row: i for i, row in enumerate(review.row.tolist())}
    tie, split = (at[frame["row"][i]] for i in (0, 1))
    assert review.verdicts[tie] == "unclear"  # one against one
    assert review.verdicts[split] == "unclear"  # three answers
    rest = np.delete(np.arange(40), [tie, split])
    assert set(review.verdicts[rest]) <= {"right", "wrong"}
    assert review.agreement == pytest.approx((38 * 3) / (38 * 3 + 1 + 3))
    assert set(test.check(list(places.values()), quorum=4).review.verdicts) == {"unclear"}
    checked = test.check(list(places.values()))
    assert int(checked.standings.left_out[0]) == 2
    # A column for each reviewer on one sheet says the same as copies.
    one = frame.assign(vote_2=second["vote_1"], vote_3=third["vote_1"])
    assert test.check(one).review.verdicts.tolist() == review.verdicts.tolist()


def test_stopping_halfway_leaves_an_estimate():
    labels, models, truth = made(11, n=2000)
    test = audit.TestSetAudit(labels, models)
    frame = vote(test.review_sheet(most=250, sample=300), truth)
    whole = test.check(frame).error_rate
    frame.loc[len(frame) // 2 :, "vote_1"] = None
    half = test.check(frame)
    assert half.error_rate.low < (labels != truth).mean() < half.error_rate.high
    assert half.error_rate.high - half.error_rate.low > whole.high - whole.low
    assert (half.review.verdicts == "unseen").sum() == len(frame) - len(frame) // 2
    # Rows that were deleted are rows nobody saw.
    gone = test.check(frame.iloc[: len(frame) // 2])
    assert gone.error_rate == half.error_rate


def wrong_sheets():
    """Ways to spoil a sheet, and what is said of it."""
    return {
        "another file": (lambda f: f.assign(sheet="00000000-20-20"), "of another file"),
        "mixed": (lambda f: f.assign(sheet=["00000000-20-20", *f["sheet"][1:]]), "different values in column"),
        "mark": (lambda f: f.assign(sheet="x"), "column 'sheet' was changed"),
        "twice": (lambda f: pd.concat([f, f.iloc[[3]]]), "twice"),
        "answer": (lambda f: f.assign(vote_1=["a", "maybe", *f["vote_1"][2:]]), "line 3, vote_1: 'maybe' is no"),
        "no votes": (lambda f: f.assign(vote_1=None), "has no votes"),
        "no column": (lambda f: f.drop(columns="code"), "no column 'code'"),
        "no vote column": (lambda f: f.drop(columns=["vote_1", "vote_2", "vote_3"]), "no column 'vote_1'"),
        "row": (lambda f: f.assign(row=[9999, *f["row"][1:]]), "rows 0 to 299"),
        "row text": (lambda f: f.assign(row=["one", *f["row"][1:]]), "line 2: row is 'one'"),
        "shifted": (lambda f: f.assign(code=[*f["code"][1:], f["code"][0]]), "does not belong to row"),
        "option": (lambda f: f.assign(option_a=["eel" if "eel" not in (a, b) else "dog" if "dog" not in (a, b)
                   else "cat" for a, b in zip(f["option_a"], f["option_b"])]), "options must stay"),
    }  # fmt: skip


@pytest.mark.parametrize("name", wrong_sheets())
def test_hostile_sheets(name):
    labels, models, truth = made(12)
    test = audit.TestSetAudit(labels, models)
    spoil, message = wrong_sheets()[name]
    with pytest.raises(InputError, match=message):
        test.check(spoil(vote(test.review_sheet(most=20, sample=20), truth)))


def test_copies_of_different_sheets_are_refused():
    labels, models, truth = made(13)
    test = audit.TestSetAudit(labels, models)
    one = vote(test.review_sheet(most=20, sample=20), truth)
    other = vote(test.review_sheet(most=20, sample=30), truth)
    with pytest.raises(InputError, match="different sheets"):
        test.check([one, other])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda y, m: audit.TestSetAudit(y, {"a": m["parrot"]}), "1 model given"),
        (lambda y, m: audit.TestSetAudit(y, [m["parrot"], m["plain"]]), "give a mapping"),
        (lambda y, m: audit.TestSetAudit(y, m | {"short": y[:5]}), "'short' has 5 rows for 300"),
        (lambda y, m: audit.TestSetAudit(y, m | {"holes": [None, *y[1:]]}), "'holes' has no prediction in 1"),
        (lambda y, m: audit.TestSetAudit(y, m | {"other": ["x"] * 300}), "'other' predicts 'x'"),
        (lambda y, m: audit.TestSetAudit(y, m | {"p": np.ones((300, 3))}), "do not sum to 1"),
        (lambda y, m: audit.TestSetAudit(y, m | {"p": np.ones((300, 2)) / 2}), "shape"),
        (lambda y, m: audit.TestSetAudit(["cat"] * 3, {"a": ["cat"] * 3, "b": ["cat"] * 3}), "one class"),
        (lambda y, m: audit.TestSetAudit([None] * 300, m), "none of the 300 rows has a label"),
        (lambda y, m: audit.TestSetAudit(y, m, filter_by="magic"), "magic"),
        (lambda y, m: audit.TestSetAudit(y, m).review_sheet(most=-1), "negative"),
        (lambda y, m: audit.TestSetAudit(y, m).review_sheet(most=0, sample=0), "no row to review"),
        (lambda y, m: audit.TestSetAudit(y, m).review_sheet(["x"]), "items has 1 entries"),
        (lambda y, m: audit.TestSetAudit(y, m).check_against(y[:3]), "3 labels for 300 rows"),
        (lambda y, m: audit.TestSetAudit(y, m).check([]), "sheets is empty"),
        (lambda y, m: audit.TestSetAudit(y, m).check("gone.csv"), "gone.csv does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_used(make, message):
    labels, models, _ = made(14)
    with pytest.raises(InputError, match=message):
        make(labels, models)
