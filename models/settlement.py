"""What a remedy costs whom: refund, reimbursed freight and what the customer owes, each with its source (F1-F20).

A settlement moves nothing. Its ``draws`` say what ``models.pots.draw`` has to take, and its ``preview_id`` changes
with every number and every pot behind them, so that what was shown is what is done (F20).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from models.errors import MoneyRefused, PotExceeded
from models.freight import FreightRemedy, FreightRule, freight_rule, is_seller_fault, seller_share
from models.money import split, to_text
from models.pots import Draw, Pots, UnitPot, amount_draws, payment_draws, postage_draws, unit_draws

SettledRemedy = Literal[
    "refund", "exchange", "repair", "keep_it", "adjust_price", "reship", "substitute", "goods_back", "visit", "none"
]
LineQuantity = tuple[int, int]
_NEEDS_LINES: Final = ("refund", "exchange", "repair", "substitute", "reship")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementAsk:
    """What is to be settled, all of it facts that the case knows; amounts in minor units.

    ``amount`` is what a keep-it or an adjusted price pays. ``replacement_price`` is for all replacement goods
    together, with tax; None means that the same goods go out and no difference arises. ``return_freight`` is what
    the customer advanced, ``replacement_freight`` what the way to the customer costs, ``quote`` parts and labour.
    ``share`` is the percentage of the liability that ``party_liable`` bears (F19).
    """

    remedy: SettledRemedy
    lines: tuple[LineQuantity, ...] = ()
    party_liable: str = "seller"
    share: int = 100
    amount: int | None = None
    return_freight: int = 0
    return_freight_cap: int | None = None
    replacement_freight: int = 0
    replacement_price: int | None = None
    quote: int = 0
    reduction_percent: int = 0
    refund_postage: Literal["rule", "always", "never"] = "rule"
    never_delivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The numbers of a remedy; ``refund`` = ``goods`` + ``tax`` + ``postage``, freight is apart.

    ``postage`` includes the tax on it; the amounts of ``per_line`` sum to ``goods`` + ``tax``. What of the
    customer's freight is above its limit (F11) is in ``freight_over_cap`` and needs a manager.
    """

    rule: str
    currency: str
    refund: int
    goods: int
    tax: int
    postage: int
    freight_reimbursement: int
    freight_over_cap: int
    customer_owes: int
    per_line: tuple[tuple[int, int, int], ...]
    draws: tuple[Draw, ...]
    sources: tuple[str, ...]
    preview_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What one remedy's rules give; ``draws`` are from units and postage, the payments follow from them."""

    rule: str
    draws: tuple[Draw, ...] = ()
    reimbursed: int = 0
    over_cap: int = 0
    owes: int = 0
    sources: tuple[str, ...] = ()


