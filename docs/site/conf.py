"""Sphinx's settings: the site is made of the repository's own Markdown, where it lies."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "rolecall"
author = "rolecall's contributors"
copyright = "rolecall's contributors; Apache-2.0"  # noqa: A001  Sphinx's name for it
html_title = "rolecall"

# The repository is the source folder, so that a link on GitHub and in the site is the same one.
root_doc = "docs/index"
include_patterns = ["docs/**.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = [".*", "build", "dist", "src", "tests", "pipeline", "requirements"]
extensions = ["myst_parser", "repository"]

# The anchors that GitHub makes of headings; a link to one that is not there is an error (-W).
myst_heading_anchors = 4
# An `<img>` with a width is a picture like any other.
myst_enable_extensions = ["alert", "html_image"]
# `mermaid` and `insights` are languages to GitHub or CloudWatch alone.
suppress_warnings = ["misc.highlighting_failure"]
nitpicky = True
# It would make a dash of the two hyphens of a flag.
smartquotes = False
highlight_language = "text"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["rolecall.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
