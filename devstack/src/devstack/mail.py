"""`python -m devstack.mail FOLDER SMTP_PORT HTTP_PORT`: an SMTP server that delivers to a folder.

Each message is one `.eml` file. The HTTP view lists them: `GET /` for people, `GET /messages?to=…`
for programs, `GET /messages/{id}` for the message as it was received.
"""

import asyncio
import html
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
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
    headers: dict[str, str]
    text: str
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

    def list(self, to: str | None = None) -> "list[Mail]":
        """Read every message, or those to one address, oldest first."""
        mails = [_read(path) for path in sorted(self._folder.glob("*.eml"))]
        return [mail for mail in mails if to is None or to.lower() in mail.to]


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain", "html"))
    return Mail(
        id=path.stem,
        to=[str(to).lower() for to in message.get_all(_RECIPIENT, [])],
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        headers={name: str(value) for name, value in message.items() if name != _RECIPIENT},
        text=str(body.get_content()) if body else "",
        received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(),
    )


def create_app(mailbox: Mailbox, smtp_port: int) -> Starlette:
    """Build the HTTP view; the SMTP server runs as long as the view does."""

    async def page(_request: Request) -> Response:
        return HTMLResponse(_page(mailbox.list()))

    async def messages(request: Request) -> Response:
        found = mailbox.list(request.query_params.get("to"))
        return JSONResponse([_as_json(mail) for mail in found])

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
        Route("/messages", messages),
        Route("/messages/{name}", message),
    ]
    return Starlette(routes=routes, lifespan=smtp)


def _as_json(mail: Mail) -> dict[str, object]:
    values = asdict(mail)
    values["from"] = values.pop("sender")
    return values


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
    rows = "\n".join(_row(mail) for mail in reversed(mails))
    return _PAGE.format(count=len(mails), rows=rows)


def _row(mail: Mail) -> str:
    cells = (mail.received_at[:19].replace("T", " "), ", ".join(mail.to), mail.sender)
    link = f'<a href="/messages/{mail.id}">{html.escape(mail.subject) or "(none)"}</a>'
    return "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in cells) + f"<td>{link}</tr>"


def main() -> None:
    folder, smtp_port, http_port = sys.argv[1:]
    app = create_app(Mailbox(Path(folder)), int(smtp_port))
    uvicorn.run(app, host=ports.HOST, port=int(http_port), access_log=False)


if __name__ == "__main__":
    main()
