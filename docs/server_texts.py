"""Finds the sentences with which the service refuses or fails, as they stand in its sources.

The web's other languages translate them under these very sentences: `{0}`, `{1}` … stand for what the service
puts in at run time. Sources are read and not imported, so that nothing hides behind a condition.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SERVICES = Path(__file__).parent.parent / "services"
_PACKAGES = ("core/stillroom_core", "api/stillroom_api", "worker/stillroom_worker")

# The arguments of a call that people read, by place.
_PLACES = {
    **dict.fromkeys(("JobFailed", "CheckoutFailed", "VirtualenvFailed", "EgressRefused", "TunnelFailed"), (1, 2, 3)),
    **dict.fromkeys(("Forbidden", "NotFound", "Conflict", "Invalid", "Throttled", "Unavailable"), (1,)),
    "Unauthenticated": (1,),
    "Difference": (3,),
    "_means": (2, 3),  # a meaning of git's words
    "_bad": (0, 1),  # a git address
    "_odd": (0,),  # what a fetch left
    "failure": (0, 1),  # what Alembic was asked and did not answer
    **dict.fromkeys(("end", "step"), ()),  # a step of a job: its detail
}
_NAMES = ("title", "detail", "fix", "fields")
_VARIABLES = ("title", "fix", "sentence")


def texts() -> list[str]:
    """Every such sentence once, in alphabetical order."""
    found: set[str] = set()
    for package in _PACKAGES:
        for path in sorted((SERVICES / package).rglob("*.py")):
            found.update(_texts_of(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(text for text in found if any(letter.isalpha() for letter in _without_places(text)))


def _texts_of(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            for expression in _worded(node):
                yield from _sentences(expression)
        elif isinstance(node, ast.FunctionDef):
            named = (
                [argument.arg for argument in node.args.args][-len(node.args.defaults) :] if node.args.defaults else []
            )
            for name, default in zip(named, node.args.defaults, strict=True):
                if name in _VARIABLES:
                    yield from _sentences(default)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            if "_WORDS" in names and isinstance(node.value, ast.Dict):
                for value in node.value.values:
                    if isinstance(value, ast.Tuple):
                        for element in value.elts:
                            yield from _sentences(element)
            elif "MEANINGS" in names or any(name in _VARIABLES for name in names):
                yield from _sentences(node.value)


def _worded(call: ast.Call) -> Iterator[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    # The API's own document is made by keyword; the graph's finding of the same name has no title.
    if name not in _PLACES and not (name == "Problem" and any(keyword.arg == "title" for keyword in call.keywords)):
        return
    yield from (call.args[place] for place in _PLACES.get(name, ()) if place < len(call.args))
    yield from (keyword.value for keyword in call.keywords if keyword.arg in _NAMES)


def _sentences(expression: ast.expr) -> Iterator[str]:
    """The texts that this expression may be; what is known only at run time gives none."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from _sentences(expression.body)
        yield from _sentences(expression.orelse)
    elif isinstance(expression, ast.BoolOp | ast.Dict):
        for value in expression.values:
            yield from _sentences(value)
    elif isinstance(expression, ast.JoinedStr):
        parts, places = [], 0
        for part in expression.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Constant):
                parts.append(str(part.value.value))
            else:
                parts.append(f"{{{places}}}")
                places += 1
        yield "".join(parts)


def _without_places(text: str) -> str:
    return "".join(part for part in text.split("{") if part)
