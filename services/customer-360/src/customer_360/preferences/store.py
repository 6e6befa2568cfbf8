"""The table of preferences."""

from customer_360.guarded import GuardedTable
from customer_360.preferences.fold import Preference

PREFERENCES = GuardedTable("preferences", Preference)
