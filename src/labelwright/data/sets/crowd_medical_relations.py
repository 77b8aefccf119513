"""Medical sentences: which relations did each worker see, what did a knowledge base and experts say?"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet
from labelwright.errors import InputError
from labelwright.evidence import Votes

SOURCE = Mirror(
    "crowd-medical-relations",
    {
        "sentences.parquet": "19ac17a2dacd278e130ae38c9a06ce94cb5ea4c74c616394e029d5a710d01f20",
        "votes.parquet": "e501b3a1dab7be0ca5fd1881de05cc4ff80a07bd6f45bb6b60c36447b3a8e01d",
    },
)
# Option, and name of the relation as the workers chose it.
RELATIONS = {"cause": "causes", "treat": "treats"}

CARD = Card(
    name="crowd-medical-relations",
    title="Medical relations by crowd, knowledge base and experts",
    what="3,142 PubMed sentences with two terms marked; 466 workers chose, 49,597 times, a set of relations out "
    "of 14. Of cause and treat it is also known what distant supervision by a knowledge base says, and what "
    "experts said of some.",
    kind="texts",
    n=3_142,
    k=2,
    error_rate=201 / 929,
    size_mb=0.4,
    licence="unclear (no licence file; archived by the authors for research)",
    shippable=False,
    origin="CrowdTruth/Medical-Relation-Extraction@585c158864f91d7e7666f70d3b705294186e1378",
    made="Given label: whether distant supervision sees the relation (cause in a plain load). Truth: the "
    "adjudicated label; None where there is none, or the sentence was found unclear. What the workers chose is "
    "in extra['evidence'].",
    sha256=SOURCE.files,
    cite="Dumitrache, A., Aroyo, L. and Welty, C. (2018). Crowdsourcing ground truth for medical relation "
    "extraction. ACM Transactions on Interactive Intelligent Systems 8(2).",
    note="The adjudication began from what crowd and experts said, so the truth is independent of neither. A "
    "worker may answer for one sentence twice (729 votes).",
)
CARDS = {"cause": CARD, "treat": replace(CARD, error_rate=73 / 606)}


def load(*, relation: Literal["cause", "treat"] = "cause") -> Dataset:
    """Sentences, and whether distant supervision sees the relation between their two terms.

    Parameters
    ----------
    relation : {"cause", "treat"}, default "cause"
        The relation that labels, truth and evidence are about.

    Returns
    -------
    Dataset
        With `extra`: ``evidence``, `Votes` on whether the relation is among those that a worker chose (no,
        yes); ``votes``, an Arrow table of the whole sets with ``item`` (position), ``worker`` and
        ``relations`` (list of names); ``distant``, ``expert`` and ``adjudicated``, int8 (n, 2) for cause and
        treat, 1 yes, 0 no, -1 not known; ``crowd_score`` (n, 2) in [0, 1] as published; ``term1``, ``term2``,
        ``seed_relation`` (n,); ``id`` (n,).
    """
    import pyarrow as pa

    if relation not in RELATIONS:
        raise InputError(f"relation={relation!r} must be one of {', '.join(RELATIONS)}")
    files = read(SOURCE)
    table, votes = parquet(files["sentences.parquet"]), parquet(files["votes.parquet"])
    task, worker = table["task"].to_numpy(), votes["worker"].to_numpy()
    item = np.searchsorted(task, votes["task"].to_numpy())
    chosen = [text.split(";") for text in votes["relations"].to_pylist()]
    distant, expert, adjudicated = (_marks(table, who) for who in ("distant", "expert", "test"))
    column, names = list(RELATIONS).index(relation), np.array(["no", "yes", None], object)
    said = np.array(["yes" if RELATIONS[relation] in mine else "no" for mine in chosen])
    return Dataset(
        items=table["sentence"].to_pylist(),
        labels=names[distant[:, column]].astype(str),
        truth=names[adjudicated[:, column]],
        classes=["no", "yes"],
        card=CARDS[relation],
        extra={
            "evidence": Votes.from_long(item, worker, said),
            "votes": pa.table({"item": item, "worker": worker, "relations": chosen}),
            "distant": distant,
            "expert": expert,
            "adjudicated": adjudicated,
            "crowd_score": np.column_stack([table[f"{tag}_crowd_score"].to_numpy() for tag in RELATIONS]),
            **{name: np.array(table[name].to_pylist()) for name in ("term1", "term2", "seed_relation")},
            "id": task,
        },
    )


def _marks(table: Any, who: str) -> np.ndarray:
    """Marks (n, 2) of columns that say 1 yes, -1 no, 0 unclear, null not asked."""
    told = np.column_stack([table[f"{tag}_{who}"].fill_null(0).to_numpy() for tag in RELATIONS])
    return np.where(told == 0, -1, told == 1).astype(np.int8)
