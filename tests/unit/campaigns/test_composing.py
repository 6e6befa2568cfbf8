"""Composing a mail: what it costs, and that texts of any script arrive."""

import gc
from datetime import UTC, datetime
from email import message_from_bytes, policy

from campaigns.mail import Draft, compose

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def draft(number: int) -> Draft:
    return Draft(
        send_id=f"send-{number}",
        sender="Rapport <news@rapport.example>",
        recipient=f"person{number}@acme.example",
        greeting="Dear Ms Müller,",
        subject="Grüße aus Wien, 新年快乐",
        body_text="Look: https://acme.example/offer",
        link_url="https://acme.example/offer",
        click_url="https://rapport.example/c/1",
        unsubscribe_url=f"https://rapport.example/u/{'x' * 200}{number}",
        at=AT,
    )


def test_no_class_is_made_for_a_mail() -> None:
    compose(draft(0))
    gc.collect()
    before = classes()
    gc.disable()
    try:
        for number in range(50):
            compose(draft(number))
        assert classes() == before
    finally:
        gc.enable()


def classes() -> int:
    return sum(isinstance(each, type) for each in gc.get_objects())


def test_a_mail_says_what_its_draft_says() -> None:
    mail = compose(draft(7))
    read = message_from_bytes(mail.content, policy=policy.default)

    assert mail.recipient == read["To"] == "person7@acme.example"
    assert read["Subject"] == draft(7).subject
    assert read["List-Unsubscribe"] == f"<{draft(7).unsubscribe_url}>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
