"""One action on many cases: what can be asked for, and the contract between its workflow and its activities (T12)."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from models.commands import Actor, Command, parse_data
from models.lifecycle import Action
from models.value import Value

BULK: Final = "BulkAction"
BULK_BATCH: Final = "bulk_batch"
BULK_END: Final = "bulk_end"

BulkWord = Literal["remind", "reassign", "escalate", "extend", "retry", "close"]
BulkState = Literal["running", "stopping", "stopped", "done"]
ItemState = Literal["waiting", "done", "refused", "failed"]
#: What managers do to many cases, and the action of a case that it is. Each case decides by its own rules.
ACTIONS: Final[Mapping[str, Action]] = {
    "remind": Action.REMIND,
    "reassign": Action.ASSIGN,
    "escalate": Action.ESCALATE,
    "extend": Action.EXTEND,
    "retry": Action.RETRY,
    "close": Action.CLOSE,
}
#: Where an action of a case takes the reason that was given for all of them.
_REASON: Final = {Action.REMIND: "note", Action.ESCALATE: "reason", Action.EXTEND: "reason", Action.CLOSE: "reason"}

#: The most cases of one bulk, the cases of one batch, and how many of them are asked at once.
MOST: Final = 10_000
BATCH: Final = 50
AT_ONCE: Final = 10


def bulk_workflow_id(bulk_id: str) -> str:
    """The workflow id of a bulk; nobody else spells it."""
    return f"bulk/{bulk_id}"


def command_of(bulk_id: str, word: str, data: Mapping[str, Any], reason: str, actor: Actor, case_no: str) -> Command:
    """The command that one case is sent: under an id of its own, so that a repeat has no second effect."""
    action = ACTIONS[word]
    named = _REASON.get(action)
    filled = {**data, **({named: reason} if named and not data.get(named) else {})}
    return Command(action=action, actor=actor, command_id=f"{bulk_id}:{case_no}", data=filled)


def check(word: str, data: Mapping[str, Any], reason: str, actor: Actor) -> None:
    """Raises DataRefused for data that every case would refuse."""
    parse_data(command_of("check", word, data, reason, actor, "-"))


class BulkInput(Value):
    """The one argument of a bulk's workflow; a run that continues as new hands over how far it is."""

    bulk_id: str
    total: int
    next: int = 0
    done: int = 0
    refused: int = 0
    failed: int = 0
    history_limit: int | None = None  # events after which the run continues as new; None = the server's advice


class BulkBatch(Value):
    """Cases of a bulk, from one place in its list until before another."""

    bulk_id: str
    first: int
    until: int


class BatchDone(Value):
    """What a batch came to; the answers themselves are in SQL. `stopping`: somebody said stop."""

    done: int = 0
    refused: int = 0
    failed: int = 0
    stopping: bool = False


class BulkEnd(Value):
    """A bulk is over: everybody was asked, or it was stopped."""

    bulk_id: str
    stopped: bool
