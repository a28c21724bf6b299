"""Orders by what a customer can say: their number, a telephone, a name."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import tables
from models.value import Value

#: Fewer digits than this are no telephone.
FEWEST_DIGITS = 7


class FoundOrder(Value):
    """An order as a list shows it."""

    order_no: str
    channel: str
    customer_name: str | None
    placed_at: datetime
    delivered_at: datetime | None


def orders(session: Session, text: str, most: int) -> tuple[FoundOrder, ...]:
    """Orders of this number, telephone or name, the newest first."""
    columns = tables.orders.c
    digits = "".join(c for c in text if c.isdigit())
    said = (columns.order_no == text) | (columns.customer_name == text)
    if len(digits) >= FEWEST_DIGITS:
        said = said | columns.customer_phone.in_({text, digits, f"+{digits}", f"+86{digits}"})
    shown = [columns[name] for name in FoundOrder.model_fields]
    found = select(*shown).where(said).order_by(columns.placed_at.desc(), columns.order_no).limit(most)
    return tuple(FoundOrder.model_validate(dict(row)) for row in session.execute(found).mappings())
