"""What every case and script knows of the shop itself (`playbooks/shop.yaml`)."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from models.commands import Word
from models.playbook_parts import Names, Part


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write one such as Asia/Shanghai") from None
    return name


class Shop(Part):
    """Name, address for returns, phone, and the time zone whose days count."""

    names: Names
    return_address: Names
    phone: Word
    timezone: Annotated[str, AfterValidator(_known_zone)]
