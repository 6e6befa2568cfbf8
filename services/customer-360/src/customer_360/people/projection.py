"""People as sections of the projection."""

from customer_360.people.fold import (
    Consent,
    Contact,
    Identity,
    Suppression,
    consent_fold,
    contact_fold,
    identity_fold,
    suppression_fold,
)
from customer_360.people.store import CONSENTS, CONTACTS, IDENTITIES, SUPPRESSIONS
from customer_360.projecting import Reach, Section


def _reach_of_contact(reach: Reach, contact: Contact) -> None:
    reach.customer_ids.update(contact.customer_ids)
    if contact.merged_into is not None:
        reach.contact_ids.add(contact.merged_into)


def _reach_of_consent(reach: Reach, consent: Consent) -> None:
    reach.add(None, consent.contact_id)


def _reach_of_suppression(reach: Reach, suppression: Suppression) -> None:
    if suppression.subject_hash is not None:
        reach.subject_hashes.add(suppression.subject_hash)


def _reach_of_identity(reach: Reach, identity: Identity) -> None:
    reach.add(identity.customer_id, identity.contact_id)


def contact_section(hash_key: str) -> Section[Contact]:
    """Persons; the key makes the hashes by which suppressions name their addresses."""
    return Section(CONTACTS, contact_fold(hash_key), _reach_of_contact, looks_back=True)


CONSENT_SECTION = Section(CONSENTS, consent_fold, _reach_of_consent)
SUPPRESSION_SECTION = Section(SUPPRESSIONS, suppression_fold, _reach_of_suppression)
IDENTITY_SECTION = Section(IDENTITIES, identity_fold, _reach_of_identity)
