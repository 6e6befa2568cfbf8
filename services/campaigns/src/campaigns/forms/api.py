"""Forms over HTTP: published by marketing; submitted by anybody who has the form's signed link."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, StringConstraints, ValidationError
from shared.auth import Caller, Reader, allow
from shared.cause import Cause
from shared.contact_points import EmailInvalidError, normalize_email
from shared.contracts.campaigns import FormConsent
from shared.contracts.contacts import Channel, Purpose
from shared.errors import InvalidError
from shared.http.context import correlation_of, trace_of
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    Limit,
    Page,
    RateLimit,
    Text,
    page_of,
    read_cursor,
)
from shared.ids import derived_id, new_id

from campaigns.forms import handlers, store
from campaigns.forms.domain import Form, Kind, OfferedConsent, SubmitForm
from campaigns.links import LONGEST_TOKEN, Links, SignedLinks

router = APIRouter(tags=["forms"])

Marketer = Annotated[Caller, Depends(allow("marketing"))]
LARGEST_SUBMISSION = 64 * 1024
_AnyText = Annotated[str, StringConstraints(max_length=5000, pattern=r"^[^\x00]*$")]
_limit = RateLimit(per_minute=120)


class SubmissionTooLargeError(InvalidError):
    """The submission is too large."""


class SubmissionUnreadableError(InvalidError):
    """The submission is neither JSON nor a form."""


class OfferedConsentIn(BaseModel):
    """A box beside the form, with its words."""

    channel: Channel
    purpose: Purpose
    label: Text
    double_opt_in: bool = False


class FormIn(BaseModel):
    """A form; another content under the same id is its next version."""

    form_id: Code
    kind: Kind
    title: Text
    consents: list[OfferedConsentIn] = Field(default=[], max_length=20)
    campaign_id: UUID | None = None
    product_interests: list[Code] = Field(default=[], max_length=20)


class FormOut(BaseModel):
    """`submit_url` takes the submissions of this version."""

    form_id: str
    form_version: int
    kind: Kind
    title: str
    consents: list[OfferedConsentIn]
    campaign_id: UUID | None
    product_interests: list[str]
    submit_url: str

    @classmethod
    def of(cls, form: Form, links: Links) -> Self:
        return cls(
            form_id=form.form_id,
            form_version=form.form_version,
            kind=form.kind,
            title=form.title,
            consents=[
                OfferedConsentIn.model_validate(consent, from_attributes=True)
                for consent in form.consents
            ],
            campaign_id=form.campaign_id,
            product_interests=list(form.product_interests),
            submit_url=links.form_url(form.form_id, form.form_version),
        )


class TickedConsent(BaseModel):
    """A box that the person ticked."""

    channel: Channel
    purpose: Purpose


class SubmissionIn(BaseModel):
    """What a person writes. `homepage` is hidden from people: whoever fills it is none."""

    given_name: _AnyText | None = None
    family_name: _AnyText | None = None
    company: _AnyText | None = None
    email: _AnyText
    phone: _AnyText | None = None
    message: _AnyText | None = None
    homepage: _AnyText | None = None
    consents: list[TickedConsent] = Field(default=[], max_length=20)

    def texts(self) -> dict[str, str]:
        """What was written, without what was left empty."""
        written = self.model_dump(exclude={"consents", "homepage"}, exclude_none=True)
        return {name: text.strip() for name, text in written.items() if text.strip()}


_SUBMISSION_SCHEMA = {
    "type": "object",
    "required": ["email"],
    "properties": {
        **{
            name: {"type": "string", "maxLength": 5000}
            for name in ("given_name", "family_name", "company", "email", "phone", "message")
        },
        "consents": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["channel", "purpose"],
                "properties": {"channel": {"type": "string"}, "purpose": {"type": "string"}},
            },
        },
    },
}


class SubmissionOut(BaseModel):
    """All that a stranger is told."""

    submission_id: UUID


@router.post("/v1/forms", status_code=201)
async def post_form(body: FormIn, pool: Database, links: SignedLinks, caller: Marketer) -> FormOut:
    """Publish a form; the answer carries the link that its page submits to."""
    wanted = Form(
        form_id=body.form_id,
        form_version=0,
        kind=body.kind,
        title=body.title,
        published_at=caller.cause.at,
        consents=tuple(OfferedConsent(**dict(each)) for each in body.consents),
        campaign_id=body.campaign_id,
        product_interests=tuple(body.product_interests),
    )
    return FormOut.of(await handlers.publish_form(pool, wanted), links)


@router.get("/v1/forms")
async def get_forms(
    pool: Database, links: SignedLinks, _caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[FormOut]:
    """Forms by id, each in its latest version."""
    key = read_cursor(cursor, str)
    forms = await store.list_forms(pool, key[0] if key else None, limit + 1)
    page = page_of(forms, limit, lambda form: [form.form_id])
    return Page(items=[FormOut.of(form, links) for form in page.items], next=page.next)


@router.post(
    "/f/{token}",
    status_code=202,
    dependencies=[Depends(_limit)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _SUBMISSION_SCHEMA},
                "application/x-www-form-urlencoded": {"schema": _SUBMISSION_SCHEMA},
            },
        }
    },
)
async def post_submission(
    request: Request,
    token: Annotated[str, Path(max_length=LONGEST_TOKEN)],
    pool: Database,
    links: SignedLinks,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> SubmissionOut:
    """Submit a form as JSON, or as a web page does (`consents=email:newsletter`, repeated)."""
    form_id, form_version = links.read_form(token)
    body = _checked(await _read(request))
    submission_id = _submission_id(token, idempotency_key)
    if not body.homepage:
        command = SubmitForm(
            submission_id=submission_id,
            fields=body.texts(),
            consents=tuple(
                FormConsent(channel=c.channel, purpose=c.purpose) for c in body.consents
            ),
            ip_hash=links.hash_address(request.client.host) if request.client else None,
            at=datetime.now(UTC),
        )
        await handlers.submit_form(
            pool, _cause(request, command.at), form_id, form_version, command
        )
    return SubmissionOut(submission_id=submission_id)


def _submission_id(token: str, idempotency_key: str | None) -> UUID:
    return derived_id("submission", token, idempotency_key) if idempotency_key else new_id()


def _cause(request: Request, at: datetime) -> Cause:
    return Cause("user:visitor", at, correlation_of(request.scope), trace_of(request.scope))


async def _read(request: Request) -> object:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_SUBMISSION:
            raise SubmissionTooLargeError(bytes=LARGEST_SUBMISSION)
    try:
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _from_web_page(bytes(body).decode())
        return json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise SubmissionUnreadableError(field="body") from error


def _from_web_page(body: str) -> dict[str, object]:
    values = parse_qs(body, max_num_fields=100)
    consents = [
        dict(zip(("channel", "purpose"), text.split(":", 1), strict=False))
        for text in values.pop("consents", [])
    ]
    return {**{name: texts[-1] for name, texts in values.items()}, "consents": consents}


def _checked(document: object) -> SubmissionIn:
    try:
        body = SubmissionIn.model_validate(document)
    except ValidationError as error:
        errors: list[Any] = [
            {**wrong, "loc": ("body", *wrong["loc"])}
            for wrong in error.errors(include_input=False, include_context=False)
        ]
        raise RequestValidationError(errors) from error
    try:
        normalize_email(body.email)
    except EmailInvalidError as error:
        raise EmailInvalidError(field="email") from error
    return body
