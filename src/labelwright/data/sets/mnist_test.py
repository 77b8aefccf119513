"""The MNIST test digits, a hundred suspicious ones checked by people."""

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import npz, parquet
from labelwright.data.sets._votes import verdicts

SOURCE = Mirror(
    "mnist-test",
    {
        "mnist_test.npz": "3dc4c53c3df1e5a3b3120331b8ade8887fdcc11a14a9f2b7334eaeb78036acc5",
        "label_error_votes.parquet": "f971c9459bfa0c3b7b4393b57ec7ea9b096deaabaa2c81252fef4ac13c5f1904",
    },
)

CARD = Card(
    name="mnist-test",
    title="MNIST test set with votes on suspicious labels",
    what="Handwritten digits, 28x28 grey. 100 of them, suspected by confident learning, were shown to five "
    "people each (13 of them to nine or ten).",
    kind="images",
    n=10_000,
    k=10,
    error_rate=18 / 90,
    size_mb=1.7,
    licence="CC BY-SA 3.0 (digits); Apache-2.0 (votes and predictions)",
    shippable=True,
    origin="weijiaheng/Robust-f-divergence-measures@93d9efe616b777602fa40e966c58ba7a280fae5e (digits); "
    "cleanlab/label-errors@6d5d6b31a13216290afc40e5c6319399c4d15c06 (votes, predictions)",
    made="Given label: the published one. Truth: the class that most of them chose, for the digits "
    "shown to them; None elsewhere, so the error rate is that among suspicious digits.",
    sha256=SOURCE.files,
    cite="LeCun, Y. and Cortes, C. (1998). The MNIST database. Northcutt, C., Athalye, A. and Mueller, J. "
    "(2021). Pervasive label errors in test sets destabilize machine learning benchmarks. NeurIPS Datasets "
    "and Benchmarks.",
    note="Only labels that a model found suspicious were checked: errors elsewhere are not known.",
)


def load() -> Dataset:
    """Digits with the published labels.

    Returns
    -------
    Dataset
        With `extra`: ``pred_probs`` (n, 10) out-of-sample predictions of the study, float32, rows sum to 1;
        ``votes`` (n, 4) for given, guessed, both, neither; ``guessed`` (n,) class guessed, -1 where nobody
        was asked; ``wrong``.
    """
    files = read(SOURCE)
    arrays = npz(files["mnist_test.npz"])
    classes = list(range(10))
    said = verdicts(parquet(files["label_error_votes.parquet"]), len(arrays["labels"]), classes)
    probs = arrays["pred_probs"].astype(np.float32)
    return Dataset(
        items=arrays["images"],
        labels=arrays["labels"].astype(np.int64),
        truth=said.truth,
        classes=list(classes),
        card=CARD,
        extra={
            "pred_probs": probs / probs.sum(axis=1, keepdims=True),
            "votes": said.votes,
            "guessed": said.guessed,
            "wrong": said.wrong,
        },
    )
