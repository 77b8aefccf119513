"""Where a number was made."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("labelwright", "numpy", "scipy", "scikit-learn", "torch")


def environment() -> dict[str, str]:
    """Versions and machine, as far as they can change a number."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
