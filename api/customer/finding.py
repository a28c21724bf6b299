"""Finding an order by its number and something that only its customer knows; wrong pairs learn nothing.

Whether an order exists shows neither in the words nor in the status nor in the time of the answer, and tries are
counted for what was typed, whether there is such an order or not.
"""

import hmac
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from api.limits import TooManyTries
from models.errors import NotFound
from models.orders import Order
from store import orders
from store.customers import tries

#: How many wrong tries are let through within which time: from one address, and for one order number. Four digits of a
#: phone would be guessed in years by that, and a customer who mistypes comes in after a quarter of an hour.
LIMITS: Final[Mapping[str, tuple[tuple[int, timedelta], ...]]] = {
    "address": ((20, timedelta(minutes=10)),),
    "order": ((5, timedelta(minutes=15)), (20, timedelta(days=1))),
}
LONGEST: Final = timedelta(days=1)
#: A wrong pair is answered after so many seconds, however long it took to find that out.
FLOOR: Final = 0.5
TAIL: Final = 4


class Unmatched(NotFound):
    """No order was found for these details"""


def subjects(order_no: str, address: str) -> dict[str, str]:
    """What a try is counted for."""
    return {"address": f"address {address}", "order": f"order {order_no.strip().casefold()}"}


def mind_limits(session: Session, order_no: str, address: str, now: datetime) -> None:
    """Raises TooManyTries while too many wrong ones came from there or were made for this number."""
    waits = [
        wait
        for sort, subject in subjects(order_no, address).items()
        for wait in _waits(tries.since(session, subject, now - LONGEST), LIMITS[sort], now)
    ]
    if waits:
        seconds = math.ceil(max(waits).total_seconds())
        raise TooManyTries(f"Too many tries. Wait {math.ceil(seconds / 60)} minutes.", retry_after=seconds)


def _waits(made: Sequence[datetime], limits: tuple[tuple[int, timedelta], ...], now: datetime) -> Iterator[timedelta]:
    for most, span in limits:
        recent = [at for at in made if at > now - span]
        if len(recent) >= most:
            yield recent[-most] + span - now


def begin_try(session: Session, order_no: str, address: str, now: datetime) -> tuple[str, ...]:
    """Count a try before it is looked at; answers its notes, which are taken back when it was right.

    Counted only afterwards, any number of guesses at the same moment would all be looked at. Raises TooManyTries.
    """
    tries.one_at_a_time(session)
    mind_limits(session, order_no, address, now)
    return note_wrong(session, order_no, address, now)


def note_wrong(session: Session, order_no: str, address: str, now: datetime) -> tuple[str, ...]:
    """Count a wrong try, and forget those that count no more."""
    tries.forget(session, now - LONGEST)
    return tries.note(session, subjects(order_no, address).values(), now)


def found(session: Session, order_no: str, proof: str) -> Order | None:
    """The order of this number, if the proof is right: the end of a phone of its customer, or his whole e-mail."""
    typed = order_no.strip()
    order = orders.load(session, typed) or orders.load(session, typed.upper())
    return order if proves(order, proof) and order else None


def proves(order: Order | None, proof: str) -> bool:
    """Whether a proof fits an order; as much is compared where there is none."""
    emails = [order.customer.email] if order else []
    phones = [order.customer.phone, order.ship_to.phone] if order else []
    return any(
        [_same_email(proof, emails[0] if emails else None), *(_ends(proof, one) for one in phones or [None, None])]
    )


def _same_email(proof: str, known: str | None) -> bool:
    typed = proof.strip().casefold()
    return _same(typed, (known or "").strip().casefold()) and "@" in typed


def _ends(proof: str, known: str | None) -> bool:
    """Four digits or more of the end of the number; all of it in whatever way it is written."""
    typed, digits = _digits(proof), _digits(known or "")
    length = min(len(typed), len(digits))
    return _same(typed[-length:], digits[-length:]) and len(typed) >= TAIL and length >= TAIL


def _digits(text: str) -> str:
    return "" if "@" in text else re.sub(r"\D", "", text, flags=re.ASCII)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def left_of_floor(began: float, ticks: Callable[[], float]) -> float:
    """How long the answer to a wrong pair still waits."""
    return max(0.0, FLOOR - (ticks() - began))
