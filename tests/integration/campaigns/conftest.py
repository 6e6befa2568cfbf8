"""The campaigns app on a database of its own, and an SMTP server that answers as told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from campaigns.app import create_app
from campaigns.asking import Contacts
from campaigns.links import Links
from campaigns.sending import Sender
from contacts.app import create_app as create_contacts_app
from fastapi import FastAPI
from shared.auth import issue_token, own_token
from shared.contracts.privacy import ANSWERING
from shared.db import Pool, open_pool

from tests.conftest import DatabaseFactory
from tests.integration.campaigns.owner import OwnerOfConsents

JWT_KEY = "test-key-of-more-than-32-characters!"
HASH_KEY = "test-hash-key-16+"
LINK_KEY = "test-link-key-16+"
PUBLIC_URL = "http://campaigns.test"
SENDER = "Rapport <news@rapport.example>"


@dataclass
class MailSink:
    """An SMTP server; `answers` are said to the next DATA, or RCPT when they begin with `rcpt:`."""

    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    before_data: Callable[[], Awaitable[None]] | None = None

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if self.answers and self.answers[0].startswith("rcpt:"):
            return self.answers.pop(0).removeprefix("rcpt:")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.before_data:
            await self.before_data()
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "hang up":
            server.transport.abort()
            return "421 gone"
        if answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.received.append(message)
        return answer


@pytest.fixture
async def mail() -> AsyncIterator[MailSink]:
    sink = MailSink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="sink.test", loop=loop), "127.0.0.1", 0
    )
    async with server:
        sink.port = server.sockets[0].getsockname()[1]
        yield sink


@pytest.fixture
async def pool(database: DatabaseFactory) -> AsyncIterator[Pool]:
    opened = await open_pool(await database("campaigns"))
    yield opened
    await opened.close()


@pytest.fixture
def links() -> Links:
    return Links(LINK_KEY, PUBLIC_URL)


@pytest.fixture
async def owner(
    database: DatabaseFactory, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OwnerOfConsents]:
    """The contacts service, which has the last word about each mail."""
    monkeypatch.setenv("CONTACTS_DATABASE_URL", "postgresql://unused")
    for service in ANSWERING:
        monkeypatch.setenv(f"{service.upper().replace('-', '_')}_URL", f"http://{service}.test")
    monkeypatch.setenv("RAPPORT_JWT_KEY", JWT_KEY)
    monkeypatch.setenv("RAPPORT_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    app = create_contacts_app()
    app.state.pool = await open_pool(await database("contacts"))
    yield OwnerOfConsents(app, app.state.pool, pool)
    await app.state.pool.close()


@pytest.fixture
def sender(mail: MailSink, links: Links, owner: OwnerOfConsents) -> Sender:
    contacts = Contacts(
        "http://contacts.test", own_token(JWT_KEY, "campaigns", "integration"), owner
    )
    return Sender(f"smtp://127.0.0.1:{mail.port}", SENDER, links, contacts)


@pytest.fixture
def app(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The app without its background: tests do the jobs themselves."""
    for name, value in {
        "CAMPAIGNS_DATABASE_URL": "postgresql://unused",
        "RAPPORT_JWT_KEY": JWT_KEY,
        "RAPPORT_HASH_KEY": HASH_KEY,
        "RAPPORT_LINK_KEY": LINK_KEY,
        "CAMPAIGNS_PUBLIC_URL": PUBLIC_URL,
        "CONTACTS_URL": "http://contacts.test",
        "CAMPAIGNS_SENDER": SENDER,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    made = create_app()
    made.state.pool = pool
    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    token = issue_token(JWT_KEY, "mia", ["marketing"])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=PUBLIC_URL,
        headers={"authorization": f"Bearer {token}"},
    ) as made:
        yield made


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as made:
        yield made
