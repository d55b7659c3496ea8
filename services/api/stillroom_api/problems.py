"""Errors as RFC 9457 problem documents; the one handler for every kind."""

from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from stillroom_api.audit.telling import tell_refusal
from stillroom_api.context import get_context
from stillroom_api.requests import route_of
from stillroom_core.audit.tampering import tell_misplaced
from stillroom_core.database import was_overtaken
from stillroom_core.errors import Forbidden, StillroomError
from stillroom_core.telemetry.trail import REQUEST_ID

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457, with a stable code, a fix and the request's id."""

    type: str
    title: str
    status: int
    detail: str = ""
    code: str
    fix: str = ""
    errors: list[FieldProblem] = []
    params: dict[str, Any] = {}
    request_id: str = ""


def install(app: FastAPI) -> None:
    """Makes every error leave the application in this one shape."""
    app.add_exception_handler(StillroomError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StaleDataError, _database)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(RedisError, _dependency)
    app.add_exception_handler(OSError, _dependency)
    app.add_exception_handler(Exception, _unexpected)


def problem_of(error: StillroomError, request_id: str = "") -> Problem:
    """The document of an expected error."""
    return Problem(
        type=f"/problems/{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        fix=error.fix,
        errors=[FieldProblem(field=field, message=message) for field, message in error.fields.items()],
        params=error.params,
        request_id=request_id,
    )


def as_response(problem: Problem) -> JSONResponse:
    """The answer that carries a problem document."""
    headers = {REQUEST_ID: problem.request_id}  # also where nothing of ours is around the answer any more
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem.model_dump(), problem.status, media_type=MEDIA_TYPE, headers=headers)


def answer_problem(request: Request, problem: Problem) -> JSONResponse:
    """One problem as the answer to a request."""
    problem.request_id = getattr(request.state, "request_id", "") or str(uuid4())
    response = as_response(problem)
    if (after := getattr(request.state, "after", None)) is not None:
        response.background = BackgroundTask(after)
    return response


async def _expected(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StillroomError)  # noqa: S101 - tells the type checker what the registration says
    if isinstance(error, Forbidden):
        await tell_refusal(request, get_context(request).database, error)
    await tell_misplaced(get_context(request).database)
    return answer_problem(request, problem_of(error))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    fields = [
        FieldProblem(field=".".join(str(part) for part in item["loc"][1:]) or "body", message=item["msg"])
        for item in error.errors()
    ]
    return answer_problem(
        request,
        Problem(
            type="/problems/invalid_request",
            title="The request is not understood.",
            status=422,
            detail="; ".join(f"{field.field}: {field.message}" for field in fields),
            code="invalid_request",
            fix="Correct the named fields.",
            errors=fields,
        ),
    )


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "http_error")
    return answer_problem(
        request,
        Problem(type=f"/problems/{code}", title=str(error.detail), status=error.status_code, code=code),
    )


async def _database(request: Request, error: Exception) -> JSONResponse:
    return await (_overtaken if was_overtaken(error) else _dependency)(request, error)


async def _overtaken(request: Request, error: Exception) -> JSONResponse:
    # Two requests that passed the same check at the same moment; the database let only one through.
    log.info("request.conflict", cause=type(error).__name__)
    return answer_problem(
        request,
        Problem(
            type="/problems/changed_meanwhile",
            title="Somebody changed this at the same moment.",
            status=409,
            code="changed_meanwhile",
            fix="Reload and try again.",
        ),
    )


async def _dependency(request: Request, error: Exception) -> JSONResponse:
    # The driver's text may hold an address or a password: it stays out of the answer and of the log.
    log.error("dependency.failed", cause=type(error).__name__, route=route_of(request.scope))
    return answer_problem(
        request,
        Problem(
            type="/problems/dependency_unavailable",
            title="Stillroom cannot reach its own database or queue.",
            status=503,
            code="dependency_unavailable",
            fix="Try again in a moment; if it lasts, tell the operator of this installation.",
        ),
    )


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request.failed", route=route_of(request.scope), cause=type(error).__name__, exc_info=error)
    return answer_problem(
        request,
        Problem(
            type="/problems/internal",
            title="Something went wrong inside Stillroom.",
            status=500,
            code="internal",
            fix="Try again; if it happens again, tell the operator the request id.",
        ),
    )


def schemas() -> dict[str, Any]:
    """The JSON schemas of a problem document, for OpenAPI."""
    document = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    nested = document.pop("$defs", {})
    return {"Problem": document, **nested}
