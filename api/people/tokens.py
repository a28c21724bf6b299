"""Tokens of programs: made with their secret shown once, listed with their last use, withdrawn."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.callers import OUTSIDE
from models.errors import Conflict, Forbidden, Invalid
from models.lifecycle import Role, acts_as
from store.engine import reading, writing
from store.people import staff, tokens, users
from store.people.tokens import TokenInfo as TokenInfo

#: What a token of a customer or courier can be tied to.
TIES: Final = ("customer_id", "case_no", "carrier")
LONGEST_NAME: Final = 100


class Tokens:
    """The use cases of tokens, on one database. Everything here blocks: call it from a thread."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock

    def every(self) -> tuple[TokenInfo, ...]:
        """All tokens, the newest first, also those that were withdrawn."""
        with reading(self._engine) as session:
            return tuple(reversed(tokens.list(session)))

    def make(
        self,
        name: str,
        roles: Iterable[Role],
        for_others: bool,
        ties: Mapping[str, str],
        by: Iterable[Role],
        asked: str,
    ) -> tuple[TokenInfo, str]:
        """A new token and its text, which cannot be read again. The same `asked` twice makes one.

        Raises Invalid by field, Forbidden for more than whoever makes it may himself, Conflict for one made already.
        """
        given, tied = tuple(dict.fromkeys(roles)), {name: value for name, value in ties.items() if value}
        _check(name, given, for_others, tied)
        too_much = [role for role in given if not may_give(tuple(by), role)]
        if too_much or (for_others and Role.DIRECTOR not in by):
            raise Forbidden("A token may not do more than whoever makes it: ask a director.")
        id = sha256(asked.encode()).hexdigest()[:12]
        with writing(self._engine) as session:
            _is_nobodys(session, name)
            if any(one.id == id for one in tokens.list(session)):
                raise Conflict(
                    "This token was made already and shown once. If it is lost, withdraw it and make another."
                )
            text = tokens.create(session, name, given, for_others, self._clock(), tied, id)
            return next(one for one in tokens.list(session) if one.id == id), text

    def withdraw(self, token_id: str) -> None:
        """End a token; calls with it are refused within seconds. Raises NotFound."""
        with writing(self._engine) as session:
            tokens.revoke(session, token_id, self._clock())


def may_give(by: tuple[Role, ...], role: Role) -> bool:
    """Whether somebody of these roles may make a token of a role: what he may himself, and those from outside."""
    return Role.DIRECTOR in by or role in OUTSIDE or any(acts_as(own, role) for own in by)


def _check(name: str, roles: tuple[Role, ...], for_others: bool, ties: Mapping[str, str]) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise _wrong("name", f"Give it a name of 1 to {LONGEST_NAME} characters: commands are signed with it.")
    if not roles:
        raise _wrong("roles", "Choose at least one role.")
    outside = set(roles) <= OUTSIDE and not for_others
    if outside and len(ties) != 1:
        raise _wrong("ties", "A customer's or courier's token is tied to one thing: a customer, a case or a carrier.")
    if ties and not outside:
        raise _wrong("ties", "Only tokens of customers and couriers alone are tied: leave these fields empty.")


def _is_nobodys(session: Session, name: str) -> None:
    """A token signs what it does with its name, which must not be that of a person."""
    if users.get(session, name.casefold()) is not None or staff.person(session, name) is not None:
        raise _wrong("name", "Somebody of the house has this name: programs have names of their own.")


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(message, errors=[{"field": field, "message": message}])
