"""Signing in to the console: passwords, sessions, and how often somebody may try."""

import itertools
import math
import secrets
import string
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.limits import TooManyAttempts
from models.errors import AftercareError, Conflict, Forbidden, Invalid
from models.lifecycle import Role
from models.people.identity import Identity
from store.engine import reading, writing
from store.people import staff, users
from store.people.users import Sitting as Sitting
from store.people.users import User as User

#: The first user is called so, and may do everything that a person may.
FIRST: Final = "admin"
FIRST_ROLES: Final = (Role.DIRECTOR, Role.FINANCE, Role.WAREHOUSE, Role.WORKSHOP, Role.TECHNICIAN, Role.EXPERT)
#: What a user can be; couriers, platforms and programs come with tokens, customers with links.
PEOPLE: Final = (*FIRST_ROLES, Role.MANAGER, Role.SUPERVISOR, Role.AGENT)
#: Of these one signs in always, so that somebody can let others in.
MANAGING: Final = frozenset({Role.MANAGER, Role.DIRECTOR})
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 200
#: Failed tries within a quarter of an hour, of one name from one address, of one name, from one address.
MOST_BOTH: Final = 5
MOST_OF_NAME: Final = 25
MOST_OF_ADDRESS: Final = 50
_NAME = frozenset(string.ascii_lowercase + string.digits + "-_.@")
_CLEAR = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that are taken for others


class WrongPassword(AftercareError):
    """Name or password is wrong"""

    code = "wrong-password"
    status = 422


