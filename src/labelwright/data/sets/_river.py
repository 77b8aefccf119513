"""Tables inside the wheel of the package river."""

from labelwright.data.fetch import Pip

LICENCE = "BSD-3-Clause (package river)"
ORIGIN = "pip:river==0.26.1, wheel"


def source(path: str, sha256: str) -> Pip:
    """One file of the wheel; the data are the same in the wheels for all systems, so one is pinned."""
    return Pip(
        "river",
        {path: sha256},
        version="0.26.1",
        filename="river-0.26.1-cp311-cp311-manylinux_2_28_x86_64.whl",
        sha256="6a11e1a9749beec3ea138efeb0205b2c5cea8d424e9deee306c8980faec01bef",
    )
