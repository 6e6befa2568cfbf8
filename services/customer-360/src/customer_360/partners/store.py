"""The table of partners."""

from customer_360.guarded import GuardedTable
from customer_360.partners.fold import Partner

PARTNERS = GuardedTable("partners", Partner)
