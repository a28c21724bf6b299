"""What the remedies are made of: rows of the freight table, postage, freight, differences, agreed amounts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from models.accounting.promotions import clawed_back, released
from models.errors import MoneyRefused, PotExceeded
from models.freight import FreightRemedy, FreightRule, freight_rule, is_seller_fault, seller_share
from models.money import split, to_text
from models.pots import Draw, Pots, amount_draws, postage_draws, unit_draws
from models.remedies.remedy import LineQuantity, Outcome, SettlementAsk


def table_row(ask: SettlementAsk, free_shipping: bool, remedy: FreightRemedy) -> FreightRule:
    """The row of the table; where inspection found no fault, the customer's rows hold (G4)."""
    percent = seller_share(ask.party_liable, ask.share)
    named = is_seller_fault(ask.party_liable) if 0 < percent < 100 else percent == 100
    row = freight_rule(named and ask.party_liable != "none_found", free_shipping, remedy, ask.both_ways)
    return _shared(row, free_shipping, remedy) if 0 < percent < 100 else row


def _shared(row: FreightRule, free_shipping: bool, remedy: FreightRemedy) -> FreightRule:
    """Shared liability: each bears his share of what the seller's row and the customer's row give (F19)."""
    ours, theirs = freight_rule(True, free_shipping, remedy), freight_rule(False, free_shipping, remedy)
    return row._replace(postage_refunded=ours.postage_refunded, replacement_freight=theirs.replacement_freight)


def customers_percent(ask: SettlementAsk) -> int:
    """What the customer bears of the way to him, where the table says the customer: no fault found, all of it (G4)."""
    return 100 if ask.party_liable == "none_found" else 100 - seller_share(ask.party_liable, ask.share)


def less_reduction(one: Draw, percent: int) -> Draw:
    """Withhold a reasoned percentage for use or damage by the customer (F16)."""
    paid, withheld = split(one.amount, [100 - percent, percent])
    return replace(one, amount=paid, withheld=withheld)


def less_promotions(pots: Pots, ask: SettlementAsk, draws: list[Draw]) -> tuple[list[Draw], tuple[str, ...]]:
    """Withhold what the kept goods had of a promotion whose threshold the return breaks, or give it back (F21)."""
    taken = clawed_back(pots, dict(ask.lines), ask.promotions)
    if taken < 0:
        back = released(pots, ask.promotions, -taken)
        told = f"{said(pots, sum(one.amount for one in back))} of a promotion, withheld before: goes back (F21)."
        return [*draws, *back], (told,) if back else ()
    taken = min(taken, sum(one.amount for one in draws))
    if not taken:
        return draws, ()
    told = f"{said(pots, taken)} withheld: what stays is below the threshold of a promotion that it had (F21)."
    return withhold(draws, taken), (told,)


def withhold(draws: list[Draw], amount: int) -> list[Draw]:
    """The draws with so much of them kept back, shared out by what each gives; it is not more than they give."""
    shares = zip(draws, split(amount, [one.amount for one in draws]), strict=True) if amount else ()
    return [replace(one, amount=one.amount - part, withheld=one.withheld + part) for one, part in shares] or draws


def first_postage(pots: Pots, row: FreightRule, ask: SettlementAsk) -> tuple[Draw, ...]:
    """First postage: where the table gives it back and all of its lines are back, or as the playbook says (F14)."""
    always = ask.refund_postage == "always"
    if ask.refund_postage == "never" or not (row.postage_refunded or always):
        return ()
    draws = postage_draws(pots, [line_no for line_no, _ in ask.lines], dict(ask.lines), override=always)
    percent = 100 if always or ask.never_delivered else seller_share(ask.party_liable, ask.share)
    return tuple(replace(one, amount=split(one.amount, [percent, 100 - percent])[0]) for one in draws)


