"""The sections that reports are made of, each a few queries (T13)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.accounting.ledger import Cost
from models.oversight.callbacks import QUESTIONS
from models.oversight.reports import Period, ReportRules, percent
from models.tables import case_products, timeline
from store.oversight import callbacks
from store.oversight.reports import costs
from store.oversight.reports.costs import Costs
from store.oversight.reports.sections import Row, biggest_first, cell, money, row, section
from store.oversight.reports.sources import counted, used
from store.oversight.reports.uneven import AGES, uneven

_POSTED: Final = tuple(one.name for one in fields(Cost) if one.name not in ("claimed", "deposit", "total"))
_COST: Final = ("ended", *_POSTED, "labour_minutes", "labour", "cost", "cost_per_case")


@dataclass(frozen=True, slots=True)
class Look:
    """What a report is made with: the session, the period, the shop's rules and the time now."""

    session: Session
    period: Period
    rules: ReportRules
    now: datetime

    def counted(self, source: str, *dims: str, **narrowed: str | None) -> dict[tuple[Any, ...], int]:
        return counted(self.session, source, self.period, dims, narrowed)


# ── how many cases ────────────────────────────────────────────────────────────────────────────────


def totals(look: Look) -> Row:
    """How many cases were opened and ended in the period."""
    values = {name: look.counted(name)[()] for name in ("opened", "ended")}
    return section("totals", (), tuple(values), [row({}, values, {name: cell(name) for name in values})])


def spread(look: Look, name: str, dim: str) -> Row:
    """Cases opened and ended by one thing, the most opened first."""
    opened, ended = look.counted("opened", dim), look.counted("ended", dim)
    both = {key: opened.get(key, 0) for key in (*opened, *ended)}
    whole = sum(opened.values())
    rows = [
        row(
            {dim: key[0]},
            {"opened": opened.get(key, 0), "ended": ended.get(key, 0), "share": percent(opened.get(key, 0), whole)},
            {source: cell(source, **{dim: key[0]}) for source in ("opened", "ended")},
        )
        for key in biggest_first(both)
    ]
    return section(name, (dim,), ("opened", "ended", "share"), rows)


def by_product(look: Look) -> Row:
    """Cases opened by product; one about two products counts under each."""
    found = look.counted("opened_products", "sku")
    names = product_names(look.session, [key[0] for key in found])
    rows = [
        row({"sku": sku}, {"opened": found[(sku,)]}, {"opened": cell("opened_products", sku=sku)}, name=names.get(sku))
        for (sku,) in biggest_first(found)
    ]
    return section("by_product", ("sku",), ("opened",), rows)


def product_names(session: Session, skus: Sequence[str]) -> dict[str, str]:
    """What products are called in their cases."""
    p = case_products.c
    named: dict[str, str] = {}
    for first in range(0, len(skus), 500):
        found = select(p.sku, func.max(p.name)).where(p.sku.in_(skus[first : first + 500])).group_by(p.sku)
        named |= {row[0]: row[1] for row in session.execute(found)}
    return named


# ── remedies ──────────────────────────────────────────────────────────────────────────────────────


def remedies(look: Look) -> Row:
    """The mix of remedies of the cases that ended, and the share of repairs."""
    found = {key: many for key, many in look.counted("ended", "remedy").items() if key[0] is not None}
    whole = sum(found.values())
    rows = [
        row(
            {"remedy": remedy},
            {"ended": found[(remedy,)], "share": percent(found[(remedy,)], whole)},
            {"ended": cell("ended", remedy=remedy)},
        )
        for (remedy,) in biggest_first(found)
    ]
    repairs = found.get(("repair",), 0)
    summary = {"repairs": repairs, "repair_share": percent(repairs, whole - found.get(("none",), 0))}
    return section("remedies", ("remedy",), ("ended", "share"), rows, summary=summary)


def remedies_by_kind(look: Look) -> Row:
    """The same within each kind."""
    found = {key: many for key, many in look.counted("ended", "kind", "remedy").items() if key[1] is not None}
    whole: Counter[str] = Counter()
    for (kind, _), many in found.items():
        whole[kind] += many
    rows = [
        row(
            {"kind": kind, "remedy": remedy},
            {"ended": found[kind, remedy], "share": percent(found[kind, remedy], whole[kind])},
            {"ended": cell("ended", kind=kind, remedy=remedy)},
        )
        for kind, remedy in sorted(found, key=lambda key: (-whole[key[0]], key[0], -found[key], key[1]))
    ]
    return section("remedies_by_kind", ("kind", "remedy"), ("ended", "share"), rows)


# ── cost ──────────────────────────────────────────────────────────────────────────────────────────


