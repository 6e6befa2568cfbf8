"""Privacy requests as a section of the projection."""

from customer_360.privacy_requests.fold import PrivacyRequest, fold
from customer_360.privacy_requests.store import PRIVACY_REQUESTS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, request: PrivacyRequest) -> None:
    reach.customer_ids.update(request.customer_ids)
    reach.contact_ids.update(request.contact_ids)


SECTION = Section(PRIVACY_REQUESTS, fold, _reach)
