"""The audit: whether pots, moves, payouts, ledger and case documents of an order tell one story, within every cap.

Each of them is written by itself, so each proves the others. An order's books come in as plain rows; what does not
agree goes out as findings, each with the words that somebody who looks into it needs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from models.accounting.ledger import posted_as
from models.accounting.payments import ORIGINAL, STORE_CREDIT
from models.case import UNDONE
from models.money import to_text
from models.value import Value

Sort = Literal["cap", "limit", "pot", "move", "payout", "ledger", "case", "balance"]
PotKey = tuple[str, int | str, int]


class Finding(Value):
    """Something that does not agree. `sort` says which book is wrong, as far as one can be named."""

    sort: Sort
    order_no: str | None
    case_no: str | None = None
    detail: str


class PotRow(NamedTuple):
    """A pot as its table has it, by what was paid into it."""

    key: PotKey
    paid: int
    units: int
    units_out: int
    in_flight: int
    refunded: int
    withheld: int
    raised: int = 0  # of what was paid, what an exchange collected (G6)


class MoveRow(NamedTuple):
    """One move of `money_moves`."""

    key: str
    kind: str
    case_no: str
    account: str
    amount: int
    draws: Sequence[Mapping[str, Any]]


class PayoutRow(NamedTuple):
    """One row of the refund register."""

    key: str
    case_no: str
    purpose: str
    amount: int
    state: str
    payment_no: str | None = None
    account: str | None = None


class EntryRow(NamedTuple):
    """One entry of a customer's store credit, of the order that is paid or was refunded with it (R2)."""

    key: str
    what: str
    amount: int
    payment_no: str | None


class PostedRow(NamedTuple):
    """One row of the ledger."""

    key: str
    case_no: str
    debit: str
    credit: str
    purpose: str
    amount: int
    currency: str
    payout_id: str | None


class CaseRow(NamedTuple):
    """What the document of a case says about its money."""

    case_no: str
    money: Mapping[str, int]
    payouts: Sequence[Mapping[str, Any]]
    claims: Sequence[Mapping[str, Any]]
    advanced_freight: int
    second_order: Mapping[str, Any] | None


@dataclass(slots=True)
class Books:
    """Everything that is written about the money of one order, or of one case without any."""

    order_no: str | None
    currency: str | None  # none where nothing has brought one: then there is no money either
    pots: list[PotRow] = field(default_factory=list)
    paid_by_credit: set[str] = field(default_factory=set)  # the payments that are store credit
    entries: list[EntryRow] = field(default_factory=list)
    moves: list[MoveRow] = field(default_factory=list)
    payouts: list[PayoutRow] = field(default_factory=list)
    postings: list[PostedRow] = field(default_factory=list)
    cases: list[CaseRow] = field(default_factory=list)


def audit(books: Books) -> Iterator[Finding]:
    """What of an order's books does not agree, or is beyond a cap; nothing for books in order."""
    yield from _within_caps(books)
    yield from _credit_as_used(books)
    if not (books.moves or books.payouts or books.postings or books.cases or books.entries):
        yield from _pots_as_moved(books, {})
        return
    yield from _raised_as_collected(books)
    moved = _moved([move for move in books.moves if move.kind != "raise"])
    yield from _moves_in_order(books, moved)
    yield from _pots_as_moved(books, moved)
    yield from _payouts_as_moved(books, moved)
    yield from _posted_as_paid(books)
    yield from _cases_as_paid(books)
    yield from _credit_as_paid(books)


# ── caps (C2, F17, F26) ───────────────────────────────────────────────────────────────────────────


def _within_caps(books: Books) -> Iterator[Finding]:
    taken = room = 0
    for pot in books.pots:
        out = pot.in_flight + pot.refunded + pot.withheld
        negative = min(pot.in_flight, pot.refunded, pot.withheld, pot.units_out) < 0
        if negative or out > pot.paid or pot.units_out > pot.units:
            yield _found("cap", books, f"{_pot(pot.key)} gave {_said(out, books)} of {_said(pot.paid, books)}.")
        if pot.key[0] == "payment":
            room += pot.paid
        else:
            taken += pot.in_flight + pot.refunded
    if taken > room:
        told = f"{_said(taken, books)} went back of goods and postage, {_said(room, books)} was ever paid."
        yield _found("cap", books, told)


