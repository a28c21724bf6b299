"""Every refusal as an RFC 9457 problem document: this is the one place where errors become answers."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from api.limits import TooManyAttempts
from models.errors import (
    AftercareError,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    WrongContentType,
)

log = logging.getLogger("aftercare.api")

MEDIA_TYPE: Final = "application/problem+json"
#: After so many seconds it is worth repeating a call that met a part that was away.
RETRY_AFTER: Final = 5
_AWAY: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
    }
)


class MethodNotAllowed(AftercareError):
    """That cannot be done at this address"""

    code = "method-not-allowed"
    status = 405


class InternalError(AftercareError):
    """Something went wrong on our side"""

    code = "internal"
    status = 500


class ProblemResponse(Response):
    """A problem document as an answer, with the headings that belong to its status."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        body = to_json(problem, fallback=str, inf_nan_mode="null")
        super().__init__(body, int(problem["status"]), headers)


def problem_of(error: AftercareError) -> ProblemResponse:
    """The answer to an error of our own family."""
    told = error.as_problem().items()
    # That nothing is allowed now is an answer; other empty lists are none.
    problem = {name: value for name, value in told if value not in (None, []) or name == "allowed_actions"}
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="aftercare"'
    if error.status == Unavailable.status:
        headers["Retry-After"] = str(RETRY_AFTER)
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.extra.get("retry_after", RETRY_AFTER))
    return ProblemResponse(problem, headers)


# ── what other parts raise ────────────────────────────────────────────────────────────────────────


def translated(error: Exception) -> AftercareError:
    """Our own error for whatever was raised; what nobody expected is logged, and only its number leaves."""
    if isinstance(error, AftercareError):
        return error
    if isinstance(error, HTTPException):
        return _from_framework(error)
    if isinstance(error, RequestValidationError):
        return _from_validation(error)
    if _is_away(error):
        log.warning("a part is away: %s", type(error).__name__)
        return Unavailable("A part of the service is away for the moment; repeat the same call.")
    log.error("unexpected", exc_info=error)
    return InternalError("It was logged. Repeat the call, or ask whoever runs this service.")


def _is_away(error: Exception) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, RPCError):
        return error.status in _AWAY
    away = (OperationalError, InterfaceError, PoolTimeout, WorkflowUpdateRPCTimeoutOrCancelledError, ConnectionError)
    return isinstance(error, away)


def _from_framework(error: HTTPException) -> AftercareError:
    told: dict[int, AftercareError] = {
        400: Malformed("The body cannot be read."),
        404: NotFound("There is nothing at this address; GET /openapi.json lists what there is."),
        405: MethodNotAllowed("The address is right, the method is not; see the heading 'Allow'."),
        413: TooLarge("The body is longer than is taken here."),
        415: WrongContentType("The body is of a kind that is not read here."),
    }
    return told.get(error.status_code, Invalid("The request cannot be carried out as it is."))


def _from_validation(refused: RequestValidationError) -> AftercareError:
    found = [error for error in refused.errors() if isinstance(error, dict)]
    if found and all(error["loc"][0] == "path" for error in found):
        return NotFound("There is nothing of that name.")
    errors = [{"field": _field(error["loc"]), "message": _message(error)} for error in found if _is_cause(error, found)]
    first = errors[0] if errors else {"field": "", "message": "it is not as described"}
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    said = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return Invalid(f"{said}{more}", errors=errors[:100])


def _is_cause(error: Mapping[str, Any], found: list[dict[str, Any]]) -> bool:
    """A list of which an item is wrong counts as too short besides; nobody needs to read that."""
    where = error["loc"]
    return error["type"] != "too_short" or not any(
        len(other["loc"]) > len(where) and other["loc"][: len(where)] == where for other in found
    )


def _field(location: tuple[int | str, ...]) -> str:
    # An unknown field may be called anything; its name must survive being written as UTF-8.
    parts = location[1:] if location and location[0] in ("body", "query", "header", "cookie") else location
    return ".".join(str(part) for part in parts).encode("utf-8", "backslashreplace").decode()[:200]


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] in ("model_type", "model_attributes_type", "dict_type", "dataclass_type"):
        return "must be a JSON object"
    return str(error["msg"]).removeprefix("Value error, ")


# ── wiring ────────────────────────────────────────────────────────────────────────────────────────


class Answered:
    """The outermost layer: whatever is raised below becomes a problem, and every answer gets its safe headings."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = list(message.get("headers", []))
                named = {bytes(name).lower() for name, _ in given}
                path = scope["path"].removeprefix(scope.get("root_path", ""))
                missing = [one for one in _safe_headings(path) if one[0] not in named]
                message = {**message, "headers": [*given, *missing]}
            await send(message)

        try:
            await self.app(scope, receive, send_safely)
        except ClientDisconnect:
            return
        except Exception as error:
            answer = problem_of(translated(error))
            if started:  # too late to say anything; the connection ends here
                return
            await answer(scope, receive, send_safely)


def _safe_headings(path: str) -> list[tuple[bytes, bytes]]:
    headings = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    ]
    if path.startswith("/api/"):
        headings.append((b"cache-control", b"no-store"))
    return headings


def install_problems(app: FastAPI) -> None:
    """Let every refusal of this app be a problem document."""

    async def answer(_request: Request, error: Exception) -> Response:
        problem = problem_of(translated(error))
        if isinstance(error, HTTPException):
            for name, value in (error.headers or {}).items():
                problem.headers[name] = value
        return problem

    for kind in (AftercareError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer)
    app.add_middleware(Answered)
