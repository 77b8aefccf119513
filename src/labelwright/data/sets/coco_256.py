"""Photographs with boxes, outlines and a class for every pixel: one scene told in four ways."""

import json
from typing import Any

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._sized import codes, padded
from labelwright.data.sets._tables import parquet

SOURCE = Mirror(
    "coco-256",
    {
        "images.parquet": "596b5d49030ae9378af8c1429b7324fcdcd9ac461869d8b185121f836d99bec9",
        "boxes.parquet": "77acd5928be0024afd043674698395f3f238db4d20e8962b6332c0191a1e81c6",
        "instances.parquet": "eec57abc98ac9b69dc24813b7a3fb872a2134193d479b4ccf1971a127b6ff010",
        "semantic_classes.json": "700687a6db535f4d4d9c0775863a533d1ee0b488c6a7af98120174bd09770701",
    },
)

CARD = Card(
    name="coco-256",
    title="COCO, 256 photographs with boxes, polygons and semantic masks",
    what="Half from the training and half from the validation part of COCO 2017, longest side 320: 1,827 boxes "
    "of 76 classes; on 200 photographs also the class of every pixel, and on 198 of these 1,458 polygons.",
    kind="images",
    n=256,
    k=76,
    error_rate=None,
    size_mb=5.9,
    licence="annotations CC BY 4.0; each photograph under its own Flickr licence, some non-commercial",
    shippable=False,
    origin="lightly-ai/coco128_yolo@6d6f7a059ea63efffdbe48aca2d52c04d4c510e9",
    made="Marks: the classes of the boxes of each photograph.",
    sha256=SOURCE.files,
    cite="Lin, T.-Y. et al. (2014). Microsoft COCO: common objects in context. ECCV. Caesar, H., Uijlings, J. "
    "and Ferrari, V. (2018). COCO-Stuff: thing and stuff classes in context. CVPR.",
    note="Smaller than published, as JPEG of quality 85. Two photographs have no box. A class without a box "
    "may still be in the picture.",
)


def load() -> Dataset:
    """Photographs with marks for the 76 classes that have a box.

    Returns
    -------
    Dataset
        Items (n, 320, 320, 3) uint8, each in the upper left corner with zeros around. With `extra`: ``size``
        (n, 2) height and width; ``boxes``, an Arrow table with ``item`` (position), ``label``, ``x0``, ``y0``,
        ``x1``, ``y1`` as fractions of width and height; ``polygons``, one with ``item``, ``label``,
        ``polygon`` (x, y, x, y ... as fractions); ``semantic``, a list of n maps (height, width) of codes,
        None where there is none; ``semantic_classes``, a mapping from code to name; ``split`` (n,), train or
        val; ``id`` (n,) in COCO.
    """
    files = read(SOURCE)
    table = parquet(files["images.parquet"])
    boxes, polygons = (_by_item(parquet(files[f"{part}.parquet"])) for part in ("boxes", "instances"))
    size = np.column_stack([table["height"].to_numpy(), table["width"].to_numpy()])
    classes, tag = np.unique(boxes["label"].to_pylist(), return_inverse=True)
    marks = np.zeros((len(size), len(classes)), np.int8)
    marks[boxes["item"].to_numpy(), tag] = 1
    names = json.loads(files["semantic_classes.json"])
    return Dataset(
        items=padded(table["jpeg"].to_pylist(), size, "RGB", CARD.name),
        labels=marks,
        truth=None,
        classes=classes.tolist(),
        card=CARD,
        extra={
            "size": size,
            "boxes": boxes,
            "polygons": polygons,
            "semantic": [None if file is None else codes(file) for file in table["semantic"].to_pylist()],
            "semantic_classes": {int(code): name for code, name in names.items()},
            "split": np.array(table["split"].to_pylist()),
            "id": table["coco_id"].to_numpy(),
        },
    )


def _by_item(table: Any) -> Any:
    return table.rename_columns(["item" if name == "image" else name for name in table.column_names])
