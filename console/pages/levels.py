"""Service levels: which clocks were kept and missed in a month, and the register of the missed ones (T10, T13)."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import actor_of
from api.oversight import breaches as missed
from api.oversight import reporting
from api.routes.answers import as_csv
from console import labels, people
from console.language import N_
from console.pages.cases import kinds
from console.pages.reports import beside, span_of
from console.visit import Form, Here, Visit
from models.errors import AftercareError
from models.oversight.breaches import REASONS

router = APIRouter()
PAGE: Final = 50
WHY: Final = {
    "workload": N_("too much to do"),
    "nobody_on_duty": N_("nobody on duty"),
    "colleague": N_("waited for a colleague"),
    "warehouse": N_("waited for the warehouse"),
    "outside": N_("waited for a supplier or courier"),
    "customer": N_("the customer could not be reached"),
    "overlooked": N_("overlooked"),
    "system": N_("trouble with the system"),
    "other": N_("something else"),
}
UNSAID: Final = N_("nothing said yet")
CAUSES: Final = {"delay": N_("by delay"), "change": N_("by a change")}
#: By what the clocks of a month are told apart: section of the report → its title.
SECTIONS: Final = {
    "clocks": N_("By clock"),
    "clocks_by_kind": N_("By clock and kind"),
    "clocks_by_staff": N_("By clock and person"),
}


@router.get("/service-levels", name="service_levels")
async def service_levels(here: Here, month: str = "") -> Response:
    """How the clocks of a month were kept: each number leads to its list."""
    made = await reporting.report(here.desk, "clocks", span_of("clocks", month, ""), here.caller)
    last = beside(here, made, -1)
    earlier = await reporting.report(here.desk, "clocks", span_of("clocks", last, ""), here.caller)
    told = await missed.summary(here.desk, made["period"])
    parts, then = _parts(made), _parts(earlier)
    return here.page(
        "levels/page.html",
        **await _words(here),
        made=made,
        month=made["period"],
        last=last,
        then=_totals(then["clocks"]),
        then_of=_shares(then),
        before=here.url("service_levels", {"month": last}),
        after=_turn(here, made, 1) if made["complete"] else None,
        parts=parts,
        sections=SECTIONS,
        totals=_totals(parts["clocks"]),
        by_reason=told["by_reason"],
        still_late=told["still_late"],
        cell_of=lambda link: parse_qs(urlsplit(link).query)["cell"][0],
    )


def _parts(made: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {one["name"]: one["rows"] for one in made["sections"]}


def _shares(parts: Mapping[str, list[dict[str, Any]]]) -> Callable[[str, Mapping[str, str]], float | None]:
    """How much of something was kept, in percent: by section and what its row is about; None of nothing."""
    known = {
        (name, *row["of"].values()): row["values"]["on_time_share"] for name, rows in parts.items() for row in rows
    }
    return lambda name, of: known.get((name, *of.values()))


def _turn(here: Visit, made: Mapping[str, Any], way: int) -> str:
    """The page of the month before or after."""
    return here.url("service_levels", {"month": beside(here, made, way)})


def _totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All clocks together."""
    names = ("cycles", "on_time", "late_delay", "late_change")
    found: dict[str, Any] = {name: sum(row["values"][name] or 0 for row in rows) for name in names}
    found["missed"] = found["late_delay"] + found["late_change"]
    return {**found, "share": round(100 * found["on_time"] / found["cycles"], 1) if found["cycles"] else None}


async def _words(here: Visit) -> dict[str, Any]:
    say = here.tongue.say
    choices = [(one, say(told)) for one, told in WHY.items()]
    known = {"reasons": WHY, "unsaid": UNSAID, "unsaid_key": missed.UNSAID, "causes": CAUSES, "labels": labels}
    options = {
        "reason_choices": choices,
        "reason_options": [(missed.UNSAID, say(UNSAID)), *choices],
        "cause_options": [(one, say(told)) for one, told in CAUSES.items()],
        "clock_options": sorted(((one, say(told)) for one, told in labels.CLOCKS.items()), key=lambda one: one[1]),
    }
    return {**known, **options, "kinds": kinds(here), "names": await people.names(here)}


# ── the register ──────────────────────────────────────────────────────────────────────────────────


@router.get("/breaches", name="breaches")
async def breaches(here: Here, month: str = "", cursor: str | None = None) -> Response:
    """Missed clocks one by one: of a month, or those that still run."""
    return await _register(here, month, _narrowed(here.request.query_params), cursor)


def _narrowed(given: Mapping[str, str]) -> dict[str, str]:
    return {name: str(given.get(name, ""))[:200] for name in missed.NARROWED}


async def _register(
    here: Visit, month: str, narrowed: Mapping[str, str], cursor: str | None, code: int = 200, **more: Any
) -> Response:
    found = await missed.register(here.desk, month or None, narrowed, cursor, PAGE)
    query = {"month": month, **narrowed}
    values = {
        "found": found,
        "month": month,
        "narrowed": narrowed,
        "query": query,
        "is_narrowed": any(narrowed.values()),
        "following": found["next_cursor"] and here.url("breaches", {**query, "cursor": found["next_cursor"]}),
        "this_month": f"{here.tongue.local(here.now):%Y-%m}",
        "typed": {},
        "errors": {},
        **more,
    }
    return here.page("levels/breaches.html", part="levels/_breaches.html", code=code, **await _words(here), **values)


@router.get("/breaches.csv", name="breaches_csv")
async def breaches_csv(here: Here, month: str = "") -> Response:
    """The register as a spreadsheet."""
    narrowed = _narrowed(here.request.query_params)
    rows = [row async for row in missed.every(here.desk, month or None, narrowed)]
    return as_csv(rows, f"breaches-{month or 'running'}", missed.COLUMNS)


@router.post("/breaches/{case_no}/{clock}/{cycle}", name="say_breach")
async def say_breach(here: Here, case_no: str, clock: str, cycle: int) -> Response:
    """Why it was missed; back to where one was in the register."""
    form = await here.form()
    back = _back(form)
    try:
        if form.text("reason") not in REASONS:
            told = here.tongue.say("Choose why it was missed.")
            return await _again(here, form, back, case_no, clock, cycle, told, 422)
        actor = actor_of(here.caller)
        await missed.say(here.desk, case_no, clock, cycle, form.text("reason"), form.text("note") or None, actor)
    except AftercareError as refused:
        return await _again(here, form, back, case_no, clock, cycle, here.told(refused), refused.status)
    return here.go(here.url("breaches", back), here.tongue.say("Noted why %(case)s was late.", case=case_no))


def _back(form: Form) -> dict[str, str]:
    return {name: form.text(f"back.{name}") for name in ("month", "cursor", *missed.NARROWED)}


async def _again(
    here: Visit, form: Form, back: Mapping[str, str], case_no: str, clock: str, cycle: int, told: str, code: int
) -> Response:
    key = f"{case_no}.{clock}.{cycle}"
    narrowed = {name: back[name] for name in missed.NARROWED}
    typed = {key: {"reason": form.text("reason"), "note": form.text("note")}}
    return await _register(here, back["month"], narrowed, back["cursor"] or None, code, typed=typed, errors={key: told})
