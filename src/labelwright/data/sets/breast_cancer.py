"""Breast tumours measured under the microscope, bundled with scikit-learn."""

from labelwright.data.dataset import Card, Dataset
from labelwright.data.sets._sklearn import CITE, dataset

CARD = Card(
    name="breast-cancer",
    title="Breast cancer Wisconsin (diagnostic)",
    what="Thirty measures of the cell nuclei of breast tumours; malignant or benign.",
    kind="table",
    n=569,
    k=2,
    error_rate=None,
    size_mb=0,
    licence="CC BY 4.0 (UCI); BSD-3-Clause (scikit-learn)",
    shippable=True,
    origin="bundled with scikit-learn",
    made="Labels as published; believed clean, not verified.",
    sha256={},
    cite=f"Wolberg, W. et al. (1995). Breast cancer Wisconsin (diagnostic). UCI. {CITE}",
)


def load() -> Dataset:
    """Tumours as features (569, 30)."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    order = bunch.target_names.argsort()  # scikit-learn lists malignant first; classes here are sorted
    bunch.target, bunch.target_names = order.argsort()[bunch.target], bunch.target_names[order]
    return dataset(bunch, CARD)
