"""Who lives with a customer's people, and what the customer is in our programs; by name."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from customer_360.households.fold import Household
from customer_360.partners.fold import Certificate, Partner, Rep


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class HouseholdMemberShown(_Shown):
    """A person of the household, of this customer or not."""

    contact_id: UUID
    name: str | None
    is_head: bool


class HouseholdShown(_Shown):
    """A household in which a person of the customer lives."""

    household_id: UUID
    version: int
    members: list[HouseholdMemberShown]


class RepShown(_Shown):
    """A salesperson of the partner, and until when their last certificate is valid."""

    contact_id: UUID
    name: str | None
    role: str | None
    status: str
    certified_until: datetime | None
    certificates: tuple[Certificate, ...]


class PartnerShown(_Shown):
    """What the customer is in one of our programs."""

    partner_id: UUID
    version: int
    program: str | None
    tier: str | None
    territories: tuple[str, ...]
    product_lines: tuple[str, ...]
    agreement_ref: str | None
    status: str
    reason_code: str | None
    since: datetime | None
    reps: list[RepShown]


def people_in(households: Sequence[Household], partners: Sequence[Partner]) -> Iterator[UUID]:
    """Everybody whose name is shown."""
    for household in households:
        yield from household.member_contact_ids
    for partner in partners:
        for rep in partner.reps:
            yield rep.contact_id


def households_shown(
    households: Sequence[Household], names: Mapping[UUID, str]
) -> list[HouseholdShown]:
    """The households with their members, in the order of joining; pure."""
    return [
        HouseholdShown(
            household_id=each.household_id,
            version=each.version,
            members=[
                HouseholdMemberShown(
                    contact_id=contact_id,
                    name=names.get(contact_id),
                    is_head=contact_id == each.head_contact_id,
                )
                for contact_id in each.member_contact_ids
            ],
        )
        for each in households
    ]


def partners_shown(partners: Sequence[Partner], names: Mapping[UUID, str]) -> list[PartnerShown]:
    """The partners with their reps; pure."""
    return [_partner(each, names) for each in partners]


def _partner(partner: Partner, names: Mapping[UUID, str]) -> PartnerShown:
    return PartnerShown(
        partner_id=partner.partner_id,
        version=partner.version,
        program=partner.program,
        tier=partner.tier,
        territories=partner.territories,
        product_lines=partner.product_lines,
        agreement_ref=partner.agreement_ref,
        status=partner.status,
        reason_code=partner.reason_code,
        since=partner.since,
        reps=[_rep(rep, names) for rep in partner.reps],
    )


def _rep(rep: Rep, names: Mapping[UUID, str]) -> RepShown:
    return RepShown(
        contact_id=rep.contact_id,
        name=names.get(rep.contact_id),
        role=rep.role,
        status=rep.status,
        certified_until=max((each.valid_until for each in rep.certificates), default=None),
        certificates=rep.certificates,
    )
