"""The asker: hands questions to the mail server, as the sender does with messages.

A question needs no consent, it asks for one: contacts says whether it is still open, and whether
the address is suppressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TypeAlias
from uuid import UUID

import structlog
from shared.db import Pool

from campaigns.asking import START_WITHIN, ContactsSilentError, Recipient
from campaigns.confirmations.domain import Confirmation
from campaigns.confirmations.handlers import give_up, give_up_lost, hand_over_due, report
from campaigns.confirmations.store import Addressee
from campaigns.mail import CannotBeComposedError, Draft, MailServer, compose, greeting
from campaigns.mail_outcomes import Outcome
from campaigns.sending import BATCH, Sender, in_shares

Going: TypeAlias = tuple[Confirmation, Addressee]

logger = structlog.stdlib.get_logger()

SUBJECT = "Please confirm your e-mail address"
_TEXT = """\
somebody, we hope you, allowed us to write to this address: {purpose}.

If it was you, please confirm it here:

{link}

If it was not you, do nothing: we will not write to you again.
"""
_PURPOSES = {
    "marketing": "about our products and offers",
    "newsletter": "our newsletter",
    "events": "invitations to our events",
    "partner-offers": "offers of our partners",
    "service": "about your orders and our service",
    "profiling": "offers chosen by what we know of you",
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks as the sender sends."""

    sender: Sender

    async def ask_due(self, pool: Pool) -> bool:
        """The job: go on until no question waits."""
        await give_up_lost(pool, datetime.now(UTC))
        was_busy = False
        while True:
            start_by = monotonic() + START_WITHIN.total_seconds()
            batch = await hand_over_due(pool, datetime.now(UTC), BATCH)
            if batch is None:
                return was_busy
            if batch:
                await self._ask(pool, batch, start_by)
            was_busy = True

    async def _ask(self, pool: Pool, batch: Sequence[Going], start_by: float) -> None:
        try:
            async with self.sender.contacts.permit(list(map(_recipient, batch))) as permit:
                answers = list(zip(batch, permit.against, strict=True))
                closed = [asked.token_id for (asked, _), reason in answers if reason]
                await give_up(pool, closed, datetime.now(UTC))
                open_ones = [going for going, reason in answers if reason is None]
                await in_shares(open_ones, lambda share: self._send_share(pool, share, start_by))
        except ContactsSilentError:
            ends: dict[UUID, Outcome] = {asked.token_id: "unreachable" for asked, _ in batch}
            await report(pool, ends, datetime.now(UTC))

    async def _send_share(self, pool: Pool, share: Sequence[Going], start_by: float) -> None:
        async with MailServer(self.sender.smtp_url) as server:
            for asked, addressee in share:
                outcome, code = await self._send(server, asked, addressee, start_by)
                await report(pool, {asked.token_id: outcome}, datetime.now(UTC))
                logger.info(
                    "confirmation_handed_over",
                    token_id=str(asked.token_id),
                    outcome=outcome,
                    smtp_code=code,
                )

    async def _send(
        self, server: MailServer, asked: Confirmation, addressee: Addressee, start_by: float
    ) -> tuple[Outcome, int | None]:
        try:
            mail = compose(self._draft(asked, addressee))
        except CannotBeComposedError:
            return "rejected", None
        return await server.deliver(mail, start_by)

    def _draft(self, asked: Confirmation, addressee: Addressee) -> Draft:
        link = self.sender.links.confirmation_url(asked.token_id)
        return Draft(
            send_id=asked.token_id.hex,
            sender=self.sender.address,
            recipient=addressee.email,
            greeting=greeting(addressee.salutation, addressee.given_name, addressee.family_name),
            subject=SUBJECT,
            body_text=_TEXT.format(purpose=_PURPOSES[asked.purpose], link=link),
            link_url=link,
            click_url=link,
            unsubscribe_url=None,
            at=datetime.now(UTC),
        )


def _recipient(going: Going) -> Recipient:
    asked, addressee = going
    return Recipient(asked.contact_id, asked.purpose, addressee.subject_hash, asked.token_id)
