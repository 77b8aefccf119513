"""Where several sources labelled: who differs, and in what."""

from collections import Counter
from typing import Any

import numpy as np

from labelwright.audit.result import Estimate
from labelwright.errors import InputError
from labelwright.evidence import decode, encode


def by_source(
    sources: Any,
    p_wrong: np.ndarray,
    given: np.ndarray,
    suggested: np.ndarray,
    flagged: np.ndarray,
    overall: Estimate,
) -> dict[str, Any]:
    """One row per source, worst first: `source`, `n`, `error_rate`, `low`, `high`, `often`.

    Parameters
    ----------
    sources : sequence (n,)
        Who gave each label.
    p_wrong : ndarray (n,)
    given, suggested : ndarray (n,) of object
    flagged : ndarray (n,) of bool
        The doubtful rows; `often` is the commonest change suggested among a source's.
    overall : Estimate
        Its relative uncertainty is shared by all sources.
    """
    codes, names = encode(sources)
    if len(codes) != len(p_wrong):
        raise InputError(f"sources has {len(codes)} rows for {len(p_wrong)} labels; they must match")
    known = (codes >= 0) & ~np.isnan(p_wrong)
    n = np.bincount(codes[known], minlength=len(names))
    rate = np.bincount(codes[known], p_wrong[known], len(names)) / np.maximum(n, 1)
    vary = np.bincount(codes[known], (p_wrong * (1 - p_wrong))[known], len(names)) / np.maximum(n, 1) ** 2
    relative = (overall.high - overall.low) / (2 * 1.96 * max(overall.value, 1e-9))
    spread = 1.96 * np.sqrt(vary + (rate * relative) ** 2)
    slips: list[Counter[str]] = [Counter() for _ in names]
    for row in np.flatnonzero(flagged & (codes >= 0)):
        slips[codes[row]][f"{given[row]} instead of {suggested[row]}"] += 1
    often = [
        f"{slip} ({times})" if times else ""
        for slip, times in (c.most_common(1)[0] if c else ("", 0) for c in slips)
    ]
    order = np.lexsort((np.arange(len(names)), -rate))
    order = order[n[order] > 0]
    return {
        "source": decode(order, names),
        "n": n[order],
        "error_rate": rate[order],
        "low": np.clip(rate - spread, 0, 1)[order],
        "high": np.clip(rate + spread, 0, 1)[order],
        "often": [often[i] for i in order],
    }
