"""The door of a question's link: looking at it changes nothing, for scanners look at every link."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from shared.cause import Cause
from shared.http.context import correlation_of, trace_of
from shared.http.requests import Database, RateLimit

from campaigns.confirmations import handlers
from campaigns.confirmations.domain import ConfirmationNotFoundError, LinkIsOverError
from campaigns.links import LONGEST_TOKEN, LinkIsUnknownError, SignedLinks

router = APIRouter(tags=["confirmations"])

_limit = RateLimit(per_minute=600)
Token = Annotated[str, Path(max_length=LONGEST_TOKEN)]

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Please confirm</title>
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<style>body {{ font: 16px/1.5 system-ui; margin: 4rem auto; max-width: 30rem; padding: 0 1rem }}
button {{ font: inherit; padding: .6rem 1.2rem }}</style>
<h1>Please confirm</h1>
{content}
</html>
"""
_ASK = "<p>Yes, you may write to me.</p><form method=post><button>Confirm</button></form>"
_DONE = "<p>Thank you: that is confirmed. Each of our mails has a way out.</p>"
_OVER = "<p>The time of this link is over. Please ask for a new one.</p>"


@router.get("/k/{token}", dependencies=[Depends(_limit)])
async def get_confirmation(token: Token, links: SignedLinks) -> HTMLResponse:
    """A page with a button."""
    links.read_confirmation(token)
    return HTMLResponse(_PAGE.format(content=_ASK))


@router.post(
    "/k/{token}",
    dependencies=[Depends(_limit)],
    responses={
        410: {
            "description": "A page that says that the link's time is over.",
            "content": {"text/html": {"schema": {"type": "string"}}},
        }
    },
)
async def post_confirmation(
    token: Token, request: Request, pool: Database, links: SignedLinks
) -> HTMLResponse:
    """Confirm: the link works once, and for its time; again it says the same and does nothing."""
    token_id = links.read_confirmation(token)
    try:
        await handlers.confirm(pool, _cause(request), token_id)
    except ConfirmationNotFoundError as error:
        raise LinkIsUnknownError from error
    except LinkIsOverError as error:
        return HTMLResponse(_PAGE.format(content=_OVER), status_code=error.status)
    return HTMLResponse(_PAGE.format(content=_DONE))


def _cause(request: Request) -> Cause:
    return Cause(
        "user:visitor", datetime.now(UTC), correlation_of(request.scope), trace_of(request.scope)
    )
