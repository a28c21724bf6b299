"""What each action changes, one function each, grouped by the chapter of a case's life.

A handler gets a Draft and the checked data of its command. It changes the case, sets the facts that the table's
guards read, and refuses what a rule forbids. It never moves the case: the table does.
"""

from collections.abc import Callable
from typing import Any

from models.draft import Draft
from models.lifecycle import Action

Handler = Callable[[Draft, Any], None]
HANDLERS: dict[Action, Handler] = {}


def handles(*actions: Action) -> Callable[[Handler], Handler]:
    """Register a function as the handler of these actions."""

    def register(handler: Handler) -> Handler:
        for action in actions:
            HANDLERS[action] = handler
        return handler

    return register
