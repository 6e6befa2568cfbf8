"""What an operator discarded from the live projection is given up in the rebuilt one too."""

from shared.db import Pool, transaction
from shared.messaging import parking
from shared.messaging.reactions import Consumer
from shared.messaging.redrive import redrive

from customer_360.rebuilding.schemas import LIVE

_DISCARDED = f"""
SELECT parked_events.parked_id
FROM parked_events JOIN {LIVE}.discarded_events USING (consumer, topic, partition, "offset")
WHERE consumer = $1
ORDER BY id
"""

# Keys whose oldest waiting record has itself no fault; also found again after a crash.
_FREED = """
SELECT parked_id FROM (
    SELECT DISTINCT ON (topic, key) parked_id, reason FROM parked_events
    WHERE consumer = $1
    ORDER BY topic, key, id
) AS oldest
WHERE reason = 'behind-parked'
"""


async def repeat_discards(pool: Pool, consumer: Consumer) -> None:
    """Give up the same records, and apply what waited behind them."""
    for row in await pool.fetch(_DISCARDED, consumer.name):
        async with transaction(pool) as connection:
            record = await parking.load_parked(connection, row["parked_id"])
            await parking.remove(connection, record.parked_id)
            await parking.release_if_empty(connection, record)
    for row in await pool.fetch(_FREED, consumer.name):
        await redrive(pool, consumer, row["parked_id"])
