"""The Online Retail format: as messy as real exports are, and what is kept of it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imports.formats import FORMATS, ImportReport
from imports.returns import PairedReturn, returned_lines, returns_with_purchase
from models.orders import Order
from tests.imports.files import invoice, only_order, read, run, text, workbook

LANTERN = "536365,71053,WHITE METAL LANTERN,6,12/1/10 8:26,3.39,17850,United Kingdom"
HEART = "536365,85123a,HANGING HEART ,2,2010-12-01 08:26:00,2.5,17850.0,United Kingdom"

EXPORTS = os.environ.get("SAMPLE_EXPORTS")
with_exports = pytest.mark.skipif(not EXPORTS, reason="SAMPLE_EXPORTS names no folder of real exports")


def retail(*rows: str) -> Order:
    return only_order(invoice(*rows), "online-retail")


def refusals(*rows: str) -> dict[int, str]:
    return {row.line: row.reason for row in read(invoice(*rows), "online-retail")[1]}


def test_an_invoice_becomes_an_order() -> None:
    order = retail(LANTERN, HEART)
    at = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert (order.order_no, order.channel, order.currency) == ("536365", "online-retail", "GBP")
    assert (order.placed_at, order.paid_at, order.shipped_at, order.delivered_at) == (at, at, at, at)
    assert (order.customer.id, order.customer.country, order.ship_to.zone) == ("17850", "United Kingdom", "national")
    assert [(line.line_no, line.sku, line.name, line.quantity, line.unit_price) for line in order.lines] == [
        (1, "71053", "WHITE METAL LANTERN", 6, 339),
        (2, "85123a", "HANGING HEART", 2, 250),
    ]
    assert [payment.amount for payment in order.payments] == [2534]  # 6 × 3.39 + 2 × 2.50


DATES = [
    ("12/1/10 8:26", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
    ("12/1/2010 08:26", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
    ("2010-12-01 08:26:00", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
    ("7/12/11 10:04", datetime(2011, 7, 12, 9, 4, tzinfo=UTC)),  # summer time in London
]


@pytest.mark.parametrize(("written", "at"), DATES)
def test_dates_come_in_two_styles_and_are_london_time(written: str, at: datetime) -> None:
    assert retail(f"536365,71053,LANTERN,6,{written},3.39,17850,France").placed_at == at


def test_the_lines_of_an_invoice_may_differ_by_a_minute() -> None:
    order = retail("1,71053,A,6,12/1/10 8:27,3.39,,", "1,71054,B,6,12/1/10 8:26,3.39,17850,")
    assert (order.placed_at.minute, order.customer.id) == (26, "17850")


def test_the_same_code_twice_is_two_lines() -> None:
    assert [line.quantity for line in retail(LANTERN, LANTERN.replace(",6,", ",2,")).lines] == [6, 2]


def test_postage_rows_become_postage_and_discount_rows_a_discount() -> None:
    order = retail(
        LANTERN,
        "536365,POST,POSTAGE,3,12/1/10 8:26,18,17850,France",
        "536365,DOT,DOTCOM POSTAGE,1,12/1/10 8:26,1.5,17850,France",
        "536365,D,Discount,-1,12/1/10 8:26,5.34,17850,France",
    )
    assert [line.sku for line in order.lines] == ["71053"]
    assert (order.postage, order.discounts[0].amount) == (5550, 534)  # 3 × 18.00 + 1.50
    assert order.total_paid == 7050  # 20.34 − 5.34 + 55.50


ROWS_REFUSED = [
    ("M,Manual,1,12/1/10 8:26,18.95", "M is an entry by hand"),
    ("m,Manual,1,12/1/10 8:26,18.95", "m is an entry by hand"),
    ("BANK CHARGES,x,1,12/1/10 8:26,15", "BANK CHARGES is a charge of the bank"),
    ("AMAZONFEE,x,1,12/1/10 8:26,15", "AMAZONFEE is a fee of the marketplace"),
    ("C2,CARRIAGE,1,12/1/10 8:26,50", "C2 is carriage"),
    ("CRUK,x,-1,12/1/10 8:26,1.6", "CRUK is a commission"),
    ("PADS,x,1,12/1/10 8:26,0.001", "PADS is padding"),
    ("S,SAMPLES,1,12/1/10 8:26,3", "S is samples"),
    ("B,Adjust bad debt,1,12/1/10 8:26,-11062.06", "B is a bad debt"),
    ("POST,POSTAGE,1,12/1/10 8:26,0", "UnitPrice: a postage of 0 cannot have been paid"),
    ("POST,POSTAGE,-1,12/1/10 8:26,18", "Quantity: -1 units cannot be sold"),
    ("D,Discount,-1,12/1/10 8:26,99", "a discount larger than the goods, which cost 20.34"),
    ("22139,,56,12/1/10 8:26,0", "UnitPrice: a price of 0 cannot have been paid"),
    ("22139,,56,12/1/10 8:26,-2", "UnitPrice: a price of -2 cannot have been paid"),
    ("22139,,56,12/1/10 8:26,", "UnitPrice: '' is not an amount"),
    ("22139,,56,12/1/10 8:26,0.001", "UnitPrice: '0.001' is finer than GBP"),
    ("22139,damaged,-7,12/1/10 8:26,2", "Quantity: -7 units cannot be sold"),
    ("22139,,six,12/1/10 8:26,2", "Quantity: 'six' is not a whole number"),
    ("22139,,6,13/13/10 8:26,2", "InvoiceDate: '13/13/10 8:26' is no date"),
    ("22139,,6,yesterday,2", "InvoiceDate: 'yesterday' is no date"),
    (",,6,12/1/10 8:26,2", "StockCode: "),
    (f"{'2' * 101},,6,12/1/10 8:26,2", "StockCode: "),
    ("22139,,9999999,12/1/10 8:26,2", "Quantity: "),
    ("22139,a\0b,6,12/1/10 8:26,2", "Description: holds the control character U+0000"),
]


@pytest.mark.parametrize(("cells", "reason"), ROWS_REFUSED)
def test_a_row_that_cannot_be_kept_is_named_and_the_rest_of_the_invoice_is_kept(cells: str, reason: str) -> None:
    orders, (refused,) = read(invoice(LANTERN, f"536365,{cells},17850,France"), "online-retail")
    assert (refused.line, refused.order_no) == (3, "536365")
    assert reason in refused.reason
    assert [(line.line_no, line.sku) for line in orders[0].lines] == [(1, "71053")]
    assert orders[0].total_paid == 2034


def test_an_invoice_without_goods_is_named() -> None:
    assert refusals("1,POST,POSTAGE,1,12/1/10 8:26,18,12583,France") == {
        2: "the invoice has no goods that this could belong to"
    }


def test_a_second_customer_on_one_invoice_is_refused() -> None:
    assert "is 9 here and 17850 above" in refusals(LANTERN, LANTERN.replace("17850", "9"))[3]


def test_a_return_is_no_order_and_is_named() -> None:
    assert "a return" in refusals("C536379,71053,LANTERN,-1,12/1/10 9:41,3.39,17850,France")[2]


def test_the_second_edition_and_a_workbook_are_read_too() -> None:
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    row = ["536365", "71053", "LANTERN", "6", "2010-12-01 08:26:00", "3.39", "17850.0", "France"]
    book = workbook(
        [header.split(","), [536365, 71053, "LANTERN", 6, datetime(2010, 12, 1, 8, 26), 3.39, 17850.0, "France"]]
    )
    assert only_order(text(header, ",".join(row)), "online-retail") == only_order(book, "online-retail")


# ── returns with their purchase ───────────────────────────────────────────────────────────────────


def pairs(*rows: str) -> list[tuple[str, str, int, int]]:
    found = returns_with_purchase(invoice(*rows), "orders.csv")
    return [(each.invoice, each.order_no, each.line_no, each.quantity) for each in found]


def bought(no: str, code: str, quantity: int, day: int, customer: str = "17850") -> str:
    return f"{no},{code},x,{quantity},12/{day}/10 8:26,3.39,{customer},France"


def test_a_return_is_paired_with_the_latest_purchase_before_it() -> None:
    rows = (
        bought("1", "A", 6, 1),
        bought("2", "POST", 1, 2),
        bought("2", "A", 6, 2),
        bought("C3", "A", -2, 3),
        bought("4", "A", 6, 4),
    )
    assert pairs(*rows) == [("C3", "2", 1, 2)]


NOT_PAIRED = [
    ("too many units", bought("1", "A", 2, 1)),
    ("another customer", bought("1", "A", 9, 1, "9")),
    ("another code", bought("1", "a", 9, 1)),
    ("bought later", bought("1", "A", 9, 5)),
]


@pytest.mark.parametrize(("_why", "purchase"), NOT_PAIRED)
def test_a_return_without_its_purchase_is_left_out(_why: str, purchase: str) -> None:
    assert pairs(purchase, bought("C3", "A", -3, 3)) == []


def test_returns_use_up_what_was_bought() -> None:
    rows = (bought("1", "A", 5, 1), bought("C2", "A", -3, 2), bought("C3", "A", -3, 3), bought("C4", "A", -2, 4))
    assert pairs(*rows) == [("C2", "1", 1, 3), ("C4", "1", 1, 2)]


def test_discounts_and_returns_of_nobody_are_no_returns_of_goods() -> None:
    stream = invoice(bought("C1", "D", -1, 1), bought("C2", "A", -1, 1, ""), bought("C3", "A", 1, 1))
    assert returned_lines(stream, "orders.csv") == []


# ── real exports, where there are any ─────────────────────────────────────────────────────────────

REAL = [("online_retail_day_one.csv", 999, 61, 11, 1), ("online_retail_returns.csv", 1_500, 1_296, 63, 18)]


@with_exports
@pytest.mark.parametrize(("name", "rows", "orders", "refused", "returns"), REAL)
def test_a_real_export_is_kept_as_far_as_it_can_be(
    name: str, rows: int, orders: int, refused: int, returns: int
) -> None:
    path = Path(str(EXPORTS)) / name
    with path.open("rb") as file:
        report, _ = run(file, "online-retail")
        paired: list[PairedReturn] = returns_with_purchase(file, name)
    assert isinstance(report, ImportReport)
    assert (report.rows, report.orders, report.refused_rows) == (rows, orders, refused)
    assert len(paired) == returns


def test_the_format_is_on_the_map() -> None:
    assert FORMATS["online-retail"].name == "online-retail"
