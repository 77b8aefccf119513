"""What was found, and what several sections of the page need of it."""

from typing import Any

import numpy as np
from markupsafe import Markup
from scipy.stats import norm

from labelwright import frames, report
from labelwright.parts.shares import Z95
from labelwright.report import plain
from labelwright.report.text import distinct
from labelwright.shift.result import Adapted


class View:
    """What was found, and what several sections need of it."""

    def __init__(self, found: Adapted) -> None:
        self.found = found
        self.k, self.n = len(found.classes), len(found.probs)
        self.names = [plain(name, 60) for name in distinct(found.classes.tolist()).values()]
        self.source, self.target, self.low, self.high = (
            np.asarray(frames.column(found.priors, name), dtype=float)
            for name in ("source", "target", "low", "high")
        )
        self.change = self.target - self.source
        self.order = np.argsort(-self.change, kind="stable")  # the most grown first
        self.level = float(found.settings.get("level", 0.95))
        self.sure = self._sure()
        place = {name: code for code, name in enumerate(found.classes.tolist())}
        self.before, self.after = (
            np.array(
                [place[name] for name in frames.column(found.predictions, column).tolist()], dtype=np.intp
            )
            for column in ("before", "label")
        )
        self.moved = np.flatnonzero(self.before != self.after)

    def _sure(self) -> np.ndarray:
        """Which classes surely changed, all of them at once at the level (Bonferroni)."""
        tail = (1 - self.level) / 2
        wide = float(norm.isf(tail / self.k) / norm.isf(tail))
        own = Z95 * np.sqrt(self.source * (1 - self.source) / max(self.found.estimator.n_source_, 1))
        half = np.where(self.change > 0, self.target - self.low, self.high - self.target)
        return np.abs(self.change) > wide * np.sqrt(half**2 + own**2)

    @property
    def grown(self) -> list[int]:
        """Classes that surely grew, the most first."""
        return [c for c in self.order.tolist() if self.sure[c] and self.change[c] > 0]

    @property
    def shrunk(self) -> list[int]:
        """Classes that surely shrank, the most first."""
        return [c for c in self.order[::-1].tolist() if self.sure[c] and self.change[c] < 0]


def macro(name: str, *arguments: Any) -> Markup:
    """Call a macro of the room's template."""
    module = report.template("report.html.jinja", "labelwright.shift").module
    return getattr(module, name)(*arguments)  # type: ignore[no-any-return]
