"""Goods that are broken, wrong, missing, or not wanted (F1–F10, K1–K7, G3–G8, L-less kinds of section 3)."""

from tests.branches import (
    ANOTHER_ORDER,
    CHECKED,
    CONFIRMED,
    DELIVERED,
    RETURNED,
    SATISFIED,
    SENT,
    SENT_BACK,
    WITH_OUR_LABEL,
    Branch,
    Do,
    Paid,
    Pass,
    Sees,
    agent,
    courier,
    customer,
    does,
    finance,
    found,
    manager,
    warehouse,
    workshop,
)

TRANSIT = warehouse("confirm_fault", "fault_confirmed", lines=found("transit", "courier"), beside=True)
OWN_DOING = warehouse("refute_fault", "fault_refuted", lines=found("customer", "customer", "used"), beside=True)
AS_NEW = warehouse("pass_inspection", "inspected", lines=found("none_found", "customer", "opened", 1, "restock"))
OURS = warehouse("pass_inspection", "inspected", lines=found("seller", "seller", "wrong_item", 1, "restock"))
DIFFERS = warehouse("confirm_fault", "fault_confirmed", lines=found("seller", "seller", "opened", 1, "restock"))
REFUND = agent("choose_remedy", "refunding", remedy="refund")
EXCHANGED = (agent("choose_remedy", "exchanging", remedy="exchange"), SENT, DELIVERED)
REPAIRED = (
    agent("choose_remedy", "repairing", remedy="repair"),
    workshop("finish_repair", "returning_goods", report="new heating element, tested for 24 h"),
    SENT_BACK,
    DELIVERED,
)
#: Confirmed: repair first, exchange and refund beside it, and the customer chooses.
CHOICE = agent("make_offer", "offered", options=[{"type": "repair"}, {"type": "exchange"}, {"type": "refund"}])
TAKES_EXCHANGE = (CHOICE, customer("accept_offer", "exchanging", option=2))
TAKES_REFUND = (CHOICE, customer("accept_offer", "refunding", option=3))
ANOTHER_KETTLE = {"type": "substitute", "replacement": {"sku": "KETTLE-20", "unit_price": "149.00"}}
#: The new kettle is with the customer, the old one too, and the deposit with us.
IN_ADVANCE = (
    agent(
        "make_offer",
        "offered",
        options=[{"type": "keep_it", "amount": "5.00"}, {"type": "exchange"}, {"type": "exchange", "in_advance": True}],
    ),
    customer("accept_offer", "awaiting_payment", option=3),
    finance("record_payment", "exchanging", amount="129.00", reference="BANK-2"),
    SENT,
    courier("record_delivery", "awaiting_return", outcome="delivered"),
)
CN = {"customer": {"id": "c-88", "name": "王小明", "country": "CN"}}


def failed(why: str) -> Do:
    """A repair that did not succeed."""
    return Do("workshop", "fail_repair", {"reason": why}, "fault_confirmed", beside=True)


