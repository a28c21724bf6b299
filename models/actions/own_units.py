"""What a case has given for its own units, which bounds what it can still give for them (F18)."""

from collections import Counter
from collections.abc import Iterable

from models.accounting.settlement import Settlement
from models.case import UNDONE, Case, Line
from models.errors import RuleRefused
from models.pots import Draw, Pots


def not_twice(case: Case, plan: Settlement) -> None:
    """F18: no unit of the case is refunded twice, also where the order has more of its kind. Raises RuleRefused."""
    held = {line.line_no: line.quantity for line in case.lines}
    wanted = Counter[int | None]()
    for one in plan.draws:
        wanted[one.line_no] += one.units
    for one in _given(case):
        wanted[one.line_no] += one.units if wanted[one.line_no] else 0
    for line_no, units in wanted.items():
        if line_no is not None and units > held.get(line_no, 0):
            raise RuleRefused(f"This case has refunded line {line_no} already; the order's other units are not in it.")


def ceilings(case: Case, pots: Pots) -> tuple[tuple[int, int], ...]:
    """For each line of the case, what it can still give: what its own units cost, less all it gave for them (F18).

    Without it, money given for goods that stay (K4, G6) would be given once more with their refund, out of the pot
    that all units of a line share.
    """
    given, more = _given(case), Counter(dict(raised(case)))
    return tuple(
        (line.line_no, _left(pots, line, [one for one in given if one.line_no == line.line_no], more[line.line_no]))
        for line in case.lines
    )


def _given(case: Case) -> list[Draw]:
    return [one for payout in case.payouts if payout.state not in UNDONE for one in payout.draws]


def _left(pots: Pots, line: Line, given: Iterable[Draw], more: int) -> int:
    """The price of the case's units of a line – those refunded, then the next ones – less what was given for them."""
    rows = {pot.rank: pot for pot in pots.of_line(line.line_no)}
    cost, coming, others = more, line.quantity, -more
    for one in given:
        pot = rows[one.rank or 0]
        cost += one.units * (pot.goods + pot.tax) - one.amount - one.withheld
        coming -= one.units
    for pot in rows.values():
        units = min(max(0, coming), pot.units_left)
        cost, coming = cost + units * (pot.goods + pot.tax), coming - units
        others += pot.raised if units and units == pot.units_left else 0  # with the last units all of it goes back (G6)
    return max(0, cost + max(0, others))


def raised(case: Case) -> tuple[tuple[int, int], ...]:
    """What the case collected for dearer goods on top of the price of its units, by line (G6)."""
    sums = Counter[int]()
    for one in case.raised:
        sums[one.line_no or 0] += one.amount if one.account == "unit" else 0
    return tuple(sorted(sums.items()))
