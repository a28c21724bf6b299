"""What is true of a case right now, as the facts that a playbook's steps ask about (`models.procedure.steps.FACTS`)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from models.actions.goods_found import needs_check
from models.actions.own_units import ceilings
from models.actions.planning import choices_of, liable, repaired_enough, worth_return
from models.case import UNDONE, Case
from models.errors import AftercareError
from models.playbook import Playbook
from models.procedure.law import seller_proves

Read = Callable[["Situation"], str | tuple[str, ...] | None]


class Situation(Mapping[str, frozenset[str]]):
    """The facts of one case at one moment; each is read when it is asked for, once."""

    def __init__(self, case: Case, playbook: Playbook, now: datetime) -> None:
        self.case = case
        self.playbook = playbook
        self.now = now
        self._known: dict[str, frozenset[str]] = {}

    def __getitem__(self, name: str) -> frozenset[str]:
        known = self._known.get(name)
        if known is None:
            value = READ[name](self)
            known = frozenset(value) if isinstance(value, tuple) else frozenset((value or "none",))
            self._known[name] = known
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(READ)

    def __len__(self) -> int:
        return len(READ)

    @property
    def missing_evidence(self) -> tuple[str, ...]:
        """The keys of the playbook's evidence that the customer has not given yet."""
        return missing_evidence(self.case, self.playbook)


def missing_evidence(case: Case, playbook: Playbook) -> tuple[str, ...]:
    """What is still missing: photos that came without a word what they show count for the first photos wanted."""
    wanted = [evidence.key for evidence in playbook.evidence if evidence.key not in case.evidence_keys]
    unnamed = max(0, len(case.evidence) - len(case.evidence_keys))
    pictures = [key for key in wanted if key.startswith(("photo", "video"))]
    shown = pictures[:unnamed]
    return tuple(key for key in wanted if key not in shown and not (case.told and key not in pictures))


def _yes(holds: object) -> str:
    return "yes" if holds else "no"


def _next_check(s: Situation) -> str | None:
    return next((check for check in s.case.procedure.checks if check not in s.case.checked), None)


def _legal(s: Situation) -> tuple[str, ...]:
    return choices_of(s.case, s.now) or ("none",)


def _offer(s: Situation) -> str | tuple[str, ...]:
    """An accepted offer can be the last of its rounds, and then no other can follow it (K3)."""
    exhausted = s.case.rounds >= s.case.procedure.keep_it.rounds
    if s.case.agreed is not None:
        return ("accepted", "exhausted") if exhausted else "accepted"
    return "exhausted" if exhausted else "declined" if s.case.rounds else "none"


