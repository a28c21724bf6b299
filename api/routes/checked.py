"""A route that checks a request in the contract's order before anything else looks at it: who, whether, what."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.auth import Caller, Gate, permit
from api.callers import is_outside, mind_case
from api.desk import Desk
from api.limits import read_json
from models.errors import Invalid
from models.lifecycle import Role

#: Says in the reference that a token is needed; the checking is done by the route.
BEARER = HTTPBearer(auto_error=False, description="a token made by `aftercare token create`")


class _AlreadyRead(Request):
    """A request whose JSON was read and checked; the framework finds it decoded."""

    def __init__(self, request: Request, parsed: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._parsed = parsed

    async def body(self) -> bytes:
        return b"\0"  # only asked for whether there is any

    async def json(self) -> Any:
        return self._parsed


class Checked(APIRoute):
    """401, then 403 by the table of endpoints, then query parameters that are none, 413, 415 and 400 of the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = frozenset(_query_names(self.dependant))

        async def checked(request: Request) -> Response:
            gate: Gate = request.app.state.gate
            caller = await gate.authenticate(request)
            permit(caller, self.name)
            request.state.caller = caller
            await _mind_the_case(request, caller)
            _mind_the_query(request, known)
            if self.body_field is not None:
                request = _AlreadyRead(request, await read_json(request))
            return await handle(request)

        return checked


async def _mind_the_case(request: Request, caller: Caller) -> None:
    """Customers and couriers are told of no case but theirs, at whatever address it is asked for."""
    case_no = request.path_params.get("case_no")
    if case_no is not None and is_outside(caller):
        desk: Desk = request.app.state.desk
        await desk.read(lambda session: mind_case(session, caller, str(case_no)))


def _query_names(dependant: Dependant) -> Iterator[str]:
    """The query parameters of an endpoint, and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for part in dependant.dependencies:
        yield from _query_names(part)


def _mind_the_query(request: Request, known: frozenset[str]) -> None:
    """A filter that is misspelt must not look as if it had found everything. Raises Invalid naming it."""
    unknown = sorted(set(request.query_params) - known)
    if not unknown:
        return
    there = f"there are {', '.join(sorted(known))}" if known else "there are none here"
    errors = [{"field": name[:100], "message": f"there is no such query parameter; {there}"} for name in unknown[:20]]
    raise Invalid(f"{errors[0]['field']!a}: {errors[0]['message']}.", errors=errors)


def checked_router(tag: str) -> APIRouter:
    """A router of routes that need a token."""
    return APIRouter(tags=[tag], route_class=Checked, dependencies=[Security(BEARER)])


async def caller_of(request: Request) -> Caller:
    """Who calls, as the route found out."""
    caller: Caller = request.state.caller
    return caller


async def desk_of(request: Request) -> Desk:
    """The desk of this app."""
    desk: Desk = request.app.state.desk
    return desk


def roles_shown(caller: Caller) -> frozenset[Role] | None:
    """The roles by which a case's actions are shown as allowed; None for a caller who may act as anybody."""
    return None if caller.may_act_for_others else caller.roles


# They are coroutines because the framework sends plain functions to a thread, for every request anew.
CallerHere = Annotated[Caller, Depends(caller_of)]
DeskHere = Annotated[Desk, Depends(desk_of)]
