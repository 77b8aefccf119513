"""Human labels of the CIFAR-100 training pictures, without the pictures."""

from typing import Literal

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._tables import npz, parquet
from labelwright.errors import InputError

_LABELS, _VOTES = "cifar100n.npz", "cifar100_label_error_votes.parquet"
SOURCE = Mirror(
    "cifar-n-labels",
    {
        _LABELS: "b7efe48e2148e48595fdb25da48a222e7fd6a416badbf71528a33780547d30f3",
        _VOTES: "b94ff38babd4e50a8733938aad0ef007821024a3e15c256e016966c7d072b29f",
    },
)
COARSE = (
    "aquatic mammals", "fish", "flowers", "food containers", "fruit and vegetables",
    "household electrical devices", "household furniture", "insects", "large carnivores",
    "large man-made outdoor things", "large natural outdoor scenes", "large omnivores and herbivores",
    "medium-sized mammals", "non-insect invertebrates", "people", "reptiles", "small mammals", "trees",
    "vehicles 1", "vehicles 2",
)  # fmt: skip

CARD = Card(
    name="cifar100n",
    title="CIFAR-100N: human labels of a hundred classes",
    what="What one person saw in each of the 50,000 CIFAR-100 training photographs: labels only, no "
    "pictures.",
    kind="labels",
    n=50_000,
    k=100,
    error_rate=0.4020,
    size_mb=0.2,
    licence="CC BY-NC 4.0 (non-commercial); votes Apache-2.0",
    shippable=False,
    origin="UCSC-REAL/cifar-10-100n@49df7d8a69e355470c77c1c2f2424916325a394b (labels); "
    "cleanlab/label-errors@6d5d6b31a13216290afc40e5c6319399c4d15c06 (votes)",
    made="Given label: one person's. Truth: the label of CIFAR-100. An item is the picture's place in "
    "CIFAR-100.",
    sha256=SOURCE.files,
    cite="Wei, J. et al. (2022). Learning with noisy labels revisited: a study using real-world human "
    "annotations. ICLR.",
    note="Error rate of the 20 coarse classes: 0.264.",
)


def load(*, level: Literal["fine", "coarse"] = "fine") -> Dataset:
    """Human labels and the labels of CIFAR-100.

    Parameters
    ----------
    level : {"fine", "coarse"}, default "fine"
        100 classes, or the 20 groups they form.

    Returns
    -------
    Dataset
        With `extra`: ``parent`` (100,) number of each fine class's group; ``test_votes``, an Arrow table of
        2,235 suspicious labels of the *test* set with five votes each.
    """
    if level not in ("fine", "coarse"):
        raise InputError(f"level={level!r} must be 'fine' or 'coarse'")
    files = read(SOURCE)
    arrays, votes = npz(files[_LABELS]), parquet(files[_VOTES])
    parent = np.empty(100, np.int8)
    parent[arrays["clean_label"]] = arrays["clean_coarse_label"]
    known: dict[int, str] = {}
    for who in ("given", "guessed"):
        known |= dict(zip(votes[f"{who}_label"].to_pylist(), votes[f"{who}_name"].to_pylist()))
    names = np.array([known[code] for code in range(100)] if level == "fine" else COARSE)
    middle = "" if level == "fine" else "coarse_"
    return Dataset(
        items=np.arange(len(arrays["clean_label"])),
        labels=names[arrays[f"noisy_{middle}label"]],
        truth=names[arrays[f"clean_{middle}label"]],
        classes=names.tolist(),
        card=CARD,
        extra={"parent": parent, "test_votes": votes},
    )
