"""The console as a part of the HTTP process: everything that is not the API's."""

import re
from typing import Final

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import access, problems
from console.addresses import Addresses
from console.pages import PAGES
from console.rendering import STATIC
from console.visit import House, nobody, visit, visitor

#: What is the API's, also where it has nothing: programs are answered there.
NOT_OURS: Final = re.compile(r"^/(api/|healthz$|readyz$|metrics$|docs$|openapi\.json$)")
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "manifest-src 'self'",
    )
)
HEADINGS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",  # none at all would take the origin from our own forms
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
KEPT_FOR_EVER: Final = "public, max-age=31536000, immutable"


class Files(StaticFiles):
    """Static files; their addresses change with them, so browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, with how long it may be kept."""
        answer = await super().get_response(path, scope)
        versioned = b"v=" in scope.get("query_string", b"")
        answer.headers["Cache-Control"] = KEPT_FOR_EVER if versioned else "public, max-age=60"
        return answer


class Beside(Mount):
    """A mount at the root that leaves alone what is the API's."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """None for the API's addresses, so that it says itself that there is nothing."""
        found, child = super().matches(scope)
        root = scope.get("root_path", "")
        path = scope.get("path", "")
        if root and path.startswith(root):
            path = path[len(root) :]
        return (Match.NONE, {}) if NOT_OURS.match(path) else (found, child)


class Received:
    """Who comes is known before anything else, so that every answer is in his language; and it is a safe one."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self.app = app
        self.house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADINGS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request = Request(scope, receive)
        state = scope.setdefault("state", {})
        try:
            state["visit"] = nobody(request, self.house)  # so that a refusal can be told, whatever fails
            if not _is_static(scope):
                state["visit"] = await visitor(request, self.house)
            await self.app(scope, receive, send_safely)
        except ClientDisconnect:
            return
        except Exception as error:
            answer = await problems.refused(request, error)
            if not started:
                await answer(scope, receive, send_safely)
        finally:
            await request.close()  # files that came with a form


def _is_static(scope: Scope) -> bool:
    path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
    return path.startswith("/static/")


def make_console(house: House) -> FastAPI:
    """The console by itself. Raises LookupError for a page that nobody was given the right to open."""
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, dependencies=[Depends(visit)]
    )
    app.state.house = house
    app.state.addresses = Addresses(page_routes())
    app.mount("/static", Files(directory=STATIC), name="static")
    for router in PAGES:
        app.include_router(router)
    without = {route.name for route in page_routes()} - access.MAY.keys() - access.OPEN
    if without:
        raise LookupError(f"console/access.py says nothing of: {', '.join(sorted(without))}")
    problems.install(app)

    app.add_middleware(Received, house=house)
    return app


def page_routes() -> list[APIRoute]:
    """All pages, as their routers have them."""
    return [route for router in PAGES for route in router.routes if isinstance(route, APIRoute)]


def mount(app: FastAPI, house: House) -> FastAPI:
    """Put the console beside the API; answers it."""
    console = make_console(house)
    app.router.routes.append(Beside("", app=console, name="console"))
    return console
