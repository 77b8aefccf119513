"""Speed of the combine room: how good is each source, and what is true, from votes alone."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.tasks import Task


class Given(NamedTuple):
    """The same votes as each side takes them: `Votes`, a frame of one vote a row, and codes (n, a) with -1."""

    votes: Any
    frame: Any
    wide: Any


def annotators(per_item: int, sources: int, k: int) -> Any:
    """Setup: n items, each labelled by `per_item` of the sources, who are right with 50 to 95 %."""

    def make(n: int, folder: Path) -> Given:
        import pandas as pd

        from labelwright.evidence import Votes

        rng = np.random.default_rng(0)
        truth, skill = rng.integers(0, k, n).astype(np.int32), rng.uniform(0.5, 0.95, sources)
        item = np.repeat(np.arange(n, dtype=np.int32), per_item)
        first = rng.integers(0, sources, n, dtype=np.int32)
        step = np.arange(per_item, dtype=np.int32) * max(sources // per_item, 1)
        source = ((first[:, None] + step) % sources).ravel()
        right = rng.random(len(item)) < skill[source]
        said = np.where(right, truth[item], rng.integers(0, k, len(item)).astype(np.int32))
        frame = pd.DataFrame({"task": item, "worker": source, "label": said})
        names = {"items": np.arange(n), "sources": np.arange(sources), "classes": np.arange(k)}
        return Given(Votes.from_codes(item, source, said, **names), frame, None)

    return make


def rules(sources: int, k: int, coverage: float) -> Any:
    """Setup: n items, `sources` rules that say something about a share of them."""

    def make(n: int, folder: Path) -> Given:
        from labelwright.evidence import Votes

        rng = np.random.default_rng(0)
        truth, skill = rng.integers(0, k, n), rng.uniform(0.6, 0.9, sources)
        wide = np.where(rng.random((n, sources)) < skill, truth[:, None], rng.integers(0, k, (n, sources)))
        wide[rng.random(wide.shape) >= coverage] = -1
        wide = wide.astype(np.int64)
        return Given(Votes(wide, list(range(k))), None, wide)

    return make


def separate(given: Given) -> Any:
    from labelwright.combine import DawidSkene
    from labelwright.parts import confusions

    return DawidSkene(confusions.separate, show=False).fit(given.votes).predict_proba()


def default(given: Given) -> Any:
    from labelwright.combine import DawidSkene

    return DawidSkene(show=False).fit(given.votes).predict_proba()


def everyday(given: Given) -> Any:
    """From a frame to labels, intervals of sources, agreement, and the comparison with majority."""
    from labelwright import combine

    return combine.votes(given.frame, item="task", source="worker", label="label", show=False)


def moments(given: Given) -> Any:
    from labelwright.combine import MeTaL

    return MeTaL(show=False).fit(given.votes).predict_proba()


def crowdkit(given: Given) -> Any:
    from crowdkit.aggregation import DawidSkene

    return DawidSkene(n_iter=100).fit_predict_proba(given.frame)


def snorkel(given: Given) -> Any:
    from snorkel.labeling.model import LabelModel

    model = LabelModel(cardinality=5, verbose=False)
    model.fit(given.wide, n_epochs=100, seed=0, progress_bar=False)
    return model.predict_proba(given.wide)


TASKS = (
    Task(
        "Dawid-Skene, 600k votes", annotators(3, 200, 5), separate, 200_000, {"crowd-kit": crowdkit},
        goal_s=0.15, limit_s=0.1, repeats=3, note="the same model; each side stops by its own rule",
    ),
    Task(
        "Dawid-Skene, 2.8M votes of 10", annotators(3, 10, 5), separate, 933_333, {"crowd-kit": crowdkit},
        goal_s=2.0, limit_s=0.8, repeats=1, growth=(93_333, 3_333_333),
        note="933,333 items with three votes each; the last row of growth is 10M votes",
    ),
    Task(
        "Dawid-Skene that leans, 600k votes", annotators(3, 200, 5), default, 200_000, {"crowd-kit": crowdkit},
        note="our default: sources lean on each other",
    ),
    Task(
        "combine.votes, 600k votes from a frame", annotators(3, 200, 5), everyday, 200_000, {"crowd-kit": crowdkit},
        repeats=1, growth=(20_000, 3_333_333),
        note="everything: labels, intervals from 50 to 500 draws, agreement, comparison; crowd-kit gives labels",
    ),
    Task(
        "weak-source label model, 1M x 10", rules(10, 5, 0.28), moments, 1_000_000, {"snorkel": snorkel},
        goal_s=1.0, limit_s=0.3, repeats=1, growth=(100_000,),
        note="fitting and probabilities; 100 epochs for snorkel, as its manual has it",
    ),
)  # fmt: skip
