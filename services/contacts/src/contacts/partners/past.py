"""What the history of a partner keeps of a change: how it stands, and each rep by their id."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from shared.cause import Cause

from contacts.history.domain import Changed
from contacts.partners.domain import Partner, Rep


def entry_of(
    before: Partner | None, after: Partner, contact_ids: Collection[UUID], cause: Cause
) -> Changed:
    """`contact_ids` are the reps that the change is about: those who are none are None in it."""
    return Changed(
        about=after.told.partner_id,
        part="partner",
        version=after.version,
        before=_standing(before, contact_ids) if before else None,
        after=_standing(after, contact_ids),
        cause=cause,
    )


def _standing(partner: Partner, contact_ids: Collection[UUID]) -> dict[str, Any]:
    return {
        "customer_id": partner.told.customer_id,
        "status": partner.status,
        "reason_code": partner.reason_code,
        **{f"rep:{each}": _of_rep(partner.reps.get(each)) for each in contact_ids},
    }


def _of_rep(rep: Rep | None) -> dict[str, Any] | None:
    if rep is None:
        return None
    return {"role": rep.role, "status": rep.status, "certificates": rep.certificates}
