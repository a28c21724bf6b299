"""Money under lock: an order's pots as rows, and the ledger of everything that was drawn from them (C2, F13).

Whoever moves money locks the order first. What may be moved is decided by `models.pots` on the rows as they
are under that lock; the ledger's unique keys make a repeat harmless.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, SelectBase, String, bindparam, cast, null, select, union_all
from sqlalchemy.orm import Session

from models import pots as rules
from models.accounting.other_units import Moved, draw_alike
from models.effects import MoneyMove, MoneyRefusal
from models.errors import MoneyRefused, PotExceeded
from models.money import to_text
from models.pots import Draw, Pots
from models.tables import money_moves, money_refusals, orders, side_accounts
from models.tables.columns import Document
from store.accounting import pots
from store.documents import add, ask, put, put_new

Rows = list[dict[str, Any]]
Question = tuple[SelectBase, Mapping[str, Any]]

_DRAWS = TypeAdapter(tuple[Draw, ...])
_END = {"settle": rules.settle, "release": rules.release, "bounce": rules.bounce}

# Rows that refer to the order may be written by others meanwhile: they neither move money nor reserve units by that.
_LOCK = select(orders.c.order_no).where(orders.c.order_no == bindparam("wanted_order")).with_for_update(key_share=True)


def lock_order(session: Session, order_no: str) -> bool:
    """Hold the order until the transaction ends, so that nobody else moves its money or reserves its units.

    Answers whether there is such an order. On SQLite the one writer holds everything already.
    """
    return session.execute(_LOCK, {"wanted_order": order_no}).first() is not None


# ── the ledger ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a list of moves: refusals, how many units went out per line, and the pots after them."""

    refused: tuple[MoneyRefusal, ...] = ()
    units_out: Mapping[int, int] = field(default_factory=dict)
    pots: Pots | None = None
    settled: frozenset[str] = frozenset()  # the keys that are paid, by now or before
    never_drawn: frozenset[str] = frozenset()  # the keys whose draw was refused, now or before
    elsewhere: Mapping[str, tuple[Draw, ...]] = field(default_factory=dict)  # what was drawn of other units than asked


@dataclass(frozen=True, slots=True)
class Held:
    """An order that is locked: its pots, and what was booked for a case and refused to it before."""

    pots: Pots | None = None
    known: Sequence[Any] = ()


def hold(
    session: Session, case_no: str, order_no: str | None, moves: Collection[MoneyMove], *more: Question
) -> tuple[Held, list[Sequence[Any]]]:
    """Lock the order and read what the moves need, in one journey; answers it, and what `more` asks beside."""
    lock = [(_LOCK, {"wanted_order": order_no})] if order_no else []
    there = [pots.question(order_no)] if order_no and moves else []
    known = [(_KNOWN, {"wanted_case": case_no})] if moves else []
    found = ask(session, *lock, *there, *known, *more)[len(lock) :]
    now = pots.of_rows(found[0]) if there else None
    beside = len(there) + len(known)
    return Held(now, found[beside - 1] if known else ()), found[beside:]


def book(
    session: Session,
    case_no: str,
    order_no: str | None,
    moves: Sequence[MoneyMove],
    at: datetime,
    limits: Mapping[str, int] | None = None,
    held: Held | None = None,
) -> Booked:
    """Book each move once: its key is drawn, and then settled or released. The order must be locked; `held` is what
    was read of it since then.

    A draw that the pots cannot give, or that is above its account's limit, is refused and leaves no trace but its
    refusal. A settle or release without a draw in the ledger is passed over, since the refusal of its draw was told
    already.
    """
    if not moves:
        return Booked()
    now = held or hold(session, case_no, order_no, moves)[0]
    booking = _Booking(session, case_no, order_no, limits or {}, now, at)
    for move in moves:
        booking.take(move)
    booking.write(at)
    return booking.booked_now()


