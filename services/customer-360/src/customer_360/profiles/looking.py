"""Looks up one customer: every row of the view, of one moment, in one round trip.

Each table's rows come back as an array of its row type, whose columns are the fields of the row's
class in the same order.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from shared.db import Connection

from customer_360.commitments.store import COMMITMENTS
from customer_360.customers.store import CUSTOMERS
from customer_360.deals.store import DEALS
from customer_360.duplicates.store import DUPLICATES
from customer_360.folding import RowT
from customer_360.guarded import GuardedTable
from customer_360.handovers.store import HANDOVERS
from customer_360.households.store import HOUSEHOLDS
from customer_360.interactions.store import INTERACTIONS
from customer_360.leads.store import LEADS
from customer_360.merged import PEOPLE, RECORDS
from customer_360.merges.store import MERGES
from customer_360.orders.store import ORDERS, OrderSum
from customer_360.partners.store import PARTNERS
from customer_360.people.store import CONSENTS, CONTACTS, SUPPRESSIONS
from customer_360.preferences.store import PREFERENCES
from customer_360.privacy_requests.store import PRIVACY_REQUESTS
from customer_360.profiles.figures import Basis, Yardstick
from customer_360.profiles.known import Known
from customer_360.relationships.store import RELATIONSHIPS
from customer_360.sources.progress import End, load_progress
from customer_360.tickets.store import CLOCKS, SURVEYS, TICKETS
from customer_360.touches.store import CAMPAIGNS, MESSAGES, RESPONSES, MessageCount
from customer_360.value.rfm import RfmModel

TOUCHES = 20
LEADS_SHOWN = 20
RECENT_ORDERS = 20
DUPLICATES_SHOWN = 20
MERGES_SHOWN = 20
HANDOVERS_SHOWN = 5
INTERACTIONS_SHOWN = 10
PREFERENCES_SHOWN = 100
RELATED_SHOWN = 50
HOUSEHOLDS_SHOWN = 20
PARTNERS_SHOWN = 20

# Arrays, not joins: at `OR … IN (SELECT …)` PostgreSQL reads whole tables, whatever their indexes.
_PEOPLE = "ARRAY(SELECT contact_id FROM people)"
_RECORDS = "ARRAY(SELECT customer_id FROM records)"
_EITHER = "ARRAY(SELECT contact_id FROM people UNION ALL SELECT customer_id FROM records)"
_THEIRS = f"customer_id = ANY ({_RECORDS})"
_HANDED_OVER_IN = f"""ARRAY(
    SELECT handover_id FROM ownerships WHERE {_THEIRS}
    UNION SELECT handover_id FROM deals WHERE {_THEIRS}
    UNION SELECT handover_id FROM commitments WHERE {_THEIRS}
)"""
_OWNERS = f"""ARRAY(
    SELECT owner_id FROM customers WHERE customer_id = $1
    UNION SELECT owner_id FROM deals WHERE {_THEIRS} AND status = 'open'
    UNION SELECT owner_id FROM commitments WHERE {_THEIRS} AND status IN ('open', 'broken')
)"""
_OF_CUSTOMER = f"({_THEIRS} OR customer_id IS NULL AND contact_id = ANY ({_PEOPLE}))"

_LOOK = f"""
WITH RECURSIVE {RECORDS}, {PEOPLE}, touches AS MATERIALIZED (
    SELECT message_id, campaign_id FROM messages WHERE {_OF_CUSTOMER}
    ORDER BY touched_at DESC NULLS LAST, message_id LIMIT {TOUCHES}
)
SELECT profiles.profile_version, {_RECORDS} AS record_ids,
    (SELECT bounds FROM score_models WHERE model = 'rfm' ORDER BY version DESC LIMIT 1) AS bounds,
    (SELECT newest_ordered_at FROM order_horizon) AS horizon,
    (SELECT count(sent_at) FROM messages WHERE {_OF_CUSTOMER}) AS sent,
    (SELECT count(clicked_at) FROM messages WHERE {_OF_CUSTOMER}) AS clicked,
    ARRAY(SELECT customers FROM customers WHERE customer_id = $1) AS customers,
    ARRAY(SELECT order_sums FROM order_sums WHERE {_THEIRS}) AS order_sums,
    ARRAY(
        SELECT orders FROM orders WHERE {_THEIRS} AND overdue_level > 0
    ) AS overdue_orders,
    ARRAY(SELECT deals FROM deals WHERE {_THEIRS}) AS deals,
    ARRAY(SELECT commitments FROM commitments WHERE {_THEIRS}) AS commitments,
    ARRAY(SELECT tickets FROM tickets WHERE {_THEIRS}) AS tickets,
    ARRAY(SELECT clocks FROM clocks WHERE {_THEIRS}) AS clocks,
    ARRAY(SELECT surveys FROM surveys WHERE {_THEIRS}) AS surveys,
    ARRAY(SELECT contacts FROM contacts WHERE contact_id = ANY ({_PEOPLE})) AS contacts,
    ARRAY(SELECT consents FROM consents WHERE contact_id = ANY ({_PEOPLE})) AS consents,
    ARRAY(
        SELECT suppressions FROM suppressions
        WHERE is_active AND subject_hash = ANY (
            ARRAY(
                SELECT jsonb_array_elements_text(subject_hashes) FROM contacts
                WHERE contact_id = ANY ({_PEOPLE})
            )
        )
    ) AS suppressions,
    ARRAY(
        SELECT duplicates FROM duplicates
        WHERE (first_id = ANY ({_EITHER}) OR second_id = ANY ({_EITHER})) AND status = 'open'
        ORDER BY score DESC, case_id LIMIT {DUPLICATES_SHOWN}
    ) AS duplicates,
    ARRAY(
        SELECT merges FROM merges
        WHERE survivor_id = ANY ({_EITHER}) OR merged_ids ?| ({_EITHER})::text[]
        ORDER BY decided_at DESC NULLS LAST, merge_id LIMIT {MERGES_SHOWN}
    ) AS merges,
    ARRAY(
        SELECT handovers FROM handovers
        WHERE handover_id = ANY ({_HANDED_OVER_IN})
            OR status = 'waiting-acks' AND from_owner_id = ANY ({_OWNERS})
        ORDER BY started_at DESC NULLS LAST, handover_id LIMIT {HANDOVERS_SHOWN}
    ) AS handovers,
    ARRAY(
        SELECT privacy_requests FROM privacy_requests
        WHERE status NOT IN ('completed', 'rejected') AND (customer_ids ?| ({_RECORDS})::text[]
            OR contact_ids ?| ARRAY(SELECT contact_id::text FROM people))
        ORDER BY since, request_id
    ) AS privacy_requests,
    ARRAY(
        SELECT leads FROM leads
        WHERE {_THEIRS} OR contact_id = ANY ({_PEOPLE})
        ORDER BY received_at DESC NULLS LAST, lead_id LIMIT {LEADS_SHOWN}
    ) AS leads,
    ARRAY(
        SELECT orders FROM orders WHERE {_THEIRS}
        ORDER BY ordered_at DESC NULLS LAST, order_id LIMIT {RECENT_ORDERS}
    ) AS orders,
    ARRAY(
        SELECT messages FROM messages WHERE message_id = ANY (ARRAY(SELECT message_id FROM touches))
        ORDER BY touched_at DESC NULLS LAST, message_id
    ) AS messages,
    ARRAY(
        SELECT campaigns FROM campaigns
        WHERE campaign_id = ANY (ARRAY(SELECT campaign_id FROM touches))
    ) AS campaigns,
    ARRAY(
        SELECT responses FROM responses WHERE {_OF_CUSTOMER}
        ORDER BY occurred_at DESC NULLS LAST, response_id LIMIT {TOUCHES}
    ) AS responses,
    ARRAY(
        SELECT interactions FROM interactions
        WHERE {_THEIRS} OR customer_id IS NULL AND contact_ids ?| ({_PEOPLE})::text[]
        ORDER BY occurred_at DESC, interaction_id DESC LIMIT {INTERACTIONS_SHOWN}
    ) AS interactions,
    ARRAY(
        SELECT preferences FROM preferences WHERE {_THEIRS}
        ORDER BY key, learned_at DESC, preference_id LIMIT {PREFERENCES_SHOWN}
    ) AS preferences,
    ARRAY(
        SELECT relationships FROM relationships
        WHERE (from_id = $1 OR to_id = $1) AND ended_at IS NULL
        ORDER BY relationship_type, relationship_id LIMIT {RELATED_SHOWN}
    ) AS relationships,
    ARRAY(
        SELECT households FROM households WHERE member_contact_ids ?| ({_PEOPLE})::text[]
        ORDER BY household_id LIMIT {HOUSEHOLDS_SHOWN}
    ) AS households,
    ARRAY(
        SELECT partners FROM partners WHERE {_THEIRS}
        ORDER BY since DESC NULLS LAST, partner_id LIMIT {PARTNERS_SHOWN}
    ) AS partners
