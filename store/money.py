"""Money under lock: an order's pots as rows, and the ledger of everything that was drawn from them (C2, F13).

Whoever moves money locks the order first. What may be moved is decided by `models.pots` on the rows as they
are under that lock; the ledger's unique keys make a repeat harmless.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Table, Update, insert, select, update
from sqlalchemy.orm import Session

from models import pots as rules
from models.effects import MoneyMove, MoneyRefusal
from models.errors import MoneyRefused, PotExceeded
from models.money import to_text
from models.pots import Draw, PaymentPot, PostagePot, Pot, Pots, UnitPot
from models.tables import (
    money_moves,
    money_refusals,
    orders,
    payment_pots,
    postage_pots,
    side_accounts,
    unit_pots,
)
from store.documents import put, put_new

Rows = list[dict[str, Any]]

_DRAWS = TypeAdapter(tuple[Draw, ...])
_APPLY = {"draw": rules.draw, "settle": rules.settle, "release": rules.release}

# ── pots ──────────────────────────────────────────────────────────────────────────────────────────


def lock_order(session: Session, order_no: str) -> bool:
    """Hold the order until the transaction ends, so that nobody else moves its money or reserves its units.

    Answers whether there is such an order. On SQLite the one writer holds everything already.
    """
    found = select(orders.c.order_no).where(orders.c.order_no == order_no).with_for_update()
    return session.execute(found).first() is not None


def load_pots(session: Session, order_no: str) -> Pots | None:
    """All pots of an order as they are now, or None when there is no such order."""
    order = session.execute(select(orders.c.currency, orders.c.split_rule).where(orders.c.order_no == order_no)).first()
    if order is None:
        return None
    return Pots(
        currency=order.currency,
        split_rule=order.split_rule,
        units=tuple(UnitPot(**row) for row in _rows(session, unit_pots, order_no, "line_no", "rank")),
        postage=tuple(_postage_pot(row) for row in _rows(session, postage_pots, order_no, "position")),
        payments=tuple(_payment_pot(row) for row in _rows(session, payment_pots, order_no, "position")),
    )


def _rows(session: Session, table: Table, order_no: str, *by: str) -> list[dict[str, Any]]:
    found = select(table).where(table.c.order_no == order_no).order_by(*(table.c[name] for name in by))
    rows = [dict(row) for row in session.execute(found).mappings()]
    for row in rows:
        del row["order_no"]
    return rows


def _postage_pot(row: dict[str, Any]) -> PostagePot:
    del row["position"]
    return PostagePot(**{**row, "line_nos": tuple(row["line_nos"])})


def _payment_pot(row: dict[str, Any]) -> PaymentPot:
    del row["position"]
    return PaymentPot(**row)


def pot_rows(order_no: str, pots: Pots) -> tuple[Rows, Rows, Rows]:
    """The pots as rows of their three tables: units, postage, payments."""
    units = [{"order_no": order_no, **_fields(pot)} for pot in pots.units]
    postage = [
        {"order_no": order_no, "position": i, **_fields(pot), "line_nos": list(pot.line_nos)}
        for i, pot in enumerate(pots.postage)
    ]
    payments = [{"order_no": order_no, "position": i, **_fields(pot)} for i, pot in enumerate(pots.payments)]
    return units, postage, payments


def _fields(pot: Pot) -> dict[str, Any]:
    return {name: getattr(pot, name) for name in pot.__dataclass_fields__}


def _save_drawn(session: Session, order_no: str, before: Pots, after: Pots) -> None:
    """Write the sums that changed. The tables' checks refuse whatever should not have come this far."""
    old = {pot.key: pot for pot in _every(before)}
    for pot in _every(after):
        if pot != old[pot.key]:
            session.execute(_drawn(order_no, pot))


def _every(pots: Pots) -> list[Pot]:
    return [*pots.units, *pots.postage, *pots.payments]


def _drawn(order_no: str, pot: Pot) -> Update:
    sums = {"in_flight": pot.in_flight, "refunded": pot.refunded}
    if isinstance(pot, UnitPot):
        here = (
            unit_pots.c.order_no == order_no,
            unit_pots.c.line_no == pot.line_no,
            unit_pots.c.rank == pot.rank,
        )
        sums |= {"units_out": pot.units_out, "withheld": pot.withheld}
        return update(unit_pots).where(*here).values(sums)
    table, name, number = _where_kept(pot)
    return update(table).where(table.c.order_no == order_no, table.c[name] == number).values(sums)


def _where_kept(pot: PostagePot | PaymentPot) -> tuple[Table, str, str]:
    if isinstance(pot, PostagePot):
        return postage_pots, "shipment_no", pot.shipment_no
    return payment_pots, "payment_no", pot.payment_no


# ── the ledger ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a list of moves: refusals, how many units went out per line, and the pots after them."""

    refused: tuple[MoneyRefusal, ...] = ()
    units_out: Mapping[int, int] = field(default_factory=dict)
    pots: Pots | None = None


def book(
    session: Session,
    case_no: str,
    order_no: str | None,
    moves: Sequence[MoneyMove],
    at: datetime,
    limits: Mapping[str, int] | None = None,
) -> Booked:
    """Book each move once: its key is drawn, and then settled or released. The order must be locked.

    A draw that the pots cannot give, or that is above its account's limit, is refused and leaves no trace but its
    refusal. A settle or release without a draw in the ledger is passed over, since the refusal of its draw was told
    already.
    """
    if not moves:
        return Booked()
    booking = _Booking(session, case_no, order_no, limits or {})
    for move in moves:
        booking.take(move)
    booking.write(at)
    return Booked(tuple(booking.refused), booking.units_out, booking.pots)


