"""The goods are refunded, by their own shares of what was paid (F1, F3, F5, F7)."""

from collections.abc import Sequence

from models.freight import FreightRule, seller_share
from models.pots import Draw, Pots, unit_draws
from models.remedies.parts import (
    first_postage,
    less_promotions,
    less_reduction,
    own_draws,
    payable,
    per_line,
    return_freight,
    said,
    table_row,
    withhold,
)
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """Goods by their own shares, postage by F14; undelivered goods and their postage in full (F27)."""
    row = table_row(ask, free_shipping, "refund")
    if ask.never_delivered:
        row = FreightRule("F27", "seller", None, goods_refunded=True, postage_refunded=True)
    units = [one for line_no, quantity in ask.lines for one in own_draws(pots, ask, line_no, quantity)]
    reduced = [less_reduction(one, ask.reduction_percent) for one in units]
    kept, promoted = ([*reduced], ()) if ask.never_delivered else less_promotions(pots, ask, reduced)
    netted = min(ask.netted, sum(one.amount for one in kept if one.withheld >= 0))
    kept = [*withhold([one for one in kept if one.withheld >= 0], netted), *(one for one in kept if one.withheld < 0)]
    draws = payable(pots, (*kept, *first_postage(pots, row, ask)))
    reimbursed, over_cap, freight = return_freight(pots, row, ask)
    whole = (one for line_no, quantity in ask.lines for one in unit_draws(pots, line_no, quantity))
    capped = sum(one.amount for one in units) < sum(one.amount for one in whole)
    rows = {pot.key: pot for pot in pots.units}
    price = sum(one.units * (rows[one.key].goods + rows[one.key].tax) for one in units)
    more = max(0, sum(one.amount for one in units) - price)
    dearer = (f"{said(pots, more)} of it was paid for dearer goods of an exchange (G6).",) if more else ()
    withheld = sum(one.withheld for one in reduced)
    off = (f"{said(pots, netted)} taken off, as the customer agreed: freight paid without cause (F24).",)
    told = (*_refund_sources(pots, row, ask, draws, withheld, capped), *dearer)
    sources = (*told, *promoted, *(off if netted else ()), *freight)
    return Outcome(rule=row.rule, draws=draws, reimbursed=reimbursed, over_cap=over_cap, netted=netted, sources=sources)


def _refund_sources(
    pots: Pots, row: FreightRule, ask: SettlementAsk, draws: Sequence[Draw], withheld: int, capped: bool
) -> tuple[str, ...]:
    less = ", less what this case gave for it before" if capped else ""
    told = [
        f"line {line_no}: {said(pots, amount)} is what {quantity} of it cost, by its own share{less} (F13)."
        for line_no, quantity, amount in per_line(pots, ask.lines, draws)
    ]
    if withheld:
        told.append(f"{said(pots, withheld)} withheld: {ask.reduction_percent} % for use or damage (F16).")
    postage = sum(one.amount for one in draws if one.account == "postage")
    if postage:
        why = "the playbook says so" if ask.refund_postage == "always" else "all it carried is back"
        told.append(f"postage {said(pots, postage)}: goes back, {why} ({row.rule}, F14).")
        percent = seller_share(ask.party_liable, ask.share)
        if percent < 100 and not ask.never_delivered and ask.refund_postage == "rule":
            told.append(f"the seller is liable for {percent} % of the postage (F19).")
    elif row.postage_refunded and any(pot.left for pot in pots.postage):
        told.append(f"postage: stays until everything it carried is back ({row.rule}, F14).")
    if sum(one.amount for one in draws) == pots.payable:
        told.append("this is all that the payments have left to give back (F17).")
    return tuple(told)


REMEDY = Remedy(
    name="refund",
    settle=settle,
    pays=True,
    after_return=True,
    withdraws_parcel=True,
    needs_lines=True,
    keeps_goods=True,
    invoice="less",
)
