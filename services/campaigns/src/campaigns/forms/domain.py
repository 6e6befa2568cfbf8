"""Forms: versioned definitions, and what a stranger may submit through one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.campaigns import FormConsent, FormState, FormSubmitted
from shared.contracts.contacts import Channel, Purpose
from shared.errors import InvalidError, NotFoundError

Kind: TypeAlias = Literal["contact-request", "newsletter", "download"]


class FormNotFoundError(NotFoundError):
    """There is no such form."""


class ConsentNotOfferedError(InvalidError):
    """The form does not offer this consent."""


@dataclass(frozen=True, slots=True)
class OfferedConsent:
    """A box that a person can tick, with the words beside it: they are the evidence.

    With `double_opt_in` the tick counts when the owner of the address has confirmed it by mail.
    """

    channel: Channel
    purpose: Purpose
    label: str
    double_opt_in: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One version of a form; it never changes, the next one replaces it."""

    form_id: str
    form_version: int
    kind: Kind
    title: str
    published_at: datetime
    consents: tuple[OfferedConsent, ...] = ()
    campaign_id: UUID | None = None
    product_interests: tuple[str, ...] = ()


def next_version(current: Form | None, wanted: Form) -> Form | None:
    """The version to publish; None where the form says that already."""
    if current is None:
        return replace(wanted, form_version=1)
    same = replace(wanted, form_version=current.form_version, published_at=current.published_at)
    return None if same == current else replace(wanted, form_version=current.form_version + 1)


@dataclass(frozen=True, slots=True)
class SubmitForm:
    """What the person wrote and ticked; `fields` are the named texts of `FormState`."""

    submission_id: UUID
    fields: Mapping[str, str]
    consents: tuple[FormConsent, ...]
    ip_hash: str | None
    at: datetime


def decide(form: Form, command: SubmitForm) -> tuple[FormSubmitted, FormState]:
    """The submission as a fact, and as the person wrote it."""
    consents = _as_offered(form, command.consents)
    submitted = FormSubmitted(
        submission_id=command.submission_id,
        form_id=form.form_id,
        form_version=form.form_version,
        kind=form.kind,
        campaign_id=form.campaign_id,
        product_interests=form.product_interests,
        consents=consents,
        submitted_at=command.at,
    )
    state = FormState.model_validate(
        {**command.fields, **dict(submitted), "ip_hash": command.ip_hash}
    )
    return submitted, state


def _as_offered(form: Form, ticked: tuple[FormConsent, ...]) -> tuple[FormConsent, ...]:
    """The boxes as the form has them: whether one is to be confirmed is not the stranger's say."""
    offered = {(consent.channel, consent.purpose): consent for consent in form.consents}
    for at, consent in enumerate(ticked):
        if (consent.channel, consent.purpose) not in offered:
            raise ConsentNotOfferedError(field=f"consents.{at}")
    return tuple(
        FormConsent(
            channel=consent.channel,
            purpose=consent.purpose,
            double_opt_in=offered[consent.channel, consent.purpose].double_opt_in or None,
        )
        for consent in ticked
    )
