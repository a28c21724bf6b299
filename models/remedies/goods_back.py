"""The customer's goods go back as they came (G4)."""

from dataclasses import replace

from models.pots import Pots
from models.remedies.parts import return_freight, table_row, way_out
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """The goods go back, at the customer's cost unless the seller is liable; no fault: the way in is ours (G4)."""
    outcome = way_out("G4", pots, ask)
    row = table_row(ask, free_shipping, "repair")._replace(rule="G4")
    reimbursed, over_cap, freight = return_freight(pots, row, ask)
    return replace(outcome, reimbursed=reimbursed, over_cap=over_cap, sources=(*freight, *outcome.sources))


REMEDY = Remedy(name="goods_back", settle=settle, grants=False, invoice="back")
