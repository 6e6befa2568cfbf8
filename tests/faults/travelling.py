"""A traveller: who makes journeys, and what the answers to its commands promise."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from shared.contracts import campaigns as c
from shared.contracts import contacts as k
from shared.contracts import pipeline as p
from shared.contracts import service_desk as s
from shared.contracts.topic import Event, Topic

from tests.faults.client import Client, Json, Promises
from tests.faults.erp import Erp
from tests.faults.history import Promise
from tests.faults.hr import Hr
from tests.faults.world import World


@dataclass
class Traveller:
    """One of those who make journeys at the same time: client, dice, and the world they share."""

    name: str
    client: Client
    world: World
    dice: Random
    erp: Erp
    hr: Hr

    def word(self) -> str:
        return f"{self.dice.getrandbits(48):012x}"


Journey = Callable[[Traveller], Awaitable[None]]


def version_of(topic: Topic, field: str) -> Promises:
    """The answer names the aggregate and its version: that fact must be on the topic."""

    def promises(body: Json, tag: int | None) -> tuple[Promise, ...]:
        version = tag if tag is not None else body.get("version")
        return (Promise(topic.name, body[field], version),)

    return promises


CUSTOMER = version_of(k.CUSTOMER_EVENTS, "customer_id")
CONTACT = version_of(k.CONTACT_EVENTS, "contact_id")
CONSENT = version_of(k.CONSENT_EVENTS, "consent_id")
DEAL = version_of(p.DEAL_EVENTS, "deal_id")
COMMITMENT = version_of(p.COMMITMENT_EVENTS, "commitment_id")
LEAD = version_of(p.LEAD_EVENTS, "lead_id")
TICKET = version_of(s.TICKET_EVENTS, "ticket_id")
SEGMENT = version_of(c.SEGMENT_EVENTS, "segment_id")
CAMPAIGN = version_of(c.CAMPAIGN_EVENTS, "campaign_id")
IMPORT = version_of(k.IMPORT_EVENTS, "import_id")


def merge_of(topic: Topic, fact: type[Event]) -> Promises:
    """The answer names the merge and who stays: the fact of just this merge must be there."""
    return lambda body, _tag: (
        Promise(topic.name, body["survivor_id"], None, fact.type, body["merge_id"]),
    )


def fact_of(topic: Topic, aggregate_id: str, fact: str) -> Promises:
    """The answer says only that it was done: a fact of this type must be there."""
    return lambda _body, _tag: (Promise(topic.name, aggregate_id, None, fact),)
