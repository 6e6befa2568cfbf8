"""Journeys of customers: they come with their people, change, and are looked at."""

from tests.faults.travelling import CONSENT, CONTACT, CUSTOMER, Traveller
from tests.faults.world import Party, pick


async def meet(t: Traveller) -> None:
    """A customer, its person, and what that person allows."""
    ref, kind = t.word(), t.dice.choice(["organization", "individual"])
    body = {
        "kind": kind,
        "display_name": f"Customer {ref}",
        "external_ids": [{"system": "erp", "id": ref}],
        "region": t.dice.choice(["north", "south"]),
    }
    customer = await t.client.command(
        "create-customer", "contacts/v1/customers", body, promises=CUSTOMER
    )
    if customer is None:
        return
    t.world.note(customer["customer_id"], customer["customer_id"], customer["version"])
    contact_id = await _person(t, customer["customer_id"], ref)
    t.world.parties.append(Party(customer["customer_id"], ref, kind, contact_id))


async def _person(t: Traveller, customer_id: str, ref: str) -> str | None:
    body = {
        "given_name": "Kim",
        "family_name": f"Person-{ref}",
        "points": [{"type": "email", "value": f"{ref}@load.example", "is_primary": True}],
        "memberships": [{"customer_id": customer_id, "is_primary": True}],
    }
    person = await t.client.command(
        "create-contact", "contacts/v1/contacts", body, promises=CONTACT
    )
    if person is None:
        return None
    t.world.note(customer_id, person["contact_id"], person["version"])
    contact_id = str(person["contact_id"])
    allowed = {"channel": "email", "purpose": "marketing", "source": "load"}
    path = f"contacts/v1/contacts/{contact_id}/consents/grant"
    if await t.client.command("grant-consent", path, allowed, promises=CONSENT):
        t.world.reachable.append(contact_id)
    return contact_id


async def edit(t: Traveller, party: Party | None = None) -> None:
    """Change a customer, wherever it is by now."""
    party = party or pick(t.dice, t.world.parties)
    if party is None:
        return
    path = f"contacts/v1/customers/{party.customer_id}"
    if t.dice.random() < 0.5:
        body = {"industry": t.word(), "tags": [t.word()]}
        customer = await t.client.lead_on(
            "update-customer", path, body, promises=CUSTOMER, method="PATCH"
        )
    else:
        body = {"owner_id": t.dice.choice(["anna", "otto", "mia"]), "reason_code": "load"}
        customer = await t.client.lead_on("change-owner", f"{path}/owner", body, promises=CUSTOMER)
    if customer:
        t.world.note(customer["customer_id"], customer["customer_id"], customer["version"])


async def change_mind(t: Traveller, party: Party | None = None) -> None:
    """A person takes a consent back, or gives one anew."""
    party = party or pick(t.dice, t.world.parties)
    if party is None or party.contact_id is None:
        return
    act = t.dice.choice(["grant", "withdraw"])
    body = {"channel": "email", "purpose": "newsletter", "source": "load", "evidence_ref": t.word()}
    path = f"contacts/v1/contacts/{party.contact_id}/consents/{act}"
    await t.client.command(f"{act}-consent", path, body, promises=CONSENT)


async def look(t: Traveller) -> None:
    """Read the view of what was just acknowledged."""
    seen = pick(t.dice, t.world.recent)
    if seen is None:
        return
    wanted = seen.aggregate_id, seen.version
    await t.client.look(t.name, seen.customer_id, wanted, is_always_shown=seen.is_always_shown)
