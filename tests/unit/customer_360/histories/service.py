"""What is told of a ticket, of the clock that runs on it, and of the survey after it."""

from typing import Any

from shared.contracts import service_desk
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids, an_id
from tests.unit.customer_360.histories.times import at


class ServiceFacts(Ids):
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

    def _clock_paused(self) -> Event:
        return service_desk.ClockPaused(**self._clock(), used_minutes=10, paused_at=at(6))

    def clock_breached(self) -> service_desk.ClockBreached:
        return service_desk.ClockBreached(
            **self._clock(), severity=1, due_at=at(9), breached_at=at(9)
        )

    def clock_met(self) -> service_desk.ClockMet:
        return service_desk.ClockMet(
            **self._clock(), business_minutes=300, late_by_minutes=60, met_at=at(10)
        )

    def _survey(self) -> Event:
        return service_desk.SurveyAnswered(
            survey_id=self.survey,
            kind="csat",
            customer_id=self.customer,
            score=4,
            answered_at=at(13),
        )