def payable(pots: Pots, draws: Iterable[Draw]) -> tuple[Draw, ...]:
    """Cut the draws to what the payments have left, since no payment gives more than it took (F17)."""
    left, kept = pots.payable, []
    for one in draws:
        amount = min(one.amount, left)
        left -= amount
        if amount or one.units or one.withheld > 0:
            kept.append(replace(one, amount=amount, withheld=max(one.withheld, -amount)))
    return tuple(kept)


def return_freight(pots: Pots, row: FreightRule, ask: SettlementAsk) -> tuple[int, int, tuple[str, ...]]:
    """What of the advanced freight is reimbursed, and what is above the limit (F11).

    It follows the liability: the seller's rows of the table, a share of it (F19), and no fault found (G4).
    """
    advanced = ask.return_freight
    if not advanced:
        return 0, 0, ()
    percent = seller_share(ask.party_liable, ask.share)
    ours = split(advanced, [percent, 100 - percent])[0]
    if not ours:
        return 0, 0, (f"return freight {said(pots, advanced)}: the customer's own ({row.rule}).",)
    cap = ours if ask.return_freight_cap is None else min(ours, ask.return_freight_cap)
    told = [f"return freight {said(pots, cap)}: reimbursed against the receipt ({row.rule}, F11)."]
    if percent < 100:
        told.append(f"the seller is liable for {percent} % of it (F19).")
    if ours > cap:
        told.append(f"return freight {said(pots, ours - cap)} is above the limit; a manager decides (F11).")
    return cap, ours - cap, tuple(told)


def owed_freight(pots: Pots, row: FreightRule, ask: SettlementAsk) -> tuple[int, tuple[str, ...]]:
    """Freight to the customer and the quote, collected before anything is shipped (F12)."""
    if row.replacement_freight != "customer":
        return 0, ()
    percent = customers_percent(ask) or 100  # a playbook may have him pay a way that is not his by liability (F22)
    owes = split(ask.replacement_freight + ask.quote, [percent, 100 - percent])[0]
    if not owes:
        return 0, ()
    told = [f"freight {said(pots, ask.replacement_freight)}"] if ask.replacement_freight else []
    told += [f"quote {said(pots, ask.quote)}"] if ask.quote else []
    return owes, (f"{' and '.join(told)}: the customer owes {percent} % before shipping ({row.rule}, F12).",)


def way_out(rule: str, pots: Pots, ask: SettlementAsk) -> Outcome:
    """Goods or a technician go to the customer: paid as the way back of a repair is (F9, F10)."""
    row = table_row(ask, False, "repair")._replace(rule=rule)
    owes, owed = owed_freight(pots, row, ask)
    return Outcome(rule=rule, owes=owes, sources=owed)


def price_difference(pots: Pots, ask: SettlementAsk) -> tuple[tuple[Draw, ...], int, tuple[str, ...]]:
    """The price difference: draws where the new goods are cheaper, an amount owed where they are dearer (G6)."""
    if ask.replacement_price is None:
        return (), 0, ()
    worth = [sum(one.amount for one in own_draws(pots, ask, line_no, units)) for line_no, units in ask.lines]
    dearer = ask.replacement_price - sum(worth)
    if dearer >= 0:
        told = f"price difference {said(pots, dearer)}: owed before shipping (G6)."
        return (), dearer, (told,) if dearer else ()
    shares = split(-dearer, worth)
    by_line = zip(ask.lines, shares, strict=True)
    draws = payable(pots, [one for (no, _), share in by_line for one in amount_draws(pots, no, share)])
    cheaper = sum(one.amount for one in draws)
    return draws, 0, (f"price difference {said(pots, cheaper)}: the new goods are cheaper (G6).",)


