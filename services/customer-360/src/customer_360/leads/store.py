"""The table of leads."""

from customer_360.guarded import GuardedTable
from customer_360.leads.fold import Lead

LEADS = GuardedTable("leads", Lead)
