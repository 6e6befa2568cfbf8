"""Rows of a file as people: each decided as the API decides; only reading and writing is bulk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from shared.contact_points import EmailInvalidError, PhoneInvalidError
from shared.contracts.contacts import KeyDate
from shared.db import Connection
from shared.errors import Refusal
from shared.ids import new_id

from contacts.current import hold_current
from contacts.customers import store as customers
from contacts.customers.domain import ExternalIdIsTakenError
from contacts.customers.external_ids import find_by_external_ids
from contacts.duplicates import handlers as duplicates
from contacts.file_layout import CUSTOMER_EXTERNAL_ID, EXTERNAL_ID, KNOWN, Batch, Tally
from contacts.file_optouts import honour_opt_outs
from contacts.identities import store as identities
from contacts.identities.domain import LinkIdentity
from contacts.key_dates import SetKeyDate
from contacts.matching.keys import KeyChanges
from contacts.matching.subjects import Unique
from contacts.people import store
from contacts.people.creation import CreatePerson
from contacts.people.domain import Command, Person, PersonChange, carry_out
from contacts.people.finding import find_by_emails
from contacts.people.handlers import postal_point
from contacts.people.memberships import Part, SetMembership, live_memberships
from contacts.people.points import AddPoint
from contacts.people.profile import UpdatePerson
from contacts.person_rows import CellInvalidError, OptOut, PersonRow
from contacts.points import NewPoint, PointRules, country
from contacts.postal_points import AddPostalPoint, NewPostalPoint

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row says, in the forms that commands take."""

    row: PersonRow
    points: tuple[NewPoint, ...]
    postal_points: tuple[NewPostalPoint, ...]
    key_dates: tuple[KeyDate, ...]
    part: Part | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says about a block of rows; people by their links and by e-mail."""

    customer_ids: Mapping[tuple[str, str], UUID]
    customers_named: Mapping[str, UUID]
    regions: Mapping[UUID, str]
    owners: Mapping[UUID, UUID]
    contact_ids: Mapping[str, UUID]
    people: dict[UUID, Person]
    twins: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])


async def import_people(
    connection: Connection,
    batch: Batch,
    rows: Sequence[PersonRow],
    tally: Tally,
    rules: PointRules,
) -> None:
    """The people of a block, with their points, memberships and names in other systems."""
    known = await _what_is_known(connection, batch, rows, rules)
    changes: dict[UUID, PersonChange] = {}
    links: list[LinkIdentity] = []
    opt_outs: dict[UUID, Sequence[OptOut]] = {}
    for row in rows:
        if (change := _decided(batch, row, known, tally, rules)) is None:
            continue
        contact_id = change.after.state.contact_id
        known.people[contact_id] = change.after
        earlier = changes.get(contact_id)
        changes[contact_id] = earlier.then(change) if earlier else change
        links.extend(_links(row, rules, contact_id))
        if row.opt_outs:
            opt_outs[contact_id] = row.opt_outs
    if not batch.dry_run:
        keys = await store.save_changes(connection, batch.cause, list(changes.values()))
        await identities.record_all(connection, batch.cause, links)
        tally.duplicates += await _detect(connection, batch, keys, links, known.twins)
        states = {contact_id: known.people[contact_id].state for contact_id in opt_outs}
        await honour_opt_outs(connection, batch, opt_outs, states, rules)


async def _what_is_known(
    connection: Connection, batch: Batch, rows: Sequence[PersonRow], rules: PointRules
) -> _Known:
    names = [row.customer for row in rows if row.customer is not None]
    customer_ids = await find_by_external_ids(connection, names)
    written = {row.customer_name for row in rows if row.customer_name}
    named = await customers.find_by_names(connection, written) if written else {}
    current = await hold_current(connection, {*customer_ids.values(), *named.values()})
    customer_ids = {name: current[each] for name, each in customer_ids.items()}
    named = {name: current[each] for name, each in named.items()}
    regions = await customers.find_regions(connection, {*customer_ids.values(), *named.values()})
    link_ids = [link.link_id for row in rows for link in _links(row, rules)]
    owners = await identities.find_owners(connection, link_ids) if link_ids else {}
    contact_ids: dict[str, UUID] = {}
    people: dict[UUID, Person] = {}
    if batch.on_duplicate != "create":
        emails = [row.email for row in rows if row.email is not None]
        contact_ids = await find_by_emails(connection, emails)
    if batch.on_duplicate == "update":
        people = await store.lock_people(connection, {*owners.values(), *contact_ids.values()})
    return _Known(customer_ids, named, regions, owners, contact_ids, people)


def _links(row: PersonRow, rules: PointRules, contact_id: UUID = _NOBODY) -> list[LinkIdentity]:
    """The person's names in other systems; without the person, to look for whose they are."""
    return [
        LinkIdentity("external_id", rules.identifier("external_id", name), contact_id, None, system)
        for system, name in row.external_ids
    ]


