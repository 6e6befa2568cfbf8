"""Journeys of ties: people who live together, and customers who sell for us by their people."""

from datetime import UTC, datetime, timedelta

from shared.contracts import contacts as k

from tests.faults.client import Json
from tests.faults.history import Promise
from tests.faults.travelling import Traveller, version_of
from tests.faults.world import Party, pick

HOUSEHOLD = version_of(k.HOUSEHOLD_EVENTS, "household_id")
PARTNER = version_of(k.PARTNER_EVENTS, "partner_id")


def _known(t: Traveller) -> Party | None:
    return pick(t.dice, [party for party in t.world.parties if party.contact_id])


async def live_together(t: Traveller) -> None:
    """Found a household of one, take another in, and let that one head it; some live elsewhere."""
    first, second = _known(t), _known(t)
    if first is None or second is None:
        return
    body = {"member_contact_ids": [first.contact_id], "head_contact_id": first.contact_id}
    household = await t.client.command(
        "found-household", "contacts/v1/households", body, promises=HOUSEHOLD
    )
    if household is None:
        return
    path = f"contacts/v1/households/{household['household_id']}"
    member = f"{path}/members/{second.contact_id}"
    if await t.client.command("add-member", member, promises=HOUSEHOLD, method="PUT"):
        head = {"contact_id": second.contact_id}
        await t.client.command("set-head", f"{path}/head", head, promises=HOUSEHOLD, method="PUT")
    if t.dice.random() < 0.3:
        await t.client.command("dissolve-household", f"{path}/dissolve", promises=HOUSEHOLD)


async def sell_for_us(t: Traveller) -> None:
    """A customer becomes a partner in some program, and its person a rep who passes a course."""
    party = _known(t)
    if party is None:
        return
    body = {
        "customer_id": party.customer_id,
        "program": t.dice.choice(["dealer", "reseller"]),
        "tier": "silver",
    }
    partner = await t.client.command(
        "onboard-partner", "contacts/v1/partners", body, promises=PARTNER
    )
    if partner is None:
        return
    path = f"contacts/v1/partners/{partner['partner_id']}"
    active = {"status": "active", "reason_code": "load"}
    await t.client.command("set-partner-status", f"{path}/status", active, promises=PARTNER)
    await _train(t, partner["partner_id"], f"{path}/reps/{party.contact_id}")


async def _train(t: Traveller, partner_id: str, path: str) -> None:
    def promised(_body: Json, tag: int | None) -> tuple[Promise, ...]:
        return (Promise(k.PARTNER_EVENTS.name, partner_id, tag),)

    role = {"role": "sales"}
    await t.client.command("register-rep", path, role, promises=promised, method="PUT")
    later = datetime.now(UTC) + timedelta(days=1)
    course = {"course_id": "basic", "score": 80, "valid_until": later.isoformat()}
    await t.client.command("certify-rep", f"{path}/certify", course, promises=promised)
