"""Genes of yeast with the functions each has: many labels per item."""

import csv
import io

import numpy as np

from labelwright.data.archives import decompress
from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import read
from labelwright.data.sets._river import LICENCE, ORIGIN, source

_FILE = "river/datasets/yeast.csv.gz"
SOURCE = source(_FILE, "2969cb4bab877a27adcbe17871fa0b378a1e54b98816cd6106b542ee450a1c09")
N_LABELS = 14

CARD = Card(
    name="yeast",
    title="Yeast gene functions (MULAN)",
    what="2,417 genes with 103 measures each; every gene has some of 14 groups of functions, 4.2 on average.",
    kind="table",
    n=2_417,
    k=N_LABELS,
    error_rate=None,
    size_mb=2.7,
    licence=LICENCE,
    shippable=True,
    origin=ORIGIN,
    made="Marks as published; believed clean, not verified.",
    sha256=SOURCE.files,
    cite="Elisseeff, A. and Weston, J. (2002). A kernel method for multi-labelled classification. NeurIPS.",
)


def load() -> Dataset:
    """Genes as features (2417, 103) with marks (2417, 14)."""
    text = decompress(read(SOURCE)[_FILE], what="yeast.csv.gz").decode()
    head, *rows = csv.reader(io.StringIO(text))
    table = np.array([row for row in rows if row], float)
    return Dataset(
        items=table[:, :-N_LABELS],
        labels=table[:, -N_LABELS:].astype(np.int8),
        truth=None,
        classes=list(head[-N_LABELS:]),
        card=CARD,
        extra={"columns": head[:-N_LABELS]},
    )
