"""Two cases that lend the same device in the same moment: one has it, the other never had (G8)."""

from datetime import datetime

from models.case import Case
from models.draft import Draft
from models.effects import Decision
from models.events import SYSTEM, Fact
from models.stock.places import StockMove


def lent_elsewhere(case: Case, serial: str, other: str, now: datetime) -> Decision:
    """The case without a loaner that another case has; its owner is told to choose another device."""
    if serial not in case.loaners:
        return Decision(case=case, repeated=True)
    draft = Draft(case, SYSTEM, now)
    draft.set(loaners=tuple(one for one in case.loaners if one != serial))
    draft.set(stock=tuple(one for one in case.stock if (one.what, one.serial) != ("loaner", serial)))
    told = f"Loaner {serial} is out in case {other}: record its return there first (return_loaner), or lend another."
    draft.record(Fact.LOANER_ELSEWHERE, told, {"serial": serial, "case_no": other})
    draft.tell("owner", told)
    return draft.done()


def without_lending(case: Case, serial: str, moves: tuple[StockMove, ...]) -> tuple[StockMove, ...]:
    """The moves of a case's decision without the one by which this loaner would have left the shelf."""
    lent = next((one for one in case.stock if (one.what, one.serial) == ("loaner", serial)), None)
    at = next((at for at, move in enumerate(moves) if lent and _lends(move, lent.sku)), None)
    return moves if at is None else (*moves[:at], *moves[at + 1 :])


def _lends(move: StockMove, sku: str) -> bool:
    return move.why == "lent" and move.items == ((sku, 1),)
