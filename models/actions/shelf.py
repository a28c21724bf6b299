"""What a case does to the shelf at one stroke: sending, hearing what became of it, lending, finding nothing there."""

from models.case import Case
from models.draft import Draft
from models.stock.following import goods_to_send
from models.stock.places import Held, Place, Step, What, Why, together


def send_goods(draft: Draft) -> None:
    """What was set aside leaves us; it is ours until it is delivered (L16).

    A case that began before there was a stock ledger has nothing set aside, and sends what is on the shelf.
    """
    case = draft.case
    aside = tuple(one for one in case.stock if (one.what, one.place) == ("sent", "reserved"))
    if aside:
        _all_of(draft, "sent", "reserved", "transit", "sent")
    else:
        items = goods_to_send(case)
        draft.carry(*([Step(source="sellable", target="transit", why="sent", items=items)] if items else []))
        sent = tuple(Held(what="sent", sku=sku, quantity=quantity, place="transit") for sku, quantity in items)
        draft.set(stock=(*case.stock, *sent))
    draft.set(short_since=None)


def sent_goods_are(draft: Draft, outcome: str) -> None:
    """L16: what we sent is there, refused at the door, or lost; signed for by somebody else, it is still on its way."""
    case = draft.case
    if not any(_on_its_way(one) for one in case.stock):
        return
    if outcome == "lost":
        _all_of(draft, "sent", "transit", "lost", "lost")
    elif outcome == "delivered":
        _forget_what_is_ours(draft)
        _all_of(draft, "sent", "transit", "customer", "arrived")
    elif outcome == "refused" and case.advance is not None and case.advance.waits:
        _all_of(draft, "sent", "transit", "sellable", "came_back")
        draft.set(stock=tuple(one for one in draft.case.stock if (one.what, one.place) != ("sent", "sellable")))
    elif outcome == "refused":
        _forget_what_is_ours(draft)
        _all_of(draft, "sent", "transit", "quarantine", "came_back")
        stock = draft.case.stock  # what is here now is what was sent, and is judged as goods that came in
        draft.set(stock=tuple(_came_in(one) if one.place == "quarantine" else one for one in stock))


def use_parts(draft: Draft) -> None:
    """The parts that were set aside for a repair are in the goods now (G7)."""
    if any((one.what, one.place) == ("part", "reserved") for one in draft.case.stock):
        _all_of(draft, "part", "reserved", "used", "used")
    draft.set(short_since=None)


def lend(draft: Draft, sku: str, serial: str) -> None:
    """A device leaves the shelf for a customer, who brings it back (G8)."""
    draft.carry(Step(source="sellable", target="lent", why="lent", items=((sku, 1),)))
    lent = Held(what="loaner", sku=sku, quantity=1, place="lent", serial=serial)
    draft.set(stock=(*draft.case.stock, lent))


def take_loaner_back(draft: Draft, serial: str, disposition: str) -> None:
    """It is here again, and goes where it was found fit for."""
    lent = next((one for one in draft.case.stock if (one.what, one.serial) == ("loaner", serial)), None)
    if lent is None:
        return
    target: dict[str, Place] = {"restock": "sellable", "refurbish": "refurbish", "scrap": "scrap", "lost": "lost"}
    why: Why = "lost" if disposition == "lost" else "returned"
    draft.carry(Step(source="lent", target=target[disposition], why=why, items=((lent.sku, 1),)))
    draft.set(stock=tuple(one for one in draft.case.stock if one is not lent))


def not_on_the_shelf(draft: Draft) -> None:
    """G5: the ledger had set it aside, and nobody finds it: it is not there, whatever was counted."""
    for what in dict.fromkeys(one.what for one in draft.case.stock if one.place == "reserved"):
        _all_of(draft, what, "reserved", "correction", "not_found")
    draft.set(out_of_stock=True, short_since=draft.case.short_since or draft.now)


def _on_its_way(one: Held) -> bool:
    return (one.what, one.place) == ("sent", "transit")


def _came_in(one: Held) -> Held:
    return one.model_copy(update={"what": "returned"}) if one.what == "sent" else one


def _forget_what_is_ours(draft: Draft) -> None:
    """The customer's old goods were taken over for those that were sent: they stay where they are."""
    draft.set(stock=tuple(one for one in draft.case.stock if one.what != "returned"))


def _all_of(draft: Draft, what: What, source: Place, target: Place, why: Why) -> None:
    case: Case = draft.case
    units = tuple(one for one in case.stock if (one.what, one.place) == (what, source))
    items = together((one.sku, one.quantity) for one in units)
    draft.carry(Step(source=source, target=target, why=why, items=items))
    gone = target in ("customer", "lost", "correction", "used")
    rest = tuple(one for one in case.stock if one not in units)
    draft.set(stock=rest if gone else (*rest, *(one.model_copy(update={"place": target}) for one in units)))
