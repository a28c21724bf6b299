"""Before the parcel has left: cancelled, swapped, out of stock, another address, transfers (L7–L15, G13)."""

from tests.branches import (
    ANOTHER_ORDER,
    DELIVERED,
    SATISFIED,
    SENT,
    Branch,
    Do,
    Paid,
    Pass,
    Sees,
    agent,
    courier,
    customer,
    finance,
    found,
    warehouse,
)

PULLED = warehouse("report_interception", result="pulled")
GONE = warehouse("report_interception", "recalling", result="gone")
#: All of the order: the postage goes back with it.
ALL = [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 4}]
AS_NEW = found("none_found", "customer", "new", 2, "restock")
ALL_AS_NEW = [*AS_NEW, {**AS_NEW[0], "line_no": 2, "quantity": 4}]
REFUND = agent("choose_remedy", remedy="refund")
NEW_ADDRESS = agent("update_contact", "requested", address="杭州市西湖区文三路 1 号")
BLUE = {"sku": "KETTLE-17-BLUE", "name": "电热水壶 蓝", "quantity": 1}


def led(move: Do, to: str) -> Do:
    """The same move, leading there."""
    return move._replace(to=to)


BEFORE_SHIPMENT: dict[str, Branch] = {
    "L13: unpaid: the order is closed and restocked": Branch(
        kind="cancel_before_shipment",
        parcel="unprinted",
        order={"payments": [], "paid_at": None},
        ask={"lines": ALL},
        moves=(agent("choose_remedy", "resolved", remedy="none"), SATISFIED),
    ),
    "L7: label not printed: refunded at once, with the postage, and the hold is lifted": Branch(
        kind="cancel_before_shipment",
        parcel="unprinted",
        ask={"lines": ALL},
        moves=(Sees("holds.0", "do_not_print"), led(REFUND, "refunding"), Paid("347.60"), Sees("holds", []), SATISFIED),
    ),
    "L7: label printed: pulled, refunded and restocked": Branch(
        kind="cancel_before_shipment",
        parcel="printed",
        ask={"lines": ALL},
        moves=(led(REFUND, "intercepting"), led(PULLED, "refunding"), Paid("347.60"), SATISFIED),
    ),
    "L7: already gone, refused by the customer at the door: refunded when it is back": Branch(
        kind="cancel_before_shipment",
        parcel="printed",
        ask={"lines": ALL},
        moves=(
            led(REFUND, "intercepting"),
            GONE,
            courier("record_delivery", "received", outcome="refused"),
            warehouse("pass_inspection", "inspected", lines=ALL_AS_NEW),
            led(REFUND, "refunding"),
            Paid("347.60"),
            SATISFIED,
        ),
    ),
    "L16: pulled too late, delivered all the same, sent back by the customer": Branch(
        kind="cancel_before_shipment",
        parcel="gone",
        ask={"lines": ALL},
        moves=(
            led(REFUND, "recalling"),
            courier("record_delivery", "awaiting_return", outcome="delivered"),
            customer("ship_return", "return_in_transit", carrier="SF", waybill="SF5"),
            warehouse("book_in", "received"),
            warehouse("pass_inspection", "inspected", lines=ALL_AS_NEW),
            led(REFUND, "refunding"),
            Paid("337.60"),
            SATISFIED,
        ),
    ),
    "L16: pulled too late, delivered all the same, kept by the customer": Branch(
        kind="cancel_before_shipment",
        parcel="gone",
        ask={"lines": ALL},
        moves=(
            led(REFUND, "recalling"),
            courier("record_delivery", "awaiting_return", outcome="delivered"),
            customer("withdraw", "withdrawn", reason="I keep it after all."),
        ),
        ends="withdrawn",
    ),
    "L9: another colour at the same price, label not printed": Branch(
        kind="swap_before_shipment",
        parcel="unprinted",
        ask={"wanted": "substitute"},
        moves=(
            agent("choose_remedy", "exchanging", remedy="substitute", replacement={**BLUE, "unit_price": "129.00"}),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "L9, G6: a dearer one: the parcel is pulled and the difference collected first": Branch(
        kind="swap_before_shipment",
        parcel="printed",
        ask={"wanted": "substitute"},
        moves=(
            agent("choose_remedy", "intercepting", remedy="substitute", replacement={**BLUE, "unit_price": "149.00"}),
            led(PULLED, "awaiting_payment"),
            Sees("money.customer_owes.amount", "20.00"),
            customer("notify_payment", "awaiting_payment", method="alipay"),
            finance("record_payment", "exchanging", amount="20.00", reference="ALI-77"),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "L9, G6: a cheaper one: shipped, and the difference refunded": Branch(
        kind="swap_before_shipment",
        parcel="unprinted",
        ask={"wanted": "substitute"},
        moves=(
            agent("choose_remedy", "exchanging", remedy="substitute", replacement={**BLUE, "unit_price": "99.00"}),
            Sees("money.refund.amount", "30.00"),
            SENT,
            DELIVERED,
            Paid("30.00"),
            SATISFIED,
        ),
    ),
    "L10: out of stock, by phone: refunded in full": Branch(
        kind="out_of_stock",
        parcel="unprinted",
        ask={"wanted": None, "lines": ALL},
        moves=(
            agent("make_offer", "offered", options=[{"type": "refund"}]),
            customer("accept_offer", "refunding"),
            Paid("347.60"),
            SATISFIED,
        ),
    ),
    "L15: one line is out of stock: it is struck and refunded, the rest ships": Branch(
        kind="out_of_stock",
        parcel="unprinted",
        ask={"wanted": "refund", "lines": [{"line_no": 2, "quantity": 4}]},
        moves=(
            agent("choose_remedy", "refunding", remedy="refund", beside=True),
            Sees("money.refund.amount", "79.60"),
            Paid("79.60"),
            SATISFIED,
        ),
    ),
    "L10: out of stock: another product instead": Branch(
        kind="out_of_stock",
        parcel="unprinted",
        ask={"wanted": "substitute"},
        moves=(
            agent(
                "make_offer",
                "offered",
                options=[{"type": "substitute", "replacement": {**BLUE, "unit_price": "129.00"}}, {"type": "refund"}],
            ),
            customer("accept_offer", "exchanging", option=1),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "L10: out of stock: the customer waits, and it leaves the day it comes": Branch(
        kind="out_of_stock",
        parcel="unprinted",
        ask={"wanted": None},
        moves=(
            agent("make_offer", "offered", options=[{"type": "substitute"}, {"type": "wait"}, {"type": "refund"}]),
            customer("accept_offer", "awaiting_stock", option=2),
            warehouse("stock_arrived", "exchanging"),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "G13: a swap in a hurry: ordered anew, which leaves first, and the old one is refunded": Branch(
        kind="swap_before_shipment",
        parcel="unprinted",
        ask={"wanted": "substitute", "subcategory": "in_a_hurry"},
        moves=(
            agent("link", "requested", beside=False, order_no=ANOTHER_ORDER, **{"as": "anew", "postage": "10.00"}),
            led(REFUND, "refunding"),
            Paid("129.00"),
            SATISFIED,
        ),
    ),
    "F18: refunded in full and still not content: nothing is refunded twice, and he gets an honest answer": Branch(
        kind="cancel_before_shipment",
        parcel="unprinted",
        ask={"lines": ALL},
        moves=(
            led(REFUND, "refunding"),
            Paid("347.60"),
            agent("complete_callback", "requested", satisfied=False),
            agent("answer", "resolved", text="It was paid on Monday; the reference is ref 1.", final=True),
            SATISFIED,
        ),
    ),
    "C7: another address: identity is asked for once, and then by phone": Branch(
        kind="address_change",
        parcel="unprinted",
        ask={"wanted": None},
        evidence=False,
        moves=(
            agent("request_evidence", "awaiting_evidence", what=["identity", "new_address"]),
            customer("submit_evidence", "requested", keys=["new_address"]),
            agent("submit_evidence", "requested", keys=["identity"]),
            NEW_ADDRESS,
            agent("answer", "resolved", text="Changed.", final=True),
            SATISFIED,
        ),
    ),
    "L8: another address, label not printed: changed and told": Branch(
        kind="address_change",
        parcel="unprinted",
        ask={"wanted": None},
        moves=(
            NEW_ADDRESS,
            agent("answer", "resolved", text="Changed.", final=True),
            SATISFIED,
        ),
    ),
    "L8: another address, label printed: pulled and sent with a new label": Branch(
        kind="address_change",
        parcel="printed",
        ask={"wanted": None},
        moves=(
            NEW_ADDRESS,
            agent("choose_remedy", "intercepting", remedy="reship"),
            led(PULLED, "exchanging"),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "L8: another address, gone: the courier changes it on the way": Branch(
        kind="address_change",
        parcel="gone",
        ask={"wanted": None},
        moves=(
            NEW_ADDRESS,
            agent("investigate", "investigating", check="courier"),
            courier("report_finding", "requested", finding="redirected"),
            agent("investigate", "investigating", check="courier"),
            DELIVERED,
            SATISFIED,
        ),
    ),
    "L12: a transfer is matched, and the parcel leaves that day": Branch(
        kind="remittance",
        parcel="unprinted",
        order={"payments": [], "paid_at": None},
        ask={"wanted": None, "lines": ALL, "announced": {"amount": "347.60", "currency": "CNY", "payer": "王小明"}},
        moves=(
            agent("choose_remedy", "awaiting_payment", remedy="reship"),
            Sees("money.customer_owes.amount", "347.60"),
            customer("notify_payment", "awaiting_payment", method="bank", bank="ICBC", amount="347.60"),
            Sees("waiting_for", "finance"),
            finance("record_payment", "exchanging", amount="347.60", reference="ICBC-5512"),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "L12: a transfer of somebody without an order is matched late, after its agent was asked": Branch(
        kind="remittance",
        order={"order_no": None},
        ask={"wanted": None, "announced": {"amount": "99.00", "currency": "CNY", "payer": "李雷"}},
        moves=(
            agent("choose_remedy", "awaiting_payment", remedy="reship"),
            Pass(3 * 24 + 1, "awaiting_payment"),
            finance("record_payment", "exchanging", amount="99.00", reference="BOC-1"),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
}
