"""The runs of the sweeps: each leaves a row, and a sweep that has not run for twice its interval is told."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.effects import Message
from models.oversight.sweeps import SWEEPS, Health, LastRun, RunBegan, RunEnded, Sweep, health_of
from models.tables import letters, messages, sweep_runs
from store import documents
from store.people.letters import keep_for, notice

_r = sweep_runs.c


class Run(BaseModel):
    """One run, as its row has it."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    run_id: str
    sweep: str
    started_at: datetime
    ended_at: datetime | None
    found: int
    did: int
    failed: int
    words: str | None
    details: dict[str, object]


class SweepHealth(BaseModel):
    """A sweep, its last run, and whether it runs as it should."""

    model_config = ConfigDict(frozen=True)

    name: str
    health: Health
    last: Run | None


# ── written by the runs ───────────────────────────────────────────────────────────────────────────


def began(session: Session, run: RunBegan) -> None:
    """A run has begun; said again it changes nothing."""
    row = {"run_id": run.run_id, "sweep": run.sweep, "started_at": run.at, "details": {}}
    documents.put_new(session, sweep_runs, [row])


def ended(session: Session, run: RunEnded) -> None:
    """A run has ended, with what it found and did; said again it is the same row."""
    began(session, RunBegan(run_id=run.run_id, sweep=run.sweep, at=run.began))
    tally = run.tally
    values = {
        "ended_at": run.at,
        "found": tally.found,
        "did": tally.did,
        "failed": tally.failed + len(run.broken),
        "words": "\n".join((*run.broken, *tally.words)) or None,
        "details": tally.details,
    }
    session.execute(update(sweep_runs).where(_r.run_id == run.run_id).values(**values))


# ── looked at ─────────────────────────────────────────────────────────────────────────────────────


def last_runs(session: Session) -> dict[str, Run]:
    """The run of each sweep that began last."""
    newest = select(_r.sweep, func.max(_r.started_at).label("at")).group_by(_r.sweep).subquery()
    found = select(sweep_runs).join(newest, (newest.c.sweep == _r.sweep) & (newest.c.at == _r.started_at))
    return {row.sweep: Run.model_validate(row) for row in session.execute(found.order_by(_r.run_id))}


def runs(session: Session, sweep: str, limit: int = 20) -> tuple[Run, ...]:
    """The latest runs of a sweep, the newest first."""
    found = select(sweep_runs).where(_r.sweep == sweep).order_by(_r.started_at.desc(), _r.run_id).limit(limit)
    return tuple(Run.model_validate(row) for row in session.execute(found))


def done_before(session: Session, sweep: str, run_id: str) -> datetime | None:
    """When the last run before this one began that came to its end: what was touched since is new to it."""
    own = select(_r.started_at).where(_r.run_id == run_id).scalar_subquery()
    before = (_r.sweep == sweep, _r.ended_at.is_not(None), _r.run_id != run_id)
    found = select(func.max(_r.started_at)).where(*before, func.coalesce(_r.started_at <= own, True))
    return session.execute(found).scalar()


def health(session: Session, now: datetime) -> tuple[SweepHealth, ...]:
    """How every sweep is: `late` has not run for twice its interval, `failing` did not do all of its last run."""
    last, since = last_runs(session), session.execute(select(func.min(_r.started_at))).scalar()
    return tuple(_health(sweep, last.get(sweep.name), since, now) for sweep in SWEEPS.values())


def _health(sweep: Sweep, last: Run | None, since: datetime | None, now: datetime) -> SweepHealth:
    seen = None
    if last is not None:
        seen = LastRun(started_at=last.started_at, ended=last.ended_at is not None, failed=last.failed > 0)
    return SweepHealth(name=sweep.name, last=last, health=health_of(sweep, seen, since, now))


def late(session: Session, now: datetime) -> tuple[str, ...]:
    """The sweeps that have not run for twice their interval."""
    return tuple(one.name for one in health(session, now) if one.health == "late")


# ── what sweeps tell people ───────────────────────────────────────────────────────────────────────


def tell(session: Session, key: str, to: str, words: Mapping[str, str], at: datetime, passing: bool = False) -> int:
    """Have somebody told what is about no single case, once under the key; how many letters are new.

    Where nobody of them is on duty it waits for whoever comes, unless it is `passing` and worth nothing by then;
    `heard` says so, and the run with it.
    """
    known = select(func.count()).select_from(letters).where(letters.c.message_key == key)
    before = session.execute(known).scalar_one()
    write = notice if passing else keep_for
    write(session, key, to, words, at)
    return session.execute(known).scalar_one() - before


def heard(session: Session, key: str) -> bool:
    """Whether anybody has been written to under this key."""
    return session.execute(select(letters.c.id).where(letters.c.message_key == key).limit(1)).first() is not None


def tell_of_cases(session: Session, told: Iterable[tuple[str, Message]]) -> int:
    """Have people told something of a case, each once under its message's key; answers how many are new."""
    rows = {
        message.key: {
            "key": message.key,
            "case_no": case_no,
            "recipient": message.to,
            "subject": message.subject,
            "level": message.level,
            "at": message.at,
        }
        for case_no, message in told
    }
    known = set(session.execute(select(messages.c.key).where(messages.c.key.in_(list(rows)))).scalars())
    fresh = [row for key, row in rows.items() if key not in known]
    documents.put_new(session, messages, fresh)
    return len(fresh)