FROM profiles WHERE profiles.customer_id = $1
"""

# Every access is by index, so the plan is the same for every customer; left alone, PostgreSQL plans
# anew at every look once the tables are large, which costs twice what the look itself does.
_PLAN_ONCE = "SET plan_cache_mode = force_generic_plan"


async def look_up(
    connection: Connection, customer_id: UUID, ends: Sequence[End]
) -> tuple[Known, Yardstick] | None:
    """Every row of one customer, and what to measure it with; None where no fact has named it.

    The progress of the sources is read first: the view may be newer than it says, never older.
    """
    await connection.execute(_PLAN_ONCE)  # the pool resets it
    as_of = await load_progress(connection, ends)
    look = await connection.fetchrow(_LOOK, customer_id)
    if look is None:
        return None
    known = Known(
        profile_version=look["profile_version"],
        record_ids=frozenset(look["record_ids"]),
        basis=_basis(customer_id, look),
        people=_rows(CONTACTS, look),
        consents=_rows(CONSENTS, look),
        suppressions=_rows(SUPPRESSIONS, look),
        duplicates=_rows(DUPLICATES, look),
        merges=_rows(MERGES, look),
        privacy_requests=_rows(PRIVACY_REQUESTS, look),
        handovers=_rows(HANDOVERS, look),
        leads=_rows(LEADS, look),
        recent_orders=_rows(ORDERS, look),
        surveys=_rows(SURVEYS, look),
        messages=_rows(MESSAGES, look),
        responses=_rows(RESPONSES, look),
        campaigns={campaign.campaign_id: campaign for campaign in _rows(CAMPAIGNS, look)},
        interactions=_rows(INTERACTIONS, look),
        preferences=_rows(PREFERENCES, look),
        relationships=_rows(RELATIONSHIPS, look),
        households=_rows(HOUSEHOLDS, look),
        partners=_rows(PARTNERS, look),
        as_of=as_of,
    )
    return known, _yardstick(look)


def _basis(customer_id: UUID, look: asyncpg.Record) -> Basis:
    return Basis(
        customer_id=customer_id,
        customer=next(iter(_rows(CUSTOMERS, look)), None),
        order_sums=[OrderSum(*record) for record in look["order_sums"]],
        overdue_orders=ORDERS.rows_of(look["overdue_orders"]),
        deals=_rows(DEALS, look),
        commitments=_rows(COMMITMENTS, look),
        tickets=_rows(TICKETS, look),
        clocks=_rows(CLOCKS, look),
        messages=MessageCount(customer_id, look["sent"], look["clicked"]),
    )


def _yardstick(look: asyncpg.Record) -> Yardstick:
    now = datetime.now(UTC)
    model = RfmModel.model_validate_json(look["bounds"])
    return Yardstick(model, min(look["horizon"] or now, now))


def _rows(table: GuardedTable[RowT], look: asyncpg.Record) -> list[RowT]:
    return table.rows_of(look[table.name])
