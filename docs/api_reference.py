"""The routes of the API as a page: what the OpenAPI document says, and which permission each needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fastapi.routing import APIRoute

from stillroom_api import openapi
from stillroom_api.authorization import MARK, SIGNED_IN

Table = Callable[[tuple[str, ...], Any], Iterator[str]]


def routes(table: Table) -> Iterator[str]:
    """Route by route, below the noun that it is about."""
    app = openapi.application()
    document = app.openapi()
    needed = {
        (method, route.path): _permission(route.dependant)
        for route in openapi.routes_of(app)
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    by_noun: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_noun.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    for noun, found in sorted(by_noun.items()):
        yield f"## {noun.capitalize()}"
        yield ""
        for method, path, operation in found:
            yield f"### {method} {path}"
            yield ""
            yield _sentence(operation.get("description") or operation["summary"])
            yield ""
            yield f"Needs: {_needs(needed[method, path])}. Answers: {_answers(operation)}."
            yield ""
            if rows := [*_parameters(operation), *_body(operation, document)]:
                yield from table(("Given", "Where", "Type", "Meaning"), rows)
                yield ""


def _permission(dependant: Any) -> set[str]:
    marks = {
        str(getattr(dependency.call, MARK)) for dependency in dependant.dependencies if hasattr(dependency.call, MARK)
    }
    return marks.union(*(_permission(dependency) for dependency in dependant.dependencies))


def _needs(marks: set[str]) -> str:
    permissions = sorted(marks - {SIGNED_IN})
    if permissions:
        return ", ".join(f"`{permission}`" for permission in permissions)
    return "to be signed in" if marks else "nothing"


def _answers(operation: dict[str, Any]) -> str:
    found = []
    for status, response in sorted(operation["responses"].items()):
        if status.startswith("2"):
            content = response.get("content", {})
            shape = (
                _type(content.get("application/json", {}).get("schema", {})) if "application/json" in content else ""
            )
            kind = next((f"`{name}`" for name in content if name != "application/json"), "")
            found.append(" ".join(part for part in (status, shape, kind) if part))
    return ", ".join(found)


def _parameters(operation: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for given in operation.get("parameters", []):
        if given["in"] in ("query", "header"):
            must = ", must be given" if given.get("required") else ""
            yield (
                f"`{given['name']}`",
                f"{given['in']}{must}",
                _type(given["schema"]),
                _sentence(given.get("description", "")),
            )


def _body(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    shape = _resolved(schema, document)
    for name, field in shape.get("properties", {}).items():
        must = ", must be given" if name in shape.get("required", []) else ""
        yield f"`{name}`", f"body{must}", _type(field), _sentence(field.get("description", ""))


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _type(schema: dict[str, Any]) -> str:
    """A type in a few words: `string`, `uuid`, `JobKind`, `list of string`, `one of a, b`."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "null":
        return "null"
    return str(schema.get("format") or schema.get("type") or "any")


def _sentence(text: str) -> str:
    return " ".join(text.split())
