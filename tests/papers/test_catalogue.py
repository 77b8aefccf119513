"""The catalogue has the papers it should, and the bibliography has them all."""

import re
from pathlib import Path

import pytest

from labelwright.errors import InputError
from labelwright.papers import Paper, bibtex, paper, papers, plain, references
from labelwright.papers.catalogue import latex

BIB = Path(__file__).resolve().parents[2] / "src/labelwright/papers/references.bib"
REMEDY = """references.bib is not what the catalogue gives; write it with: python -c "
from pathlib import Path; from labelwright.papers import references
bib = Path('src/labelwright/papers/references.bib'); bib.write_text(references(bib.read_text('ascii')), 'ascii')"
"""
ROOMS = {
    "audit": "S007 S013 S058 S061 S065 S076 S090 S096 S117",
    "combine": "S019 S040 S043 S063 S091 S101 S109",
    "learn": "S005 S012 S017 S021 S026 S032 S039 S042 S062 S068 S074 S080 S084 S088 S102",
    "query": "S041 S066 S094 S116",
    "shift": "S004 S014 S052 S059 S100 S108 S115",
    "many": "S001 S006 S009 S018 S020 S030 S033 S037 S038 S044 S046 S067 S097 S099 S107 S113",
    "language": "S002 S027 S028 S031 S035 S036 S048 S069 S073 S082 S083 S085 S086 S092 S110 S111 S112 S114",
    "sequence": "S049 S054 S060 S077 S079 S089 S105",
    "vision": "S003 S008 S011 S015 S022 S034 S045 S047 S051 S055 S056 S057 S070 S071 S075 S078 S093 S095 "
    "S103 S104 S118",
    "parts": "S023 S025 S029 S098 S106 S119",
    "generate": "S010 S016 S024 S050 S053 S064 S072 S081 S087",
}


def parse(text: str) -> dict[str, dict[str, str]]:
    """Entries by key, each with its kind and its fields; braces must balance, a key and a field stand once."""
    found: dict[str, dict[str, str]] = {}
    rest = re.sub(r"^%.*\n", "", text, flags=re.MULTILINE).strip()
    while rest:
        head = re.match(r"@(\w+)\{([a-z]+\d{4}[a-z]+),\s*", rest)
        assert head, f"not an entry: {rest[:60]!r}"
        kind, key, rest = head[1], head[2], rest[head.end() :]
        assert key not in found, key
        found[key] = {"kind": kind}
        while not rest.startswith("}"):
            field = re.match(r"(\w+)\s*=\s*\{", rest)
            assert field, f"{key}: not a field: {rest[:60]!r}"
            end, depth = field.end(), 1
            while depth:
                depth += {"{": 1, "}": -1}.get(rest[end], 0)
                end += 1
            assert field[1] not in found[key], f"{key}: {field[1]} twice"
            found[key][field[1]] = rest[field.end() : end - 1]
            rest = rest[end:].lstrip(", \n")
        rest = rest[1:].lstrip()
    return found


# The catalogue


def test_the_papers_are_these_and_stand_in_these_rooms():
    rooms = {name: room for room, names in ROOMS.items() for name in names.split()}
    assert len(rooms) == 119
    assert {p.id: p.room for p in papers()} == rooms
    assert [p.id for p in papers()] == [f"S{i:03}" for i in range(1, 120)]


def test_keys_are_first_author_year_and_a_word():
    assert len({p.key for p in papers()}) == 119
    for p in papers():
        surname = re.sub("[^a-z]", "", latex(parse(bibtex(p))[p.key]["author"].partition(",")[0]).lower())
        assert re.fullmatch(rf"{surname}{p.year}[a-z]+", p.key), p.key


