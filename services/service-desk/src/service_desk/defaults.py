"""What a desk begins with: a calendar around the clock, and a service level on it.

Published once, through the door that operators use; what they publish later stays.
"""

from datetime import UTC, datetime

from shared.cause import Cause
from shared.db import Pool
from shared.ids import new_id
from shared.telemetry import new_trace

from service_desk.calendars.domain import DEFAULT_CALENDAR_ID, PublishCalendar
from service_desk.calendars.handlers import publish_calendar
from service_desk.calendars.store import find_calendar
from service_desk.policies.domain import DEFAULT_POLICY_ID, PublishPolicy
from service_desk.policies.handlers import publish_policy
from service_desk.policies.store import find_policy

_AROUND_THE_CLOCK = PublishCalendar(
    calendar_id=DEFAULT_CALENDAR_ID,
    name="Around the clock",
    timezone="UTC",
    weekly=dict.fromkeys(range(7), (("00:00", "24:00"),)),
    holidays=(),
)
_STANDARD = PublishPolicy(
    policy_id=DEFAULT_POLICY_ID,
    name="Standard",
    calendar_id=DEFAULT_CALENDAR_ID,
    targets={
        "urgent": {"first-response": 15, "resolution": 240},
        "high": {"first-response": 60, "resolution": 480},
        "normal": {"first-response": 240, "resolution": 1440},
        "low": {"first-response": 480, "resolution": 2880},
    },
    warn_percents=(50, 75, 90),
    auto_close_days=5,
)


async def publish_defaults(pool: Pool) -> None:
    """Two processes that start at once publish one of each: the ids are the same."""
    cause = Cause("service:service-desk", datetime.now(UTC), str(new_id()), new_trace())
    async with pool.acquire() as connection:
        has_calendar = await find_calendar(connection, DEFAULT_CALENDAR_ID) is not None
        has_policy = await find_policy(connection, DEFAULT_POLICY_ID) is not None
    if not has_calendar:
        await publish_calendar(pool, cause, _AROUND_THE_CLOCK)
    if not has_policy:
        await publish_policy(pool, cause, _STANDARD)
