"""Short requests to an assistant: 150 intents in ten domains, and requests out of scope."""

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet

SOURCE = Mirror(
    "clinc150",
    {"clinc150.parquet": "86d7af1fee656fbda20871bc99d2332a11197e7716a94d52322e57f86976a819"},
)

CARD = Card(
    name="clinc150",
    title="CLINC150, intents of requests",
    what="22,500 short requests of 150 intents, 150 each, in ten domains: a tree of two levels. 1,200 more are of "
    "none.",
    kind="texts",
    n=22_500,
    k=150,
    error_rate=None,
    size_mb=0.3,
    licence="CC BY 3.0",
    shippable=True,
    origin="clinc/oos-eval@828f8093932c8fe6ca7936c3d2e52903b1c523de",
    made="Labels as published: crowd workers wrote requests for a given intent, others checked them.",
    sha256=SOURCE.files,
    cite="Larson, S. et al. (2019). An evaluation dataset for intent classification and out-of-scope "
    "prediction. EMNLP.",
)


def load() -> Dataset:
    """Requests with their intent.

    Returns
    -------
    Dataset
        With `extra`: ``split`` (n,), train, valid or test; ``paths``, a mapping from each intent to its path, such as
        ``"banking/balance"``; ``outside``, a list of 1,200 requests of none of the intents, and ``outside_split``.
    """
    table = parquet(read(SOURCE)["clinc150.parquet"])
    texts, split = table["text"].to_pylist(), np.array(table["split"].to_pylist())
    outside = np.array(table["out_of_scope"].to_pylist(), dtype=bool)
    inside = np.flatnonzero(~outside)
    labels = np.array(table["intent"].to_pylist())[inside]
    domains = np.array(table["domain"].to_pylist(), dtype=object)[inside]
    paths = {intent: f"{domain}/{intent}" for intent, domain in zip(labels.tolist(), domains)}
    return Dataset(
        items=[texts[i] for i in inside],
        labels=labels,
        truth=None,
        classes=sorted(paths),
        card=CARD,
        extra={
            "split": split[inside],
            "paths": paths,
            "outside": [texts[i] for i in np.flatnonzero(outside)],
            "outside_split": split[outside],
        },
    )