def cost(look: Look) -> tuple[Row, Row]:
    """What the ended cases cost, per currency, and per kind and currency."""
    found = costs.by_group(look.session, look.period, look.rules.labour)
    whole: dict[str | None, Costs] = {}
    for (_, currency), one in found.items():
        whole[currency] = whole.get(currency, Costs()) + one
    in_order = sorted(whole, key=lambda one: (one is None, one or ""))
    rows = [_cost_row(look, {"currency": currency}, currency, whole[currency]) for currency in in_order]
    kinds = sorted(found, key=lambda key: (key[1] is None, key[1] or "", -found[key].cases, key[0]))
    by_kind = [
        _cost_row(look, {"kind": kind, "currency": currency}, currency, found[kind, currency])
        for kind, currency in kinds
    ]
    return (
        section("cost", ("currency",), _COST, rows),
        section("cost_by_kind", ("kind", "currency"), _COST, by_kind),
    )


def _cost_row(look: Look, of: dict[str, str | None], currency: str | None, one: Costs) -> Row:
    labour = look.rules.labour.cost(one.minutes, currency)
    total = one.posted.total + (labour or 0)
    posted = {name: money(getattr(one.posted, name), currency) for name in _POSTED}
    values = {
        "ended": one.cases,
        **posted,
        "labour_minutes": one.minutes,
        "labour": money(labour, currency),
        "cost": money(total, currency),
        "cost_per_case": money(round(total / one.cases), currency) if one.cases else None,
    }
    return row(of, values, dict.fromkeys(values, cell("ended", **of)))


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────

_CLOCK: Final = (
    *("cycles", "on_time", "late_delay", "late_change", "on_time_share", "still_late", "median_used", "p90_used"),
)


def clocks(look: Look, name: str, *dims: str) -> Row:
    """On-time share per clock, what was late and why, and how long they took (T10)."""
    found, late = look.counted("clocks", *dims, "outcome"), look.counted("still_late", *dims)
    took = used(look.session, look.period, dims)
    groups: Counter[tuple[Any, ...]] = Counter(dict.fromkeys(late, 0))
    for key, many in found.items():
        groups[key[:-1]] += many
    rows = [_clock_row(dims, key, groups[key], found, late, took) for key in sorted(groups, key=_by_name)]
    return section(name, dims, _CLOCK, rows)


def _by_name(key: tuple[Any, ...]) -> tuple[tuple[bool, str], ...]:
    """In their own order; what nobody handles comes last."""
    return tuple((one is None, str(one)) for one in key)


def _clock_row(dims: Sequence[str], key: tuple[Any, ...], cycles: int, found: Any, late: Any, took: Any) -> Row:
    of = dict(zip(dims, key, strict=True))
    by_outcome = {"on_time": "on_time", "late_delay": "delay", "late_change": "change"}
    many = {name: found.get((*key, outcome), 0) for name, outcome in by_outcome.items()}
    half, most = took.get(key, (None, None))
    values = {
        "cycles": cycles,
        **many,
        "on_time_share": percent(many["on_time"], cycles),
        "still_late": late.get(key, 0),
        "median_used": half,
        "p90_used": most,
    }
    cells = {name: cell("clocks", **of, outcome=outcome) for name, outcome in by_outcome.items()}
    return row(of, values, {"cycles": cell("clocks", **of), **cells, "still_late": cell("still_late", **of)})


# ── callbacks ─────────────────────────────────────────────────────────────────────────────────────


def called(look: Look) -> Row:
    """How the callbacks after remedies ended (T5)."""
    found = look.counted("callbacks", "state")
    many = {state: found.get((state,), 0) for state in ("answered", "unreachable")}
    values = {**many, "callback_rate": percent(many["answered"], sum(many.values()))}
    cells = {state: cell("callbacks", state=state) for state in many}
    return section("callbacks", (), tuple(values), [row({}, values, cells)])


SCORED: Final = ("surveys", "satisfied", *QUESTIONS)


def scores(look: Look) -> Row:
    """Whom the surveys score, and how (T6, T7)."""
    rows = [row({"person": one.person}, *scored(one)) for one in _scores(look)]
    return section("scores", ("person",), SCORED, rows)


def scored(one: callbacks.Scores) -> tuple[dict[str, Any], dict[str, str]]:
    """The numbers of one person's surveys, with their cells."""
    values = {"surveys": one.surveys, "satisfied": one.satisfied, **{name: one.average(name) for name in QUESTIONS}}
    cells = {"surveys": cell("surveys", person=one.person)}
    return values, {**cells, "satisfied": cell("surveys", person=one.person, satisfied="yes")}


def _scores(look: Look) -> tuple[callbacks.Scores, ...]:
    return callbacks.scores(look.session, look.period.begin, look.period.end)


# ── money and goods ───────────────────────────────────────────────────────────────────────────────