def _first(values: Iterator[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _liable(s: Situation) -> str:
    try:
        party, _ = liable(s.case, s.case.lines)
    except AftercareError:  # lines of different parties: each is settled by its own
        return s.case.procedure.party_liable
    return "customer" if party == "none_found" else party


def _no_reason(s: Situation) -> bool:
    """Whether it was asked for within the law's days without a reason; notice in time is enough (G4, section 13)."""
    order, days = s.case.order, s.case.procedure.law.no_reason_days
    if order is None or order.received_on is None or days is None:
        return False
    asked = s.case.opened_at.astimezone(ZoneInfo(order.timezone)).date()
    return (asked - order.received_on).days <= days


def _seller_proves(s: Situation) -> bool:
    order, law = s.case.order, s.case.procedure.law
    if order is None:
        return False
    today = s.now.astimezone(ZoneInfo(order.timezone)).date()
    return any(seller_proves(law, order.received_on, today, line.category) for line in s.case.lines)


def _warranty(s: Situation) -> str:
    return "unknown" if s.case.in_warranty is None else "in" if s.case.in_warranty else "out"


def _dispatch(s: Situation) -> str:
    leaves = s.case.order.leaves_by if s.case.order else None
    return "not_yet" if leaves is not None and s.now <= leaves else "due"


def _visit(s: Situation) -> str:
    visit = s.case.visit
    if visit is None or (visit.at is None and visit.technician is None):
        return "none"
    return "arrived" if visit.arrived else "dispatched" if visit.technician else "appointed"


def _calls(s: Situation) -> str:
    allowed = s.case.procedure.calls
    return "used" if allowed is not None and s.case.calls >= allowed else "left"


def _refundable(s: Situation) -> bool:
    """Whether a refund of the case can still give anything: what it has refunded once, it refunds no more (F18)."""
    order = s.case.order
    held = {line.line_no for line in s.case.lines}
    draws = (one for payout in s.case.payouts if payout.state not in UNDONE for one in payout.draws)
    if order is None or any(one.units and one.line_no in held for one in draws):
        return False
    return any(pot.left for pot in order.pots.units if pot.line_no in held) and any(
        most for _, most in ceilings(s.case, order.pots)
    )


def _claim(s: Situation) -> str | None:
    if not s.case.claims:
        return None
    return "open" if any(claim.state in ("claimed", "accepted") for claim in s.case.claims) else "settled"


def _account(s: Situation) -> str:
    if s.case.account_missing:
        return "missing"
    return "unconfirmed" if any(p.unconfirmed and p.state == "approved" for p in s.case.payouts) else "known"


def _deposit(s: Situation) -> str | None:
    advance = s.case.advance
    if advance is None:
        return None
    if advance.settled:
        return "capture" if advance.to_capture else "settled"
    if advance.kept or advance.to_capture:
        return "kept"
    return "in" if advance.sent or advance.secured >= advance.deposit else "owed"


def _differs(s: Situation) -> bool:
    """Units that did not come are asked about in a case of their own, and hold up nobody else's (G3)."""
    return any(one.what != "missing" or not s.case.inspected for one in s.case.differences)


def _replacement(s: Situation) -> str:
    if not needs_check(s.case) or s.case.replacement_checked:
        return "ready"
    return "unchecked" if s.case.replacement_checked is None else "failed"


#: How each fact is read.
READ: dict[str, Read] = {
    "subcategory": lambda s: s.case.procedure.subcategory,
    "channel": lambda s: s.case.order.channel if s.case.order else s.case.channel,
    "country": lambda s: s.case.order.country if s.case.order else None,
    "wanted": lambda s: s.case.wanted or "nothing",
    "finding": lambda s: s.case.finding,
    "next_check": _next_check,
    "evidence": lambda s: "missing" if s.missing_evidence else "complete",
    "eligible": lambda s: "yes" if s.case.override or s.case.eligible is None else s.case.eligible.answer,
    "order": lambda s: _yes(s.case.order),
    "announced": lambda s: _yes(s.case.announced),
    "paid": lambda s: _yes(s.case.order is None or s.case.order.paid),
    "parcel": lambda s: s.case.order.parcel if s.case.order else None,
    "dispatch": _dispatch,
    "severity": lambda s: s.case.severity,
    "contained": lambda s: _yes(s.case.contained),
    "goods": lambda s: s.case.goods,
    "worth_return": lambda s: _yes(worth_return(s.case)),
    "verdict": lambda s: _first(line.verdict for line in s.case.lines),
    "cause": lambda s: _first(line.cause for line in s.case.lines),
    "liable": _liable,
    "warranty": _warranty,
    "legal": _legal,
    "repairs": lambda s: "enough" if repaired_enough(s.case, s.now) else "few",
    "no_reason": lambda s: _yes(_no_reason(s)),
    "red_letter": lambda s: _yes(s.case.procedure.law.red_letter_invoice),
    "seller_proves": lambda s: _yes(_seller_proves(s)),
    "stock": lambda s: "out" if s.case.out_of_stock else "there",
    "offer": _offer,
    "agreed": lambda s: s.case.agreed.type if s.case.agreed else None,
    "remedy": lambda s: s.case.remedy or "nothing",
    "keep_its": lambda s: "many" if s.case.earlier.keep_its > s.case.procedure.keep_it.earlier else "few",
    "calls": _calls,
    "visit": _visit,
    "account": _account,
    "payment": lambda s: "notified" if s.case.payment_notified else None,
    "payout": lambda s: "open" if s.case.open_payouts else None,
    "refundable": lambda s: _yes(_refundable(s)),
    "claim": _claim,
    "deposit": _deposit,
    "overpaid": lambda s: _yes(s.case.overpaid),
    "asked": lambda s: _yes(s.case.evidence_asked),
    "contact": lambda s: "changed" if s.case.contact_changed else "same",
    "second_order": lambda s: _yes(s.case.second_order),
    "new_date": lambda s: "known" if s.case.found_until else None,
    "loaner": lambda s: "out" if s.case.loaners else None,
    "invoice": lambda s: "open" if s.case.invoice_open else None,
    "hold": lambda s: s.case.holds or None,
    "way_back": lambda s: s.case.way_back,
    "differs": lambda s: _yes(_differs(s)),
    "replacement": _replacement,
    "at_locker": lambda s: _yes(s.case.at_locker_since),
    "at_dock": lambda s: _yes(s.case.at_dock_since),
}
