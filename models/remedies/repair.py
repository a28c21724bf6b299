"""The goods are repaired and go back to the customer (F9, F10, G7)."""

from models.pots import Pots
from models.remedies.parts import owed_freight, return_freight, table_row
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """Ours both ways where the seller is liable (F9), else the way back with the quote (F10)."""
    row = table_row(ask, free_shipping, "repair")
    reimbursed, over_cap, freight = return_freight(pots, row, ask)
    owes, owed = owed_freight(pots, row, ask)
    return Outcome(rule=row.rule, reimbursed=reimbursed, over_cap=over_cap, owes=owes, sources=(*freight, *owed))


REMEDY = Remedy(
    name="repair",
    settle=settle,
    after_return=True,
    needs_stock=True,
    needs_lines=True,
    by_warranty=True,
    invoice="back",
)