class _Booking:
    """One case's moves against the pots of its order, in memory, until they are written."""

    def __init__(
        self, session: Session, case_no: str, order_no: str | None, limits: Mapping[str, int], held: Held, at: datetime
    ) -> None:
        self.session = session
        self.limits = limits
        self.at = at
        self.case_no = case_no
        self.order_no = order_no
        self.before = self.pots = held.pots
        self.known, self.refused_before = _known(held.known)
        self.booked: list[MoneyMove] = []
        self.refusals: list[dict[str, Any]] = []
        self.units_out: Counter[int] = Counter()
        self.elsewhere: dict[str, tuple[Draw, ...]] = {}
        self.moved: Moved = {}

    def booked_now(self) -> Booked:
        return Booked(
            refused=tuple(MoneyRefusal(key=one["key"], detail=one["detail"]) for one in self.refusals),
            units_out=self.units_out,
            pots=self.pots,
            settled=frozenset(key for key, kind in self.known if kind == "settle"),
            never_drawn=self.refused_before | {one["key"] for one in self.refusals if one["kind"] == "draw"},
            elsewhere=self.elsewhere,
        )

    def take(self, move: MoneyMove) -> None:
        if (move.key, move.kind) in self.known:
            return
        if move.kind == "raise":
            self._collect(move)
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
        ended = {(move.key, kind) for kind in ("settle", "release")} & self.known.keys()
        if move.kind == "bounce" and (move.key, "settle") not in ended:
            raise MoneyRefused(f"The money of {move.key} was never paid, so it cannot have come back.")
        if ended and move.kind != "bounce":
            raise MoneyRefused(f"The money of {move.key} was settled or released before; it cannot be again.")
        if move.kind == "draw":
            self._check_limit(move)
        if draws:
            if self.pots is None:
                raise MoneyRefused("The case has no order with money to take from; link one first.")
            draws = self._taken(move, draws)
        booked = move.model_copy(update={"draws": draws})
        self.known[move.key, move.kind] = booked
        self.booked.append(booked)
        sign = {"draw": 1, "settle": 0}.get(move.kind, -1)
        for draw in draws:
            self.units_out[draw.line_no or 0] += sign * draw.units

    def _taken(self, move: MoneyMove, draws: tuple[Draw, ...]) -> tuple[Draw, ...]:
        """Take the draws from the pots; answers them as they could be made, of other units alike where others had
        those that were asked for (F20)."""
        assert self.pots is not None
        if move.kind != "draw":
            self.pots = _END[move.kind](self.pots, draws)
            return draws
        self.pots, drawn = draw_alike(self.pots, draws, self.moved)
        if drawn != draws:
            self.elsewhere[move.key] = drawn
        return drawn

    def _collect(self, move: MoneyMove) -> None:
        """G6: what a case collected for dearer goods is paid for their units from now on; nothing can refuse it."""
        if self.pots is not None:
            self.pots = rules.collect(self.pots, move.draws, self.case_no, self.at)
            self.known[move.key, move.kind] = move
            self.booked.append(move)

    def _check_limit(self, move: MoneyMove) -> None:
        most, drawn = self.limits.get(move.account), self._drawn(move.account)
        if most is not None and drawn + move.amount > most:
            left = max(0, most - drawn)
            asked, room = (to_text(one, self.pots.currency) if self.pots else one for one in (move.amount, left))
            raise MoneyRefused(f"{asked} of {move.account} was asked for, of which the case has {room} left.")

    def _drawn(self, account: str) -> int:
        """What was drawn of an account, and neither released nor come back."""
        draws = (one for (_, kind), one in self.known.items() if kind == "draw" and one.account == account)
        undone = {key for key, kind in self.known if kind in ("release", "bounce")}
        return sum(one.amount for one in draws if one.key not in undone)

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
            add(self.session, money_moves, [self._ledger_row(move, at) for move in self.booked])
        if self.order_no and self.before and self.pots and self.pots != self.before:
            pots.save_drawn(self.session, self.order_no, self.before, self.pots)
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


_MOVES = (
    select(*(money_moves.c[name] for name in ("key", "kind", "account", "amount", "draws", "reference")))
    .where(money_moves.c.case_no == bindparam("wanted_case"))
    .order_by(money_moves.c.at, money_moves.c.key)
)
_REFUSALS = select(money_refusals.c.key, money_refusals.c.kind, money_refusals.c.detail).where(
    money_refusals.c.case_no == bindparam("wanted_case")
)


#: Moves and refusals in one; a refusal has no account.
_KNOWN = union_all(
    _MOVES.order_by(None),
    select(
        money_refusals.c.key,
        money_refusals.c.kind,
        cast(null(), String),
        cast(null(), BigInteger),
        cast(null(), Document),
        cast(null(), String),
    ).where(money_refusals.c.case_no == bindparam("wanted_case")),
)


def _known(rows: Sequence[Any]) -> tuple[dict[tuple[str, str], MoneyMove], frozenset[str]]:
    """What was booked for a case by key and kind, and the keys under which money was asked for and refused."""
    booked = {(row.key, row.kind): _move(row) for row in rows if row.account is not None}
    return booked, frozenset(row.key for row in rows if row.account is None and row.kind == "draw")


def ledger(session: Session, case_no: str) -> tuple[MoneyMove, ...]:
    """Every move booked for a case, oldest first."""
    return tuple(_move(row) for row in session.execute(_MOVES, {"wanted_case": case_no}))


def _move(row: Any) -> MoneyMove:
    return MoneyMove(
        key=row.key,
        kind=row.kind,
        account=row.account,
        amount=row.amount,
        draws=_DRAWS.validate_python(row.draws),
        reference=row.reference,
    )


def refused_keys(session: Session, case_no: str) -> set[str]:
    """The keys of a case under which money was asked of the pots and refused."""
    return {row.key for row in session.execute(_REFUSALS, {"wanted_case": case_no}) if row.kind == "draw"}


def refusals_of(session: Session, case_no: str, moves: Iterable[MoneyMove]) -> tuple[MoneyRefusal, ...]:
    """What of these moves was refused, in their order."""
    asked = [(move.key, move.kind) for move in moves]
    if not asked:
        return ()
    details = {(row.key, row.kind): row.detail for row in session.execute(_REFUSALS, {"wanted_case": case_no})}
    return tuple(MoneyRefusal(key=one[0], detail=details[one]) for one in asked if one in details)
