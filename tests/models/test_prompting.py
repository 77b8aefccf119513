"""Templates: fields are named, texts stay as they are, what is left out is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelwright.errors import InputError
from labelwright.models import FittedPrompt, Template, fit
from labelwright.models.prompting import shortened

ASK = Template("Which?\n{demonstrations}Text: {text}\nLabel:")
SHOWN = Template("Text: {text}\nLabel: {label}\n\n")


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text())
def test_texts_go_in_as_they_are(text, label):
    assert SHOWN.render(text=text, label=label) == "Text: " + text + "\nLabel: " + label + "\n\n"
    assert Template("{a}{a}").render(a=text) == text * 2


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("{}ab!:.[0] \n")))
def test_any_template_is_read_or_refused(text):
    try:
        template = Template(text)
    except InputError:
        return
    values = dict.fromkeys(template.fields, "{x}")
    assert template.render(**values).count("{x}") >= len(values)


@pytest.mark.parametrize(
    "text", ["{", "}", "{}", "{0}", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{a b}", "{text"]
)
def test_a_field_is_a_name(text):
    with pytest.raises(InputError, match="cannot be read"):
        Template(text)


def test_fields_must_match():
    with pytest.raises(InputError, match=r"a field \{label\} without a value"):
        SHOWN.render(text="x")
    with pytest.raises(InputError, match=r"no field \{more\}; it has label, text"):
        SHOWN.render(text="x", label="y", more="z")
    with pytest.raises(InputError, match="text=3 must be a text"):
        SHOWN.render(text=3, label="y")


def test_files(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Text: {text}\nLabel:\n", encoding="utf-8")
    assert Template.read(path).render(text="ü") == "Text: ü\nLabel:"
    path.write_bytes(b"\xff\xfe")
    for wrong in (path, tmp_path / "no.txt"):
        with pytest.raises(InputError, match="cannot be read"):
            Template.read(wrong)


def words(text):
    return len(text.split())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=8), st.integers(4, 60), st.sampled_from([len, words]))
def test_as_many_demonstrations_as_fit(sizes, limit, count):
    known = [{"text": f"d{i} " * size, "label": "ham"} for i, size in enumerate(sizes)]

    def whole(start):
        return "Which?\n" + "".join(SHOWN.render(**d) for d in known[start:]) + "Text: x\nLabel:"

    fitting = [start for start in range(len(known) + 1) if count(whole(start)) <= limit]
    options = {"demonstration": SHOWN, "demonstrations": known, "count": count}
    if not fitting:
        with pytest.raises(InputError, match="without demonstrations"):
            fit(ASK, {"text": "x"}, limit=limit, **options)
    else:
        assert fit(ASK, {"text": "x"}, limit=limit, **options) == FittedPrompt(
            whole(fitting[0]), fitting[0], {}
        )


def test_what_is_cut_is_told():
    known = [{"text": "a" * 50, "label": "ham"}, {"text": "b" * 12, "label": "spam"}]
    fitted = fit(
        ASK, {"text": "c" * 30}, limit=70, demonstration=SHOWN, demonstrations=known, longest={"text": 10}
    )
    assert fitted == FittedPrompt(
        "Which?\nText: bbbbbbbbbb\nLabel: spam\n\nText: cccccccccc\nLabel:", 1, {"text": 22}
    )
    assert fit(Template("{text}"), {"text": "{a}{b}"}, limit=9, longest={"text": 4}).prompt == "{a}{"


def test_what_makes_no_sense():
    with pytest.raises(InputError, match="longest names 'nonsense'"):
        fit(ASK, {"text": "x"}, limit=9, longest={"nonsense": 3})
    with pytest.raises(InputError, match="without a template"):
        fit(ASK, {"text": "x"}, limit=9, demonstrations=[{"text": "a"}])
    with pytest.raises(InputError, match=r"a field \{demonstrations\} without a value"):
        fit(ASK, {"text": "x"}, limit=99)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.integers(0, 20), st.sampled_from([len, words]))
def test_the_longest_beginning(text, longest, count):
    found = shortened(text, longest, count)
    assert text.startswith(found)
    assert count(found) <= longest
    assert found == text or count(text[: len(found) + 1]) > longest
