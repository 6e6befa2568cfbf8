"""The row of a partner, with its reps and what each of them has passed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.contracts.contacts import (
    PartnerOnboarded,
    PartnerRepCertified,
    PartnerRepExpired,
    PartnerRepointed,
    PartnerRepRegistered,
    PartnerRepRemoved,
    PartnerStatusChanged,
)

from customer_360.folding import Arrived, Fold


class Certificate(BaseModel):
    """The latest result of a course."""

    model_config = ConfigDict(frozen=True)

    course_id: str
    score: float
    valid_until: datetime


class Rep(BaseModel):
    """A salesperson of the partner."""

    model_config = ConfigDict(frozen=True)

    contact_id: UUID
    role: str | None = None
    status: str = "registered"
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Partner:
    """A customer in one of our programs."""

    partner_id: UUID
    version: int
    customer_id: UUID
    program: str | None = None
    tier: str | None = None
    territories: tuple[str, ...] = ()
    product_lines: tuple[str, ...] = ()
    agreement_ref: str | None = None
    status: str = "prospective"
    reason_code: str | None = None
    since: datetime | None = None
    reps: tuple[Rep, ...] = ()


def _first(first: Arrived[PartnerOnboarded]) -> Partner:
    return Partner(first.event.partner_id, first.envelope.version, first.event.customer_id)


fold = Fold[Partner]("partner_id", _first)


@fold.on(PartnerOnboarded)
def onboarded(partner: Partner, event: PartnerOnboarded) -> Partner:
    return replace(
        partner,
        program=event.program,
        tier=event.tier,
        territories=event.territories,
        product_lines=event.product_lines,
        agreement_ref=event.agreement_ref,
        since=event.onboarded_at,
    )


@fold.on(PartnerStatusChanged)
def status_changed(partner: Partner, event: PartnerStatusChanged) -> Partner:
    return replace(
        partner, status=event.to_status, reason_code=event.reason_code, since=event.since
    )


@fold.on(PartnerRepointed)
def repointed(partner: Partner, event: PartnerRepointed) -> Partner:
    return replace(partner, customer_id=event.to_id)


@fold.on(PartnerRepRegistered)
def registered(partner: Partner, event: PartnerRepRegistered) -> Partner:
    return _with(partner, event.contact_id, lambda rep: _but(rep, role=event.role))


@fold.on(PartnerRepCertified)
def certified(partner: Partner, event: PartnerRepCertified) -> Partner:
    passed = Certificate(
        course_id=event.course_id, score=event.score, valid_until=event.valid_until
    )
    return _with(partner, event.contact_id, lambda rep: _passed(rep, passed))


@fold.on(PartnerRepExpired)
def expired(partner: Partner, event: PartnerRepExpired) -> Partner:
    return _with(partner, event.contact_id, lambda rep: _but(rep, status="expired"))


@fold.on(PartnerRepRemoved)
def removed(partner: Partner, event: PartnerRepRemoved) -> Partner:
    left = tuple(rep for rep in partner.reps if rep.contact_id != event.contact_id)
    return replace(partner, reps=left)


def _with(partner: Partner, contact_id: UUID, change: Callable[[Rep], Rep]) -> Partner:
    """The partner with this rep changed, in the order of the persons' ids."""
    reps = {rep.contact_id: rep for rep in partner.reps}
    reps[contact_id] = change(reps.get(contact_id, Rep(contact_id=contact_id)))
    return replace(partner, reps=tuple(reps[key] for key in sorted(reps)))


def _but(rep: Rep, **fields: object) -> Rep:
    return rep.model_copy(update=fields)


def _passed(rep: Rep, passed: Certificate) -> Rep:
    others = [each for each in rep.certificates if each.course_id != passed.course_id]
    held = tuple(sorted([*others, passed], key=lambda each: each.course_id))
    return _but(rep, status="certified", certificates=held)
