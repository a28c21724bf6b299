"""What a case is asked for because of a box that came in, by whoever tells it."""

from typing import Any

from models.case import Case
from models.commands import Actor, Command
from models.lifecycle import Action, Role, State, may
from store.goods.parcels import Parcel


def told_of(parcel: Parcel, case: Case, actor: Actor) -> Command:
    """To book it in, or to note that what we sent came back (L16); under the box's id, so that it is done once."""
    command_id = f"parcel {parcel.id}"
    by_us = Actor(id=actor.id, role=Role.SYSTEM)  # the door sees what a courier, or a scanner, would have told
    if case.state is State.DELIVERING and parcel.waybill and parcel.waybill == case.sent_waybill:
        data: dict[str, Any] = {"outcome": "refused"}
        return Command(action=Action.RECORD_DELIVERY, actor=by_us, command_id=command_id, data=data)
    known = {"waybill": parcel.waybill, "box": parcel.box, "of": parcel.of, "invoice_enclosed": parcel.invoice_enclosed}
    late = parcel.at.isoformat() if parcel.state == "matched" else None
    data = {"parcel_no": parcel.id, **known, "came_at": late}
    told = {name: value for name, value in data.items() if value is not None}
    by = actor if may(actor.role, Action.BOOK_IN) else by_us
    return Command(action=Action.BOOK_IN, actor=by, command_id=command_id, data=told)
