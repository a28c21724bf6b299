"""The shop that the scripts speak for: its name, where returns go, its telephone, its time zone."""

from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from models.commands import Word
from models.playbook import Names, Part


class Shop(Part):
    """Who the customer deals with, in both languages, as `shop.yaml` says it."""

    names: Names = Field(description="the shop's name: `{shop}`")
    return_address: Names = Field(description="where returns go: `{return_address}`")
    phone: Word = Field(description="the telephone for customers: `{phone}`")
    timezone: Word = Field(description="dates and times are told in it, such as `Asia/Shanghai`")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"{value[:60]!a} is no time zone; write one like Asia/Shanghai or Europe/London") from None
        return value
