"""Tables that come with scikit-learn."""

from typing import Any

import numpy as np

from labelwright.data.dataset import Card, Dataset

CITE = "Pedregosa, F. et al. (2011). Scikit-learn: machine learning in Python. JMLR 12."


def dataset(bunch: Any, card: Card) -> Dataset:
    """Make a data set from what scikit-learn's loaders return."""
    return Dataset(
        items=np.asarray(bunch.data, float),
        labels=np.asarray(bunch.target_names)[bunch.target],
        truth=None,
        classes=np.asarray(bunch.target_names).tolist(),
        card=card,
        extra={"columns": [str(name) for name in bunch.feature_names]},
    )
