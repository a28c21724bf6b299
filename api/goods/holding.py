"""What cases hold back of orders, as the warehouse asks for it: all of it, and what a label's code is held by (L14)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from api.desk import Desk
from models.orders import Order, parcel
from store import orders
from store.goods import holds
from store.goods.holds import Held


async def held(desk: Desk, cursor: str | None, limit: int) -> dict[str, Any]:
    """A page of what is held back, the newest case first."""

    def read(session: Session) -> dict[str, Any]:
        found, following = holds.page(session, cursor, limit)
        return {"items": [_shown(session, one) for one in found], "next_cursor": following}

    return await desk.read(read)


async def asked(desk: Desk, code: str) -> dict[str, Any] | None:
    """The order that a code means, with all that holds it back; None for a code of no order."""

    def read(session: Session) -> dict[str, Any] | None:
        order_no = holds.order_of(session, code)
        if order_no is None:
            return None
        return {"order_no": order_no, "items": [_shown(session, one) for one in holds.of_order(session, order_no)]}

    return await desk.read(read)


def _shown(session: Session, one: Held) -> dict[str, Any]:
    order = orders.load(session, one.order_no)
    lines = [line_no for line_no, _ in one.lines]
    return {
        **one.model_dump(mode="json", exclude={"lines"}),
        "lines": list(_named(order, one.lines)),
        "parcel": parcel(order, lines) if order else "unprinted",
    }


def _named(order: Order | None, lines: Iterable[tuple[int, int]]) -> Iterable[dict[str, Any]]:
    for line_no, quantity in lines:
        line = order.line(line_no) if order else None
        yield {"line_no": line_no, "quantity": quantity, "name": (line.name or line.sku) if line else str(line_no)}
