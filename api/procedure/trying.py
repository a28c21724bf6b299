"""Trials that take their time: begun, followed, left and stopped; one whose process died goes on when somebody looks.

The work is done beside the requests of this process, a few cases in a transaction; what it found so far is in SQL.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy.orm import Session

from api.desk import Desk
from api.procedure.trial import Trial, trial_of
from models.errors import AftercareError, Conflict
from models.money import to_text
from playbooks.loading.candidate import with_text
from playbooks.loading.load import Playbooks
from store.procedure import past, trials
from store.procedure.trials import TrialRun

#: Cases that are tried in one go: a tenth of a second or two.
BATCH: Final = 25
SPANS: Final = (7, 30, 90, 365)
#: This process, to others that look at its trials.
RUNNER: Final = f"process-{uuid4().hex[:12]}"
PAGE: Final = 50
NOTHING: Final[Mapping[str, Any]] = {"differ": 0, "by": {}, "money": {}, "late": {"then": 0, "now": 0}, "left_out": 0}


async def begin(desk: Desk, kind: str, text: str, days: int, by: str) -> str:
    """Begin a trial of this text on the cases of the last days; answers its number.

    Raises PlaybookInvalid with every mistake of the text.
    """
    found = await asyncio.to_thread(with_text, desk.place.folder, f"{kind}.yaml", text.encode())
    now = desk.clock()
    since = now - timedelta(days=days)
    run = TrialRun(
        id=trials.new_id(),
        kind=kind,
        version=found.get(kind).version,
        text=text,
        by=by,
        since=since,
        started_at=now,
        state="running",
        total=await desk.read(lambda session: past.count_since(session, kind, since, now)),
        done=0,
        tally=dict(NOTHING),
        runner=RUNNER,
        touched_at=now,
    )
    await desk.write(lambda session: trials.begin(session, run))
    desk.beside.start(_goes_on(desk, run, found))
    return run.id


async def shown(desk: Desk, trial_id: str, after: int = -1) -> dict[str, Any]:
    """How far it is and a page of the cases that differ; a trial whose process died goes on from here."""

    def read(session: Session) -> dict[str, Any]:
        run = trials.get(session, trial_id)
        page, following = trials.items(session, trial_id, after, PAGE)
        return {**document(run), "items": page, "next_after": following}

    found = await desk.read(read)
    if found["state"] == "running" and desk.clock() - found["touched_at"] > trials.SILENT:
        await _taken_over(desk, trial_id)
    return found


async def _taken_over(desk: Desk, trial_id: str) -> None:
    now = desk.clock()
    if await desk.write(lambda session: trials.taken_over(session, trial_id, RUNNER, now)):
        run = await desk.read(lambda session: trials.get(session, trial_id))
        desk.beside.start(_again(desk, run))


async def _again(desk: Desk, run: TrialRun) -> None:
    """Go on with what another process began, if the files around it still make the same of it."""
    try:
        found = await asyncio.to_thread(with_text, desk.place.folder, f"{run.kind}.yaml", run.text.encode())
        if found.get(run.kind).version != run.version:
            raise Conflict("Other files were changed meanwhile, and make something else of this text: try it again.")
    except AftercareError as refused:
        await _failed(desk, run, refused.detail)
    else:
        await _goes_on(desk, run, found)


async def stop(desk: Desk, trial_id: str) -> None:
    """Try no further case."""
    await desk.read(lambda session: trials.get(session, trial_id))
    await desk.write(lambda session: trials.stop(session, trial_id, desk.clock()))


async def of_kind(desk: Desk, kind: str) -> list[dict[str, Any]]:
    """The last trials of a kind, the newest first."""
    return [document(run) for run in await desk.read(lambda session: trials.of_kind(session, kind))]


# ── the work ──────────────────────────────────────────────────────────────────────────────────────


async def _goes_on(desk: Desk, run: TrialRun, playbooks: Playbooks) -> None:
    """Batch by batch to the end, until somebody stops it, or until this process ends."""
    while not desk.beside.closing:
        try:
            further = await _batch(desk, run, playbooks)
        except AftercareError as refused:
            return await _failed(desk, run, refused.detail)
        if further is None:
            return None
        run = further
    return None


async def _batch(desk: Desk, run: TrialRun, playbooks: Playbooks) -> TrialRun | None:
    """Try the next cases and write what was found; None when that was the end of it."""

    def tried(session: Session) -> tuple[list[past.PastCase], Trial]:
        found = past.opened_since(session, run.kind, run.since, run.behind, BATCH)
        cases = [one for one in found if one.case.opened_at <= run.started_at]
        return cases, trial_of(session, run.kind, playbooks, cases, run.started_at)

    cases, part = await desk.read(tried)
    further = run.model_copy(update=_after(desk, run, part, len(cases)))
    if cases:
        last = cases[-1].case
        further = further.model_copy(update={"after_at": last.opened_at, "after_no": last.case_no})
    changes = further.model_dump(include={"done", "total", "tally", "state", "touched_at", "after_at", "after_no"})
    told = part.as_document()
    found = [*told["items"], *({**one, "left_out": True} for one in told["left_out"])]
    goes_on = await desk.write(lambda session: trials.advanced(session, run, found, **changes))
    return further if goes_on and further.state == "running" else None


def _after(desk: Desk, run: TrialRun, part: Trial, count: int) -> dict[str, Any]:
    done = run.done + count
    return {
        "done": done,
        "total": max(run.total, done),
        "tally": summed(run.tally, part),
        "state": "running" if count == BATCH else "done",
        "touched_at": desk.clock(),
    }


async def _failed(desk: Desk, run: TrialRun, told: str) -> None:
    now = desk.clock()
    changes = {"state": "failed", "told": told, "touched_at": now}
    await desk.write(lambda session: trials.advanced(session, run, (), **changes))


# ── sums ──────────────────────────────────────────────────────────────────────────────────────────


def summed(tally: Mapping[str, Any], part: Trial) -> dict[str, Any]:
    """The sums with those of another part; money in minor units."""
    money = {currency: dict(found) for currency, found in tally["money"].items()}
    for currency, found in part.money().items():
        money[currency] = _added(money.get(currency), found)
    late = part.as_document()["late"]
    return {
        "differ": tally["differ"] + len(part.differing),
        "by": _added(tally["by"], Counter(name for one in part.differing for name in one.differs)),
        "money": money,
        "late": _added(tally["late"], late),
        "left_out": tally["left_out"] + len(part.left_out),
    }


def _added(before: Mapping[str, int] | None, more: Mapping[str, int]) -> dict[str, int]:
    known = before or {}
    return {name: known.get(name, 0) + more.get(name, 0) for name in sorted({*known, *more})}


def document(run: TrialRun) -> dict[str, Any]:
    """A trial as it is shown; amounts as text."""
    plain = run.model_dump(exclude={"text", "runner", "after_at", "after_no", "tally"})
    money = {
        currency: {name: to_text(value, currency) for name, value in found.items()}
        for currency, found in run.tally["money"].items()
        if any(found.values())
    }
    sums = {"by_what" if name == "by" else name: value for name, value in run.tally.items()}
    return {**plain, **sums, "money": money}


def since_days(run: Mapping[str, Any]) -> int:
    """How many days back a trial looks."""
    started: datetime = run["started_at"]
    days: float = (started - run["since"]) / timedelta(days=1)
    return round(days)
