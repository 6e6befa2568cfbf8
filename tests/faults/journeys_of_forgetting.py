"""Journeys of forgetting: a person of whom every service has something is erased, while others
speak of them.

Their words bear a mark, which the oracle searches for. Nobody else knows them, and what others say
at that moment is refused or bears no mark.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devstack.demo.story.cast import in_days
from shared.contracts import contacts as k

from tests.faults.client import MERGED, Json
from tests.faults.expected_privacy import MARK
from tests.faults.journeys_of_merges import MERGE
from tests.faults.journeys_of_ties import HOUSEHOLD
from tests.faults.travelling import (
    COMMITMENT,
    CONSENT,
    CONTACT,
    CUSTOMER,
    DEAL,
    TICKET,
    Traveller,
    fact_of,
)
from tests.faults.world import pick


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person, where they are, and what is theirs; of what could not be made there is none."""

    mark: str
    customer_id: str
    contact_id: str
    deal_id: str | None
    ticket_id: str | None


async def forget(t: Traveller) -> None:
    """Somebody is erased whose second record was merged into the first."""
    person = await _become_known(t, f"{MARK}{t.word()}")
    if person is None:
        return
    await _merge(t, person)
    await _live_with(t, person)
    await asyncio.gather(_erase(t, person.contact_id), _speak_of(t, person))
    if person.ticket_id:  # a resolved one would ask how it was, or not, as the erasure has it
        path = f"service-desk/v1/tickets/{person.ticket_id}/cancel"
        await t.client.command("cancel-ticket", path, {"reason_code": "load"}, promises=TICKET)


async def _become_known(t: Traveller, mark: str) -> Somebody | None:
    body = {"kind": "organization", "display_name": f"Customer {t.word()}"}
    customer = await t.client.command(
        "create-customer", "contacts/v1/customers", body, promises=CUSTOMER
    )
    if customer is None:
        return None
    customer_id = str(customer["customer_id"])
    contact_id = await _person(t, customer_id, mark, f"{mark}@load.example")
    if contact_id is None:
        return None
    deal_id, ticket_id = await asyncio.gather(
        _deal(t, customer_id, contact_id, mark), _ticket(t, customer_id, contact_id, mark)
    )
    await _promise(t, customer_id, contact_id, mark)
    return Somebody(mark, customer_id, contact_id, deal_id, ticket_id)


async def _person(t: Traveller, customer_id: str, mark: str, email: str) -> str | None:
    body = {
        "given_name": "Kim",
        "family_name": f"Person-{mark}",
        "points": [{"type": "email", "value": email, "is_primary": True}],
        "memberships": [{"customer_id": customer_id}],
    }
    person = await t.client.command(
        "create-contact", "contacts/v1/contacts", body, promises=CONTACT
    )
    return person and person["contact_id"]


async def _deal(t: Traveller, customer_id: str, contact_id: str, mark: str) -> str | None:
    body = {
        "customer_id": customer_id,
        "name": f"Lamps for {mark}",
        "amount": "70.00",
        "currency": "EUR",
        "expected_close_date": in_days(20).isoformat(),
        "primary_contact_id": contact_id,
    }
    deal = await t.client.command("open-deal", "pipeline/v1/deals", body, promises=DEAL)
    return deal and deal["deal_id"]


async def _ticket(t: Traveller, customer_id: str, contact_id: str, mark: str) -> str | None:
    body = {
        "customer_id": customer_id,
        "contact_id": contact_id,
        "channel": "phone",
        "ticket_type": "repair",
        "subject": f"{mark} is in the dark",
        "severity": 3,
        "sla_policy_id": t.world.quick_policy,
    }
    ticket = await t.client.command("open-ticket", "service-desk/v1/tickets", body, promises=TICKET)
    return ticket and ticket["ticket_id"]


async def _promise(t: Traveller, customer_id: str, contact_id: str, mark: str) -> None:
    body = {
        "customer_id": customer_id,
        "contact_id": contact_id,
        "kind": "delivery",
        "text": f"{mark} gets two more",
        "due_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }
    await t.client.command("promise", "pipeline/v1/commitments", body, promises=COMMITMENT)


async def _merge(t: Traveller, person: Somebody) -> None:
    other = await _person(t, person.customer_id, person.mark, f"also-{person.mark}@load.example")
    if other:
        body = {
            "survivor_id": person.contact_id,
            "merged_ids": [other],
            "reason_code": "duplicate",
            "force_reason": "load",
        }
        await t.client.decide(
            "merge-people",
            "contacts/v1/merges/people",
            body,
            promises=MERGE["people"],
            refusals={MERGED},
        )


async def _live_with(t: Traveller, person: Somebody) -> None:
    """A household that bears their name, with somebody who stays."""
    body = {
        "name": f"At {person.mark}'s",
        "member_contact_ids": [person.contact_id],
        "head_contact_id": person.contact_id,
    }
    household = await t.client.command(
        "found-household", "contacts/v1/households", body, promises=HOUSEHOLD
    )
    other = pick(t.dice, [party for party in t.world.parties if party.contact_id])
    if household and other:
        path = f"contacts/v1/households/{household['household_id']}/members/{other.contact_id}"
        await t.client.command("add-member", path, promises=HOUSEHOLD, method="PUT")


async def _erase(t: Traveller, contact_id: str) -> None:
    asked = await t.client.command(
        "ask-for-erasure",
        "contacts/v1/privacy/erasures",
        {"contact_id": contact_id},
        promises=lambda *_: (),
    )
    if asked is None:
        return
    path = f"contacts/v1/privacy/requests/{asked['request_id']}"
    how = {"method": "passport"}
    await t.client.command("verify-request", f"{path}/verify", how, promises=lambda *_: ())
    promised = fact_of(k.PRIVACY_EVENTS, asked["request_id"], k.ErasureRequested.type)
    await t.client.command("start-erasure", f"{path}/start", promises=promised)


async def _speak_of(t: Traveller, person: Somebody) -> None:
    """Some of it comes before the erasure, some after; then of the person nothing is taken."""
    message: Json = {"direction": "outbound", "channel": "email", "body": "We look into it."}
    yes = {"channel": "email", "purpose": "newsletter", "source": "load", "evidence_ref": t.word()}
    say, of_person = t.client.command, f"contacts/v1/contacts/{person.contact_id}"
    work = [
        say("grant-consent", f"{of_person}/consents/grant", yes, promises=CONSENT),
        say("update-contact", of_person, {"department": "x"}, promises=CONTACT, method="PATCH"),
    ]
    if person.deal_id:
        path = f"pipeline/v1/deals/{person.deal_id}/amount"
        work.append(say("change-amount", path, {"amount": "80.00"}, promises=DEAL))
    if person.ticket_id:
        path = f"service-desk/v1/tickets/{person.ticket_id}/messages"
        work.append(say("add-message", path, message, promises=TICKET))
    await asyncio.gather(*work)
