"""A receiver of notifications on loopback: webhooks, the robots of chat groups, and mail; real protocols, no network.

It can be told to answer late, to fail, to refuse as robots do (200 with a number), or to take what it got and hang up.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Literal
from urllib.parse import unquote_plus

Mood = Literal["takes", "fails", "refuses", "hangs_up"]


@dataclass
class Receiver:
    """What came in, as texts; and how it answers."""

    web_port: int = 0
    mail_port: int = 0
    mood: Mood = "takes"
    got: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)  # closed: it answers only when it is opened
    came: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def take(self, text: str, path: str = "") -> Mood:
        self.got.append(text)
        self.paths.append(path)
        self.came.release()
        self.gate.wait(20)
        return self.mood

    @property
    def numbers(self) -> list[str]:
        """The ids of what came, in order."""
        return [found for text in self.got for found in re.findall(r"\((M-\w+)\)", text)[:1]]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """One that listens until the block ends, and takes everything at once until it is told otherwise."""
    here = Receiver()
    here.gate.set()
    web = ThreadingHTTPServer(("127.0.0.1", 0), _web(here))
    mail = _Mail(("127.0.0.1", 0), _smtp(here))
    here.web_port, here.mail_port = web.server_address[1], mail.server_address[1]
    running = [threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in (web, mail)]
    for thread in running:
        thread.start()
    try:
        yield here
    finally:
        here.gate.set()
        for server in (web, mail):
            server.shutdown()
            server.server_close()
        for thread in running:
            thread.join()


def _web(here: Receiver) -> type[BaseHTTPRequestHandler]:
    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            mood = here.take(_text(body), self.path)
            if mood == "hangs_up":
                self.connection.close()
                self.close_connection = True
                return
            status, answer = _answer(self.path, mood)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def finish(self) -> None:
            with suppress(OSError, ValueError):  # it hung up itself
                super().finish()

    return Web


def _answer(path: str, mood: Mood) -> tuple[int, bytes]:
    if mood == "fails":
        return 500, b"{}"
    code = 310000 if mood == "refuses" else 0
    field = "code" if path.startswith("/open-apis") else "errcode"
    return 200, json.dumps({field: code, "errmsg": "keywords not in content" if code else "ok"}).encode()


def _text(body: str) -> str:
    """All words of a JSON body, so that tests need not know each provider's form; other bodies as they are."""
    try:
        return "\n".join(_words(json.loads(body)))
    except ValueError:
        return unquote_plus(body)


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)
    elif isinstance(value, str):
        yield value


class _Mail(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _smtp(here: Receiver) -> type[StreamRequestHandler]:
    class Smtp(StreamRequestHandler):
        def handle(self) -> None:
            self._say(b"220 here")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"EHLO":
                    self._say(b"250-here\r\n250 8BITMIME")
                elif word == b"DATA":
                    self._say(b"354 go on")
                    mood = here.take(_mail_text(self._data()))
                    if mood == "hangs_up":
                        return
                    self._say(b"250 taken" if mood == "takes" else b"451 not now")
                elif word == b"QUIT":
                    self._say(b"221 bye")
                    return
                else:
                    self._say(b"250 fine")

        def _data(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            return b"".join(lines)

        def _say(self, words: bytes) -> None:
            self.wfile.write(words + b"\r\n")

    return Smtp


def _mail_text(raw: bytes) -> str:
    mail = message_from_bytes(raw, policy=default)
    body = mail.get_body(("plain", "html"))
    return f"{mail['To']}\n{mail['Subject']}\n{body.get_content() if body else ''}"
