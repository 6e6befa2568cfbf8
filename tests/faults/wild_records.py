"""Wild records: what is wrong with each, and what has to become of it."""

from collections.abc import Callable

from shared.contracts.contacts import CustomerState
from shared.contracts.external import ErpOrderChanged
from shared.contracts.pipeline import DealWon
from shared.contracts.topic import Event

from tests.faults.poisoning import Headers, instead, without

CONSUMERS: dict[type[Event], tuple[str, ...]] = {
    ErpOrderChanged: ("pipeline.orders",),
    CustomerState: ("campaigns.people", "customer-360.customers", "pipeline.customers"),
    DealWon: ("campaigns.deals", "contacts.deals", "customer-360.facts", "service-desk.deals"),
}
"""Reactions and projections, on topics that are compacted and on others."""

Make = Callable[[Headers], tuple[bytes | None, Headers]]

PARKED: dict[str, tuple[str, Make]] = {
    "malformed JSON": ("undecodable-body", lambda h: (b'{"order_no": ', h)),
    "wrong schema": ("undecodable-body", lambda h: (b'{"revision": "soon"}', h)),
    "a body that is not UTF-8": ("undecodable-body", lambda h: (b"\xff\xfe\x00", h)),
    "null header": ("malformed-header", lambda h: (b"{}", [*h, ("shop", None)])),
    "non-UTF-8 header value": ("malformed-header", lambda h: (b"{}", [*h, ("shop", b"\xff")])),
    "no ce_type": ("malformed-envelope", lambda h: (b"{}", without(h, "ce_type"))),
    "no ce_id": ("malformed-envelope", lambda h: (b"{}", without(h, "ce_id"))),
    "a version that is no number": (
        "malformed-envelope",
        lambda h: (b"{}", instead(h, "ce_aggregateversion", b"two")),
    ),
}
PASSED: dict[str, Make] = {
    "unknown type": lambda h: (b"?", instead(h, "ce_type", b"crm.pipeline.deal.dreamt.v1")),
    "next major version": lambda h: (b"?", instead(h, "ce_type", _next_major(h))),
}


def _next_major(headers: Headers) -> bytes:
    return str(dict(headers)["ce_type"], "ascii").removesuffix("v1").encode() + b"v2"  # type: ignore[arg-type]
