"""The data set is read strictly, and every row of it is an order of its own."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from devstack.demo.orders import order_of
from devstack.demo.purchases import DataSetError, History, histories, parse, read_purchases

HEADER = " customer_id  date number_of_cds  dollar_value\r\n"
ROWS = " 00001 19970101  1   11.77\r\n 00002 19970112  1   12.00\r\n 00002 19970112  5    0.00\r\n"
FIRST_DAY, LATER = datetime(1997, 1, 1, tzinfo=UTC), datetime(1997, 1, 12, tzinfo=UTC)


def test_the_packaged_file_is_the_published_data_set() -> None:
    purchases = read_purchases()
    assert len(purchases) == 69_659
    assert len({purchase.order_no for purchase in purchases}) == 69_659
    assert sum(purchase.amount for purchase in purchases) == Decimal("2500315.63")
    assert len(histories(purchases)) == 23_570


def test_purchases_of_one_day_and_of_no_value_stay_apart() -> None:
    purchases = parse(HEADER + ROWS)
    assert [purchase.order_no for purchase in purchases] == [
        "CDNOW-00001-001",
        "CDNOW-00002-001",
        "CDNOW-00002-002",
    ]
    assert histories(purchases)["00002"] == History(2, Decimal("12.00"), LATER, LATER)


@pytest.mark.parametrize(
    "row", ["", " 00001 19970101  1   11.7\r\n", " 00001 19971301  1   11.77\r\n", "00001\r\n"]
)
def test_a_row_of_another_form_is_refused_with_its_line(row: str) -> None:
    with pytest.raises(DataSetError, match="line 5"):
        parse(HEADER + ROWS + (row or "\r\n"))


def test_another_header_is_refused() -> None:
    with pytest.raises(DataSetError, match="header"):
        parse("customer;date;cds;value\r\n" + ROWS)


def test_an_order_says_what_the_purchase_says() -> None:
    purchase = parse(HEADER + ROWS)[0]
    order = order_of(purchase)
    assert (order.customer_system, order.customer_ref) == ("cdnow", "00001")
    assert (order.status, order.total, order.currency) == ("paid", Decimal("11.77"), "USD")
    assert [line.quantity for line in order.lines] == [1]
    assert order.ordered_at == FIRST_DAY
