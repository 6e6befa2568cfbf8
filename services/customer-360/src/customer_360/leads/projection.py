"""Leads as a section of the projection."""

from customer_360.leads.fold import Lead, fold
from customer_360.leads.store import LEADS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, lead: Lead) -> None:
    reach.add(lead.customer_id, lead.contact_id)


SECTION = Section(LEADS, fold, _reach)
