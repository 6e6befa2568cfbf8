"""A crowd to whom many campaigns are being sent, while they say no one after the other."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from devstack.demo.doors import Doors, Json, eventually
from devstack.demo.story.cast import Cast

PURPOSE = "service"
"""Its mail is capped by nothing: only a no ends it."""


@dataclass(frozen=True)
class Addressee:
    """A person of the crowd."""

    contact_id: str
    email: str


@dataclass(frozen=True)
class Mail:
    """A mail at the sink."""

    to: str
    received_at: datetime


async def gather_crowd(cast: Cast, size: int) -> list[Addressee]:
    """People whom campaigns may write to, as campaigns knows, too."""
    return await asyncio.gather(*(_addressee(cast) for _ in range(size)))


async def _addressee(cast: Cast) -> Addressee:
    email = f"racer-{uuid.uuid4().hex[:12]}@race.example"
    body = {"given_name": "Ada", "points": [{"type": "email", "value": email}]}
    made = await cast.sales.post("contacts", "/v1/contacts", body)
    path = f"/v1/contacts/{made['contact_id']}/consents/grant"
    yes = {"channel": "email", "purpose": PURPOSE, "source": "call", "evidence_ref": "call:1"}
    await cast.sales.post("contacts", path, yes)
    return Addressee(made["contact_id"], email)


async def write_to(cast: Cast, crowd: Sequence[Addressee], campaigns: int) -> None:
    """Launch this many campaigns to all of them, as fast as it goes."""
    segment = await cast.marketing.post(
        "campaigns", "/v1/segments", {"name": f"race {uuid.uuid4().hex}", "kind": "static"}
    )
    members = {"contact_ids": [each.contact_id for each in crowd]}
    path = f"/v1/segments/{segment['segment_id']}/members"
    await cast.marketing.post("campaigns", path, members)
    await asyncio.gather(*(_launch(cast, segment, number) for number in range(campaigns)))


async def _launch(cast: Cast, segment: Json, number: int) -> None:
    plan = {
        "name": f"race {segment['segment_id']} {number}",
        "campaign_type": "email",
        "objective": "service",
        "purpose": PURPOSE,
        "segment_ids": [segment["segment_id"]],
        "subject": f"Number {number}",
        "body_text": "How is it going?",
    }
    campaign = await cast.marketing.post("campaigns", "/v1/campaigns", plan)
    await cast.marketing.post("campaigns", f"/v1/campaigns/{campaign['campaign_id']}/launch")


async def mails_to(doors: Doors, crowd: Sequence[Addressee]) -> list[Mail]:
    """What has arrived for any of them, oldest first."""
    listed = await doors.request("GET", f"{doors.addresses.mail}/api/v1/messages")
    addresses = {each.email for each in crowd}
    mails = [
        Mail(to["Address"], datetime.fromisoformat(message["Created"]))
        for message, to in (
            (message, to) for message in listed.json()["messages"] for to in message["To"]
        )
        if to["Address"] in addresses
    ]
    return sorted(mails, key=lambda mail: mail.received_at)


async def a_mail_arrives(doors: Doors, crowd: Sequence[Addressee]) -> None:
    await eventually(lambda: mails_to(doors, crowd), "the first mail arrives")


async def say_no(cast: Cast, crowd: Sequence[Addressee], at_once: int) -> dict[str, datetime]:
    """All of them withdraw, a few at a time; by address, when each had the answer."""
    answered: dict[str, datetime] = {}
    for few in (crowd[start : start + at_once] for start in range(0, len(crowd), at_once)):
        await asyncio.gather(*(_withdraw(cast, each, answered) for each in few))
    return answered


async def _withdraw(cast: Cast, person: Addressee, answered: dict[str, datetime]) -> None:
    no = {"channel": "email", "purpose": PURPOSE, "source": "call"}
    await cast.sales.post("contacts", f"/v1/contacts/{person.contact_id}/consents/withdraw", no)
    answered[person.email] = datetime.now(UTC)
