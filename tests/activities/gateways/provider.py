"""The contract server: a provider on loopback that can be told to misbehave, one request at a time."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Literal
from urllib.parse import urlsplit

from tests.activities.gateways.wire import Dialect, Request, Response

Kind = Literal["send", "ask"]


class Fault(Enum):
    """What goes wrong with one request."""

    NONE = "nothing"
    LOST_BEFORE = "the connection ends before the work is done"
    LOST_AFTER = "the connection ends after the work is done"
    LATE = "the connection ends, and the work is done much later"
    HANG_BEFORE = "no answer and no work, until the caller gives up"
    HANG_AFTER = "the work is done, and no answer, until the caller gives up"
    HANG_DRIPPING = "the work is done, and the answer comes a byte at a time, until the caller gives up"
    TROUBLE_BEFORE = "the provider's own trouble instead of the work"
    TROUBLE_AFTER = "the provider's own trouble after the work"
    GARBAGE_BEFORE = "a page of a proxy instead of the work"
    GARBAGE_AFTER = "a page of a proxy after the work"
    TWICE = "the request comes twice, and so does the answer"
    BAD_SIGNATURE = "the work is done, the answer is signed by somebody else"
    OF_ANOTHER = "the work is done, the answer is about another refund"
    FORGED_REFUSAL = "the work is done, and the answer says that it is refused"


#: Those that are over when the call is over; the two that hang cost a time-out each.
QUICK = tuple(fault for fault in Fault if not fault.name.startswith("HANG"))
PAGE = Response(200, b"<html><body>502 Bad Gateway</body></html>", {"Content-Type": "text/html"})


class Provider:
    """One dialect over HTTP. `log` has every request with its fault; `tell` says what goes wrong with the next."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.log: list[tuple[Kind, Fault]] = []
        self.faults: dict[Kind, deque[Fault]] = {"send": deque(), "ask": deque()}
        self.late: list[Request] = []
        self.released = Event()
        self.url = ""

    def tell(self, send: Fault = Fault.NONE, ask: Fault = Fault.NONE) -> None:
        """The fault of the next request that sends, and of the next that asks; those before are forgotten."""
        self.faults = {"send": deque([send]), "ask": deque([ask])}

    def land(self) -> None:
        """What was on the road arrives now, the last first."""
        late, self.late = self.late[::-1], []
        with self.dialect.ledger.lock:
            for request in late:
                self.dialect.handle(request)

    def answer(self, request: Request) -> tuple[Fault, list[Response]]:
        """What goes back over the wire: one answer, two, or none."""
        kind: Kind = "send" if self.dialect.sends(request) else "ask"
        with self.dialect.ledger.lock:
            fault = self.faults[kind].popleft() if self.faults[kind] else Fault.NONE
            self.log.append((kind, fault))
            answers = self._answers(fault, request)
        if fault in (Fault.HANG_BEFORE, Fault.HANG_AFTER):
            self.released.wait(30)
        return fault, answers

    def _answers(self, fault: Fault, request: Request) -> list[Response]:
        handle = self.dialect.handle
        match fault:
            case Fault.LOST_BEFORE | Fault.HANG_BEFORE:
                return []
            case Fault.LATE:
                self.late.append(request)
                return []
            case Fault.TROUBLE_BEFORE:
                return [self.dialect.trouble()]
            case Fault.GARBAGE_BEFORE:
                return [PAGE]
            case Fault.TWICE:
                return [handle(request), handle(request)]
        answer = handle(request)
        match fault:
            case Fault.LOST_AFTER | Fault.HANG_AFTER:
                return []
            case Fault.TROUBLE_AFTER:
                return [self.dialect.trouble()]
            case Fault.GARBAGE_AFTER:
                return [PAGE]
            case Fault.BAD_SIGNATURE:
                return [self.dialect.badly_signed(request, answer)]
            case Fault.OF_ANOTHER:
                return [self.dialect.of_another(request)]
            case Fault.FORGED_REFUSAL:
                return [self.dialect.forged_refusal(request)]
        return [answer]


@contextmanager
def serving(dialect: Dialect) -> Iterator[Provider]:
    """The provider at an address of its own, until the block ends."""
    provider = Provider(dialect)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or every answer on a kept connection waits for 40 ms

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            fault, answers = provider.answer(Request(self.command, parts.path, parts.query, headers, body))
            if not answers:
                self.close_connection = True
            for answer in answers:
                self._write(answer, dripping=fault is Fault.HANG_DRIPPING)

        def _write(self, answer: Response, dripping: bool) -> None:
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in answer.body if dripping else ():
                self.wfile.write(bytes([byte]))
                if provider.released.wait(0.1):
                    return
            if not dripping:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: `provider.log` tells all there is."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """A caller that gave up has closed the connection that we still write to."""

    server = Server(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield provider
    finally:
        provider.released.set()
        server.shutdown()
        server.server_close()
