"""Delimited text: what was written comes back, whatever delimiter, encoding, quoting and line ends."""

import csv
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labelwright.errors import InputError
from labelwright.files import Limits, read

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32")
# Any character but NUL (refused) and halves of characters (not writable).
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
CELLS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.text(st.sampled_from(list(",;\t|\"'\n\r a1é語=-#")), max_size=8),
    st.sampled_from(["007", "NA", "null", "true", "1.0", "a,b", 'say "so"', "two\nlines", ""]),
)


def write(
    rows: list[list[str]], delimiter: str = ",", line_end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL
) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)
    return out.getvalue()


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8))
    return [[f"name{j}" for j in range(width)], *rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@given(rows=tables(), encoding=st.sampled_from(ENCODINGS), packed=st.booleans(), every=st.booleans())
@example(rows=[["name0", "name1"], ["", ""]], encoding="utf-8", packed=False, every=False)
@example(rows=[["name0", "name1"], ["\ufeff", "\u2028"]], encoding="utf-8", packed=False, every=False)
@example(rows=[["name0", "name1"], ["", "0"], ["", " "]], encoding="utf-8", packed=False, every=False)
@SETTINGS
def test_any_table_comes_back(
    tmp_path: Path, delimiter: str, rows: list[list[str]], encoding: str, packed: bool, every: bool
) -> None:
    quoting = csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
    data = write(rows, delimiter, quoting=quoting).encode(encoding)
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    table = read(path)
    assert list(table.columns) == rows[0]
    assert table.delimiter == delimiter
    assert len(table) == len(rows) - 1
    for j, name in enumerate(rows[0]):
        expected = [row[j] or None for row in rows[1:]]
        if pa.types.is_string(table.data.schema.field(name).type):
            assert table.text(name).tolist() == expected
        else:  # numbers: the same characters, except that blanks and marks of a missing number are missing
            marks = ("", "na", "n/a", "nan", "null", "none")
            assert table.text(name).tolist() == [
                None if (c or "").strip().lower() in marks else c for c in expected
            ]


@given(cells=st.lists(CELLS.filter(lambda c: c.strip() != "" and "\x1f" not in c), min_size=1, max_size=10))
@SETTINGS
def test_one_column_keeps_its_commas(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        write([["text"], *([c] for c in cells)], quoting=csv.QUOTE_ALL), newline="", encoding="utf-8"
    )
    table = read(path)
    assert table.columns == ("text",)
    assert len(table) == len(cells)
    assert table.data["text"].type != pa.string() or table.text("text").tolist() == cells


def test_sentences_with_commas_are_one_column_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("text\nGood, really\nBad, sadly, bad\n")
    assert read(path).text("text").tolist() == ["Good, really", "Bad, sadly, bad"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(line_end.join(["a,b", "x,y", 'u,"v', 'w"', ""]).encode())
    assert read(path).data.to_pylist() == [{"a": "x", "b": "y"}, {"a": "u", "b": f"v{line_end}w"}]


def typed(tmp_path: Path, cells: list[str]) -> tuple[pa.DataType, list, list]:
    path = tmp_path / "t.csv"
    path.write_text("k,x\n" + "".join(f"k,{c}\n" for c in cells))
    table = read(path)
    return table.data.schema.field("x").type, table.data["x"].to_pylist(), table.text("x").tolist()


@pytest.mark.parametrize(
    ("cells", "kind", "values", "text"),
    [
        (["1", "2", "-3"], pa.int64(), [1, 2, -3], ["1", "2", "-3"]),
        (["1", "NA", "", "null"], pa.int64(), [1, None, None, None], ["1", None, None, None]),
        (["1.0", "2.50"], pa.float64(), [1.0, 2.5], ["1.0", "2.50"]),
        (["1.5", "NaN", "None"], pa.float64(), [1.5, None, None], ["1.5", None, None]),
        ([" 1", "2"], pa.int64(), [1, 2], [" 1", "2"]),
        (["007", "8"], pa.string(), ["007", "8"], ["007", "8"]),
        (["1.5", "007"], pa.string(), ["1.5", "007"], ["1.5", "007"]),
        (["true", "false"], pa.string(), ["true", "false"], ["true", "false"]),
        (["NA", "null", "None"], pa.string(), ["NA", "null", "None"], ["NA", "null", "None"]),
        (["NA", "a", ""], pa.string(), ["NA", "a", None], ["NA", "a", None]),
        (
            ["2024-01-01", "2024-01-02"],
            pa.string(),
            ["2024-01-01", "2024-01-02"],
            ["2024-01-01", "2024-01-02"],
        ),
        (["9" * 25, "1"], pa.string(), ["9" * 25, "1"], ["9" * 25, "1"]),
        (["1_000", "2"], pa.string(), ["1_000", "2"], ["1_000", "2"]),
    ],
    ids=lambda v: str(v)[:30],
)
def test_types_destroy_nothing(
    tmp_path: Path, cells: list, kind: pa.DataType, values: list, text: list
) -> None:
    assert typed(tmp_path, cells) == (kind, values, text)


def test_infinity_is_a_number(tmp_path: Path) -> None:
    kind, values, _ = typed(tmp_path, ["1.5", "inf", "-inf"])
    assert kind == pa.float64()
    assert values == [1.5, float("inf"), float("-inf")]


def notes(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return " ".join(read(path).notes)


def test_windows_text_is_noted_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    said = notes(path, "text,label\nfine,a\nZ\u00fcrich \u201cbon\u201d,b\n".encode("cp1252"))
    assert "Windows-1252" in said
    assert "line 3" in said
    assert read(path).text("text").tolist() == ["fine", "Z\u00fcrich \u201cbon\u201d"]


def test_mixed_encodings_keep_what_is_good(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    said = notes(path, "text,label\n語語語,a\n".encode() + b"Z\xfcrich,b\n")
    assert "1 byte" in said
    assert "U+FFFD" in said
    assert read(path).text("text").tolist() == ["語語語", "Z\ufffdrich"]


def test_short_rows_are_filled_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    assert "1 row has fewer cells" in notes(path, "a,b\n1,x\n2\n\n3,z,,\n")
    assert read(path).data.to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}, {"a": 3, "b": "z"}]


def test_rows_keep_their_numbers(tmp_path: Path) -> None:
    """Blank lines are no rows, but rows of empty cells are, in the quick and in the mending reader."""
    path = tmp_path / "t.csv"
    for short in ("", "q\n"):
        path.write_text(f"a,b\n\nx,1\n,\n   \ny,2\n{short}")
        assert read(path).text("a").tolist()[:3] == ["x", None, "y"]


def test_nameless_first_column_is_the_index(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    assert "called it 'index'" in notes(path, ",text,label\n0,a,b\n")
    assert read(path).columns == ("index", "text", "label")


def test_empty_columns_at_the_end_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,,\nx,y,,\nu,v,,\n")
    assert read(path).columns == ("a", "b")


def test_forgotten_header_is_noted(tmp_path: Path) -> None:
    said = notes(tmp_path / "t.csv", "Good film,pos\nBad film,neg\nFine film,pos\nOdd film,pos\n")
    assert "looks like data" in said


def test_excel_hint_names_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=;\na;b\n1,5;x\n")
    assert read(path).data.to_pylist() == [{"a": 1.5, "b": "x"}]


def test_inch_marks_are_no_open_quotes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\na 5" screen,x\nplain,y\n')
    assert read(path).text("a").tolist() == ['a 5" screen', "plain"]


def test_content_counts_before_the_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('{"text": "a", "label": "b"}\n{"text": "c", "label": "d"}\n')
    assert read(path).format == "jsonl"


def test_long_fields_are_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    long = "word\n" * 2_000_000  # 10 MB, more than one block of the reader
    path.write_text(f'a,b\nx,"{long}"\ny,z\n')
    assert read(path).text("b").tolist() == [long, "z"]
    with pytest.raises(InputError, match="line 2"):
        read(path, limits=Limits(line=1 << 20))


def test_delimiter_can_be_overruled(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a:b\nx:y\n")
    assert read(path, delimiter=":").columns == ("a", "b")
    with pytest.raises(InputError, match="one ASCII character"):
        read(path, delimiter="::")


def test_memory_is_bounded_while_scanning(tmp_path: Path) -> None:
    """A line of 300 MB is refused after its first megabytes."""
    import resource
    import time

    path = tmp_path / "t.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"text,label\n")
        for _ in range(300):
            file.write(b"x" * (1 << 20))
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(InputError, match="line 2: longer than 4 MB"):
        read(path, limits=Limits(line=4 << 20, ratio=10**6))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
    assert time.process_time() - begin < 1


def test_decimal_commas_between_semicolons(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("size;code;mixed;label\n1,5;1,2;1,5;a\n-2,25;3;x;b\n7;4;2;a\n")
    found = read(file)
    assert found.data["size"].to_pylist() == [1.5, -2.25, 7.0]
    assert found.data["mixed"].to_pylist() == ["1,5", "x", "2"]
    assert found.text("code").tolist() == ["1,2", "3", "4"]  # as it stands in the file
    assert "Column 'size' holds numbers with decimal commas." in found.notes
    file.write_text("size\tlabel\n1,500\ta\n2,750\tb\n")
    assert read(file).data["size"].to_pylist() == ["1,500", "2,750"]  # thousands, perhaps