class Doorkeeper:
    """Who comes in, on one database. Everything here blocks: call it from a thread."""

    def __init__(self, engine: Engine, hasher: PasswordHash | None = None, passwords: bool = True) -> None:
        self._engine = engine
        #: Whether passwords let in; else the identity provider alone does.
        self.passwords = passwords
        self._hasher = hasher or PasswordHash((Argon2Hasher(),))
        self._nobody = self._hasher.hash(secrets.token_hex(8))

    # ── in and out ──────────────────────────────────────────────────────────

    def sign_in(self, name: str, password: str, address: str, browser: str, now: datetime) -> tuple[str, User]:
        """A new session's secret, and whose it is. Raises WrongPassword, TooManyAttempts with the wait, or Forbidden.

        An unknown name takes as long as a wrong password and is answered with the same words.
        """
        name = plain_name(name)
        if not self.passwords:
            raise Forbidden("Nobody signs in with a password here; the identity provider lets in.")
        with reading(self._engine) as session:
            self._let_try(users.tries(session, name, address, now), now)
            user, held = users.get(session, name), users.password_hash(session, name)
            with_us = user is not None and _is_with_us(session, user, now)
        right = self._hasher.verify(password[:LONGEST_PASSWORD], held or self._nobody)
        if not (right and held and user is not None and user.is_active and with_us):
            with writing(self._engine) as session:
                users.failed(session, name, address, now)
            raise WrongPassword("The name or the password is wrong.")
        return self.let_in(user, address, browser, now), user

    def let_in(self, user: User, address: str, browser: str, now: datetime) -> str:
        """A new session's secret for somebody who has shown who he is."""
        secret = secrets.token_urlsafe(32)
        with writing(self._engine) as session:
            users.forgive(session, user.id, address)
            users.begin(session, secret, user.id, address, browser, now)
        return secret

    def _let_try(self, tries: users.Tries, now: datetime) -> None:
        if tries.both < MOST_BOTH and tries.name < MOST_OF_NAME and tries.address < MOST_OF_ADDRESS:
            return
        wait = math.ceil(((tries.first or now) + users.TRIES_COUNT - now).total_seconds())
        raise TooManyAttempts("Too many tries with a wrong password; wait.", retry_after=max(1, wait))

    def who(self, secret: str, now: datetime) -> tuple[User, Sitting] | None:
        """Who a browser's secret stands for; None for nobody."""
        with reading(self._engine) as session:
            found = users.signed_in(session, secret, now)
            if found is None or not _is_with_us(session, found[0], now):
                return None
        if users.is_to_be_noted(found[1], now):
            with writing(self._engine) as session:
                users.saw(session, found[1].id, now)
        return found

    def sign_out(self, sitting_id: str) -> None:
        """One browser is signed out."""
        with writing(self._engine) as session:
            users.end(session, sitting_id)

    def sign_out_everywhere(self, user_id: str, but: str | None = None) -> int:
        """Everywhere, or everywhere but in one session; answers in how many places."""
        with writing(self._engine) as session:
            return users.end_all(session, user_id, but)

    def end_sitting(self, user_id: str, sitting_id: str) -> bool:
        """One of somebody's browsers is signed out; whether it was there and is his."""
        with writing(self._engine) as session:
            return users.end_one(session, user_id, sitting_id)

    def sittings(self, user_id: str, now: datetime) -> tuple[Sitting, ...]:
        """Where somebody is signed in."""
        with reading(self._engine) as session:
            return users.sittings(session, user_id, now)

    # ── through an identity provider ────────────────────────────────────────

    def meet(self, who: Identity, match_email: bool, now: datetime) -> tuple[User, bool]:
        """Whom an identity provider's word means here, and whether he may come in.

        Somebody new is added without roles, unless the provider's groups give some. `match_email` lets the address
        that the provider has verified stand for the user, or the person of the staff list, who is known by it.
        """
        with writing(self._engine) as session:
            user = users.of_subject(session, who.key)
            user = user or (self._of_email(session, who, now) if match_email else None) or _added(session, who, now)
            if who.roles is not None and who.roles != user.roles:
                user = users.change(session, user.id, roles=[role.value for role in who.roles])
            if not user.roles:
                users.end_all(session, user.id)
            return user, user.is_active and bool(user.roles) and _is_with_us(session, user, now)

    def _of_email(self, session: Session, who: Identity, now: datetime) -> User | None:
        """The user who is known by a verified address, from now on by the provider's word; nobody if it is unclear."""
        if who.email is None:
            return None
        listed = staff.of_email(session, who.email)
        ids = {one.id for one in listed} | {plain_name(who.email)}
        found = [user for id in sorted(ids) if (user := users.get(session, id)) is not None]
        if len(found) == 1 and found[0].subject is None:
            return _tied(session, found[0], who.key)
        return _added(session, who, now, listed[0].id) if not found and len(listed) == 1 else None

    def tie(self, waiting_id: str, to_id: str) -> User:
        """Let somebody who came through the provider without roles be a user who was there before.

        Raises NotFound, or Conflict when the one has roles already, or the other a word of the provider's.
        """
        with writing(self._engine) as session:
            waiting, other = users.known(session, plain_name(waiting_id)), users.known(session, plain_name(to_id))
            if waiting.subject is None or waiting.roles or other.subject is not None or waiting.id == other.id:
                raise Conflict("Only somebody new without roles can be tied to a user whom the provider does not know.")
            users.remove(session, waiting.id)
            return _tied(session, other, waiting.subject)

    # ── what one changes oneself ────────────────────────────────────────────

    def change_password(
        self, user: User, old: str, new: str, sitting_id: str, now: datetime, address: str = "?"
    ) -> None:
        """A new password of one's own; other browsers are signed out. Raises WrongPassword or Invalid.

        Wrong ones count as tries to sign in do: a browser that was left open is no place to guess at either.
        """
        with reading(self._engine) as session:
            self._let_try(users.tries(session, user.id, address, now), now)
            held = users.password_hash(session, user.id)
        if held is None or not self._hasher.verify(old[:LONGEST_PASSWORD], held):
            with writing(self._engine) as session:
                users.failed(session, user.id, address, now)
            raise WrongPassword("The password you have now is another.", errors=[_about("old", "it is another")])
        if secrets.compare_digest(old.encode(), new.encode()):
            raise Invalid("Choose another password than the one you have.", errors=[_about("new", "it is the same")])
        fresh = self._hashed(user.id, new)
        with writing(self._engine) as session:
            users.change(session, user.id, password_hash=fresh, must_change=False)
            users.end_all(session, user.id, but=sitting_id)

    def prefer(self, user_id: str, **wishes: Any) -> User:
        """Keep what somebody likes better."""
        with writing(self._engine) as session:
            return users.prefer(session, user_id, wishes)

    # ── who may come in ─────────────────────────────────────────────────────

    def users(self) -> tuple[User, ...]:
        """Everybody, by id."""
        with reading(self._engine) as session:
            return users.all(session)

    def add(self, id: str, roles: Iterable[Role], now: datetime, name: str | None = None) -> tuple[User, str]:
        """Add somebody; answers him and a password to be changed at the first sign-in.

        Where passwords let nobody in, the word is empty: he comes through the identity provider and is tied then.
        """
        id = plain_name(id)
        if not id or len(id) > 60 or not _NAME.issuperset(id):
            raise Invalid("A user's id is up to 60 of the letters a-z, digits and - _ . @, without spaces.")
        password = random_password() if self.passwords else ""
        with writing(self._engine) as session:
            known = staff.person(session, id)
            user = User(
                id=id,
                name=name or (known.name if known else id),
                roles=_of_people(roles),
                must_change=self.passwords,
                preferences={},
                created_at=now,
            )
            users.add(session, user, self._hashed(id, password) if password else None)
        return user, password

    def add_first(self, now: datetime) -> tuple[User, str] | None:
        """The first user, who may do everything, and his password; None when there is anybody already."""
        with reading(self._engine) as session:
            if users.count(session):
                return None
        return self.add(FIRST, FIRST_ROLES, now)

    def password_mark(self, id: str) -> str:
        """What tells the password that somebody has now from any other; empty for who has none."""
        with reading(self._engine) as session:
            held = users.password_hash(session, plain_name(id))
        return users.hashed(held)[:16] if held else ""

    def new_password(self, id: str, instead_of: str | None = None) -> str:
        """A new password for somebody, to be changed at the next sign-in; he is signed out everywhere.

        `instead_of` is the mark of the password that it takes the place of, so that the same form sent twice makes
        one. Raises Conflict when that one is gone already, Forbidden where passwords let nobody in.
        """
        if not self.passwords:
            raise Forbidden("Nobody signs in with a password here; the identity provider lets in.")
        id, password = plain_name(id), random_password()
        with writing(self._engine) as session:
            held = users.password_hash(session, id)
            if instead_of is not None and instead_of != (users.hashed(held)[:16] if held else ""):
                raise Conflict(f"'{id}' has a new password already; it was shown once.")
            users.change(session, id, password_hash=self._hashed(id, password), must_change=True)
            users.end_all(session, id)
            users.forgive(session, id)
        return password

    def give_roles(self, id: str, roles: Iterable[Role]) -> User:
        """Other roles for somebody, from his next page on. Raises Conflict when nobody would manage any more."""
        with writing(self._engine) as session, _somebody_manages(session):
            return users.change(session, plain_name(id), roles=[role.value for role in _of_people(roles)])

    def disable(self, id: str, now: datetime) -> User:
        """Let somebody in no more; he is signed out everywhere. His name stays in what he did.

        Raises Conflict when nobody would manage any more: two who do it to each other at the same moment included.
        """
        id = plain_name(id)
        with writing(self._engine) as session, _somebody_manages(session):
            users.end_all(session, id)
            return users.change(session, id, disabled_at=now)

    def enable(self, id: str) -> User:
        """Let somebody in again."""
        with writing(self._engine) as session:
            return users.change(session, plain_name(id), disabled_at=None)

    def _hashed(self, id: str, password: str) -> str:
        if len(password) < SHORTEST_PASSWORD:
            short = f"use at least {SHORTEST_PASSWORD} characters"
            raise Invalid(f"The password is too short: {short}.", errors=[_about("new", short)])
        if len(password) > LONGEST_PASSWORD:
            long = f"use at most {LONGEST_PASSWORD} characters"
            raise Invalid(f"The password is too long: {long}.", errors=[_about("new", long)])
        if plain_name(password) == id:
            raise Invalid("The password is your name.", errors=[_about("new", "it is your name")])
        return self._hasher.hash(password)


