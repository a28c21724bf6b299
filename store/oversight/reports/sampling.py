"""The sample of a month's closed cases that somebody looks at again: the same whenever it is asked for (T13)."""

from hashlib import sha256

from sqlalchemy import select

from models.tables import case_facts
from store.oversight.reports.parts import Look
from store.oversight.reports.sections import Row, cell, row, section

_f = case_facts.c


def sample(look: Look) -> Row:
    """Of each kind its share of the cases that ended in the period, chosen by a hash of period and number."""
    by_kind: dict[str, list[str]] = {}
    found = select(_f.kind, _f.case_no).where(_f.ended_at >= look.period.begin, _f.ended_at < look.period.end)
    for kind, case_no in look.session.execute(found):
        by_kind.setdefault(kind, []).append(case_no)
    chosen = {kind: _chosen(look.period.name, numbers, look) for kind, numbers in sorted(by_kind.items())}
    rows = [
        row(
            {"kind": kind},
            {"ended": len(by_kind[kind]), "sampled": len(numbers)},
            {"ended": cell("ended", kind=kind), "sampled": cell("sample", kind=kind)},
            cases=numbers,
        )
        for kind, numbers in chosen.items()
    ]
    return section("sample", ("kind",), ("ended", "sampled"), rows)


def sampled(look: Look, kind: str | None) -> list[str]:
    """The numbers of the sample, of one kind or of all."""
    rows = sample(look)["rows"]
    return sorted(number for one in rows if kind in (None, one["of"]["kind"]) for number in one["cases"])


def _chosen(period: str, numbers: list[str], look: Look) -> list[str]:
    ranked = sorted(numbers, key=lambda number: sha256(f"{period}:{number}".encode()).hexdigest())
    return sorted(ranked[: look.rules.sample.of(len(numbers))])
