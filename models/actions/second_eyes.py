"""Maker is not checker: whoever asked for something, or opened the way to it, does not decide it alone."""

from models.case import Case
from models.draft import Draft


def same_person(one: str, other: str) -> bool:
    """Whether two ids name one person, in whatever role or with whatever token he acts."""
    return one.strip().casefold() == other.strip().casefold()


def let_pass_by_actor(draft: Draft) -> bool:
    """Whether the actor himself let this case pass that is not eligible: then another one decides what it gets."""
    return let_pass_by(draft.case, draft.actor.id)


def let_pass_by(case: Case, person: str) -> bool:
    """Whether the case may get something only because this person let it pass."""
    return case.override is not None and same_person(case.override.by, person)
