"""What is told of a lead, and of the deal that came of it."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared.contracts import pipeline
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids, an_id
from tests.unit.customer_360.histories.times import at


class DealFacts(Ids):
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
