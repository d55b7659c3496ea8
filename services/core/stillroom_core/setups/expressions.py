"""Small questions about expressions of Python."""

import ast


def dotted(node: ast.expr) -> str:
    """`a.b.c` of such an expression; empty for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((given.value for given in call.keywords if given.arg == name), None)


def keyword_text(call: ast.Call, name: str) -> str | None:
    """The same where it is a literal text."""
    value = keyword(call, name)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