# ── moves ─────────────────────────────────────────────────────────────────────────────────────────

Moved = dict[str, dict[str, MoveRow]]


def _moved(moves: Sequence[MoveRow]) -> Moved:
    by_key: Moved = defaultdict(dict)
    for move in moves:
        by_key[move.key][move.kind] = move
    return dict(by_key)


def _moves_in_order(books: Books, moved: Moved) -> Iterator[Finding]:
    """Each key is drawn first, ends once, and with what was drawn; a refund is what its payments give (F17)."""
    for key, kinds in moved.items():
        draw = kinds.get("draw")
        case_no = next(iter(kinds.values())).case_no
        if draw is None:
            yield _found("move", books, f"{key} was ended and never drawn.", case_no)
            continue
        if "settle" in kinds and "release" in kinds:
            yield _found("move", books, f"{key} was both settled and released.", case_no)
        if any(
            (end.amount, end.account, end.draws) != (draw.amount, draw.account, draw.draws) for end in kinds.values()
        ):
            yield _found("move", books, f"{key} ended with something else than was drawn.", case_no)
        yield from _draws_in_order(books, draw)


def _raised_as_collected(books: Books) -> Iterator[Finding]:
    """G6: what pots have on top of what came with the order is what exchanges collected, move by move."""
    collected: Counter[PotKey] = Counter()
    for move in books.moves:
        for one in move.draws if move.kind == "raise" else ():
            collected[_key(one)] += one["amount"]
    for pot in books.pots:
        wanted = collected.pop(pot.key, 0)
        if pot.raised != wanted:
            told = f"{_pot(pot.key)} has {_said(pot.raised, books)} of exchanges; {_said(wanted, books)} was collected."
            yield _found("pot", books, told)
    for key in collected:
        yield _found("pot", books, f"There is no {_pot(key)}, and an exchange has raised it.")


def _draws_in_order(books: Books, draw: MoveRow) -> Iterator[Finding]:
    payments = sum(one["amount"] for one in draw.draws if one["account"] == "payment")
    goods = sum(one["amount"] for one in draw.draws if one["account"] != "payment")
    wanted = draw.amount if draw.account == "refund" else 0
    if payments != wanted or goods > wanted:
        told = f"{draw.key} is {_said(wanted, books)}, draws {_said(payments, books)} of payments"
        yield _found("move", books, f"{told} and {_said(goods, books)} of goods and postage.", draw.case_no)


def _pots_as_moved(books: Books, moved: Moved) -> Iterator[Finding]:
    """Each pot has in flight, refunded, withheld and out what the moves say, and no move names a pot that is none."""
    sums = _sums(moved)
    for pot in books.pots:
        kept = (pot.in_flight, pot.refunded, pot.withheld, pot.units_out)
        drawn = tuple(sums.pop(pot.key, _NONE))
        if kept != drawn:
            told = f"{_pot(pot.key)} has {_four(kept, books)}; the moves say {_four(drawn, books)}."
            yield _found("pot", books, told)
    for key in sums:
        yield _found("pot", books, f"There is no {_pot(key)}, and money was drawn from it.")


_NONE = (0, 0, 0, 0)


def _sums(moved: Moved) -> dict[PotKey, list[int]]:
    """In flight, refunded, withheld and units out of each pot, by the moves."""
    sums: dict[PotKey, list[int]] = {}
    for kinds in moved.values():
        draw = kinds.get("draw")
        if draw is None or "release" in kinds or "bounce" in kinds:
            continue
        settled = "settle" in kinds
        for one in draw.draws:
            four = sums.setdefault(_key(one), [0, 0, 0, 0])
            four[settled] += one["amount"]
            four[2] += one.get("withheld") or 0
            four[3] += one.get("units") or 0
    return sums


def _key(draw: Mapping[str, Any]) -> PotKey:
    account = draw["account"]
    if account == "unit":
        return "unit", draw["line_no"], draw["rank"]
    return account, draw["shipment_no" if account == "postage" else "payment_no"], 0


# ── payouts ───────────────────────────────────────────────────────────────────────────────────────

