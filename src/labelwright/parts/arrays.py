"""One formula for NumPy and torch: bring what stands beside an array to its library, device and precision."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_array_api_obj, to_device


def as_like(value: Any, like: Any, *, dtype: Any = None) -> Any:
    """Give a number, list or array the library, device and precision of another array; gradients of tensors stay.

    Parameters
    ----------
    value : number, nested list, or array of NumPy or torch
    like : array
    dtype : dtype of the library of `like`, optional
        Instead of the precision of `like`.

    Examples
    --------
    >>> as_like([1, 2], np.zeros(3, dtype=np.float32))
    array([1., 2.], dtype=float32)
    """
    xp = array_namespace(like)
    dtype = like.dtype if dtype is None else dtype
    if is_array_api_obj(value) and array_namespace(value) is xp:
        return to_device(xp.astype(value, dtype, copy=False), device(like))
    # A fresh copy: torch refuses reversed views and warns of read-only ones.
    return xp.asarray(np.array(value, order="C"), dtype=dtype, device=device(like))


def floating(table: Any) -> Any:
    """Raise an array to single precision at least; double stays.

    Examples
    --------
    >>> floating(np.zeros(1, dtype=np.float16)).dtype.name
    'float32'
    """
    xp = array_namespace(table)
    return xp.astype(table, xp.result_type(table.dtype, xp.float32), copy=False)
