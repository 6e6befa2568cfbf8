"""Identities: when an identifier was seen with the person it is linked to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from contacts.identities.domain import (
    Link,
    LinkIdentity,
    UnlinkIdentity,
    decide,
    evolve,
    is_repeat,
    see,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE, TWO = UUID(int=1), UUID(int=2)
VISITOR = LinkIdentity("visitor_id", "hash", ONE, None, "web")


def linked() -> Link:
    return evolve(None, decide(None, VISITOR)[0], AT)


def unlinked() -> Link:
    link = linked()
    return evolve(link, decide(link, UnlinkIdentity(ONE, "error"))[0], AT + HOUR)


def test_an_identifier_is_first_and_last_seen_when_it_is_linked() -> None:
    assert (linked().first_seen_at, linked().last_seen_at) == (AT, AT)


def test_seen_again_it_moves_forward_without_a_fact_and_a_version() -> None:
    link = linked()
    assert decide(link, VISITOR) == []
    seen = see(link, AT + HOUR)
    assert seen == replace(link, last_seen_at=AT + HOUR)
    assert see(seen, AT + 3 * HOUR).last_seen_at == AT + 3 * HOUR


def test_within_the_hour_and_before_it_stays() -> None:
    link = see(linked(), AT + 2 * HOUR)
    for at in (AT, AT + HOUR, AT + 2 * HOUR, AT + 3 * HOUR - timedelta(seconds=1)):
        assert see(link, at) is link


def test_of_nobody_and_of_another_it_is_not_seen() -> None:
    assert is_repeat(linked(), VISITOR)
    assert not is_repeat(linked(), replace(VISITOR, contact_id=TWO))
    assert not is_repeat(unlinked(), VISITOR)
    assert see(unlinked(), AT + 9 * HOUR).last_seen_at == AT


def test_linked_anew_it_is_first_seen_then() -> None:
    link = unlinked()
    claim = replace(VISITOR, contact_id=TWO)
    again = evolve(link, decide(link, claim)[0], AT + 5 * HOUR)
    assert (again.first_seen_at, again.last_seen_at) == (AT + 5 * HOUR, AT + 5 * HOUR)
    assert again.version == 3
