"""`stillroom dev`: the stack with hot reload."""

from __future__ import annotations

import argparse

from stillroom_cli.stack.layout import find_layout
from stillroom_cli.stack.up import run


def dev(_arguments: argparse.Namespace) -> int:
    """Api and worker start anew when their sources change; the web is served by Vite."""
    layout = find_layout()
    layout.make()
    return run(layout, development=True)
