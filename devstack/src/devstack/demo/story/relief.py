"""Act 4: the ticket is resolved, the flag clears, the mail goes out; the customer has enough."""

import re

from devstack.demo.doors import Json, eventually
from devstack.demo.story.campaign import LINK, launch, message_of
from devstack.demo.story.cast import AGENT, Cast
from devstack.demo.story.interest import Interest
from devstack.demo.story.trouble import OVER, Trouble, flagged

ONE_CLICK = "List-Unsubscribe=One-Click"
REFUSALS = {"suppression-list", "consent", "unsubscribed"}
_CLICK_LINK = re.compile(r"https?://\S+/c/[^\s\"'<>)]+")


async def bring_relief(cast: Cast, interest: Interest, trouble: Trouble) -> None:
    """Resolve the ticket, read the mail, click, unsubscribe, be spared the next mail."""
    await _resolve(cast, trouble.ticket_id)
    await eventually(lambda: _cleared(cast, trouble), "the deal's risk clears")
    cast.tell("The ticket was resolved, and the deal's risk cleared")
    mail = await eventually(lambda: _mail(cast), "the mail that was held goes out")
    await eventually(lambda: _message(cast, interest, trouble, "sent_at"), "the message is sent")
    cast.tell("The mail went out")
    await _click(cast, interest, trouble, mail)
    cast.tell("The customer clicked")
    await _unsubscribe(cast, interest, trouble, mail)
    cast.tell("The customer unsubscribed with one click")
    await _be_spared(cast, interest)


async def _resolve(cast: Cast, ticket_id: str) -> None:
    path = f"/v1/tickets/{ticket_id}"
    ticket = await cast.service.get("service-desk", path)
    if ticket["status"] in OVER:
        return
    if ticket["status"] == "new":
        await cast.service.post("service-desk", f"{path}/assign", {"agent_id": AGENT})
    if ticket["status"] in {"new", "open"}:
        await cast.service.post("service-desk", f"{path}/status", {"to": "in-progress"})
    cause = {"resolution_code": "fixed", "root_cause": "blown-fuse"}
    await cast.service.post("service-desk", f"{path}/resolve", cause)


async def _cleared(cast: Cast, trouble: Trouble) -> bool:
    return not await flagged(cast, trouble.deal_id, trouble.ticket_id)


async def _mail(cast: Cast) -> Json | None:
    mails = await cast.doors.mails_to(cast.customer.email)
    return mails[0] if mails else None


async def _message(cast: Cast, interest: Interest, trouble: Trouble, field: str) -> Json | None:
    message = await cast.marketing.find(
        "campaigns",
        "/v1/messages",
        lambda message: message["message_id"] == trouble.message_id,
        contact_id=interest.contact_id,
    )
    return message if message and message[field] else None


async def _click(cast: Cast, interest: Interest, trouble: Trouble, mail: Json) -> None:
    if await _message(cast, interest, trouble, "clicked_at"):
        return
    link = _CLICK_LINK.search(mail["text"])
    cast.expect(link is not None, "the mail has a link", mail["text"])
    assert link is not None
    answer = await cast.doors.request("GET", link[0], follow_redirects=False)
    target = answer.headers.get("location", "")
    cast.expect(target.startswith(LINK), "the link leads where the campaign says", target)
    await eventually(
        lambda: _message(cast, interest, trouble, "clicked_at"), "the click is recorded"
    )


async def _unsubscribe(cast: Cast, interest: Interest, trouble: Trouble, mail: Json) -> None:
    """One click as RFC 8058 has it: a POST to the header's link, by the mail program."""
    if not await _message(cast, interest, trouble, "unsubscribed_at"):
        headers = {name.lower(): value for name, value in mail["headers"].items()}
        posted = headers.get("list-unsubscribe-post")
        cast.expect(posted == ONE_CLICK, "the mail offers one-click unsubscription", headers)
        link = headers["list-unsubscribe"].split(",")[0].strip(" <>")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        await cast.doors.request("POST", link, content=ONE_CLICK, headers=form)
        await eventually(
            lambda: _message(cast, interest, trouble, "unsubscribed_at"), "the opt-out is recorded"
        )
    await eventually(lambda: _withdrawn(cast, interest), "contacts withdraws the consent")


async def _withdrawn(cast: Cast, interest: Interest) -> bool:
    consents = await cast.sales.get("contacts", f"/v1/contacts/{interest.contact_id}/consents")
    return any(
        (consent["channel"], consent["purpose"], consent["status"])
        == ("email", "marketing", "withdrawn")
        for consent in consents
    )


async def _be_spared(cast: Cast, interest: Interest) -> None:
    campaign_id = await launch(cast, interest.contact_id, "winter")
    message = await eventually(
        lambda: message_of(cast, interest.contact_id, campaign_id, unless="reserved"),
        "the next campaign decides on its message",
    )
    refused = message["status"] == "suppressed" and message["reason_code"] in REFUSALS
    cast.expect(refused, "the next mail is refused for the opt-out", message)
    mails = await cast.doors.mails_to(cast.customer.email)
    cast.expect(len(mails) == 1, "the customer got one mail", [mail["subject"] for mail in mails])
    cast.tell(f"The next mail was refused: {message['reason_code']}")
