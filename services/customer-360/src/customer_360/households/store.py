"""The table of households."""

from customer_360.guarded import GuardedTable
from customer_360.households.fold import Household

HOUSEHOLDS = GuardedTable("households", Household)
