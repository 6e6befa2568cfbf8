"""Exports over HTTP: the same filters as the lists, the whole answer as one streamed file."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from shared.auth import Caller, allow
from shared.http.requests import Database

from contacts.customers.api import WantedCustomers
from contacts.exports import handlers
from contacts.exports.domain import ContactFormat, CustomerFormat
from contacts.people.api import WantedPeople

router = APIRouter(prefix="/v1/exports", tags=["exports"])
Exporter = Annotated[Caller, Depends(allow("marketing", "integration"))]
"""Reading one record is everybody's; carrying the whole base away is not."""
_CustomerFormat = Annotated[CustomerFormat, Query(alias="format")]
_ContactFormat = Annotated[ContactFormat, Query(alias="format")]

_TYPES = {
    "csv": ("text/csv; charset=utf-8; header=present", "csv"),
    "jsonl": ("application/x-ndjson", "jsonl"),
    "vcard": ("text/vcard; charset=utf-8", "vcf"),
}


@router.get("/customers", response_class=StreamingResponse)
async def export_customers(
    caller: Exporter, pool: Database, wanted: WantedCustomers, form: _CustomerFormat = "csv"
) -> StreamingResponse:
    """Customers as CSV or JSON Lines, in the order of their ids, with the filters of the list.

    The columns of the CSV are the fields of an import; it has one column for each system that
    names customers. A cell that a spreadsheet would take for a formula begins with an apostrophe,
    which an import takes off again. A line of JSON is what `GET /v1/customers/{customer_id}` says.
    """
    lines = handlers.export_customers(pool, caller.cause, wanted, form)
    return _file(lines, "customers", form)


@router.get("/contacts", response_class=StreamingResponse)
async def export_contacts(
    caller: Exporter, pool: Database, wanted: WantedPeople, form: _ContactFormat = "csv"
) -> StreamingResponse:
    """People as CSV, vCard 4.0 or JSON Lines, in the order of their ids, filtered as the list.

    The CSV has one address of each kind, the primary one; cards and JSON have all.
    """
    lines = handlers.export_contacts(pool, caller.cause, wanted, form)
    return _file(lines, "contacts", form)


def _file(
    lines: AsyncIterator[str], name: str, form: CustomerFormat | ContactFormat
) -> StreamingResponse:
    media_type, ending = _TYPES[form]
    disposition = f'attachment; filename="{name}.{ending}"'
    return StreamingResponse(
        lines, media_type=media_type, headers={"Content-Disposition": disposition}
    )
