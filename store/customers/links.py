"""Links to one case: which generation of them opens it, and the key that signs them."""

import secrets
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.tables import case_links, shop_keys
from store import documents

LINK_KEY = "case-links"


def generation(session: Session, case_no: str) -> int:
    """Which links of a case open it; 0 until some were taken back."""
    found = select(case_links.c.generation).where(case_links.c.case_no == case_no)
    return session.execute(found).scalar() or 0


def revoke(session: Session, case_no: str, by: str, now: datetime) -> int:
    """Take back every link that was made of a case so far; answers the generation that counts from now on."""
    here = case_links.c.case_no == case_no
    changed = {"generation": case_links.c.generation + 1, "revoked_at": now, "revoked_by": by}
    if not session.execute(update(case_links).where(here).values(**changed)).rowcount:  # type: ignore[attr-defined]
        session.execute(insert(case_links).values(case_no=case_no, generation=1, revoked_at=now, revoked_by=by))
    return generation(session, case_no)


def key(session: Session) -> str | None:
    """The key that signs links, where one was made."""
    return session.execute(select(shop_keys.c.value).where(shop_keys.c.name == LINK_KEY)).scalar()


def make_key(session: Session, now: datetime) -> str:
    """The key that signs links; made once, whoever asks first."""
    row = {"name": LINK_KEY, "value": secrets.token_urlsafe(32), "made_at": now}
    documents.put_new(session, shop_keys, [row])
    made = key(session)
    assert made is not None
    return made
