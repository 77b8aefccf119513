"""Chemical analyses of wines of three growers, bundled with scikit-learn."""

from labelwright.data.dataset import Card, Dataset
from labelwright.data.sets._sklearn import CITE, dataset

CARD = Card(
    name="wine",
    title="Wine recognition",
    what="Thirteen chemical measures of wines from three growers.",
    kind="table",
    n=178,
    k=3,
    error_rate=None,
    size_mb=0,
    licence="CC BY 4.0 (UCI); BSD-3-Clause (scikit-learn)",
    shippable=True,
    origin="bundled with scikit-learn",
    made="Labels as published; believed clean, not verified.",
    sha256={},
    cite=f"Aeberhard, S. and Forina, M. (1992). Wine. UCI. {CITE}",
)


def load() -> Dataset:
    """Wines as features (178, 13)."""
    from sklearn.datasets import load_wine

    return dataset(load_wine(), CARD)
