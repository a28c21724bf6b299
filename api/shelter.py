"""What is personal in a command stays in the shop's own database; the case is told a reference and a mask.

Histories of workflows outlive cases and are read by people who run clusters, so accounts, names and phone numbers
are taken out before a command travels (section 11).
"""

from hashlib import sha256
from typing import Any

from api.customer.links import unsigned
from models.lifecycle import Action
from models.masking import masked

#: Per action the fields that are personal.
PERSONAL: dict[Action, tuple[str, ...]] = {
    Action.PROVIDE_ACCOUNT: ("account", "real_name"),
    Action.UPDATE_CONTACT: ("name", "phone", "email", "address"),
}


def sheltered(action: Action, data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The data as it may travel, and what was taken out of it (empty when nothing is personal).

    A link to a case in a text opens nothing any more: whoever reads the history of a case is not its customer.
    """
    data = {name: unsigned(value) if isinstance(value, str) else value for name, value in data.items()}
    fields = PERSONAL.get(action, ())
    kept = {name: data[name] for name in fields if isinstance(data.get(name), str) and data[name]}
    return {**data, **{name: masked(value) for name, value in kept.items()}}, kept


def reference_of(case_no: str, command_id: str) -> str:
    """A reference that says nothing about what it stands for; the same for the same command said again."""
    return f"ref_{sha256(f'{case_no} {command_id}'.encode()).hexdigest()[:16]}"
