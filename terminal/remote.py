"""Talking to the HTTP API: every answer that is no success becomes one of our own errors, with one clear sentence."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from models.errors import AftercareError, CommandRefused, Unavailable, refusal_from
from settings import load_settings
from terminal.places import api_address

#: A long import is one call; nothing else takes near as long.
PATIENCE = httpx.Timeout(60.0, read=600.0)
#: How many rows a page asks for at most.
PAGE = 200


class Remote:
    """The API, as the commands use it."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str, **params: Any) -> Any:
        """The document at `path`."""
        return self._call("GET", path, params=_given(params))

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """The answer to a JSON body, or to what httpx makes of `more` (files, params)."""
        return self._call("POST", path, json=body, headers=headers, **more)

    def file(self, path: str, **params: Any) -> tuple[bytes, list[str]]:
        """The file at `path`, and the characters that it could not show."""
        answer = self._answer("GET", path, params=_given(params))
        return answer.content, answer.headers.get("Aftercare-Missing-Glyphs", "").split()

    def put(self, path: str, body: Any) -> Any:
        """The answer to a JSON body that is put there."""
        return self._call("PUT", path, json=body)

    def delete(self, path: str) -> Any:
        """The answer to taking away what is there."""
        return self._call("DELETE", path)

    def told(self, path: str, progress: Callable[[int, int | None], None], **more: Any) -> Any:
        """The answer to a long call that says meanwhile how far it is."""
        try:
            with self.http.stream("POST", path, headers={"Accept": "application/x-ndjson"}, **more) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refused(answer)
                for line in answer.iter_lines():
                    said = json.loads(line)
                    if "problem" in said:
                        raise refusal_from(said["problem"])
                    if "report" in said:
                        return said["report"]
                    progress(said["done"], said["total"])
        except (httpx.TransportError, ValueError) as away:
            raise Unavailable(f"The API at {self.http.base_url.host} does not answer: {_said(away)}") from None
        raise Unavailable("The API ended before it had answered; repeat the call.")

    def pages(self, path: str, limit: int, **params: Any) -> dict[str, Any]:
        """Rows of a list up to `limit`, over as many pages as it takes; `next_cursor` tells whether there are more."""
        answer: dict[str, Any] = self.get(path, limit=min(limit, PAGE), **params)
        while answer["next_cursor"] and len(answer["items"]) < limit:
            left = limit - len(answer["items"])
            following = self.get(path, limit=min(left, PAGE), cursor=answer["next_cursor"], **params)
            answer["items"] += following["items"]
            answer["next_cursor"] = following["next_cursor"]
        return answer

    def _call(self, method: str, path: str, **more: Any) -> Any:
        return self._answer(method, path, **more).json()

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self.http.request(method, path, **more)
        except httpx.TransportError as away:
            raise Unavailable(f"The API at {self.http.base_url.host} does not answer: {_said(away)}") from None
        if answer.is_success:
            return answer
        raise refused(answer)


@contextmanager
def remote() -> Iterator[Remote]:
    """The API of the settings."""
    url, token = api_address(load_settings())
    headers = {"Authorization": f"Bearer {token}"}
    try:
        client = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=PATIENCE)
    except (httpx.InvalidURL, UnicodeEncodeError):
        raise Unavailable("AFTERCARE_URL or AFTERCARE_TOKEN cannot be used: correct it.") from None
    with client as http:
        yield Remote(http)


def refused(answer: httpx.Response) -> AftercareError:
    """The error that a problem document speaks of."""
    try:
        problem = answer.json()
        error = refusal_from(problem)
    except (ValueError, AttributeError, TypeError):
        return CommandRefused(f"The API answered {answer.status_code}, not as Aftercare does: is AFTERCARE_URL right?")
    return error if error.detail else CommandRefused(str(problem.get("title") or answer.status_code))


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value not in (None, (), [])}


def _said(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
