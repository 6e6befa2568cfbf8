"""The request's context: correlation id, trace, one log line and one duration per request."""

import time
from collections.abc import MutableMapping
from typing import Any, TypeAlias

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.failpoints import Failpoint
from shared.ids import new_id
from shared.messaging import metrics
from shared.telemetry import TraceParent, continue_trace

CORRELATION_HEADER = "x-correlation-id"
_LONGEST_CORRELATION = 100
_QUIET = ("/health/", "/metrics")
_SAFE = ("GET", "HEAD", "OPTIONS")

_BEFORE_ANSWER = Failpoint("http.before-answer")

logger = structlog.stdlib.get_logger()
_State: TypeAlias = MutableMapping[str, Any]


def correlation_of(scope: Scope) -> str:
    """The correlation id of the request: the caller's, or a new one."""
    return str(scope["rapport.correlation"])


def trace_of(scope: Scope) -> TraceParent:
    """The request's own span."""
    trace: TraceParent = scope["rapport.trace"]
    return trace


class RequestContext:
    """ASGI middleware; the outermost, so that refusals are logged and measured too."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["rapport.correlation"] = _correlation(headers.get(CORRELATION_HEADER))
        scope["rapport.trace"] = continue_trace(headers.get("traceparent"))
        await self._measured(scope, receive, send)

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        status = 500

        async def send_with_correlation(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[CORRELATION_HEADER] = correlation_of(scope)
                if scope["method"] not in _SAFE:
                    _BEFORE_ANSWER.reach()
            await send(message)

        with structlog.contextvars.bound_contextvars(
            correlation_id=correlation_of(scope), trace_id=trace_of(scope).trace_id
        ):
            try:
                await self.app(scope, receive, send_with_correlation)
            finally:
                self._note(scope, status, time.monotonic() - started)

    def _note(self, scope: _State, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        metrics.COMMAND_SECONDS.labels(self.service, scope["method"], route, status).observe(
            seconds
        )
        if not route.startswith(_QUIET):
            logger.info(
                "http_request",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )


def _correlation(header: str | None) -> str:
    if header and len(header) <= _LONGEST_CORRELATION and header.isprintable() and header.isascii():
        return header
    return str(new_id())
