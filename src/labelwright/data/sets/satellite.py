"""Pixels of a satellite picture, with the kind of soil."""

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Deb
from labelwright.data.sets._r import dataset

_FILE = "usr/lib/R/site-library/mlbench/data/Satellite.rda"
SOURCE = Deb("r-cran-mlbench", {_FILE: "29f8cf9bb1bc51b769d694c9caf740fd1c36ed6a7c87603edf5985962e330f64"})

CARD = Card(
    name="satellite",
    title="Landsat satellite (Statlog)",
    what="Squares of 3x3 pixels in four bands of a Landsat picture, 36 numbers; six kinds of soil.",
    kind="table",
    n=6_435,
    k=6,
    error_rate=None,
    size_mb=1.0,
    licence="GPL-2 (package mlbench); CC BY 4.0 (UCI)",
    shippable=True,
    origin="deb:r-cran-mlbench (Debian), file pinned by its hash",
    made="Labels as published; believed clean, not verified.",
    sha256=SOURCE.files,
    cite="Srinivasan, A. (1993). Statlog (Landsat satellite). UCI.",
)


def load() -> Dataset:
    """Squares as features (6435, 36)."""
    return dataset(SOURCE, "Satellite", "classes", CARD)
