"""The ledger of orders and cases in SQL: written with the decision that posts, and never changed afterwards."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.ledger import Posting
from models.tables import ledger, money_moves
from store.documents import put_new


def write(session: Session, case: Case, postings: Sequence[Posting], at: datetime) -> None:
    """Write each posting once; one for a payout whose money was refused is left out, as the payout is."""
    settled = _settled(session, [one.payout_id for one in postings if one.payout_id])
    whole = {
        "case_no": case.case_no,
        "order_no": case.order.order_no if case.order else None,
        "currency": case.currency,
        "at": at,
    }
    written = (one for one in postings if one.payout_id is None or one.payout_id in settled)
    put_new(session, ledger, [{**one.model_dump(), **whole} for one in written])


def _settled(session: Session, payout_ids: Sequence[str]) -> set[str]:
    if not payout_ids:
        return set()
    moves = money_moves.c
    found = select(moves.key).where(moves.key.in_(payout_ids), moves.kind == "settle")
    return set(session.execute(found).scalars())


def of_case(session: Session, case_no: str) -> tuple[Posting, ...]:
    """Everything that was posted for a case, oldest first."""
    found = select(ledger).where(ledger.c.case_no == case_no).order_by(ledger.c.at, ledger.c.key)
    return tuple(Posting.model_validate(row) for row in session.execute(found).mappings())
