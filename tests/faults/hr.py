"""HR: another system, which says on Kafka who left."""

from datetime import UTC, datetime

from shared.cause import Cause
from shared.contracts.external import HR_EMPLOYEES, EmployeeLeft
from shared.ids import derived_id
from shared.messaging.envelope import write_headers
from shared.telemetry import new_trace

from tests.faults.other_systems import OtherSystem


class Hr(OtherSystem):
    """Publishes who comes and goes."""

    async def say_who_left(self, employee_id: str, successor_id: str) -> None:
        """Publish it; returns when the broker has it."""
        now = datetime.now(UTC)
        left = EmployeeLeft(
            employee_id=employee_id, left_at=now, manager_id="boss", successor_id=successor_id
        )
        cause = Cause(actor="service:hr", at=now, correlation_id=employee_id, trace=new_trace())
        headers = write_headers(derived_id("hr", employee_id), EmployeeLeft, employee_id, 1, cause)
        encoded = [(name, value.encode()) for name, value in headers.items()]
        await self.send(HR_EMPLOYEES.name, employee_id, left.model_dump_json().encode(), encoded)
