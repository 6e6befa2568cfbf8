"""Export of the schemas into a registry that speaks Confluent's API: its own, Apicurio, Karapace.

A schema's subject is its `ce_type` (record name strategy: many facts share a topic). Each subject
is set to FORWARD_TRANSITIVE, the one level that allows what we allow: see docs/events.md.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import httpx

from shared.catalogue.draft_07 import as_draft_07

COMPATIBILITY = "FORWARD_TRANSITIVE"
_HEADERS = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
_TIMEOUT = 30.0
_LONGEST_REASON = 300
_NOT_FOUND = 404

Outcome: TypeAlias = Literal["new", "unchanged"]


class RegistryError(RuntimeError):
    """The registry cannot be used, or refuses a schema; the message is for the operator."""


@dataclass(frozen=True)
class Exported:
    """What became of one schema."""

    subject: str
    outcome: Outcome


def read_schemas(folder: Path) -> dict[str, str]:
    """The committed schemas as compact text, by subject.

    In draft-07: a registry may take 2020-12 and then fail to compare two revisions of it.
    """
    schemas = {
        file.stem: json.dumps(as_draft_07(json.loads(file.read_text())))
        for file in sorted(folder.glob("*.json"))
    }
    if not schemas:
        raise RegistryError(f"no schemas in {folder}: name their folder with --schemas")
    return schemas


def export(
    url: str, schemas: dict[str, str], credentials: tuple[str, str] | None = None
) -> Iterator[Exported]:
    """Register what is missing, one subject after the other; a repeat changes nothing."""
    auth = httpx.BasicAuth(*credentials) if credentials else None
    with httpx.Client(
        base_url=url.rstrip("/"), headers=_HEADERS, auth=auth, timeout=_TIMEOUT
    ) as client:
        for subject, schema in schemas.items():
            _ensure_level(client, subject)
            outcome = _register(client, subject, schema)
            _ensure_level(client, subject)  # a registry may forget what is said before the first
            yield Exported(subject, outcome)


def _register(client: httpx.Client, subject: str, schema: str) -> Outcome:
    body = {"schemaType": "JSON", "schema": schema}
    if _ask(client, "POST", f"/subjects/{subject}", body, missing_is_fine=True) is not None:
        return "unchanged"
    _ask(client, "POST", f"/subjects/{subject}/versions", body)
    return "new"


def _ensure_level(client: httpx.Client, subject: str) -> None:
    present = _ask(client, "GET", f"/config/{subject}", missing_is_fine=True)
    if present is None or present.get("compatibilityLevel") != COMPATIBILITY:
        _ask(client, "PUT", f"/config/{subject}", {"compatibility": COMPATIBILITY})


def _ask(
    client: httpx.Client,
    method: str,
    path: str,
    body: dict[str, str] | None = None,
    *,
    missing_is_fine: bool = False,
) -> dict[str, Any] | None:
    """The answer, or None for what is not there; raises `RegistryError` for all else."""
    try:
        response = client.request(method, path, json=body)
    except httpx.TransportError as error:
        raise RegistryError(f"{client.base_url} does not answer: {error}") from error
    if response.status_code == _NOT_FOUND and missing_is_fine and _is_told(response):
        return None
    if response.is_error:
        raise RegistryError(_told(client, path, response))
    answer: dict[str, Any] = response.json()
    return answer


def _is_told(response: httpx.Response) -> bool:
    """Whether it is the registry that misses something, and not the address that is no registry."""
    return "error_code" in response.text


def _told(client: httpx.Client, path: str, response: httpx.Response) -> str:
    subject = path.split("/")[2]
    reason = response.text[:_LONGEST_REASON]
    match response.status_code:
        case 401 | 403:
            return (
                f"{client.base_url} asks for credentials with the right to write: set"
                " SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD"
            )
        case 404:
            return f"{client.base_url} is no schema registry; give the URL up to /subjects"
        case 409:
            return f"{subject}: not compatible with what the registry holds: {reason}"
        case status:
            return f"{subject}: the registry answers {status}: {reason}"
