"""Access requests: asked for, verified, answered by every service, told in one bundle; pure."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import ExportCompleted, ExportRequested
from shared.contracts.privacy import ANSWERING
from shared.errors import ConflictError, NotFoundError

from contacts.privacy.domain import (
    Found,
    IdentityIsNotVerifiedError,
    KindForbidsError,
    PrivacyRequest,
    PrivacyRequestIsOverError,
    Step,
)


class AccessIsAskedForError(ConflictError):
    """Another request already asks for what is held of this person."""


class PersonIsBeingErasedError(ConflictError):
    """This person is being erased, or has been: there is nothing to tell."""


class BundleNotFoundError(NotFoundError):
    """There is no bundle of this request: not yet, not any more, or it never asked for one."""


def asked_of(request: PrivacyRequest, found: Found) -> ExportRequested:
    """What every service needs, to find what is the person's."""
    return ExportRequested(
        request_id=request.request_id,
        contact_id=_asker(request),
        contact_ids=request.whom.contact_ids,
        customer_ids=request.whom.customer_ids,
        subject_hashes=tuple(dict.fromkeys(each.subject_hash for each in found.addresses)),
        submission_ids=found.submission_ids,
        required_acks=ANSWERING,
        target_at=request.target_at,
        deadline_at=request.deadline_at,
    )


def start_export(request: PrivacyRequest, found: Found) -> Step:
    """Ask every service what it holds; a repeat is quiet."""
    if request.kind != "export":
        raise KindForbidsError(kind=request.kind)
    if not request.is_open:
        raise PrivacyRequestIsOverError(request_id=request.request_id, status=request.status)
    if request.status == "received":
        raise IdentityIsNotVerifiedError(request_id=request.request_id)
    if request.status == "in-progress":
        return request, []
    started = replace(
        request, status="in-progress", required_acks=ANSWERING, version=request.version + 1
    )
    return started, [asked_of(request, found)]


def complete_export(request: PrivacyRequest, expires_at: datetime, at: datetime) -> Step:
    """The bundle is there; a repeat is quiet, and nothing is told before every service answered."""
    if request.status != "in-progress" or request.awaited:
        return request, []
    completed = ExportCompleted(
        request_id=request.request_id,
        contact_id=_asker(request),
        bundle_ref=f"/v1/privacy/requests/{request.request_id}/bundle",
        expires_at=expires_at,
    )
    done = replace(request, status="completed", ended_at=at, version=request.version + 1)
    return done, [completed]


def _asker(request: PrivacyRequest) -> UUID:
    return request.whom.contact_ids[0]
