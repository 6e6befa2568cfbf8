"""How an endpoint says in the OpenAPI document with which refusals it may answer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from shared.errors import Refusal
from shared.http.problems import MEDIA_TYPE, refusal_body

Responses: TypeAlias = dict[int | str, dict[str, Any]]

SCHEMA = {"$ref": "#/components/schemas/Problem"}
_ABOUT = """\
Every error is answered with problem details (RFC 9457, `application/problem+json`). Their `type` is
`urn:rapport:problem:<code>`: the code is stable, the title may be reworded. Of every endpoint:

- `401 unauthenticated`: the bearer token is missing, forged or over.
- `403 role-not-allowed`: none of its roles may do this; `needed` are those that may.
- `409 stale-version`: others changed the record at the same moment, again and again; try again.
- `412 precondition-failed`: the record has another version than `If-Match`; read it again.
- `422 malformed-input`: `errors` name each place that is wrong.
- `500 internal`: a mistake of ours. The answer's `X-Correlation-Id` is how we find it in our logs.
- `503 unavailable`: a part of the system is down. Send the same again after `Retry-After` seconds,
  with the same `Idempotency-Key` where it creates something.

What this service refuses besides, by code:
"""


def refuses(*refusals: type[Refusal]) -> Responses:
    """The `responses` of an endpoint whose command may be refused so."""
    return {
        status: problem_response(refusal_body(each()) for each in refusals if each.status == status)
        for status in sorted({each.status for each in refusals})
    }


def problem_response(bodies: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A response that is one of these problems; each is listed and shown."""
    response: dict[str, Any] = {"description": ""}
    for body in bodies:
        add_problem(response, body)
    return response


def add_problem(response: dict[str, Any], body: Mapping[str, Any]) -> None:
    """Say that the response may be this problem, too."""
    code, title = str(body["type"]).rsplit(":", maxsplit=1)[-1], body["title"]
    line = f"- `{code}`: {title}"
    response["description"] = "\n".join(filter(None, [response["description"], line]))
    content = response.setdefault("content", {}).setdefault(MEDIA_TYPE, {"schema": SCHEMA})
    content.setdefault("examples", {})[code] = {"summary": title, "value": dict(body)}


def about_problems(service: str) -> str:
    """How this service tells errors, and all codes of its refusals."""
    packages = (f"{service.replace('-', '_')}.", "shared.")
    known = {
        (each.status, each.code(), each.message())
        for each in _descendants(Refusal)
        if each.__module__.startswith(packages) and not each.__subclasses__()
    }
    return _ABOUT + "\n".join(
        f"- `{status} {code}`: {message}" for status, code, message in sorted(known)
    )


def _descendants(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        yield each
        yield from _descendants(each)
