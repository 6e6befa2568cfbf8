"""Preferences as a section of the projection."""

from customer_360.preferences.fold import Preference, fold
from customer_360.preferences.store import PREFERENCES
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, preference: Preference) -> None:
    reach.add(preference.customer_id)


SECTION = Section(PREFERENCES, fold, _reach)
