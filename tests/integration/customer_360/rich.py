"""A customer of whom there is something to see in every card of the page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contact_points import subject_hash
from shared.contracts import contacts, pipeline, service_desk
from shared.contracts.topic import Event

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.permissions import HASH_KEY
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

MOBILE = "+447700900123"
HOME = "12 mill lane, leeds"
COMPANY, BUYER = an_id("rich"), an_id("rich-person")
SOON = datetime.now(UTC) + timedelta(days=9)


@dataclass(frozen=True)
class Rich(Story):
    """The story of a customer and a person that contacts knows by these ids, too."""

    customer: UUID = COMPANY
    contact: UUID = BUYER

    def state(self, **changes: Any) -> contacts.CustomerState:
        told: dict[str, Any] = {
            "lifecycle": "customer",
            "lifecycle_since": at(72),
            "industry": "machinery",
            "territory_code": "UK-N",
            "grading": self._grading(),
            "credit": self._credit(),
        }
        return self.customer_state(**{**told, **changes})

    def person(self, **changes: Any) -> contacts.ContactState:
        mobile = contacts.ContactPoint(
            point_id=self.mobile,
            type="mobile",
            value="+44 7700 900123",
            normalized=MOBILE,
            verified_at=at(3),
        )
        home = contacts.PostalPoint(
            point_id=self.home_address,
            lines=("12 Mill Lane",),
            locality="Leeds",
            postal_code="LS1 4AP",
            country="GB",
            normalized=HOME,
        )
        told: dict[str, Any] = {
            "job_title": "Head of buying",
            "points": (*self.contact_state().points, mobile),
            "postal_points": (home,),
            "key_dates": (contacts.KeyDate(kind="birthday", month_day="12-10", year=1985),),
        }
        return self.contact_state(**{**told, **changes})

    def _grading(self) -> contacts.Grading:
        part = contacts.GradeComponent(
            component="contribution",
            weight=Decimal("0.40"),
            inputs={"margin_12m": Decimal(51000)},
            level=Decimal(88),
            points=Decimal("35.2"),
        )
        proposal = contacts.GradeProposal(
            grade="D",
            score=Decimal(31),
            components=(part,),
            policy_version=2,
            proposed_at=at(80),
        )
        return contacts.Grading(
            grade="B",
            score=Decimal("64.5"),
            components=(part,),
            policy_version=1,
            service_level="priority",
            decided_by="policy:grades",
            graded_at=at(70),
            next_review_at=at(24 * 90),
            proposal=proposal,
        )

    def _credit(self) -> contacts.Credit:
        return contacts.Credit(
            limit=Decimal(30000),
            currency="EUR",
            terms_days=30,
            exposure=Decimal(12500),
            available=Decimal(17500),
            overdue_amount=Decimal(900),
            basis=contacts.CreditBasis(
                policy_version=3,
                grade="B",
                cap=Decimal(50000),
                factor=Decimal(2),
                average_monthly=Decimal(14000),
                overdue_ratio=Decimal("0.072"),
                window_days=365,
                avg_days_to_pay=Decimal(38),
                suggested=Decimal("25984.00"),
            ),
            approved_by="user:cleo",
            valid_until=SOON,
            set_at=at(60),
        )

    def granted(self, channel: contacts.Channel, purpose: contacts.Purpose, **more: Any) -> Event:
        told: dict[str, Any] = {"lawful_basis": "consent", "source": "form", **more}
        return contacts.ConsentGranted(
            consent_id=an_id(f"{channel}-{purpose}", self.name),
            contact_id=self.contact,
            channel=channel,
            purpose=purpose,
            captured_at=at(1),
            effective_from=at(1),
            **told,
        )

    def suppressed(self, channel: contacts.Channel, address: str, reason: str) -> Event:
        return contacts.SuppressionAdded(
            suppression_id=an_id(f"no-{channel}", self.name),
            subject_hash=subject_hash(HASH_KEY, channel, address),
            channel=channel,
            reason_code=reason,
        )

    def permissions(self) -> list[Event]:
        return [
            self.granted("email", "newsletter", double_opt_in=True, expires_at=SOON),
            self.granted("post", "service", lawful_basis="contract", source="contract"),
            self.granted("sms", "events"),
            self.suppressed("sms", MOBILE, "complaint"),
        ]

    def colleague(self) -> contacts.ContactState:
        over = contacts.Membership(customer_id=self.customer, role="user", since=at(0), until=at(9))
        return self.contact_state(
            contact_id=self.former, family_name="Former", points=(), memberships=(over,)
        )

    def asked_about_data(self) -> list[Event]:
        return [
            contacts.ProcessingRestricted(
                request_id=self.restriction, contact_id=self.former, scope="all"
            )
        ]

    def open_things(self) -> list[Event]:
        second = an_id("second-deal", self.name)
        return [
            self.deal_opened(deal_id=second, amount=Decimal(82000), product_lines=("presses",)),
            pipeline.DealRiskFlagged(
                deal_id=second,
                customer_id=self.customer,
                code="open-critical-ticket",
                cause_id=self.second_ticket,
                severity="high",
                since=at(5),
            ),
            self.promise(commitment_id=self.promised, due_at=SOON, amount=None),
            self._second_ticket(),
            self._second_clock(),
            self.order(3),
            self.order_invoiced(),
            self.not_paid(1),
        ]

    def _second_ticket(self) -> Event:
        told = dict(self.ticket_opened())
        return service_desk.TicketOpened(
            **{**told, "ticket_id": self.second_ticket, "number": "T-2"}
        )

    def _second_clock(self) -> Event:
        told = dict(self.clock_started())
        changes = {"clock_id": self.second_clock, "ticket_id": self.second_ticket, "due_at": SOON}
        return service_desk.ClockStarted(**{**told, **changes})

    def group(self) -> list[Event]:
        daughter, dealer = Story("daughter"), Story("dealer")
        grandchild = Story("grandchild")
        return [
            daughter.customer_state(display_name="Müller Tools"),
            grandchild.customer_state(display_name="Müller Tools Wales"),
            dealer.customer_state(display_name="Dealer & Sons"),
            daughter.deal_opened(),
            self.relationship(daughter.customer),
            daughter.relationship(grandchild.customer),
            self.relationship(dealer.customer, relationship_type="dealer"),
        ]

    def twice_known(self) -> list[Event]:
        twin = Story("twin")
        return [
            twin.customer_state(record_status="merged", merged_into=self.customer, external_ids=()),
            self.merged_with(twin.customer, merge_id=self.customer_merge, reversible_until=SOON),
            contacts.DuplicateDetected(
                case_id=self.second_case,
                entity_type="customer",
                candidate_ids=(self.customer, self.stranger),
                score=0.91,
                matched_on=("name", "phone"),
                suggested_survivor_id=self.customer,
                policy_version=1,
                found_by="scan",
                detected_at=at(8),
            ),
        ]

    def handed_over(self) -> list[Event]:
        return [
            contacts.HandoverStarted(
                handover_id=self.second_handover,
                from_owner_id="anna",
                to_owner_id="zoe",
                reason_code="left",
                due_at=SOON,
                required_acks=("pipeline",),
            )
        ]

    async def happen(self, service: Customer360) -> None:
        """All of it."""
        for facts in self.history():
            await service.happens(*facts)
        await service.happens(self.state(), self.person(), self.colleague())
        for part in (
            self.permissions(),
            self.asked_about_data(),
            self.open_things(),
            self.group(),
            self.twice_known(),
            self.handed_over(),
        ):
            await service.happens(*part)
