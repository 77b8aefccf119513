"""Sphinx settings of the documentation site; ``make docs`` builds it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from labelwright import __version__

project = "Labelwright"
author = "The Labelwright founders"
project_copyright = "The Labelwright founders, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "generate"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["attrs_block", "attrs_inline", "deflist"]
myst_heading_anchors = 3
default_role = "py:obj"  # `name` in a docstring is code, and a link where it can be one

autosummary_generate = False
autodoc_typehints = "none"  # the docstrings say it in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "Labelwright"
html_static_path = ["_static"]
html_css_files = ["labelwright.css"]
html_favicon = "_static/mark.svg"
html_copy_source = False
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
# Only the reference has pages below it, so only there a list of them stands at the side.
_flat = [page.stem for page in Path(__file__).parent.glob("*.md")] + ["genindex", "py-modindex", "search"]
html_sidebars = {page: [] for page in _flat} | {"api/*": ["sidebar-nav-bs"]}
html_theme_options = {
    # Nothing here may fetch anything: no switcher, no analytics, no badges.
    "logo": {"text": "Labelwright", "alt_text": "Labelwright, to the start page"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "primary_sidebar_end": [],
    "footer_start": ["copyright"],
    "footer_end": [],
    "back_to_top_button": False,
    "show_toc_level": 1,
    "article_header_start": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
