"""The table of merges."""

from customer_360.guarded import GuardedTable
from customer_360.merges.fold import Merge

MERGES = GuardedTable("merges", Merge)
