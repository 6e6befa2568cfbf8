"""Confirmations: a question goes out once, and is answered once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from campaigns.confirmations.domain import (
    Confirm,
    Confirmation,
    GiveUp,
    LinkIsOverError,
    Report,
    decide,
    evolve,
    hand_over,
    take_back,
)
from campaigns.forms.domain import Form, OfferedConsent, SubmitForm
from campaigns.forms.domain import decide as submit
from campaigns.links import LinkIsUnknownError, Links
from campaigns.mail_outcomes import Outcome
from shared.contracts.campaigns import (
    ConfirmationConfirmed,
    ConfirmationNotSent,
    ConfirmationSent,
    FormConsent,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
WAITING = Confirmation(
    UUID(int=1), UUID(int=2), UUID(int=3), "email", "newsletter", AT + timedelta(days=3), AT
)
UNDER_WAY = hand_over(WAITING, AT, "hash")


def test_a_question_is_sent_once() -> None:
    [sent] = decide(UNDER_WAY, Report("accepted", AT))
    assert isinstance(sent, ConfirmationSent)
    assert decide(evolve(UNDER_WAY, sent), Report("accepted", AT)) == []


@pytest.mark.parametrize("outcome", ["rejected", "unknown"])
def test_a_question_that_was_refused_or_lost_is_not_asked_again(outcome: Outcome) -> None:
    [failed] = decide(UNDER_WAY, Report(outcome, AT))
    assert isinstance(failed, ConfirmationNotSent)
    after = evolve(UNDER_WAY, failed)
    assert (after.status, after.reason_code) == ("not-sent", outcome)
    assert decide(after, GiveUp("not-open", AT)) == []


@pytest.mark.parametrize("outcome", ["try-later", "unreachable"])
def test_a_question_that_surely_was_not_taken_is_asked_again(outcome: Outcome) -> None:
    assert decide(UNDER_WAY, Report(outcome, AT)) == []
    back = take_back(UNDER_WAY, outcome, AT)
    assert (back.status, back.attempts) == ("reserved", int(outcome == "try-later"))
    assert back.next_attempt_at > AT


def test_the_answer_counts_once_even_where_the_report_was_lost() -> None:
    for before in (UNDER_WAY, evolve(UNDER_WAY, decide(UNDER_WAY, Report("unknown", AT))[0])):
        [yes] = decide(before, Confirm(AT))
        assert isinstance(yes, ConfirmationConfirmed)
        assert decide(evolve(before, yes), Confirm(AT + timedelta(days=9))) == []


def test_after_its_time_a_link_confirms_nothing() -> None:
    with pytest.raises(LinkIsOverError):
        decide(UNDER_WAY, Confirm(WAITING.expires_at))


def test_a_link_is_for_its_door_and_nobody_makes_one() -> None:
    links = Links("a-key-of-ours", "http://x")
    token = links.confirmation_url(WAITING.token_id).rpartition("/")[2]
    assert links.read_confirmation(token) == WAITING.token_id
    click = links.unsubscribe_url(WAITING.token_id).rpartition("/")[2]
    for forged in (click, str(WAITING.token_id), token[:-1] + ("A" if token[-1] != "A" else "B")):
        with pytest.raises(LinkIsUnknownError):
            links.read_confirmation(forged)
    with pytest.raises(LinkIsUnknownError):
        Links("another-key", "http://x").read_confirmation(token)


def test_whether_a_tick_is_confirmed_by_mail_is_not_the_strangers_say() -> None:
    offered = OfferedConsent("email", "newsletter", "News", double_opt_in=True)
    form = Form("news", 1, "newsletter", "News", AT, (offered,))
    ticked = FormConsent(channel="email", purpose="newsletter", double_opt_in=False)
    command = SubmitForm(UUID(int=9), {"email": "a@b.de"}, (ticked,), None, AT)
    _, state = submit(form, command)
    assert [consent.double_opt_in for consent in state.consents] == [True]
