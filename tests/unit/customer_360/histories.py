"""Histories for the projection's tests: one customer's story, each aggregate's facts in order."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contact_points import subject_hash
from shared.contracts import campaigns, contacts, pipeline, service_desk
from shared.contracts.topic import Event
from shared.ids import derived_id

HASH_KEY = "key-of-the-tests-for-subject-hashes"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def an_id(name: str, story: str = "") -> UUID:
    return derived_id("story", story, name)


@dataclass(frozen=True)
class Story:
    """Ids of one customer's story; another name is another customer."""

    name: str = "ada"

    def __getattr__(self, thing: str) -> UUID:
        if thing.startswith("_"):
            raise AttributeError(thing)
        return an_id(thing, self.name)

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def phone(self) -> str:
        return "+442079460018"

    def customer_state(self, **changes: Any) -> contacts.CustomerState:
        fields: dict[str, Any] = {
            "customer_id": self.customer,
            "kind": "organization",
            "display_name": f"{self.name.capitalize()} Müller Machines",
            "lifecycle": "prospect",
            "lifecycle_since": at(0),
            "owner_id": "anna",
            "source": "fair",
            "tags": ("key-account",),
            "external_ids": (contacts.ExternalId(system="erp", id=f"no-{self.name}"),),
            "created_at": at(0),
        }
        return contacts.CustomerState(**{**fields, **changes})

    def contact_state(self, **changes: Any) -> contacts.ContactState:
        fields: dict[str, Any] = {
            "contact_id": self.contact,
            "given_name": self.name.capitalize(),
            "family_name": "Lovelace",
            "points": (
                contacts.ContactPoint(
                    point_id=self.point, type="email", value=self.email, normalized=self.email
                ),
                contacts.ContactPoint(
                    point_id=self.number, type="phone", value=self.phone, normalized=self.phone
                ),
            ),
            "memberships": (
                contacts.Membership(
                    customer_id=self.customer, role="buyer", is_primary=True, since=at(0)
                ),
            ),
            "created_at": at(0),
        }
        return contacts.ContactState(**{**fields, **changes})

    def order(self, number: int, total: str = "29.33", **changes: Any) -> pipeline.OrderConfirmed:
        fields: dict[str, Any] = {
            "order_id": an_id(f"order-{number}", self.name),
            "external_system": "erp",
            "external_ref": f"{self.name}-{number}",
            "customer_id": self.customer,
            "lines": (
                pipeline.OrderLine(
                    line_id="1", product_id="cd", quantity=Decimal(2), amount=Decimal(total)
                ),
            ),
            "total": Decimal(total),
            "currency": "USD",
            "ordered_at": at(24 * number),
        }
        return pipeline.OrderConfirmed(**{**fields, **changes})

    def deal_opened(self, **changes: Any) -> pipeline.DealOpened:
        fields: dict[str, Any] = {
            "deal_id": self.deal,
            "customer_id": self.customer,
            "pipeline_id": an_id("pipeline"),
            "pipeline_version": 1,
            "stage_id": "discovery",
            "name": "Press line",
            "kind": "new",
            "amount": Decimal("12000.00"),
            "currency": "EUR",
            "probability": 10,
            "expected_close_date": date(2026, 4, 1),
            "owner_id": "anna",
            "source": "lead",
        }
        return pipeline.DealOpened(**{**fields, **changes})

    def deal_won(self) -> pipeline.DealWon:
        return pipeline.DealWon(
            deal_id=self.deal,
            customer_id=self.customer,
            pipeline_id=an_id("pipeline"),
            amount=Decimal("12000.00"),
            currency="EUR",
            owner_id="anna",
            requires_onboarding=True,
            cycle_days=3,
            opened_at=at(2),
            won_at=at(72),
        )

    def promise(self, **changes: Any) -> pipeline.CommitmentMade:
        fields: dict[str, Any] = {
            "commitment_id": self.commitment,
            "customer_id": self.customer,
            "contact_id": self.contact,
            "kind": "delivery",
            "made_by": "anna",
            "owner_id": "anna",
            "due_at": at(48),
        }
        return pipeline.CommitmentMade(**{**fields, **changes})

    def _promise(self) -> dict[str, Any]:
        return {"commitment_id": self.commitment, "customer_id": self.customer}

    def promise_due_soon(self) -> pipeline.CommitmentDueSoon:
        return pipeline.CommitmentDueSoon(**self._promise(), owner_id="anna", due_at=at(48))

    def promise_broken(self) -> pipeline.CommitmentBroken:
        return pipeline.CommitmentBroken(
            **self._promise(), owner_id="anna", due_at=at(48), broken_at=at(48)
        )

    def promise_kept(self) -> pipeline.CommitmentFulfilled:
        return pipeline.CommitmentFulfilled(**self._promise(), is_late=True, fulfilled_at=at(50))

    def promise_given(self) -> pipeline.CommitmentOwnerChanged:
        return pipeline.CommitmentOwnerChanged(
            **self._promise(),
            from_owner_id="anna",
            to_owner_id="tim",
            reason_code="handover",
            handover_id=self.handover,
        )

    def kept_late(self) -> list[Event]:
        return [
            self.promise(),
            self.promise_due_soon(),
            self.promise_given(),
            self.promise_broken(),
            self.promise_kept(),
        ]

    def ticket_opened(self, severity: int = 1) -> service_desk.TicketOpened:
        return service_desk.TicketOpened(
            ticket_id=self.ticket,
            number="T-1",
            customer_id=self.customer,
            channel="phone",
            ticket_type="repair",
            severity=severity,
            priority="urgent",
            sla_policy_id=an_id("policy"),
            sla_policy_version=1,
            received_at=at(5),
            source="api",
        )

    def ticket_resolved(self) -> service_desk.TicketResolved:
        return service_desk.TicketResolved(
            ticket_id=self.ticket,
            customer_id=self.customer,
            severity=1,
            resolution_code="fixed",
            root_cause="wear",
            agent_id="sam",
            business_minutes=90,
            resolved_at=at(9),
        )

    def _clock(self) -> dict[str, Any]:
        return {
            "clock_id": self.clock,
            "ticket_id": self.ticket,
            "customer_id": self.customer,
            "metric": "resolution",
        }

    def clock_started(self) -> service_desk.ClockStarted:
        return service_desk.ClockStarted(
            **self._clock(),
            target_minutes=240,
            calendar_id=an_id("calendar"),
            calendar_version=1,
            policy_id=an_id("policy"),
            policy_version=1,
            started_at=at(5),
            due_at=at(9),
        )

    def clock_breached(self) -> service_desk.ClockBreached:
        return service_desk.ClockBreached(
            **self._clock(), severity=1, due_at=at(9), breached_at=at(9)
        )

    def clock_met(self) -> service_desk.ClockMet:
        return service_desk.ClockMet(
            **self._clock(), business_minutes=300, late_by_minutes=60, met_at=at(10)
        )

    def question_asked(self) -> contacts.ConsentConfirmationRequested:
        return contacts.ConsentConfirmationRequested(
            **self._consent(),
            source="form",
            token_id=an_id("token", self.name),
            captured_at=at(0),
            expires_at=at(72),
        )

    def consent_granted(self) -> contacts.ConsentGranted:
        return contacts.ConsentGranted(
            **self._consent(),
            lawful_basis="consent",
            source="form",
            captured_at=at(1),
            effective_from=at(1),
        )

    def consent_withdrawn(self) -> contacts.ConsentWithdrawn:
        return contacts.ConsentWithdrawn(
            **self._consent(), source="unsubscribe", effective_at=at(11)
        )

    def _consent(self) -> dict[str, Any]:
        return {
            "consent_id": self.consent,
            "contact_id": self.contact,
            "channel": "email",
            "purpose": "marketing",
        }

    def suppression_added(self) -> contacts.SuppressionAdded:
        return contacts.SuppressionAdded(
            suppression_id=self.suppression,
            subject_hash=subject_hash(HASH_KEY, "email", self.email),
            channel="email",
            reason_code="opt-out",
        )

    def _message(self) -> dict[str, Any]:
        return {
            "message_id": self.message,
            "send_id": "s-1",
            "campaign_id": an_id("campaign", self.name),
            "contact_id": self.contact,
        }

    def message_sent(self) -> campaigns.MessageSent:
        return campaigns.MessageSent(**self._message(), subject_template="Hello", sent_at=at(10))

    def message_clicked(self) -> campaigns.MessageClicked:
        return campaigns.MessageClicked(**self._message(), link_id="main", clicked_at=at(10.5))

    def message_suppressed(self) -> campaigns.MessageSuppressed:
        return campaigns.MessageSuppressed(
            **self._message(), reason_code="consent", suppressed_at=at(12)
        )

    def touch(self, number: int = 1, **changes: Any) -> contacts.InteractionRecorded:
        fields: dict[str, Any] = {
            "interaction_id": an_id(f"touch-{number}", self.name),
            "customer_id": self.customer,
            "contact_ids": (self.contact,),
            "channel": "phone",
            "direction": "outbound",
            "kind": "call",
            "occurred_at": at(number),
            "department": "sales",
            "source": "person",
        }
        return contacts.InteractionRecorded(**{**fields, **changes})

    def preference(
        self, value: str = "morning", **changes: Any
    ) -> contacts.CustomerPreferenceLearned:
        fields: dict[str, Any] = {
            "preference_id": an_id("preference", self.name),
            "customer_id": self.customer,
            "contact_id": self.contact,
            "key": "call-time",
            "value_code": value,
            "confidence": 0.8,
            "learned_at": at(12),
        }
        return contacts.CustomerPreferenceLearned(**{**fields, **changes})

    def relationship(self, to_id: UUID | None = None, **changes: Any) -> Event:
        fields: dict[str, Any] = {
            "relationship_id": an_id(f"relationship-{to_id}", self.name),
            "from_id": self.customer,
            "from_type": "customer",
            "to_id": to_id or self.daughter,
            "to_type": "customer",
            "relationship_type": "parent-of",
            "valid_from": at(0),
        }
        return contacts.RelationshipEstablished(**{**fields, **changes})

    def relationship_ended(self) -> Event:
        said = dict(self.relationship())
        for name in ("role", "strength", "valid_from"):
            del said[name]
        return contacts.RelationshipEnded(**said, ended_at=at(20), reason_code="sold")

    def household(
        self, action: contacts.HouseholdAction = "founded", *members: UUID
    ) -> contacts.HouseholdChanged:
        """Of the story's person and of these others; nobody is left in a dissolved one."""
        lives = () if action == "dissolved" else (self.contact, *members)
        return contacts.HouseholdChanged(
            household_id=self.home,
            member_contact_ids=lives,
            head_contact_id=self.contact if lives else None,
            action=action,
            contact_id=members[-1] if members else self.contact,
        )

    def partner_onboarded(self, **changes: Any) -> contacts.PartnerOnboarded:
        fields: dict[str, Any] = {
            **self._partner(),
            "program": "dealer",
            "tier": "silver",
            "territories": ("AT",),
            "onboarded_at": at(1),
        }
        return contacts.PartnerOnboarded(**{**fields, **changes})

    def partner_active(self) -> contacts.PartnerStatusChanged:
        return contacts.PartnerStatusChanged(
            **self._partner(),
            from_status="prospective",
            to_status="active",
            reason_code="signed",
            since=at(2),
        )

    def rep_registered(self) -> contacts.PartnerRepRegistered:
        return contacts.PartnerRepRegistered(
            **self._partner(), contact_id=self.contact, role="sales", registered_at=at(3)
        )

    def rep_certified(self, course: str = "basic", hours: float = 30) -> Event:
        return contacts.PartnerRepCertified(
            **self._partner(),
            contact_id=self.contact,
            course_id=course,
            score=87.5,
            valid_until=at(hours),
        )

    def rep_expired(self) -> contacts.PartnerRepExpired:
        return contacts.PartnerRepExpired(
            **self._partner(), contact_id=self.contact, expired_at=at(30)
        )

    def rep_removed(self) -> contacts.PartnerRepRemoved:
        return contacts.PartnerRepRemoved(
            **self._partner(), contact_id=self.contact, reason_code="left-company"
        )

    def _partner(self) -> dict[str, Any]:
        return {"partner_id": self.partnership, "customer_id": self.customer}

    def touch_corrected(self) -> contacts.InteractionCorrected:
        return contacts.InteractionCorrected(
            **dict(self.touch(outcome="reached")),
            changed_fields=("outcome",),
            reason_code="typed-wrong",
        )

    def history(self) -> list[list[Event]]:
        """Every aggregate's facts in order; the version of a fact is its place, from 1."""
        return [
            [
                self.customer_state(),
                self.customer_state(lifecycle="customer", lifecycle_since=at(72)),
            ],
            [self.contact_state(memberships=()), self.contact_state()],
            [self.question_asked(), self.consent_granted(), self.consent_withdrawn()],
            [self.suppression_added(), self._lifted()],
            [self._lead(), self._lead_assigned(), self._lead_converted()],
            self._deal(),
            [self.order(1), self._order_paid(), self._order_revised()],
            [self.order(2, "10.00"), self._order_cancelled()],
            self._ticket(),
            [self.clock_started(), self._clock_paused(), self.clock_breached(), self.clock_met()],
            [self._survey()],
            [self._held(), self.message_sent(), self.message_clicked()],
            [self._identity()],
            [self._duplicate(), self._no_duplicate()],
            [self._response()],
            [self._campaign()],
            [self._owner_changed()],
            self._handover(),
            [self.restricted(), self.restriction_lifted()],
            [self.touch(), self.touch_corrected()],
            [self.relationship(), self.relationship_ended()],
            [self.preference(), self.preference("evening")],
            [self.household(), self.household("member-added", self.spouse)],
            [
                self.partner_onboarded(),
                self.partner_active(),
                self.rep_registered(),
                self.rep_certified(),
                self.rep_certified("more", 20),
                self.rep_expired(),
            ],
            self.kept_late(),
            [self.merged_with(self.twin), self.merge_undone(self.twin)],
            [self.person_merged_with(self.twin_person)],
        ]

    def merged_with(self, *merged_ids: UUID, **changes: Any) -> contacts.CustomerMerged:
        fields: dict[str, Any] = {
            "customer_id": self.customer,
            "merge_id": self.merge,
            "merged_ids": merged_ids,
            "reversible_until": at(24 * 30),
            "reason_code": "duplicate",
            "decided_by": "user:mia",
        }
        return contacts.CustomerMerged(**{**fields, **changes})

    def merge_undone(self, *restored_ids: UUID) -> contacts.CustomerUnmerged:
        return contacts.CustomerUnmerged(
            customer_id=self.customer,
            merge_id=self.merge,
            restored_ids=restored_ids,
            reason_code="mistake",
            decided_by="user:otto",
        )

    def person_merged_with(self, *merged_ids: UUID, **changes: Any) -> contacts.ContactMerged:
        fields: dict[str, Any] = {
            "contact_id": self.contact,
            "merge_id": self.merge_of_people,
            "merged_ids": merged_ids,
            "reversible_until": at(24 * 30),
            "reason_code": "duplicate",
            "decided_by": "policy:duplicates",
        }
        return contacts.ContactMerged(**{**fields, **changes})

    def _owner_changed(self) -> Event:
        return contacts.CustomerOwnerChanged(
            customer_id=self.customer,
            from_owner_id="anna",
            to_owner_id="tim",
            reason_code="handover",
            handover_id=self.handover,
        )

    def restricted(self) -> Event:
        return contacts.ProcessingRestricted(
            request_id=self.privacy_request, contact_id=self.contact, scope="all"
        )

    def restriction_lifted(self) -> Event:
        return contacts.RestrictionLifted(request_id=self.privacy_request, contact_id=self.contact)

    def _handover(self) -> list[Event]:
        people: dict[str, Any] = {
            "handover_id": self.handover,
            "from_owner_id": "anna",
            "to_owner_id": "tim",
        }
        return [
            contacts.HandoverStarted(
                **people, reason_code="left", due_at=at(90), required_acks=("contacts",)
            ),
            contacts.HandoverCompleted(
                **people,
                status="completed",
                moved=(contacts.Moved(service="contacts", kind="customers", count=1),),
            ),
        ]

    def _lifted(self) -> Event:
        return contacts.SuppressionLifted(
            suppression_id=self.suppression,
            subject_hash=subject_hash(HASH_KEY, "email", self.email),
            channel="email",
            reason_code="asked",
            approved_by="anna",
        )

    def _lead(self) -> Event:
        return pipeline.LeadCreated(
            lead_id=self.lead,
            source="form",
            channel="web",
            submission_id=self.submission,
            received_at=at(0.5),
            response_due_at=at(4),
        )

    def _lead_assigned(self) -> Event:
        return pipeline.LeadAssigned(
            lead_id=self.lead, owner_id="anna", reason_code="manual", response_due_at=at(4)
        )

    def _lead_converted(self) -> Event:
        return pipeline.LeadConverted(
            lead_id=self.lead,
            customer_id=self.customer,
            contact_id=self.contact,
            deal_id=self.deal,
            created_customer=True,
            created_contact=True,
            converted_by="anna",
        )

    def _deal(self) -> list[Event]:
        risk: dict[str, Any] = {
            "deal_id": self.deal,
            "customer_id": self.customer,
            "code": "open-critical-ticket",
            "cause_id": self.ticket,
        }
        return [
            self.deal_opened(),
            pipeline.DealRiskFlagged(**risk, severity="high", since=at(5)),
            pipeline.DealAmountChanged(
                deal_id=self.deal,
                customer_id=self.customer,
                from_amount=Decimal(12000),
                to_amount=Decimal(15000),
                currency="EUR",
            ),
            pipeline.DealRiskCleared(**risk, cleared_at=at(9)),
            pipeline.DealOwnerChanged(
                deal_id=self.deal,
                customer_id=self.customer,
                from_owner_id="anna",
                to_owner_id="tim",
                reason_code="handover",
                handover_id=self.handover,
            ),
            self.deal_won(),
        ]

    def _order_paid(self) -> Event:
        return self._order_moved(1, "paid", "29.33")

    def _order_cancelled(self) -> Event:
        return self._order_moved(2, "cancelled", "10.00")

    def order_invoiced(self) -> Event:
        return self._order_moved(3, "invoiced", "29.33")

    def order_paid_late(self) -> Event:
        return self._order_moved(3, "paid", "29.33")

    def paid_late(self) -> list[Event]:
        return [
            self.order(3),
            self.order_invoiced(),
            self.not_paid(1),
            self.not_paid(2),
            self.order_paid_late(),
        ]

    def not_paid(self, level: int) -> pipeline.OrderPaymentOverdue:
        return pipeline.OrderPaymentOverdue(
            order_id=an_id("order-3", self.name),
            customer_id=self.customer,
            external_ref=f"{self.name}-3",
            total=Decimal("29.33"),
            currency="USD",
            invoiced_at=at(30),
            terms_days=14,
            due_at=at(30 + 14 * 24),
            days_overdue=level,
            level=level,
            policy_version=1,
        )

    def _order_moved(self, number: int, to: Any, total: str) -> Event:
        return pipeline.OrderStatusChanged(
            order_id=an_id(f"order-{number}", self.name),
            customer_id=self.customer,
            from_status="confirmed",
            to_status=to,
            total=Decimal(total),
            currency="USD",
            changed_at=at(30),
        )

    def _order_revised(self) -> Event:
        return pipeline.OrderRevised(
            order_id=an_id("order-1", self.name),
            customer_id=self.customer,
            lines=(),
            from_total=Decimal("29.33"),
            total=Decimal("31.00"),
            currency="USD",
        )

    def _ticket(self) -> list[Event]:
        return [
            self.ticket_opened(),
            service_desk.TicketAssigned(
                ticket_id=self.ticket,
                customer_id=self.customer,
                agent_id="sam",
                method="least-busy",
            ),
            service_desk.TicketStatusChanged(
                ticket_id=self.ticket,
                customer_id=self.customer,
                from_status="open",
                to_status="in-progress",
            ),
            self.ticket_resolved(),
        ]

    def _clock_paused(self) -> Event:
        return service_desk.ClockPaused(**self._clock(), used_minutes=10, paused_at=at(6))

    def _survey(self) -> Event:
        return service_desk.SurveyAnswered(
            survey_id=self.survey,
            kind="csat",
            customer_id=self.customer,
            score=4,
            answered_at=at(13),
        )

    def _held(self) -> Event:
        return campaigns.MessageHeld(**self._message(), reason_code="open-ticket", held_at=at(6))

    def _identity(self) -> Event:
        return contacts.IdentityLinked(
            link_id=self.link,
            contact_id=self.contact,
            identifier_type="submission",
            identifier=str(self.submission),
            source="form",
            confidence=1.0,
        )

    def _duplicate(self) -> Event:
        return contacts.DuplicateDetected(
            case_id=self.case,
            entity_type="contact",
            candidate_ids=tuple(sorted((self.contact, self.stranger))),
            score=0.8,
            matched_on=("phone",),
            suggested_survivor_id=self.contact,
            policy_version=1,
            found_by="scan",
            detected_at=at(8),
        )

    def _no_duplicate(self) -> Event:
        return contacts.DuplicateDismissed(
            case_id=self.case,
            entity_type="contact",
            candidate_ids=tuple(sorted((self.contact, self.stranger))),
            reason_code="twins",
            decided_by="user:anna",
            dismissed_at=at(9),
        )

    def _response(self) -> Event:
        return campaigns.ResponseRecorded(
            response_id=self.response,
            campaign_id=an_id("campaign", self.name),
            contact_id=self.contact,
            kind="click",
            score_delta=5,
            occurred_at=at(10.5),
        )

    def _campaign(self) -> Event:
        return campaigns.CampaignPlanned(
            campaign_id=an_id("campaign", self.name),
            name="Spring",
            campaign_type="email",
            objective="promotion",
            purpose="marketing",
            segment_ids=(),
            owner_id="mia",
        )