def _decided(
    batch: Batch, row: PersonRow, known: _Known, tally: Tally, rules: PointRules
) -> PersonChange | None:
    """What becomes of the row; None where it is rejected, or about somebody left as they are."""
    try:
        change = _imported(batch, row, known, tally, rules)
    except CellInvalidError as wrong:
        tally.reject(row.number, wrong.name, wrong.reason)
        return None
    except Refusal as refused:
        tally.reject(row.number, None, refused.code())
        return None
    if change is not None:
        tally.count(is_new=change.before is None, has_changed=bool(change.facts))
    return change


def _imported(
    batch: Batch, row: PersonRow, known: _Known, tally: Tally, rules: PointRules
) -> PersonChange | None:
    name, contact_id = _found(row, known, rules)
    if contact_id is None:
        return _created(batch, _said(row, known, tally, rules))
    match batch.on_duplicate:
        case "create":
            raise CellInvalidError(name, ExternalIdIsTakenError.code())
        case "skip":
            tally.skip(row.number, name)
            return None
        case "case":
            change = _created(batch, _said(row, known, tally, rules))
            tally.note(row.number, name, KNOWN)
            known.twins[change.after.state.contact_id] = contact_id
            return change
        case "update":
            return _updated(batch, _said(row, known, tally, rules), known.people[contact_id])


def _said(row: PersonRow, known: _Known, tally: Tally, rules: PointRules) -> _Said:
    part = _part(row, known, tally)
    region = known.regions.get(part.customer_id) if part else None
    home = next((each.country for each in row.postal_points), None)
    return _Said(
        row,
        tuple(_points(row, rules, region if country(region) else home)),
        tuple(postal_point(rules, each) for each in row.postal_points),
        tuple(KeyDate(**dict(each)) for each in row.key_dates),
        part,
    )


def _part(row: PersonRow, known: _Known, tally: Tally) -> Part | None:
    """The customer by its id in another system, else by its name.

    An id alone must be known; where the name stands beside it, the person comes without customer.
    """
    if row.customer is not None and (customer_id := known.customer_ids.get(row.customer)):
        return Part(customer_id, row.role)
    if row.customer_name is None:
        if row.customer is not None:
            raise CellInvalidError(CUSTOMER_EXTERNAL_ID + row.customer[0], "customer-not-found")
        return None
    customer_id = known.customers_named.get(row.customer_name.lower())
    if customer_id is None:
        tally.note(row.number, "customer_name", "no-one-customer-of-this-name")
        return None
    return Part(customer_id, row.role)


def _points(row: PersonRow, rules: PointRules, region: str | None) -> list[NewPoint]:
    points: list[NewPoint] = []
    for name, said in row.points:
        try:
            points.append(rules.read(said.type, said.value, region, primary=said.is_primary))
        except (EmailInvalidError, PhoneInvalidError) as error:
            raise CellInvalidError(name, error.code()) from error
    return points


def _found(row: PersonRow, known: _Known, rules: PointRules) -> tuple[str, UUID | None]:
    """By which field who is known: by a name in another system, else by e-mail."""
    for (system, _), link in zip(row.external_ids, _links(row, rules), strict=True):
        if contact_id := known.owners.get(link.link_id):
            return EXTERNAL_ID + system, contact_id
    return "email", known.contact_ids.get(row.email) if row.email else None


def _created(batch: Batch, said: _Said) -> PersonChange:
    command = CreatePerson(
        new_id(),
        said.row.said.given(),
        batch.cause.at,
        said.points,
        (said.part,) if said.part else (),
        batch.import_id,
        said.postal_points,
        said.key_dates,
    )
    return carry_out(None, command)


def _updated(batch: Batch, said: _Said, person: Person) -> PersonChange:
    """A membership keeps its role where the file names none; the primary point stays primary."""
    commands: list[Command] = [UpdatePerson(said.row.said.given(), batch.import_id)]
    commands.extend(AddPoint(replace(point, is_primary=False)) for point in said.points)
    commands.extend(AddPostalPoint(point) for point in said.postal_points)
    commands.extend(SetKeyDate(date) for date in said.key_dates)
    if (part := said.part) is not None:
        live = {each.customer_id: each for each in live_memberships(person.state)}
        present = live.get(part.customer_id)
        role = part.role or (present.role if present else None)
        is_primary = present.is_primary if present else False
        part = Part(part.customer_id, role, is_primary)
        commands.append(SetMembership(part, batch.cause.at))
    return carry_out(person, *commands)


async def _detect(
    connection: Connection,
    batch: Batch,
    keys: KeyChanges,
    links: Sequence[LinkIdentity],
    twins: Mapping[UUID, UUID],
) -> int:
    """Open cases for the new people; those whose numbers in one system differ are two."""
    unique: dict[UUID, set[Unique]] = {}
    for link in links:
        kind = f"{link.identifier_type}:{link.source}"
        unique.setdefault(link.contact_id, set()).add((kind, link.identifier))
    new = {
        each.entity_id: replace(each, unique=frozenset(unique.get(each.entity_id, ())))
        for each in keys.new
    }
    pairs = [(new[twin], known) for twin, known in twins.items()]
    load, cause = store.load_traits, batch.cause
    put_up = await duplicates.put_up(connection, cause, load, pairs, "import")
    new_ones = list(new.values())
    found = await duplicates.detect(connection, cause, load, new_ones, "import", keys.first)
    return put_up + found
