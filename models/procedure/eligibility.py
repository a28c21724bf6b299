"""Who may ask for it: one small function per rule, each answering yes, no, or that a human must look.

`judge` puts the answers together with all their reasons, those that speak for the customer too. Days are counted from
delivery, never from the order, on the shop's own days: the day after receipt is the first (section 13).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from models.goods.warranty import Card, carded_until, months_later
from models.orders import Order, OrderLine, parcel
from models.procedure.playbook_parts import Eligibility, KeepIt, Warranty

Answer = Literal["yes", "no", "human"]


class Reason(BaseModel):
    """What one rule answers, in both languages, for one line or for all of it."""

    model_config = ConfigDict(frozen=True)

    rule: str
    answer: Answer
    zh: str
    en: str
    line_no: int | None = None


class Eligible(BaseModel):
    """What all rules answer together: no if any says no, else a human if any wants one, else yes."""

    model_config = ConfigDict(frozen=True)

    answer: Answer
    reasons: tuple[Reason, ...] = ()

    @property
    def against(self) -> tuple[Reason, ...]:
        """The reasons that are not a plain yes."""
        return tuple(reason for reason in self.reasons if reason.answer != "yes")


class Earlier(BaseModel):
    """What the shop knows of this customer and these goods from before."""

    model_config = ConfigDict(frozen=True)

    keep_its: int = 0  # of this customer, within the days that the playbook looks back (K6)
    cases_of_line: dict[int, tuple[str, ...]] = {}  # cases about these lines that were not turned down
    failed_repairs: int = 0  # of these lines
    repair_seconds: int = 0
    cards: dict[int, tuple[Card, ...]] = {}  # warranty cards by line


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for, about what, when, and what is known of it."""

    rules: Eligibility
    order: Order | None
    lines: Mapping[int, int] = field(default_factory=dict)  # units by line
    serials: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # serial numbers that the customer names
    at: datetime
    zone: ZoneInfo
    keep_it: KeepIt = field(default_factory=KeepIt)
    earlier: Earlier = field(default_factory=Earlier)
    leaves_by: datetime | None = None  # when the order ought to leave, where it has not (L11)

    @property
    def bought(self) -> tuple[OrderLine, ...]:
        """The order's lines that are asked about."""
        return tuple(line for line in self.order.lines if line.line_no in self.lines) if self.order else ()

    def received(self, line_no: int) -> date | None:
        """The shop's day on which a line was received; the last of its parcels counts."""
        at = received_at(self.order, line_no) if self.order else None
        return at.astimezone(self.zone).date() if at else None

    @property
    def today(self) -> date:
        return self.at.astimezone(self.zone).date()


def received_at(order: Order, line_no: int) -> datetime | None:
    """When the last parcel with units of a line was delivered; the order's own date where its parcels say nothing."""
    carrying = [shipment for shipment in order.shipments if shipment.carries(line_no)]
    dates = [shipment.delivered_at for shipment in carrying]
    known = [at for at in dates if at is not None]
    return max(known) if known and len(known) == len(dates) else order.arrived_at


Rule = Callable[[Asked], Iterator[Reason]]


def within_days(asked: Asked) -> Iterator[Reason]:
    """So many days since delivery; the day after receipt is day 1, and notice in time is enough (section 13)."""
    days = asked.rules.days_since_delivery
    for line in asked.bought if days is not None else ():
        received = asked.received(line.line_no)
        if received is None:
            zh, en = "没有签收日期，请人工核对", "nobody told us when it was delivered: find out"
            yield Reason(rule="days_since_delivery", answer="human", zh=zh, en=en, line_no=line.line_no)
            continue
        day = (asked.today - received).days
        zh, en = f"签收后第{day}天，期限{days}天", f"day {day} after delivery, of {days}"
        answer: Answer = "yes" if day <= (days or 0) else asked.rules.late
        yield Reason(rule="days_since_delivery", answer=answer, zh=zh, en=en, line_no=line.line_no)


def not_excluded(asked: Asked) -> Iterator[Reason]:
    """Classes of goods that are shut out; where the law wants a logged consent for that, a human looks for it."""
    for line in asked.bought:
        if line.category not in asked.rules.excluded_categories:
            continue
        zh, en = f"“{line.category}”类商品不适用", f"goods of the class '{line.category}' are excluded"
        answer: Answer = "no"
        if asked.rules.exclusion_needs_consent:
            answer = "human"
            zh, en = f"{zh}，但须有购买时的确认记录", f"{en}, if the customer agreed to it when buying: look for that"
        yield Reason(rule="excluded_categories", answer=answer, zh=zh, en=en, line_no=line.line_no)


def not_final_sale(asked: Asked) -> Iterator[Reason]:
    """Goods sold as final, where the playbook shuts them out."""
    for line in asked.bought:
        if line.final_sale and not asked.rules.final_sale:
            zh, en = "标明不退不换的商品", "it was sold as final"
            yield Reason(rule="final_sale", answer="no", zh=zh, en=en, line_no=line.line_no)


