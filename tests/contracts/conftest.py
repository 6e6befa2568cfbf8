"""What several tests of the published language look at."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from shared.catalogue.files import Catalogue, catalogue_of
from shared.catalogue.reactors import declared_apps
from shared.contracts import FACTS
from shared.messaging.reactions import Consumer

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def apps() -> list[FastAPI]:
    return declared_apps()


@pytest.fixture(scope="session")
def consumers(apps: list[FastAPI]) -> list[Consumer]:
    """The consumers of all services, as their apps declare them."""
    return [consumer for app in apps for consumer in app.state.consumers.values()]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def catalogue(consumers: list[Consumer]) -> Catalogue:
    """What `make contracts` would write today."""
    return catalogue_of(FACTS, consumers, REPOSITORY, datetime.now(UTC).date())
