"""Colleagues by name: whoever signs in, and whoever is on the staff list."""

import asyncio
from typing import TYPE_CHECKING, Any

from api.auth import actor_of
from api.people.duty import Duty

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
