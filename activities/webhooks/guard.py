"""One POST to an address that somebody named, by a way that cannot be turned to our own network.

The name is looked up by us, every address it leads to is checked, and one of those is connected to: a name that answers
something else a moment later gains nothing. Redirects are answers like any other and are not followed, no proxy of the
environment is used, and the whole call has one deadline, however slowly it is answered.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import httpcore

from models.errors import Invalid
from models.outside.targets import Address, Allowed, check_all, read_target

#: Seconds for the whole of a call, and for getting through to it.
WHOLE, CONNECT = 15.0, 5.0
#: Of an answer so much is read; what it says beyond that nobody needs.
MOST_READ = 2048


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, the beginning of what it says, and its headers in small letters."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


class NotReached(Exception):
    """Nothing came back; its message says why, for people."""


class Refused(NotReached):
    """Our own guard does not let the call out."""


def resolve(host: str, port: int) -> tuple[Address, ...]:
    """Every address of a name. Raises NotReached when it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached("The name cannot be found.") from None
    return tuple(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))


class _Stream(httpcore.NetworkStream):
    """A connection that ends at its deadline, whatever each single step may take."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole call took too long")
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Guarded(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, allowed: Allowed, deadline: float) -> None:
        self._allowed, self._deadline, self._inner = allowed, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port)
        try:
            check_all(addresses, self._allowed)
        except Invalid as refused:
            raise Refused(refused.detail) from None
        trouble: Exception = httpcore.ConnectError("no address")
        for address in addresses:
            left = min(CONNECT, self._deadline - time.monotonic())
            try:
                return _Stream(self._inner.connect_tcp(str(address), port, max(left, 0.01)), self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                trouble = failed
        raise trouble


class Poster:
    """Sends to others, as far as a shop allows it."""

    def __init__(self, allowed: Allowed, trusted: ssl.SSLContext | None = None, whole: float = WHOLE) -> None:
        self.allowed, self._whole = allowed, whole
        self._ssl = trusted or ssl.create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """One try. Raises NotReached, or Refused when it may not go out."""
        try:
            read_target(url, self.allowed)
        except Invalid as refused:
            raise Refused(refused.detail) from None
        backend = _Guarded(self.allowed, time.monotonic() + self._whole)
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._ssl, network_backend=backend, retries=0) as pool,
                pool.stream("POST", url, headers=sent, content=body) as answer,
            ):
                return _read(answer)
        except NotReached:
            raise
        except (httpcore.TimeoutException, TimeoutError):
            raise NotReached(f"No answer within {self._whole:.0f} seconds.") from None
        except ssl.SSLError as wrong:
            raise NotReached(f"The connection is not secure ({wrong.reason or type(wrong).__name__}).") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as lost:
            secure = "SSL" in str(lost) or "certificate" in str(lost)
            name = type(lost).__name__
            told = f"The connection is not secure ({name})." if secure else f"The connection failed ({name})."
            raise NotReached(told) from None


def _read(answer: httpcore.Response) -> Response:
    text = b""
    for chunk in answer.iter_stream():
        text += chunk
        if len(text) >= MOST_READ:
            break
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    return Response(answer.status, text[:MOST_READ].decode("utf-8", "replace"), headers)
