"""What a case holds of the stock, kept in step with its life: a case changes, and its units follow (G3, G5, L7, L14).

Nothing here is commanded. After every decision the case is looked at: where its units ought to be by now, and where
they are. What differs is moved. So no road of a case, and no way back on it, can forget a reservation or count a unit
twice.
"""

from collections import Counter
from collections.abc import Iterable

from models.case import Case, Line
from models.goods.workshop import under_way
from models.lifecycle import FINAL, State
from models.remedies import REMEDIES
from models.stock.places import INSIDE, Held, Items, Place, Step, Stock, What, Why, together

#: From the choice of a remedy until what it sends has left.
SENDING = (State.INTERCEPTING, State.RECALLING, State.AWAITING_PAYMENT, State.EXCHANGING)
#: In these the goods of an order that has not left are in our house.
IN_HOUSE = ("unprinted", "pulled")
#: A case that waits for stock, also while the customer is asked whether he would rather have something else.
WAITING = (State.AWAITING_STOCK, State.OFFERED, State.AWAITING_APPROVAL)
#: Where inspected goods go (G3); those that go back to the customer stay apart until they leave.
_SORTED: dict[str, Place] = {
    "restock": "sellable",
    "refurbish": "refurbish",
    "scrap": "scrap",
    "supplier": "supplier",
    "customer": "quarantine",
}


def followed(case: Case) -> tuple[Stock, tuple[Step, ...]]:
    """What the case holds by now, and the steps that bring its units there."""
    if case.order is None or not (case.stock or case.remedy or case.goods in ("here", "returned")):
        return case.stock, ()
    steps: list[Step] = []
    stock = _returned(case, steps) + _withdrawn(case, steps) + _sent(case, steps) + _parts(case, steps)
    stock += tuple(one for one in case.stock if one.what == "loaner")
    return stock, tuple(steps)


def wanted(case: Case) -> Items:
    """What a case's remedy takes off our shelf, whether it is there or not: goods to send, parts for a repair."""
    remedy = REMEDIES[case.remedy or "none"]
    if remedy.sends_goods and not own_goods_leave(case):
        return goods_to_send(case)
    return parts_of(case) if remedy.by_warranty else ()


def awaited(case: Case) -> Items:
    """What a case waits for because it was not there; nothing where it does not wait."""
    return wanted(case) if case.out_of_stock and case.state in WAITING else ()


def goods_to_send(case: Case) -> Items:
    """The other goods where they were named, else the case's own again."""
    if case.replacement is not None:
        return together([(case.replacement.sku, case.replacement.quantity)])
    return together((line.sku, line.quantity) for line in case.lines)


def parts_of(case: Case) -> Items:
    """The parts of its repair that come off our shelf."""
    order = under_way(case.repairs)
    return order.off_the_shelf if order else ()


def own_goods_leave(case: Case) -> bool:
    """Whether what is to be sent are the goods that are here and were never taken over by us (L16)."""
    return case.goods == "here" and not taken_over(case)


def taken_over(case: Case) -> bool:
    """Whether goods that are here are ours once the remedy is carried out.

    After an exchange or a refund; and where something is sent once more, because what was sent is lost, whatever the
    inspection took over: to the scrap, the supplier or the shelf (G3).
    """
    remedy = REMEDIES[case.remedy or "none"]
    sorted_out = case.inspected and any((line.disposition or "customer") != "customer" for line in case.lines)
    return remedy.keeps_goods or (remedy.sends_goods and sorted_out)


# ── the customer's goods ──────────────────────────────────────────────────────────────────────────


def _returned(case: Case, steps: list[Step]) -> Stock:
    have = tuple(one for one in case.stock if one.what == "returned")
    if case.goods == "nowhere":
        return ()  # ours for good: they stay where they are, and the case has done with them
    if case.goods == "here":
        why: Why = "sorted" if case.inspected else "came"
        return _brought(have, _where_they_belong(case), "customer", why, steps)
    target: Place = "customer"
    if case.goods == "returned":
        target = "lost" if case.finding == "lost" else "transit"
    said: dict[Place, Why] = {"lost": "lost", "transit": "sent", "customer": "arrived"}
    return _all_to(have, target, said[target], steps)


def _where_they_belong(case: Case) -> Counter[tuple[str, Place]]:
    owed_back = case.remedy is not None and not taken_over(case)
    places = ((line.sku, _place_of(line, case, owed_back), line.quantity) for line in case.lines)
    wanted: Counter[tuple[str, Place]] = Counter()
    for sku, place, quantity in places:
        wanted[sku, place] += quantity
    return wanted


def _place_of(line: Line, case: Case, owed_back: bool) -> Place:
    if not case.inspected or owed_back:
        return "quarantine"
    return _SORTED.get(line.disposition or "customer", "quarantine")


def _brought(have: Stock, wanted: Counter[tuple[str, Place]], outside: Place, why: Why, steps: list[Step]) -> Stock:
    """Move what is too much in one place to where it is missing; the rest comes from outside, or goes there."""
    held = Counter({(one.sku, one.place): 0 for one in have})
    for one in have:
        held[one.sku, one.place] += one.quantity
    over, under = held - wanted, wanted - held
    for sku in sorted({sku for sku, _ in (*over, *under)}):
        _shift(sku, over, under, outside, why, steps)
    return tuple(
        Held(what="returned", sku=sku, quantity=quantity, place=place)
        for (sku, place), quantity in sorted(wanted.items())
        if quantity
    )


