"""Clip art with the tags its drawers gave it: many labels per picture, noisy and mostly incomplete."""

import json
import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import DebFolder, read
from labelwright.errors import InputError

_FOLDER = "usr/share/openclipart/svg/"


def described(content: bytes) -> bytes:
    """What a drawing says of itself, its first ``<metadata>`` element; nothing else of it is read.

    A document type, the only place that can declare entities, stands before the first element, so it is cut off.
    """
    found = re.search(rb"<metadata\b.*?</metadata>", content, re.DOTALL)
    return found.group() if found else b""


SOURCE = DebFolder(
    "openclipart-svg",
    {_FOLDER: "f5e344bc1fe45857c1100fe26bf81b4177165620c5af1f70d97987ec812047e5"},
    part=described,
)

CARD = Card(
    name="openclipart",
    title="Open Clip Art Library, release 0.18, and its tags",
    what="7,395 pieces of clip art by title, each with the tags its drawers gave it; 2,070 tags in all, 321 of them on "
    "at least five pictures.",
    kind="texts",
    n=7_395,
    k=321,
    error_rate=None,
    size_mb=25.0,
    licence="public domain (each picture says so)",
    shippable=True,
    origin="deb:openclipart-svg",
    made="Marks as published. An item is the picture's title, or its file name in words. Of 7,458 files, 63 that do "
    "not say they are in the public domain are left out, and so are 663 links to other files.",
    sha256=SOURCE.files,
    cite="Open Clip Art Library contributors (2005). Open Clip Art Library, release 0.18.",
    note="Tags are noisy: some are left over from programs ('hash', '0x851ce54'), name the folder or the drawer, or "
    "have other spellings; one that is absent may just have been forgotten.",
)


def load(*, min_count: int = 5) -> Dataset:
    """Pictures by title with marks for every tag that at least `min_count` of them bear.

    Parameters
    ----------
    min_count : int, default 5
        1 keeps all 2,070 tags.

    Returns
    -------
    Dataset
        With `extra`: ``name`` (n,), the file, such as ``"animals/birds/owl_01.svg"``; ``path`` (n,), its folder,
        such as ``"animals/birds"``; ``tags`` (list of n lists, rare ones too).
    """
    if min_count < 1:
        raise InputError(f"min_count={min_count} must be at least 1")
    names, titles, tags = [], [], []
    for name, text in json.loads(read(SOURCE)[_FOLDER]).items():
        about = ElementTree.fromstring(text)
        if not _public_domain(about):
            continue
        names.append(name)
        titles.append(_words(about.findtext(".//{*}Work/{*}title")) or _words(_stem(name)))
        said = (_words(tag.text) for tag in about.iterfind(".//{*}subject//{*}li"))
        tags.append(list(dict.fromkeys(tag for tag in said if tag)))
    counts = Counter(tag for mine in tags for tag in mine)
    classes = sorted(tag for tag, count in counts.items() if count >= min_count)
    if not classes:
        raise InputError(
            f"min_count={min_count} leaves no tag; the commonest is on {max(counts.values())} pictures"
        )
    place = {tag: j for j, tag in enumerate(classes)}
    marks = np.zeros((len(tags), len(classes)), np.int8)
    for i, mine in enumerate(tags):
        marks[i, [place[tag] for tag in mine if tag in place]] = 1
    return Dataset(
        items=titles,
        labels=marks,
        truth=None,
        classes=list(classes),
        card=CARD,
        extra={
            "name": np.array(names),
            "path": np.array([name.rpartition("/")[0] for name in names]),
            "tags": tags,
        },
    )


def _public_domain(about: ElementTree.Element) -> bool:
    licences = about.iterfind(".//{*}Work/{*}license")
    said = [value.lower().rstrip("/") for licence in licences for value in licence.attrib.values()]
    return any(value.endswith("/publicdomain") for value in said)


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".svg").replace("_", " ").replace("-", " ")
