"""Thousands of deadlines in one minute on Temporal's own server, and workers that are killed in the middle (T8, T10).

`AFTERCARE_STORM_CASES=2000 pytest -m slow -s -k deadline_of_a_storm` tries so many cases and tells the counts.
"""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from api.restore import start_open_cases
from embedded import TemporalServer
from models.clocks import started
from models.effects import Decision, Effects
from models.events import SYSTEM, Entry
from models.people.letters import LONGEST
from models.playbook import ALL_HOURS, ClockRule
from models.tables import letters, mailings, messages, timeline
from store import cases
from store.cases import NewCase
from store.engine import make_engine, reading, upgrade, writing
from tests.builders import CALENDARS, a_case, a_procedure
from tests.people import a_roster, somebody
from tests.shipped import shipped
from tests.staffed import write_down
from tests.world import World, start_numbers_at

ROOT = Path(__file__).parents[2]
#: How many cases; the default keeps the suite short.
STORM = int(os.environ.get("AFTERCARE_STORM_CASES", "200"))
#: Their clock ran for ten hours when they were written; their deadlines are spread over some seconds of one minute.
TARGET = 36_000
SPREAD = 20
#: The chain of these cases: a warning shortly before the end, and two levels.
LEVELS = [
    {"level": 0, "percent": 99, "targets": ["owner"]},
    {"level": 1, "percent": 100, "targets": ["on_duty", "owner"]},
    {"level": 2, "percent": 200, "targets": ["supervisor"]},
]
#: How far the storm has come when a worker is killed, as shares of all the facts it makes.
DEATHS = (0.15, 0.5, 0.85)
#: What each case must have said by then.
SAID = (("warned", "warning"), ("breached", "due"), ("escalated", "level 1"))


class Storm:
    """A shop with many cases that end in the same minute, and a worker of its own that can be killed."""

    def __init__(self, server: TemporalServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.database = f"sqlite:///{folder / 'aftercare.db'}"
        self.engine: Engine = make_engine(self.database)
        upgrade(self.engine)
        start_numbers_at(self.engine, 800_000)
        write_down(self.engine, a_roster(somebody("li"), somebody("wu"), somebody("zhou", "supervisor"), bare=True))
        self.world = World(server.client, self.engine, shipped())
        self.log = (folder / "worker.log").open("wb")

    async def a_worker(self) -> Process:
        """The worker of a shop, as a process of its own."""
        settings = {"AFTERCARE_DATA": str(self.folder), "AFTERCARE_DATABASE_URL": self.database}
        there = {"TEMPORAL_ADDRESS": self.server.address, "PYTHONPATH": str(ROOT)}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", "import cli; cli.main()", "worker",
            env={**os.environ, **settings, **there}, cwd=self.folder, stdout=self.log, stderr=self.log,
        )  # fmt: skip

    def written(self, due: datetime) -> None:
        """All cases, as SQL would have them after ten hours without an answer."""
        procedure = a_procedure(escalation={"levels": LEVELS, "calendar": ALL_HOURS, "repeat": 0})
        rule = ClockRule(clock="triage", target=TARGET, calendar=ALL_HOURS)
        with writing(self.engine) as session:
            for number in range(STORM):
                began = due + timedelta(seconds=number % SPREAD) - timedelta(seconds=TARGET)
                over = {"procedure": procedure, "opened_at": began, "seq": 1, "clocks": (started(rule, 1, began),)}

                def build(case_no: str, over: dict[str, Any] = over) -> Decision:
                    case = a_case(case_no, **{**over, "order": None}).model_copy(update={"order": None, "lines": ()})
                    opened = Entry(seq=1, at=case.opened_at, actor=SYSTEM, action="opened", target=case.state)
                    return Decision(case=case, effects=Effects(entries=(opened,)))

                cases.open_case(session, NewCase(build=build, now=began, calendars=CALENDARS))

    def said(self) -> Counter[tuple[str, str]]:
        """How often every fact is written in all cases together."""
        with reading(self.engine) as session:
            rows = session.execute(select(timeline.c.action, timeline.c.data)).all()
        return Counter((row.action, row.data["alarm"]) for row in rows if "alarm" in (row.data or {}))

    def facts(self) -> int:
        with reading(self.engine) as session:
            wanted = timeline.c.action.in_([action for action, _ in SAID])
            return int(session.execute(select(func.count()).where(wanted)).scalar() or 0)

    async def until(self, share: float, worker: Process, patience: float) -> float:
        """Wait until so much has been said; answers how long it took."""
        began, wanted = time.monotonic(), share * STORM * len(SAID)
        while self.facts() < wanted:
            assert worker.returncode is None, (self.folder / "worker.log").read_text()[-2000:]
            assert time.monotonic() - began < patience, f"{self.facts()} of {wanted:.0f} after {patience:.0f} s"
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    def leave(self) -> None:
        self.log.close()
        self.engine.dispose()