def _shift(
    sku: str,
    over: Counter[tuple[str, Place]],
    under: Counter[tuple[str, Place]],
    outside: Place,
    why: Why,
    steps: list[Step],
) -> None:
    places = sorted({place for one, place in over if one == sku})
    for target in sorted(place for one, place in under if one == sku):
        missing = under[sku, target]
        for source in (*places, outside):
            part = missing if source == outside else min(missing, over[sku, source])
            if part:
                steps.append(Step(source=source, target=target, why=why, items=((sku, part),)))
            missing, over[sku, source] = missing - part, over[sku, source] - part
    gone = [(source, over[sku, source]) for source in places if over[sku, source]]
    steps += [Step(source=source, target=outside, why="arrived", items=((sku, n),)) for source, n in gone]


def _all_to(have: Stock, target: Place, why: Why, steps: list[Step]) -> Stock:
    """All of these units in one place; what is outside by then is no more of the case's."""
    for place in dict.fromkeys(one.place for one in have if one.place != target):
        items = together((one.sku, one.quantity) for one in have if one.place == place)
        steps.append(Step(source=place, target=target, why=why, items=items))
    if target not in INSIDE:
        return ()
    return tuple(one.model_copy(update={"place": target}) for one in have)


def without(stock: Stock, missing: Items) -> Stock:
    """The units less those that could not be set aside."""
    gone, left = Counter(dict(missing)), []
    for one in stock:
        part = min(one.quantity, gone[one.sku]) if one.place == "reserved" else 0
        gone[one.sku] -= part
        left += [one.model_copy(update={"quantity": one.quantity - part})] if one.quantity > part else []
    return tuple(left)


def divided(stock: Stock, leaving: Iterable[Line]) -> tuple[Stock, Stock]:
    """What stays with a case and what goes to a linked one with these lines; nothing is moved by it."""
    going = Counter[str]()
    for line in leaving:
        going[line.sku] += line.quantity
    stays: list[Held] = []
    goes: list[Held] = []
    for one in stock:
        part = min(one.quantity, going[one.sku]) if one.what == "returned" else 0
        going[one.sku] -= part
        goes += [one.model_copy(update={"quantity": part})] if part else []
        stays += [one.model_copy(update={"quantity": one.quantity - part})] if one.quantity > part else []
    return tuple(stays), tuple(goes)


# ── a parcel that did not leave ───────────────────────────────────────────────────────────────────


def _withdrawn(case: Case, steps: list[Step]) -> Stock:
    """L7: refunded or swapped before it left, so it is on the shelf again; kept after all, it leaves the shelf."""
    have = tuple(one for one in case.stock if one.what == "withdrawn")
    keeps = REMEDIES[case.remedy or "none"].keeps_goods
    in_house = case.order is not None and case.order.parcel in IN_HOUSE and case.goods == "nowhere"
    if not case.executed:
        return have
    if not have and keeps and in_house and not case.returned_once:
        items = together((line.sku, line.quantity) for line in case.lines)
        steps.append(Step(source="customer", target="sellable", why="withdrawn", items=items))
        return tuple(Held(what="withdrawn", sku=sku, quantity=n, place="sellable") for sku, n in items)
    return have if keeps else _all_to(have, "customer", "sent", steps)


# ── what is sent ──────────────────────────────────────────────────────────────────────────────────


def _sent(case: Case, steps: list[Step]) -> Stock:
    """L14: set aside as long as it is to be sent; what has left is followed until it is there (L16)."""
    kept = _kept_aside(case, "sent", wanted(case) if _to_be_sent(case) else (), steps)
    away = tuple(one for one in case.stock if one.what == "sent" and one.place == "transit")
    if case.state in FINAL:
        away = _all_to(away, "customer", "arrived", steps)
    return kept + away


def _to_be_sent(case: Case) -> bool:
    return case.state in SENDING and not case.out_of_stock and REMEDIES[case.remedy or "none"].sends_goods


def _parts(case: Case, steps: list[Step]) -> Stock:
    under_repair = case.state is State.REPAIRING and not case.out_of_stock
    return _kept_aside(case, "part", wanted(case) if under_repair else (), steps)


def _kept_aside(case: Case, what: What, items: Items, steps: list[Step]) -> Stock:
    """Set aside what is needed, all of it or nothing; give back what is not needed any more."""
    have = together((one.sku, one.quantity) for one in case.stock if one.what == what and one.place == "reserved")
    if have != items:
        before, after = Counter(dict(have)), Counter(dict(items))
        if over := together((before - after).items()):
            steps.append(Step(source="reserved", target="sellable", why="released", items=over))
        if under := together((after - before).items()):
            steps.append(Step(source="sellable", target="reserved", why="reserved", items=under))
    return tuple(Held(what=what, sku=sku, quantity=quantity, place="reserved") for sku, quantity in items)
