"""Clocks beside that of the state: next answers, complaint ladders, platforms' limits (T2, T3, T20, T21, G14, L2).

Which there are, what begins and what meets them, the playbook says. No change of state pauses them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.case import Case
from models.clocks import Clock, cancelled, met, started
from models.lifecycle import FINAL, State
from models.procedure.playbook_parts import ClockRule, SideClock

#: The word for anything of ours that reached the customer, and for the opening of the case.
TOLD, OPENED = "told", "opened"
_STATES = frozenset(state.value for state in State)


def after(case: Case, happened: Iterable[str], now: datetime) -> tuple[tuple[Clock, ...], tuple[str, ...]]:
    """The clocks of a case after these things happened to it, and the names of those that began.

    Things are actions, states entered, `told` and `opened`. Each rule meets or ends its running cycle first, and then
    begins another where one is due.
    """
    done, clocks, began = frozenset(happened), case.clocks, []
    running = {clock.clock for clock in clocks if clock.apart and clock.state == "running"}
    entered = not done.isdisjoint(_STATES)
    for name, rule in case.procedure.side_clocks.items():
        if name not in running and not (entered if not rule.starts_on else done.intersection(rule.starts_on)):
            continue
        clocks, new = _Beside(name, rule, case, done, now).turned(clocks)
        began += [name] if new else []
    return clocks, tuple(began)


def met_by(case: Case, happened: Iterable[str], now: datetime) -> tuple[Clock, ...]:
    """The clocks of a case with those met that one of these things meets."""
    done, rules = frozenset(happened), case.procedure.side_clocks
    names = {name for name, rule in rules.items() if done & set(rule.met_by)}
    return tuple(met(c, now) if c.clock in names and c.state == "running" else c for c in case.clocks)


@dataclass(frozen=True, slots=True)
class _Beside:
    """One rule at the moment when something happened to the case."""

    name: str
    rule: SideClock
    case: Case
    done: frozenset[str]
    now: datetime

    def turned(self, clocks: tuple[Clock, ...]) -> tuple[tuple[Clock, ...], bool]:
        """The clocks with this one ended, begun or on another target; and whether it began."""
        running = next((c for c in reversed(clocks) if c.clock == self.name and c.state == "running"), None)
        changed = self._changed(running) if running else None
        if changed is not running:
            clocks = tuple(changed if clock is running and changed else clock for clock in clocks)
        if (changed and changed.state == "running") or not self._begins(after_another=running is not None):
            return clocks, False
        cycle = 1 + sum(clock.clock == self.name for clock in clocks)
        rule = ClockRule(clock=self.name, target=self.target or 1, calendar=self.rule.calendar, remind=self.rule.remind)
        new = started(rule, cycle, self.now, apart=True, to_closing=self.rule.to_closing)
        return (*clocks, new.under(self.case.procedure.version)), True

    def _changed(self, clock: Clock) -> Clock:
        """The running clock met, cancelled, on another target, or as it is."""
        if self.done & set(self.rule.met_by):
            return met(clock, self.now)
        if self.case.state in FINAL or not self._in_its_states or self.target is None:
            return cancelled(clock, self.now)
        if (self.target, self.rule.calendar) != (clock.target, clock.calendar) and not self.rule.to_closing:
            # T10: the time used is carried over to the new target.
            changed = clock.changed(self.now, target=self.target, calendar=self.rule.calendar)
            return changed.under(self.case.procedure.version)
        return clock

    def _begins(self, after_another: bool) -> bool:
        if self.case.state in FINAL or self.target is None or not self._in_its_states:
            return False
        if self.rule.findings and self.case.finding not in self.rule.findings:
            return False
        if self.done & set(self.rule.starts_on):
            return True
        return self.rule.again if after_another else not self.rule.starts_on and bool(self.done & _STATES)

    @property
    def _in_its_states(self) -> bool:
        return not self.rule.during or self.case.state in self.rule.during

    @property
    def target(self) -> int | None:
        """Its length in seconds for a case of this severity; None where there is none (T3)."""
        if not self.rule.by_severity:
            return self.rule.target
        return next((s for severity, s in self.rule.by_severity.items() if severity == self.case.severity), None)
