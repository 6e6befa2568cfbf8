"""Partners: prospective → active ⇄ suspended, each → terminated; their reps come and expire.

What a rep is certified by is kept per course; certified is who holds one that is still valid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    PartnerOnboarded,
    PartnerRepCertified,
    PartnerRepExpired,
    PartnerRepointed,
    PartnerRepRegistered,
    PartnerRepRemoved,
    PartnerStatus,
    PartnerStatusChanged,
    RepStatus,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

FOLLOWS: Mapping[PartnerStatus, frozenset[PartnerStatus]] = MappingProxyType({
    "prospective": frozenset({"active", "terminated"}),
    "active": frozenset({"suspended", "terminated"}),
    "suspended": frozenset({"active", "terminated"}),
    "terminated": frozenset(),
})  # fmt: skip
"""What a partner may become; a terminated one stays so, and is onboarded anew as another."""


class PartnerNotFoundError(NotFoundError):
    """There is no such partner."""


class PartnerIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a partner with other content."""


class PartnerIsThereError(ConflictError):
    """The customer is a partner in this program already."""


class PartnersInOneProgramError(ConflictError):
    """Two of the customers are partners in the same program; terminate one of them first."""


class PartnerStatusDoesNotFollowError(ConflictError):
    """A partner of this status does not become that."""


class PartnerIsTerminatedError(ConflictError):
    """The partner is terminated; onboard it anew."""


class RepNotFoundError(NotFoundError):
    """The person is no rep of this partner."""


