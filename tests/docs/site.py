"""The generator of the site, imported from its file."""

import importlib.util
import sys

from tests.docs.blocks import ROOT

sys.path.insert(0, str(ROOT / "docs"))  # as conf.py does
_spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert _spec is not None
assert _spec.loader is not None
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)