@asynccontextmanager
async def a_storm(server: TemporalServer, folder: Path) -> Any:
    storm = Storm(server, folder)
    try:
        yield storm
    finally:
        await storm.world.leave_nothing_running()
        storm.leave()


async def killed(worker: Process) -> None:
    """`kill -9`."""
    worker.send_signal(signal.SIGKILL)
    await worker.wait()


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_every_deadline_of_a_storm_is_said_once_although_workers_are_killed_T8_T10(
    server: TemporalServer, tmp_path: Path
) -> None:
    async with a_storm(server, tmp_path) as storm:
        begun, since = time.monotonic(), datetime.now(UTC)
        patience = 90 + STORM / 4
        # Warnings ring 1 % = 6 min before the end: at the very start, for all of them.
        due = datetime.now(UTC) + timedelta(seconds=30 + STORM / 40)
        storm.written(due)
        worker = await storm.a_worker()
        await start_open_cases(server.client, storm.engine)
        opened = time.monotonic() - begun
        late = (datetime.now(UTC) - due).total_seconds()
        deaths = []
        for share in DEATHS:
            await storm.until(share, worker, patience)
            await killed(worker)
            deaths.append(storm.facts())
            worker = await storm.a_worker()
        await storm.until(1, worker, patience)
        lasted = time.monotonic() - begun
        await everybody_was_told(storm)
        worker.send_signal(signal.SIGTERM)
        await worker.wait()
        assert storm.said() == dict.fromkeys(SAID, STORM)
        proven(storm)
        told = told_of(storm, since)
        sys.stdout.write(
            f"\n{STORM} cases, started after {opened:.0f} s ({late:.0f} s after the first deadline), workers killed at "
            f"{deaths} of {STORM * len(SAID)} facts, all said after {lasted:.0f} s; mailings by person: {told}\n"
        )


def proven(storm: Storm) -> None:
    """Each case said each of its facts once, in this order, and none before its time."""
    with reading(storm.engine) as session:
        rows = session.execute(select(timeline).order_by(timeline.c.case_no, timeline.c.seq)).all()
    by_case: dict[str, list[Any]] = {}
    for row in rows:
        by_case.setdefault(row.case_no, []).append(row)
    assert len(by_case) == STORM
    for case_no, entries in by_case.items():
        facts = [(e.action, e.data["alarm"]) for e in entries if "alarm" in (e.data or {})]
        assert facts == list(SAID), case_no
        assert [e.seq for e in entries] == list(range(1, len(entries) + 1)), case_no
        assert all(e.at >= datetime.fromisoformat(e.data["due_at"]) for e in entries if "alarm" in (e.data or {}))


async def everybody_was_told(storm: Storm) -> None:
    """Wait until no letter is left that is not on its way."""

    def left() -> int:
        with reading(storm.engine) as session:
            unsent = session.execute(select(func.count()).where(messages.c.sent_at.is_(None))).scalar()
            waiting = session.execute(select(func.count()).where(letters.c.state == "waiting")).scalar()
        return int(unsent or 0) + int(waiting or 0)

    async with asyncio.timeout(600):
        while left():
            await asyncio.sleep(1)


def told_of(storm: Storm, begun: datetime) -> dict[str, tuple[int, int]]:
    """Mailings of each person and the letters in them: every letter once, one mailing in a window."""
    with reading(storm.engine) as session:
        heard = Counter(session.execute(select(letters.c.holder)).scalars())
        found = session.execute(select(mailings.c.holder, mailings.c.letters)).all()
    inside = {holder: sum(row.letters for row in found if row.holder == holder) for holder in heard}
    assert inside == heard
    # The warning reaches those on duty, because nobody owns these cases; level 1 goes to them, and once more as owners.
    assert heard == dict.fromkeys(("li", "wu"), 3 * STORM)
    told = Counter(row.holder for row in found)
    assert all(mailings_of <= 1 + (datetime.now(UTC) - begun) / LONGEST for mailings_of in told.values())
    return {holder: (told[holder], heard[holder]) for holder in heard}