def uneven_by_age(look: Look) -> Row:
    """Refunded but not returned, and returned but not refunded, by age."""
    found = Counter((one.which, one.age) for one in uneven(look.session, look.period, look.now))
    rows = [
        row(
            {"which": which, "age": age},
            {"uneven": found[which, age]},
            {"uneven": cell("uneven", which=which, age=age)},
        )
        for which in ("refunded_not_returned", "returned_not_refunded")
        for age in AGES
    ]
    return section("uneven", ("which", "age"), ("uneven",), rows)


# ── problems ──────────────────────────────────────────────────────────────────────────────────────

_PROBLEM: Final = ("kind", "cause", "sku", "supplier")


def repeated(look: Look) -> Row:
    """Problems of which there were so many that they are repeated ones, by the rule that is told with them."""
    least = look.rules.repeated.cases
    found = {key: many for key, many in look.counted("opened_products", "kind", "sku").items() if many >= least}
    rows = [
        row(
            {"kind": kind, "sku": sku, "supplier": look.rules.supplier_of(sku)},
            {"problem_cases": found[kind, sku]},
            {"problem_cases": cell("opened_products", kind=kind, sku=sku)},
        )
        for kind, sku in biggest_first(found)
    ]
    return section("repeated", ("kind", "sku", "supplier"), ("problem_cases",), rows, rule=_rule(least))


def _rule(least: int) -> dict[str, str]:
    return {
        "zh": f"同一类型、同一商品在本期内达到 {least} 单，即为重复问题。",
        "en": f"{least} or more cases of one kind and one product in the period are a repeated problem.",
    }


def causes(look: Look) -> Row:
    """Cases opened by kind, cause, product and its supplier; the repeated ones are marked."""
    found = look.counted("opened_products", "kind", "cause", "sku")
    names, together = product_names(look.session, sorted({key[2] for key in found})), Counter[tuple[str, str]]()
    for (kind, _, sku), many in found.items():
        together[kind, sku] += many
    least = look.rules.repeated.cases
    rows = [
        row(
            {"kind": kind, "cause": cause, "sku": sku, "supplier": look.rules.supplier_of(sku)},
            {"problem_cases": found[kind, cause, sku]},
            {"problem_cases": cell("opened_products", kind=kind, cause=cause, sku=sku)},
            name=names.get(sku),
            repeated=together[kind, sku] >= least,
        )
        for kind, cause, sku in biggest_first(found)
    ]
    return section("causes", _PROBLEM, ("problem_cases",), rows, rule=_rule(least))


# ── staff ─────────────────────────────────────────────────────────────────────────────────────────

_STAFF: Final = (
    *("opened", "ended", "worked", "first_answers", "cycles", "breaches", "on_time_share"),
    *(*SCORED, "complaints", "labour_minutes"),
)


def staff(look: Look, only: str | None = None) -> Row:
    """The score sheet: per person cases, first answers, breaches, surveys, complaints and labour."""
    counts: dict[str, dict[tuple[Any, ...], int]] = {
        "opened": look.counted("opened", "staff"),
        "ended": look.counted("ended", "staff"),
        "worked": look.counted("worked", "person"),
        "first_answers": look.counted("clocks", "staff", clock="first_answer"),
        "cycles": look.counted("clocks", "staff"),
        "on_time": look.counted("clocks", "staff", outcome="on_time"),
        "breaches": look.counted("breaches", "staff"),
        "complaints": look.counted("complaints", "person"),
    }
    minutes = costs.minutes_by(look.session, look.period, look.rules.labour, timeline.c.actor_id)
    surveyed = {one.person: one for one in _scores(look)}
    everybody = {key[0] for found in counts.values() for key in found} | set(surveyed)
    people = sorted(one for one in everybody if one is not None and only in (None, one))
    return section("staff", ("staff",), _STAFF, [_sheet(one, counts, minutes, surveyed) for one in people])


def _sheet(person: str, counts: Any, minutes: Any, surveyed: Any) -> Row:
    many = {name: found.get((person,), 0) for name, found in counts.items()}
    values, cells = scored(surveyed.get(person) or _nobody_asked(person))
    own = {"staff": person}
    return row(
        own,
        {
            **{name: many[name] for name in ("opened", "ended", "worked", "first_answers", "cycles", "breaches")},
            "on_time_share": percent(many["on_time"], many["cycles"]),
            **values,
            "complaints": many["complaints"],
            "labour_minutes": minutes[(person,)],
        },
        {
            **{name: cell(name, **own) for name in ("opened", "ended")},
            "worked": cell("worked", person=person),
            "first_answers": cell("clocks", clock="first_answer", **own),
            "cycles": cell("clocks", **own),
            "breaches": cell("breaches", **own),
            **cells,
            "complaints": cell("complaints", person=person),
            "labour_minutes": cell("worked", person=person),
        },
    )


def _nobody_asked(person: str) -> callbacks.Scores:
    none = dict.fromkeys(QUESTIONS, 0)
    return callbacks.Scores(person=person, surveys=0, satisfied=0, sums=none, counts=none)