GOODS: dict[str, Branch] = {
    "F3: a faulty kettle is refunded with its freight": Branch(
        kind="quality_fault",
        moves=(*RETURNED, CONFIRMED, *TAKES_REFUND, Paid("141.00"), SATISFIED),
    ),
    "section 13: within seven days the refund is the customer's right, and is carried out": Branch(
        kind="quality_fault",
        order=CN,
        moves=(*RETURNED, CONFIRMED, REFUND, Paid("141.00"), SATISFIED),
    ),
    "F4: a faulty kettle is exchanged": Branch(
        kind="quality_fault",
        ask={"wanted": "exchange"},
        moves=(*WITH_OUR_LABEL, CONFIRMED, *TAKES_EXCHANGE, CHECKED, *EXCHANGED[1:], SATISFIED),
    ),
    "F9: a faulty kettle is repaired": Branch(
        kind="quality_fault",
        ask={"wanted": "repair"},
        moves=(*WITH_OUR_LABEL, CONFIRMED, *REPAIRED, SATISFIED),
    ),
    "G4: the customer's own doing: explained, and sent back at his cost": Branch(
        kind="quality_fault",
        moves=(
            *RETURNED,
            OWN_DOING,
            agent("choose_remedy", "awaiting_payment", remedy="goods_back"),
            finance("record_payment", "returning_goods", amount="12.00", reference="BANK-2"),
            SENT_BACK,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "G5: out of stock after all: the customer takes the refund": Branch(
        kind="quality_fault",
        ask={"wanted": "exchange"},
        moves=(
            *WITH_OUR_LABEL,
            CONFIRMED,
            *TAKES_EXCHANGE,
            warehouse("report_shortage", "awaiting_stock", beside=True),
            agent("make_offer", "offered", options=[{"type": "wait"}, {"type": "refund"}], beside=True),
            customer("accept_offer", "refunding", option=2),
            Paid("129.00"),
            SATISFIED,
        ),
    ),
    "G5: out of stock after all: the customer waits": Branch(
        kind="quality_fault",
        ask={"wanted": "exchange"},
        moves=(
            *WITH_OUR_LABEL,
            CONFIRMED,
            *TAKES_EXCHANGE,
            warehouse("report_shortage", "awaiting_stock", beside=True),
            agent("make_offer", "offered", options=[{"type": "wait"}, {"type": "refund"}], beside=True),
            customer("accept_offer", "awaiting_stock", option=1),
            warehouse("stock_arrived", "exchanging"),
            CHECKED,
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "G5, G6: out of stock after all: another product, and its difference first": Branch(
        kind="quality_fault",
        ask={"wanted": "exchange"},
        moves=(
            *WITH_OUR_LABEL,
            CONFIRMED,
            *TAKES_EXCHANGE,
            warehouse("report_shortage", "awaiting_stock", beside=True),
            agent("make_offer", "offered", options=[ANOTHER_KETTLE, {"type": "wait"}], beside=True),
            customer("accept_offer", "awaiting_payment", option=1),
            finance("record_payment", "exchanging", amount="20.00", reference="BANK-3"),
            CHECKED,
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "G5: the new one in advance against a deposit, which goes back when the old one is here": Branch(
        kind="quality_fault",
        ask={"wanted": "exchange", "subcategory": "surface_flaw"},
        moves=(
            *IN_ADVANCE,
            customer("ship_return", "return_in_transit", carrier="SF", waybill="SF100200300", freight="12.00"),
            warehouse("book_in", "received", waybill="SF100200300"),
            CONFIRMED,
            agent("settle_deposit", "refunding"),
            Paid("141.00"),
            SATISFIED,
        ),
    ),
    "G5: the old one never comes: the deposit is kept, and a person decides": Branch(
        kind="quality_fault",
        ask={"wanted": "exchange", "subcategory": "surface_flaw"},
        moves=(
            *IN_ADVANCE,
            Pass(24 * 7 + 1, "requested"),
            manager("settle_deposit", "resolved", keep="129.00", reason="nothing came back, and nobody answers"),
            Sees("money.deposit.amount", "0.00"),
            Sees("cost.other.amount", "-129.00"),
            SATISFIED,
        ),
    ),
    "G13: in a hurry: ordered anew, the old one refunded when it arrives, with the second postage": Branch(
        kind="quality_fault",
        moves=(
            agent("link", "requested", order_no=ANOTHER_ORDER, beside=True, **{"as": "anew", "postage": "10.00"}),
            *RETURNED,
            CONFIRMED,
            REFUND,
            Paid("151.00"),
            SATISFIED,
        ),
    ),
    "damaged in transit: refunded, and claimed from the courier beside it": Branch(
        kind="damaged_in_transit",
        moves=(
            agent("make_offer", "offered", options=[{"type": "keep_it", "amount": "5.00"}, {"type": "exchange"}]),
            customer("decline_offer", "awaiting_return"),
            *RETURNED[1:],
            TRANSIT,
            agent("open_claim", against="courier", amount="129.00", beside=True),
            REFUND,
            agent("settle_claim", result="paid", amount="129.00", beside=True),
            Paid("141.00"),
            SATISFIED,
        ),
    ),
    "damaged in transit, reported after 20 days: late is no plain no, and the supervisor lets it pass": Branch(
        kind="damaged_in_transit",
        order={"delivered_days_ago": 20},
        moves=(
            Sees("eligibility.answer", "human"),
            does("supervisor", "override_eligibility", "requested", reason="the photos are of that day"),
            agent("make_offer", "offered", options=[{"type": "keep_it", "amount": "5.00"}, {"type": "exchange"}]),
            customer("accept_offer", "refunding", option=1),
            Paid("5.00"),
            SATISFIED,
        ),
    ),
    "damaged in transit, the photos never came: asked for once, then the goods decide": Branch(
        kind="damaged_in_transit",
        ask={"subcategory": "broken_in_part"},
        evidence=False,
        moves=(
            agent("request_evidence", "awaiting_evidence", what=["photo_damage"]),
            customer("submit_evidence", "requested", keys=["photo_damage"]),
            *WITH_OUR_LABEL,
            TRANSIT,
            REFUND,
            Paid("129.00"),
            SATISFIED,
        ),
    ),
    "K7: crushed food: in full without return": Branch(
        kind="damaged_in_transit",
        ask={"subcategory": "spoilt_food", "wanted": None},
        moves=(
            agent("make_offer", "offered", options=[{"type": "refund"}, {"type": "reship"}], beside=True),
            customer("accept_offer", "refunding", option=1),
            Paid("129.00"),
            SATISFIED,
        ),
    ),
    "K7: crushed food: the same again": Branch(
        kind="damaged_in_transit",
        ask={"subcategory": "spoilt_food", "wanted": None},
        moves=(
            agent("make_offer", "offered", options=[{"type": "refund"}, {"type": "reship"}], beside=True),
            customer("accept_offer", "exchanging", option=2),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "K1: the wrong colour is kept for a part of the price": Branch(
        kind="wrong_item",
        ask={"wanted": None},
        moves=(
            agent("investigate", "investigating", check="warehouse"),
            warehouse("report_finding", "requested", finding="found"),
            agent("make_offer", "offered", amount="5.00"),
            customer("accept_offer", "refunding"),
            Paid("5.00"),
            SATISFIED,
        ),
    ),
    "K3: the offer is declined in silence, and the return begins": Branch(
        kind="wrong_item",
        ask={"wanted": "exchange"},
        moves=(
            agent("investigate", "investigating", check="warehouse"),
            warehouse("report_finding", "requested", finding="found"),
            agent("make_offer", "offered", amount="5.00"),
            Pass(49, "awaiting_return"),
            customer("ship_return", "return_in_transit", carrier="SF", waybill="SF2"),
            warehouse("book_in", "received"),
            OURS,
            *EXCHANGED,
            SATISFIED,
        ),
    ),
    "K2: above the agent's share of the freight a manager decides": Branch(
        kind="wrong_item",
        ask={"wanted": None},
        moves=(
            agent("make_offer", "awaiting_approval", amount="20.00", beside=True),
            manager("approve", "offered"),
            customer("accept_offer", "refunding"),
            Paid("20.00"),
            SATISFIED,
        ),
    ),
    "one is missing: the warehouse looks, and the rest is sent": Branch(
        kind="missing_item",
        ask={"wanted": "reship"},
        moves=(
            agent("investigate", "investigating", check="warehouse"),
            warehouse("report_finding", "requested", finding="on_shelf"),
            agent("choose_remedy", "exchanging", remedy="reship"),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "not as described: the keep-it is declined, it comes back and is refunded": Branch(
        kind="not_as_described",
        moves=(
            agent("investigate", "investigating", check="department"),
            agent("report_finding", "requested", finding="found", beside=True),
            agent("make_offer", "offered", amount="5.00"),
            customer("decline_offer", "awaiting_return"),
            customer("ship_return", "return_in_transit", carrier="SF", waybill="SF2", freight="12.00"),
            warehouse("book_in", "received"),
            DIFFERS,
            REFUND,
            Paid("141.00"),
            SATISFIED,
        ),
    ),
    "F7: change of mind: refunded without postage": Branch(
        kind="change_of_mind",
        moves=(*RETURNED, AS_NEW, REFUND, Paid("129.00"), SATISFIED),
    ),
    "F8: change of mind: exchanged once the freight is paid": Branch(
        kind="change_of_mind",
        ask={"wanted": "exchange"},
        moves=(
            *RETURNED,
            AS_NEW,
            agent("choose_remedy", "awaiting_payment", remedy="exchange"),
            finance("record_payment", "exchanging", amount="12.00", reference="BANK-3"),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "change of mind after eight days: not eligible, let pass by a supervisor with a reason": Branch(
        kind="change_of_mind",
        order={"delivered_days_ago": 9},
        moves=(
            Sees("eligibility.answer", "no"),
            does("supervisor", "override_eligibility", "requested", reason="an old customer", beside=True),
            Sees("eligibility.override.role", "supervisor"),
            *RETURNED,
            AS_NEW,
            REFUND,
            Paid("129.00"),
            SATISFIED,
        ),
    ),
    "F9: under warranty: repaired at our cost": Branch(
        kind="warranty_repair",
        ask={"wanted": "repair"},
        moves=(*WITH_OUR_LABEL, CONFIRMED, *REPAIRED, SATISFIED),
    ),
    "F10: out of warranty: quoted, paid, repaired": Branch(
        kind="warranty_repair",
        order={"delivered_days_ago": 800},
        ask={"wanted": "repair"},
        moves=(
            does("supervisor", "override_eligibility", "requested", reason="quoted repair", beside=True),
            *RETURNED,
            CONFIRMED,
            workshop("quote_repair", "quoted", parts="30.00", labour="20.00", freight="10.00"),
            customer("accept_quote", "awaiting_payment"),
            finance("record_payment", "repairing", amount="60.00", reference="BANK-1"),
            *REPAIRED[1:],
            SATISFIED,
        ),
    ),
    "section 13: it failed twice under the law of mainland China: exchanged": Branch(
        kind="warranty_repair",
        order=CN,
        ask={"wanted": "exchange"},
        moves=(
            *WITH_OUR_LABEL,
            CONFIRMED,
            agent("choose_remedy", "repairing", remedy="repair", customer_agrees=True, beside=True),
            failed("it leaks again"),
            agent("choose_remedy", "repairing", remedy="repair", customer_agrees=True, beside=True),
            failed("and again"),
            EXCHANGED[0],
            CHECKED,
            *EXCHANGED[1:],
            SATISFIED,
        ),
    ),
}
