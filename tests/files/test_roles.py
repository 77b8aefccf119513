"""Guessing what columns are for, overruling it, and refusing what cannot be a label."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from labelwright.errors import InputError
from labelwright.files import Roles, Table, roles
from labelwright.files.header import FORGOTTEN
from labelwright.files.words import LABEL, rank

RNG = random.Random(3)
N = 120
TEXTS = [
    " ".join(RNG.choices(["the", "film", "was", "a", "long", "happy", "waste", "of", "good", "time"], k=12))
    + f" {i}"
    for i in range(N)
]
LABELS = [RNG.choice(["pos", "neg"]) for _ in range(N)]
NUMBERS = [RNG.random() for _ in range(N)]


def table(**columns: list) -> Table:
    return Table(pa.table(columns), Path("t.csv"))


def test_reviews() -> None:
    found = roles(
        table(id=list(range(N)), title=["A film"] * N, review=TEXTS, sentiment=LABELS, stars=NUMBERS)
    )
    assert (found.label, found.text, found.features) == ("sentiment", ("review",), ())
    assert found.image is found.source is found.item is found.separator is None
    said = " ".join(found.notes)
    assert (
        "Took column 'sentiment' as the label (2 different values in 120 rows); overrule with --label."
        in said
    )
    assert "Took column 'review' as the text" in said
    assert "Columns not used: 'stars'; use them with --features." in said


def test_features_leave_out_ids_constants_and_copies_of_the_label() -> None:
    found = roles(
        table(
            row_id=list(range(N)),
            code=[f"c{i}" for i in range(N)],
            country=["NO"] * N,
            empty=pa.array([None] * N, pa.string()),
            label=LABELS,
            label_text=[label.upper() for label in LABELS],
            age=[i % 7 for i in range(N)],
            height=NUMBERS,
            colour=[RNG.choice("rgb") for _ in range(N)],
        )
    )
    assert found.features == ("age", "height", "colour")
    said = " ".join(found.notes)
    assert "number or name the rows: 'row_id', 'code'" in said
    assert "never change: 'country'" in said
    assert "are empty: 'empty'" in said
    assert "say the same as the label: 'label_text'" in said


@pytest.mark.parametrize(
    "name",
    ["label", "Labels", "CLASS", "class_name", "Category", "categories", "sentiment", "y", "tags", "intent",
     "Étiquette", "Kategorie", "clase", "标签", "ラベル", "метка", "star_label", "trueLabel"],
)  # fmt: skip
def test_label_names(name: str) -> None:
    assert (
        roles(table(**{"price": NUMBERS, "words": TEXTS, "shop": ["a", "b"] * (N // 2), name: LABELS})).label
        == name
    )


def test_the_better_name_wins() -> None:
    assert roles(table(text=TEXTS, type=LABELS, label=LABELS)).label == "label"
    assert rank("labels", LABEL) < rank("my_label", LABEL) < rank("colour", LABEL)
    # A name that fits but numbers the rows gives way to one that fits and has classes.
    assert roles(table(text=TEXTS, label_id=list(range(N)), category=LABELS)).label == "category"


def test_the_only_column_with_classes_is_taken() -> None:
    assert roles(table(text=TEXTS, mood=LABELS)).label == "mood"


def test_no_label_lists_candidates() -> None:
    with pytest.raises(
        InputError, match=r"no column is called like a label; give it with --label, perhaps one of 'a' \(2"
    ):
        roles(table(text=TEXTS, a=LABELS, b=LABELS[::-1]))


def test_sources_only_where_items_repeat() -> None:
    votes = {
        "text": [t for t in TEXTS[:40] for _ in range(3)],
        "label": LABELS,
        "annotator": ["ann", "bob", "cem"] * 40,
    }
    found = roles(table(**votes))
    assert (found.source, found.item) == ("annotator", "text")
    assert "3.0 times on average" in " ".join(found.notes)
    named = roles(table(item=[i // 3 for i in range(N)], **votes))
    assert (named.source, named.item) == ("annotator", "item")
    once = roles(table(text=TEXTS, label=LABELS, annotator=["ann", "bob", "cem"] * 40))
    assert once.source is None


def test_overrules() -> None:
    data = table(
        a=TEXTS,
        b=TEXTS[::-1],
        c=LABELS,
        d=NUMBERS,
        label=LABELS,
        who=["x", "y"] * 60,
        at=[i // 2 for i in range(N)],
    )
    found = roles(data, label="c", text="a, b", features=["d"], source="who", item="at")
    assert found == Roles("c", ("a", "b"), ("d",), source="who", item="at")
    assert found.texts(data)[0] == f"{TEXTS[0]}\n\n{TEXTS[-1]}"
    assert roles(data, features="d,who").features == ("d", "who")


@pytest.mark.parametrize("argument", ["label", "text", "features", "image", "source", "item"])
def test_unknown_columns_name_the_closest(argument: str) -> None:
    with pytest.raises(InputError) as raised:
        roles(table(review=TEXTS, sentiment=LABELS), **{argument: "Sentimant"})
    assert str(raised.value) == (
        f"{argument}='Sentimant' is not a column of t.csv (did you mean 'sentiment'?); the columns "
        "are 'review', 'sentiment'"
    )


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([None] * N, "is empty in all 120 rows; label some"),
        (["a"] * N, r"has one class only \('a'\) in 120 rows"),
        (["a"] * 60 + [None] * 60, r"has one class only \('a'\) in 60 rows"),
        (
            [f"t{i}" for i in range(N)],
            "has 120 different values in 120 rows .* looks like an id or free text",
        ),
        ([f"t{i % 61}" for i in range(N)], "has 61 different values"),
    ],
)
def test_columns_that_cannot_be_labels(labels: list, says: str) -> None:
    with pytest.raises(InputError, match=r"t.csv: label column 'label' " + says):
        roles(table(text=TEXTS, label=pa.array(labels, pa.string())))


def test_many_classes_of_few_rows_are_fine() -> None:
    assert roles(table(text=TEXTS, label=[f"t{i % 60}" for i in range(N)])).label == "label"
    assert roles(table(text=TEXTS[:40], label=[f"t{i}" for i in range(40)])).label == "label"


def test_a_million_labels_are_refused_quickly() -> None:
    import time

    n = 1_000_000
    data = table(label=pa.array([i % 20_000 for i in range(n)]), x=pa.array([0.5] * n))
    begin = time.process_time()
    with pytest.raises(InputError, match="20,000 different values in 1,000,000 rows"):
        roles(data)
    assert time.process_time() - begin < 2


def test_several_labels() -> None:
    data = table(text=TEXTS, tags=["a| b", "b", None] * 40)
    found = roles(data, multi_label="|")
    assert found.several
    assert found.labels(data)[:3].tolist() == [("a", "b"), ("b",), None]
    assert not roles(data).several
    lists = table(text=TEXTS, tags=[["a", "b"], ["b"], []] * 40)
    assert roles(lists).several
    assert roles(lists).labels(lists)[:3].tolist() == [("a", "b"), ("b",), ()]
    with pytest.raises(InputError, match=r"never contains the separator ';'; check --multi-label"):
        roles(data, multi_label=";")
    with pytest.raises(InputError, match="holds lists already"):
        roles(lists, multi_label="|")


def test_classes_that_differ_in_case_are_noted() -> None:
    found = roles(table(text=TEXTS, label=["pos", "Pos", "neg"] * 40))
    assert "'pos', 'Pos'" in " ".join(found.notes)


def test_blanks_around_labels_are_left_out_and_noted() -> None:
    data = table(text=TEXTS, label=["pos", "pos ", " neg", "  "] * 30)
    found = roles(data)
    assert found.labels(data)[:4].tolist() == ["pos", "pos", "neg", None]
    said = " ".join(found.notes)
    assert "90 labels had blanks around them" in said
    assert "differ only in case" not in said
    assert "(2 different values" in said
    assert "30 of 120 rows have no label" in said


def test_times_are_no_text() -> None:
    times = [f"2024-03-{i % 28 + 1:02} 10:{i % 60:02}:00" for i in range(N)]
    found = roles(table(started=times, height=NUMBERS, label=LABELS))
    assert found.text == ()
    assert "height" in found.features


def test_a_source_needs_no_repeated_items_where_it_is_asked_for() -> None:
    found = roles(table(text=TEXTS, label=LABELS, who=["x", "y"] * 60), source="who")
    assert (found.source, found.item) == ("who", None)


def test_the_only_text_with_few_values_is_taken_among_numbers() -> None:
    numbers = {f"f{j}": [(i * (j + 3)) % 16 for i in range(N)] for j in range(16)}
    assert roles(table(lettr=[chr(65 + i % 26) for i in range(N)], **numbers)).label == "lettr"
    with pytest.raises(InputError, match=r"perhaps one of 'b' \(2 values\), 'a' \(3 values\), 'f\d+'"):
        roles(table(**numbers, a=["x", "y", "z"] * (N // 3), b=["p", "q"] * (N // 2)))


def test_dates_and_people_are_no_labels() -> None:
    days = [f"1{i % 3}.05.2023" for i in range(N)]
    found = roles(table(text=TEXTS, day=days, annotator=["ann", "bob"] * (N // 2), mood=LABELS))
    assert found.label == "mood"


def test_a_forgotten_header_is_an_error_where_the_label_is_guessed() -> None:
    headless = Table(pa.table({"What a film": TEXTS, "pos": LABELS}), Path("t.csv"), notes=(FORGOTTEN,))
    with pytest.raises(
        InputError, match="seems to have no header: its first line looks like data; add a line"
    ):
        roles(headless)
    assert roles(headless, label="pos").label == "pos"


@pytest.mark.parametrize("argument", ["text", "features", "image", "source", "item"])
def test_the_label_plays_no_second_part(argument: str) -> None:
    with pytest.raises(InputError, match=f"{argument}='label' is the label column too"):
        roles(table(text=TEXTS, label=LABELS), label="label", **{argument: "label"})


def test_nothing_to_learn_from_is_said() -> None:
    assert "No column to learn from" in " ".join(roles(table(id=list(range(N)), label=LABELS)).notes)
