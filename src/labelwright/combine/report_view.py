"""What was found, and what several sections of the page need of it."""

import math
from typing import Any

import numpy as np
from markupsafe import Markup

from labelwright import frames, report
from labelwright.combine.result import Combined
from labelwright.report import plain


class View:
    """What was found, and what several sections need of it."""

    def __init__(self, found: Combined) -> None:
        self.found, self.told = found, found.votes
        self.voted = np.diff(self.told.first) > 0
        self.best, self.p = found.posterior.argmax(axis=1), found.posterior.max(axis=1)
        self.classes = [plain(name, 60) for name in found.classes.tolist()]
        self.names = [plain(name, 60) for name in self.told.sources.tolist()]
        table = {
            name: frames.column(found.sources, name) for name in ("source", "accuracy", "low", "high", "n")
        }
        place = {name: code for code, name in enumerate(self.told.sources.tolist())}
        self.code = [
            place[name] for name in table["source"].tolist()
        ]  # of each row, among the sources of the votes
        self.source = [self.names[code] for code in self.code]
        against = set(found.against.tolist())
        self.poor = [name in against for name in table["source"].tolist()]
        self.accuracy, self.low, self.high = (
            np.array([math.nan if v is None else float(v) for v in table[name].tolist()])
            for name in ("accuracy", "low", "high")
        )
        self.n = np.asarray(table["n"])
        self.known = np.isfinite(self.accuracy)


def macro(name: str, *arguments: Any) -> Markup:
    """Call a macro of the room's template."""
    module = report.template("report.html.jinja", "labelwright.combine").module
    return getattr(module, name)(*arguments)  # type: ignore[no-any-return]
