"""What a service answers, held against what its OpenAPI document says of the endpoint."""

import re
from typing import Any

import httpx

_LISTED = "- `"
"""So begins the description of a status of which each kind of problem is named."""


class Documented:
    """The document of one service."""

    def __init__(self, document: dict[str, Any]) -> None:
        paths = sorted(document["paths"].items(), key=lambda each: each[0].count("{"))
        self._doors = [
            (re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)), methods) for path, methods in paths
        ]

    def check(self, answer: httpx.Response) -> None:
        """A refusal has a status that the endpoint names, and a kind, where it names them all."""
        operation = self._operation(answer.request)
        if operation is None or not answer.is_client_error:
            return
        where = f"{answer.request.method} {answer.request.url.path}: {answer.text}"
        told = operation["responses"].get(str(answer.status_code))
        assert told is not None, where
        assert answer.headers["content-type"].split(";")[0] in told["content"], where
        if told["description"].startswith(_LISTED):
            [content] = told["content"].values()
            assert answer.json()["type"].rsplit(":", 1)[-1] in content["examples"], where

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        for path, methods in self._doors:
            if path.fullmatch(request.url.path) and request.method.lower() in methods:
                operation: dict[str, Any] = methods[request.method.lower()]
                return operation
        return None
