"""The flat form of an order: what its rows say together, and how a refusal is worded."""

import pytest

from imports.aftercare import COLUMNS
from models.orders import order_to_document, parse_order
from tests.imports.files import kettle, only_order, only_refusal, read, table, text

WHOLE = {
    "channel": "tmall",
    "timezone": "Asia/Shanghai",
    "paid_at": "2026-10-05 09:31",
    "shipped_at": "2026/10/5 17:40:30",
    "delivered_at": "2026-10-07T11:05:00+08:00",
    "customer_id": "c-88",
    "customer_name": "王小明🦌",
    "phone": "13800138000",
    "email": "wang@example.cn",
    "language": "zh-CN",
    "country": "CN",
    "ship_name": "李娜",
    "ship_phone": "13900139000",
    "address": "杭州市西湖区\n文三路 1 号",
    "zone": "province",
    "line_no": "7",
    "name": "电热水壶",
    "category": "small_appliance",
    "quantity": "2.0",
    "discount": "8.00",
    "tax": "1.50",
    "tax_included": "是",
    "serials": "K1 | K2",
    "final_sale": "No",
    "order_discount_code": "SPRING",
    "order_discount": "20.00",
    "discount_funded_by": "platform",
    "discount_threshold": "200.00",
    "postage": "10.00",
    "postage_discount": "4.00",
    "postage_tax": "0.60",
    "invoice_number": "FP-1",
    "invoice_kind": "electronic",
    "payment_no": "P1",
    "payment_method": "alipay",
    "payment_reference": "2026100522001",
    "payment_amount": "236.60",
    "payment_paid_at": "2026-10-05 09:31",
    "shipment_no": "S1",
    "carrier": "sf",
    "waybill": "SF1029384756",
    "label_printed_at": "2026-10-05 15:00",
    "shipment_shipped_at": "2026-10-05 17:40",
    "shipment_delivered_at": "2026-10-07 11:05",
    "shipped_quantity": "2",
}


def test_every_column_finds_its_place_in_the_order() -> None:
    assert set(kettle(**WHOLE)) == set(COLUMNS)
    order = only_order(table([kettle(**WHOLE)]))
    assert order_to_document(order) == {
        "order_no": "KETTLE-1",
        "channel": "tmall",
        "currency": "CNY",
        "placed_at": "2026-10-05T01:30:00Z",
        "paid_at": "2026-10-05T01:31:00Z",
        "shipped_at": "2026-10-05T09:40:30Z",
        "delivered_at": "2026-10-07T03:05:00Z",
        "customer": {
            "id": "c-88",
            "name": "王小明🦌",
            "phone": "13800138000",
            "email": "wang@example.cn",
            "language": "zh-CN",
            "country": "CN",
        },
        "ship_to": {"name": "李娜", "phone": "13900139000", "address": "杭州市西湖区\n文三路 1 号", "zone": "province"},
        "invoice": {"number": "FP-1", "kind": "electronic"},
        "shipments": [
            {
                "shipment_no": "S1",
                "carrier": "sf",
                "waybill": "SF1029384756",
                "label_printed_at": "2026-10-05T07:00:00Z",
                "shipped_at": "2026-10-05T09:40:00Z",
                "delivered_at": "2026-10-07T03:05:00Z",
                "lines": [{"line_no": 7, "quantity": 2}],
            }
        ],
        "lines": [
            {
                "line_no": 7,
                "sku": "KETTLE-17",
                "name": "电热水壶",
                "category": "small_appliance",
                "quantity": 2,
                "tax_included": True,
                "serials": ["K1", "K2"],
                "final_sale": False,
                "unit_price": "129.00",
                "discount": "8.00",
                "tax": "1.50",
            }
        ],
        "discounts": [{"code": "SPRING", "funded_by": "platform", "amount": "20.00", "threshold": "200.00"}],
        "postage": "10.00",
        "postage_discount": "4.00",
        "postage_tax": "0.60",
        "payments": [
            {
                "payment_no": "P1",
                "method": "alipay",
                "reference": "2026100522001",
                "paid_at": "2026-10-05T01:31:00Z",
                "amount": "236.60",
            }
        ],
    }
    assert parse_order(order_to_document(order)) == order


def test_the_smallest_row_is_an_order() -> None:
    order = only_order(table([kettle()]))
    assert (order.total, order.total_paid, order.shipments, order.payments) == (12_900, 0, (), ())
    assert [line.line_no for line in order.lines] == [1]


def test_headings_may_be_written_freely_and_own_columns_are_skipped() -> None:
    row = kettle(**{"x_note": "催单两次", "Customer Name": "王小明", "PAYMENT-AMOUNT": "129.00"})
    order = only_order(table([row], delimiter=";"))
    assert (order.customer.name, order.total_paid) == ("王小明", 12_900)


