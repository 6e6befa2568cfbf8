"""The OpenAPI document: to what FastAPI says of the endpoints, how each of them refuses.

What follows from an endpoint's form is derived from it: who has to authenticate may be turned away,
who names a version may have missed one. What its command is refused with it says by `refuses`.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.auth import ROLES, Allowed, RoleNotAllowedError
from shared.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PreconditionFailedError,
    Refusal,
    StaleVersionError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from shared.http.problems import (
    MEDIA_TYPE,
    UNAVAILABLE,
    NotStorableError,
    malformed_body,
    refusal_body,
)
from shared.http.refusing import SCHEMA, add_problem
from shared.http.requests import CursorInvalidError, IfMatchInvalidError, RateLimit

_PROBLEM = {
    "title": "Problem",
    "description": "What was wrong (RFC 9457). Other members are ids and codes of what it is"
    " about, each kind of problem has its own.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {
            "type": "string",
            "pattern": "^urn:rapport:problem:[a-z0-9-]+$",
            "description": "What kind of problem it is, for machines.",
        },
        "title": {"type": "string", "description": "The same for people."},
        "status": {"type": "integer", "description": "The status of the answer."},
        "errors": {
            "type": "array",
            "description": "Of `malformed-input`: each place that is wrong.",
            "items": {
                "type": "object",
                "required": ["field", "in", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Dots lead inward."},
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}
_REPLACED = ("HTTPValidationError", "ValidationError")
_MALFORMED = malformed_body([{"field": "name", "in": "body", "message": "Field required"}])
_RETRY_AFTER = {"Retry-After": {"description": "In seconds.", "schema": {"type": "integer"}}}


class Api(FastAPI):
    """An app whose document says of each endpoint with which problems it answers."""

    def openapi(self) -> dict[str, Any]:
        """The document, which is made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            doors = {
                (context.path_format, method.lower()): context.dependant
                for context in iter_route_contexts(self.routes)
                if isinstance(context.original_route, APIRoute)
                for method in context.methods or ()
            }
            used: set[str] = set()
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    _tell_problems(path, method, operation, set(_calls(doors[path, method])))
                    used.update(operation.get("tags", ()))
            document["tags"] = [each for each in document.get("tags", ()) if each["name"] in used]
            _replace_schemas(document)
            self.openapi_schema = document
        return self.openapi_schema


def _replace_schemas(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM


def _calls(dependant: Dependant) -> Iterator[object]:
    """Whatever is called before the endpoint."""
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _tell_problems(
    path: str, method: str, operation: dict[str, Any], calls: AbstractSet[object]
) -> None:
    responses: dict[str, Any] = operation["responses"]
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]  # FastAPI's own
    for family in _families(path, method, operation):
        responses.setdefault(str(family.status), {"description": family.message()})
    for body in _problems(method, operation, calls):
        add_problem(responses.setdefault(str(body["status"]), {"description": ""}), body)
    responses["503"].setdefault("headers", _RETRY_AFTER)
    for status, response in responses.items():
        if status >= "400":
            response.setdefault("content", {MEDIA_TYPE: {"schema": SCHEMA}})
    operation["responses"] = dict(sorted(responses.items()))
    if "description" in operation and (roles := _roles(calls)):
        named = ", ".join(f"`{role}`" for role in sorted(roles))
        who = "any" if roles >= frozenset(ROLES) else f"one of {named}"
        operation["description"] += f"\n\nRole: {who}."


def _roles(calls: AbstractSet[object]) -> set[str]:
    """Whoever has one of these may use the door."""
    return {role for call in calls if isinstance(call, Allowed) for role in call.roles}


def _families(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[type[Refusal]]:
    """Where an endpoint does not say by which refusals of a family it answers, any may come."""
    if "{" in path:
        yield NotFoundError
    if method != "get":
        yield ConflictError
    if _takes_something(operation):
        yield InvalidError


def _takes_something(operation: Mapping[str, Any]) -> bool:
    return bool(operation.get("parameters") or "requestBody" in operation)


def _problems(
    method: str, operation: Mapping[str, Any], calls: AbstractSet[object]
) -> Iterator[Mapping[str, Any]]:
    """What follows from what the operation takes, and from what is called before it."""
    named = {each["name"].lower() for each in operation.get("parameters", ())}
    needed = sorted(_roles(calls))
    if needed:
        yield refusal_body(UnauthenticatedError())
        yield refusal_body(RoleNotAllowedError(needed=needed))
    if "if-match" in named:
        yield refusal_body(PreconditionFailedError(version=4, if_match=3))
        yield refusal_body(IfMatchInvalidError(if_match="three"))
    if needed and method != "get":
        yield refusal_body(StaleVersionError())
    if "cursor" in named:
        yield refusal_body(CursorInvalidError())
    if _takes_something(operation):
        yield refusal_body(NotStorableError())
        yield _MALFORMED
    if any(isinstance(call, RateLimit) for call in calls):
        yield refusal_body(TooManyRequestsError())
    yield UNAVAILABLE
