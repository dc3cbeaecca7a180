"""How the documents become pages: ``make docs``."""

from __future__ import annotations

project = "Flowsite"
author = "the Flowsite authors"
copyright = "the Flowsite authors"

extensions = ["myst_parser"]
exclude_patterns = ["deployment/**"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "Flowsite"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
# The built pages say nothing of the day and the machine: the same text gives the same files.
html_last_updated_fmt = None

nitpicky = True
pygments_style = "friendly"
# Examples leave out parts with "…", which no lexer takes.
highlight_language = "none"
