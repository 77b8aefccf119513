"""Six classic crowds: who said what of which task, with the truth."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._crowds import majority
from labelwright.data.sets._tables import parquet
from labelwright.errors import InputError
from labelwright.evidence import Votes

SOURCE = Mirror(
    "crowd-classic",
    {
        "votes.parquet": "cee5c4f21951c93ec4ce7a4b8af87ff5db432f0871e5d1082e43b2a5396b2890",
        "gold.parquet": "73d9cfc752fca8416660798a89d27e6bb1e358da1cc5dcfd200580ab7cf4c0f4",
    },
)

CARD = Card(
    name="crowd-classic",
    title="Classic crowds with the truth",
    what="Six label tables of real crowds. duck (plain load): 39 people say of each of 108 pictures whether it "
    "shows a certain bird. product: are two products the same? face: which of four feelings? adult: how adult "
    "is a web site (G, P, R, X)? hitspam: is this task spam? emotion: how strong is a feeling in a headline, "
    "from -100 to 100?",
    kind="labels",
    n=108,
    k=2,
    error_rate=26 / 108,
    size_mb=0.2,
    licence="duck Clear-BSD; adult and hitspam Apache-2.0; product, face and emotion unclear",
    shippable=False,
    origin="zhydhkcws/crowd_truth_infer@8d216471071f09b9e474ee19f8d692447f982f88 (duck, product, face, "
    "emotion); ipeirotis/Get-Another-Label@9fe6c56a7a157dba1a12018f696bad56806125b7 (adult, hitspam)",
    made="Given label: the majority of the votes, a tie to the class voted first; in emotion the mean of the "
    "votes, rounded. Truth: the published gold; None where there is none. The evidence that matters is "
    "extra['evidence'].",
    sha256=SOURCE.files,
    cite="Welinder, P. et al. (2010). The multidimensional wisdom of crowds. NIPS (duck). Wang, J. et al. "
    "(2012). CrowdER: crowdsourcing entity resolution. PVLDB (product). Mozafari, B. et al. (2014). Scaling up "
    "crowd-sourcing to very large datasets. PVLDB (face). Ipeirotis, P., Provost, F. and Wang, J. (2010). "
    "Quality management on Amazon Mechanical Turk. HCOMP (adult, hitspam). Snow, R. et al. (2008). Cheap and "
    "fast, but is it good? EMNLP (emotion). Zheng, Y. et al. (2017). Truth inference in crowdsourcing: is the "
    "problem solved? PVLDB (collection).",
    note="An item is the number of a task; what was shown is not there, and the meaning of the codes 0 to 3 is "
    "not documented. The order of the votes is that of the source file. A worker may answer one task of adult "
    "or hitspam twice: 7 and 4,169 votes, mostly repeats of the same answer. adult holds only the sites with "
    "truth. Only 100 tasks of hitspam have one.",
)
CARDS = {
    "duck": CARD,
    "product": replace(CARD, n=8_315, error_rate=860 / 8_315),
    "face": replace(CARD, n=584, k=4, error_rate=211 / 584),
    "adult": replace(CARD, n=333, k=4, error_rate=80 / 333),
    "hitspam": replace(CARD, n=5_380, error_rate=34 / 100),
    "emotion": replace(CARD, n=700, k=148, error_rate=582 / 700),
}


def load(*, crowd: Literal["duck", "product", "face", "adult", "hitspam", "emotion"] = "duck") -> Dataset:
    """One crowd: tasks with the majority as given label and the published truth.

    Parameters
    ----------
    crowd : {"duck", "product", "face", "adult", "hitspam", "emotion"}, default "duck"
        emotion has numbers, not classes: whole numbers stand in for class names, and the numbers themselves
        are in `extra`.

    Returns
    -------
    Dataset
        Its card has the counts of this crowd. With `extra`: ``votes``, an Arrow table in the order of the
        source with ``item`` (position), ``worker`` and ``label``; ``evidence``, the same as `Votes`. For
        emotion instead of the latter ``sources`` (n, workers) float, NaN where not asked, ``names``
        (workers,) and ``truth`` (n,) float.
    """
    if crowd not in CARDS:
        raise InputError(f"crowd={crowd!r} must be one of {', '.join(CARDS)}")
    files = read(SOURCE)
    votes, gold = (_of(parquet(files[f"{part}.parquet"]), crowd) for part in ("votes", "gold"))
    make = _numbers if crowd == "emotion" else _classes
    return make(votes, gold, CARDS[crowd])


def _of(table: Any, crowd: str) -> Any:
    import pyarrow.compute as pc

    return table.filter(pc.equal(table["dataset"], crowd)).drop_columns(["dataset"])


def _classes(votes: Any, gold: Any, card: Card) -> Dataset:
    item, worker = votes["task"].to_numpy(), votes["worker"].to_numpy()
    label = np.array(votes["label"].to_pylist())
    classes, said = np.unique(label, return_inverse=True)
    truth = np.full(card.n, None, object)
    truth[gold["task"].to_numpy()] = gold["label"].to_pylist()
    return Dataset(
        items=np.arange(card.n),
        labels=classes[majority(item, said, card.n, len(classes))],
        truth=truth if len(gold) < card.n else truth.astype(classes.dtype),
        classes=classes.tolist(),
        card=card,
        extra={
            "votes": votes.rename_columns(["item", "worker", "label"]),
            "evidence": Votes.from_long(item, worker, label),
        },
    )


def _numbers(votes: Any, gold: Any, card: Card) -> Dataset:
    import pyarrow as pa

    item, worker = votes["task"].to_numpy(), votes["worker"].to_numpy()
    label = np.array(votes["label"].to_pylist()).astype(int)
    sources = np.full((card.n, worker.max() + 1), np.nan)
    sources[item, worker] = label
    truth = np.empty(card.n, int)
    truth[gold["task"].to_numpy()] = np.array(gold["label"].to_pylist()).astype(int)
    labels = np.nanmean(sources, axis=1).round().astype(int)
    return Dataset(
        items=np.arange(card.n),
        labels=labels,
        truth=truth,
        classes=sorted({*labels.tolist(), *truth.tolist()}),
        card=card,
        extra={
            "votes": pa.table({"item": item, "worker": worker, "label": label}),
            "sources": sources,
            "names": np.arange(sources.shape[1]),
            "truth": truth.astype(float),
        },
    )
