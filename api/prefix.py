"""Behind a path prefix: a proxy serves us under `/desk`, and may leave that on our addresses or take it off."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefixed:
    """Tells everything below which prefix its addresses have outside."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = str(scope["path"])
            whole = path if path == self.prefix or path.startswith(f"{self.prefix}/") else self.prefix + path
            scope = {**scope, "root_path": self.prefix, "path": whole}
        await self.app(scope, receive, send)
