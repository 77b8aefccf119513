"""Results as small JSON files that stay: what was claimed, what was seen, what follows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labelwright.errors import InputError
from labelwright.papers.catalogue import paper
from labelwright.papers.claim import Claim
from labelwright.reproduce.statistics import Difference

FORMAT = 1


@dataclass(frozen=True)
class Result:
    """What a run of a claim gave.

    Attributes
    ----------
    claim : Claim
    values : mapping of str to list of float
        The measure of every arm, seed by seed.
    seconds : mapping of str to list of float
        CPU seconds likewise, the shared data not counted.
    differences : tuple of Difference
    verdict : str
        ``holds``, ``fails`` or ``unclear``.
    quick : bool
        Of a reduced run, which decides nothing.
    wall_s : float
    environment : mapping
    """

    claim: Claim
    values: Mapping[str, Sequence[float]]
    seconds: Mapping[str, Sequence[float]]
    differences: tuple[Difference, ...]
    verdict: str
    quick: bool
    wall_s: float
    environment: Mapping[str, str]

    @property
    def means(self) -> dict[str, float]:
        """Mean over the seeds of every arm."""
        return {arm: float(np.mean(values)) for arm, values in self.values.items()}

    def record(self) -> dict[str, Any]:
        """As plain data."""
        claim = self.claim
        return {
            "format": FORMAT,
            "id": paper(claim.paper).id,
            "key": paper(claim.paper).key,
            "claim": claim.name,
            "says": claim.says,
            "departs": claim.departs,
            "unit": claim.unit,
            "higher_is_better": claim.higher_is_better,
            "supersedes": claim.supersedes,
            "verdict": self.verdict,
            "seeds": len(next(iter(self.values.values()))),
            "arms": {
                arm: {"mean": self.means[arm], "values": list(values), "seconds": list(self.seconds[arm])}
                for arm, values in self.values.items()
            },
            "comparisons": [
                {
                    **asdict(d.comparison),
                    "difference": d.mean,
                    "low": d.low,
                    "high": d.high,
                    "verdict": d.verdict,
                }
                for d in self.differences
            ],
            "wall_s": self.wall_s,
            "environment": dict(self.environment),
        }

    def save(self, folder: Path) -> Path:
        """Write ``ID-claim.json``; a quick run is refused, since it decides nothing."""
        if self.quick:
            raise InputError(f"{self.claim.id} was a quick run; only full runs are kept as results")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.claim.id}.json"
        path.write_text(json.dumps(self.record(), indent=1) + "\n")
        return path


def load(folder: Path) -> dict[str, dict[str, Any]]:
    """All records of a folder by ``ID-claim``, superseded ones included."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("S*.json"))}
