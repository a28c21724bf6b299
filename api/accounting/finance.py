"""What finance looks up: accounts to pay to, money expected and received, and what customers owe (L12, F24).

Reads only; what is done about them are commands to their cases.
"""

import logging
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from api.lookup import Lookup
from api.views import cost_document, money, register_document
from models.accounting.ledger import balances, cost_of_case
from models.case import Case
from models.errors import NotFound
from models.masking import masked
from models.money import to_text
from store import cases
from store.accounting import dues, ledger, payees, payouts, remittances
from store.accounting.dues import Due, Which
from store.accounting.register_columns import COLUMNS, Window
from store.accounting.registers import PAGED, STATED
from store.accounting.remittances import Expected, Received

log = logging.getLogger(__name__)

#: So many expected payments are compared with one that came; the nearest deadlines first.
MOST_COMPARED = 2_000
MOST_CANDIDATES = 20
_AT_ONCE = 200


async def expected(
    desk: Lookup,
    noted: bool | None = None,
    case_no: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Money that customers are to pay before we go on, the nearest deadline first (L12)."""
    rows, following = await desk.read(
        lambda session: remittances.expected(session, noted, case_no, cursor=cursor, limit=limit)
    )
    return {"items": [_expected(row) for row in rows], "next_cursor": following}


def _expected(row: Expected) -> dict[str, Any]:
    sums = {name: money(getattr(row, name) or 0, row.currency) for name in ("owed", "announced")}
    named = {
        name: masked(given) if given else None for name, given in (("customer", row.customer), ("payer", row.payer))
    }
    return {**row.model_dump(mode="json", exclude={"owed", "announced", "customer", "payer"}), **sums, **named}


async def received(
    desk: Lookup, case_no: str | None = None, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """The payments that were recorded, the newest first."""
    rows, following = await desk.read(
        lambda session: remittances.received(session, case_no, cursor=cursor, limit=limit)
    )
    return {"items": [_received(row) for row in rows], "next_cursor": following}


def _received(row: Received) -> dict[str, Any]:
    sum_ = {"amount": row.amount, "currency": row.currency} if row.amount and row.currency else None
    return {**row.model_dump(mode="json", exclude={"amount", "currency"}), "amount": sum_}


async def candidates(desk: Lookup, amount: Decimal | None, payer: str) -> list[dict[str, Any]]:
    """The cases that a transfer may be for, those first for which most speaks: amount, name, a notice (L12)."""
    found: list[tuple[list[str], Expected]] = []
    cursor: str | None = None
    for _ in range(MOST_COMPARED // _AT_ONCE):
        rows, cursor = await desk.read(partial(remittances.expected, cursor=cursor, limit=_AT_ONCE))
        found += [(agrees, row) for row in rows for agrees in [_agrees(row, amount, payer.casefold().strip())]]
        if cursor is None:
            break
    likely = sorted((one for one in found if set(one[0]) - {"noted"}), key=lambda one: -len(one[0]))
    return [{**_expected(row), "agrees": agrees} for agrees, row in likely[:MOST_CANDIDATES]]


def _agrees(row: Expected, amount: Decimal | None, payer: str) -> list[str]:
    """What of a transfer agrees with what is expected."""
    wanted = [to_text(one, row.currency) for one in (row.owed, row.announced) if one and row.currency]
    told = [row.notice.amount] if row.notice and row.notice.amount else []
    names = [name.casefold() for name in (row.payer, row.customer) if name]
    found = ["amount"] if amount is not None and any(Decimal(one) == amount for one in (*wanted, *told)) else []
    if payer and any(payer in name or name in payer for name in names):
        found.append("name")
    return [*found, "noted"] if row.noted else found


async def owed(
    desk: Lookup, which: Which = "owed", case_no: str | None = None, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """What customers owe us, what they owed, or what they paid too much, the oldest case first (F24, T21)."""
    rows, following = await desk.read(lambda session: dues.list(session, which, case_no, cursor=cursor, limit=limit))
    return {"items": [_due(row) for row in rows], "next_cursor": following}


async def books(desk: Lookup, case_no: str) -> dict[str, Any]:
    """The ledger of a case: every transfer, what each party has received net (zero in all), and the true cost (T13)."""

    def read(session: Session) -> tuple[Case, tuple[ledger.Booked, ...]]:
        case = cases.load(session, case_no)
        if case is None:
            raise NotFound(f"There is no case '{case_no}': check the number.")
        return case, ledger.booked(session, case_no)

    case, rows = await desk.read(read)
    return {
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "entries": [_booked(row, case.currency) for row in rows],
        "balances": {party: money(sum_, case.currency) for party, sum_ in balances(rows).items()},
        "cost": cost_document(cost_of_case(rows), case.currency),
    }


def _booked(row: ledger.Booked, currency: str | None) -> dict[str, Any]:
    shown = {"debit", "credit", "purpose", "key", "payout_id", "reference", "at"}
    return {**row.model_dump(mode="json", include=shown), "amount": money(row.amount, currency)}


_SUMS = ("owed", "freight", "twice", "netted", "repaid", "recovered", "waived", "overpaid", "given_back", "asked")


def _due(row: Due) -> dict[str, Any]:
    sums = {name: None if getattr(row, name) is None else money(getattr(row, name), row.currency) for name in _SUMS}
    shown = row.model_dump(mode="json", exclude={*_SUMS, "customer", "currency"})
    return {**shown, **sums, "customer": masked(row.customer) if row.customer else None}


async def account(desk: Lookup, payout_id: str, who: str) -> dict[str, Any]:
    """The account of a payout in full, for whoever pays to it; who looked is logged.

    Raises NotFound for a payout that goes back to what was paid from, or to a balance.
    """

    def read(session: Session) -> payees.Account:
        row = payouts.get(session, payout_id)
        if row is None:
            raise NotFound(f"There is no payout '{payout_id}'.")
        found = payees.in_full(session, row)
        if found is None:
            raise NotFound("This payout goes to no account that somebody named.")
        return found

    found = await desk.read(read)
    log.info("%s looked at the account of the payout %s", who, payout_id)
    return found.model_dump()


async def register_page(
    desk: Lookup, name: str, state: str, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None] | None:
    """A page of a register that is too long to be read whole, and the cursor of the next; None for any other."""
    if name not in PAGED or (state and name not in STATED):
        return None
    after = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 10 else 0
    window = Window(after, limit + 1, state or None)
    rows = await desk.read(lambda session: PAGED[name](session, window))
    return [register_document(row) for row in rows[:limit]], str(after + limit) if len(rows) > limit else None


def register_columns(name: str) -> tuple[str, ...]:
    """The columns of a register, as its spreadsheet has them; `currency` follows the first sum."""
    return COLUMNS.get(name, ())
