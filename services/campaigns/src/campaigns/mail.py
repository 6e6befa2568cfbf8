"""Mail: composes a message, hands it to the SMTP server, and says for sure what became of it.

RFC 8058 gives every mail a one-click way out; RFC 5321 says when a server has taken a mail: with
its answer to the end of DATA. A connection that breaks between the two leaves the matter unknown.
"""

import asyncio
import contextlib
import html
import time
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from campaigns.mail_outcomes import Outcome

CONNECT_TIMEOUT = 5.0
COMMAND_TIMEOUT = 15.0
_TEMPORARY = range(400, 500)


class _Headers(HeaderRegistry):
    """The library's header classes, each made once; it makes a class anew for each header."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = super().__getitem__(name)
        return made


_POLICY = SMTP_POLICY.clone(max_line_length=998, header_factory=_Headers())
"""As long as RFC 5322 lets a line be: a folded link is no link any more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a mail."""

    send_id: str
    sender: str
    recipient: str
    greeting: str
    subject: str
    body_text: str
    link_url: str | None
    click_url: str | None
    unsubscribe_url: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the SMTP server gets it."""

    sender: str
    recipient: str
    content: bytes


class CannotBeComposedError(ValueError):
    """An address or a text fits no mail."""


def greeting(salutation: str | None, given_name: str | None, family_name: str | None) -> str:
    """How a person is addressed, as far as the name is known."""
    name = " ".join(part for part in (given_name, family_name) if part)
    if salutation and family_name:
        name = f"{salutation} {family_name}"
    return f"Dear {name}," if name else "Hello,"


def compose(draft: Draft) -> Mail:
    """The mail as it goes over the wire; raises `CannotBeComposedError`."""
    sender, recipient = parseaddr(draft.sender)[1], draft.recipient
    try:
        return Mail(sender, recipient, _message(draft).as_bytes())
    except (ValueError, LookupError, MessageError) as error:
        raise CannotBeComposedError(draft.send_id) from error


def _message(draft: Draft) -> EmailMessage:
    name, address = parseaddr(draft.sender)
    sender = Address(name, addr_spec=address)
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = draft.recipient
    message["Subject"] = draft.subject
    message["Date"] = format_datetime(draft.at)
    message["Message-ID"] = f"<{draft.send_id}@{sender.domain}>"
    message["X-Rapport-Send-Id"] = draft.send_id
    if draft.unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{draft.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_plain(draft))
    message.add_alternative(_html(draft), subtype="html")
    return message


def _plain(draft: Draft) -> str:
    body = draft.body_text
    if draft.link_url and draft.click_url:
        if draft.link_url in body:
            body = body.replace(draft.link_url, draft.click_url)
        else:
            body = f"{body}\n\n{draft.click_url}"
    way_out = f"\n-- \nNo more mail: {draft.unsubscribe_url}\n" if draft.unsubscribe_url else ""
    return f"{draft.greeting}\n\n{body}\n{way_out}"


def _html(draft: Draft) -> str:
    body = html.escape(draft.body_text)
    if draft.link_url and draft.click_url:
        shown, target = html.escape(draft.link_url), html.escape(draft.click_url)
        anchor = f'<a href="{target}">{shown}</a>'
        body = body.replace(shown, anchor) if shown in body else f"{body}\n\n{anchor}"
    paragraphs = "".join(
        f"<p>{paragraph}</p>\n" for paragraph in body.replace("\n", "<br>\n").split("<br>\n<br>\n")
    )
    return (
        "<!doctype html>\n<html><body>\n"
        f"<p>{html.escape(draft.greeting)}</p>\n{paragraphs}{_way_out(draft)}</body></html>\n"
    )


def _way_out(draft: Draft) -> str:
    if draft.unsubscribe_url is None:
        return ""
    target = html.escape(draft.unsubscribe_url)
    return f'<p><small><a href="{target}">No more mail</a></small></p>\n'


@dataclass(slots=True)
class MailServer:
    """One connection to the SMTP server, opened at its first use; `async with` closes it."""

    url: str
    _client: aiosmtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None and kind is None:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=CONNECT_TIMEOUT)
        self._drop()

    async def deliver(self, mail: Mail, start_by: float) -> tuple[Outcome, int | None]:
        """Hand one mail over; never raises for what a server or a network does.

        DATA begins before `start_by` (of `time.monotonic`), or not at all, and is over within
        `COMMAND_TIMEOUT`: who opted out may rely on it.
        """
        try:
            client = await self._connected()
        except (aiosmtplib.SMTPException, OSError) as error:
            self._drop()
            return "unreachable", getattr(error, "code", None)
        refusal = await self._envelope(client, mail)
        if refusal is None and time.monotonic() >= start_by:
            self._drop()
            refusal = "unreachable", None
        return refusal or await self._content(client, mail.content)

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            parts = urlsplit(self.url)
            self._client = aiosmtplib.SMTP(
                hostname=parts.hostname,
                port=parts.port or (465 if parts.scheme == "smtps" else 25),
                username=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                use_tls=parts.scheme == "smtps",
                timeout=CONNECT_TIMEOUT,
            )
            await self._client.connect()
        return self._client

    async def _envelope(
        self, client: aiosmtplib.SMTP, mail: Mail
    ) -> tuple[Outcome, int | None] | None:
        """Before DATA: whatever goes wrong here, the server has not taken the mail."""
        try:
            await client.mail(mail.sender, timeout=COMMAND_TIMEOUT)
            await client.rcpt(mail.recipient, timeout=COMMAND_TIMEOUT)
        except aiosmtplib.SMTPResponseException as error:
            self._drop()
            return _judged_recipient(error), error.code
        except (aiosmtplib.SMTPException, OSError):
            self._drop()
            return "unreachable", None
        except UnicodeError:
            self._drop()
            return "rejected", None
        return None

    async def _content(self, client: aiosmtplib.SMTP, content: bytes) -> tuple[Outcome, int | None]:
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT):
                code, _ = await client.data(content, timeout=COMMAND_TIMEOUT + 1)
        except aiosmtplib.SMTPDataError as error:
            self._drop()
            return _judged(error.code), error.code
        except (aiosmtplib.SMTPException, OSError):
            self._drop()
            return "unknown", None
        return "accepted", code

    def _drop(self) -> None:
        """Cut the connection: what of a mail still waits in its buffer never leaves."""
        if self._client is not None:
            if isinstance(self._client.transport, asyncio.WriteTransport):
                self._client.transport.abort()
            self._client.close()
            self._client = None


def _judged_recipient(error: aiosmtplib.SMTPResponseException) -> Outcome:
    """That there is no such mailbox, a server says by its enhanced code 5.1.x (RFC 3463) alone.

    A bare 550 may as well mean that it does not like the sender: no address is given up for it.
    """
    is_about_address = error.message.lstrip().startswith("5.1.")
    is_refused_recipient = isinstance(error, aiosmtplib.SMTPRecipientRefused)
    if is_refused_recipient and is_about_address and error.code not in _TEMPORARY:
        return "no-such-mailbox"
    return _judged(error.code)


def _judged(code: int) -> Outcome:
    """4yz: the server asks to come back. 5yz: it says no for good."""
    return "try-later" if code in _TEMPORARY else "rejected"
