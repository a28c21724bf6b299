"""The addresses of pages by the names of their routes, found once: a list asks for some hundreds of them."""

from collections.abc import Iterable
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import NoMatchFound


class Addresses:
    """Every page with the parts of its address that differ; of two pages of one name and such parts the first."""

    def __init__(self, routes: Iterable[APIRoute]) -> None:
        self._routes: dict[tuple[str, frozenset[str]], APIRoute] = {}
        for route in routes:
            self._routes.setdefault((route.name, frozenset(route.param_convertors)), route)

    def of(self, page: str, /, **path: Any) -> str:
        """The address of a page. Raises NoMatchFound for one that is not there, or has other parts."""
        found = self._routes.get((page, frozenset(path)))
        if found is None:
            raise NoMatchFound(page, path)
        return str(found.url_path_for(page, **path))
