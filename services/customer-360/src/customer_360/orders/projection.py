"""Orders as a section of the projection; they also say which business day it is."""

from customer_360.orders.fold import Order, fold
from customer_360.orders.store import ORDERS, advance_horizon
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, order: Order) -> None:
    reach.add(order.customer_id)


SECTION = Section(ORDERS, fold, _reach, afterwards=advance_horizon)
