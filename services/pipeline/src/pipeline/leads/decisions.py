"""Deciding on leads: what a command makes happen, what is refused, what stays quiet."""

from collections.abc import Iterable

from shared.contracts.pipeline import (
    LeadAssigned,
    LeadContacted,
    LeadConverted,
    LeadCreated,
    LeadDisqualified,
    LeadIdentified,
    LeadPrioritized,
    LeadQualified,
    LeadRepointed,
    LeadScored,
    LeadStatus,
)
from shared.ids import derived_id

from pipeline.leads.commands import (
    AssignLead,
    ContactLead,
    ConvertLead,
    CreateLead,
    DisqualifyLead,
    IdentifyLead,
    LeadCommand,
    PrioritizeLead,
    QualifyLead,
    RepointLead,
    ScoreLead,
)
from pipeline.leads.domain import (
    WINDOW,
    Lead,
    LeadEvent,
    LeadExistsError,
    LeadIsConvertedError,
    LeadIsDisqualifiedError,
    LeadStatusForbidsError,
    folded,
)
from pipeline.scoring import GOOD_GRADES, RESPONSE_POLICY, SCORE_MODEL

_STEPS: tuple[LeadStatus, ...] = ("new", "assigned", "contacted", "qualified")


def decide(lead: Lead, command: LeadCommand) -> list[LeadEvent]:  # noqa: C901, PLR0911 -- one per command
    match command:
        case CreateLead():
            return _create(lead, command)
        case AssignLead():
            return _assign(lead, command)
        case ContactLead():
            return _contact(lead, command)
        case ScoreLead():
            return _score(lead, command)
        case QualifyLead():
            return _qualify(lead, command)
        case DisqualifyLead():
            return _disqualify(lead, command)
        case IdentifyLead():
            return _identify(lead, command)
        case PrioritizeLead():
            return _prioritize(lead, command)
        case ConvertLead():
            return _convert(lead, command)
        case RepointLead():
            return _repoint(lead, command)


def decided(lead: Lead, commands: Iterable[LeadCommand]) -> list[LeadEvent]:
    """What several commands, one after the other, make of the lead."""
    events: list[LeadEvent] = []
    for command in commands:
        fresh = decide(lead, command)
        lead = folded(lead, fresh)
        events.extend(fresh)
    return events


def told_twice(leads: Iterable[Lead]) -> list[tuple[Lead, Lead]]:
    """Of the open leads of one person, each that asks for the same as another, with that one.

    The one that has come furthest goes on; of several the first.
    """
    going_on: list[Lead] = []
    pairs: list[tuple[Lead, Lead]] = []
    for lead in sorted(leads, key=lambda each: (-_STEPS.index(each.status), each.received_at)):
        other = next((each for each in going_on if _asks_for_the_same(each, lead)), None)
        if other is None:
            going_on.append(lead)
        else:
            pairs.append((lead, other))
    return pairs


def _asks_for_the_same(one: Lead, other: Lead) -> bool:
    """As with a lead that comes in: common product lines, or none in either, within the window."""
    lines, others = set(one.product_interests), set(other.product_interests)
    is_near = abs(one.received_at - other.received_at) < WINDOW
    return is_near and (lines == others or not lines.isdisjoint(others))


def _create(lead: Lead, command: CreateLead) -> list[LeadEvent]:
    if lead.version > 0:
        wanted = (command.source, command.channel, command.email, command.name)
        if wanted != (lead.source, lead.channel, lead.email, lead.name):
            raise LeadExistsError(lead_id=lead.lead_id)
        return []
    grade = SCORE_MODEL.grade_of(SCORE_MODEL.fit_of(lead.known) + SCORE_MODEL.intake)
    return [
        LeadCreated(
            lead_id=lead.lead_id,
            source=lead.source,
            channel=lead.channel,
            submission_id=lead.submission_id,
            campaign_id=lead.campaign_id,
            product_interests=lead.product_interests,
            received_at=lead.received_at,
            response_due_at=RESPONSE_POLICY.due_at(lead.received_at, grade),
        )
    ]


def _assign(lead: Lead, command: AssignLead) -> list[LeadEvent]:
    if lead.owner_id == command.owner_id:
        return []
    _require_not_closed(lead)
    return [_assigned(lead, command)]


def _assigned(lead: Lead, command: AssignLead) -> LeadAssigned:
    due_at = RESPONSE_POLICY.due_at(lead.received_at, lead.grade, lead.customer_grade)
    return LeadAssigned(
        lead_id=lead.lead_id,
        owner_id=command.owner_id,
        reason_code=command.reason_code,
        response_due_at=lead.response_due_at if lead.first_responded_at else due_at,
        handover_id=command.handover_id,
    )


