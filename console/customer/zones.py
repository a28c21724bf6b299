"""Whose clock a customer reads: his own where his country has one, else the shop's, and whose it is said."""

from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.core import get_global
from babel.dates import get_timezone_location

from console.language import Tongue

_ZONES: Final = get_global("territory_zones")
_TERRITORIES: Final = get_global("zone_territories")


def read_by(tongue: Tongue, country: str | None) -> dict[str, Any]:
    """What a page needs to say its times to a customer of a country: the tongue, and the zone where he may wonder."""
    if country is None or country == _TERRITORIES.get(tongue.zone.key):
        return {"tongue": tongue, "zone": None}
    own = _ZONES.get(country, ())
    found = replace(tongue, zone=ZoneInfo(own[0])) if len(own) == 1 else tongue
    return {"tongue": found, "zone": get_timezone_location(found.zone, locale=found.locale)}
