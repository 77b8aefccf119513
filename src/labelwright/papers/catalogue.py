"""Which papers there are, what each says, and how to cite it."""

import json
import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from labelwright.errors import InputError

JOURNALS = ("IEEE Robotics", "IEEE Transactions", "Journal of", "Mathematics")  # how their names begin
SURNAMES = (
    "Darriba Bilbao",
    "De Marinis",
    "Jalili Sabet",
)  # two words; "van" and "von" are told by their case
ACCENTS = {"̀": "`", "́": "'", "̂": "^", "̃": "~", "̈": '"', "̌": "v", "̧": "c"}
SPECIAL = re.compile(r"([&%$#_])")
ESCAPED = re.compile(r"\{\\([`'^~\"vc])\{(\w)\}\}")
ENTRY = re.compile(r"^@\w+\{([^,\s]+),.*?^\}\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Paper:
    """A paper of the catalogue.

    Parameters
    ----------
    id : str
        Short and permanent, such as ``"S007"``.
    key : str
        First author, year and a word of the title; its key in ``references.bib``.
    name : str
        What the method or the result is called for short.
    title : str
        Title as published.
    authors : tuple of str
        Given name first, in the order of the paper.
    year : int
        Of publication, or of the first preprint where there is no other.
    venue : str
        Journal, conference or workshop; the number of the preprint where there is none.
    url_id : str
        DOI, or ``"arXiv:"`` and a number; empty where neither was looked up.
    room : str
        Room of the library that has its mechanism.
    says : str
        Its central claim, in one sentence of ours.
    verified : bool
        Whether title, authors and year were confirmed by a source other than memory.
    unverified : str
        What was not confirmed; empty where everything was.

    Examples
    --------
    >>> found = paper("S007")
    >>> found.name, found.year, found.room
    ('Multi-label CL', 2022, 'audit')
    >>> found.authors[0]
    'Aditya Thyagarajan'
    """

    id: str
    key: str
    name: str
    title: str
    authors: tuple[str, ...]
    year: int
    venue: str
    url_id: str
    room: str
    says: str
    verified: bool
    unverified: str


@cache
def papers() -> tuple[Paper, ...]:
    """All papers, by id; read once.

    Examples
    --------
    >>> len(papers())
    119
    >>> [p.id for p in papers() if p.room == "query"]
    ['S041', 'S066', 'S094', 'S116']
    """
    text = files("labelwright.papers").joinpath("catalogue.json").read_text(encoding="utf-8")
    found = [Paper(**{**row, "authors": tuple(row["authors"])}) for row in json.loads(text)]
    return tuple(sorted(found, key=lambda p: p.id))


@cache
def _index() -> dict[str, Paper]:
    return {word: p for p in papers() for word in (p.id.lower(), p.key)}


def paper(id_or_key: str) -> Paper:
    """The paper with this id or key, in upper or lower case.

    Raises
    ------
    InputError
        When there is none; the message names the nearest.

    Examples
    --------
    >>> paper("s065").key
    'northcutt2021pervasive'
    >>> paper("Northcutt2021Pervasive").id
    'S065'
    >>> paper("northcutt2021confident")
    Traceback (most recent call last):
    labelwright.errors.InputError: there is no paper 'northcutt2021confident' in the catalogue;
    did you mean northcutt2021pervasive?
    """
    word = str(id_or_key).strip().lower()
    if word in _index():
        return _index()[word]
    known = {key: p.id if key == p.id.lower() else p.key for key, p in _index().items()}
    known |= {p.name.lower(): p.id for p in papers()}
    near = list(dict.fromkeys(known[k] for k in get_close_matches(word, known, 3)))
    hint = f"did you mean {' or '.join(near)}?" if near else "ids run from S001 to S119"
    raise InputError(f"there is no paper {str(id_or_key)!r} in the catalogue; {hint}")


def latex(text: str) -> str:
    r"""Text for BibTeX in ASCII: accents and special characters escaped.

    Examples
    --------
    >>> print(latex("Gašić & Ré"))
    Ga{\v{s}}i{\'{c}} \& R{\'{e}}
    """
    out = ""
    for char in unicodedata.normalize("NFC", text):
        base, *marks = list(unicodedata.normalize("NFD", char))
        for mark in marks:
            base = f"{{\\{ACCENTS[mark]}{{{base}}}}}"
        out += SPECIAL.sub(r"\\\1", base)
    return out


def plain(text: str) -> str:
    r"""Text as people read it, from a value in ``references.bib``.

    Examples
    --------
    >>> plain(r"M{\"{u}}ller, Rafael and R{\'{e}}, Christopher")
    'Müller, Rafael and Ré, Christopher'
    >>> plain(r"The {EM} Algorithm")
    'The EM Algorithm'
    """
    marks = {accent: mark for mark, accent in ACCENTS.items()}
    text = ESCAPED.sub(lambda m: unicodedata.normalize("NFC", m[2] + marks[m[1]]), text)
    return re.sub(r"\\([&%$#_])", r"\1", text).replace("{", "").replace("}", "")


def _turned(author: str) -> str:
    """Surname first."""
    words = author.split(" ")
    at = next((i for i, word in enumerate(words) if i and word[0].islower()), len(words) - 1)
    for surname in SURNAMES:
        if author.endswith(f" {surname}"):
            at = len(words) - 2
    return f"{' '.join(words[at:])}, {' '.join(words[:at])}"


def bibtex(entry: Paper) -> str:
    r"""BibTeX entry of a paper: ASCII, with the capitals of names in its title protected.

    Examples
    --------
    >>> print(bibtex(paper("S007")))
    @misc{thyagarajan2022multilabel,
      author       = {Thyagarajan, Aditya and Snorrason, El{\'{i}}as and Northcutt, Curtis and Mueller, Jonas},
      title        = {Identifying Incorrect Annotations in Multi-Label Classification Data},
      howpublished = {arXiv:2211.13895},
      year         = {2022},
    }
    <BLANKLINE>
    """
    preprint = entry.venue.startswith("arXiv:")
    article = entry.venue.startswith(JOURNALS)
    kind = "misc" if preprint else "article" if article else "inproceedings"
    where = {"misc": "howpublished", "article": "journal", "inproceedings": "booktitle"}[kind]
    fields = {
        "author": latex(" and ".join(map(_turned, entry.authors))),
        "title": re.sub(r"[A-Za-z0-9]+[A-Z][A-Za-z0-9]*", r"{\g<0>}", latex(entry.title)),
        where: latex(entry.venue),
        "year": str(entry.year),
    }
    if entry.url_id and not preprint:
        fields["note" if entry.url_id.startswith("arXiv:") else "doi"] = entry.url_id
    width = max(map(len, fields))
    lines = [f"  {name:<{width}} = {{{value}}},\n" for name, value in fields.items()]
    return "".join([f"@{kind}{{{entry.key},\n", *lines, "}\n"])


@cache
def bibliography() -> dict[str, str]:
    """BibTeX entries by key: all papers of the catalogue, and what else methods build on.

    Examples
    --------
    >>> bibliography()["dawid1979maximum"].splitlines()[0]
    '@article{dawid1979maximum,'
    """
    text = files("labelwright.papers").joinpath("references.bib").read_text(encoding="utf-8")
    return {match[1]: match[0] for match in ENTRY.finditer(text)}


def references(text: str = "") -> str:
    """A bibliography: every paper of the catalogue, and what else is in `text`, sorted by key.

    Parameters
    ----------
    text : str, default ""
        A bibliography as it is. Its first lines, and its entries for keys the catalogue lacks, are kept as they are.

    Examples
    --------
    >>> references().count("@")
    119
    >>> fresh = references("% Papers.")
    >>> fresh.startswith("% Papers.") and references(fresh) == fresh
    True
    """
    entries = {m[1]: m[0] for m in ENTRY.finditer(text)} | {p.key: bibtex(p) for p in papers()}
    head = text.partition("@")[0].strip()
    return "\n".join([head + "\n"] * bool(head) + [entries[key] for key in sorted(entries)])
