"""The shop that the scripts speak for: its name, where returns go, its telephone, its time zone."""

from zoneinfo import ZoneInfo

from pydantic import field_validator

from models.commands import Word
from models.playbook import Names, Part


class Shop(Part):
    """Who the customer deals with, in both languages, as `shop.yaml` says it."""

    names: Names
    return_address: Names
    phone: Word
    timezone: Word

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"{value[:60]!a} is no time zone; write one like Asia/Shanghai or Europe/London") from None
        return value
