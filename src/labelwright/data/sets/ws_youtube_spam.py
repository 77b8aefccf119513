"""Comments under five videos, twelve simple functions that tell spam from ham, and the truth."""

import json

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._crowds import same
from labelwright.data.sets._tables import npz, parquet
from labelwright.evidence import Votes

SOURCE = Mirror(
    "ws-youtube-spam",
    {
        "texts.parquet": "07da5bdd112903ed53a7cc9b16b37b7187e6ad71efef8d4b7a656183fd672544",
        "votes.npz": "39e7050d72d5cbd76c65a12c810a8b1b9f304ea938b53aecfd71e0035c81390b",
        "functions.json": "98e6ec0aea139f929e54b3ad16d177d77a328fc79a7b91f656257c966528c52f",
    },
)

CARD = Card(
    name="ws-youtube-spam",
    title="YouTube comment spam with 12 labelling functions",
    what="1,956 comments under five music videos, half of them spam, and twelve functions that look for words, "
    "links or length. Six comments in seven make some function speak.",
    kind="texts",
    n=1_956,
    k=2,
    error_rate=253 / 1_956,
    size_mb=0.1,
    licence="CC BY 4.0 (YouTube Spam Collection)",
    shippable=True,
    origin="ScribbleDribble/Spam-Detector-Text-Classification@565940d8e8be3f555e3e60a5876844d491bd4901",
    made="Given label: what a filter of these functions would say, spam where more of them say spam than ham, "
    "else ham, also where none speaks. Truth: the published label. The functions were written for this "
    "collection. The evidence that matters is extra['evidence'].",
    sha256=SOURCE.files,
    cite="Alberto, T., Lochter, J. and Almeida, T. (2015). TubeSpam: comment spam filtering on YouTube. ICMLA.",
    note="The functions overlap: one plea for subscribers makes several of them speak. 213 comments "
    "repeat an earlier one; equal comments share a group.",
)


def load() -> Dataset:
    """Comments with the functions' verdict as given label.

    Returns
    -------
    Dataset
        With `extra`: ``evidence``, `Votes` of the 12 functions, by name; ``rules``, a list of mappings with
        ``name``, ``label`` and ``regex`` (None for the two on length); ``video`` (n,), whose song it is.
    """
    files = read(SOURCE)
    table = parquet(files["texts.parquet"])
    about = json.loads(files["functions.json"])
    classes = about["labels"]
    rules = [
        {"name": rule["name"], "label": classes[rule["label"]], "regex": rule.get("regex")}
        for rule in about["functions"]
    ]
    votes = npz(files["votes.npz"])["votes"]
    spam = (votes == 1).sum(axis=1) > (votes == 0).sum(axis=1)
    texts = table["text"].to_pylist()
    return Dataset(
        items=texts,
        labels=np.array(classes)[spam.astype(int)],
        truth=np.array(classes)[table["label"].to_numpy()],
        classes=list(classes),
        card=CARD,
        groups=same(texts),
        extra={
            "evidence": Votes(votes, classes, [rule["name"] for rule in rules]),
            "rules": rules,
            "video": np.array(table["video"].to_pylist()),
        },
    )
