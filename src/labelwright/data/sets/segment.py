"""Patches of outdoor photographs, described by colour and edges."""

import csv
import io

import numpy as np

from labelwright.data.archives import read_members
from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import read
from labelwright.data.sets._river import LICENCE, ORIGIN, source

_FILE = "river/datasets/segment.csv.zip"
SOURCE = source(_FILE, "91e4402efcb6f6a4087e4bcfcd074976dd8e48819d290f45bae6bd652bd16d75")

CARD = Card(
    name="segment",
    title="Image segmentation (Statlog)",
    what="2,310 patches of 3x3 pixels from seven outdoor photographs: brick, cement, foliage, grass, path, "
    "sky, window.",
    kind="table",
    n=2_310,
    k=7,
    error_rate=None,
    size_mb=2.7,
    licence=LICENCE,
    shippable=True,
    origin=ORIGIN,
    made="Labels as published; believed clean, not verified.",
    sha256=SOURCE.files,
    cite="Brodley, C. (1990). Image segmentation. UCI.",
)


def load() -> Dataset:
    """Patches as features (2310, 18)."""
    # The file inside bears the name of the archive.
    text = read_members(read(SOURCE)[_FILE], ["segment.csv.zip"], what="segment.csv.zip")[
        "segment.csv.zip"
    ].decode()
    head, *rows = csv.reader(io.StringIO(text))
    rows = [row for row in rows if row]
    labels = np.array([row[-1] for row in rows])
    return Dataset(
        items=np.array([row[:-1] for row in rows], float),
        labels=labels,
        truth=None,
        classes=sorted(set(labels.tolist())),
        card=CARD,
        extra={"columns": head[:-1]},
    )
