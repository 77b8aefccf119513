"""Capital letters in twenty fonts, described by sixteen measures."""

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Deb
from labelwright.data.sets._r import dataset

_FILE = "usr/lib/R/site-library/mlbench/data/LetterRecognition.rda"
SOURCE = Deb("r-cran-mlbench", {_FILE: "967a1a3e10b548d7269cbe50182bcecd6365cc58ea07638bbc34c51f17f34f1d"})

CARD = Card(
    name="letter",
    title="Letter recognition",
    what="Distorted pictures of the 26 capital letters in 20 fonts, as 16 whole numbers from 0 to 15.",
    kind="table",
    n=20_000,
    k=26,
    error_rate=None,
    size_mb=1.0,
    licence="GPL-2 (package mlbench); CC BY 4.0 (UCI)",
    shippable=True,
    origin="deb:r-cran-mlbench (Debian), file pinned by its hash",
    made="Labels as published; believed clean, not verified.",
    sha256=SOURCE.files,
    cite="Frey, P. and Slate, D. (1991). Letter recognition using Holland-style adaptive classifiers. "
    "Machine Learning 6.",
)


def load() -> Dataset:
    """Letters as features (20000, 16)."""
    return dataset(SOURCE, "LetterRecognition", "lettr", CARD)