def _tied(session: Session, user: User, subject: str) -> User:
    """A user whom the provider knows from now on. A password that was only given to him lets nobody in any more."""
    unused = {"password_hash": None, "must_change": False} if user.must_change else {}
    return users.change(session, user.id, subject=subject, **unused)


def _added(session: Session, who: Identity, now: datetime, id: str | None = None) -> User:
    """Somebody new, without roles, under a name that is nobody's yet."""
    user = User(id=id or _free_id(session, who.username), name=who.name, roles=(), subject=who.key, created_at=now)
    users.add(session, user, None)
    return user


def _free_id(session: Session, username: str) -> str:
    """An id of the letters that ids have, which neither a user nor anybody on the staff list has: it signs acts."""
    wanted = "".join(c for c in plain_name(username).partition("@")[0] if c in _NAME)[:50] or "somebody"
    names = itertools.chain([wanted], (f"{wanted}-{n}" for n in itertools.count(2)))
    return next(name for name in names if users.get(session, name) is None and staff.person(session, name) is None)


def plain_name(name: str) -> str:
    """A name as it is kept: however it is typed, it is the same person."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def random_password() -> str:
    """Four groups of four that can be read out."""
    return "-".join("".join(secrets.choice(_CLEAR) for _ in range(4)) for _ in range(4))


@contextmanager
def _somebody_manages(session: Session) -> Iterator[None]:
    """Raises Conflict when what is done inside leaves nobody who can let others in."""
    did = _manages(users.held(session))
    yield
    if did and not _manages(users.all(session)):
        raise Conflict("Nobody would be left who manages and signs in: let another manager in first.")


def _manages(everybody: Iterable[User]) -> bool:
    return any(user.is_active and not MANAGING.isdisjoint(user.roles) for user in everybody)


def _of_people(roles: Iterable[Role]) -> tuple[Role, ...]:
    given = tuple(dict.fromkeys(Role(role) for role in roles))
    wrong = [role.value for role in given if role not in PEOPLE]
    if wrong or not given:
        raise Invalid(f"A user is one or more of {', '.join(PEOPLE)}" + (f"; not {wrong[0]}." if wrong else "."))
    return given


def _is_with_us(session: Session, user: User, now: datetime) -> bool:
    """Whether somebody who is on the staff list has not left (T11)."""
    held = [one for one in staff.standings(session, user.id) if one.since <= now]
    return not held or bool(max(held, key=lambda one: one.since).roles)


def _about(field: str, message: str) -> dict[str, str]:
    return {"field": field, "message": message}