_ENDS = {"done": {"settle"}, "cancelled": {"release"}, "bounced": {"settle", "bounce"}}


def _payouts_as_moved(books: Books, moved: Moved) -> Iterator[Finding]:
    """Every payout was drawn, for its purpose and amount, and ended as its state says; every draw has its payout."""
    rows = {payout.key: payout for payout in books.payouts}
    for payout in rows.values():
        kinds = moved.get(payout.key, {})
        draw = kinds.get("draw")
        if draw is None or (draw.amount, draw.account) != (payout.amount, payout.purpose):
            told = f"Payout {payout.key}: {_said(payout.amount, books)} {payout.purpose} was never drawn so."
            yield _found("payout", books, told, payout.case_no)
        elif kinds.keys() - {"draw"} != _ending(payout.state):
            told = f"Payout {payout.key} is '{payout.state}', its money is {_ended(kinds)}."
            yield _found("payout", books, told, payout.case_no)
    for key, kinds in moved.items():
        if key not in rows:
            case_no = next(iter(kinds.values())).case_no
            yield _found("payout", books, f"{key} was drawn, and there is no such payout.", case_no)


def _ending(state: str) -> set[str]:
    return _ENDS.get(state, set())


def _ended(kinds: Mapping[str, MoveRow]) -> str:
    return ", ".join(sorted(kinds.keys() - {"draw"})) or "in flight"


# ── the ledger ────────────────────────────────────────────────────────────────────────────────────


def _posted_as_paid(books: Books) -> Iterator[Finding]:
    """What reached customers by payouts is what was posted as that, payout by payout, in the order's currency."""
    posted: Counter[str] = Counter()
    purposes: dict[str, str] = {}
    for row in books.postings:
        if row.currency != books.currency:
            yield _found(
                "ledger", books, f"{row.key} is in {row.currency}, the order in {books.currency}.", row.case_no
            )
        if row.payout_id is not None:
            purposes[row.payout_id] = row.purpose
            posted[row.payout_id] += row.amount * ((row.debit == "customer") - (row.credit == "customer"))
    for payout in books.payouts:
        wanted = payout.amount if payout.state == "done" else 0
        found = posted.pop(payout.key, 0)
        if found != wanted or purposes.get(payout.key, posted_as(payout.purpose)) != posted_as(payout.purpose):
            paid = f"{_said(wanted, books)} {payout.purpose}"
            told = f"Payout {payout.key}: {paid} was paid, {_said(found, books)} is posted."
            yield _found("ledger", books, told, payout.case_no)
    for key, amount in posted.items():
        yield _found("ledger", books, f"{_said(amount, books)} is posted for {key}, which is no payout.")


# ── store credit (R2) ─────────────────────────────────────────────────────────────────────────────


def _credit_as_used(books: Books) -> Iterator[Finding]:
    """What an order's payments are in store credit is what they took of a balance."""
    used: Counter[str] = Counter()
    for entry in books.entries:
        if entry.what in ("used", "put_back"):
            used[entry.payment_no or ""] += entry.amount if entry.what == "used" else -entry.amount
    payments = (pot for pot in books.pots if pot.key[0] == "payment")
    paid = {str(pot.key[1]): pot.paid for pot in payments if pot.key[1] in books.paid_by_credit}
    for payment_no in used.keys() | paid.keys():
        wanted = paid.get(payment_no, 0)
        if used[payment_no] != wanted:
            told = f"Payment {payment_no} is {_said(wanted, books)} of store credit"
            yield _found("balance", books, f"{told}, {_said(used[payment_no], books)} was taken of a balance.")


def _credit_as_paid(books: Books) -> Iterator[Finding]:
    """What is credited was a payout to a balance, of that amount; and each such payout that is done was credited."""
    payouts = {payout.key: payout for payout in books.payouts}
    credited = {entry.key: entry for entry in books.entries if entry.what == "credited"}
    for key, entry in credited.items():
        payout = payouts.get(key)
        if payout is None or payout.state not in ("sent", "unknown", "done") or payout.amount != entry.amount:
            case_no = payout.case_no if payout else None
            told = f"{_said(entry.amount, books)} is credited for {key}, which was not paid so."
            yield _found("balance", books, told, case_no)
    for payout in books.payouts:
        if payout.state == "done" and _to_credit(payout, books) and payout.key not in credited:
            told = f"Payout {payout.key} went to a balance as {_said(payout.amount, books)}; no balance has it."
            yield _found("balance", books, told, payout.case_no)


