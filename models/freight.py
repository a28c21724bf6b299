"""Who pays which way of the goods, and up to how much (F1-F12, F19)."""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import MoneyRefused
from models.money import to_minor

Payer = Literal["seller", "customer"]
FreightRemedy = Literal["refund", "exchange", "repair"]

PARTIES: Final = ("seller", "customer", "courier", "supplier", "platform", "none_found")
"""Who can be liable; ``none_found`` says that inspection found no fault of anybody's (G4)."""

DEFAULT_ZONE: Final = "default"

RATE_FACTOR: Final = 3
"""How many times the normal rate is reimbursed without a manager, where no playbook says otherwise (F11)."""


class FreightRule(NamedTuple):
    """One row of the table in section 4; ``replacement_freight`` is the way to the customer, None without one."""

    rule: str
    return_freight: Payer
    replacement_freight: Payer | None
    goods_refunded: bool
    postage_refunded: bool


# fmt: off
_TABLE: Final[dict[tuple[bool, bool, FreightRemedy], FreightRule]] = {
    # seller_fault, free_shipping, remedy                   return      replacement  goods  postage
    (True,  True,  "refund"):   FreightRule("F1",  "seller",   None,       True,  False),
    (True,  True,  "exchange"): FreightRule("F2",  "seller",   "seller",   False, False),
    (True,  False, "refund"):   FreightRule("F3",  "seller",   None,       True,  True),
    (True,  False, "exchange"): FreightRule("F4",  "seller",   "seller",   False, False),
    (False, True,  "refund"):   FreightRule("F5",  "customer", None,       True,  False),
    (False, True,  "exchange"): FreightRule("F6",  "customer", "seller",   False, False),
    (False, False, "refund"):   FreightRule("F7",  "customer", None,       True,  False),
    (False, False, "exchange"): FreightRule("F8",  "customer", "customer", False, False),
    (True,  True,  "repair"):   FreightRule("F9",  "seller",   "seller",   False, False),
    (True,  False, "repair"):   FreightRule("F9",  "seller",   "seller",   False, False),
    (False, True,  "repair"):   FreightRule("F10", "customer", "customer", False, False),
    (False, False, "repair"):   FreightRule("F10", "customer", "customer", False, False),
}
# fmt: on


def freight_rule(
    seller_fault: bool, free_shipping: bool, remedy: FreightRemedy, both_ways: bool = False
) -> FreightRule:
    """The row of the table F1-F10 that holds; out of warranty counts as no fault of the seller's (F10).

    With ``both_ways`` the customer pays all ways in F5 and F6 (F22): in F6 the replacement's too, while in F5 there is
    only the way back, which is his already.
    """
    row = _TABLE[seller_fault, free_shipping, remedy]
    if both_ways and row.rule in ("F5", "F6"):
        return row._replace(replacement_freight=row.replacement_freight and "customer")
    return row


def is_seller_fault(party_liable: str) -> bool:
    """Whether the seller stands for it toward the customer: everybody but the customer counts as seller (F19)."""
    if party_liable not in PARTIES:
        raise MoneyRefused(f"Nobody is called {party_liable[:40]!a} here; liable can be {', '.join(PARTIES)}.")
    return party_liable != "customer"


def seller_share(party_liable: str, share: int = 100) -> int:
    """How many percent the seller stands for, when the party named is liable for ``share`` percent of it (F19)."""
    if not 0 <= share <= 100:
        raise MoneyRefused(f"A share of liability lies between 0 and 100 percent, and {share} does not.")
    return share if is_seller_fault(party_liable) else 100 - share


def reimbursement_cap(rate: int, factor: int = RATE_FACTOR, postage: int = 0, given: int = 0) -> int:
    """The most of the customer's freight that is reimbursed without a manager (F11): so many times the normal rate.

    ``postage`` is what he paid for a second order that counts too (G13), ``given`` what he has back already.
    """
    return max(0, rate * factor + postage - given)


class FreightRates(BaseModel):
    """A shop's normal freight per currency and zone, in minor units, as ``playbooks/freight.yaml`` gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rates: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)

    @classmethod
    def read(cls, data: object) -> Self:
        """Read ``{"rates": {"CNY": {"default": "12.00", …}}}``; refuses with the field that is wrong."""
        try:
            texts = _RateTexts.model_validate(data).rates
        except ValidationError as refused:
            first = refused.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "rates"
            raise MoneyRefused(f"freight rates, {where}: {first['msg']}.") from None
        return cls(rates={currency: _zones(currency, zones) for currency, zones in texts.items()})

    def normal(self, zone: str | None, currency: str) -> int | None:
        """The normal rate of a zone, the default zone's where it is not listed, None where nothing is known."""
        zones = self.rates.get(currency, {})
        return zones.get(zone or DEFAULT_ZONE, zones.get(DEFAULT_ZONE))


class _RateTexts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rates: dict[str, dict[str, Any]]


def _zones(currency: str, texts: Mapping[str, object]) -> dict[str, int]:
    if DEFAULT_ZONE not in texts:
        raise MoneyRefused(f"freight rates, rates.{currency}: the zone {DEFAULT_ZONE} is missing.")
    return {zone: _rate(currency, zone, text) for zone, text in texts.items()}


def _rate(currency: str, zone: str, text: object) -> int:
    try:
        minor = to_minor(text, currency)
    except MoneyRefused as refused:
        raise MoneyRefused(f"freight rates, rates.{currency}.{zone}: {refused.detail}") from None
    if minor < 0:
        raise MoneyRefused(f"freight rates, rates.{currency}.{zone}: a rate cannot be negative.")
    return minor
