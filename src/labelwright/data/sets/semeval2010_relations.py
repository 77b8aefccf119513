"""Sentences with two marked nouns and how the one relates to the other: nine relations, each in two directions."""

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet

SOURCE = Mirror(
    "semeval2010-relations",
    {"semeval2010_task8.parquet": "708f9628aa76ebe62124ae643803161b2da0ca76be66fb9eabc0f5df66601b5b"},
)

CARD = Card(
    name="semeval2010-relations",
    title="SemEval-2010 task 8, relations of nouns",
    what="10,717 sentences with two nouns between <e1> and <e2>, and one of nine relations in one of two directions, "
    "or Other: a tree of two levels.",
    kind="texts",
    n=10_717,
    k=19,
    error_rate=None,
    size_mb=0.5,
    licence="CC BY 3.0",
    shippable=True,
    origin="sahitya0000/Relation-Classification@8eebbf2727013aaaa5ecd18b1f4732bd848e1e1c",
    made="Labels as published: two annotators and an arbiter.",
    sha256=SOURCE.files,
    cite="Hendrickx, I. et al. (2010). SemEval-2010 task 8: multi-way classification of semantic relations between "
    "pairs of nominals. SemEval.",
)


def load() -> Dataset:
    """Sentences with their relation and its direction.

    Returns
    -------
    Dataset
        With `extra`: ``split`` (n,), train or test; ``paths``, a mapping from each class to its path,
        such as ``"Cause-Effect/e1,e2"``.
    """
    table = parquet(read(SOURCE)["semeval2010_task8.parquet"])
    labels, paths = table["label"].to_pylist(), {}
    for label, relation, way in zip(labels, table["relation"].to_pylist(), table["direction"].to_pylist()):
        paths[label] = f"{relation}/{way}" if way else relation
    return Dataset(
        items=table["text"].to_pylist(),
        labels=np.array(labels),
        truth=None,
        classes=sorted(paths),
        card=CARD,
        extra={"split": np.array(table["split"].to_pylist()), "paths": paths},
    )
