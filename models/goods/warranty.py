"""Warranty cards: for which device, since when, how long, and what repairs have added to it (section 13)."""

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

    def is_named(self, by: tuple[str, ...]) -> bool:
        """Whether the customer has named it, by its number or the device's."""
        return self.card_no in by or (self.serial is not None and self.serial in by)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(day.day, (following - date(year, month, 1)).days))
