"""Problem details (RFC 9457) for every error: what was wrong, where, and nothing of the inside."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.db import is_infrastructure_fault
from shared.errors import InvalidError, Refusal, UnauthenticatedError

MEDIA_TYPE = "application/problem+json"

logger = structlog.stdlib.get_logger()


class NotStorableError(InvalidError):
    """A value cannot be stored: a number out of range, or text with a NUL character."""


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every exception with problem details."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(asyncpg.DataError, _not_storable)
    app.add_exception_handler(asyncpg.InterfaceError, _not_storable)
    app.add_exception_handler(Exception, _failed)


def problem(
    status: int,
    code: str,
    title: str,
    members: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """One problem document; `code` is stable and names the kind of problem."""
    return _answer(problem_body(status, code, title, members), headers)


def problem_body(
    status: int, code: str, title: str, members: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """What the document says."""
    body = {"type": f"urn:rapport:problem:{code}", "title": title, "status": status}
    encoded: dict[str, Any] = jsonable_encoder({**(members or {}), **body})
    return encoded


def refusal_body(refusal: Refusal) -> dict[str, Any]:
    """What the document of a refusal says."""
    return problem_body(refusal.status, refusal.code(), refusal.message(), refusal.details)


def malformed_body(errors: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What is said of input with these errors."""
    return problem_body(422, "malformed-input", "The input is not valid.", {"errors": errors})


UNAVAILABLE = problem_body(503, "unavailable", "A part of the system is down; try again.")


def refusal_problem(refusal: Refusal) -> JSONResponse:
    """A refusal as the answer to a request."""
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(refusal, UnauthenticatedError) else {}
    return _answer(refusal_body(refusal), headers)


def _answer(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        body, status_code=body["status"], headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    return refusal_problem(error)


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        {
            "field": ".".join(str(part) for part in wrong["loc"][1:]) or str(wrong["loc"][0]),
            "in": str(wrong["loc"][0]),
            "message": wrong["msg"],
        }
        for wrong in error.errors()
    ]
    return _answer(malformed_body(errors))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, "http", str(error.detail), headers=error.headers)


async def _not_storable(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError):
        return await _failed(request, error)
    return refusal_problem(NotStorableError())


async def _failed(_request: Request, error: Exception) -> JSONResponse:
    if is_infrastructure_fault(error):
        logger.error("request_hit_outage", error=repr(error))
        return _answer(UNAVAILABLE, {"Retry-After": "5"})
    logger.error("request_failed", exc_info=error)
    return problem(500, "internal", "Something went wrong on our side.")
