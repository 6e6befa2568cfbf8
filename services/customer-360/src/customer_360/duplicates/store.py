"""The table of duplicate cases."""

from customer_360.duplicates.fold import Duplicate
from customer_360.guarded import GuardedTable

DUPLICATES = GuardedTable("duplicates", Duplicate)
