"""`python -m customer_360.rebuilding` is `customer-360 rebuild`."""

from customer_360.rebuilding.command import rebuild

rebuild()
