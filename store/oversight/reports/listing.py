"""The entries behind a number: those of the sources, and those of numbers that are not counted in SQL (T13)."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.oversight.reports import Cell, no_cell
from models.tables import case_facts
from store.cursors import after_key, encode
from store.oversight.reports import sources
from store.oversight.reports.made import Asked
from store.oversight.reports.parts import Look
from store.oversight.reports.sampling import sampled
from store.oversight.reports.sources import SHOWN, Entries, Entry
from store.oversight.reports.uneven import uneven

_BEFORE, _UNEVEN, _SAMPLE = "before", "uneven", "sample"


def of_cell(session: Session, cell: Cell, asked: Asked, cursor: str | None = None, limit: int = 50) -> Entries:
    """The entries that a number of a report counts, page by page. Raises Invalid for a cell that there is not."""
    look = Look(session, asked.period, asked.rules, asked.now)
    if cell.source == _BEFORE:
        earlier = asked.period.before(asked.rules.repeated.looks_back_days)
        return sources.of_cell(session, Cell("opened_products", cell.narrowed), earlier, cursor, limit)
    if cell.source == _UNEVEN:
        _only(cell, ("which", "age"))
        found = (one for one in uneven(session, asked.period, asked.now) if _fits(one._asdict(), cell))
        return _numbered(session, _UNEVEN, {one.case_no for one in found}, cursor, limit)
    if cell.source == _SAMPLE:
        _only(cell, ("kind",))
        return _numbered(session, _SAMPLE, sampled(look, cell.narrowed.get("kind")), cursor, limit)
    return sources.of_cell(session, cell, asked.period, cursor, limit)


def _only(cell: Cell, names: tuple[str, ...]) -> None:
    unknown = [name for name in cell.narrowed if name not in names]
    if unknown:
        raise no_cell(f"'{unknown[0][:40]}' is nothing that these are told apart by; {', '.join(names)} are.")


def _fits(one: dict[str, object], cell: Cell) -> bool:
    return all(one[name] == value for name, value in cell.narrowed.items())


def _numbered(session: Session, name: str, numbers: Iterable[str], cursor: str | None, limit: int) -> Entries:
    """A page of cases that are known by their numbers."""
    every = sorted(numbers)
    last = after_key(cursor, f"cell {name}", case_facts.c.case_no) if cursor is not None else ""
    page = [number for number in every if number > last][: limit + 1]
    shown = select(*SHOWN).where(case_facts.c.case_no.in_(page[:limit])).order_by(case_facts.c.case_no)
    items = tuple(Entry(**row) for row in session.execute(shown).mappings())
    following = encode(f"cell {name}", (page[limit - 1],)) if len(page) > limit else None
    return Entries(items=items, next_cursor=following, total=len(every))
