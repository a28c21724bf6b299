"""Links to one case: signed, so that every letter can name one and none has to be kept; taken back by generation.

A link says its case, its generation and its last day, and is signed with a key of the shop. Whoever holds it acts as
the customer of this one case. Taking links back raises the case's generation: all that were made before open nothing.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.errors import LinkEnded, NotFound
from store.customers import links as kept
from store.engine import reading, writing

LIFETIME: Final = timedelta(days=90)
_MEANT_FOR: Final = b"aftercare case link\0"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{4,200}\.[A-Za-z0-9_-]{43}", re.ASCII)
#: A link inside a text; what signs it is taken out before the text travels.
_IN_TEXT: Final = re.compile(r"(/c/[A-Za-z0-9_-]{4,200})\.[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CaseLink:
    """A link as it is given to somebody; `url` where the shop said where its customers' pages are."""

    case_no: str
    token: str
    url: str | None
    expires_at: datetime


class CaseLinks:
    """Makes links to cases and reads them. Without a secret of the settings the shop's own key signs them."""

    def __init__(
        self, engine: Engine, secret: str | None = None, lifetime: timedelta = LIFETIME, site: str | None = None
    ) -> None:
        self._engine = engine
        self._key = secret.encode() if secret else None
        self.lifetime = lifetime
        self.site = site.rstrip("/") if site else None

    def of(self, session: Session, case_no: str, now: datetime) -> CaseLink:
        """A link to a case; on one day always the same. Call `ready` before."""
        expires = _end_of_day(now + self.lifetime)
        payload = f"{case_no}|{kept.generation(session, case_no)}|{int(expires.timestamp())}"
        said = _written(payload.encode())
        token = f"{said}.{self._signature(said)}"
        return CaseLink(case_no, token, f"{self.site}/c/{token}" if self.site else None, expires)

    def case_no(self, session: Session, token: str, now: datetime) -> str:
        """The case that a link opens. Raises NotFound for what we never made, LinkEnded for what opens nothing more."""
        said, _, signature = token.partition(".") if _TOKEN.fullmatch(token) else ("", "", "")
        if not said or not hmac.compare_digest(signature, self._signature(said)):
            raise NotFound("This link is not complete: open it again from our letter, or find your order.")
        case_no, generation, expires = _read(said)
        if now >= datetime.fromtimestamp(expires, UTC) or generation != kept.generation(session, case_no):
            raise LinkEnded("This link is over: find your order with its number, or ask us for a new link.")
        return case_no

    @property
    def is_ready(self) -> bool:
        """Whether the key is at hand."""
        return self._key is not None

    def ready(self, now: datetime) -> None:
        """Have the key at hand; whoever needs it first makes it."""
        if self.is_ready:
            return
        with reading(self._engine) as session:
            found = kept.key(session)
        if found is None:
            with writing(self._engine) as session:
                found = kept.make_key(session, now)
        self._key = found.encode()

    def _signature(self, said: str) -> str:
        assert self._key is not None, "ready() comes first"
        return _written(hmac.new(self._key, _MEANT_FOR + said.encode(), sha256).digest())


def unsigned(text: str) -> str:
    """A text without what makes the links in it open something: it may travel and be kept (ADR 0014)."""
    return _IN_TEXT.sub(r"\1.…", text)


def _end_of_day(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(UTC).date() + timedelta(days=1), time(), UTC)


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _read(said: str) -> tuple[str, int, int]:
    try:
        text = base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)).decode()
        case_no, generation, expires = text.split("|")
        return case_no, int(generation), int(expires)
    except (binascii.Error, ValueError):  # signed by us, so this is never seen
        raise NotFound("This link is not complete.") from None
