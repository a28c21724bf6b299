"""A route that checks a request in the contract's order before anything else looks at it: who, whether, what."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api.auth import Caller, Gate, permit
from api.callers import is_outside, mind_case
from api.desk import Desk
from api.limits import read_json
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
    """401, then 403 by the table of endpoints, then 413, 415 and 400 of the body, then the endpoint itself."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            gate: Gate = request.app.state.gate
            caller = await gate.authenticate(request)
            permit(caller, self.name)
            request.state.caller = caller
            await _mind_the_case(request, caller)
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


def checked_router(tag: str) -> APIRouter:
    """A router of routes that need a token."""
    return APIRouter(tags=[tag], route_class=Checked, dependencies=[Security(BEARER)])


def caller_of(request: Request) -> Caller:
    """Who calls, as the route found out."""
    caller: Caller = request.state.caller
    return caller


def desk_of(request: Request) -> Desk:
    """The desk of this app."""
    desk: Desk = request.app.state.desk
    return desk


def roles_shown(caller: Caller) -> frozenset[Role] | None:
    """The roles by which a case's actions are shown as allowed; None for a caller who may act as anybody."""
    return None if caller.may_act_for_others else caller.roles


CallerHere = Annotated[Caller, Depends(caller_of)]
DeskHere = Annotated[Desk, Depends(desk_of)]
