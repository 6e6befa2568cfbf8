"""The sender: takes messages through the gate and hands them to the mail server, a batch at a time.

A batch is small, so that what passed the gate starts at once; it goes out over a few connections.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from shared.db import Pool
from shared.failpoints import Failpoint

from campaigns.gate.store import Letter
from campaigns.links import Links
from campaigns.mail import CannotBeComposedError, Draft, MailServer, compose, greeting
from campaigns.messages.domain import Message, Outcome, ReportDelivery
from campaigns.messages.handlers import START_WITHIN, open_gate, report_delivery

BATCH = 100
CONNECTIONS = 4
LINK_ID = "link"
"""The one link that a campaign has."""

_BEFORE_HANDOVER = Failpoint("mail.before-handover")
_AFTER_HANDOVER = Failpoint("mail.after-handover")

logger = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends as `address` (with a name, or without) through the server at `smtp_url`."""

    smtp_url: str
    address: str
    links: Links

    async def send_due(self, pool: Pool) -> bool:
        """The job: go on until nothing is due."""
        was_busy = False
        while (batch := await open_gate(pool, datetime.now(UTC), BATCH)) is not None:
            shares = [batch[at::CONNECTIONS] for at in range(CONNECTIONS)]
            ends = await asyncio.gather(
                *(self._send_share(pool, share) for share in shares if share),
                return_exceptions=True,
            )
            for error in filter(None, ends):
                raise error
            was_busy = True
        return was_busy

    async def _send_share(self, pool: Pool, share: Sequence[tuple[Message, Letter]]) -> None:
        async with MailServer(self.smtp_url) as server:
            for message, letter in share:
                _BEFORE_HANDOVER.reach()
                outcome, code = await self._send(server, message, letter)
                _AFTER_HANDOVER.reach()
                report = ReportDelivery(outcome, letter.subject, datetime.now(UTC), code)
                after = await report_delivery(pool, message.message_id, report, letter)
                logger.info(
                    "message_handed_over",
                    message_id=str(message.message_id),
                    outcome=outcome,
                    status=after.status,
                    smtp_code=code,
                )

    async def _send(
        self, server: MailServer, message: Message, letter: Letter
    ) -> tuple[Outcome, int | None]:
        assert message.handed_over_at is not None
        try:
            mail = compose(self._draft(message, letter, datetime.now(UTC)))
        except CannotBeComposedError:
            return "rejected", None
        return await server.deliver(mail, message.handed_over_at + START_WITHIN)

    def _draft(self, message: Message, letter: Letter, now: datetime) -> Draft:
        assert letter.email is not None
        has_link = letter.link_url is not None
        return Draft(
            send_id=message.send_id,
            sender=self.address,
            recipient=letter.email,
            greeting=greeting(letter.salutation, letter.given_name, letter.family_name),
            subject=letter.subject,
            body_text=letter.body_text,
            link_url=letter.link_url,
            click_url=self.links.click_url(message.message_id, LINK_ID) if has_link else None,
            unsubscribe_url=self.links.unsubscribe_url(message.message_id),
            at=now,
        )
