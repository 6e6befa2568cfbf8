"""Service levels: one use case."""

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.errors import InvalidError
from shared.http.requests import require_version
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from service_desk.calendars.store import find_calendar
from service_desk.policies import store
from service_desk.policies.domain import Policy, PublishPolicy, decide, evolve


class CalendarUnknownError(InvalidError):
    """The service level names a calendar that does not exist."""


async def publish_policy(
    pool: Pool, cause: Cause, command: PublishPolicy, if_match: int | None = None
) -> Policy:
    async def attempt() -> Policy:
        async with transaction(pool) as connection:
            if await find_calendar(connection, command.calendar_id) is None:
                raise CalendarUnknownError(field="calendar_id")
            policy = await store.find_policy(connection, command.policy_id)
            require_version(policy.version if policy else 0, if_match)
            return await _publish(connection, cause, command, policy)

    return await with_retries(attempt)


async def _publish(
    connection: Connection, cause: Cause, command: PublishPolicy, policy: Policy | None
) -> Policy:
    for event in decide(policy, command):
        policy = evolve(event, cause.at)
        await store.insert_policy(connection, policy)
        await outbox.append(connection, cause, [Fact(event, policy.version)])
    assert policy is not None
    return policy
