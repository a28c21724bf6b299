"""All cases: searched, filtered, sorted; views that are kept; the list as a spreadsheet."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.responses import Response, StreamingResponse

from api.lookup import CaseFilters
from api.people import saved_views
from api.routes.answers import csv_line
from console import labels, people
from console.language import N_
from console.visit import Here, Visit
from models.errors import Invalid, NotFound
from models.lifecycle import Stage, State

router = APIRouter()
PAGE: Final = 50
#: Rows that are read at once for a spreadsheet.
BATCH: Final = 200
PAGE_NAME: Final = "cases"
WHICH: Final = {"open": N_("open"), "all": N_("all"), "closed": N_("closed")}
MARKS: Final = {
    "overdue": N_("overdue"),
    "stuck": N_("stuck"),
    "escalated": N_("escalated"),
    "snoozed": N_("snoozed"),
    "nobody": N_("nobody's"),
}
#: What each mark asks for.
MARKED: Final[Mapping[str, dict[str, Any]]] = {
    "overdue": {"overdue": True},
    "stuck": {"stuck": True},
    "escalated": {"escalation": 1},
    "snoozed": {"snoozed": True},
    "nobody": {"stuck": "no_owner"},
}
SORTS: Final = {
    "due_at": N_("nearest deadline first"),
    "-opened_at": N_("newest first"),
    "opened_at": N_("oldest first"),
    "priority": N_("most urgent first"),
}
COLUMNS: Final = (
    *("case_no", "order_no", "kind", "state", "stage", "waiting_for", "wanted", "remedy", "owner", "priority"),
    *("severity", "escalation", "due_at", "opened_at", "closed_at", "at_stake", "currency"),
)


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to, as it stands in the address; what nobody could mean is left out."""

    q: str = ""
    which: str = ""  # nothing said: the open ones, and whoever looks for something looks among all
    state: tuple[str, ...] = ()
    stage: str = ""
    kind: str = ""
    owner: str = ""
    turn: str = ""
    mark: str = ""
    sort: str = "due_at"

    def query(self, **other: Any) -> dict[str, Any]:
        """The same as a query, with some of it changed; what is usual is left out."""
        usual = Wanted()
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in {**told, **other}.items() if value != getattr(usual, name, None)}

    @property
    def among(self) -> str:
        """Among which cases it looks."""
        return self.which or ("all" if self.q else "open")

    @property
    def filters(self) -> CaseFilters:
        """As the desk wants it."""
        found: dict[str, Any] = {"state": self.state, "q": self.q or None}
        found |= {name: (value,) for name in ("stage", "kind", "owner") if (value := getattr(self, name))}
        found |= {"waiting_for": (self.turn,)} if self.turn else {}
        found |= {} if self.among == "all" else {"open": self.among == "open"}
        return CaseFilters.model_validate(found | MARKED.get(self.mark, {}))

    @property
    def narrows(self) -> bool:
        """Whether anything but the order was chosen."""
        return bool(self.query(sort="due_at"))


def wanted_of(asked: QueryParams | Mapping[str, str]) -> Wanted:
    """What an address asks for."""
    states = asked.getlist("state") if isinstance(asked, QueryParams) else []

    def one_of(name: str, known: Any, usual: str = "") -> str:
        value = asked.get(name, "")
        return value if value in known else usual

    return Wanted(
        q=asked.get("q", "").strip()[:200],
        which=one_of("which", WHICH),
        state=tuple(dict.fromkeys(state for state in states if state in set(State))),
        stage=one_of("stage", set(Stage)),
        kind=asked.get("kind", "").strip()[:100],
        owner=asked.get("owner", "").strip()[:200],
        turn=one_of("turn", labels.TURNS),
        mark=one_of("mark", MARKS),
        sort=one_of("sort", SORTS, "due_at"),
    )


@router.get("/cases", name="cases")
async def cases(here: Here) -> Response:
    """A page of cases; a search for the number of one case leads to it at once."""
    wanted = wanted_of(here.request.query_params)
    straight = await _straight(here, wanted)
    return straight or await _listed(here, wanted)


async def _straight(here: Visit, wanted: Wanted) -> Response | None:
    if not wanted.q or wanted != Wanted(q=wanted.q):
        return None
    try:
        found = await here.desk.case_number(wanted.q)
    except NotFound:
        return None
    return here.go(here.url("case", case_no=found))


