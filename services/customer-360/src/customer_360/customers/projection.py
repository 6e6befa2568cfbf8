"""Customers as a section of the projection."""

from customer_360.customers.fold import Customer, fold
from customer_360.customers.store import CUSTOMERS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, customer: Customer) -> None:
    reach.add(customer.customer_id)
    reach.add(customer.merged_into)


SECTION = Section(CUSTOMERS, fold, _reach, looks_back=True)
