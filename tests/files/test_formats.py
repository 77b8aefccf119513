"""Parquet, Arrow, JSON, Excel and the exports of annotation tools."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from labelwright.errors import InputError, MissingPackage
from labelwright.files import Table, read, roles

from .hostile import xlsx_bytes

DATA = pa.table(
    {"text": ["a", "b, c", None], "label": ["x", "y", "x"], "n": [1, 2, None], "f": [0.5, 1.5, 2.5]}
)


def lines(path: Path, rows: list) -> Table:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return read(path)


@pytest.mark.parametrize("name", ["t.parquet", "t.without-suffix", "t.csv"])
def test_parquet_comes_back(tmp_path: Path, name: str) -> None:
    pq.write_table(DATA, tmp_path / name)
    table = read(tmp_path / name)
    assert table.data.equals(DATA)
    assert (table.format, table.kind) == ("parquet", "table")


def test_parquet_with_categories_and_many_groups(tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(5000)]
    labels = pa.array(["pos", "neg"] * 2500).dictionary_encode()
    pq.write_table(pa.table({"text": texts, "label": labels}), tmp_path / "t.parquet", row_group_size=700)
    table = read(tmp_path / "t.parquet")
    assert table.text("text").tolist() == texts
    assert table.data.schema.field("label").type == pa.string()
    assert table.text("label").tolist() == ["pos", "neg"] * 2500


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_feather_comes_back(tmp_path: Path, compression: str) -> None:
    feather.write_feather(DATA, str(tmp_path / "t.feather"), compression=compression)
    assert read(tmp_path / "t.feather").data.equals(DATA)


def test_arrow_stream_comes_back(tmp_path: Path) -> None:
    with (tmp_path / "t.arrows").open("wb") as file, pa.ipc.new_stream(file, DATA.schema) as sink:
        sink.write_table(DATA)
    assert read(tmp_path / "t.arrows").data.equals(DATA)


def test_missing_numbers_have_no_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"y": [1.0, float("nan"), None]}), tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").text("y").tolist() == ["1.0", None, None]


def test_json_lines(tmp_path: Path) -> None:
    table = lines(tmp_path / "t.jsonl", [{"a": "x", "b": 1}, {"a": None, "b": 2, "c": True}, {"a": ""}])
    assert table.data.to_pylist() == [
        {"a": "x", "b": 1, "c": None},
        {"a": None, "b": 2, "c": True},
        {"a": None, "b": None, "c": None},
    ]
    assert table.text("c").tolist() == [None, "true", None]


def test_json_dates_stay_text(tmp_path: Path) -> None:
    assert lines(tmp_path / "t.jsonl", [{"a": "2024-01-01"}]).data["a"].to_pylist() == ["2024-01-01"]


def test_json_array(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"a": "x"}, {"a": "y"}], indent=2))
    table = read(path)
    assert table.text("a").tolist() == ["x", "y"]
    assert table.format == "json"


@pytest.mark.parametrize(
    ("values", "texts", "note"),
    [
        (["a", 1, None, True], ["a", "1", None, "true"], "mixes"),
        ([1, 2.5], ["1.0", "2.5"], ""),
        ([2**70, 1], [str(2**70), "1"], "beyond 64 bits"),
        ([["a"], "b", None], [("a",), ("b",), None], "mixes lists"),
        ([["a", 1], []], [("a", "1"), ()], ""),
        ([{"k": 1}, "b"], ['{"k": 1}', "b"], "nested"),
        ([[["a"]], ["b"]], ['[["a"]]', '["b"]'], "nested"),
        (["\ud800x", "b"], ["\ufffdx", "b"], ""),
    ],
    ids=repr,
)
def test_json_types_that_mix(tmp_path: Path, values: list, texts: list, note: str) -> None:
    table = lines(tmp_path / "t.jsonl", [{"a": v} for v in values])
    assert table.text("a").tolist() == texts
    assert note in " ".join(table.notes)


def test_excel(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(
        xlsx_bytes([["text", "label", "n"], ["a", "=1+1", 1], [None, None, None], ["b", "y", 2.5]])
    )
    table = read(path)
    assert table.text("text").tolist() == ["a", "b"]
    assert table.text("label").tolist() == [
        None,
        "y",
    ]  # a formula nobody computed has no value, and none is computed
    assert table.data["n"].to_pylist() == [1.0, 2.5]
    with pytest.raises(InputError, match=r"no sheet 'x'; the sheets are 'data'"):
        read(path, sheet="x")


def test_excel_without_openpyxl_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(xlsx_bytes([["a"], ["b"]]))
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(MissingPackage, match=r"labelwright\[excel\]"):
        read(path)


def choice(who: object, *said: str, cancelled: bool = False, name: str = "sentiment") -> dict:
    result = [{"from_name": name, "type": "choices", "value": {"choices": list(said)}}]
    return {"completed_by": who, "was_cancelled": cancelled, "result": result if said else []}


def studio(path: Path, tasks: list) -> Table:
    path.write_text(json.dumps(tasks))
    return read(path)


def test_label_studio_one_row_per_annotation(tmp_path: Path) -> None:
    tasks = [
        {
            "id": 7,
            "data": {"text": "fine"},
            "annotations": [choice(1, "pos"), choice({"email": "b@c.d"}, "neg")],
        },
        {
            "id": 8,
            "data": {"text": "bad"},
            "annotations": [choice(1, "neg", cancelled=True), choice(2, "neg")],
        },
        {"id": 9, "data": {"text": "new"}, "annotations": []},
    ]
    table = studio(tmp_path / "export.json", tasks)
    assert table.kind == "label-studio"
    assert table.data.to_pylist() == [
        {"text": "fine", "item": 7, "source": "1", "label": "pos"},
        {"text": "fine", "item": 7, "source": "b@c.d", "label": "neg"},
        {"text": "bad", "item": 8, "source": "2", "label": "neg"},
        {"text": "new", "item": 9, "source": None, "label": None},
    ]
    assert "1 cancelled" in " ".join(table.notes)
    found = roles(table)
    assert (found.label, found.source, found.item) == ("label", "source", "item")


def test_label_studio_several_choices_are_lists(tmp_path: Path) -> None:
    tasks = [
        {"id": i, "data": {"text": "t"}, "annotations": [choice(1, *said)]}
        for i, said in enumerate(["a", "ab"])
    ]
    table = studio(tmp_path / "export.json", tasks)
    assert table.text("label").tolist() == [("a",), ("a", "b")]
    assert roles(table).several


def test_label_studio_two_controls_are_two_columns(tmp_path: Path) -> None:
    both = choice(1, "pos")
    both["result"] += choice(1, "film", name="topic")["result"]
    table = studio(
        tmp_path / "export.json", [{"id": 1, "data": {"text": "t", "item": 3}, "annotations": [both]}]
    )
    assert table.data.to_pylist()[0] == {
        "text": "t", "data_item": 3, "item": 1, "source": "1", "sentiment": "pos", "topic": "film",
    }  # fmt: skip


def test_label_studio_short_json_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "min.json"
    path.write_text(
        json.dumps(
            [{"id": 1, "text": "t", "label": {"choices": ["a", "b"]}}, {"id": 2, "text": "u", "label": "a"}]
        )
    )
    assert read(path).text("label").tolist() == [("a", "b"), ("a",)]


def test_doccano(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "text": "fine", "label": ["pos"], "Comments": []},
        {"id": 2, "text": "so so", "label": [], "Comments": ["?"]},
    ]
    table = lines(tmp_path / "all.jsonl", rows)
    assert table.kind == "doccano"
    assert table.data.to_pylist() == [
        {"id": 1, "text": "fine", "label": "pos"},
        {"id": 2, "text": "so so", "label": None},
    ]
    several = lines(tmp_path / "more.jsonl", [rows[0], rows[1] | {"label": ["a", "b"]}])
    assert several.text("label").tolist() == [("pos",), ("a", "b")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"format": "xml"}, "format='xml' is not known; take one of csv"),
        ({"sheet": "a"}, "is for Excel workbooks"),
        ({"format": "excel"}, "not an intact zip"),
        ({"format": "parquet"}, "not an intact Parquet"),
        ({"format": "arrow"}, "not an intact Arrow"),
        ({"format": "jsonl"}, "line 1: no valid JSON"),
        ({"format": "images"}, "is not a folder"),
    ],
    ids=str,
)
def test_overrules_that_do_not_fit(tmp_path: Path, arguments: dict, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n")
    with pytest.raises(InputError, match=says):
        read(path, **arguments)


def test_folder_pipe_and_odd_names(tmp_path: Path) -> None:
    import os

    from labelwright.files import read_probs

    with pytest.raises(InputError, match="is a folder where a file is expected"):
        read_probs(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe or device"):
        read(tmp_path / "pipe")
    with pytest.raises(InputError, match="there is no folder"):
        read(tmp_path / "no" / "t.csv")
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(InputError, match="cannot be opened"):
            read(name)
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(InputError, match="cannot be opened"):
        read(tmp_path / "circle")


def test_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n")

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="may not be read by you; change its permissions"):
        read(path)


def test_text_of_numpy_kinds(tmp_path: Path) -> None:
    pq.write_table(pa.table({"i": np.array([1, 2], np.int8), "b": [True, None]}), tmp_path / "t.parquet")
    table = read(tmp_path / "t.parquet")
    assert table.text("i").tolist() == ["1", "2"]
    assert table.text("b").tolist() == ["true", None]
