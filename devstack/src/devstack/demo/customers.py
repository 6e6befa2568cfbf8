"""Step 1: the customers of the data set, through the import endpoint."""

import csv
import hashlib
import io
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from devstack.demo.doors import Caller, Doors, Json, eventually
from devstack.demo.errors import DemoError
from devstack.demo.gauges import outbox_pending
from devstack.demo.purchases import CURRENCY, SYSTEM

SECONDS = 300.0
_SPEC = {
    "entity_type": "customer",
    "source_label": "CDNOW master data set",
    "mode": "upsert",
    "dry_run": False,
    "mapping": {"customer_id": f"external_id:{SYSTEM}", "name": "display_name"},
    "constants": {"kind": "individual", "source": SYSTEM, "currency": CURRENCY},
}


@dataclass(frozen=True)
class Imported:
    """What became of the file; `seconds` go from the first row in to the last fact out."""

    rows: int
    created: int
    updated: int
    unchanged: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


async def import_customers(
    doors: Doors, caller: Caller, customers: Iterable[str], advance: Callable[[int], None]
) -> Imported:
    """Import every customer of the data set; those that are there already stay as they are."""
    refs = sorted(customers)
    started = time.monotonic()
    run = await _start(caller, _csv(refs))
    done = await eventually(
        lambda: _finished(caller, run["import_id"], advance), "the import ends", SECONDS
    )
    await eventually(lambda: _published(doors), "contacts publishes what it imported", SECONDS)
    seconds = time.monotonic() - started
    _require_complete(done, len(refs))
    if run["status"] == "completed":  # by an earlier demo: the same key is the same import
        return Imported(len(refs), created=0, updated=0, unchanged=len(refs), seconds=seconds)
    return Imported(len(refs), done["created"], done["updated"], done["unchanged"], seconds)


def _csv(refs: Iterable[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("customer_id", "name"))
    writer.writerows((ref, f"CDNOW customer {ref}") for ref in refs)
    return text.getvalue().encode()


async def _start(caller: Caller, file: bytes) -> Json:
    answer = await caller.send(
        "POST",
        "contacts",
        "/v1/imports",
        files={"file": ("cdnow-customers.csv", file, "text/csv")},
        data={"spec": json.dumps(_SPEC)},
        headers={"Idempotency-Key": f"cdnow-{hashlib.sha256(file).hexdigest()}"},
    )
    return answer.json()


async def _finished(caller: Caller, import_id: str, advance: Callable[[int], None]) -> Json | None:
    run = await caller.get("contacts", f"/v1/imports/{import_id}")
    advance(run["rows_done"])
    if run["status"] == "failed":
        raise DemoError(f"The import failed: {run}")
    return run if run["status"] == "completed" else None


async def _published(doors: Doors) -> bool:
    return await outbox_pending(doors, "contacts") == 0


def _require_complete(run: Json, rows: int) -> None:
    written = run["created"] + run["updated"] + run["unchanged"]
    if written != rows or run["rejected"]:
        raise DemoError(f"Of {rows} customers {written} were imported: {run}")
