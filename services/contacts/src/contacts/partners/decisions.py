"""What a merge makes of partners and their reps, and what its undoing gives back.

Of people who are reps of one partner the one who stays is so once: in their own role, else in that
of the first of the others, and by the certificate of each course that is valid the longest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import (
    PartnerRepCertified,
    PartnerRepExpired,
    PartnerRepointed,
    PartnerRepRegistered,
    PartnerRepRemoved,
)

from contacts.partners.domain import Certificate, Partner, PartnerEvent, Rep, RepFact, evolve


@dataclass(frozen=True, slots=True)
class MergedReps:
    """Who of the merged people was a rep of a partner, and what the one who stays became."""

    partner_id: UUID
    before: Mapping[UUID, Rep]
    made: Rep


def reps_merged(
    reps: Mapping[UUID, Rep], merged_ids: Sequence[UUID], survivor_id: UUID, at: datetime
) -> Rep | None:
    """What the one who stays is, of a partner with these reps; None where no other is one."""
    theirs = [reps[each] for each in merged_ids if each in reps]
    if not theirs:
        return None
    own = reps.get(survivor_id)
    made = Rep(
        survivor_id,
        (own or theirs[0]).role,
        own.registered_at if own else min(each.registered_at for each in theirs),
        certificates=_longest(
            certificate
            for rep in (*((own,) if own else ()), *theirs)
            for certificate in rep.certificates
        ),
    )
    return _by_then(made, at)


def reps_returned(
    kept: MergedReps, now: Rep | None, survivor_id: UUID, at: datetime
) -> dict[UUID, Rep | None]:
    """Each is what they were; what the one who stayed became since they stay.

    Whoever was removed since, or registered anew, is the one who stayed: nobody gets that back.
    """
    if now is None or now.registered_at != kept.made.registered_at:
        return {}
    back: dict[UUID, Rep | None] = {
        contact_id: _by_then(rep, at) for contact_id, rep in kept.before.items()
    }
    own = kept.before.get(survivor_id)
    since = [each for each in now.certificates if each not in kept.made.certificates]
    if own is None and not since and now.role == kept.made.role:
        return {**back, survivor_id: None}
    before = own.certificates if own else ()
    courses = {each.course_id for each in since}
    held = [*(each for each in before if each.course_id not in courses), *since]
    return {**back, survivor_id: _by_then(replace(now, certificates=_in_order(held)), at)}


def adopted(
    partner: Partner, wanted: Mapping[UUID, Rep | None], reason_code: str
) -> tuple[Partner, list[RepFact]]:
    """The partner with these reps, None where one is none any more, and the facts that say so."""
    facts: list[RepFact] = []
    for contact_id, rep in sorted(wanted.items(), key=lambda each: (each[1] is not None, each[0])):
        for fact in _facts_to(partner, contact_id, rep, reason_code):
            partner = evolve(partner, fact)
            facts.append(fact)
    return partner, facts


def repointed(partner: Partner, to_id: UUID) -> tuple[Partner, list[PartnerEvent]]:
    """The partner is this customer now."""
    fact = PartnerRepointed(
        partner_id=partner.told.partner_id,
        customer_id=to_id,
        from_id=partner.told.customer_id,
        to_id=to_id,
    )
    return evolve(partner, fact), [fact]


def _facts_to(
    partner: Partner, contact_id: UUID, wanted: Rep | None, reason_code: str
) -> list[RepFact]:
    """What is to be told so that a person becomes this rep; nothing where they are."""
    now = partner.reps.get(contact_id)
    if now == wanted:
        return []
    who = {
        "partner_id": partner.told.partner_id,
        "customer_id": partner.told.customer_id,
        "contact_id": contact_id,
    }
    facts: list[RepFact] = []
    if now is not None and (wanted is None or not _is_on_the_way(now, wanted)):
        facts.append(PartnerRepRemoved(**who, reason_code=reason_code))
        now = None
    if wanted is None:
        return facts
    if now is None or now.role != wanted.role:
        at = wanted.registered_at
        facts.append(PartnerRepRegistered(**who, role=wanted.role, registered_at=at))
    known = now.certificates if now else ()
    new = [each for each in wanted.certificates if each not in known]
    facts.extend(_certified(who, each) for each in new)
    is_told = now is not None and now.status == "expired" and not new
    if wanted.status == "expired" and not is_told and wanted.certified_until is not None:
        facts.append(PartnerRepExpired(**who, expired_at=wanted.certified_until))
    return facts


def _certified(who: Mapping[str, UUID], passed: Certificate) -> PartnerRepCertified:
    return PartnerRepCertified(
        **who,
        course_id=passed.course_id,
        score=passed.score,
        valid_until=passed.valid_until,
    )


def _is_on_the_way(now: Rep, wanted: Rep) -> bool:
    """Whether more facts of the same registration lead there: none takes a certificate away."""
    courses = {each.course_id for each in wanted.certificates}
    return now.registered_at == wanted.registered_at and all(
        each.course_id in courses for each in now.certificates
    )


def _by_then(rep: Rep, at: datetime) -> Rep:
    """The status that follows from the certificates at that time."""
    if rep.certified_until is None:
        return replace(rep, status="registered")
    return replace(rep, status="certified" if rep.certified_until > at else "expired")


def _longest(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Of each course the one that is valid the longest; of two such the better."""
    best: dict[str, Certificate] = {}
    for each in sorted(certificates, key=lambda each: (each.valid_until, each.score)):
        best[each.course_id] = each
    return _in_order(best.values())


def _in_order(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    return tuple(sorted(certificates, key=lambda each: each.course_id))
