"""Warranty cards as they go in and out over HTTP."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from api.documents.answers import Shown
from api.documents.requests import Ask, Number
from models.commands import LineNo, Text, Word


def _sensible(day: date) -> date:
    if not 2000 <= day.year < 2100:
        raise ValueError("a day must lie between the years 2000 and 2099")
    return day


_ASK: dict[str, Any] = {
    "card_no": "W-2026-0042",
    "serial": "SN-77120",
    "sku": "LAMP-09",
    "name": "台灯",
    "starts_on": "2026-11-23",
    "months": 24,
}
_CARD: dict[str, Any] = {
    **_ASK,
    "order_no": None,
    "line_no": None,
    "repaired_days": 4,
    "until": "2028-11-27",
    "in_warranty": True,
}


class CardAsk(Ask):
    """A card that is issued by hand."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ASK]})

    card_no: Word
    serial: Word | None = None
    sku: Word
    name: Word | None = None
    order_no: Number | None = None
    line_no: LineNo | None = None
    starts_on: Annotated[date, AfterValidator(_sensible)]
    months: Annotated[int, Field(strict=True, ge=0, le=1200)]
    note: Text | None = None


class CardShown(Shown):
    """A card with its last day, time in repair added (section 13), and whether that has passed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CARD]})

    card_no: str
    serial: str | None
    sku: str
    name: str | None
    order_no: str | None
    line_no: int | None
    starts_on: str
    months: int
    repaired_days: int
    until: str
    in_warranty: bool


class CardList(Shown):
    """The cards that were found."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_CARD], "next_cursor": None}]})

    items: list[CardShown]
    next_cursor: str | None
