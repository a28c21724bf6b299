"""What becomes of an order that a storefront tells of: the same as of one that is imported."""

from datetime import datetime

from sqlalchemy.orm import Session

from activities.storefronts.storefront import Storefront
from models.errors import Conflict
from store import orders
from store.outside import hooks
from store.outside.hooks import Hook
from store.people.letters import notice


def take(session: Session, storefront: Storefront, hook: Hook, now: datetime) -> None:
    """Take in the order that a call tells of, if it is news; what contradicts money that has moved is refused and told.

    Raises Unreadable for a call that is none.
    """
    told = storefront.read(hook.body)
    if told is None:
        hooks.done(session, hook, 0, "It tells of no order.")
        return
    number = told.order.order_no
    try:
        with session.begin_nested():  # what was drawn for an order that is refused after all is undone
            result = orders.put_news(session, told.order, storefront.name, told.changed_at, now)
    except Conflict as refused:
        hooks.refused(session, hook, refused.detail)
        words = {
            "en": f"{storefront.name} changed order {number}, and that was not taken: {refused.detail}",
            "zh": f"{storefront.name} 修改了订单 {number},未能采纳:{refused.detail}",
        }
        notice(session, f"order-refused:{hook.id}", "manager", words, now)
    else:
        hooks.done(session, hook, 1, f"Order {number}: {result}.")
