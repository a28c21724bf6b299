"""The words that stand on every slip, in the languages that slips are printed in."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """`more` takes how many goods are not listed, `until` a date."""

    title: str
    order: str
    sender: str
    to: str
    more: str
    until: str


WORDS: dict[Language, Words] = {
    "zh": Words(
        title="退货随件单",
        order="订单号",
        sender="寄件人",
        to="寄到",
        more="另有{}种商品，见订单",
        until="请在{}前寄出。",
    ),
    "en": Words(
        title="Return slip",
        order="Order",
        sender="From",
        to="Send to",
        more="and {} more, see the order",
        until="Please send it by {}.",
    ),
}
