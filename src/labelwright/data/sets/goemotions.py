"""Comments with the emotions that readers saw in them: 28 tags, from common to rare."""

import json

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet

SOURCE = Mirror(
    "goemotions",
    {
        "goemotions.parquet": "97ae541b0c809a712a0c774152d9bb68e115c51f342e6858f0b84e95780a9b5e",
        "labels.json": "589a1f85c97652840fdc0326124c19b2fb63eb0dfdc870a0598be4cfa5f69bb1",
    },
)

CARD = Card(
    name="goemotions",
    title="GoEmotions, 28 emotions of Reddit comments",
    what="54,263 short comments, each with one to five of 27 emotions or neutral, 1.18 on average; a tag is on "
    "96 to 17,772 comments.",
    kind="texts",
    n=54_263,
    k=28,
    error_rate=None,
    size_mb=1.6,
    licence="Apache-2.0",
    shippable=True,
    origin="monologg/GoEmotions-pytorch@b75f9d3a8b76bc1060687925b04ca98a1b8ea66b",
    made="Marks as published, in the filtered release: tags on which at least two of three to five readers "
    "agreed. What each reader said is not there.",
    sha256=SOURCE.files,
    cite="Demszky, D. et al. (2020). GoEmotions: a dataset of fine-grained emotions. ACL.",
    note="Rude language; names are masked as [NAME]. A tag that is absent may have been seen by one reader.",
)


def load() -> Dataset:
    """Comments with marks for 28 tags.

    Returns
    -------
    Dataset
        With `extra`: ``split`` (n,), train, dev or test; ``ekman``, a mapping from six basic emotions and
        neutral to the tags of each.
    """
    files = read(SOURCE)
    table, about = parquet(files["goemotions.parquet"]), json.loads(files["labels.json"])
    lists = table["labels"].to_pylist()
    marks = np.zeros((len(lists), len(about["labels"])), np.int8)
    marks[np.repeat(np.arange(len(lists)), [len(mine) for mine in lists]), np.concatenate(lists)] = 1
    return Dataset(
        items=table["text"].to_pylist(),
        labels=marks,
        truth=None,
        classes=list(about["labels"]),
        card=CARD,
        extra={"split": np.array(table["split"].to_pylist()), "ekman": about["ekman"]},
    )
