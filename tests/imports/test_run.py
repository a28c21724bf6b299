"""Importing: orders brought together, saved in batches, and everything counted."""

import random
from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports import run as run_module
from imports.formats import FORMATS
from imports.run import BATCH, import_orders
from imports.samples import samples
from imports.shapes import RefusedRow
from imports.shift import shift_dates
from models.errors import Invalid
from models.orders import Order, parcel
from models.pots import pots_of
from tests.imports.files import invoice, kettle, only_order, read, run, table, text


def many(count: int) -> list[dict[str, str]]:
    return [kettle(order_no=f"K-{n}", x_row="") for n in range(count)]


# ── the rows of one order ─────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_the_rows_of_an_order_may_stand_anywhere(owners: list[int]) -> None:
    rows = [kettle(order_no=f"K-{owner}", sku=f"SKU-{n}") for n, owner in enumerate(owners)]
    orders, refused = read(table(rows))
    assert refused == []
    assert [order.order_no for order in orders] == list(dict.fromkeys(row["order_no"] for row in rows))
    for order in orders:
        mine = [row["sku"] for row in rows if row["order_no"] == order.order_no]
        assert [line.sku for line in order.lines] == mine


def test_order_numbers_are_told_apart_to_the_letter() -> None:
    orders, _ = read(table([kettle(order_no="a-1"), kettle(order_no="A-1"), kettle(order_no=" a-1 ", sku="CUP")]))
    assert [(order.order_no, len(order.lines)) for order in orders] == [("a-1", 2), ("A-1", 1)]


# ── saving and counting ───────────────────────────────────────────────────────────────────────────


def test_orders_are_saved_in_batches_and_counted() -> None:
    batches: list[int] = []

    def save(orders: list[Order]) -> list[str]:
        batches.append(len(orders))
        answers = {"K-1": "updated", "K-2": "unchanged", "K-3": "K-3 has a case, and its lines can no longer change"}
        return [answers.get(order.order_no, "imported") for order in orders]

    rows = [*many(BATCH + 3), kettle(order_no="BAD", unit_price="free", x_row="")]
    report = import_orders(table(rows), "aftercare", "orders.csv", save)
    assert batches == [BATCH, 3]
    assert (report.rows, report.orders) == (504, 503)
    assert (report.imported, report.updated, report.unchanged, report.refused_rows) == (500, 1, 1, 2)
    assert report.refused[0] == RefusedRow(5, "K-3", "K-3 has a case, and its lines can no longer change")
    assert (report.refused[1].line, report.refused[1].order_no) == (505, "BAD")


def test_a_dry_run_reads_everything_and_saves_nothing() -> None:
    report, stored = run(table([*many(3), kettle(order_no="")]), dry_run=True)
    assert stored == []
    assert (report.dry_run, report.rows, report.orders, report.imported, report.refused_rows) == (True, 4, 3, 0, 1)


def test_rows_are_taken_or_named_never_lost() -> None:
    rows = [kettle(order_no=f"K-{n % 40}", quantity=str(n % 7)) for n in range(200)]
    report, stored = run(table(rows))
    assert sum(len(order.lines) for order in stored) + report.refused_rows == report.rows == 200


def test_progress_is_told_first_without_and_then_with_the_total() -> None:
    told: list[tuple[int, int | None]] = []
    run(table(many(1_200)), progress=lambda done, total: told.append((done, total)))
    assert told[:2] == [(1_000, None), (1_200, None)]
    assert told[-1] == (1_200, 1_200)
    assert [done for done, total in told if total] == sorted(done for done, total in told if total)


def test_refused_rows_beyond_very_many_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imports.formats.MOST_NAMED", 2)
    report, _ = run(table([kettle(order_no="") for _ in range(5)]))
    assert (len(report.refused), report.refused_rows) == (2, 5)


def test_a_wrong_file_saves_nothing() -> None:
    with pytest.raises(Invalid):
        run_module.import_orders(text("order_no,total"), "aftercare", "orders.csv", never)


def never(orders: list[Order]) -> list[str]:
    raise AssertionError(f"nothing should have been saved, and {len(orders)} orders were")


# ── headings ──────────────────────────────────────────────────────────────────────────────────────

WRONG_HEADINGS = [
    ("order_no,currency,placed_at,sku,quantity", "lacks the column unit_price of the aftercare format"),
    ("InvoiceNo,StockCode", "lacks the column order_no, currency, placed_at, sku, unit_price, quantity"),
    ("order_no,currency,placed_at,sku,unit_price,quantity,disccount", r"no column disccount\. Did you mean discount\?"),
    ("order_no,currency,placed_at,sku,unit_price,quantity,,zone", r"no column \(without a name\)"),
    ("order_no,currency,placed_at,sku,unit_price,quantity,sku", "sku is there twice"),
]


