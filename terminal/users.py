"""Commands about those who sign in to the console: they work on the database itself, and need no running API."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import Invalid
from models.lifecycle import Role

if TYPE_CHECKING:
    from api.people.sign_in import Doorkeeper, User

user = typer.Typer(help="Users: who signs in to the console.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The name to sign in with, the same as on the staff list.")]
Roles = Annotated[list[str], typer.Option("--role", help="A role; say it once for each.")]


@user.command("add")
def add(
    id: Id,
    role: Roles,
    name: Annotated[str | None, typer.Option(help="How colleagues call them; default: as on the staff list.")] = None,
    json: AsJson = False,
) -> None:
    """Add somebody, and show the password that they change at their first sign-in."""
    from terminal import shown

    with _door() as door:
        made, password = door.add(id, _roles(role), datetime.now(UTC), name)
    if json:
        shown.as_json({**_document(made), "password": password})
        return
    shown.say(f"{made.id} may sign in as {', '.join(made.roles)}. The password, shown this once: {password}")


@user.command("list")
def list_users(json: AsJson = False) -> None:
    """Everybody who may sign in, or could once."""
    from terminal import shown

    with _door() as door:
        found = door.users()
    if json:
        shown.as_json({"items": [_document(one) for one in found], "next_cursor": None})
        return
    rows = ((one.id, one.name, ", ".join(one.roles), _standing(one)) for one in found)
    shown.table(("id", "name", "roles", "signs in"), rows)


@user.command("password")
def password(id: Id, json: AsJson = False) -> None:
    """A new password for somebody, shown once; they are signed out everywhere."""
    from terminal import shown

    with _door() as door:
        made = door.new_password(id)
    if json:
        shown.as_json({"id": id, "password": made})
        return
    shown.say(f"The new password of {id}, shown this once: {made}")


@user.command("disable")
def disable(id: Id, json: AsJson = False) -> None:
    """Let somebody in no more; they are signed out everywhere."""
    _change(lambda door: door.disable(id, datetime.now(UTC)), json)


@user.command("enable")
def enable(id: Id, json: AsJson = False) -> None:
    """Let somebody in again."""
    _change(lambda door: door.enable(id), json)


@user.command("roles")
def roles(id: Id, role: Roles, json: AsJson = False) -> None:
    """Other roles for somebody, from their next page on."""
    _change(lambda door: door.give_roles(id, _roles(role)), json)


@user.command("tie")
def tie(
    id: Annotated[
        str, typer.Argument(metavar="NEW", help="Who came through the identity provider, without roles yet.")
    ],
    to: Annotated[str, typer.Argument(metavar="USER", help="The user who was there before: the same person.")],
    json: AsJson = False,
) -> None:
    """Say which user somebody is who came through the identity provider; the new entry goes."""
    _change(lambda door: door.tie(id, to), json)


def _change(work: "Callable[[Doorkeeper], User]", json: bool) -> None:
    from terminal import shown

    with _door() as door:
        changed = work(door)
    if json:
        shown.as_json(_document(changed))
        return
    shown.say(f"{changed.id}: {', '.join(changed.roles)}; {_standing(changed)}.")


@contextmanager
def _door() -> "Iterator[Doorkeeper]":
    from api.people.sign_in import Doorkeeper
    from store.engine import revisions
    from terminal import places

    with places.database() as engine:
        if not revisions(engine).up_to_date:
            raise Invalid("The database has an older schema: run 'aftercare db upgrade'.")
        yield Doorkeeper(engine)


def _roles(given: list[str]) -> list[Role]:
    from api.people.sign_in import PEOPLE

    known = {role.value: role for role in PEOPLE}
    wrong = [name for name in given if name not in known]
    if wrong:
        raise Invalid(f"'{wrong[0]}' is no role of a user; there are {', '.join(sorted(known))}.")
    return [known[name] for name in given]


def _document(user: "User") -> dict[str, Any]:
    return user.model_dump(
        mode="json", include={"id", "name", "roles", "must_change", "created_at", "disabled_at", "subject"}
    )


def _standing(user: "User") -> str:
    if not user.is_active:
        return "not any more"
    if not user.roles:
        return "no, a role is still to be given"
    return "yes, with a password still to be changed" if user.must_change else "yes"
