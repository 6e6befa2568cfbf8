"""What campaigns moves in a handover."""

from datetime import UTC, datetime

import httpx
from campaigns.handovers.consumers import consumer
from campaigns.handovers.handlers import move
from shared.contracts.contacts import HandoverStarted
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.db import Pool
from shared.handovers import acknowledging, move_batch
from shared.ids import new_id
from shared.messaging.consuming import apply

from tests.integration.campaigns.test_campaigns_api import plan
from tests.records import record_of

ACKNOWLEDGED = HANDOVER_ACKNOWLEDGED["campaigns"]


async def test_unfinished_campaigns_get_the_new_owner(
    client: httpx.AsyncClient, pool: Pool
) -> None:
    segment = {"name": "All", "kind": "static"}
    segment_id = (await client.post("/v1/segments", json=segment)).json()["segment_id"]
    body = plan(segment_id)
    planned = (await client.post("/v1/campaigns", json=body)).json()
    done = (await client.post("/v1/campaigns", json=body)).json()
    await pool.execute(
        "UPDATE campaigns SET status = 'completed' WHERE campaign_id = $1", done["campaign_id"]
    )
    started = HandoverStarted(
        handover_id=new_id(),
        from_owner_id="mia",
        to_owner_id="tim",
        reason_code="left",
        due_at=datetime(2026, 11, 25, tzinfo=UTC),
        required_acks=("campaigns",),
    )
    await apply(pool, consumer, [record_of(started)])
    while await move_batch(pool, "campaigns", move, acknowledging(ACKNOWLEDGED)):
        pass
    seen = (await client.get(f"/v1/campaigns/{planned['campaign_id']}")).json()
    assert (seen["owner_id"], seen["version"]) == ("tim", planned["version"] + 1)
    kept = (await client.get(f"/v1/campaigns/{done['campaign_id']}")).json()
    assert kept["owner_id"] == "mia"
    row = await pool.fetchrow("SELECT payload FROM outbox WHERE topic LIKE '%handover%'")
    assert row is not None
    said = ACKNOWLEDGED.model_validate_json(row["payload"])
    assert said.moved == {"campaigns": 1}
