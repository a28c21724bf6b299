"""Doing something to a case from a page that is not the case's own: done once, or why not, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from console.visit import Form, Visit
from models.errors import CommandRefused, Conflict, DataRefused, Unavailable


@dataclass(frozen=True)
class Outcome:
    """What came of it: nothing wrong, or words by field (an empty field name stands for the whole form)."""

    errors: Mapping[str, str] = field(default_factory=dict)
    code: int = 200

    @property
    def done(self) -> bool:
        """Whether the case took it, now or when the same form was sent before."""
        return not self.errors


async def do(here: Visit, case_no: str, action: str, data: Mapping[str, Any], form: Form) -> Outcome:
    """Carry an action out; the form's `command_id` makes a second press, or a form found by going back, harmless."""
    told = {key: value for key, value in data.items() if value not in ("", None, [])}
    command = {"action": action, "command_id": form.text("command_id") or uuid4().hex, "data": told}
    try:
        await here.desk.command(case_no, command, here.caller)
    except DataRefused as refused:
        return Outcome(here.wrong(refused), refused.status)
    except (CommandRefused, Conflict, Unavailable) as refused:
        return Outcome({"": here.told(refused)}, refused.status)
    return Outcome()
