"""The same or other goods for those that came back (F2, F4, F6, F8, G5, G6)."""

from models.pots import Pots
from models.remedies.parts import owed_freight, price_difference, return_freight, table_row
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """No refund; the customer bears his freight by the table (F2, F4, F6, F8) and the price difference (G6)."""
    row = table_row(ask, free_shipping, "exchange")
    reimbursed, over_cap, freight = return_freight(pots, row, ask)
    owes, owed = owed_freight(pots, row, ask)
    draws, dearer, difference = price_difference(pots, ask)
    return Outcome(
        rule=row.rule,
        draws=draws,
        reimbursed=reimbursed,
        over_cap=over_cap,
        owes=owes + dearer,
        difference=dearer,
        sources=(*freight, *owed, *difference),
    )


REMEDY = Remedy(
    name="exchange",
    settle=settle,
    after_return=True,
    withdraws_parcel=True,
    needs_stock=True,
    needs_lines=True,
    keeps_goods=True,
    invoice="other",
    in_advance=True,
    sends_goods=True,
)