def own_draws(pots: Pots, ask: SettlementAsk, line_no: int, quantity: int) -> list[Draw]:
    """What the customer paid for these units, less what he got back for them already (F18)."""
    draws, most = _with_raised(pots, ask, line_no, quantity), dict(ask.ceilings).get(line_no)
    over = 0 if most is None else max(0, sum(one.amount for one in draws) - most)
    for place, one in reversed(list(enumerate(draws))):
        less = min(over, one.amount)
        draws[place], over = replace(one, amount=one.amount - less), over - less
    return draws


def _with_raised(pots: Pots, ask: SettlementAsk, line_no: int, quantity: int) -> list[Draw]:
    """The next units, with what this case collected on top for them, as far as their pots have it (G6)."""
    rows, more = {pot.key: pot for pot in pots.units}, dict(ask.raised).get(line_no, 0)
    draws = []
    for one in unit_draws(pots, line_no, quantity):
        part = min(more, rows[one.key].left - one.amount)
        draws.append(replace(one, amount=one.amount + part))
        more -= part
    return draws


def cost_of(pots: Pots, line_no: int, quantity: int) -> int:
    """What these units cost by their own shares, whatever of it has gone back since."""
    cost = 0
    for pot in pots.of_line(line_no):
        units = min(quantity, pot.units)
        cost, quantity = cost + units * (pot.goods + pot.tax), quantity - units
    return cost


def paid_amount(rule: str, pots: Pots, ask: SettlementAsk) -> Outcome:
    """An agreed amount: from its lines by what they have left; a whole order's also from postage."""
    if ask.amount is None:
        raise MoneyRefused(f"Say which amount {ask.remedy} pays.")
    lines = [line_no for line_no, _ in ask.lines] or list(dict.fromkeys(pot.line_no for pot in pots.units))
    most = dict(ask.ceilings)
    held = {line_no: sum(pot.left for pot in pots.of_line(line_no)) for line_no in lines}
    lefts = [min(left, most.get(line_no, left)) for line_no, left in held.items()]
    from_goods = ask.amount if ask.lines else min(ask.amount, sum(lefts))
    if from_goods > sum(lefts):
        raise more_than_left(pots, ask.amount, sum(lefts))
    shares = zip(lines, split(from_goods, lefts), strict=True) if lines else ()
    draws = [one for line_no, share in shares for one in amount_draws(pots, line_no, share)]
    draws += from_postage(pots, ask.amount, ask.amount - from_goods)
    told = f"amount {said(pots, ask.amount)}: as agreed, no goods come back ({rule})."
    return Outcome(rule=rule, draws=tuple(draws), sources=(told,))


def from_postage(pots: Pots, asked: int, amount: int) -> list[Draw]:
    """What an adjustment of the whole order takes from its postage, once its goods have nothing left."""
    draws = []
    for pot in pots.postage:
        part = min(amount, pot.left)
        amount -= part
        if part:
            draws.append(Draw(account="postage", shipment_no=pot.shipment_no, amount=part))
    if amount:
        raise more_than_left(pots, asked, asked - amount)
    return draws


def per_line(pots: Pots, lines: Sequence[LineQuantity], draws: Iterable[Draw]) -> tuple[tuple[int, int, int], ...]:
    """Line, units and amount for every line that is asked for, or drawn from where none is."""
    amounts: dict[int, int] = {}
    for one in draws:
        if one.line_no is not None:
            amounts[one.line_no] = amounts.get(one.line_no, 0) + one.amount
    quantities = dict(lines) or dict.fromkeys(amounts, 0)
    return tuple((line_no, quantity, amounts.get(line_no, 0)) for line_no, quantity in quantities.items())


def more_than_left(pots: Pots, asked: int, left: int) -> PotExceeded:
    """The refusal of an amount larger than what is left."""
    told = f"{said(pots, asked)} was asked for, and {said(pots, left)} is left of what was paid for it."
    return PotExceeded(told, pot="lines", asked=asked, left=left)


def said(pots: Pots, minor: int) -> str:
    """An amount as people read it."""
    return f"{to_text(minor, pots.currency)} {pots.currency}"
