"""Scans of a night: one of each type, whoever starts it, and none in the daytime or where off."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from contacts.app import nightly_scans
from contacts.config import Settings
from contacts.scans.domain import NIGHT_LASTS, night_of
from contacts.scans.handlers import run_scans, start_nightly
from shared.db import Pool
from shared.settings import from_environment

NIGHT = date(2026, 3, 1)


def hour_now() -> int:
    return datetime.now(UTC).hour


async def started(api: Any) -> list[str]:
    scans = (await api.get("/v1/duplicates/scans")).json()["items"]
    assert {each["started_by"] for each in scans} <= {"policy:duplicates"}
    return sorted(each["entity_type"] for each in scans)


@pytest.mark.parametrize("hour", [0, 2, 23])
def test_a_night_is_one_night_from_its_hour_on(hour: int) -> None:
    begins = datetime(2026, 3, 1, hour, tzinfo=UTC)
    last = begins + timedelta(hours=NIGHT_LASTS) - timedelta(microseconds=1)
    assert night_of(begins, hour) == night_of(last, hour) == NIGHT
    assert night_of(begins - timedelta(microseconds=1), hour) is None
    assert night_of(last + timedelta(microseconds=1), hour) is None
    assert night_of(begins + timedelta(days=1), hour) == NIGHT + timedelta(days=1)


async def test_a_night_has_one_scan_of_each_type(api: Any, pool: Pool) -> None:
    await asyncio.gather(*(start_nightly(pool, hour_now()) for _ in range(4)))
    assert await started(api) == ["contact", "customer"]
    await run_scans(pool)
    await start_nightly(pool, hour_now())
    assert await started(api) == ["contact", "customer"]


async def test_a_scan_that_is_under_way_is_not_doubled(api: Any, pool: Pool) -> None:
    await start_nightly(pool, hour_now())
    await pool.execute("UPDATE duplicate_scans SET scan_id = gen_random_uuid()")  # of last night
    await start_nightly(pool, hour_now())
    assert await started(api) == ["contact", "customer"]
    await run_scans(pool)
    await start_nightly(pool, hour_now())
    assert await started(api) == ["contact", "contact", "customer", "customer"]


async def test_nothing_begins_in_the_daytime(api: Any, pool: Pool) -> None:
    await start_nightly(pool, (hour_now() + 2) % 24)
    assert await started(api) == []


@pytest.mark.usefixtures("api")
def test_the_setting_names_the_hour_or_says_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [job.name for job in nightly_scans(from_environment(Settings))] == ["nightly-scans"]
    monkeypatch.setenv("CONTACTS_SCAN_HOUR", "off")
    assert nightly_scans(from_environment(Settings)) == []
    for wrong in ("24", "-1", "noon", ""):
        monkeypatch.setenv("CONTACTS_SCAN_HOUR", wrong)
        with pytest.raises(ValueError, match="CONTACTS_SCAN_HOUR"):
            from_environment(Settings)