def test_what_belongs_to_the_order_may_stand_on_any_of_its_rows() -> None:
    rows = [
        kettle(customer_name="王小明"),
        {"order_no": "KETTLE-1", "sku": "CUP", "unit_price": "19.90", "quantity": "4", "postage": "10.00"},
        {"order_no": "KETTLE-1", "zone": "remote", "customer_name": "王小明"},
    ]
    order = only_order(table(rows))
    assert [(line.line_no, line.sku) for line in order.lines] == [(1, "KETTLE-17"), (2, "CUP")]
    assert (order.postage, order.ship_to.zone, order.customer.name) == (1000, "remote", "王小明")


def test_two_rows_that_differ_are_both_named() -> None:
    rows = [kettle(zone="remote"), kettle(order_no="CUP-1"), kettle(zone="local")]
    orders, refused = read(table(rows))
    assert [order.order_no for order in orders] == ["CUP-1"]
    assert [(row.line, row.order_no) for row in refused] == [(2, "KETTLE-1"), (4, "KETTLE-1")]
    assert refused[0].reason == "left out with its order, of which line 4 was refused; mend that one"
    assert refused[1].reason == "zone: is 'local' here and 'remote' on line 2; make them the same"


def test_several_payments_and_discounts_stand_on_rows_of_their_own() -> None:
    rows = [
        kettle(payment_no="A", payment_amount="100.00", order_discount_code="SHOP", order_discount="5.00"),
        {"order_no": "KETTLE-1", "payment_no": "B", "payment_amount": "19.00", "payment_method": "points"},
        {"order_no": "KETTLE-1", "order_discount_code": "DOUBLE11", "order_discount": "5.00"},
    ]
    order = only_order(table(rows))
    assert [(payment.payment_no, payment.amount) for payment in order.payments] == [("A", 10_000), ("B", 1_900)]
    assert [(discount.code, discount.amount) for discount in order.discounts] == [("SHOP", 500), ("DOUBLE11", 500)]


def test_one_payment_repeated_on_every_row_is_one_payment() -> None:
    rows = [kettle(payment_no="A", payment_amount="258.00"), kettle(payment_amount="258.00", payment_method="alipay")]
    order = only_order(table(rows))
    assert [(each.payment_no, each.amount, each.method) for each in order.payments] == [("A", 25_800, "alipay")]


def test_a_payment_that_could_be_either_is_refused() -> None:
    rows = [
        kettle(payment_no="A", payment_amount="100.00"),
        kettle(payment_no="B", payment_amount="29.00"),
        kettle(payment_amount="29.00"),
    ]
    _, refused = read(table(rows))
    assert "payment_no: is empty, and the order has several" in refused[2].reason


def test_two_payments_without_numbers_are_told_apart_by_numbers() -> None:
    _, refused = read(table([kettle(payment_amount="100.00"), kettle(payment_amount="29.00")]))
    assert "make them the same, or tell the two apart by payment_no" in refused[1].reason


def test_a_single_shipment_holds_the_whole_order_on_its_dates() -> None:
    rows = [
        kettle(waybill="SF1", carrier="sf", shipped_at="2026-10-05T17:00:00+08:00"),
        kettle(sku="CUP", quantity="4"),
    ]
    (shipment,) = only_order(table(rows)).shipments
    assert (shipment.shipment_no, shipment.waybill, shipment.parcel, shipment.lines) == ("1", "SF1", "gone", ())


def test_one_line_can_be_split_over_two_shipments() -> None:
    rows = [
        kettle(line_no="1", quantity="6", shipment_no="S1", shipped_quantity="4"),
        {"order_no": "KETTLE-1", "line_no": "1", "shipment_no": "S2", "shipped_quantity": "2"},
        kettle(line_no="2", sku="CUP", quantity="3", shipment_no="S2", waybill="SF2"),
    ]
    order = only_order(table(rows))
    held = {each.shipment_no: [(line.line_no, line.quantity) for line in each.lines] for each in order.shipments}
    assert held == {"S1": [(1, 4)], "S2": [(1, 2), (2, 3)]}
    assert len(order.lines) == 2


def test_a_label_that_was_only_printed_is_not_gone() -> None:
    (shipment,) = only_order(table([kettle(waybill="ZT1", label_printed_at="2026-10-05T15:00:00+08:00")])).shipments
    assert shipment.parcel == "printed"


