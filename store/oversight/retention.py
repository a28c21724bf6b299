"""What has been kept long enough: deleted in small batches, so that nobody waits for it.

Nothing of a case's record is among it: ledger, timeline, documents, payouts and months stay for good.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from models.tables import (
    absences,
    breach_reasons,
    callback_tries,
    cases,
    handovers,
    hooks_in,
    letters,
    mailings,
    messages,
    surveys,
    swaps,
    sweep_runs,
    talks,
)

Batch = Callable[[Session, datetime, int], int]


def expired(session: Session, kind: str, before: datetime, limit: int) -> int:
    """Delete, or blank, at most so many rows of each table of a kind that are older than `before`; how many it did."""
    return sum(batch(session, before, limit) for batch in _BATCHES[kind])


def waiting(session: Session, kind: str, before: datetime) -> int:
    """How many rows of a kind are older than `before`, and will go with the next run."""
    return sum(
        session.execute(select(func.count()).select_from(table).where(condition(before))).scalar_one()
        for table, condition in _OLD[kind]
    )


def _deleted(session: Session, table: Table, old: ColumnElement[bool], limit: int) -> int:
    key = tuple_(*table.primary_key.columns)
    found = select(*table.primary_key.columns).where(old).limit(limit)
    return int(session.execute(delete(table).where(key.in_(found))).rowcount)  # type: ignore[attr-defined]


def _blanked(session: Session, table: Table, old: ColumnElement[bool], limit: int, *names: str) -> int:
    key = tuple_(*table.primary_key.columns)
    found = select(*table.primary_key.columns).where(old).limit(limit)
    blank = update(table).where(key.in_(found)).values(dict.fromkeys(names))
    return int(session.execute(blank).rowcount)  # type: ignore[attr-defined]


# ── what is old ───────────────────────────────────────────────────────────────────────────────────


def _letters(before: datetime) -> ColumnElement[bool]:
    return (letters.c.at < before) & (letters.c.state != "waiting")


def _mailings(before: datetime) -> ColumnElement[bool]:
    """Out of the house or given up, and no letter is left that went with it."""
    over = or_(mailings.c.sent_at.is_not(None), mailings.c.given_up_at.is_not(None))
    return (mailings.c.made_at < before) & over & ~exists().where(letters.c.mailing == mailings.c.id)


def _messages(before: datetime) -> ColumnElement[bool]:
    """Told, and not of a case that is open: its workflow may still write the same again."""
    is_open = exists().where(cases.c.case_no == messages.c.case_no, cases.c.is_open)
    return (messages.c.at < before) & messages.c.sent_at.is_not(None) & ~is_open


def _talks(before: datetime) -> ColumnElement[bool]:
    return talks.c.at < before


def _runs(before: datetime) -> ColumnElement[bool]:
    """What health is judged by stays: the last run of each sweep, and the last that came to its end."""
    newer = sweep_runs.alias("newer")
    later = (newer.c.sweep == sweep_runs.c.sweep, newer.c.started_at > sweep_runs.c.started_at)
    return (sweep_runs.c.started_at < before) & exists().where(*later, newer.c.ended_at.is_not(None))


def _hooks(before: datetime) -> ColumnElement[bool]:
    return (hooks_in.c.received_at < before) & (hooks_in.c.state != "received")


def _survey_words(before: datetime) -> ColumnElement[bool]:
    return (surveys.c.at < before) & surveys.c.words.is_not(None)


def _tries(before: datetime) -> ColumnElement[bool]:
    return (callback_tries.c.at < before) & callback_tries.c.note.is_not(None)


def _absences(before: datetime) -> ColumnElement[bool]:
    return (absences.c.until_at < before) & absences.c.reason.is_not(None)


def _swaps(before: datetime) -> ColumnElement[bool]:
    said = or_(swaps.c.note.is_not(None), swaps.c.answer.is_not(None))
    return (swaps.c.last_day < before.date().isoformat()) & said


def _handovers(before: datetime) -> ColumnElement[bool]:
    said = or_(handovers.c.note.is_not(None), handovers.c.answer.is_not(None))
    return (handovers.c.ended_at < before) & said


def _breaches(before: datetime) -> ColumnElement[bool]:
    """The remark on a missed clock; the reason itself is counted for good."""
    return (breach_reasons.c.at < before) & breach_reasons.c.note.is_not(None)


_Old = tuple[Table, Callable[[datetime], ColumnElement[bool]]]
_OLD: Final[Mapping[str, tuple[_Old, ...]]] = {
    "letters": ((letters, _letters), (mailings, _mailings), (messages, _messages)),
    "talks": ((talks, _talks),),
    "sweep_runs": ((sweep_runs, _runs),),
    "hooks": ((hooks_in, _hooks),),
    "survey_words": ((surveys, _survey_words), (callback_tries, _tries)),
    "duty_words": ((absences, _absences), (swaps, _swaps), (handovers, _handovers), (breach_reasons, _breaches)),
}
#: The kinds that are nothing but rows; of files the bytes go with them (`store.goods.files.let_go`).
ROWS: Final = tuple(_OLD)
#: Of these rows only the words go.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "surveys": ("words",),
    "callback_tries": ("note",),
    "absences": ("reason",),
    "swaps": ("note", "answer"),
    "handovers": ("note", "answer"),
    "breach_reasons": ("note",),
}


def _batch(table: Table, old: Callable[[datetime], ColumnElement[bool]]) -> Batch:
    def carried_out(session: Session, before: datetime, limit: int) -> int:
        names = _WORDS.get(table.name)
        if names:
            return _blanked(session, table, old(before), limit, *names)
        return _deleted(session, table, old(before), limit)

    return carried_out


_BATCHES: Final[Mapping[str, tuple[Batch, ...]]] = {
    kind: tuple(_batch(table, old) for table, old in tables) for kind, tables in _OLD.items()
}
