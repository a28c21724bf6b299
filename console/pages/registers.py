"""The registers of section 11, to be looked through and taken along as a spreadsheet; what is personal is masked."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from api.accounting.finance import register_columns, register_page
from api.routes.answers import as_csv
from console import labels, people
from console.listing import cut
from console.pages.cases import kinds
from console.registers.words import HEADS, REGISTERS, STATES, said, several, sort_of
from console.visit import Here, Visit
from models.errors import NotFound

router = APIRouter()
PAGE: Final = 50


@router.get("/registers", name="registers")
async def registers(here: Here) -> Response:
    """All registers, with what stands in each."""
    return here.page("registers/page.html", registers=REGISTERS)


# Before the page itself, to which `refunds.csv` would be a name.
@router.get("/registers/{name}.csv", name="register_csv")
async def register_csv(here: Here, name: str, q: str = "", state: str = "") -> Response:
    """What the page shows, all of it, as a spreadsheet."""
    _known(name)
    return as_csv(_narrowed(await here.desk.register(name), q, state), name, register_columns(name))


@router.get("/registers/{name}", name="register")
async def register(here: Here, name: str, q: str = "", state: str = "", cursor: str | None = None) -> Response:
    """A register, page by page, narrowed to what mentions some words."""
    title, what = _known(name)
    rows, following, count = await _page(here, name, q, state, cursor)
    query = {"q": q, "state": state, "cursor": following}
    values: dict[str, Any] = {
        "name": name,
        "title": title,
        "what": what,
        "rows": rows,
        "count": count,
        "columns": [column for column in register_columns(name) if column != "currency"],
        "q": q,
        "state": state,
        "states": STATES.get(name, ()),
        "following": following and here.url("register", query, name=name),
        "labels": labels,
        "heads": HEADS,
        "sort_of": sort_of,
        "said": said,
        "several": partial(several, kinds={**_evidence(here), **kinds(here)}, tongue=here.tongue),
        "names": await people.names(here),
    }
    return here.page("registers/one.html", part="registers/_rows.html", **values)


async def _page(
    here: Visit, name: str, q: str, state: str, cursor: str | None
) -> tuple[Sequence[Mapping[str, Any]], str | None, int | None]:
    """A page, the cursor of the next, and how many rows there are; a long one is counted only where it is searched."""
    paged = None if q.strip() else await register_page(here.desk, name, state, cursor, PAGE)
    if paged is not None:
        return *paged, None
    narrowed = _narrowed(await here.desk.register(name), q, state)
    return *cut(narrowed, cursor, PAGE), len(narrowed)


def _evidence(here: Visit) -> dict[str, str]:
    """What claims are proved with, as it is called in this language."""
    terms = [one for kind in here.desk.playbook_set.kinds.values() for one in kind.procedure.claims.values()]
    wanted = [(*one.evidence, *(more for own in one.by_name.values() for more in own.evidence or ())) for one in terms]
    return {one.key: here.tongue.of(one.model_dump()) for listed in wanted for one in listed}


def _known(name: str) -> tuple[str, str]:
    found = REGISTERS.get(name)
    if found is None:
        raise NotFound(f"There is no register '{name}'.")
    return found


def _narrowed(rows: Sequence[Mapping[str, Any]], q: str, state: str) -> list[Mapping[str, Any]]:
    """The rows of a state that have these words in any cell; the newest last, as registers are kept."""
    wanted = q.strip().casefold()
    fitting = (row for row in rows if not state or row.get("state") == state)
    return [row for row in fitting if not wanted or any(wanted in _text(cell) for cell in row.values())]


def _text(cell: Any) -> str:
    return str(cell["amount"] if isinstance(cell, Mapping) and "amount" in cell else cell or "").casefold()