def _to_credit(payout: PayoutRow, books: Books) -> bool:
    named = (payout.account or ORIGINAL).partition(" ")[0]
    return named == STORE_CREDIT or (named == ORIGINAL and payout.payment_no in books.paid_by_credit)


# ── cases ─────────────────────────────────────────────────────────────────────────────────────────


def _cases_as_paid(books: Books) -> Iterator[Finding]:
    if not (books.payouts or books.postings) and all(_untouched(case) for case in books.cases):
        return
    rows: dict[str, dict[str, PayoutRow]] = defaultdict(dict)
    for payout in books.payouts:
        rows[payout.case_no][payout.key] = payout
    for case in books.cases:
        yield from _payouts_as_told(books, case, rows[case.case_no])
        yield from _sums_as_paid(books, case, rows[case.case_no])
        yield from _within_limits(books, case, rows[case.case_no])
        yield from _posted_as_told(books, case)
        yield from _deposit_as_told(books, case, rows[case.case_no])
        yield from _charged_back_as_told(books, case)


def _untouched(case: CaseRow) -> bool:
    return not (case.payouts or case.claims or any(case.money.get(name, 0) for name in _SUMS))


def _told(books: Books, payout: tuple[str, int, str] | None) -> str:
    """A payout in words: what for, how much, how far."""
    if payout is None:
        return "nothing"
    purpose, amount, state = payout
    return f"{_said(amount, books)} of {purpose}, {state}"


_SUMS = ("refund", "freight", "goodwill", "paid", "received", "deposit_taken", "deposit_kept")


def _payouts_as_told(books: Books, case: CaseRow, rows: Mapping[str, PayoutRow]) -> Iterator[Finding]:
    told = {one["key"]: (one["purpose"], one["amount"], one["state"]) for one in case.payouts}
    kept = {row.key: (row.purpose, row.amount, row.state) for row in rows.values()}
    for key in told.keys() | kept.keys():
        ours, theirs = told.get(key), kept.get(key)
        known = [one for one in (ours, theirs) if one is not None]
        if ours != theirs and not (len(known) == 1 and known[0][2] == "cancelled"):
            words = f"Payout {key}: the case says {_told(books, ours)}, the register {_told(books, theirs)}."
            yield _found("case", books, words, case.case_no)


def _sums_as_paid(books: Books, case: CaseRow, rows: Mapping[str, PayoutRow]) -> Iterator[Finding]:
    sums: Counter[str] = Counter()
    for row in rows.values():
        sums[row.purpose] += row.amount * (row.state not in UNDONE)
        sums["paid"] += row.amount * (row.state == "done")
    for name in ("refund", "freight", "goodwill", "deposit", "overpayment", "paid"):
        told = case.money.get(name, 0)
        if told != sums[name]:
            words = f"The case says {_said(told, books)} {name}, its payouts {_said(sums[name], books)}."
            yield _found("case", books, words, case.case_no)


def _within_limits(books: Books, case: CaseRow, rows: Mapping[str, PayoutRow]) -> Iterator[Finding]:
    """F11, F23: freight and what is waived of it never exceed what the customer advanced or paid in our stead.

    Compensation is apart from both: it is what was granted as such, and no more (F26).
    """
    second = case.second_order or {}
    advanced = case.advanced_freight + (second.get("postage", 0) if second.get("anew") else 0)
    open_or_paid = [row for row in rows.values() if row.state not in UNDONE]
    compensating = {one["key"] for one in case.payouts if one.get("compensates")}
    given = sum(row.amount for row in open_or_paid if row.purpose == "freight" or _waived(row, compensating))
    if given > advanced:
        words = (
            f"{_said(given, books)} of freight is reimbursed or waived, {_said(advanced, books)} was advanced (F11)."
        )
        yield _found("limit", books, words, case.case_no)
    compensated = sum(row.amount for row in open_or_paid if row.key in compensating)
    granted = case.money.get("compensation", 0)
    if compensated != granted:
        words = f"{_said(granted, books)} of compensation was granted, {_said(compensated, books)} is paid out (F26)."
        yield _found("limit", books, words, case.case_no)


