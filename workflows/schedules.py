"""The sweeps as Temporal Schedules: put there, changed where they differ, looked at, paused and run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from models.effects import TASK_QUEUE
from models.errors import NotFound
from models.oversight.sweeps import SWEEPS, Sweep, SweepInput, When


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one schedule: `created`, `changed` (with what differed) or `unchanged`."""

    name: str
    result: str
    changed: tuple[str, ...] = ()
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule as the server has it; `known` is False where it has none of that name."""

    name: str
    known: bool
    paused: bool = False
    note: str | None = None
    running: bool = False
    next_at: datetime | None = None
    last_at: datetime | None = None
    skipped: int = 0
    missed: int = 0


async def apply(client: Client, timezone: str) -> tuple[Applied, ...]:
    """Make sure that every schedule is there as it should be; a second time changes nothing. Paused ones stay so."""
    return tuple([await _applied(client, sweep, timezone) for sweep in SWEEPS.values()])


async def _applied(client: Client, sweep: Sweep, timezone: str) -> Applied:
    wanted = schedule_of(sweep, timezone)
    try:
        await client.create_schedule(sweep.name, wanted)
        return Applied(sweep.name, "created")
    except ScheduleAlreadyRunningError:
        pass
    handle = client.get_schedule_handle(sweep.name)
    found = (await handle.describe()).schedule
    changed = differences(found, wanted)
    if changed:
        await handle.update(lambda now: _updated(now, wanted))
    return Applied(sweep.name, "changed" if changed else "unchanged", changed, found.state.paused)


def _updated(now: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """The schedule as it should be, with the state that people gave it: paused, and why."""
    return ScheduleUpdate(schedule=replace(wanted, state=now.description.schedule.state))


def schedule_of(sweep: Sweep, timezone: str) -> Schedule:
    """A sweep as a schedule in the shop's time zone: never two runs at once, a run that ends, a short catching up."""
    action = ScheduleActionStartWorkflow(
        sweep.workflow,
        SweepInput(),
        id=sweep.name,
        task_queue=TASK_QUEUE,
        execution_timeout=sweep.time_out,
        static_summary=sweep.what[:200],
    )
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=sweep.catch_up)
    return Schedule(action=action, spec=_spec(sweep, timezone), policy=policy)


def _spec(sweep: Sweep, timezone: str) -> ScheduleSpec:
    when = sweep.when
    if when.every is not None:
        return ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every=when.every)], jitter=sweep.jitter, time_zone_name=timezone
        )
    return ScheduleSpec(calendars=[_calendar(when)], jitter=sweep.jitter, time_zone_name=timezone)


def _calendar(when: When) -> ScheduleCalendarSpec:
    days: dict[str, Any] = {}
    if when.weekdays:
        days["day_of_week"] = [ScheduleRange(when.weekdays[0], when.weekdays[-1])]
    if when.day_of_month is not None:
        days["day_of_month"] = [ScheduleRange(when.day_of_month)]
    return ScheduleCalendarSpec(hour=[ScheduleRange(when.hour)], minute=[ScheduleRange(when.minute)], **days)


def differences(found: Schedule, wanted: Schedule) -> tuple[str, ...]:
    """In which points a schedule is not as it should be."""
    mine, theirs = _points(wanted), _points(found)
    return tuple(name for name in mine if mine[name] != theirs.get(name))


def _points(schedule: Schedule) -> dict[str, object]:
    action, spec = schedule.action, schedule.spec
    assert isinstance(action, ScheduleActionStartWorkflow)
    return {
        "times": (_ranges(spec.calendars), [(one.every, one.offset or timedelta(0)) for one in spec.intervals]),
        "time zone": spec.time_zone_name,
        "jitter": spec.jitter or timedelta(0),
        "overlap": schedule.policy.overlap,
        "catch-up": schedule.policy.catchup_window,
        "workflow": (action.workflow, action.id, action.task_queue),
        "time-out": action.execution_timeout,
    }


