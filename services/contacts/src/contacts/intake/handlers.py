"""Intake: what comes in by forms and converted leads touches people, customers and consents."""

from uuid import UUID

from shared.cause import Cause
from shared.contact_points import EmailInvalidError, PhoneInvalidError
from shared.contracts.campaigns import FormState
from shared.contracts.contacts import PointType
from shared.contracts.pipeline import LeadState
from shared.db import Connection
from shared.ids import derived_id

from contacts.consents.handlers import keep_ticked
from contacts.current import lock_current
from contacts.customers import store as customers
from contacts.customers.domain import CreateCustomer
from contacts.customers.domain import carry_out as carry_out_customer
from contacts.customers.handlers import follow, standing
from contacts.customers.lifecycle import FollowFact
from contacts.identities import store as identities
from contacts.identities.domain import LinkIdentity
from contacts.people import store as people
from contacts.people.addresses import claim_of
from contacts.people.creation import CreatePerson
from contacts.people.domain import Command, Person, carry_out
from contacts.people.finding import find_by_emails, lock_email
from contacts.people.handlers import detect_duplicates
from contacts.people.memberships import (
    Part,
    SetMembership,
    live_memberships,
)
from contacts.people.points import AddPoint
from contacts.people.profile import UpdatePerson
from contacts.points import NewPoint, PointRules
from contacts.records import is_present


async def receive_form(
    connection: Connection, cause: Cause, form: FormState, rules: PointRules
) -> None:
    """Resolve who submitted the form, or make the person; keep the consents that were ticked.

    Of a known person nothing is overwritten: blanks are filled and new points added.
    """
    email = rules.read("email", form.email)
    await lock_email(connection, email.normalized)
    contact_id = derived_id(form.submission_id, "contact")
    known = await _find_person(connection, email.normalized, contact_id)
    if known is not None and not is_present(known.state):
        return  # the form is theirs who are erased, or about to be
    points = tuple(
        point for point in (email, _readable(rules, "phone", form.phone)) if point is not None
    )
    said = {"given_name": form.given_name, "family_name": form.family_name}
    commands: tuple[Command, ...]
    if known is None:
        commands = (CreatePerson(contact_id, said, cause.at, points),)
    else:
        commands = _filling_in(known, said, points)
    change = carry_out(known, *commands)
    await people.save_changes(connection, cause, [change])
    await detect_duplicates(connection, cause, [change], "reaction")
    await keep_ticked(connection, cause, change.after.state.contact_id, form)
    await _link(connection, cause, change.after, form)
    claim = claim_of(rules, change.after.state.contact_id, email.normalized)
    await identities.see_again(connection, cause, claim)


async def _find_person(connection: Connection, normalized: str, contact_id: UUID) -> Person | None:
    """Whose address it is, or who was made of this very submission before."""
    found = await find_by_emails(connection, [normalized])
    wanted = found.get(normalized, contact_id)
    return (await lock_current(connection, people.lock_people, [wanted])).get(wanted)


def _filling_in(
    person: Person, said: dict[str, str | None], points: tuple[NewPoint, ...]
) -> tuple[Command, ...]:
    """Nothing that is there is overwritten, and an address found invalid stays so.

    A record that nobody may change now stays as it is.
    """
    if person.is_restricted or person.state.record_status != "active":
        return ()
    blanks = {
        name: value for name, value in said.items() if value and getattr(person.state, name) is None
    }
    known = {(point.type, point.normalized) for point in person.state.points}
    new = (AddPoint(point) for point in points if (point.type, point.normalized) not in known)
    return (UpdatePerson(blanks), *new)


def _readable(rules: PointRules, point_type: PointType, value: str | None) -> NewPoint | None:
    """A point as somebody typed it, None where it is none: the rest of what they said counts."""
    if not value:
        return None
    try:
        return rules.read(point_type, value)
    except (EmailInvalidError, PhoneInvalidError):
        return None


async def _link(connection: Connection, cause: Cause, person: Person, form: FormState) -> None:
    parts = live_memberships(person.state)
    customer_id = parts[0].customer_id if len(parts) == 1 else None
    command = LinkIdentity(
        "submission", str(form.submission_id), person.state.contact_id, customer_id, "form"
    )
    await identities.record(connection, cause, command)
    if customer_id is not None:
        interest = FollowFact(
            "new-interest", "prospect", cause.at, "submission", form.submission_id
        )
        await follow(connection, cause, customer_id, interest)


async def receive_converted_lead(
    connection: Connection, cause: Cause, lead: LeadState, rules: PointRules
) -> None:
    """Make the customer, the person and the membership that a converted lead names.

    What is there already stays as it is; a membership that was ended is not begun again.
    """
    customer_id = lead.customer_id
    if customer_id is None or lead.contact_id is None:
        return
    await customers.lock_customers_to_come(connection, [customer_id])
    locked = await lock_current(connection, customers.lock_customers, [customer_id])
    if known := locked.get(customer_id):
        customer_id = known.state.customer_id
        lead = lead.model_copy(update={"customer_id": customer_id})
    else:
        await _create_customer(connection, cause, lead)
    interest = FollowFact("new-interest", "prospect", cause.at, "lead", lead.lead_id)
    await follow(connection, cause, customer_id, interest)
    await _join(connection, cause, lead, rules)


async def _create_customer(connection: Connection, cause: Cause, lead: LeadState) -> None:
    """The customer may have bought before it was heard of here: it is moved at once then."""
    assert lead.customer_id is not None
    profile = {
        "kind": "organization" if lead.company else "individual",
        "display_name": lead.company or lead.name or lead.email or "Unknown",
        "source": lead.source,
        "owner_id": lead.owner_id,
    }
    create = CreateCustomer(lead.customer_id, profile, cause.at)
    waiting = await standing(connection, lead.customer_id, cause.at)
    commands = (create, waiting) if waiting else (create,)
    await customers.save_changes(connection, cause, [carry_out_customer(None, *commands)])


async def _join(connection: Connection, cause: Cause, lead: LeadState, rules: PointRules) -> None:
    assert lead.customer_id is not None
    assert lead.contact_id is not None
    points = tuple(
        point
        for point in (_readable(rules, "email", lead.email), _readable(rules, "phone", lead.phone))
        if point is not None
    )
    if points and points[0].type == "email":
        await lock_email(connection, points[0].normalized)
    locked = await lock_current(connection, people.lock_people, [lead.contact_id])
    known = locked.get(lead.contact_id)
    part = Part(lead.customer_id)
    commands: tuple[Command, ...]
    if known is None:
        profile = _name(lead.name)
        commands = (CreatePerson(lead.contact_id, profile, cause.at, points, (part,)),)
    elif any(each.customer_id == lead.customer_id for each in known.state.memberships):
        commands = _filling_in(known, _name(lead.name), points)
    else:
        filling = _filling_in(known, _name(lead.name), points)
        commands = (*filling, SetMembership(part, cause.at)) if filling else ()
    change = carry_out(known, *commands)
    await people.save_changes(connection, cause, [change])
    await detect_duplicates(connection, cause, [change], "reaction")


def _name(name: str | None) -> dict[str, str | None]:
    """A name as one string: the last word is taken for the family's."""
    given, _, family = (name or "").strip().rpartition(" ")
    return {"given_name": given or None, "family_name": family or None}
