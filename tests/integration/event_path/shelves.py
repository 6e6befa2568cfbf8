"""A service of a test: shelves that are created, read, written and broken, and a consumer."""

from typing import Annotated
from uuid import UUID

import httpx
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from shared.auth import Caller, Reader, allow, issue_token
from shared.contracts.contacts import CustomerOwnerChanged
from shared.db import Connection
from shared.errors import ConflictError
from shared.http.requests import IfMatch, NewId, RateLimit, Text, require_version, tag_version
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

KEY = "a key that is long enough for a test of HS256"


class ShelfIsEmptyError(ConflictError):
    """The shelf is empty."""


class ShelfIn(BaseModel):
    name: Text
    size: int = Field(ge=1)


router = APIRouter(prefix="/v1/shelves")


@router.post("", status_code=201)
async def create_shelf(
    caller: Annotated[Caller, Depends(allow("sales"))], shelf_id: NewId, body: ShelfIn
) -> dict[str, str]:
    return {"shelf_id": str(shelf_id), "by": caller.cause.actor, "name": body.name}


@router.get("/{shelf_id}")
async def read_shelf(_: Reader, shelf_id: UUID) -> dict[str, str]:
    raise ShelfIsEmptyError(shelf_id=shelf_id)


@router.put("/{shelf_id}")
async def write_shelf(_: Reader, shelf_id: UUID, if_match: IfMatch, response: Response) -> str:
    require_version(3, if_match)
    tag_version(response, 4)
    return str(shelf_id)


@router.post("/{shelf_id}/break")
async def break_shelf(_: Reader, shelf_id: UUID) -> None:
    raise ZeroDivisionError(str(shelf_id))


@router.get("", dependencies=[Depends(RateLimit(per_minute=2))])
async def knock() -> str:
    return "who is there?"


def owners_of(refused: set[str]) -> Consumer:
    consumer = Consumer(f"contacts.service-{new_id()}")

    @consumer.on(CustomerOwnerChanged)
    async def on_owner_changed(_: Connection, received: Received[CustomerOwnerChanged]) -> None:
        if received.event.to_owner_id in refused:
            raise ShelfIsEmptyError

    return consumer


def bearer(*roles: str, subject: str = "anna") -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_token(KEY, subject, roles)}"}


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == 200
