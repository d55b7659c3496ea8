"""Makes a site of the pages in docs/: `make site`. A link that leads nowhere, or a page that is in no list, ends it."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

DOCS = Path(__file__).resolve().parents[1]

project = "Stillroom"
author = "The Stillroom developers"
language = "en"
extensions = ["myst_parser", "sphinx_external_toc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site", "screens"]
external_toc_path = str(Path(__file__).with_name("contents.yml"))

# GitHub's anchors, so that the same links work in the repository and on the site.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
myst_links_external_new_tab = True

html_static_path = ["static"]
html_js_files = ["mermaid.min.js", "diagrams.js"]  # the first is laid there by `make site`: no page needs a network
html_theme = "furo"
html_title = "Stillroom"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {"color-brand-primary": "#0f766e", "color-brand-content": "#0f766e"},
    "dark_css_variables": {"color-brand-primary": "#5eead4", "color-brand-content": "#5eead4"},
}


class Mermaid(Directive):
    """A diagram, drawn in the browser from the same text that a forge draws it from."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        text = nodes.Text("\n".join(self.content)).astext()
        escaped = text.replace("&", "&amp;").replace("<", "&lt;")
        return [nodes.raw("", f'<pre class="mermaid">{escaped}</pre>', format="html")]


# [words](../path): a file of the repository that is no page.
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+((?!\.\.)[^)#]+)(?:#[^)]*)?\)")


def name_files(_app: Any, page: str, content: list[str]) -> None:
    """Links to files of the repository that are no pages become their names: there is nothing to open on a site."""

    def named(link: re.Match[str]) -> str:
        path = link.group(0).rpartition("(")[2].rstrip(")").partition("#")[0]
        if (DOCS / page).parent.joinpath(path).resolve().is_relative_to(DOCS):
            return link.group(0)
        return f"{link.group(1)} (`{link.group(2)}` in the repository)"

    content[0] = _OUTSIDE.sub(named, content[0])


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", name_files)
    app.add_directive("mermaid", Mermaid)
