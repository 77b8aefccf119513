"""Icons with the search words their makers gave them: many labels per item, and many missing."""

import json
from collections import Counter
from xml.sax.saxutils import quoteattr

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Npm, read
from labelwright.errors import InputError

_TAGS, _SHAPES = "package/tags.json", "package/icon-nodes.json"
SOURCE = Npm(
    "lucide-static",
    {
        _TAGS: "9af7a675b5ce633fca9dcfee80bd192b3cf54fc8a92fa8a2d1922a4ca24591bd",
        _SHAPES: "cd363490166b360be288bb0895776061d29c4328aa386a60087852caa1dd2ad5",
    },
    version="1.62.0",
    sha256="386f9080c440d6f5049cefe3456ae8357f7a0c7f76e59670cd1cb83bc7050a44",
)

CARD = Card(
    name="lucide-icons",
    title="Lucide icons and their tags",
    what="1,908 line icons by name, each with the search words its makers gave it; 4,269 words in all, 908 "
    "of them on at least five icons.",
    kind="texts",
    n=1_908,
    k=908,
    error_rate=None,
    size_mb=7.0,
    licence="ISC, parts MIT (Lucide)",
    shippable=True,
    origin="npm:lucide-static@1.62.0",
    made="Marks as published. An item is the icon's name in words; its drawing is in extra['svg'].",
    sha256=SOURCE.files,
    cite="Lucide contributors (2026). Lucide icons.",
    note="A tag that stands there mostly fits; one that is absent may just have been forgotten.",
)


def load(*, min_count: int = 5) -> Dataset:
    """Icons with marks for every tag that at least `min_count` of them bear.

    Parameters
    ----------
    min_count : int, default 5
        1 keeps all 4,269 tags.

    Returns
    -------
    Dataset
        With `extra`: ``name`` (n,), ``svg`` (list of n drawings as text), ``tags`` (list of n lists, rare
        ones too).
    """
    if min_count < 1:
        raise InputError(f"min_count={min_count} must be at least 1")
    files = read(SOURCE)
    tags: dict[str, list[str]] = json.loads(files[_TAGS])
    shapes = json.loads(files[_SHAPES])
    counts = Counter(tag for mine in tags.values() for tag in set(mine))
    classes = sorted(tag for tag, count in counts.items() if count >= min_count)
    if not classes:
        raise InputError(
            f"min_count={min_count} leaves no tag; the commonest is on {max(counts.values())} icons"
        )
    place = {tag: j for j, tag in enumerate(classes)}
    marks = np.zeros((len(tags), len(classes)), np.int8)
    for i, mine in enumerate(tags.values()):
        marks[i, [place[tag] for tag in mine if tag in place]] = 1
    return Dataset(
        items=[name.replace("-", " ") for name in tags],
        labels=marks,
        truth=None,
        classes=list(classes),
        card=CARD,
        extra={
            "name": np.array(list(tags)),
            "svg": [_svg(shapes[name]) for name in tags],
            "tags": list(tags.values()),
        },
    )


def _svg(shapes: list[tuple[str, dict[str, object]]]) -> str:
    drawn = "".join(
        f"<{kind}{''.join(f' {name}={quoteattr(str(value))}' for name, value in given.items())}/>"
        for kind, given in shapes
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" fill="none" '
        f'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{drawn}</svg>'
    )
