"""The table of customers."""

from customer_360.customers.fold import Customer
from customer_360.guarded import GuardedTable

CUSTOMERS = GuardedTable("customers", Customer)
