"""The titles of facts: ids, codes, amounts and dates in words, and nobody's name."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from shared.contracts import campaigns, contacts, pipeline, service_desk
from shared.contracts.topic import Event

TITLES: dict[type[Event], Callable[[Any], str]] = {}
"""How each fact that the timeline shows is put into words."""

EventT = TypeVar("EventT", bound=Event)


def _title(fact: type[EventT], words: Callable[[EventT], str]) -> None:
    TITLES[fact] = words


def money(amount: Decimal, currency: str) -> str:
    """An amount as people read it: `12,000.00 EUR`."""
    return f"{amount:,.2f} {currency}"


def words(code: str) -> str:
    """A code as people read it: `in-progress` → `in progress`."""
    return code.replace("-", " ")


def _reason(code: str | None) -> str:
    return f" ({words(code)})" if code else ""


def _due(at: datetime) -> str:
    return f", due {at:%Y-%m-%d}"


_title(contacts.CustomerCreated, lambda e: f"Became known as {e.lifecycle} from {words(e.source)}")
_title(contacts.CustomerUpdated, lambda e: f"Details changed: {', '.join(e.changed_fields)}")
_title(
    contacts.CustomerLifecycleChanged,
    lambda e: f"{e.from_lifecycle.capitalize()} became {e.to_lifecycle}{_reason(e.reason_code)}",
)
_title(contacts.CustomerOwnerChanged, lambda e: f"{e.to_owner_id} took over as owner")
_title(contacts.CustomerQueued, lambda e: f"Waits for an owner in {words(e.to_queue)}")
_title(
    contacts.CustomerPreferenceLearned,
    lambda e: f"Preference learned: {words(e.key)} is {words(e.value_code)}",
)
_title(contacts.CustomerArchived, lambda e: f"Put away{_reason(e.reason_code)}")
_title(contacts.CustomerOffboarded, lambda e: f"No business any more{_reason(e.reason_code)}")
_title(contacts.CustomerRestored, lambda _: "In use again")
_title(contacts.CustomerMerged, lambda e: f"Merged with {len(e.merged_ids)} other of its records")
_title(contacts.CustomerUnmerged, lambda _: "Merge undone")
_title(
    contacts.CustomerGraded,
    lambda e: (
        f"Grade {e.to_grade} ({e.score:.0f} points)"
        + (f", was {e.from_grade}" if e.from_grade not in {None, e.to_grade} else "")
    ),
)
_title(
    contacts.CustomerGradeReviewDue,
    lambda e: (
        f"Grade {e.grade} is due for review"
        + (f": {e.proposal.grade} is proposed" if e.proposal else "")
    ),
)
_title(
    contacts.CustomerCreditLimitSet,
    lambda e: f"Credit limit {money(e.limit, e.currency)}, {e.terms_days} days",
)
_title(
    contacts.CustomerCreditLimitExpired,
    lambda e: f"Credit limit {money(e.limit, e.currency)} is past its time",
)
_title(
    contacts.CustomerCreditExposureChanged,
    lambda e: f"Owes {money(e.exposure, e.currency)}; {money(e.available, e.currency)} left",
)
_title(contacts.CustomerCreditHoldPlaced, lambda e: f"Credit hold{_reason(e.reason_code)}")
_title(
    contacts.CustomerCreditHoldReleased,
    lambda e: f"Credit hold released{_reason(e.reason_code)}",
)
_title(contacts.ContactArchived, lambda e: f"A person was put away{_reason(e.reason_code)}")
_title(contacts.ContactRestored, lambda _: "A person is in use again")
_title(
    contacts.ContactMerged,
    lambda e: f"A person was merged with {len(e.merged_ids)} other of their records",
)
_title(contacts.ContactUnmerged, lambda _: "Merge of a person undone")
_title(contacts.ContactCreated, lambda _: "A person became known")
_title(
    contacts.ContactUpdated, lambda e: f"A person's details changed: {', '.join(e.changed_fields)}"
)
_title(
    contacts.ContactMembershipChanged,
    lambda e: {
        "added": f"A person joined{_reason(e.role)}",
        "role-changed": f"A person's role changed{_reason(e.role)}",
        "ended": f"A person left{_reason(e.role)}",
    }[e.action],
)
_title(contacts.ContactPointAdded, lambda e: f"New {e.point_type} of a person")
_title(
    contacts.ContactPointInvalidated,
    lambda e: f"An address no longer works{_reason(e.reason_code)}",
)
_title(contacts.ContactPointVerified, lambda e: f"An address was verified by {words(e.method)}")
_title(contacts.ConsentGranted, lambda e: f"Allowed {words(e.purpose)} by {e.channel} ({e.source})")
_title(contacts.ConsentDenied, lambda e: f"Refused {words(e.purpose)} by {e.channel} ({e.source})")
_title(
    contacts.ConsentConfirmationRequested,
    lambda e: f"Asked by mail to confirm {words(e.purpose)} by {e.channel} ({e.source})",
)
_title(contacts.ConsentExpired, lambda e: f"Consent to {words(e.purpose)} by {e.channel} expired")
_title(
    contacts.ConsentWithdrawn,
    lambda e: f"Withdrew {words(e.purpose)} by {e.channel} ({e.source})",
)
_title(
    contacts.SuppressionAdded, lambda e: f"No {e.channel} to this person{_reason(e.reason_code)}"
)
_title(contacts.SuppressionLifted, lambda e: f"{e.channel.capitalize()} allowed again")
_title(contacts.ContactPostalPointAdded, lambda _: "New postal address of a person")
_title(contacts.ContactKeyDateSet, lambda e: f"{words(e.kind).capitalize()} of a person noted")
_title(contacts.IdentityUnlinked, lambda e: f"No longer known by {words(e.identifier_type)}")
_title(
    contacts.IdentityConflictDetected,
    lambda e: f"Another person claims the same {words(e.identifier_type)}",
)
_title(contacts.ProcessingRestricted, lambda _: "Data of a person may no longer be processed")
_title(contacts.RestrictionLifted, lambda _: "Data of a person may be processed again")
_title(contacts.ErasureRequested, lambda _: "A person is being forgotten")
_title(contacts.ErasureCompleted, lambda _: "A person was forgotten")
_title(
    contacts.PrivacyRequestRejected,
    lambda e: f"A request about a person's data was rejected{_reason(e.reason_code)}",
)
_title(contacts.ExportRequested, lambda _: "A person asked what is held of them")
_title(contacts.ExportCompleted, lambda _: "A person's access request was answered")
_title(contacts.DuplicateDetected, lambda e: f"May be known twice ({e.score:.0%} sure)")
_title(contacts.DuplicateDismissed, lambda e: f"Not known twice{_reason(e.reason_code)}")
_title(contacts.DuplicateMerged, lambda _: "Known twice, and merged")
_title(contacts.IdentityLinked, lambda e: f"Recognised by {words(e.identifier_type)}")

_title(
    contacts.InteractionRecorded,
    lambda e: f"{words(e.kind).capitalize()}, {e.direction}, by {e.channel}{_reason(e.outcome)}",
)
_title(
    contacts.InteractionCorrected, lambda e: f"An interaction was corrected{_reason(e.reason_code)}"
)
_title(
    contacts.RelationshipEstablished, lambda e: f"Related to another: {words(e.relationship_type)}"
)
_title(
    contacts.RelationshipEnded,
    lambda e: f"No longer {words(e.relationship_type)} of another{_reason(e.reason_code)}",
)

_title(
    contacts.HouseholdChanged,
    lambda e: {
        "founded": "Heads a new household",
        "member-added": "Joined a household",
        "member-removed": "Left a household",
        "member-replaced": "Has another's place in a household",
        "head-set": "Heads the household",
        "dissolved": "The household was dissolved",
    }.get(e.action, f"Household {words(e.action)}"),
)
_title(
    contacts.PartnerOnboarded,
    lambda e: f"To be a partner in {words(e.program)}, {words(e.tier)}",
)
_title(
    contacts.PartnerStatusChanged,
    lambda e: f"{e.from_status.capitalize()} partner became {e.to_status}{_reason(e.reason_code)}",
)
_title(contacts.PartnerRepointed, lambda _: "Partner goes with its merged record")
_title(contacts.PartnerRepRegistered, lambda e: f"A rep was registered{_reason(e.role)}")
_title(
    contacts.PartnerRepCertified,
    lambda e: f"A rep passed {words(e.course_id)} with {e.score:g} points",
)
_title(contacts.PartnerRepExpired, lambda _: "The last certificate of a rep is over")
_title(contacts.PartnerRepRemoved, lambda e: f"No longer a rep{_reason(e.reason_code)}")

_title(pipeline.LeadCreated, lambda e: f"Lead from {words(e.source)} by {words(e.channel)}")
_title(pipeline.LeadAssigned, lambda e: f"Lead assigned to {e.owner_id}")
_title(pipeline.LeadContacted, lambda e: f"Lead answered after {e.response_minutes} min")
_title(pipeline.LeadScored, lambda e: f"Lead scored {e.total}: grade {e.to_grade}")
_title(pipeline.LeadQualified, lambda e: f"Lead qualified by {e.qualified_by}")
_title(pipeline.LeadDisqualified, lambda e: f"Lead disqualified{_reason(e.reason_code)}")
_title(pipeline.LeadIdentified, lambda _: "Lead recognised as a known person")
_title(pipeline.LeadConverted, lambda _: "Lead converted")
_title(pipeline.DealOpened, lambda e: f"Deal opened: {money(e.amount, e.currency)}")
_title(pipeline.DealOwnerChanged, lambda e: f"{e.to_owner_id} took over the deal")
_title(pipeline.DealStageChanged, lambda e: f"Deal moved to {words(e.to_stage_id)}")
_title(pipeline.DealAmountChanged, lambda e: f"Deal now worth {money(e.to_amount, e.currency)}")
_title(pipeline.DealCloseDateChanged, lambda e: f"Deal expected to close on {e.to_date}")
_title(pipeline.DealRiskFlagged, lambda e: f"Deal at risk: {words(e.code)}")
_title(pipeline.DealRiskCleared, lambda e: f"Risk over: {words(e.code)}")
_title(pipeline.DealWon, lambda e: f"Deal won: {money(e.amount, e.currency)}")
_title(
    pipeline.DealLost,
    lambda e: f"Deal lost: {money(e.amount, e.currency)}{_reason(e.reason_code)}",
)
_title(pipeline.DealRedacted, lambda _: "Deal: what it told of a person was erased")
_title(pipeline.DealRepointed, lambda _: "Deal goes with its merged record")
_title(
    pipeline.LeadPrioritized,
    lambda e: (
        f"Lead of a customer graded {e.customer_grade}"
        if e.customer_grade
        else "Lead as urgent as its own grade says"
    ),
)
_title(pipeline.LeadRepointed, lambda _: "Lead goes with its merged record")
_title(pipeline.OrderRepointed, lambda _: "Order goes with its merged record")
_title(pipeline.CommitmentMade, lambda e: f"{e.made_by} promised: {words(e.kind)}{_due(e.due_at)}")
_title(pipeline.CommitmentDueSoon, lambda e: f"Promise due soon{_due(e.due_at)}")
_title(pipeline.CommitmentBroken, lambda e: f"Promise of {e.owner_id} broken{_due(e.due_at)}")
_title(pipeline.CommitmentFulfilled, lambda e: f"Promise kept{', too late' if e.is_late else ''}")
_title(
    pipeline.CommitmentWithdrawn,
    lambda e: f"Released from a promise{_reason(e.reason_code)}",
)
_title(pipeline.CommitmentOwnerChanged, lambda e: f"{e.to_owner_id} took over the promise")
_title(pipeline.CommitmentRedacted, lambda _: "Promise: what it told of a person was erased")
_title(pipeline.CommitmentRepointed, lambda _: "Promise goes with its merged record")
_title(pipeline.DealReopened, lambda e: f"Deal reopened{_reason(e.reason_code)}")
_title(
    pipeline.OrderConfirmed,
    lambda e: f"Order {e.external_ref}: {money(e.total, e.currency)}",
)
_title(pipeline.OrderStatusChanged, lambda e: f"Order {words(e.to_status)}")
_title(
    pipeline.OrderPaymentOverdue,
    lambda e: (
        f"Order {e.external_ref} not paid: {money(e.total, e.currency)}{_due(e.due_at)}"
        f" (level {e.level})"
    ),
)
_title(pipeline.OrderRevised, lambda e: f"Order changed: {money(e.total, e.currency)}")

_title(
    service_desk.TicketOpened,
    lambda e: f"Ticket {e.number} opened: {words(e.ticket_type)}, severity {e.severity}",
)
_title(service_desk.TicketAssigned, lambda e: f"Ticket assigned to {e.agent_id}")
_title(service_desk.TicketStatusChanged, lambda e: f"Ticket now {words(e.to_status)}")
_title(
    service_desk.TicketMessageAdded,
    lambda e: {
        "inbound": f"Customer wrote by {words(e.channel)}",
        "outbound": f"We wrote by {words(e.channel)}",
        "internal": "Internal note on a ticket",
    }[e.direction],
)
_title(
    service_desk.TicketFirstResponded,
    lambda e: f"Ticket answered first by {e.agent_id}{'' if e.within_sla else ', too late'}",
)
_title(
    service_desk.TicketPriorityChanged,
    lambda e: f"Ticket severity {e.from_severity} → {e.to_severity}",
)
_title(
    service_desk.TicketResolved,
    lambda e: f"Ticket resolved: {words(e.resolution_code)}",
)
_title(service_desk.TicketReopened, lambda e: f"Ticket reopened{_reason(e.reason_code)}")
_title(service_desk.TicketClosed, lambda e: f"Ticket closed by {e.closed_by}")
_title(service_desk.TicketRedacted, lambda _: "Ticket: what a person wrote was erased")
_title(service_desk.TicketRepointed, lambda _: "Ticket goes with its merged record")
_title(service_desk.TicketDuplicateSuspected, lambda _: "Ticket seems to repeat another")
_title(service_desk.TicketDuplicateCleared, lambda _: "Ticket repeats no other after all")
_title(service_desk.TicketCancelled, lambda e: f"Ticket cancelled{_reason(e.reason_code)}")
_title(
    service_desk.ClockStarted,
    lambda e: f"Promised: {words(e.metric)} in {e.target_minutes} business minutes",
)
_title(service_desk.ClockPaused, lambda e: f"Clock paused: {words(e.metric)}")
_title(service_desk.ClockResumed, lambda e: f"Clock runs again: {words(e.metric)}")
_title(service_desk.ClockRetargeted, lambda e: f"New target for {words(e.metric)}")
_title(service_desk.ClockWarned, lambda e: f"{e.percent} % of the time for {words(e.metric)} gone")
_title(service_desk.ClockBreached, lambda e: f"Promise broken: {words(e.metric)}")
_title(
    service_desk.ClockMet,
    lambda e: f"Promise kept{' late' if e.late_by_minutes else ''}: {words(e.metric)}",
)
_title(service_desk.ClockCancelled, lambda e: f"Promise void: {words(e.metric)}")
_title(service_desk.SurveySent, lambda e: f"Asked how it was ({e.kind.upper()})")
_title(service_desk.SurveyAnswered, lambda e: f"Answered {e.kind.upper()}: {e.score}")

_title(campaigns.SegmentMemberEntered, lambda _: "Entered a segment")
_title(campaigns.SegmentMemberExited, lambda _: "Left a segment")
_title(campaigns.MessageHeld, lambda e: f"Campaign {e.channel} held{_reason(e.reason_code)}")
_title(campaigns.MessageSent, lambda e: f"Campaign {e.channel} sent")
_title(
    campaigns.MessageSuppressed, lambda e: f"Campaign {e.channel} not sent{_reason(e.reason_code)}"
)
_title(campaigns.MessageFailed, lambda e: f"Campaign {e.channel} failed{_reason(e.reason_code)}")
_title(campaigns.MessageClicked, lambda e: f"Clicked in a campaign {e.channel}")
_title(campaigns.MessageBounced, lambda e: f"A mail came back: {e.bounce} bounce")
_title(campaigns.MessageUnsubscribed, lambda e: f"Unsubscribed from {words(e.purpose)}")
_title(campaigns.ResponseRecorded, lambda e: f"Responded by {words(e.kind)}")
_title(campaigns.FormSubmitted, lambda e: f"Form submitted: {words(e.kind)}")
_title(
    campaigns.AttributionComputed,
    lambda e: f"Deal owed to {len(e.touches)} campaign touches",
)