def no_more_than_bought(asked: Asked) -> Iterator[Reason]:
    """Not more units than were bought (F18 counts those in other cases too, when the case is opened)."""
    for line in asked.bought:
        wanted = asked.lines[line.line_no]
        answer: Answer = "yes" if wanted <= line.quantity else "no"
        zh, en = f"购买{line.quantity}件，申请{wanted}件", f"{wanted} of the {line.quantity} that were bought"
        yield Reason(rule="quantity", answer=answer, zh=zh, en=en, line_no=line.line_no)


def once_per_line(asked: Asked) -> Iterator[Reason]:
    """Only one such case for a line, where the playbook says so."""
    for line_no in asked.lines if asked.rules.once_per_line else ():
        before = asked.earlier.cases_of_line.get(line_no, ())
        if before:
            zh, en = f"此商品已有售后单{before[0]}", f"there was case {before[0]} about it already"
            yield Reason(rule="once_per_line", answer="no", zh=zh, en=en, line_no=line_no)


def few_keep_its(asked: Asked) -> Iterator[Reason]:
    """K6: who had many keep-it refunds lately needs a manager for another."""
    had, allowed = asked.earlier.keep_its, asked.keep_it.earlier
    if had > allowed:
        days = asked.keep_it.earlier_days
        zh = f"{days}天内已有{had}次补偿退款，再次补偿须主管决定"
        en = f"{had} keep-it refunds in {days} days: another one is a manager's to decide (K6)"
        yield Reason(rule="keep_its", answer="human", zh=zh, en=en)


def under_warranty(asked: Asked) -> Iterator[Reason]:
    """By card, or serial number and date of purchase; out of warranty a repair is quoted (F10), so a human decides."""
    warranty = asked.rules.warranty
    for line in asked.bought if warranty else ():
        assert warranty is not None
        yield _warranty_of(asked, line, warranty)


#: The rule of a warranty that is known to have ended.
WARRANTY_OVER = "warranty_over"


def _warranty_of(asked: Asked, line: OrderLine, warranty: Warranty) -> Reason:
    named = asked.serials.get(line.line_no, ())
    cards = asked.earlier.cards.get(line.line_no, ())
    known = (*line.serials, *(name for card in cards for name in (card.card_no, card.serial)))
    strange = [serial for serial in named if (line.serials or cards) and serial not in known]
    until = warranty_until(asked, line, warranty)
    if cards and not strange:
        until = carded_until(cards, named)
    rule, answer = "warranty", "human"  # type: tuple[str, Answer]
    if strange:
        zh, en = f"序列号{strange[0]}不在此订单中", f"serial number {strange[0]} is not of this order"
    elif warranty.serial and line.serials and not named:
        zh, en = "请核对序列号", "compare the serial number"
    elif until is None:
        zh, en = "没有签收日期，无法计算保修期", "no date of delivery, so the warranty cannot be counted"
    elif asked.today > until:
        rule = WARRANTY_OVER
        zh, en = f"保修已于{until}到期，维修须先报价", f"the warranty ended on {until}: a repair is quoted first (F10)"
    else:
        answer, zh, en = "yes", f"保修期至{until}", f"under warranty until {until}"
    return Reason(rule=rule, answer=answer, zh=zh, en=en, line_no=line.line_no)


def warranty_until(asked: Asked, line: OrderLine, warranty: Warranty) -> date | None:
    """The last day of a line's warranty; earlier time in repair is added to it (section 13)."""
    received = asked.received(line.line_no)
    if received is None:
        return None
    months = warranty.by_category.get(line.category or "", warranty.months)
    end = months_later(received, months)
    return date.fromordinal(end.toordinal() + -(-asked.earlier.repair_seconds // 86_400))


def not_delivered_yet(asked: Asked) -> Iterator[Reason]:
    """Kinds that end with the delivery: afterwards it is a return."""
    if asked.rules.before_dispatch and asked.order and parcel(asked.order, asked.lines) == "delivered":
        zh, en = "商品已签收，请按退换货办理", "it was delivered already: open it as a return or exchange"
        yield Reason(rule="before_dispatch", answer="no", zh=zh, en=en)


def ought_to_have_left(asked: Asked) -> Iterator[Reason]:
    """L11: before its time of dispatch an order is not late."""
    if asked.leaves_by is not None and asked.at <= asked.leaves_by:
        local = asked.leaves_by.astimezone(asked.zone)
        zh, en = f"应于{local:%m-%d %H:%M}前发货，尚未超时", f"it leaves by {local:%Y-%m-%d %H:%M}: not late yet (L11)"
        yield Reason(rule="dispatch", answer="human", zh=zh, en=en)


RULES: tuple[Rule, ...] = (
    within_days,
    not_excluded,
    not_final_sale,
    no_more_than_bought,
    once_per_line,
    few_keep_its,
    under_warranty,
    not_delivered_yet,
    ought_to_have_left,
)


def judge(asked: Asked) -> Eligible:
    """What all rules answer, with all their reasons."""
    reasons = tuple(reason for rule in RULES for reason in rule(asked))
    return Eligible(answer=_together(reasons), reasons=reasons)


def _together(reasons: Iterable[Reason]) -> Answer:
    answers = {reason.answer for reason in reasons}
    return "no" if "no" in answers else "human" if "human" in answers else "yes"
