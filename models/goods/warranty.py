"""Warranty cards: for which device, since when, how long, and what repairs have added to it (section 13)."""

from collections.abc import Sequence
from datetime import date

from models.value import Value

DAY = 86_400


class Card(Value):
    """One card, by its number or the device's serial number."""

    card_no: str
    serial: str | None = None
    sku: str
    name: str | None = None
    order_no: str | None = None
    line_no: int | None = None
    starts_on: date
    months: int
    repair_seconds: int = 0  # in repair under this card, which is added

    @property
    def repaired_days(self) -> int:
        """Whole days that repairs have added; a day begun counts."""
        return -(-self.repair_seconds // DAY)

    @property
    def until(self) -> date:
        """The last day of the warranty."""
        return date.fromordinal(months_later(self.starts_on, self.months).toordinal() + self.repaired_days)

    @property
    def device(self) -> str:
        """What it is for: the device of its serial number, else one of which nothing is known but the card."""
        return f"serial {self.serial}" if self.serial is not None else f"card {self.card_no}"

    def is_named(self, by: tuple[str, ...]) -> bool:
        """Whether the customer has named it, by its number or the device's."""
        return self.card_no in by or (self.serial is not None and self.serial in by)


def carded_until(cards: Sequence[Card], named: tuple[str, ...]) -> date:
    """The last day by the cards of a line, of which the customer may have named some.

    Two cards for one device are two promises, and neither takes the other back: the later end counts. Of several
    devices, where nobody has said which one it is, the one that ends first counts, so that somebody asks.
    """
    meant = {card.device for card in cards if card.is_named(named)} or {card.device for card in cards}
    return min(max(card.until for card in cards if card.device == device) for device in meant)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(day.day, (following - date(year, month, 1)).days))