def _contact(lead: Lead, command: ContactLead) -> list[LeadEvent]:
    if lead.first_responded_at is not None:
        return []
    _require(lead, "assigned")
    waited = command.at - lead.received_at
    return [
        LeadContacted(
            lead_id=lead.lead_id,
            responded_at=command.at,
            response_minutes=max(0, int(waited.total_seconds() // 60)),
            within_due=command.at <= lead.response_due_at,
        )
    ]


def _score(lead: Lead, command: ScoreLead) -> list[LeadEvent]:
    fit = SCORE_MODEL.fit_of(lead.known)
    engagement = SCORE_MODEL.bounded(lead.engagement + command.points)
    if lead.is_closed or (fit, engagement) == (lead.fit, lead.engagement):
        return []
    scored = LeadScored(
        lead_id=lead.lead_id,
        fit=fit,
        engagement=engagement,
        total=fit + engagement,
        from_grade=lead.grade,
        to_grade=SCORE_MODEL.grade_of(fit + engagement),
        top_reasons=(command.reason, *SCORE_MODEL.reasons(lead.known)),
        model_version=SCORE_MODEL.version,
    )
    has_risen = scored.to_grade in GOOD_GRADES and scored.from_grade not in GOOD_GRADES
    if has_risen and command.reward and lead.owner_id is None:
        reward = AssignLead(command.reward, "score")
        return [scored, _assigned(folded(lead, [scored]), reward)]
    return [scored]


def _qualify(lead: Lead, command: QualifyLead) -> list[LeadEvent]:
    if lead.status == "qualified":
        return []
    _require(lead, "contacted")
    return [
        LeadQualified(
            lead_id=lead.lead_id,
            framework=command.framework,
            answers=command.answers,
            qualified_by=command.by,
        )
    ]


def _disqualify(lead: Lead, command: DisqualifyLead) -> list[LeadEvent]:
    if lead.status == "disqualified" and lead.reason_code == command.reason_code:
        return []
    _require_not_closed(lead)
    return [
        LeadDisqualified(
            lead_id=lead.lead_id,
            reason_code=command.reason_code,
            campaign_id=lead.campaign_id,
            disqualified_by=command.by,
            duplicate_of=command.duplicate_of,
        )
    ]


def _identify(lead: Lead, command: IdentifyLead) -> list[LeadEvent]:
    customer_id = command.customer_id or lead.customer_id
    known = (lead.contact_id, lead.customer_id) == (command.contact_id, customer_id)
    if known or lead.is_closed:
        return []
    return [
        LeadIdentified(
            lead_id=lead.lead_id, contact_id=command.contact_id, customer_id=command.customer_id
        )
    ]


def _prioritize(lead: Lead, command: PrioritizeLead) -> list[LeadEvent]:
    """What is answered is owed nothing; a grade that makes no difference is none."""
    is_counted = command.customer_grade in RESPONSE_POLICY.of_customers
    grade = command.customer_grade if is_counted else None
    is_owed = lead.first_responded_at is None and not lead.is_closed
    if not is_owed or lead.customer_id != command.customer_id or lead.customer_grade == grade:
        return []
    return [
        LeadPrioritized(
            lead_id=lead.lead_id,
            customer_id=command.customer_id,
            customer_grade=grade,
            response_due_at=RESPONSE_POLICY.due_at(lead.received_at, lead.grade, grade),
        )
    ]


def _convert(lead: Lead, command: ConvertLead) -> list[LeadEvent]:
    if lead.status == "converted":
        return []
    _require(lead, "qualified")
    return [
        LeadConverted(
            lead_id=lead.lead_id,
            customer_id=lead.customer_id or derived_id(lead.lead_id, "customer"),
            contact_id=lead.contact_id or derived_id(lead.lead_id, "contact"),
            deal_id=derived_id(lead.lead_id, "deal") if command.deal else None,
            campaign_id=lead.campaign_id,
            created_customer=lead.customer_id is None,
            created_contact=lead.contact_id is None,
            converted_by=command.by,
        )
    ]


def _repoint(lead: Lead, command: RepointLead) -> list[LeadEvent]:
    named = lead.customer_id if command.party == "customer" else lead.contact_id
    if named != command.from_id:
        return []
    return [
        LeadRepointed(
            lead_id=lead.lead_id, party=command.party, from_id=command.from_id, to_id=command.to_id
        )
    ]


def _require(lead: Lead, status: LeadStatus) -> None:
    _require_not_closed(lead)
    if lead.status != status:
        raise LeadStatusForbidsError(status=lead.status, needed=status)


def _require_not_closed(lead: Lead) -> None:
    if lead.status == "disqualified":
        raise LeadIsDisqualifiedError(lead_id=lead.lead_id)
    if lead.status == "converted":
        raise LeadIsConvertedError(lead_id=lead.lead_id)
