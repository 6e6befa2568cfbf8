"""What campaigns moves in a handover: campaigns that are not completed."""

from collections.abc import Mapping

from shared.db import Connection
from shared.handovers import HandoverPart
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from campaigns.campaigns import store
from campaigns.campaigns.domain import ChangeCampaignOwner, change_owner, evolve, snapshot


async def move(connection: Connection, part: HandoverPart, limit: int) -> Mapping[str, int]:
    """Give the next few to the new owner; mail goes out as planned meanwhile."""
    command = ChangeCampaignOwner(part.to_owner_id, "handover", part.handover_id)
    after = [
        (event, evolve(campaign, event))
        for campaign in await store.lock_unfinished_of_owner(connection, part.from_owner_id, limit)
        for event in change_owner(campaign, command)
    ]
    await store.save_owners(connection, [now for _, now in after])
    told = [Fact(said, now.version) for event, now in after for said in (event, snapshot(now))]
    await outbox.append(connection, part.cause, told)
    return {"campaigns": len(after)}
