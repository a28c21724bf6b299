"""What a remedy costs whom: refund, reimbursed freight and what the customer owes, each with its source (F1-F20).

A settlement moves nothing. Its ``draws`` say what ``models.pots.draw`` has to take, and its ``preview_id`` changes
with every number and every pot behind them, so that what was shown is what is done (F20).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from models.errors import MoneyRefused
from models.freight import is_seller_fault, seller_share
from models.money import to_text
from models.pots import Draw, Pots, UnitPot, payment_draws, unit_draws
from models.remedies import REMEDIES
from models.remedies.parts import per_line
from models.remedies.remedy import LineQuantity, SettledRemedy, SettlementAsk

__all__ = ["LineQuantity", "SettledRemedy", "Settlement", "SettlementAsk", "settlement", "settlement_to_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The numbers of a remedy; ``refund`` = ``goods`` + ``tax`` + ``postage``, freight is apart.

    ``postage`` includes the tax on it; the amounts of ``per_line`` sum to ``goods`` + ``tax``. What of the
    customer's freight is above its limit (F11) is in ``freight_over_cap`` and needs a manager. ``netted`` is what he
    owed us and agreed to have taken off (F24).
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
    netted: int = 0
    difference: int = field(default=0, repr=False)  # of what he owes, for dearer goods (G6); `customer_owes` shows it


def settlement(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Settlement:
    """Settle a remedy by the rules of section 4; refuses what the order cannot give, changes nothing."""
    ask = _checked(pots, ask)
    outcome = REMEDIES[ask.remedy].settle(pots, free_shipping, ask)
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
        per_line=per_line(pots, ask.lines, outcome.draws),
        draws=draws,
        sources=outcome.sources,
        preview_id="",
        netted=outcome.netted,
        difference=outcome.difference,
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
        "netted": text(settled.netted),
        "per_line": [
            {"line_no": line_no, "quantity": quantity, "amount": text(amount)}
            for line_no, quantity, amount in settled.per_line
        ],
        "sources": list(settled.sources),
        "preview_id": settled.preview_id,
    }


# ── checking, summing up, naming ──────────────────────────────────────────────────────────────────


def _checked(pots: Pots, ask: SettlementAsk) -> SettlementAsk:
    """The ask with its lines in order, each once; refuses unknown lines and more units than are left (F18)."""
    is_seller_fault(ask.party_liable)
    seller_share(ask.party_liable, ask.share)
    if ask.remedy not in REMEDIES:
        raise MoneyRefused(f"{ask.remedy[:40]!a} is no remedy; there are {', '.join(REMEDIES)}.")
    _check_amounts(ask)
    if not ask.lines and REMEDIES[ask.remedy].needs_lines:
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
        "receivable": ask.netted,
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
            part = _tax_part(units[one.key], one)
            tax += part
            goods += one.amount - part
    return goods, tax, postage


def _tax_part(pot: UnitPot, one: Draw) -> int:
    """The tax in the next amount of a pot; whole units give their own tax, and all parts together never more."""
    if not pot.paid:
        return 0
    charged, before, back = pot.tax_charged, pot.paid - pot.left, max(0, -one.withheld)
    rest = (before + one.amount - back) * charged // pot.paid - before * charged // pot.paid
    return rest + back * charged // pot.paid


def _preview_id(pots: Pots, ask: SettlementAsk, settled: Settlement) -> str:
    """A name that another ask, another number or another state of the pots behind it would not have (F20)."""
    basis = (ask, settled, _touched(pots, ask, settled))  # numbers, text and tuples of them: their repr says it all
    return hashlib.sha256(repr(basis).encode()).hexdigest()[:16]


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
