"""Colleagues by name: whoever signs in, and whoever is on the staff list."""

import asyncio
from typing import TYPE_CHECKING, Any

from api.auth import actor_of
from api.people.duty import Duty
from models.lifecycle import Role, acts_as

if TYPE_CHECKING:
    from console.visit import Visit


async def names(here: "Visit") -> dict[str, str]:
    """Id → name, of everybody who was ever here."""
    users, listed = await asyncio.gather(asyncio.to_thread(here.house.door.users), Duty(here.desk).names())
    return {**listed, **{one.id: one.name for one in users if one.name != one.id}}


async def on_the_list(here: "Visit") -> list[dict[str, Any]]:
    """The staff list, as this person may see it."""
    found = await Duty(here.desk).people(actor_of(here.caller))
    return list(found["items"])


async def owners(here: "Visit", known: str = "") -> list[tuple[str, str]]:
    """Who can own a case, by name: people of the list and active users who act as agents.

    `known` is chosen already, and stays a choice whoever it is.
    """
    users, listed = await asyncio.gather(asyncio.to_thread(here.house.door.users), Duty(here.desk).at_cases())
    mine = [one for one in users if one.is_active and any(acts_as(role, Role.AGENT) for role in one.roles)]
    found = {**({known: known} if known else {}), **{one.id: one.name for one in mine}}
    found |= {id: name for id, name in listed.items() if found.get(id, id) == id}
    return sorted(found.items(), key=lambda one: one[1])
