"""Saved views of lists: one's own, and those that are shared with everybody."""

from typing import Any, Final

from api.desk import Desk
from models.errors import Invalid
from store import saved_views

LONGEST_NAME: Final = 60
LONGEST_QUERY: Final = 2000


async def seen_by(desk: Desk, person: str, page: str) -> list[dict[str, Any]]:
    """The views of a page that a person has to choose from, the own ones first."""
    found = await desk.read(lambda session: saved_views.seen_by(session, person, page))
    return [view.model_dump(mode="json") for view in found]


async def save(desk: Desk, person: str, page: str, name: str, query: str, shared: bool) -> dict[str, Any]:
    """Keep what a list is narrowed to; one's own view of that name gives way. Raises Invalid for no name."""
    told = " ".join(name.split())
    if not told or len(told) > LONGEST_NAME or not told.isprintable():
        words = f"Give the view a name of at most {LONGEST_NAME} letters."
        raise Invalid(words, errors=[{"field": "name", "message": words}])
    if len(query) > LONGEST_QUERY:
        raise Invalid("The filter is too long to be kept: choose fewer values.")
    now = desk.clock()
    kept = await desk.write(lambda session: saved_views.save(session, person, page, told, query, shared, now))
    return kept.model_dump(mode="json")


async def forget(desk: Desk, person: str, view_id: str) -> bool:
    """Take away one of one's own views; whether there was one."""
    return await desk.write(lambda session: saved_views.forget(session, person, view_id))
