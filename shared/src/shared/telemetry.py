"""W3C Trace Context (https://www.w3.org/TR/trace-context/), as far as carrying it on goes."""

import re
import secrets
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$")


@dataclass(frozen=True, slots=True)
class TraceParent:
    """A position in a distributed trace."""

    trace_id: str
    span_id: str
    flags: str = "01"

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self) -> "TraceParent":
        """A new span of the same trace."""
        return TraceParent(self.trace_id, secrets.token_hex(8), self.flags)


def new_trace() -> TraceParent:
    """The start of a trace that nobody began before us."""
    return TraceParent(secrets.token_hex(16), secrets.token_hex(8))


def parse_traceparent(header: str | None) -> TraceParent | None:
    """The parsed header, or None where it is absent or invalid: the trace then starts anew."""
    match = _TRACEPARENT.match(header or "")
    if match is None or set(match[1]) == {"0"} or set(match[2]) == {"0"}:
        return None
    return TraceParent(match[1], match[2], match[3])


def continue_trace(header: str | None) -> TraceParent:
    """A child span of the header's trace, or a new trace."""
    parent = parse_traceparent(header)
    return parent.child() if parent else new_trace()
