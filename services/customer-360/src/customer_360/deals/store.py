"""The table of deals."""

from customer_360.deals.fold import Deal
from customer_360.guarded import GuardedTable

DEALS = GuardedTable("deals", Deal)
