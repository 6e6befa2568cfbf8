"""vCards of people: written as version 4.0 (RFC 6350)."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from shared.contracts.contacts import (
    ContactPoint,
    ContactState,
    CustomerState,
    KeyDate,
    PostalPoint,
)

from contacts.ranks import key_date, posted_to, ranked_parts, reached_at

_LONGEST_LINE = 75
"""In octets; what is longer goes on in a line that begins with a space."""


def write_card(state: ContactState, customers: Mapping[UUID, CustomerState]) -> str:
    """The person's card; `customers` are those that the person may belong to."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", *_properties(state, customers), "END:VCARD"]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _properties(state: ContactState, customers: Mapping[UUID, CustomerState]) -> Iterator[str]:
    yield f"UID:urn:uuid:{state.contact_id}"
    yield f"FN:{_escaped(_full_name(state))}"
    names = (state.family_name, state.given_name, None, state.salutation, None)
    yield f"N:{_structured(names)}"
    yield from _reached_at(state)
    yield from map(_address, posted_to(state))
    yield from _works_as(state, customers)
    if born := key_date(state, "birthday"):
        yield f"BDAY:{_date(born)}"
    if anniversary := key_date(state, "anniversary"):
        yield f"ANNIVERSARY:{_date(anniversary)}"
    if state.language:
        yield f"LANG:{state.language}"
    if state.timezone:
        yield f"TZ:{_escaped(state.timezone)}"


def _full_name(state: ContactState) -> str:
    """A card must have a name: without one it is what the person is reached at, or the id."""
    name = " ".join(part for part in (state.given_name, state.family_name) if part)
    points = (point.value for point in state.points if point.status == "active")
    return name or next(points, str(state.contact_id))


def _reached_at(state: ContactState) -> Iterator[str]:
    for point in reached_at(state, "email"):
        yield f"EMAIL{_rank(point)}:{_escaped(point.normalized)}"
    for point in reached_at(state, "phone"):
        yield f"TEL;VALUE=uri;TYPE=voice{_rank(point)}:tel:{point.normalized}"
    for point in reached_at(state, "mobile"):
        yield f"TEL;VALUE=uri;TYPE=cell{_rank(point)}:tel:{point.normalized}"


def _address(point: PostalPoint) -> str:
    street = ",".join(map(_escaped, point.lines))
    place = (point.locality, point.region, point.postal_code, point.country)
    return f"ADR{_rank(point)}:;;{street};{_structured(place)}"


def _works_as(state: ContactState, customers: Mapping[UUID, CustomerState]) -> Iterator[str]:
    part = next(iter(ranked_parts(state)), None)
    customer = customers.get(part.customer_id) if part else None
    if customer or state.department:
        name = customer.display_name if customer else ""
        yield f"ORG:{_structured((name, state.department) if state.department else (name,))}"
    if state.job_title:
        yield f"TITLE:{_escaped(state.job_title)}"
    if part and part.role:
        yield f"ROLE:{_escaped(part.role)}"


def _rank(point: ContactPoint | PostalPoint) -> str:
    return ";PREF=1" if point.is_primary else ""


def _date(date: KeyDate) -> str:
    """`18151210`; without a year `--1210`."""
    day = date.month_day.replace("-", "")
    return f"{date.year:04}{day}" if date.year else f"--{day}"


def _structured(parts: Iterable[str | None]) -> str:
    return ";".join(_escaped(part or "") for part in parts)


def _escaped(text: str) -> str:
    for character, escaped in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\n", "\\n")):
        text = text.replace(character, escaped)
    return text.replace("\r", "")


def _folded(line: str) -> str:
    pieces: list[str] = []
    piece, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > _LONGEST_LINE:
            pieces.append(piece)
            piece, octets = " ", 1
        piece += character
        octets += size
    return "\r\n".join([*pieces, piece])
