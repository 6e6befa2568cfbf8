"""The table of privacy requests."""

from customer_360.guarded import GuardedTable
from customer_360.privacy_requests.fold import PrivacyRequest

PRIVACY_REQUESTS = GuardedTable("privacy_requests", PrivacyRequest)