def settlement(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Settlement:
    """Settle a remedy by the rules of section 4; refuses what the order cannot give, changes nothing."""
    ask = _checked(pots, ask)
    outcome = _REMEDIES[ask.remedy](pots, free_shipping, ask)
    goods, tax, postage = _parts(pots, outcome.draws)
    refund = goods + tax + postage
    draws = (*outcome.draws, *payment_draws(pots, refund))
    unnamed = Settlement(
        rule=outcome.rule,
        currency=pots.currency,
        refund=refund,
        goods=goods,
        tax=tax,
        postage=postage,
        freight_reimbursement=outcome.reimbursed,
        freight_over_cap=outcome.over_cap,
        customer_owes=outcome.owes,
        per_line=_per_line(pots, ask.lines, outcome.draws),
        draws=draws,
        sources=outcome.sources,
        preview_id="",
    )
    return replace(unnamed, preview_id=_preview_id(pots, ask, unnamed))


def settlement_to_document(settled: Settlement) -> dict[str, Any]:
    """The contract's answer to a refund preview, amounts as text, with the source of every number."""

    def text(minor: int) -> str:
        return to_text(minor, settled.currency)

    return {
        "rule": settled.rule,
        "currency": settled.currency,
        "refund": text(settled.refund),
        "goods": text(settled.goods),
        "tax": text(settled.tax),
        "postage": text(settled.postage),
        "freight_reimbursement": text(settled.freight_reimbursement),
        "freight_over_cap": text(settled.freight_over_cap),
        "customer_owes": text(settled.customer_owes),
        "per_line": [
            {"line_no": line_no, "quantity": quantity, "amount": text(amount)}
            for line_no, quantity, amount in settled.per_line
        ],
        "sources": list(settled.sources),
        "preview_id": settled.preview_id,
    }


# ── the remedies ──────────────────────────────────────────────────────────────────────────────────


def _refund(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """Goods by their own shares, postage by F14; undelivered goods and their postage in full (F27)."""
    row = _row(ask, free_shipping, "refund")
    if ask.never_delivered:
        row = FreightRule("F27", "seller", None, goods_refunded=True, postage_refunded=True)
    units = [one for line_no, quantity in ask.lines for one in unit_draws(pots, line_no, quantity)]
    reduced = [_reduced(one, ask.reduction_percent) for one in units]
    draws = _payable(pots, (*reduced, *_postage(pots, row, ask)))
    reimbursed, over_cap, freight = _return_freight(pots, row, ask)
    sources = (*_refund_sources(pots, row, ask, draws), *freight)
    return _Outcome(rule=row.rule, draws=draws, reimbursed=reimbursed, over_cap=over_cap, sources=sources)


def _exchange(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """No refund; the customer bears his freight by the table (F2, F4, F6, F8) and the price difference (G6)."""
    row = _row(ask, free_shipping, "exchange")
    reimbursed, over_cap, freight = _return_freight(pots, row, ask)
    owes, owed = _owed_freight(pots, row, ask)
    draws, dearer, difference = _difference(pots, ask)
    return _Outcome(
        rule=row.rule,
        draws=draws,
        reimbursed=reimbursed,
        over_cap=over_cap,
        owes=owes + dearer,
        sources=(*freight, *owed, *difference),
    )


def _repair(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """Ours both ways where the seller is liable (F9), else the way back with the quote (F10)."""
    row = _row(ask, free_shipping, "repair")
    reimbursed, over_cap, freight = _return_freight(pots, row, ask)
    owes, owed = _owed_freight(pots, row, ask)
    return _Outcome(rule=row.rule, reimbursed=reimbursed, over_cap=over_cap, owes=owes, sources=(*freight, *owed))


def _keep_it(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """An accepted offer is paid without goods moving (K4)."""
    return _paid_amount("K4", pots, ask)


def _adjust_price(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """Overpaid postage and promised discounts are exact amounts (K2)."""
    return _paid_amount("K2", pots, ask)


def _substitute(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """Another product goes out: dearer is collected before shipping, cheaper refunded (G6)."""
    draws, dearer, difference = _difference(pots, ask)
    return _Outcome(rule="G6", draws=draws, owes=dearer, sources=difference)


def _reship(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """The same goods go out again, at the cost of whoever is liable (L5)."""
    return _way_out("L5", pots, ask)


def _goods_back(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """The goods go back, at the customer's cost unless the seller is liable; no fault: the way in is ours (G4)."""
    outcome = _way_out("G4", pots, ask)
    row = _row(ask, free_shipping, "repair")._replace(rule="G4")
    reimbursed, over_cap, freight = _return_freight(pots, row, ask)
    return replace(outcome, reimbursed=reimbursed, over_cap=over_cap, sources=(*freight, *outcome.sources))


def _visit(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    """A technician comes; the customer owes the quote where the fault is his (F10)."""
    return _way_out("T19", pots, ask)


def _none(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> _Outcome:
    return _Outcome(rule="none", sources=("Nothing is paid: the case ends with an answer.",))


_REMEDIES: Final[dict[SettledRemedy, Callable[[Pots, bool, SettlementAsk], _Outcome]]] = {
    "refund": _refund,
    "exchange": _exchange,
    "repair": _repair,
    "keep_it": _keep_it,
    "adjust_price": _adjust_price,
    "reship": _reship,
    "substitute": _substitute,
    "goods_back": _goods_back,
    "visit": _visit,
    "none": _none,
}


# ── what the remedies are made of ─────────────────────────────────────────────────────────────────


def _row(ask: SettlementAsk, free_shipping: bool, remedy: FreightRemedy) -> FreightRule:
    """The row of the table; where inspection found no fault, the customer's rows hold (G4)."""
    seller_fault = is_seller_fault(ask.party_liable) and ask.party_liable != "none_found"
    return freight_rule(seller_fault, free_shipping, remedy)


def _reduced(one: Draw, percent: int) -> Draw:
    """Withhold a reasoned percentage for use or damage by the customer (F16)."""
    paid, withheld = split(one.amount, [100 - percent, percent])
    return replace(one, amount=paid, withheld=withheld)


def _postage(pots: Pots, row: FreightRule, ask: SettlementAsk) -> tuple[Draw, ...]:
    """First postage: where the table gives it back and all of its lines are back, or as the playbook says (F14)."""
    always = ask.refund_postage == "always"
    if ask.refund_postage == "never" or not (row.postage_refunded or always):
        return ()
    return postage_draws(pots, [line_no for line_no, _ in ask.lines], dict(ask.lines), override=always)


def _payable(pots: Pots, draws: Iterable[Draw]) -> tuple[Draw, ...]:
    """Cut the draws to what the payments have left, since no payment gives more than it took (F17)."""
    left, kept = pots.payable, []
    for one in draws:
        amount = min(one.amount, left)
        left -= amount
        if amount or one.units or one.withheld:
            kept.append(replace(one, amount=amount))
    return tuple(kept)


def _return_freight(pots: Pots, row: FreightRule, ask: SettlementAsk) -> tuple[int, int, tuple[str, ...]]:
    """What of the advanced freight is reimbursed, and what is above the limit (F11).

    It follows the liability: the seller's rows of the table, a share of it (F19), and no fault found (G4).
    """
    advanced = ask.return_freight
    if not advanced:
        return 0, 0, ()
    percent = seller_share(ask.party_liable, ask.share)
    ours = split(advanced, [percent, 100 - percent])[0]
    if not ours:
        return 0, 0, (f"return freight {_money(pots, advanced)}: the customer's own ({row.rule}).",)
    cap = ours if ask.return_freight_cap is None else min(ours, ask.return_freight_cap)
    told = [f"return freight {_money(pots, cap)}: reimbursed against the receipt ({row.rule}, F11)."]
    if percent < 100:
        told.append(f"the seller is liable for {percent} % of it (F19).")
    if ours > cap:
        told.append(f"return freight {_money(pots, ours - cap)} is above the limit; a manager decides (F11).")
    return cap, ours - cap, tuple(told)


def _owed_freight(pots: Pots, row: FreightRule, ask: SettlementAsk) -> tuple[int, tuple[str, ...]]:
    """Freight to the customer and the quote, collected before anything is shipped (F12)."""
    if row.replacement_freight != "customer":
        return 0, ()
    percent = ask.share if ask.party_liable == "customer" else 100
    owes = split(ask.replacement_freight + ask.quote, [percent, 100 - percent])[0]
    if not owes:
        return 0, ()
    told = [f"freight {_money(pots, ask.replacement_freight)}"] if ask.replacement_freight else []
    told += [f"quote {_money(pots, ask.quote)}"] if ask.quote else []
    return owes, (f"{' and '.join(told)}: the customer owes {percent} % before shipping ({row.rule}, F12).",)


def _way_out(rule: str, pots: Pots, ask: SettlementAsk) -> _Outcome:
    """Goods or a technician go to the customer: paid as the way back of a repair is (F9, F10)."""
    row = _row(ask, False, "repair")._replace(rule=rule)
    owes, owed = _owed_freight(pots, row, ask)
    return _Outcome(rule=rule, owes=owes, sources=owed)


def _difference(pots: Pots, ask: SettlementAsk) -> tuple[tuple[Draw, ...], int, tuple[str, ...]]:
    """The price difference: draws where the new goods are cheaper, an amount owed where they are dearer (G6)."""
    if ask.replacement_price is None:
        return (), 0, ()
    worth = [_worth(pots, line_no, quantity) for line_no, quantity in ask.lines]
    dearer = ask.replacement_price - sum(worth)
    if dearer >= 0:
        told = f"price difference {_money(pots, dearer)}: owed before shipping (G6)."
        return (), dearer, (told,) if dearer else ()
    shares = split(-dearer, worth)
    by_line = zip(ask.lines, shares, strict=True)
    draws = _payable(pots, [one for (no, _), share in by_line for one in amount_draws(pots, no, share)])
    cheaper = sum(one.amount for one in draws)
    return draws, 0, (f"price difference {_money(pots, cheaper)}: the new goods are cheaper (G6).",)


def _worth(pots: Pots, line_no: int, quantity: int) -> int:
    """What the customer paid for these units, less what he got back for them already."""
    return sum(one.amount for one in unit_draws(pots, line_no, quantity))


def _paid_amount(rule: str, pots: Pots, ask: SettlementAsk) -> _Outcome:
    if ask.amount is None:
        raise MoneyRefused(f"Say which amount {ask.remedy} pays.")
    lines = [line_no for line_no, _ in ask.lines] or list(dict.fromkeys(pot.line_no for pot in pots.units))
    lefts = [sum(pot.left for pot in pots.of_line(line_no)) for line_no in lines]
    from_goods = ask.amount if ask.lines else min(ask.amount, sum(lefts))
    if from_goods > sum(lefts):
        raise _more_than_left(pots, ask.amount, sum(lefts))
    shares = zip(lines, split(from_goods, lefts), strict=True) if lines else ()
    draws = [one for line_no, share in shares for one in amount_draws(pots, line_no, share)]
    draws += _from_postage(pots, ask.amount, ask.amount - from_goods)
    told = f"amount {_money(pots, ask.amount)}: as agreed, no goods come back ({rule})."
    return _Outcome(rule=rule, draws=tuple(draws), sources=(told,))


def _from_postage(pots: Pots, asked: int, amount: int) -> list[Draw]:
    """What an adjustment of the whole order takes from its postage, once its goods have nothing left."""
    draws = []
    for pot in pots.postage:
        part = min(amount, pot.left)
        amount -= part
        if part:
            draws.append(Draw(account="postage", shipment_no=pot.shipment_no, amount=part))
    if amount:
        raise _more_than_left(pots, asked, asked - amount)
    return draws


# ── checking, summing up, naming ──────────────────────────────────────────────────────────────────


def _checked(pots: Pots, ask: SettlementAsk) -> SettlementAsk:
    """The ask with its lines in order, each once; refuses unknown lines and more units than are left (F18)."""
    is_seller_fault(ask.party_liable)
    seller_share(ask.party_liable, ask.share)
    if ask.remedy not in _REMEDIES:
        raise MoneyRefused(f"{ask.remedy[:40]!a} is no remedy; there are {', '.join(_REMEDIES)}.")
    _check_amounts(ask)
    if not ask.lines and ask.remedy in _NEEDS_LINES:
        raise MoneyRefused(f"Say which lines, and how many units of each, the {ask.remedy} is for.")
    together: dict[int, int] = {}
    for line_no, quantity in ask.lines:
        unit_draws(pots, line_no, quantity)
        together[line_no] = together.get(line_no, 0) + quantity
    for line_no, quantity in together.items():
        unit_draws(pots, line_no, quantity)
    return replace(ask, lines=tuple(sorted(together.items())))


def _check_amounts(ask: SettlementAsk) -> None:
    amounts = {
        "amount": ask.amount,
        "return freight": ask.return_freight,
        "limit of the return freight": ask.return_freight_cap,
        "replacement freight": ask.replacement_freight,
        "price of the replacement": ask.replacement_price,
        "quote": ask.quote,
    }
    for name, amount in amounts.items():
        if amount is not None and amount < 0:
            raise MoneyRefused(f"The {name} cannot be negative.")
    if not 0 <= ask.reduction_percent <= 100:
        raise MoneyRefused("A reduction lies between 0 and 100 percent (F16).")


def _parts(pots: Pots, draws: Iterable[Draw]) -> tuple[int, int, int]:
    """Goods, tax and postage of these draws."""
    units = {pot.key: pot for pot in pots.units}
    goods = tax = postage = 0
    for one in draws:
        if one.account == "postage":
            postage += one.amount
        else:
            part = _tax_part(units[one.key], one.amount)
            tax += part
            goods += one.amount - part
    return goods, tax, postage


def _tax_part(pot: UnitPot, amount: int) -> int:
    """The tax in the next amount of a pot; whole units give their own tax, and all parts together never more."""
    if not pot.paid:
        return 0
    before = pot.paid - pot.left
    charged = pot.units * pot.tax
    return (before + amount) * charged // pot.paid - before * charged // pot.paid


def _per_line(pots: Pots, lines: Sequence[LineQuantity], draws: Iterable[Draw]) -> tuple[tuple[int, int, int], ...]:
    amounts: dict[int, int] = {}
    for one in draws:
        if one.line_no is not None:
            amounts[one.line_no] = amounts.get(one.line_no, 0) + one.amount
    quantities = dict(lines) or dict.fromkeys(amounts, 0)
    return tuple((line_no, quantity, amounts.get(line_no, 0)) for line_no, quantity in quantities.items())


def _refund_sources(pots: Pots, row: FreightRule, ask: SettlementAsk, draws: Sequence[Draw]) -> tuple[str, ...]:
    told = [
        f"line {line_no}: {_money(pots, amount)} is what {quantity} of it cost, by its own share (F13)."
        for line_no, quantity, amount in _per_line(pots, ask.lines, draws)
    ]
    withheld = sum(one.withheld for one in draws)
    if withheld:
        told.append(f"{_money(pots, withheld)} withheld: {ask.reduction_percent} % for use or damage (F16).")
    postage = sum(one.amount for one in draws if one.account == "postage")
    if postage:
        why = "the playbook says so" if ask.refund_postage == "always" else "all it carried is back"
        told.append(f"postage {_money(pots, postage)}: goes back, {why} ({row.rule}, F14).")
    elif row.postage_refunded and any(pot.left for pot in pots.postage):
        told.append(f"postage: stays until everything it carried is back ({row.rule}, F14).")
    if sum(one.amount for one in draws) == pots.payable:
        told.append("this is all that the payments have left to give back (F17).")
    return tuple(told)


def _preview_id(pots: Pots, ask: SettlementAsk, settled: Settlement) -> str:
    """A name that another ask, another number or another state of the pots behind it would not have (F20)."""
    basis = {"ask": asdict(ask), "numbers": asdict(settled), "pots": _touched(pots, ask, settled)}
    text = json.dumps(basis, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _touched(pots: Pots, ask: SettlementAsk, settled: Settlement) -> list[list[int | str]]:
    """Pots that the numbers come from: lines asked for, what travelled with them, payments that give."""
    asked = {line_no for line_no, _ in ask.lines} or {pot.line_no for pot in pots.units}
    postage = [pot for pot in pots.postage if asked & set(pot.line_nos)]
    lines = asked.union(*(pot.line_nos for pot in postage))
    paying = {one.payment_no for one in settled.draws if one.account == "payment"}
    units = [pot for pot in pots.units if pot.line_no in lines]
    payments = [pot for pot in pots.payments if pot.payment_no in paying]
    return [
        *([*pot.key, pot.paid, pot.left, pot.units_left] for pot in units),
        *([*pot.key, pot.paid, pot.left] for pot in postage),
        *([*pot.key, pot.paid, pot.left] for pot in payments),
    ]


def _more_than_left(pots: Pots, asked: int, left: int) -> PotExceeded:
    told = f"{_money(pots, asked)} was asked for, and {_money(pots, left)} is left of what was paid for it."
    return PotExceeded(told, pot="lines", asked=asked, left=left)


def _money(pots: Pots, minor: int) -> str:
    return f"{to_text(minor, pots.currency)} {pots.currency}"
