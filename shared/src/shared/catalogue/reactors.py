"""Who reacts to which fact: read from the consumers that the services declare.

The services are named, not imported: `shared` knows none of them. Their apps are put together as at
a start, from settings that lead nowhere; nothing is connected.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from shared.contracts import SERVICES
from shared.contracts.topic import Event
from shared.messaging.reactions import Consumer

if TYPE_CHECKING:
    from fastapi import FastAPI

_PACKAGES = tuple(service.replace("-", "_") for service in SERVICES)
_NOWHERE = {
    "KAFKA_BOOTSTRAP_SERVERS": "nowhere:1",
    "RAPPORT_JWT_KEY": "k" * 40,
    "RAPPORT_HASH_KEY": "h" * 40,
    "RAPPORT_LINK_KEY": "l" * 40,
    "WEBHOOKS_SEAL_KEY": "s" * 40,
    "SMTP_URL": "smtp://nowhere:1",
    "CAMPAIGNS_SENDER": "hello@rapport.example",
    "CAMPAIGNS_PUBLIC_URL": "http://nowhere",
    **{f"{package.upper()}_URL": "http://nowhere" for package in _PACKAGES},
    **{f"{package.upper()}_DATABASE_URL": "postgresql://nowhere/x" for package in _PACKAGES},
}


def declared_apps() -> "list[FastAPI]":
    """The app of every service of the workspace, put together and not started."""
    with _settings_that_lead_nowhere():
        return [import_module(f"{package}.app").create_app() for package in _PACKAGES]


def declared_consumers() -> list[Consumer]:
    """The consumers of every service of the workspace."""
    return [consumer for app in declared_apps() for consumer in app.state.consumers.values()]


def reactors_of(fact: type[Event], consumers: Sequence[Consumer]) -> list[str]:
    """The names of the consumers that react to a fact."""
    return sorted(consumer.name for consumer in consumers if fact.type in consumer.handlers)


@contextmanager
def _settings_that_lead_nowhere() -> Generator[None]:
    before = dict(os.environ)
    os.environ.update(_NOWHERE)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
