"""Where is my parcel (L1–L6, L16), and parcels that come back to us (G12, G14)."""

from tests.branches import (
    CONFIRMED,
    DELIVERED,
    RETURNED,
    SATISFIED,
    SENT,
    Branch,
    Paid,
    Pass,
    Sees,
    agent,
    courier,
    customer,
    found,
    manager,
    warehouse,
)

OPTIONS = [{"type": "repair"}, {"type": "exchange"}, {"type": "refund"}]
TAKES_REFUND = (agent("make_offer", "offered", options=OPTIONS), customer("accept_offer", "refunding", option=3))
SHIPPED_TODAY = (agent("choose_remedy", "exchanging", remedy="reship"), SENT, DELIVERED, SATISFIED)
ASK_COURIER = agent("investigate", "investigating", check="courier")
ASK_WAREHOUSE = agent("investigate", "investigating", check="warehouse")
LOST = courier("report_finding", "requested", finding="lost", note="confirmed in writing")
FOLLOWED = (ASK_COURIER, DELIVERED, SATISFIED)

PARCELS: dict[str, Branch] = {
    "L1: not dispatched, forgotten on the shelf: it is shipped today": Branch(
        kind="not_dispatched",
        parcel="printed",
        ask={"wanted": "reship"},
        moves=(ASK_WAREHOUSE, warehouse("report_finding", "requested", finding="on_shelf"), *SHIPPED_TODAY),
    ),
    "L1: no scan, picked and not handed over: it is handed over today": Branch(
        kind="no_scan",
        parcel="gone",
        ask={"wanted": "reship"},
        moves=(ASK_WAREHOUSE, warehouse("report_finding", "requested", finding="picked"), *SHIPPED_TODAY),
    ),
    "L1: no scan, handed over: the courier searches its branch, finds and scans it": Branch(
        kind="no_scan",
        parcel="gone",
        moves=(
            ASK_WAREHOUSE,
            warehouse("report_finding", "requested", finding="handed_over"),
            ASK_COURIER,
            courier("report_finding", "requested", finding="found"),
            *FOLLOWED,
        ),
    ),
    "L2: stalled, with a new date: the customer is told it and the parcel is followed until it is delivered": Branch(
        kind="tracking_stalled",
        parcel="gone",
        moves=(
            ASK_COURIER,
            courier("report_finding", "requested", finding="delayed"),
            agent("message", text="It comes on Friday.", beside=True),
            *FOLLOWED,
        ),
    ),
    "L2: stalled, and nobody names a date: it is pressed for, and then followed": Branch(
        kind="tracking_stalled",
        parcel="gone",
        moves=(
            ASK_COURIER,
            courier("report_finding", "requested", finding="delayed"),
            ASK_COURIER,
            courier("report_finding", "requested", finding="found"),
            *FOLLOWED,
        ),
    ),
    "L2: stuck at the hub, then lost: refunded with its postage, and claimed from the courier": Branch(
        kind="tracking_stalled",
        parcel="gone",
        ask={"wanted": "refund", "lines": [{"line_no": 1, "quantity": 2}, {"line_no": 2, "quantity": 4}]},
        moves=(
            ASK_COURIER,
            courier("report_finding", "requested", finding="stuck"),
            ASK_COURIER,
            LOST,
            Sees("claims.0.against", "courier"),
            agent("choose_remedy", "refunding", remedy="refund"),
            Paid("347.60"),
            SATISFIED,
        ),
    ),
    "L3: signed and not received: the neighbour had it": Branch(
        kind="signed_not_received",
        moves=(
            agent("investigate", "investigating", check="recipient", beside=True),
            agent("report_finding", "requested", finding="found", beside=True),
            agent("choose_remedy", "resolved", remedy="none"),
            SATISFIED,
        ),
    ),
    "L3: signed and not received: lost, and sent again without waiting for the courier": Branch(
        kind="signed_not_received",
        ask={"wanted": "reship"},
        moves=(ASK_COURIER._replace(beside=True), LOST, *SHIPPED_TODAY),
    ),
    "L3: signed and not received: misdelivered, redirected and delivered": Branch(
        kind="signed_not_received",
        moves=(
            ASK_COURIER._replace(beside=True),
            courier("report_finding", "requested", finding="misdelivered"),
            ASK_COURIER,
            courier("report_finding", "requested", finding="redirected"),
            *FOLLOWED,
        ),
    ),
    "L16: signed early by the courier, still coming": Branch(
        kind="signed_not_received",
        moves=(
            ASK_COURIER._replace(beside=True),
            courier("report_finding", "requested", finding="signed_early"),
            *FOLLOWED,
        ),
    ),
    "L16: signed by somebody else, who never hands it over": Branch(
        kind="signed_not_received",
        ask={"wanted": "reship"},
        moves=(
            ASK_COURIER._replace(beside=True),
            courier("report_finding", "requested", finding="signed_by_other"),
            agent("investigate", "investigating", check="recipient", beside=True),
            agent("report_finding", "requested", finding="lost", beside=True),
            *SHIPPED_TODAY,
        ),
    ),
    "L4: no coverage: the postal express takes it over": Branch(
        kind="no_coverage",
        parcel="gone",
        moves=(ASK_COURIER, courier("report_finding", "requested", finding="forwarded"), *FOLLOWED),
    ),
    "L4: no coverage: refused, it comes back and is sent with a courier who reaches them": Branch(
        kind="no_coverage",
        parcel="gone",
        ask={"wanted": "reship"},
        moves=(
            ASK_COURIER,
            courier("report_finding", "requested", finding="coming_back"),
            agent("choose_remedy", "recalling", remedy="reship"),
            courier("record_delivery", "received", outcome="refused"),
            warehouse("pass_inspection", "inspected", lines=found("none_found", "seller", "new", 1, "customer")),
            *SHIPPED_TODAY,
        ),
    ),
    "L5: lost: sent again; the courier's money is booked to the case": Branch(
        kind="lost_in_transit",
        parcel="gone",
        ask={"wanted": "reship"},
        moves=(
            ASK_COURIER._replace(beside=True),
            LOST,
            agent("choose_remedy", "exchanging", remedy="reship"),
            agent("settle_claim", result="accepted", beside=True),
            SENT,
            agent("settle_claim", result="paid", amount="141.00", beside=True),
            Sees("claims.0.state", "paid"),
            DELIVERED,
            SATISFIED,
        ),
    ),
    "L5: lost: the customer chooses the refund from an offer; the courier refuses the claim": Branch(
        kind="lost_in_transit",
        parcel="gone",
        ask={"wanted": None},
        moves=(
            ASK_COURIER._replace(beside=True),
            LOST,
            agent("make_offer", "offered", options=[{"type": "reship"}, {"type": "refund"}]),
            customer("accept_offer", "refunding", option=2),
            agent("settle_claim", result="refused", beside=True),
            Paid("139.00"),
            SATISFIED,
        ),
    ),
    "L6: misdelivered and redirected by the next day": Branch(
        kind="misdelivered",
        moves=(
            ASK_COURIER,
            courier("report_finding", "requested", finding="redirected"),
            *FOLLOWED,
        ),
    ),
    "L6: misdelivered and not on its way by the next day: sent again with a premium courier": Branch(
        kind="misdelivered",
        ask={"wanted": "reship"},
        moves=(
            ASK_COURIER,
            Pass(26),
            courier("report_finding", "requested", finding="lost"),
            *SHIPPED_TODAY,
        ),
    ),
    "L16: the replacement is refused at the door, comes back, and is sent again": Branch(
        kind="lost_in_transit",
        parcel="gone",
        ask={"wanted": "reship"},
        moves=(
            ASK_COURIER._replace(beside=True),
            LOST,
            agent("choose_remedy", "exchanging", remedy="reship"),
            SENT,
            courier("record_delivery", "received", outcome="refused"),
            warehouse("pass_inspection", "inspected", lines=found("none_found", "seller", "new", 1, "customer")),
            *SHIPPED_TODAY,
        ),
    ),
    "L16: the replacement is lost on the way: it starts again from the request": Branch(
        kind="lost_in_transit",
        parcel="gone",
        ask={"wanted": "reship"},
        moves=(
            ASK_COURIER._replace(beside=True),
            LOST,
            agent("choose_remedy", "exchanging", remedy="reship"),
            SENT,
            courier("record_delivery", "requested", outcome="lost"),
            agent("choose_remedy", "exchanging", remedy="reship", beside=True),
            SENT,
            DELIVERED,
            SATISFIED,
        ),
    ),
    "G12: goods that come unasked are booked in all the same": Branch(
        kind="quality_fault",
        moves=(
            customer("ship_return", "requested", carrier="SF", waybill="SF7", freight="12.00"),
            warehouse("book_in", "received"),
            CONFIRMED,
            *TAKES_REFUND,
            Paid("141.00"),
            SATISFIED,
        ),
    ),
    "G14: at our dock and not booked in: searched for with a word every day, found on the third": Branch(
        kind="quality_fault",
        moves=(
            *RETURNED[:2],
            courier("record_delivery", "return_in_transit", outcome="delivered"),
            Sees("waiting_for", "warehouse"),
            Pass(24),
            agent("message", text="We look for your parcel in our house.", beside=True),
            Pass(24),
            agent("message", text="We still look for it.", beside=True),
            warehouse("book_in", "received"),
            CONFIRMED,
            *TAKES_REFUND,
            Paid("141.00"),
            SATISFIED,
        ),
    ),
    "G14: never found: a manager decides on the fifth day, and it is refunded": Branch(
        kind="quality_fault",
        moves=(
            *RETURNED[:2],
            courier("record_delivery", "return_in_transit", outcome="delivered"),
            Pass(5 * 24 + 1),
            manager("correct", "requested", to_state="requested", reason="lost in our house", beside=True),
            manager("choose_remedy", "refunding", remedy="refund", beside=True),
            Paid("141.00"),
            SATISFIED,
        ),
    ),
}
