"""What only some environments have: skip for want of it, or fail where it is promised."""

import os
from importlib.util import find_spec

import pytest


def needed(*modules):
    """Skip when a module is missing, unless the environment promises it."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        give_up(f"{', '.join(missing)} is not installed (extra language)")


def give_up(why):
    """Skip, or fail where CI or LABELWRIGHT_REQUIRE_DATA is set."""
    if os.environ.get("CI") or os.environ.get("LABELWRIGHT_REQUIRE_DATA"):
        pytest.fail(f"promised here (CI or LABELWRIGHT_REQUIRE_DATA is set), but: {why}")
    pytest.skip(why)
