"""Sentences that ten or so workers translated, each in their own words, with a professional's translation."""

from dataclasses import replace
from typing import Literal

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet
from labelwright.errors import InputError

SOURCE = Mirror(
    "crowd-text-answers",
    {
        "answers.parquet": "77622998a2ddbe76019c39429bc4381683ae2b75c7e38bcff5cc0c130dee4ebc",
        "gold.parquet": "a1a1b2a46c74b7a2723d7bcbb88506cdb95cda82066df32d81c1db75d55751c0",
    },
)

CARD = Card(
    name="crowd-text-answers",
    title="Translations by a crowd (CrowdWSA2019)",
    what="Short Japanese sentences put into English by workers: 250 sentences and 2,490 answers of 70 workers in "
    "J1 (plain load), 100 and 1,000 of 42 in T1, 100 and 1,000 of 43 in T2.",
    kind="labels",
    n=250,
    k=2_568,
    error_rate=246 / 250,
    size_mb=0.1,
    licence="CC BY 4.0",
    shippable=True,
    origin="garfieldpigljy/CrowdWSA2019@2cb655639c9ffbf16b328c34a04b60c6d3920f95",
    made="Given label: the first answer in the file, as text. Truth: the professional translation. Classes: all "
    "different texts.",
    sha256=SOURCE.files,
    cite="Li, J. and Fukumoto, F. (2019). A dataset of crowdsourced word sequences: collections and answer "
    "aggregation for ground truth creation. AnnoNLP.",
    note="Hardly any answer equals the truth letter by letter, so the error rate says little: compare by a "
    "similarity of texts. The Japanese sentences are not there; items are their numbers. 13 sentences are in "
    "T1 and in T2.",
)
CARDS = {
    "J1": CARD,
    "T1": replace(CARD, n=100, k=1_014, error_rate=1.0),
    "T2": replace(CARD, n=100, k=1_025, error_rate=1.0),
}


def load(*, dataset: Literal["J1", "T1", "T2"] = "J1") -> Dataset:
    """Sentences with the first worker's translation as given label, and a professional's as truth.

    Parameters
    ----------
    dataset : {"J1", "T1", "T2"}, default "J1"
        Which of the three collections.

    Returns
    -------
    Dataset
        Its card has the counts of this collection. With `extra`: ``answers``, an Arrow table with ``item``
        (position), ``worker`` and ``answer``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if dataset not in CARDS:
        raise InputError(f"dataset={dataset!r} must be one of {', '.join(CARDS)}")
    files = read(SOURCE)
    tables = (parquet(files[f"{part}.parquet"]) for part in ("answers", "gold"))
    answers, gold = (table.filter(pc.equal(table["dataset"], dataset)) for table in tables)
    items = np.array(gold["sentence"].to_pylist())
    place = {sentence: number for number, sentence in enumerate(items.tolist())}
    item = np.array([place[sentence] for sentence in answers["sentence"].to_pylist()])
    said = np.array(answers["workeranswer"].to_pylist())
    truth = np.array(gold["trueanswer"].to_pylist())
    return Dataset(
        items=items,
        labels=said[np.unique(item, return_index=True)[1]],
        truth=truth,
        classes=sorted({*said.tolist(), *truth.tolist()}),
        card=CARDS[dataset],
        extra={"answers": pa.table({"item": item, "worker": answers["worker"], "answer": said})},
    )
