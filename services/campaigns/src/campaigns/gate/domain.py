"""The send gate, pure: what a person chose, what they have had, what else is going on.

The order matters: it decides which reason is told, and only an open ticket waits to be over.
"""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from shared.contracts.campaigns import Objective, SuppressedFor
from shared.contracts.contacts import Purpose

from campaigns.policies.domain import Policy


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the send gate looks at, all of it read in the transaction that hands over."""

    purpose: Purpose
    objective: Objective
    has_opted_out: bool
    is_suppressed: bool
    has_consent: bool
    has_point: bool
    promotions: int
    critical_ticket_id: UUID | None
    has_won_deal: bool
    is_restricted: bool = False
    was_spoken_to: bool = False
    has_it: bool = False
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class HandOver:
    """The message may go out now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The message waits for the end of this ticket."""

    ticket_id: UUID


@dataclass(frozen=True, slots=True)
class Suppress:
    """The message must not go out, for this reason."""

    reason_code: SuppressedFor


Verdict: TypeAlias = HandOver | Hold | Suppress


def gate(policy: Policy, facts: GateFacts) -> Verdict:
    """The send gate, in its order; service mail skips talks, the cap and the ticket rule."""
    refusals: tuple[tuple[bool, SuppressedFor], ...] = (
        (facts.is_restricted, "restricted"),
        (facts.has_opted_out, "unsubscribed"),
        (facts.is_suppressed, "suppression-list"),
        (not facts.has_consent, "consent"),
        (not facts.has_point, "no-point"),
        (facts.has_it, "duplicate"),
        (facts.is_over, "occasion-over"),
        (facts.purpose != "service" and facts.was_spoken_to, "recent-contact"),
        (_is_capped(policy, facts), "frequency-cap"),
        (facts.objective == "nurture" and facts.has_won_deal, "deal-won"),
    )
    for is_refused, reason_code in refusals:
        if is_refused:
            return Suppress(reason_code)
    if facts.critical_ticket_id is not None and facts.purpose != "service":
        return Hold(facts.critical_ticket_id)
    return HandOver()


def _is_capped(policy: Policy, facts: GateFacts) -> bool:
    return facts.purpose != "service" and facts.promotions >= policy.promotional_cap