def _ranges(calendars: Sequence[ScheduleCalendarSpec]) -> list[tuple[tuple[tuple[int, int, int], ...], ...]]:
    names = ("second", "minute", "hour", "day_of_month", "month", "year", "day_of_week")
    return [tuple(tuple(_range(one) for one in getattr(calendar, name)) for name in names) for calendar in calendars]


def _range(one: ScheduleRange) -> tuple[int, int, int]:
    return (one.start, max(one.end, one.start), max(one.step, 1))


def documents(found: Sequence[Scheduled], health: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Schedules with the last run of each and how it is, as the API and the command line show them."""
    return [_document(SWEEPS[one.name], one, health.get(one.name)) for one in found]


def _document(sweep: Sweep, one: Scheduled, health: Any) -> dict[str, Any]:
    state = "missing" if not one.known else "paused" if one.paused else "running" if one.running else "waiting"
    return {
        "name": one.name,
        "what": sweep.what,
        "runs": sweep.when.words,
        "state": state,
        "note": one.note,
        "next_at": one.next_at.isoformat() if one.next_at else None,
        "skipped": one.skipped,
        "missed": one.missed,
        "health": health.health if health else "never",
        "last_run": health.last.model_dump(mode="json") if health and health.last else None,
    }


# ── looking, pausing, running ─────────────────────────────────────────────────────────────────────


async def listed(client: Client) -> tuple[Scheduled, ...]:
    """Every schedule of the contract as the server has it."""
    return tuple([await _looked_at(client, name) for name in SWEEPS])


async def _looked_at(client: Client, name: str) -> Scheduled:
    try:
        found = await client.get_schedule_handle(name).describe()
    except RPCError as refused:
        if refused.status is not RPCStatusCode.NOT_FOUND:
            raise
        return Scheduled(name, known=False)
    return _scheduled(name, found)


def _scheduled(name: str, found: ScheduleDescription) -> Scheduled:
    info, state = found.info, found.schedule.state
    return Scheduled(
        name,
        known=True,
        paused=state.paused,
        note=state.note or None,
        running=bool(info.running_actions),
        next_at=None if state.paused else next(iter(info.next_action_times), None),
        last_at=max((one.started_at for one in info.recent_actions), default=None),
        skipped=info.num_actions_skipped_overlap,
        missed=info.num_actions_missed_catchup_window,
    )


async def pause(client: Client, name: str, note: str) -> None:
    """Let a schedule rest until somebody resumes it. Raises NotFound."""
    await _told(name, _handle(client, name).pause(note=note))


async def resume(client: Client, name: str, note: str) -> None:
    """Let a paused schedule go on. Raises NotFound."""
    await _told(name, _handle(client, name).unpause(note=note))


async def run(client: Client, name: str) -> None:
    """Run it now, besides its times; where it runs already, that run is enough. Raises NotFound."""
    await _told(name, _handle(client, name).trigger(overlap=ScheduleOverlapPolicy.SKIP))


async def delete(client: Client, name: str) -> None:
    """Take a schedule away; a run that is under way goes on to its end. Raises NotFound."""
    await _told(name, _handle(client, name).delete())


def full_name(name: str) -> str:
    """The schedule that is meant, also without `aftercare-`. Raises NotFound naming those there are."""
    for candidate in (name, f"aftercare-{name}"):
        if candidate in SWEEPS:
            return candidate
    raise NotFound(f"There is no schedule '{name}'; there are {', '.join(SWEEPS)}.")


def _handle(client: Client, name: str) -> ScheduleHandle:
    return client.get_schedule_handle(full_name(name))


async def _told(name: str, call: Any) -> None:
    try:
        await call
    except RPCError as refused:
        if refused.status is RPCStatusCode.NOT_FOUND:
            told = f"The schedule '{full_name(name)}' is not there yet: run 'aftercare schedules apply'."
            raise NotFound(told) from None
        raise
