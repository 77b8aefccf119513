r"""Read any table without trusting it, say what each column is for, write results whole or not at all.

Examples
--------
>>> import tempfile, pathlib
>>> file = pathlib.Path(tempfile.mkdtemp()) / "reviews.csv"
>>> _ = file.write_text("review,label\nWhat a lovely film,pos\nWhat a waste of time,neg\n")
>>> table = read(file)
>>> found = roles(table)
>>> found.label, found.text
('label', ('review',))
"""

from labelwright.files.cells import safe_cell
from labelwright.files.estimators import read_model
from labelwright.files.limits import Limits
from labelwright.files.output import OutputFolder
from labelwright.files.pictures import picture_paths
from labelwright.files.probs import read_probs
from labelwright.files.roles import NOTHING_TO_LEARN, Roles, roles
from labelwright.files.table import Table, read

__all__ = [
    "NOTHING_TO_LEARN",
    "Limits",
    "OutputFolder",
    "Roles",
    "Table",
    "picture_paths",
    "read",
    "read_model",
    "read_probs",
    "roles",
    "safe_cell",
]