REFUSED_CELLS = [
    ("unit_price", "1,290.00", "unit_price: '1,290.00' is not an amount"),
    ("unit_price", "129,00", "unit_price: '129,00' is not an amount"),
    ("unit_price", "0.001", "unit_price: '0.001' is finer than CNY can be paid"),
    ("unit_price", "-5.00", "unit_price: "),
    ("unit_price", "9" * 18, "unit_price: "),
    ("unit_price", "", "unit_price: is empty; fill it in"),
    ("sku", "", "sku: is empty; fill it in"),
    ("quantity", "1.5", "quantity: '1.5' is not a whole number such as 2"),
    ("quantity", "0", "quantity: "),
    ("quantity", "-1", "quantity: '-1' is not a whole number"),
    ("quantity", "9999999", "quantity: "),
    ("currency", "RMB", "currency: 'RMB' is not an ISO 4217 currency code"),
    ("currency", "", "currency: is empty; fill it in"),
    ("placed_at", "2026-10-05 09:30", "placed_at: has no offset such as +08:00"),
    ("placed_at", "2026-02-30T09:30:00Z", "placed_at: '2026-02-30T09:30:00Z' is on no calendar"),
    ("placed_at", "0999-02-03T09:30:00Z", "placed_at: a time must lie between the years"),
    ("placed_at", "last Tuesday", "placed_at: 'last Tuesday' is no time"),
    ("placed_at", "45935.4", "placed_at: '45935.4' is no time"),
    ("timezone", "Mars/Olympus", "timezone: 'Mars/Olympus' is not known"),
    ("timezone", "../../etc/passwd", "timezone: '../../etc/passwd' is not known"),
    ("timezone", "Asia", "timezone: 'Asia' is not known"),
    ("final_sale", "perhaps", "final_sale: 'perhaps' is neither yes nor no"),
    ("waybill", "1.23457E+17", "waybill: 1.23457E+17 was rounded by a spreadsheet"),
    ("discount", "129.01", "discount: takes more off than the line costs"),
    ("order_discount", "130.00", "take more off than the goods cost"),
    ("postage_discount", "1.00", "postage_discount: takes more off than the postage is"),
    ("discount_funded_by", "aunt", "discount_funded_by: "),
    ("payment_method", "alipay", "payment_amount: is empty; fill it in"),
    ("serials", "K1|K2", "serials: names more units than the line has"),
    ("customer_name", "王\u0007明", "customer_name: holds the control character U+0007"),
    ("customer_name", "王" * 201, "customer_name: "),
    ("shipped_quantity", "2", "shipped_quantity: give the shipment_no, carrier or waybill"),
]


@pytest.mark.parametrize(("column", "cell", "reason"), REFUSED_CELLS)
def test_a_wrong_cell_is_named_by_line_and_column(column: str, cell: str, reason: str) -> None:
    orders, (refused, with_it) = read(table([kettle(**{column: cell}), kettle(order_no="OTHER", **{column: cell})]))
    assert orders == []
    assert (refused.line, refused.order_no, with_it.line) == (2, "KETTLE-1", 3)
    assert reason in refused.reason


def test_the_row_that_is_wrong_is_the_one_that_is_named() -> None:
    rows = [kettle(), kettle(sku="CUP", quantity="4"), kettle(sku="POT", unit_price="cheap")]
    _, refused = read(table(rows))
    assert [(row.line, row.reason.split(":")[0]) for row in refused] == [
        (2, "left out with its order, of which line 4 was refused; mend that one"),
        (3, "left out with its order, of which line 4 was refused; mend that one"),
        (4, "unit_price"),
    ]


def test_a_line_number_given_twice_is_named() -> None:
    refused = read(table([kettle(line_no="1"), kettle(line_no="1", sku="CUP")]))[1]
    assert "line_no: 1 is there twice" in refused[1].reason


def test_a_row_without_an_order_number_is_named_alone() -> None:
    orders, (refused,) = read(table([kettle(order_no=""), kettle()]))
    assert [order.order_no for order in orders] == ["KETTLE-1"]
    assert (refused.line, refused.order_no) == (2, None)
    assert "order_no: is empty" in refused.reason


def test_a_row_with_a_cell_too_many_takes_its_order_with_it() -> None:
    stream = table([kettle(), kettle(sku="CUP")])
    broken = stream.read() + b"KETTLE-1,CNY,2026-10-05T09:30:00+08:00,POT,1,290.00,1\n"
    stream = table([])
    stream.write(broken)
    stream.seek(0)
    orders, refused = read(stream)
    assert orders == []
    assert [row.line for row in refused] == [2, 3, 4]
    assert "has 7 cells under 6 column names" in refused[2].reason


def test_rows_swallowed_by_an_open_quotation_mark_take_their_orders_with_them() -> None:
    head = "order_no,currency,placed_at,sku,unit_price,quantity"
    cup = "CUP-1,CNY,2026-10-05T09:30:00Z,CUP,19.90,4"
    orders, refused = read(text(head, cup, cup.replace("CUP", "POT"), 'X-1,CNY,"2026-10-05', cup))
    assert [order.order_no for order in orders] == ["POT-1"]
    assert [(row.line, row.order_no) for row in refused] == [(2, "CUP-1"), (5, "CUP-1"), (4, "X-1")]


def test_a_single_row_that_only_names_its_order_is_refused() -> None:
    refused = only_refusal(table([{**dict.fromkeys(kettle(), ""), "order_no": "GHOST"}]))
    assert (refused.line, refused.order_no) == (2, "GHOST")
