"""Messages over HTTP: what became of them; and the doors of their links, open to anybody."""

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel
from shared.auth import Reader
from shared.cause import Cause
from shared.http.context import correlation_of, trace_of
from shared.http.requests import Cursor, Database, Limit, Page, RateLimit, page_of, read_cursor

from campaigns.links import LONGEST_TOKEN, LinkIsUnknownError, SignedLinks
from campaigns.messages import handlers, store
from campaigns.messages.domain import FollowLink, Message, MessageNotFoundError, Status

router = APIRouter(tags=["messages"])

_limit = RateLimit(per_minute=600)
Token = Annotated[str, Path(max_length=LONGEST_TOKEN)]

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>No more mail</title>
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<style>body {{ font: 16px/1.5 system-ui; margin: 4rem auto; max-width: 30rem; padding: 0 1rem }}
button {{ font: inherit; padding: .6rem 1.2rem }}</style>
<h1>No more mail</h1>
{content}
</html>
"""
_ASK = (
    "<p>You will get no more of our mail.</p><form method=post><button>Unsubscribe</button></form>"
)
_DONE = "<p>Done: no more mail goes out to you.</p>"


class MessageOut(BaseModel):
    """What became of one message."""

    message_id: UUID
    send_id: str
    campaign_id: UUID
    contact_id: UUID
    customer_id: UUID | None
    version: int
    status: Status
    reason_code: str | None
    attempts: int
    sent_at: datetime | None
    clicked_at: datetime | None
    unsubscribed_at: datetime | None

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls(
            message_id=message.message_id,
            send_id=message.send_id,
            campaign_id=message.campaign_id,
            contact_id=message.contact_id,
            customer_id=message.customer_id,
            version=message.version,
            status=message.status,
            reason_code=message.reason_code,
            attempts=message.attempts,
            sent_at=message.sent_at,
            clicked_at=message.clicked_at,
            unsubscribed_at=message.unsubscribed_at,
        )


@router.get("/v1/messages")
async def get_messages(
    pool: Database,
    _caller: Reader,
    contact_id: Annotated[UUID | None, Query()] = None,
    campaign_id: Annotated[UUID | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MessageOut]:
    """The messages of a person, of a campaign, or all."""
    key = read_cursor(cursor, UUID)
    after = key[0] if key else None
    messages = await store.list_messages(pool, contact_id, campaign_id, after, limit + 1)
    page = page_of(messages, limit, lambda message: [message.message_id])
    return Page(items=[MessageOut.of(message) for message in page.items], next=page.next)


@router.get("/c/{token}", status_code=302, dependencies=[Depends(_limit)])
async def get_click(
    token: Token, request: Request, pool: Database, links: SignedLinks
) -> RedirectResponse:
    """Follow a link of a message."""
    message_id, link_id = links.read_click(token)
    cause = _cause(request)
    try:
        target = await handlers.follow_link(pool, cause, message_id, FollowLink(link_id, cause.at))
    except MessageNotFoundError as error:
        raise LinkIsUnknownError from error
    if target is None:
        raise LinkIsUnknownError
    return RedirectResponse(target, status_code=302)


@router.get("/u/{token}", dependencies=[Depends(_limit)])
async def get_unsubscribe(token: Token, links: SignedLinks) -> HTMLResponse:
    """A page with a button; looking at it changes nothing, for scanners look at every link."""
    links.read_unsubscribe(token)
    return HTMLResponse(_PAGE.format(content=_ASK))


@router.post("/u/{token}", dependencies=[Depends(_limit)])
async def post_unsubscribe(
    token: Token, request: Request, pool: Database, links: SignedLinks
) -> HTMLResponse:
    """Opt out: by the page's button, or by the mail program's one click (RFC 8058)."""
    message_id = links.read_unsubscribe(token)
    try:
        await handlers.unsubscribe(pool, _cause(request), message_id)
    except MessageNotFoundError as error:
        raise LinkIsUnknownError from error
    return HTMLResponse(_PAGE.format(content=_DONE))


def _cause(request: Request) -> Cause:
    return Cause(
        "user:visitor", datetime.now(UTC), correlation_of(request.scope), trace_of(request.scope)
    )