class _Booking:
    """One case's moves against the pots of its order, in memory, until they are written."""

    def __init__(self, session: Session, case_no: str, order_no: str | None, limits: Mapping[str, int]) -> None:
        self.session = session
        self.limits = limits
        self.case_no = case_no
        self.order_no = order_no
        self.before = self.pots = load_pots(session, order_no) if order_no else None
        self.known = {(move.key, move.kind): move for move in ledger(session, case_no)}
        self.refused_before = refused_keys(session, case_no)
        self.booked: list[MoneyMove] = []
        self.refusals: list[dict[str, Any]] = []
        self.units_out: Counter[int] = Counter()

    @property
    def refused(self) -> list[MoneyRefusal]:
        return [MoneyRefusal(key=one["key"], detail=one["detail"]) for one in self.refusals]

    def take(self, move: MoneyMove) -> None:
        if (move.key, move.kind) in self.known:
            return
        drawn = self.known.get((move.key, "draw"))
        if drawn is None if move.kind != "draw" else move.key in self.refused_before:
            return
        try:
            # What was drawn under a key is what is settled or released under it, whatever the move says.
            self._apply(move, drawn.draws if drawn else move.draws)
        except (PotExceeded, MoneyRefused) as refusal:
            self.refusals.append({"key": move.key, "kind": move.kind, "detail": refusal.detail})

    def _apply(self, move: MoneyMove, draws: tuple[Draw, ...]) -> None:
        if {(move.key, "settle"), (move.key, "release")} & self.known.keys():
            raise MoneyRefused(f"The money of {move.key} was settled or released before; it cannot be again.")
        if move.kind == "draw":
            self._check_limit(move)
        if draws:
            if self.pots is None:
                raise MoneyRefused("The case has no order with money to take from; link one first.")
            self.pots = _APPLY[move.kind](self.pots, draws)
        booked = move.model_copy(update={"draws": draws})
        self.known[move.key, move.kind] = booked
        self.booked.append(booked)
        sign = {"draw": 1, "settle": 0, "release": -1}[move.kind]
        for draw in draws:
            self.units_out[draw.line_no or 0] += sign * draw.units

    def _check_limit(self, move: MoneyMove) -> None:
        most, drawn = self.limits.get(move.account), self._drawn(move.account)
        if most is not None and drawn + move.amount > most:
            left = max(0, most - drawn)
            asked, room = (to_text(one, self.pots.currency) if self.pots else one for one in (move.amount, left))
            raise MoneyRefused(f"{asked} of {move.account} was asked for, of which the case has {room} left.")

    def _drawn(self, account: str) -> int:
        """What was drawn of an account and not released."""
        draws = (one for (_, kind), one in self.known.items() if kind == "draw" and one.account == account)
        return sum(one.amount for one in draws if (one.key, "release") not in self.known)

    def _side_rows(self) -> Rows:
        """Accounts with a limit that were moved now. A limit may shrink later; what was drawn by then stays."""
        moved = {(move.account, move.kind == "draw") for move in self.booked if move.account in self.limits}
        rows = []
        for account in sorted({account for account, _ in moved}):
            most, drawn = self.limits[account], self._drawn(account)
            row = {"case_no": self.case_no, "account": account, "drawn": drawn}
            rows.append({**row, "most": most if (account, True) in moved else max(most, drawn)})
        return rows

    def write(self, at: datetime) -> None:
        if self.booked:
            self.session.execute(insert(money_moves), [self._ledger_row(move, at) for move in self.booked])
        if self.order_no and self.before and self.pots and self.pots != self.before:
            _save_drawn(self.session, self.order_no, self.before, self.pots)
        put(self.session, side_accounts, self._side_rows())
        refusals = [{"case_no": self.case_no, "at": at, **one} for one in self.refusals]
        put_new(self.session, money_refusals, refusals)

    def _ledger_row(self, move: MoneyMove, at: datetime) -> dict[str, Any]:
        return {
            **move.model_dump(exclude={"draws"}),
            "case_no": self.case_no,
            "order_no": self.order_no,
            "currency": self.pots.currency if self.pots else None,
            "draws": _DRAWS.dump_python(move.draws, mode="json"),
            "at": at,
        }


def ledger(session: Session, case_no: str) -> tuple[MoneyMove, ...]:
    """Every move booked for a case, oldest first."""
    found = select(money_moves).where(money_moves.c.case_no == case_no).order_by(money_moves.c.at, money_moves.c.key)
    return tuple(
        MoneyMove(
            key=row["key"],
            kind=row["kind"],
            account=row["account"],
            amount=row["amount"],
            draws=_DRAWS.validate_python(row["draws"]),
            reference=row["reference"],
        )
        for row in session.execute(found).mappings()
    )


def refused_keys(session: Session, case_no: str) -> set[str]:
    """The keys of a case under which money was asked of the pots and refused."""
    found = select(money_refusals.c.key).where(money_refusals.c.case_no == case_no, money_refusals.c.kind == "draw")
    return set(session.execute(found).scalars())


def refusals_of(session: Session, case_no: str, moves: Iterable[MoneyMove]) -> tuple[MoneyRefusal, ...]:
    """What of these moves was refused, in their order."""
    asked = [(move.key, move.kind) for move in moves]
    if not asked:
        return ()
    found = select(money_refusals).where(money_refusals.c.case_no == case_no)
    details = {(row.key, row.kind): row.detail for row in session.execute(found)}
    return tuple(MoneyRefusal(key=one[0], detail=details[one]) for one in asked if one in details)
