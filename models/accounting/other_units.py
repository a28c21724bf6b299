"""Who loses a race for units of a line draws others of it, where what was shown stays to the cent (F18, F20).

Units of a line that were paid alike are as good as each other, though the cent of tax inside them may differ; money
without units may come from any unit of its line (K4). Whatever would change an amount is refused, and chosen again.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from models.case import Case
from models.errors import PotExceeded
from models.pots import Draw, Pots, UnitPot, amount_draws, draw

#: Of a line's units that were asked for in vain, the ones that were drawn instead: (line, rank) to rank.
Moved = dict[tuple[int | None, int | None], int]


def draw_alike(pots: Pots, draws: Iterable[Draw], moved: Moved) -> tuple[Pots, tuple[Draw, ...]]:
    """The pots after these draws, and the draws as they could be made; raises PotExceeded like ``draw``, all or none.

    ``moved`` remembers what was drawn instead, for refunds whose units are paid back by several payments (F17).
    """
    asked = tuple(draws)
    if not moved:  # nobody was faster, as nearly always
        with suppress(PotExceeded):
            return draw(pots, asked), asked
    lines, taken = _by_line(pots), list[Draw]()
    for one in asked:
        if one.account == "unit":
            line = lines.get(one.line_no or 0, Pots(currency=pots.currency))
            parts = _possible(line, one, moved)
            lines[one.line_no or 0] = draw(line, parts)
            taken += parts
        else:
            taken.append(one)
    return draw(pots, taken), tuple(taken)


def _by_line(pots: Pots) -> dict[int, Pots]:
    """The units of each line, as pots of their own."""
    rows: dict[int, list[UnitPot]] = {}
    for pot in pots.units:
        rows.setdefault(pot.line_no, []).append(pot)
    return {line_no: Pots(currency=pots.currency, units=tuple(units)) for line_no, units in rows.items()}


def drawn_elsewhere(case: Case, draws: Mapping[str, tuple[Draw, ...]], pots: Pots | None) -> Case:
    """The case once these of its payouts were drawn of other units: its next version, of which nothing else changes."""
    payouts = tuple(one.model_copy(update={"draws": draws.get(one.key, one.draws)}) for one in case.payouts)
    order = case.order and case.order.model_copy(update={"pots": pots or case.order.pots})
    return case.model_copy(update={"payouts": payouts, "order": order, "version": case.version + 1})


def _possible(pots: Pots, one: Draw, moved: Moved) -> tuple[Draw, ...]:
    if not one.units and (one.line_no, one.rank) in moved:
        return (replace(one, rank=moved[one.line_no, one.rank]),)
    try:
        draw(pots, (one,))
    except PotExceeded:
        parts = _alike(pots, one) if one.units else _of_the_line(pots, one)
        if not parts:
            raise
        if one.units:
            moved[one.line_no, one.rank] = parts[-1].rank or 0
        return parts
    return (one,)


def _of_the_line(pots: Pots, one: Draw) -> tuple[Draw, ...]:
    return () if one.withheld else amount_draws(pots, one.line_no or 0, one.amount)


def _alike(pots: Pots, one: Draw) -> tuple[Draw, ...]:
    """So many free units that cost the same and of which nothing was given; none where their amount would differ."""
    rows = pots.of_line(one.line_no or 0)
    was = next(pot for pot in rows if pot.rank == one.rank)
    price, units = _price(was), one.units
    if one.withheld < 0 or one.amount + one.withheld > units * price or _gives_the_rest(rows, units, price):
        return ()
    free = [pot for pot in rows if pot.units_left and _price(pot) == price and pot.left == pot.units_left * price]
    free.sort(key=lambda pot: (pot.tax != was.tax, pot.rank))
    if one.amount < units * price:  # a part of them, or less a reduction: not to be torn further
        return tuple(replace(one, rank=pot.rank) for pot in free if pot.units_left >= units)[:1]
    parts: list[Draw] = []
    for pot in free:
        some = min(units, pot.units_left)
        units -= some
        if some:
            parts.append(replace(one, rank=pot.rank, units=some, amount=some * price))
    return () if units else tuple(parts)


def _gives_the_rest(rows: Iterable[UnitPot], units: int, price: int) -> bool:
    """Whether these would be the line's last units, with which all that is left goes back: more than was shown."""
    every = tuple(rows)
    return sum(pot.units_left for pot in every) == units and sum(pot.left for pot in every) > units * price


def _price(pot: UnitPot) -> int:
    return pot.goods + pot.tax
