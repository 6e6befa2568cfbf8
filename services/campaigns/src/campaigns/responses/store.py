"""SQL of responses, and their one fact."""

from shared.contracts.campaigns import ResponseRecorded
from shared.db import Connection
from shared.messaging.outbox import Fact

from campaigns.responses.domain import Response

_INSERT = """
INSERT INTO responses (response_id, campaign_id, contact_id, customer_id, submission_id, kind,
    score_delta, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def insert_response(connection: Connection, response: Response) -> Fact:
    """Write the response; answers its fact, for the outbox of the same transaction."""
    await connection.execute(
        _INSERT,
        response.response_id,
        response.campaign_id,
        response.contact_id,
        response.customer_id,
        response.submission_id,
        response.kind,
        response.score_delta,
        response.occurred_at,
    )
    return Fact(
        ResponseRecorded(
            response_id=response.response_id,
            campaign_id=response.campaign_id,
            contact_id=response.contact_id,
            customer_id=response.customer_id,
            submission_id=response.submission_id,
            kind=response.kind,
            product_interests=response.product_interests,
            score_delta=response.score_delta,
            follow_up_required=response.follow_up_required,
            occurred_at=response.occurred_at,
        ),
        version=1,
    )