@pytest.mark.parametrize(("header", "says"), WRONG_HEADINGS)
def test_a_wrong_heading_is_named(header: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read(text(header, "1,2,3,4,5,6,7,8"[: 2 * header.count(",") + 1]))


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(Invalid, match="choose aftercare or online-retail"):
        read(text("a"), "shopware")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_format_is_found_under_its_own_name_and_can_be_filled(name: str) -> None:
    fmt = FORMATS[name]
    assert fmt.name == name
    assert {*fmt.required, fmt.order_column} <= set(fmt.columns.values())


# ── moving dates ──────────────────────────────────────────────────────────────────────────────────


def test_all_dates_move_by_the_same_whole_days() -> None:
    rows = [
        kettle(
            placed_at="2026-10-05T23:30:00Z",
            delivered_at="2026-10-09T10:00:00Z",
            payment_amount="129.00",
            payment_paid_at="2026-10-06T01:00:00Z",
            waybill="SF1",
            label_printed_at="2026-10-07T09:00:00Z",
        ),
    ]
    order = only_order(table(rows))
    (moved,) = shift_dates([order], date(2026, 11, 1))
    by = date(2026, 11, 1) - date(2026, 10, 9)
    assert moved.placed_at == order.placed_at + by
    assert moved.payments[0].paid_at is not None
    assert moved.payments[0].paid_at.isoformat() == "2026-10-29T01:00:00+00:00"
    assert moved.shipments[0].label_printed_at is not None
    assert moved.shipments[0].label_printed_at.date() == date(2026, 10, 30)
    assert moved.delivered_at is not None
    assert moved.delivered_at.date() == date(2026, 11, 1)
    assert shift_dates([moved], date(2026, 10, 9)) == [order]


def test_the_oldest_export_can_be_moved_to_yesterday() -> None:
    orders, _ = read(
        invoice("1,A,x,6,12/1/10 8:26,3.39,9,France", "2,A,x,6,12/9/11 12:50,3.39,9,France"), "online-retail"
    )
    assert [order.placed_at.date() for order in shift_dates(orders, date(2026, 11, 21))] == [
        date(2025, 11, 13),
        date(2026, 11, 21),
    ]
    assert shift_dates([], date(2026, 11, 21)) == []


# ── the sample orders ─────────────────────────────────────────────────────────────────────────────


def sample_orders() -> list[Order]:
    with samples().open("rb") as file:
        orders, refused = read(file)
    assert refused == []
    return orders


def test_the_samples_are_as_varied_as_a_real_shops_orders() -> None:
    orders = sample_orders()
    assert len(orders) == 40
    assert {order.currency for order in orders} == {"CNY", "USD", "JPY", "GBP", "EUR"}
    assert {parcel(order, []) for order in orders} == {"unprinted", "printed", "gone", "delivered"}
    assert any(len(order.shipments) > 1 for order in orders)
    assert any(len(order.payments) > 1 for order in orders)
    assert any(discount.funded_by == "platform" for order in orders for discount in order.discounts)
    assert any(line.quantity >= 12 and line.discount for order in orders for line in order.lines)
    assert {line.tax_included for order in orders for line in order.lines if line.tax} == {True, False}
    assert any(order.postage and order.free_shipping for order in orders)
    assert any(order.invoice for order in orders)
    assert any(line.final_sale for order in orders for line in order.lines)
    assert any("\N{DEER}" in (order.customer.name or "") for order in orders)


def test_the_samples_were_paid_as_they_add_up_but_for_one_awaited_transfer() -> None:
    assert [order.order_no for order in sample_orders() if order.total != order.total_paid] == ["BANK-2026-114"]


def test_the_samples_fill_their_pots() -> None:
    for order in sample_orders():
        assert pots_of(order)


def test_the_samples_moved_to_yesterday_have_nothing_in_the_future() -> None:
    moved = shift_dates(sample_orders(), date(2027, 3, 4))
    assert max(at for order in moved for at in (order.placed_at, order.delivered_at) if at).astimezone(
        UTC
    ).date() == date(2027, 3, 4)


def test_the_samples_rows_may_come_in_any_sequence() -> None:
    lines = samples().read_text("utf-8")
    header, *rows = table_rows(lines)
    random.Random(40).shuffle(rows)
    shuffled = text(header, *rows)
    assert {order.order_no for order in read(shuffled)[0]} == {order.order_no for order in sample_orders()}


def table_rows(content: str) -> list[str]:
    """The file's rows as written, with a quoted line break kept inside its row."""
    rows: list[str] = []
    for line in content.splitlines():
        if rows and rows[-1].count('"') % 2:
            rows[-1] += "\n" + line
        else:
            rows.append(line)
    return rows
