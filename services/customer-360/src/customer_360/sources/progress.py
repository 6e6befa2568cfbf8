"""How far the view is on each topic, told from the positions that were committed with its rows.

A source lags while records wait that this process knows of: then by the age of the last one
applied. A source without waiting records has no lag, however long ago its last event was.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from shared.db import Connection
from shared.messaging.subscribing import Subscription

_PROGRESS = """
SELECT positions.topic, max(positions.event_time) AS event_time,
    coalesce(max(extract(epoch FROM now() - positions.recorded_at))
        FILTER (WHERE ends.next_offset > positions.next_offset), 0)::float8 AS lag_s
FROM consumer_positions AS positions
LEFT JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS ends (topic, partition, next_offset)
    ON ends.topic = positions.topic AND ends.partition = positions.partition
WHERE positions.consumer LIKE 'customer-360.%'
GROUP BY positions.topic
ORDER BY positions.topic
"""

End = tuple[str, int, int]


class SourceProgress(BaseModel):
    """The business time of the newest event applied, and how many seconds of events wait."""

    event_time: datetime | None
    lag_s: float


def ends_of(subscriptions: Iterable[Subscription]) -> list[End]:
    """Where each partition of this process ends, as far as the last fetch told."""
    ends: list[End] = []
    for subscription in subscriptions:
        running: Any = subscription.subscriber.consumer
        if running is None:
            continue
        for partition in running.assignment():
            end = running.highwater(partition)
            if end is not None:
                ends.append((partition.topic, partition.partition, end))
    return ends


async def load_progress(connection: Connection, ends: Sequence[End]) -> dict[str, SourceProgress]:
    """The progress of every source that has given anything yet."""
    rows = await connection.fetch(
        _PROGRESS, *([end[column] for end in ends] for column in range(3))
    )
    return {
        row["topic"]: SourceProgress(
            event_time=row["event_time"], lag_s=round(max(0.0, row["lag_s"]), 1)
        )
        for row in rows
    }
