"""Whom an identity provider means: what is read from its claims, and which roles its groups stand for."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from models.errors import Invalid
from models.lifecycle import Role
from models.value import Value

#: Roles of people who sign in; customers, couriers, platforms and programs have ways in of their own.
OF_PEOPLE: Final = frozenset(Role) - {Role.CUSTOMER, Role.COURIER, Role.PLATFORM, Role.SYSTEM}
LONGEST_NAME: Final = 100
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def check_issuer(issuer: str) -> str:
    """A provider's address. Raises Invalid for one that is not asked by https, unless it is on this machine."""
    parts = urlsplit(issuer)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.query or parts.fragment:
        raise Invalid("Name an identity provider by its https:// address, without '?' and '#', as it writes it itself.")
    return issuer


class Identity(Value):
    """Somebody as an identity provider describes him. `roles` is None where managers give them."""

    issuer: str
    subject: str
    name: str
    username: str
    email: str | None = None  # only one that the provider has verified
    roles: tuple[Role, ...] | None = None

    @property
    def key(self) -> str:
        """What is kept of him: nobody but this provider can name it, and it means him for ever."""
        return f"{self.issuer} {self.subject}"


def read_groups(text: str) -> Mapping[str, tuple[Role, ...]]:
    """What groups stand for, written `desk=agent, leads=supervisor+finance`. Raises Invalid for what cannot be read."""
    found: dict[str, tuple[Role, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        group, equals, roles = (piece.strip() for piece in part.rpartition("="))
        if not equals or not group:
            raise Invalid(
                f"{part[:60]!a} names no group and its roles; write one like desk=agent or leads=manager+finance."
            )
        found[group] = tuple(dict.fromkeys(_role(name.strip()) for name in roles.split("+")))
    return found


def _role(name: str) -> Role:
    if name not in OF_PEOPLE:
        known = ", ".join(role for role in Role if role in OF_PEOPLE)
        raise Invalid(f"{name[:40]!a} is no role of somebody who signs in; those are {known}.")
    return Role(name)


def identity_of(claims: Mapping[str, Any], roles_claim: str | None, groups: Mapping[str, tuple[Role, ...]]) -> Identity:
    """Who the claims of a verified token describe; an e-mail address that nobody verified is none."""
    subject = str(claims["sub"])
    email = _text(claims.get("email")) if claims.get("email_verified") in (True, "true") else ""
    username = _text(claims.get("preferred_username")) or email or subject
    return Identity(
        issuer=str(claims["iss"]),
        subject=subject,
        name=(_text(claims.get("name")) or username.partition("@")[0])[:LONGEST_NAME],
        username=username,
        email=email or None,
        roles=roles_in(claims, roles_claim, groups) if roles_claim else None,
    )


def roles_in(claims: Mapping[str, Any], claim: str, groups: Mapping[str, tuple[Role, ...]]) -> tuple[Role, ...]:
    """The roles that somebody's groups stand for, each once; groups that stand for nothing count for nothing."""
    told = claim_at(claims, claim)
    named = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    found = (role for group in named if isinstance(group, str) for role in groups.get(group, ()))
    return tuple(dict.fromkeys(found))


def claim_at(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by its path where it lies in another: `realm_access.roles`. None when it is not there."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) and value.isprintable() else ""
