"""Pairs of sentences with the label of one of four people, some of which that person later took back."""

import gzip
import json
from typing import Any

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.evidence import Votes

SOURCE = Mirror(
    "varierr-nli",
    {
        "items.jsonl.gz": "4ced87e7399b379fcf34bb5a9de57bb43807a14276a8c5add2df29f2aab05f45",
        "explanations.jsonl.gz": "4b6ddfdeb0dadb33c21b76c3c5589f59be9cb1ca83afe00dc298c376f39d526b",
    },
)
CLASSES = ("contradiction", "entailment", "neutral")

CARD = Card(
    name="varierr-nli",
    title="VariErr NLI, error against variation",
    what="500 pairs of sentences; four people labelled each with reasons (1,933 in all), and later judged whether "
    "each reason, their own among them, makes sense.",
    kind="texts",
    n=500,
    k=3,
    error_rate=43 / 498,
    size_mb=0.1,
    licence="unclear (no licence file; sentences of MultiNLI, annotations by LMU Munich)",
    shippable=False,
    origin="mainlp/VariErr-NLI@b2cbdd3bc3ca2a618fc16ac078f471623152c923",
    made="Given label: one drawn from those that people gave. It is wrong if nobody who gave it stood by it in the "
    "second round. Truth: the given label where somebody stood by it, else the label that most stood by; None "
    "where nobody stood by any.",
    sha256=SOURCE.files,
    cite="Weber-Genzel, L. et al. (2024). VariErr NLI: separating annotation error from human label variation. ACL.",
    note="Several labels of a pair may be right. Not everybody labelled every pair; who drew back did so knowing "
    "what the others had written.",
)


def load(*, random_state: int = 0) -> Dataset:
    """Pairs of sentences with one person's label.

    Parameters
    ----------
    random_state : int, default 0
        Draws the person of each pair.

    Returns
    -------
    Dataset
        Items are the context, a newline and the statement. With `extra`: ``evidence``, `Votes` of the four people in
        the first round; ``drawn`` (n,), whose label is given; ``valid`` bool (n, 3), labels that somebody stood by in
        the second round; ``crowd`` (n, 3), how many of a hundred others gave each label; ``explanations``, an Arrow
        table with ``item`` (position), ``person``, ``label``, ``reason``, ``own`` (whether the author stood by it; null
        where not asked); ``id`` (n,).
    """
    import pyarrow as pa

    files = read(SOURCE)
    items, reasons = (_lines(files[name]) for name in SOURCE.files)
    place = {item["id"]: i for i, item in enumerate(items)}
    code = {name: c for c, name in enumerate(CLASSES)}
    at = np.array([place[r["item"]] for r in reasons])
    person = np.array([r["annotator"] for r in reasons])
    said = np.array([code[r["label"]] for r in reasons])
    own = [next((bool(v) for who, v in r["judgments"] if who == r["annotator"]), None) for r in reasons]
    valid = np.array([[name in item["label_set_round_2"] for name in CLASSES] for item in items])
    counts = np.array([[item["label_count_round_2"].get(name) or 0 for name in CLASSES] for item in items])
    rng = np.random.default_rng(random_state)
    drawn = np.array([rng.choice(np.flatnonzero(at == i)) for i in range(len(items))])
    given = said[drawn]
    stands = valid[np.arange(len(items)), given]
    best = np.where(stands, given, counts.argmax(axis=1))
    names = np.array([*CLASSES, None], dtype=object)
    crowd = np.array([[item["chaosnli_labels"].get(name[0], 0) for name in CLASSES] for item in items])
    return Dataset(
        items=[f"{item['context']}\n{item['statement']}" for item in items],
        labels=names[given].astype(str),
        truth=names[np.where(stands | valid.any(axis=1), best, -1)],
        classes=list(CLASSES),
        card=CARD,
        extra={
            "evidence": Votes.from_long(at, person, np.array(CLASSES)[said]),
            "drawn": person[drawn],
            "valid": valid,
            "crowd": crowd,
            "explanations": pa.table(
                {
                    "item": at,
                    "person": person,
                    "label": [CLASSES[c] for c in said],
                    "reason": [r["reason"] for r in reasons],
                    "own": own,
                }
            ),
            "id": np.array([item["id"] for item in items]),
        },
    )


def _lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(content).decode("utf-8").splitlines() if line]
