"""Handwritten digits of 8x8 pixels, bundled with scikit-learn."""

from labelwright.data.dataset import Card, Dataset
from labelwright.data.sets._sklearn import CITE, dataset

CARD = Card(
    name="digits",
    title="Optical recognition of handwritten digits, test part",
    what="Digits of 8x8 pixels with 17 levels of grey, as 64 features.",
    kind="table",
    n=1_797,
    k=10,
    error_rate=None,
    size_mb=0,
    licence="CC BY 4.0 (UCI); BSD-3-Clause (scikit-learn)",
    shippable=True,
    origin="bundled with scikit-learn",
    made="Labels as published; believed clean, not verified.",
    sha256={},
    cite=f"Alpaydin, E. and Kaynak, C. (1998). Optical recognition of handwritten digits. UCI. {CITE}",
)


def load() -> Dataset:
    """Digits as features (1797, 64), pixels row by row; classes are the numbers 0 to 9."""
    from sklearn.datasets import load_digits

    return dataset(load_digits(), CARD)