class CertificateIsOverError(InvalidError):
    """A certificate is valid until some time to come."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A course that was passed; its result counts until `valid_until`."""

    course_id: str
    score: float
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Rep:
    """A salesperson of the partner."""

    contact_id: UUID
    role: str
    registered_at: datetime
    status: RepStatus = "registered"
    certificates: tuple[Certificate, ...] = ()

    @property
    def certified_until(self) -> datetime | None:
        """When the last certificate ends; of one who is expired, when it ended."""
        return max((each.valid_until for each in self.certificates), default=None)


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner; of its reps those that a decision is about."""

    told: PartnerOnboarded
    version: int
    status: PartnerStatus
    since: datetime
    reason_code: str | None = None
    reps: Mapping[UUID, Rep] = field(default_factory=dict[UUID, Rep])


@dataclass(frozen=True, slots=True)
class OnboardPartner:
    """`there` is the partner, not terminated, that the customer is in this program already."""

    told: PartnerOnboarded
    there: UUID | None = None


@dataclass(frozen=True, slots=True)
class SetPartnerStatus:
    status: PartnerStatus
    reason_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RegisterRep:
    contact_id: UUID
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CertifyRep:
    contact_id: UUID
    certificate: Certificate
    at: datetime


@dataclass(frozen=True, slots=True)
class ExpireRep:
    """The time of the last certificate may be over."""

    contact_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class RemoveRep:
    contact_id: UUID
    reason_code: str


Command: TypeAlias = (
    OnboardPartner | SetPartnerStatus | RegisterRep | CertifyRep | ExpireRep | RemoveRep
)
RepFact: TypeAlias = (
    PartnerRepRegistered | PartnerRepCertified | PartnerRepExpired | PartnerRepRemoved
)
PartnerEvent: TypeAlias = PartnerOnboarded | PartnerStatusChanged | PartnerRepointed | RepFact


def decide(partner: Partner | None, command: Command) -> Sequence[PartnerEvent]:
    """The fact that follows; none for a repeat. Raises the refusals above."""
    if isinstance(command, OnboardPartner):
        return _onboard(partner, command)
    if partner is None:
        raise PartnerNotFoundError
    match command:
        case SetPartnerStatus():
            return _set_status(partner, command)
        case RegisterRep():
            return _register(partner, command)
        case CertifyRep():
            return _certify(partner, command)
        case ExpireRep():
            return _expire(partner, command)
        case RemoveRep():
            return _remove(partner, command)
        case _:
            assert_never(command)


def evolve(partner: Partner | None, event: PartnerEvent) -> Partner:
    if isinstance(event, PartnerOnboarded):
        return Partner(event, 1, "prospective", event.onboarded_at)
    assert partner is not None
    after = replace(partner, version=partner.version + 1)
    if isinstance(event, PartnerStatusChanged):
        return replace(
            after, status=event.to_status, since=event.since, reason_code=event.reason_code
        )
    if isinstance(event, PartnerRepointed):
        return replace(after, told=after.told.model_copy(update={"customer_id": event.to_id}))
    reps = {key: rep for key, rep in partner.reps.items() if key != event.contact_id}
    rep = _rep_after(partner.reps.get(event.contact_id), event)
    return replace(after, reps={**reps, rep.contact_id: rep} if rep else reps)


def _rep_after(rep: Rep | None, event: RepFact) -> Rep | None:
    match event:
        case PartnerRepRegistered(contact_id=contact_id, role=role, registered_at=at):
            return replace(rep, role=role) if rep else Rep(contact_id, role, at)
        case PartnerRepCertified():
            assert rep is not None
            passed = Certificate(event.course_id, event.score, event.valid_until)
            others = [each for each in rep.certificates if each.course_id != event.course_id]
            held = tuple(sorted([*others, passed], key=lambda each: each.course_id))
            return replace(rep, status="certified", certificates=held)
        case PartnerRepExpired():
            assert rep is not None
            return replace(rep, status="expired")
        case PartnerRepRemoved():
            return None
        case _:
            assert_never(event)


def _onboard(partner: Partner | None, command: OnboardPartner) -> Sequence[PartnerEvent]:
    told = command.told
    if partner is not None:
        if told.model_copy(update={"onboarded_at": partner.told.onboarded_at}) != partner.told:
            raise PartnerIdIsTakenError(partner_id=told.partner_id)
        return []
    if command.there is not None:
        raise PartnerIsThereError(partner_id=command.there, program=told.program)
    return [told]


def _set_status(partner: Partner, command: SetPartnerStatus) -> Sequence[PartnerEvent]:
    if command.status == partner.status:
        return []
    if command.status not in FOLLOWS[partner.status]:
        raise PartnerStatusDoesNotFollowError(from_status=partner.status, to_status=command.status)
    fact = PartnerStatusChanged(
        partner_id=partner.told.partner_id,
        customer_id=partner.told.customer_id,
        from_status=partner.status,
        to_status=command.status,
        reason_code=command.reason_code,
        since=command.at,
    )
    return [fact]


def _require_in_force(partner: Partner) -> None:
    if partner.status == "terminated":
        raise PartnerIsTerminatedError(partner_id=partner.told.partner_id)


def _register(partner: Partner, command: RegisterRep) -> Sequence[PartnerEvent]:
    _require_in_force(partner)
    known = partner.reps.get(command.contact_id)
    if known is not None and known.role == command.role:
        return []
    fact = PartnerRepRegistered(
        partner_id=partner.told.partner_id,
        customer_id=partner.told.customer_id,
        contact_id=command.contact_id,
        role=command.role,
        registered_at=known.registered_at if known else command.at,
    )
    return [fact]


def _certify(partner: Partner, command: CertifyRep) -> Sequence[PartnerEvent]:
    _require_in_force(partner)
    rep = partner.reps.get(command.contact_id)
    if rep is None:
        raise RepNotFoundError(contact_id=command.contact_id)
    passed = command.certificate
    if passed in rep.certificates:
        return []
    if passed.valid_until <= command.at:
        raise CertificateIsOverError(course_id=passed.course_id, valid_until=passed.valid_until)
    fact = PartnerRepCertified(
        partner_id=partner.told.partner_id,
        customer_id=partner.told.customer_id,
        contact_id=command.contact_id,
        course_id=passed.course_id,
        score=passed.score,
        valid_until=passed.valid_until,
    )
    return [fact]


def _expire(partner: Partner, command: ExpireRep) -> Sequence[PartnerEvent]:
    rep = partner.reps.get(command.contact_id)
    if rep is None or rep.status != "certified":
        return []
    ends_at = rep.certified_until
    assert ends_at is not None, "who is certified has a certificate"
    if ends_at > command.at:
        return []
    fact = PartnerRepExpired(
        partner_id=partner.told.partner_id,
        customer_id=partner.told.customer_id,
        contact_id=command.contact_id,
        expired_at=ends_at,
    )
    return [fact]


def _remove(partner: Partner, command: RemoveRep) -> Sequence[PartnerEvent]:
    """Also from a terminated partner: whoever is erased is in no list."""
    if command.contact_id not in partner.reps:
        return []
    fact = PartnerRepRemoved(
        partner_id=partner.told.partner_id,
        customer_id=partner.told.customer_id,
        contact_id=command.contact_id,
        reason_code=command.reason_code,
    )
    return [fact]
