"""Sentences with two marked entities and their relation, out of an encyclopedia and out of abstracts of medicine."""

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import parquet

SOURCE = Mirror(
    "fewrel",
    {
        "fewrel.parquet": "36763651e4e730986d012f06570eb78784fd818e68354f28bfe5475704735295",
        "relations.parquet": "1fe95c6ef4efae6837de1435e72afe5d68408c668926d9d6a90777d4a3a314e7",
    },
)

CARD = Card(
    name="fewrel",
    title="FewRel, relations of entities in two domains",
    what="11,200 sentences of Wikipedia with 16 relations, 700 each, and 1,000 of medical abstracts with ten, 100 "
    "each; both entities are marked.",
    kind="texts",
    n=12_200,
    k=26,
    error_rate=None,
    size_mb=0.7,
    licence="MIT; sentences of Wikipedia CC BY-SA",
    shippable=True,
    origin="thunlp/FewRel@278a2315d2138810a379cd8d5718914dc56e2582",
    made="Labels as published: aligned with a knowledge base, then checked by crowd workers.",
    sha256=SOURCE.files,
    cite="Han, X. et al. (2018). FewRel: a large-scale supervised few-shot relation classification dataset. EMNLP. "
    "Gao, T. et al. (2019). FewRel 2.0: towards more challenging few-shot relation classification. EMNLP.",
)


def load() -> Dataset:
    """Sentences, entities between <e1> and <e2>, with the name of their relation.

    Returns
    -------
    Dataset
        With `extra`: ``domain`` (n,), wiki or pubmed; ``descriptions``, a mapping from relations to a sentence (to an
        empty text for medicine); ``paths``, a mapping from relations to their path, such as ``"wiki/crosses"``.
    """
    files = read(SOURCE)
    table, about = parquet(files["fewrel.parquet"]), parquet(files["relations.parquet"]).to_pylist()
    name = {(row["domain"], row["relation"]): row["name"] or row["relation"] for row in about}
    domains, relations = table["domain"].to_pylist(), table["relation"].to_pylist()
    texts = [
        _marked(*parts)
        for parts in zip(table["tokens"].to_pylist(), table["head"].to_pylist(), table["tail"].to_pylist())
    ]
    labels = [name[key] for key in zip(domains, relations)]
    return Dataset(
        items=texts,
        labels=np.array(labels),
        truth=None,
        classes=sorted(set(labels)),
        card=CARD,
        extra={
            "domain": np.array(domains),
            "descriptions": {name[r["domain"], r["relation"]]: r["description"] or "" for r in about},
            "paths": {
                label: f"{domain}/{label.replace(' / ', ' or ')}" for label, domain in zip(labels, domains)
            },
        },
    )


def _marked(tokens: list[str], head: list[int], tail: list[int]) -> str:
    """Words in a row, the first run of each entity between tags."""
    words = list(tokens)
    for tag, places in (("e1", head), ("e2", tail)):
        words[places[0]] = f"<{tag}>" + words[places[0]]
        words[places[-1]] += f"</{tag}>"
    return " ".join(word.strip() for word in words if word.strip())
