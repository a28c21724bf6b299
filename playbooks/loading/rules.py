"""What a rule for playbooks is: the fields it reads, and what it says about a playbook as one sort of case has it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from models.playbook import Playbook
from playbooks.loading.lengths import Finding

T = TypeVar("T")

#: What a rule asks of a playbook: where something is wrong, and a sentence on how to mend it; never only the first.
Look = Callable[[Playbook, "Around"], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Around:
    """What stands beside a playbook and is named in it: calendars, zones of the freight rates, other kinds."""

    calendars: frozenset[str] = field(default_factory=frozenset)
    zones: frozenset[str] = field(default_factory=frozenset)
    kinds: frozenset[str] = field(default_factory=frozenset)
    seen: dict[object, tuple[object, Any]] = field(default_factory=dict, compare=False)

    def once(self, what: tuple[object, ...], of: tuple[object, ...], found: Callable[[], T]) -> T:
        """What was found for the very same parts before, else what is found now. The parts are kept with it."""
        key = (what, tuple(map(id, of)))
        if key not in self.seen:
            self.seen[key] = (of, found())
        answer: T = self.seen[key][1]
        return answer


class Rule(NamedTuple):
    """A look at a playbook that depends on these fields of its file alone, so that it is taken once for equal ones."""

    reads: frozenset[str]
    look: Look


def reading(*fields: str) -> Callable[[Look], Rule]:
    """Makes a rule of a function that reads these fields and no others."""
    return lambda look: Rule(frozenset(fields), look)