def _waived(row: PayoutRow, compensating: set[str]) -> bool:
    return row.purpose == "goodwill" and row.key not in compensating


def _posted_as_told(books: Books, case: CaseRow) -> Iterator[Finding]:
    """What came in, and what couriers and suppliers still owe, is posted as the case says."""
    received = claims = 0
    for row in books.postings:
        if row.case_no == case.case_no and row.purpose == "received":
            received += row.amount if row.debit == "shop" else -row.amount
        elif row.case_no == case.case_no and row.purpose == "claim":
            owing = ("courier", "supplier")
            claims += row.amount * ((row.debit in owing) - (row.credit in owing))
    told = case.money.get("received", 0) - _given_back(case)
    if told > received:  # a case that began again has forgotten what came in before
        words = f"The case says {_said(told, books)} came in, the ledger {_said(received, books)}."
        yield _found("case", books, words, case.case_no)
    outstanding = sum(_outstanding(claim) for claim in case.claims)
    if outstanding != claims:
        words = f"Claims of {_said(outstanding, books)} are open, {_said(claims, books)} is posted."
        yield _found("case", books, words, case.case_no)


def _charged_back_as_told(books: Books, case: CaseRow) -> Iterator[Finding]:
    """T21: what was taken from us a second time, and has not come back, is posted as the case says."""
    rows = (row for row in books.postings if row.case_no == case.case_no and row.purpose == "chargeback")
    posted = sum(row.amount * ((row.debit == "customer") - (row.credit == "customer")) for row in rows)
    money = case.money
    told = money.get("charged_back", 0) - money.get("recovered", 0) - money.get("given_up", 0)
    if posted != told:
        words = f"{_said(told, books)} were charged back and are owed, {_said(posted, books)} is posted (T21)."
        yield _found("case", books, words, case.case_no)


def _given_back(case: CaseRow) -> int:
    """What of the money that came in was given back, and is so posted."""
    return sum(one["amount"] for one in case.payouts if one["purpose"] == "overpayment" and one["state"] == "done")


def _deposit_as_told(books: Books, case: CaseRow, rows: Mapping[str, PayoutRow]) -> Iterator[Finding]:
    """G5: what was taken of a deposit is kept, given back, or still held as his; never given back beyond itself."""
    money = case.money
    taken, kept = money.get("deposit_taken", 0), money.get("deposit_kept", 0)
    back = sum(row.amount for row in rows.values() if row.purpose == "deposit" and row.state == "done")
    posted = sum(
        row.amount * ((row.debit == "shop") - (row.credit == "shop"))
        for row in books.postings
        if row.case_no == case.case_no and row.purpose == "deposit"
    )
    if posted != taken - kept - back:
        words = f"A deposit of {_said(taken - kept - back, books)} is held, {_said(posted, books)} is posted (G5)."
        yield _found("case", books, words, case.case_no)
    if money.get("deposit", 0) > taken - kept:
        words = f"{_said(money['deposit'], books)} of a deposit goes back, of {_said(taken - kept, books)} (G5)."
        yield _found("limit", books, words, case.case_no)


def _outstanding(claim: Mapping[str, Any]) -> int:
    if claim["state"] not in ("claimed", "accepted"):
        return 0
    accepted = claim.get("accepted")
    return int(claim["amount"] if accepted is None else accepted) - int(claim.get("paid") or 0)


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


def _found(sort: Sort, books: Books, detail: str, case_no: str | None = None) -> Finding:
    return Finding(sort=sort, order_no=books.order_no, case_no=case_no, detail=detail)


def _said(amount: int, books: Books) -> str:
    return to_text(amount, books.currency) if books.currency else str(amount)


def _pot(key: PotKey) -> str:
    account, name, rank = key
    if account == "unit":
        return f"line {name}, share {rank}"
    return f"payment {name}" if account == "payment" else f"postage {name}"


def _four(sums: Sequence[int], books: Books) -> str:
    in_flight, refunded, withheld = (_said(amount, books) for amount in sums[:3])
    return f"{in_flight} in flight, {refunded} refunded, {withheld} withheld, {sums[3]} units out"
