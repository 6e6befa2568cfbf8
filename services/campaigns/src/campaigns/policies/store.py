"""SQL of contact policies."""

import json

from shared.db import Connection

from campaigns.policies.domain import Policy

_LOAD = """
SELECT policy_version, promotional_cap, cap_window, critical_severity, release_delay,
    nurture_pause, attribution_window, response_scores, talk_pause, talk_kinds, own_departments,
    occasion_pause
FROM contact_policies ORDER BY policy_version DESC LIMIT 1
"""


async def load_policy(connection: Connection) -> Policy:
    """The policy in force; the first migration put one there."""
    row = await connection.fetchrow(_LOAD)
    assert row is not None
    values = dict(row)
    return Policy(**{**values, "response_scores": json.loads(values["response_scores"])})
