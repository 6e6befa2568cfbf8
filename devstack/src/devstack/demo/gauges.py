"""What the services say of themselves: facts not yet published, records parked."""

from prometheus_client.parser import text_string_to_metric_families

from devstack.demo.doors import Caller, Doors
from devstack.services import CORE

CORE_NAMES = tuple(service.name for service in CORE)
_CONSUMERS = "rapport_consumer_lag_records"


async def outbox_pending(doors: Doors, service: str) -> int:
    """How many facts a service has committed and not yet published."""
    return int(sum((await _samples(doors, service, "rapport_outbox_pending")).values()))


async def outboxes_pending(doors: Doors) -> int:
    """The same of all that tell the customer's story."""
    return sum([await outbox_pending(doors, service) for service in CORE_NAMES])


async def consumers(doors: Doors) -> set[str]:
    """Every consumer of theirs, by its name."""
    return {name for service in CORE_NAMES for name in await _samples(doors, service, _CONSUMERS)}


async def _samples(doors: Doors, service: str, metric: str) -> dict[str, float]:
    families = text_string_to_metric_families(await doors.metrics(service))
    return {
        next(iter(sample.labels.values()), ""): sample.value
        for family in families
        if family.name == metric
        for sample in family.samples
    }


async def parked_records(operator: Caller) -> int:
    """How many records wait for a person, over all of them."""
    return sum([await _parked(operator, service) for service in CORE_NAMES])


async def _parked(operator: Caller, service: str) -> int:
    count, cursor = 0, None
    while True:
        page = await operator.get(service, "/v1/parked", cursor=cursor, limit=200)
        count += len(page["items"])
        cursor = page["next"]
        if cursor is None:
            return count
