"""What it costs a model to move away from what it was, for NumPy and torch alike."""

from typing import Any

from array_api_compat import array_namespace

from labelwright.errors import InputError
from labelwright.parts.arrays import as_like


def elastic(values: Any, anchors: Any, importance: Any) -> Any:
    """Half the squared moves, each weighed by its importance: ``1/2 sum_j F_j (v_j - a_j) ** 2``, a single number.

    With the Fisher information as importance it is the penalty of elastic weight consolidation (Kirkpatrick et al.,
    2017): minus the log-posterior of earlier tasks in Laplace's approximation, but for a constant.

    Parameters
    ----------
    values : array of any shape
        Gradients flow through it.
    anchors : array of that shape
        Where the values stood.
    importance : array of that shape
        At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> float(elastic(np.array([1.0, 5.0]), np.array([0.0, 5.0]), np.array([2.0, 9.0])))
    1.0
    """
    anchors, importance = as_like(anchors, values), as_like(importance, values)
    if not tuple(values.shape) == tuple(anchors.shape) == tuple(importance.shape):
        raise InputError(
            f"values, anchors and importance have shapes {tuple(values.shape)}, {tuple(anchors.shape)} and "
            f"{tuple(importance.shape)}; they must be alike"
        )
    return array_namespace(values).sum(importance * (values - anchors) ** 2) / 2