async def _listed(here: Visit, wanted: Wanted, code: int = 200, **more: Any) -> Response:
    cursor = here.request.query_params.get("cursor")
    found = await here.desk.cases(wanted.filters, wanted.sort, cursor, PAGE)  # type: ignore[arg-type]
    names = await people.names(here)
    kinds = {kind: here.tongue.of(book.names.model_dump()) for kind, book in here.desk.playbook_set.kinds.items()}
    say = here.tongue.say
    values = {
        "wanted": wanted,
        "found": found,
        "kinds": kinds,
        "cursor": cursor,
        "following": found["next_cursor"] and here.url("cases", wanted.query(cursor=found["next_cursor"])),
        "views": await saved_views.seen_by(here.desk, here.me.id, PAGE_NAME),
        "here_query": urlencode(wanted.query(), doseq=True),
        "labels": labels,
        "names": names,
        "which_options": _which(here, wanted),
        "owner_options": _owners(here, wanted, names),
        "turn_options": [(name, say(told)) for name, told in labels.TURNS.items()],
        "mark_options": [(name, say(told)) for name, told in MARKS.items()],
        "sort_options": [(name, say(told)) for name, told in SORTS.items()],
        "state_options": [(name, say(told)) for name, told in labels.STATES.items()],
        "errors": {},
        "typed": {},
        **more,
    }
    return here.page("cases_list/page.html", part="cases_list/_list.html", code=code, **values)


def _which(here: Visit, wanted: Wanted) -> list[tuple[str, str]]:
    """Among which cases; before somebody searches `open` is nothing said, so that a search looks among all."""
    said = (
        {**WHICH} if wanted.q else {"": WHICH["open"], **{name: told for name, told in WHICH.items() if name != "open"}}
    )
    return [(name, here.tongue.say(told)) for name, told in said.items()]


def _owners(here: Visit, wanted: Wanted, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Whose cases: one's own first, then colleagues by name; also whoever is meant by an old address."""
    others = {**({wanted.owner: wanted.owner} if wanted.owner else {}), **names}
    others.pop(here.me.id, None)
    return [(here.me.id, here.tongue.say("mine")), *sorted(others.items(), key=lambda one: one[1])]


@router.get("/cases.csv", name="cases_csv")
async def cases_csv(here: Here) -> Response:
    """The whole list, as it is filtered, for a spreadsheet; names of customers are not in it."""
    wanted = wanted_of(here.request.query_params)
    name = f"cases-{here.now:%Y-%m-%d}.csv"
    headings = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_rows(here, wanted), media_type="text/csv; charset=utf-8", headers=headings)


async def _rows(here: Visit, wanted: Wanted) -> AsyncIterator[str]:
    yield "\ufeff" + csv_line(COLUMNS)  # without the mark a Chinese Excel reads the file as GBK
    cursor: str | None = None
    while True:
        found = await here.desk.cases(wanted.filters, wanted.sort, cursor, BATCH)  # type: ignore[arg-type]
        for one in found["items"]:
            stake = one["at_stake"] or {}
            flat = {**one, "at_stake": stake.get("amount"), "currency": stake.get("currency")}
            yield csv_line([flat.get(column) for column in COLUMNS])
        cursor = found["next_cursor"]
        if cursor is None:
            return


# ── views that are kept ───────────────────────────────────────────────────────────────────────────


@router.post("/cases/views", name="save_view")
async def save_view(here: Here) -> Response:
    """Keep what the list is narrowed to under a name."""
    form = await here.form()
    query = urlencode(wanted_of(here.request.query_params).query(), doseq=True)
    shared = form.text("shared") == "on" and here.may("stuck")  # who leads, shares
    try:
        await saved_views.save(here.desk, here.me.id, PAGE_NAME, form.text("name"), query, shared)
    except Invalid:
        told = here.tongue.say("Give the view a name of at most 60 letters.")
        wanted = wanted_of(here.request.query_params)
        return await _listed(here, wanted, 422, errors={"name": told}, typed=form.keep())
    return here.go(
        here.url("cases", wanted_of(here.request.query_params).query()), here.tongue.say("The view is kept.")
    )


@router.post("/cases/views/{view_id}/forget", name="forget_view")
async def forget_view(here: Here, view_id: str) -> Response:
    """Take a view of one's own away."""
    gone = await saved_views.forget(here.desk, here.me.id, view_id)
    told = here.tongue.say("The view is gone.") if gone else here.tongue.say("You have no such view.")
    return here.go(here.url("cases"), told)
