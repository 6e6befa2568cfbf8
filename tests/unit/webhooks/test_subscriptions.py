"""Subscriptions: commands, secrets, patterns, bodies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from shared.contracts import FACTS
from shared.contracts.webhooks import (
    SubscriptionChanged,
    SubscriptionCreated,
    SubscriptionDeleted,
    SubscriptionDisabled,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSecretRotated,
)
from standardwebhooks import Webhook, WebhookVerificationError
from webhooks.deliveries.domain import patterns_of
from webhooks.sealing import Seal, SealBrokenError
from webhooks.signing import new_secret, sign, written
from webhooks.subscriptions.domain import (
    ChangeSubscription,
    Command,
    CreateSubscription,
    DeleteSubscription,
    DisableSubscription,
    PauseSubscription,
    ResumeSubscription,
    RotateSecret,
    Subscription,
    SubscriptionEvent,
    SubscriptionExistsError,
    SubscriptionIsDisabledError,
    SubscriptionNotFoundError,
    Target,
    begin,
    decide,
    decide_creating,
    evolve,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID = UUID(int=1)
TARGET = Target("https://hooks.example/?token=1", "hooks.example", ("crm.pipeline.*",))
CREATE = CreateSubscription(ID, "erp", TARGET, b"sealed", NOW)
ACTIVE = begin(CREATE)
PAUSED = replace(ACTIVE, status="paused")
DISABLED = replace(ACTIVE, status="disabled", disabled_reason="gone")
DELETED = replace(ACTIVE, status="deleted")


def after(subscription: Subscription, command: Command) -> Subscription:
    for event in decide(subscription, command):
        subscription = evolve(subscription, event, command, NOW)
    return subscription


def test_a_subscription_is_created_and_a_repeat_stays_quiet() -> None:
    created = SubscriptionCreated(
        subscription_id=ID, host="hooks.example", types=("crm.pipeline.*",)
    )
    assert decide_creating(None, CREATE) == [created]
    assert decide_creating(ACTIVE, CREATE) == []


@pytest.mark.parametrize("known", [DELETED, replace(ACTIVE, target=replace(TARGET, url="other"))])
def test_a_key_that_created_another_one_is_refused(known: Subscription) -> None:
    with pytest.raises(SubscriptionExistsError):
        decide_creating(known, CREATE)


@pytest.mark.parametrize(
    ("subscription", "command", "events"),
    [
        (ACTIVE, ChangeSubscription(TARGET), []),
        (ACTIVE, PauseSubscription(), [SubscriptionPaused(subscription_id=ID)]),
        (PAUSED, PauseSubscription(), []),
        (ACTIVE, ResumeSubscription(), []),
        (PAUSED, ResumeSubscription(), [SubscriptionResumed(subscription_id=ID)]),
        (DISABLED, ResumeSubscription(), [SubscriptionResumed(subscription_id=ID)]),
        (DISABLED, DisableSubscription("unreachable"), []),
        (
            PAUSED,
            DisableSubscription("gone"),
            [SubscriptionDisabled(subscription_id=ID, host="hooks.example", reason="gone")],
        ),
        (ACTIVE, DeleteSubscription(), [SubscriptionDeleted(subscription_id=ID)]),
        (
            ACTIVE,
            ChangeSubscription(replace(TARGET, types=("*",))),
            [SubscriptionChanged(subscription_id=ID, host="hooks.example", types=("*",))],
        ),
        (
            ACTIVE,
            RotateSecret(b"new", NOW),
            [SubscriptionSecretRotated(subscription_id=ID, former_secret_until=NOW)],
        ),
    ],
)
def test_a_command_says_what_happens(
    subscription: Subscription, command: Command, events: list[SubscriptionEvent]
) -> None:
    assert decide(subscription, command) == events


def test_a_disabled_subscription_is_not_paused() -> None:
    with pytest.raises(SubscriptionIsDisabledError):
        decide(DISABLED, PauseSubscription())


def test_nothing_happens_to_a_deleted_one() -> None:
    with pytest.raises(SubscriptionNotFoundError):
        decide(DELETED, ResumeSubscription())


def test_a_deleted_one_keeps_neither_address_nor_secret() -> None:
    gone = after(replace(ACTIVE, former_secret=b"old"), DeleteSubscription())
    assert (gone.target.url, gone.secret, gone.former_secret) == ("", b"", None)
    assert gone.version == 2


def test_no_fact_tells_more_of_an_address_than_its_host() -> None:
    commands: list[Command] = [
        ChangeSubscription(replace(TARGET, types=("*",))),
        DisableSubscription("gone"),
        RotateSecret(b"new", NOW),
        DeleteSubscription(),
    ]
    facts = [event for command in commands for event in decide(ACTIVE, command)]
    for event in [*facts, *decide_creating(None, CREATE)]:
        assert "token" not in event.model_dump_json()


def test_both_secrets_sign_until_the_former_one_ends() -> None:
    until = NOW + timedelta(hours=24)
    rotated = after(ACTIVE, RotateSecret(b"new", until))
    assert rotated.secrets_at(NOW) == (b"new", b"sealed")
    assert rotated.secrets_at(until) == (b"new",)
    again = after(rotated, RotateSecret(b"newest", until))
    assert again.secrets_at(NOW) == (b"newest", b"new")


def test_a_signature_is_what_the_library_of_standard_webhooks_expects() -> None:
    old, new, body, now = new_secret(), new_secret(), b'{"a": "\xc3\xa9"}', datetime.now(UTC)
    timestamp = int(now.timestamp())
    headers = {
        "webhook-id": "msg-1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign([new, old], "msg-1", timestamp, body),
    }
    for secret in (old, new):
        assert Webhook(written(secret)).verify(body, headers) == {"a": "é"}
    with pytest.raises(WebhookVerificationError):
        Webhook(written(new_secret())).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(written(new)).verify(body + b" ", headers)


def test_a_secret_is_sealed_for_its_subscription_alone() -> None:
    seal, secret = Seal(["k" * 32]), new_secret()
    sealed = seal.close(secret, ID)
    assert secret not in sealed
    assert sealed != seal.close(secret, ID)
    assert seal.open(sealed, ID) == secret
    with pytest.raises(SealBrokenError):
        seal.open(sealed, UUID(int=2))
    with pytest.raises(SealBrokenError):
        Seal(["x" * 32]).open(sealed, ID)


def test_a_former_key_still_opens() -> None:
    sealed = Seal(["k" * 32]).close(b"secret", ID)
    both = Seal(["n" * 32, "k" * 32])
    assert both.open(sealed, ID) == b"secret"
    with pytest.raises(SealBrokenError):
        Seal(["k" * 32]).open(both.close(b"secret", ID), ID)


def test_a_type_finds_every_pattern_that_matches_it() -> None:
    assert set(patterns_of("crm.pipeline.deal.won.v1")) == {
        "crm.pipeline.deal.won.v1",
        "crm.pipeline.deal.won.*",
        "crm.pipeline.deal.*",
        "crm.pipeline.*",
        "crm.*",
        "*",
    }


def test_every_fact_of_ours_has_a_type_that_a_filter_can_name() -> None:
    assert all(len(patterns_of(name)) >= 5 for name in FACTS if name.startswith("crm."))
