"""Complaints, visits, guides, reviews, prices: cases about a service more than about a parcel (T3, T15–T19)."""

from tests.branches import (
    CONFIRMED,
    DELIVERED,
    SATISFIED,
    SENT_BACK,
    Branch,
    Do,
    InHours,
    Paid,
    Pass,
    Sees,
    agent,
    customer,
    does,
    manager,
    technician,
    workshop,
)

TOMORROW, LATER = InHours(24), InHours(48)
ABOUT = {"when": "yesterday", "where": "on the phone", "person": "wang", "departments": ["warehouse"]}
CONTAIN = agent("contain", what="The delivery is stopped.")
ASK_DEPARTMENT = agent("investigate", "investigating", check="department")
TOLD = agent("answer", "resolved", text="We were wrong; this is what we do about it.", final=True)


def reports(to: str = "requested") -> Do:
    """The department's person reports back."""
    return does("agent", "report_finding", to, finding="nothing", note="The parcel was packed twice.", beside=True)


def complaint(severity: str, *moves: object) -> Branch:
    """A complaint about a colleague in the warehouse."""
    ask = {"wanted": None, "severity": severity, "about": ABOUT}
    return Branch(kind="complaint", ask=ask, moves=(*moves, SATISFIED))  # type: ignore[arg-type]


VISIT = agent("choose_remedy", "visiting", remedy="visit")
APPOINTED = agent("appoint", "visiting", at=TOMORROW)
SENT_OUT = agent("dispatch", "visiting", technician="zhou", outlet="west")
THERE = technician("arrive", "visiting")

SERVICE: dict[str, Branch] = {
    "T3: a critical complaint: contained first, answered and resolved in time": complaint(
        "critical", CONTAIN, ASK_DEPARTMENT, reports(), TOLD
    ),
    "T3: an important complaint, about our service": complaint("important", CONTAIN, ASK_DEPARTMENT, reports(), TOLD),
    "T3: a minor complaint, found invalid, still gets help": complaint("minor", ASK_DEPARTMENT, reports(), TOLD),
    "T19: a visit that mends it at once": Branch(
        kind="field_service",
        ask={"wanted": "visit"},
        moves=(
            VISIT,
            APPOINTED,
            SENT_OUT,
            THERE,
            technician("finish_visit", "resolved", outcome="fixed", signature="王小明"),
            SATISFIED,
        ),
    ),
    "T19: not mended: head office by phone, then on site": Branch(
        kind="field_service",
        ask={"wanted": "visit"},
        moves=(
            VISIT,
            APPOINTED,
            SENT_OUT,
            THERE,
            technician("finish_visit", "visiting", outcome="not_fixed"),
            agent("appoint", "visiting", at=LATER, beside=True),
            agent("dispatch", "visiting", technician="head office", beside=True),
            technician("arrive", "visiting"),
            technician("finish_visit", "resolved", outcome="fixed", signature="王小明"),
            SATISFIED,
        ),
    ),
    "G8, T19: taken away with a loaner, repaired, brought back; the loaner comes home": Branch(
        kind="field_service",
        ask={"wanted": "visit"},
        moves=(
            VISIT,
            APPOINTED,
            SENT_OUT,
            THERE,
            technician("lend_loaner", "visiting", serial="LN-7", consent=True),
            technician("finish_visit", "received", outcome="taken_away", signature="王小明"),
            CONFIRMED,
            agent("choose_remedy", "repairing", remedy="repair", beside=True),
            workshop("finish_repair", "returning_goods", report="new board, tested"),
            SENT_BACK,
            DELIVERED,
            agent("return_loaner", "resolved", beside=True),
            SATISFIED,
        ),
    ),
    "usage: guided, tried by ourselves, solved": Branch(
        kind="usage_help",
        ask={"wanted": None},
        moves=(agent("answer", "resolved", text="Press it for three seconds.", final=True, beside=True), SATISFIED),
    ),
    "usage: it is broken after all, and becomes a quality case": Branch(
        kind="usage_help",
        ask={"wanted": "refund"},
        moves=(
            agent("change_kind", "requested", kind="quality_fault", beside=True),
            Sees("kind", "quality_fault"),
            agent("authorise_return", "awaiting_return", label="L-1", beside=True),
            customer("ship_return", "return_in_transit", carrier="SF", waybill="SF3"),
            does("warehouse", "book_in", "received"),
            CONFIRMED,
            agent("choose_remedy", "refunding", remedy="refund", beside=True),
            Paid("129.00"),
            SATISFIED,
        ),
    ),
    "T17: a poor review: two calls reach nobody, so a message is written": Branch(
        kind="review_followup",
        ask={"wanted": None},
        moves=(
            agent("miss_callback", "requested", beside=True),
            agent("miss_callback", "requested", beside=True),
            agent("message", "requested", text="You wrote that it leaks: may we help?", beside=True),
            agent("answer", "resolved", text="Thank you for telling us.", final=True, beside=True),
            SATISFIED,
        ),
    ),
    "T17: a poor review misread by a beginner: shown how it works": Branch(
        kind="review_followup",
        ask={"wanted": None},
        moves=(agent("answer", "resolved", text="This is how.", final=True, beside=True), SATISFIED),
    ),
    "K2: postage paid twice is given back exactly": Branch(
        kind="price_adjustment",
        ask={"wanted": "adjust_price"},
        moves=(
            ASK_DEPARTMENT,
            does("finance", "note", note="two payments of the postage", beside=True),
            agent("report_finding", "requested", finding="found", beside=True),
            agent("choose_remedy", "refunding", remedy="adjust_price", amount="10.00"),
            Paid("10.00"),
            SATISFIED,
        ),
    ),
    "T21: the platform pays the customer itself, and a second refund is blocked": Branch(
        kind="quality_fault",
        moves=(
            does("platform", "platform_ruling", "resolved", ruling="refunded", amount="129.00", reference="TM-1"),
            Sees("money.paid.amount", "129.00"),
            SATISFIED,
        ),
    ),
    "T21: the platform decides that we refund": Branch(
        kind="quality_fault",
        moves=(
            does("platform", "platform_ruling", "refunding", ruling="refund", reference="TM-2"),
            Paid("129.00"),
            SATISFIED,
        ),
    ),
    "T5: nobody answers three times: closed as unreachable": Branch(
        kind="usage_help",
        ask={"wanted": None},
        moves=(
            agent("answer", "resolved", text="Press it for three seconds.", final=True, beside=True),
            agent("miss_callback", "resolved", beside=True),
            Pass(25, "resolved"),
            Pass(25, "closed"),
        ),
    ),
    "T5: dissatisfied: it begins again, one level up": Branch(
        kind="usage_help",
        ask={"wanted": None},
        moves=(
            agent("answer", "resolved", text="Press it for three seconds.", final=True, beside=True),
            agent("complete_callback", "requested", satisfied=False, beside=True),
            Sees("escalation", 1),
            manager("answer", "resolved", text="We come to you.", final=True, beside=True),
            SATISFIED,
        ),
    ),
}
