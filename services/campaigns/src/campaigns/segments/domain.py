"""Segments: who belongs together, by a list or by a rule; and one person's membership in one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.campaigns import SegmentActivated, SegmentMemberEntered, SegmentMemberExited
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.ids import derived_id

from campaigns.audience.domain import PersonFacts, facts_about
from campaigns.rules import Rule, facts_of, holds

Kind: TypeAlias = Literal["static", "dynamic"]
MemberEvent: TypeAlias = SegmentMemberEntered | SegmentMemberExited


class SegmentNotFoundError(NotFoundError):
    """There is no such segment."""


class SegmentIdIsTakenError(ConflictError):
    """A segment with this id has other contents."""


class SegmentIsDynamicError(ConflictError):
    """The members of a dynamic segment follow from its rule; nobody adds or removes them."""


class RuleNeededError(InvalidError):
    """A dynamic segment needs a rule, and a static one has none."""


@dataclass(frozen=True, slots=True)
class Segment:
    """`is_evaluated` once the whole base was looked at; changes count from the first moment on."""

    segment_id: UUID
    version: int
    name: str
    kind: Kind
    rule: Rule | None
    is_evaluated: bool = False
    evaluated_to: UUID | None = None

    @property
    def depends_on(self) -> frozenset[str]:
        """The facts whose change may change its members."""
        return facts_of(self.rule) if self.rule else frozenset()


@dataclass(frozen=True, slots=True)
class ActivateSegment:
    segment_id: UUID
    name: str
    kind: Kind
    rule: Rule | None


def decide(segment: Segment | None, command: ActivateSegment) -> list[SegmentActivated]:
    """Bring a segment into force; a repeat stays quiet."""
    if (command.kind == "dynamic") != (command.rule is not None):
        raise RuleNeededError(field="rule")
    if segment is not None:
        known = (segment.name, segment.kind, segment.rule)
        if known != (command.name, command.kind, command.rule):
            raise SegmentIdIsTakenError(segment_id=segment.segment_id)
        return []
    return [
        SegmentActivated(
            segment_id=command.segment_id,
            segment_version=1,
            name=command.name,
            kind=command.kind,
            depends_on=tuple(sorted(facts_of(command.rule))) if command.rule else (),
        )
    ]


def activated(command: ActivateSegment) -> Segment:
    """The segment after its activation; a list needs no evaluation."""
    return Segment(
        segment_id=command.segment_id,
        version=1,
        name=command.name,
        kind=command.kind,
        rule=command.rule,
        is_evaluated=command.kind == "static",
    )


@dataclass(frozen=True, slots=True)
class Member:
    """One person in one segment, or not any more; version 0 where he never was.

    `stands_by` is who is in it for a person who was merged; who is in it for such alone is in
    `by_merge`.
    """

    segment_id: UUID
    contact_id: UUID
    version: int = 0
    customer_id: UUID | None = None
    is_in: bool = False
    entered_at: datetime | None = None
    stands_by: UUID | None = None
    by_merge: bool = False

    @property
    def is_own(self) -> bool:
        """Whether somebody put this very person in."""
        return self.is_in and not self.by_merge

    @property
    def member_id(self) -> UUID:
        """The id of this person's membership in this segment, for ever the same."""
        return derived_id("segment-member", self.segment_id, self.contact_id)


@dataclass(frozen=True, slots=True)
class PlaceMember:
    """State whether the person belongs in the segment, and by which customer."""

    is_in: bool
    at: datetime
    customer_id: UUID | None = None


def decide_member(member: Member, command: PlaceMember) -> list[MemberEvent]:
    """Enter or exit once per change; what is so already stays quiet."""
    if member.is_in == command.is_in:
        return []
    if command.is_in:
        return [
            SegmentMemberEntered(
                member_id=member.member_id,
                segment_id=member.segment_id,
                contact_id=member.contact_id,
                customer_id=command.customer_id,
                entered_at=command.at,
            )
        ]
    return [
        SegmentMemberExited(
            member_id=member.member_id,
            segment_id=member.segment_id,
            contact_id=member.contact_id,
            customer_id=member.customer_id,
            exited_at=command.at,
        )
    ]


def placed(member: Member, command: PlaceMember) -> tuple[Member, list[MemberEvent]]:
    """The membership after a command and what is told; whoever is put in is in as themselves."""
    member, events = carried_out(member, command)
    return replace(member, stands_by=None, by_merge=False), events


def carried_out(member: Member, command: PlaceMember) -> tuple[Member, list[MemberEvent]]:
    """The same of a membership that a merge may have moved: for whom it stands is left."""
    events = decide_member(member, command)
    for event in events:
        member = evolve_member(member, event)
    return member, events


def evolve_member(member: Member, event: MemberEvent) -> Member:
    """The membership after the event."""
    match event:
        case SegmentMemberEntered():
            return replace(
                member,
                version=member.version + 1,
                customer_id=event.customer_id,
                is_in=True,
                entered_at=event.entered_at,
            )
        case SegmentMemberExited():
            return replace(member, version=member.version + 1, is_in=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """Which facts changed: names, or beginnings of names that end in a dot."""

    names: frozenset[str]

    def touches(self, segment: Segment) -> bool:
        """Whether the segment's rule asks for one of them."""
        beginnings = tuple(name for name in self.names if name.endswith("."))
        return any(fact in self.names or fact.startswith(beginnings) for fact in segment.depends_on)


EVERYTHING = Changed(frozenset({"customer.", "contact.", "has_consent."}))


def place(rule: Rule, asked: frozenset[str], person: PersonFacts, at: datetime) -> PlaceMember:
    """Whether the rule is true of the person, seen from any one of the person's customers.

    Whoever was merged is the one who stays: of them no rule is true.
    """
    if person.is_merged:
        return PlaceMember(is_in=False, at=at)
    for customer in person.customers or (None,):
        if holds(rule, facts_about(person, customer, asked)):
            customer_id = customer.customer_id if customer else None
            return PlaceMember(is_in=True, at=at, customer_id=customer_id)
    return PlaceMember(is_in=False, at=at)


def touched(segments: Iterable[Segment], changed: Changed) -> list[Segment]:
    """The segments that have to be looked at again."""
    return [segment for segment in segments if changed.touches(segment)]