@pytest.mark.parametrize("entry", papers(), ids=lambda p: p.id)
def test_every_field_is_filled_and_tidy(entry: Paper):
    for text in (entry.title, entry.name, entry.says, entry.venue, *entry.authors):
        assert text == " ".join(text.split()) != "", (entry.id, text)
    assert entry.authors
    assert all(re.fullmatch(r"[^\W\d_][\w.'-]*( [\w.'-]+)+", a) for a in entry.authors), entry.authors
    assert len(set(entry.authors)) == len(entry.authors)
    assert 1979 <= entry.year <= 2026
    assert re.fullmatch(r"[A-Z].{40,250}[^.]\.", entry.says), entry.says
    assert re.fullmatch(r"|arXiv:\d{4}\.\d{5}|10\.\d{4,}/\S+", entry.url_id), entry.url_id
    assert entry.venue == entry.url_id if entry.venue.startswith("arXiv") else "arXiv" not in entry.venue
    assert entry.verified or entry.unverified


def test_titles_and_sentences_are_all_different():
    assert len({p.title.lower() for p in papers()}) == 119
    assert len({p.says for p in papers()}) == 119
    assert len({p.name.lower() for p in papers()}) == 119


# Looking one up


@pytest.mark.parametrize(
    "word", ["S007", "s007", " S007 ", "thyagarajan2022multilabel", "Thyagarajan2022MultiLabel"]
)
def test_lookup_by_id_and_key(word: str):
    assert paper(word).name == "Multi-label CL"
    assert paper(word) is paper("S007")


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("S0065", "S065"),
        ("northcutt2021pervasiv", "northcutt2021pervasive"),
        ("chen2023imprecise", "chen2024imprecise"),
        ("dualcoop", "S008"),
        ("", "S001"),
        ("nothing like it", "S119"),
    ],
)
def test_an_unknown_paper_is_told_with_what_is_near(word: str, near: str):
    with pytest.raises(InputError, match=f"(?s)there is no paper '{word}'.*{near}"):
        paper(word)


# The bibliography


def test_the_bibliography_is_fresh():
    text = BIB.read_text(encoding="ascii")
    assert references(text) == text, REMEDY


def test_the_bibliography_is_sorted_and_has_every_paper():
    found = parse(BIB.read_text(encoding="ascii"))
    assert list(found) == sorted(found)
    for p in papers():
        entry = found[p.key]
        assert plain(entry["title"]) == p.title
        assert entry["year"] == str(p.year)
        where = {"misc": "howpublished", "article": "journal", "inproceedings": "booktitle"}[entry["kind"]]
        assert plain(entry[where]) == p.venue
        turned = [" ".join(reversed(a.split(", "))) for a in plain(entry["author"]).split(" and ")]
        assert tuple(turned) == p.authors


def test_surnames_stand_first():
    authors = {
        "S110": "Sanz-Guerrero, Mario and von der Wense, Katharina",
        "S030": r"Ribadas-Pena, Francisco J. and Cao, Shuyuan and Darriba Bilbao, V{\'{i}}ctor M.",
        "S029": r"M{\"{u}}ller, Rafael and Kornblith, Simon and Hinton, Geoffrey",
    }
    for name, author in authors.items():
        assert parse(bibtex(paper(name)))[paper(name).key]["author"] == author


def test_other_entries_and_the_head_are_kept_as_they_are():
    extra = "@book{knuth1984texbook,\n  author = {Knuth, Donald E.},\n  title = {The {\\TeX}book},\n}\n"
    stale = "@misc{thyagarajan2022multilabel,\n  author = {Nobody},\n}\n"
    text = references(f"% A head.\n\n{stale}\n{extra}")
    assert text.startswith("% A head.\n\n@")
    assert text.count(extra) == 1
    assert "Nobody" not in text
    assert len(parse(text)) == 120
    assert references(text) == text


@pytest.mark.parametrize("text", ["Kovačič", "Elías Snorrason", "François", "100 % of A & B_1", "plain"])
def test_escapes_go_there_and_back(text: str):
    assert latex(text).isascii()
    assert plain(latex(text)) == text
