"""Events over HTTP, for those without Kafka: pages and a stream of what the service published."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request, Response
from sse_starlette import EventSourceResponse

from shared.auth import Reader
from shared.errors import GoneError
from shared.http.event_filters import Wanted, wanted_by
from shared.http.event_stream import EventStream, limit_streams
from shared.messaging import metrics
from shared.messaging.bookmarks import Bookmark, Cursors
from shared.messaging.following import Following, LogMovedOnError, partitions_of
from shared.messaging.structured import Told

MOST = 1000
LONGEST_WAIT = 30.0
MOST_LOOKED_AT = 20_000
"""Records that one page may look through for the types asked for; the cursor moves meanwhile."""

PORTION = 1000
FROM_NOW_ON = "end"
BATCH_TYPE = "application/cloudevents-batch+json"
CURSOR_HEADER = "Rapport-Cursor"

_ABOUT = """
Every fact and every snapshot that this service published, as on Kafka: the same `id`, the same
`aggregateversion`, in order per aggregate (`subject`); across aggregates there is no order. Each
is a CloudEvent in JSON (structured mode). An event of a state type without `data` is the end of
its subject: erase what you hold of it. Drop what you have seen: keep the highest
`aggregateversion` per type of subject, or the ids.

Any role may read events; types with personal data (most of the state types) need `admin` or
`integration`, and are left out of what others are told.
"""
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    403: {"description": "A type was named that your roles may not read."},
    410: {
        "description": "The log no longer reaches back to this cursor. `next` is the cursor at"
        " which to go on; what lay between can be asked for by `POST /v1/resync`."
    },
    422: {"description": "No cursor of this service, or a type that it does not publish."},
    503: {"description": "Kafka does not answer; try again with the same cursor."},
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A batch of CloudEvents; possibly none.",
        "content": {
            BATCH_TYPE: {
                "schema": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["specversion", "id", "source", "type"],
                        "properties": {
                            "specversion": {"const": "1.0"},
                            "id": {"type": "string"},
                            "source": {"type": "string"},
                            "type": {"type": "string"},
                            "subject": {"type": "string", "description": "The aggregate's id."},
                            "time": {"type": "string", "format": "date-time"},
                            "aggregateversion": {"type": "integer"},
                            "data": {"type": "object"},
                        },
                    },
                }
            }
        },
        "headers": {
            CURSOR_HEADER: {
                "description": "The cursor behind this page: the next `after`.",
                "schema": {"type": "string"},
            },
            "Link": {
                "description": 'The next page, as `<…>; rel="next"`; there always is one.',
                "schema": {"type": "string"},
            },
        },
    },
    **_PROBLEMS,
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `id` is the cursor behind the event, `data` the"
        " CloudEvent.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    429: {"description": "This process serves as many streams as it can."},
    **_PROBLEMS,
}

router = APIRouter(prefix="/v1/events", tags=["events"])

After = Annotated[
    str | None,
    Query(
        max_length=4000,
        description="The cursor of the last page or event; without one, from the beginning of the"
        f" log. `{FROM_NOW_ON}` stands for the end of the log: only what comes from now on.",
    ),
]
Types = Annotated[
    list[str] | None,
    Query(
        max_length=100,
        description="Only these types: exact names, or beginnings with `*` at their end"
        " (`crm.pipeline.deal.*`); several by repeating the parameter or by commas.",
    ),
]
LastEventId = Annotated[
    str | None,
    Header(
        max_length=4000,
        description="The `id` of the last event received: the stream goes on behind it. Browsers"
        " and SSE clients send it themselves when they connect again; it wins over `after`.",
    ),
]


class CursorExpiredError(GoneError):
    """The log no longer reaches back to this cursor: go on at `next`, resync what you missed."""


@dataclass(frozen=True, slots=True)
class Page:
    """The events of one page, and the bookmark behind them."""

    events: Sequence[Told]
    bookmark: Bookmark


@router.get("", response_class=Response, responses=_PAGE, description=_ABOUT)
async def list_events(
    request: Request,
    caller: Reader,
    after: After = None,
    types: Types = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    wait: Annotated[
        float,
        Query(
            ge=0,
            le=LONGEST_WAIT,
            description="Seconds to wait for an event where there is none yet (long polling).",
        ),
    ] = 0,
) -> Response:
    following, cursors, wanted = _asked(request, types, caller.roles)
    bookmark = await _bookmark(following, cursors, wanted, after)
    try:
        page = await _page(following, bookmark, wanted, limit, wait)
    except LogMovedOnError as moved:
        raise CursorExpiredError(next=cursors.write(moved.bookmark)) from moved
    cursor = cursors.write(page.bookmark)
    metrics.EVENTS_TOLD.labels(following.service).inc(len(page.events))
    return Response(
        f"[{','.join(told.text or '' for told in page.events)}]",
        media_type=BATCH_TYPE,
        headers={
            CURSOR_HEADER: cursor,
            "Link": f'<{_next_page(cursor, types, limit)}>; rel="next"',
            "Cache-Control": "no-store",
        },
    )


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    responses=_STREAM,
    description=_ABOUT
    + "\nThe stream goes on with what comes, and sends a comment every 15 s where nothing does. It"
    " ends after 15 minutes, when the service stops, and when you read too slowly: connect again"
    " with the last `id`, and nothing is lost or told twice.",
)
async def stream_events(
    request: Request,
    caller: Reader,
    after: After = None,
    types: Types = None,
    last_event_id: LastEventId = None,
) -> EventSourceResponse:
    following, cursors, wanted = _asked(request, types, caller.roles)
    limit_streams(following.service)
    bookmark = await _bookmark(following, cursors, wanted, last_event_id or after)
    stream = EventStream(following, cursors, wanted, bookmark)
    try:
        await stream.begin()
    except LogMovedOnError as moved:
        raise CursorExpiredError(next=cursors.write(moved.bookmark)) from moved
    return stream.response()


def _asked(
    request: Request, types: Sequence[str] | None, roles: frozenset[str]
) -> tuple[Following, Cursors, Wanted]:
    following: Following = request.app.state.following
    cursors: Cursors = request.app.state.cursors
    return following, cursors, wanted_by(following.service, types or (), roles)


async def _bookmark(
    following: Following, cursors: Cursors, wanted: Wanted, after: str | None
) -> Bookmark:
    if after == FROM_NOW_ON:
        return await following.end()
    bookmark = Bookmark() if after is None else cursors.read(after)
    await following.settle(bookmark, partitions_of(wanted.topics))
    return bookmark


async def _page(
    following: Following, bookmark: Bookmark, wanted: Wanted, limit: int, wait: float
) -> Page:
    """The next events that were asked for; waits only where the log has been read to its end."""
    partitions = partitions_of(wanted.topics)
    events: list[Told] = []
    looked_at, ends_at = 0, time.monotonic() + wait
    portion = PORTION if wanted.is_narrow else limit
    while not events and looked_at < MOST_LOOKED_AT:
        behind = bookmark.copy()
        told = await following.read(bookmark, partitions, portion)
        looked_at += len(told)
        events, cut_at = _first(told, wanted, limit)
        if cut_at is not None:
            bookmark = behind
            for each in told[:cut_at]:
                bookmark.move(each.partition, each.offset + 1)
        left = max(0.0, ends_at - time.monotonic())
        if not told and not await following.wait(bookmark, partitions, left):
            break
    return Page(events, bookmark)


def _first(told: Sequence[Told], wanted: Wanted, limit: int) -> tuple[list[Told], int | None]:
    """The first events of these that were asked for; where they fill the page, how far it goes."""
    events: list[Told] = []
    for at, each in enumerate(told, start=1):
        if each.text is not None and wanted.includes(each.type):
            events.append(each)
            if len(events) == limit:
                return events, at
    return events, None


def _next_page(cursor: str, types: Sequence[str] | None, limit: int) -> str:
    chosen = "".join(f"&types={quote(each)}" for each in types or ())
    return f"/v1/events?after={cursor}{chosen}&limit={limit}"
