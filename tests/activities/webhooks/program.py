"""Another program on loopback that is told: it keeps what it gets, and answers what it is told to."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Program:
    """What came, and how it answers: a status, headers, or not before `gate` opens."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/told"

    @property
    def ids(self) -> list[str]:
        """The `webhook-id` of everything that came, in order."""
        return [headers["webhook-id"] for headers, _ in self.got]


@contextmanager
def program(secure: ssl.SSLContext | None = None) -> Iterator[Program]:
    """One that listens until the block ends, and takes everything until it is told otherwise."""
    here = Program()
    here.gate.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _web(here))
    if secure:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    here.port = server.server_address[1]
    running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    running.start()
    try:
        yield here
    finally:
        here.gate.set()
        server.shutdown()
        server.server_close()
        running.join()


def _web(here: Program) -> type[BaseHTTPRequestHandler]:
    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            here.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            here.gate.wait(20)
            self.send_response(here.status)
            for name, value in here.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def finish(self) -> None:
            with suppress(OSError, ValueError):  # whoever asked did not wait
                super().finish()

    return Web


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of that name shows, and what its clients trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = folder / "certificate.pem"
    pem.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(pem)
    return shown, ssl.create_default_context(cafile=str(pem))
