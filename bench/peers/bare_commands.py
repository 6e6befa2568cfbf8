"""CreateCustomer without Rapport: FastAPI, asyncpg, the same validation, the same two INSERTs.

No token, no correlation, no decision, no idempotency, no log line, no relay: the least that such
an endpoint can do. `BARE_DATABASE_URL` names a database with the tables of contacts.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from contacts.inputs import CustomerIn
from fastapi import FastAPI, Request
from shared.contracts.contacts import CustomerCreated, CustomerState
from shared.ids import new_id

POOL_SIZE = 10
"""As large as the pool of a service."""

_HEADERS = '{"content-type": "application/json"}'
_CUSTOMER = """
INSERT INTO customers (customer_id, version, kind, display_name, lifecycle, lifecycle_since,
    owner_id, source, region, industry, language, currency, tags, created_at)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_OUTBOX = """
INSERT INTO outbox (event_id, topic, key, aggregate_type, aggregate_id, version, headers, payload)
VALUES ($1, $2, $7, 'customer', $7, 1, $8, $3), ($4, $5, $7, 'customer', $7, 1, $8, $6)
"""


class CustomerOut(CustomerState):
    """What the real endpoint answers with."""

    version: int


@asynccontextmanager
async def _pooled(app: FastAPI) -> AsyncGenerator[None]:
    url = os.environ["BARE_DATABASE_URL"]
    async with asyncpg.create_pool(url, min_size=1, max_size=POOL_SIZE) as pool:
        app.state.pool = pool
        yield


def create_app() -> FastAPI:
    """The app, as uvicorn starts it."""
    app = FastAPI(lifespan=_pooled)
    app.post("/v1/customers", status_code=201)(create_customer)
    app.get("/health/ready")(_ready)
    return app


async def _ready() -> str:
    return "ready"


async def create_customer(request: Request, body: CustomerIn) -> CustomerOut:
    """Two INSERTs in a transaction: the customer's row, and its two facts for the outbox."""
    now, customer_id = datetime.now(UTC), new_id()
    state = CustomerState(
        customer_id=customer_id,
        lifecycle="prospect",
        lifecycle_since=now,
        created_at=now,
        **body.given(),
    )
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await connection.execute(_CUSTOMER, *_row_of(state))
        await connection.execute(_OUTBOX, *_facts_of(state))
    return CustomerOut(**dict(state), version=1)


def _row_of(state: CustomerState) -> tuple[object, ...]:
    return (
        state.customer_id,
        state.kind,
        state.display_name,
        state.lifecycle,
        state.lifecycle_since,
        state.owner_id,
        state.source,
        state.region,
        state.industry,
        state.language,
        state.currency,
        list(state.tags),
        state.created_at,
    )


def _facts_of(state: CustomerState) -> tuple[UUID | str, ...]:
    created = CustomerCreated(
        customer_id=state.customer_id,
        kind=state.kind,
        lifecycle=state.lifecycle,
        source=state.source,
        owner_id=state.owner_id,
        region=state.region,
        industry=state.industry,
    )
    return (
        new_id(),
        created.topic.name,
        created.model_dump_json(exclude_none=True),
        new_id(),
        state.topic.name,
        state.model_dump_json(exclude_none=True),
        str(state.customer_id),
        _HEADERS,
    )
