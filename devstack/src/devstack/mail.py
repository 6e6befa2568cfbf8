"""`python -m devstack.mail FOLDER SMTP_PORT HTTP_PORT`: an SMTP server that delivers to a folder.

Each message is one `.eml` file. The HTTP view lists them for people at `/`, and for programs by the
part of Mailpit's API that the demo reads, so that it reads the sink of the containers too:
`GET /api/v1/messages` (newest first) and `GET /api/v1/message/{id}/raw`.
"""

import asyncio
import html
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import cast

import uuid_utils
import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from devstack import ports

_RECIPIENT = "X-Envelope-To"


@dataclass(frozen=True)
class Mail:
    """One received message as the HTTP view tells it; newest have the highest `id`."""

    id: str
    to: list[str]
    sender: str
    subject: str
    received_at: str


class Mailbox:
    """A folder of messages; `handle_DATA` is called by the SMTP server for each one it accepts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        name = uuid_utils.uuid7().hex
        draft = self._folder / f"{name}.new"
        recipients = "".join(f"{_RECIPIENT}: {to}\r\n" for to in envelope.rcpt_tos)
        content = cast("bytes", envelope.content)
        draft.write_bytes(recipients.encode() + content)
        draft.rename(self._folder / f"{name}.eml")
        return "250 Message accepted"

    def raw(self, name: str) -> bytes | None:
        path = self._folder / f"{name}.eml"
        return path.read_bytes() if name.isalnum() and path.exists() else None

    def list(self) -> "list[Mail]":
        """Read every message, newest first."""
        return [_read(path) for path in sorted(self._folder.glob("*.eml"), reverse=True)]


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    return Mail(
        id=path.stem,
        to=[str(to).lower() for to in message.get_all(_RECIPIENT, [])],
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(),
    )


def create_app(mailbox: Mailbox, smtp_port: int) -> Starlette:
    """Build the HTTP view; the SMTP server runs as long as the view does."""

    async def page(_request: Request) -> Response:
        return HTMLResponse(_page(mailbox.list()))

    async def messages(_request: Request) -> Response:
        return JSONResponse({"messages": [_as_json(mail) for mail in mailbox.list()]})

    async def message(request: Request) -> Response:
        raw = mailbox.raw(request.path_params["name"])
        if raw is None:
            return Response("There is no such message.\n", status_code=404)
        return Response(raw, media_type="message/rfc822")

    @asynccontextmanager
    async def smtp(_app: Starlette) -> AsyncGenerator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(mailbox, hostname="rapport.example", loop=loop), ports.HOST, smtp_port
        )
        async with server:
            yield

    routes = [
        Route("/", page),
        Route("/api/v1/messages", messages),
        Route("/api/v1/message/{name}/raw", message),
    ]
    return Starlette(routes=routes, lifespan=smtp)


def _as_json(mail: Mail) -> dict[str, object]:
    return {
        "ID": mail.id,
        "From": {"Address": mail.sender},
        "To": [{"Address": to} for to in mail.to],
        "Subject": mail.subject,
        "Created": mail.received_at,
    }


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Mail</title>
<style>
body {{ font: 16px/1.5 system-ui; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border-bottom: 1px solid #ddd; padding: .4rem .6rem; text-align: left }}
</style>
<h1>Mail</h1>
<p>{count} received. Nothing here has left this machine.</p>
<table><tr><th>received<th>to<th>from<th>subject</tr>
{rows}
</table></html>
"""


def _page(mails: list[Mail]) -> str:
    rows = "\n".join(_row(mail) for mail in mails)
    return _PAGE.format(count=len(mails), rows=rows)


def _row(mail: Mail) -> str:
    cells = (mail.received_at[:19].replace("T", " "), ", ".join(mail.to), mail.sender)
    link = f'<a href="/api/v1/message/{mail.id}/raw">{html.escape(mail.subject) or "(none)"}</a>'
    return "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in cells) + f"<td>{link}</tr>"


def main() -> None:
    folder, smtp_port, http_port = sys.argv[1:]
    app = create_app(Mailbox(Path(folder)), int(smtp_port))
    uvicorn.run(app, host=ports.HOST, port=int(http_port), access_log=False)


if __name__ == "__main__":
    main()
