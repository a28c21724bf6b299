"""What can be refused, as one family. The docstring of a class is its title; ``detail`` says what to do.

AftercareError
├── CommandRefused            a command to a case that changes nothing
│   ├── MalformedCommand      400  the envelope cannot be read
│   ├── RoleRefused           403  this role may not do it
│   ├── StateRefused          409  not in this state
│   ├── RuleRefused           409  a rule of the handbook forbids it now
│   ├── PreviewStale          409  what was shown is no longer what would be done (F20)
│   └── DataRefused           422  the data of the action is missing or wrong
├── NotFound                  404
├── LinkEnded                 410  a customer's link that expired or was taken back
├── Conflict                  409
├── Unauthenticated           401
├── Forged                    401  a webhook whose signature or age does not hold
├── TooLarge                  413
├── WrongContentType          415
├── Unavailable               503  Temporal or the database is away; safe to repeat
└── the errors of single rooms, under their headings below
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class AftercareError(Exception):
    """Something was refused"""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    @property
    def title(self) -> str:
        """One short sentence for people, the same for every error of the class."""
        return (type(self).__doc__ or "Refused").strip().splitlines()[0]

    def as_problem(self) -> dict[str, Any]:
        """The RFC 9457 members of this error, ready for an API answer or a failure's details."""
        return {
            "type": f"urn:aftercare:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }


# ── commands to a case ────────────────────────────────────────────────────────────────────────────


class CommandRefused(AftercareError):
    """The command was refused and changed nothing"""

    code = "command-refused"
    status = 409


class MalformedCommand(CommandRefused):
    """The command cannot be read"""

    code = "malformed-command"
    status = 400


class RoleRefused(CommandRefused):
    """This role may not do that"""

    code = "role-refused"
    status = 403


class StateRefused(CommandRefused):
    """The case is not in a state in which that can be done"""

    code = "state-refused"
    status = 409


class RuleRefused(CommandRefused):
    """A rule forbids it as things stand"""

    code = "rule-refused"
    status = 409


class PreviewStale(CommandRefused):
    """Something changed since the preview was shown; look at the new one"""

    code = "preview-stale"
    status = 409


class DataRefused(CommandRefused):
    """The data of the command is missing or wrong"""

    code = "data-refused"
    status = 422

    def __init__(self, detail: str, errors: Sequence[Mapping[str, str]] = (), **extra: Any) -> None:
        super().__init__(detail, errors=[dict(e) for e in errors], **extra)

    @classmethod
    def of(cls, field: str, message: str) -> "DataRefused":
        """The refusal of one field."""
        return cls(message, [{"field": field, "message": message}])


def refusal_from(problem: Mapping[str, Any]) -> AftercareError:
    """The error that a problem was made of, as it comes back from a workflow; an unknown one is a plain refusal."""
    known = {kind.code: kind for kind in _family(AftercareError)}
    members = {k: v for k, v in problem.items() if k not in ("type", "title", "status", "detail")}
    kind = known.get(str(problem.get("type", "")).rpartition(":")[2], CommandRefused)
    return kind(str(problem.get("detail", "")), **members)


def _family(kind: type[AftercareError]) -> list[type[AftercareError]]:
    return [kind, *(member for child in kind.__subclasses__() for member in _family(child))]


# ── the desk ──────────────────────────────────────────────────────────────────────────────────────


class NotFound(AftercareError):
    """There is no such thing here"""

    code = "not-found"
    status = 404


class LinkEnded(AftercareError):
    """This link has come to its end"""

    code = "link-ended"
    status = 410


class Conflict(AftercareError):
    """It clashes with what is already there"""

    code = "conflict"
    status = 409


class Malformed(AftercareError):
    """The request cannot be read"""

    code = "malformed"
    status = 400


class Invalid(AftercareError):
    """The request is missing something or has something wrong"""

    code = "invalid"
    status = 422


class Unauthenticated(AftercareError):
    """A valid token is needed"""

    code = "unauthenticated"
    status = 401


class Forged(AftercareError):
    """The call from outside is not signed as its source signs"""

    code = "forged"
    status = 401


class Forbidden(AftercareError):
    """This token may not do that"""

    code = "forbidden"
    status = 403


class FileRefused(AftercareError):
    """The file is none of the kinds that are kept, or it cannot be read"""

    code = "file-refused"
    status = 422


class TooLarge(AftercareError):
    """The body is larger than allowed"""

    code = "too-large"
    status = 413


class WrongContentType(AftercareError):
    """The body is of a kind that is not read here"""

    code = "wrong-content-type"
    status = 415


class Unavailable(AftercareError):
    """A part of the service is away for the moment; repeat the same call"""

    code = "unavailable"
    status = 503


# ── calendars ─────────────────────────────────────────────────────────────────────────────────────


class CalendarInvalid(AftercareError):
    """A calendar cannot be used; correct the fields named and load it again"""

    code = "calendar-invalid"
    status = 422


class NoOpeningFound(AftercareError):
    """The calendar has not enough open hours within reach; give it hours or shorten the time asked for"""

    code = "no-opening-found"
    status = 422


# ── money ─────────────────────────────────────────────────────────────────────────────────────────


class MoneyRefused(AftercareError):
    """That is no amount that can be worked with"""

    code = "money-refused"
    status = 422


class PotExceeded(AftercareError):
    """More was asked for than is left of what was paid"""

    code = "pot-exceeded"
    status = 409


class OrderInvalid(AftercareError):
    """The order cannot be taken as it is; every field that is wrong is named"""

    code = "order-invalid"
    status = 422

    def __init__(self, detail: str, errors: Sequence[Mapping[str, str]] = (), **extra: Any) -> None:
        self.errors = [dict(e) for e in errors]
        super().__init__(detail, errors=self.errors, **extra)


# ── playbooks ─────────────────────────────────────────────────────────────────────────────────────


class PlaybookInvalid(AftercareError):
    """A playbook cannot be used; the last good set stays in force"""

    code = "playbook-invalid"
    status = 422
