"""What customers and couriers are answered, and the links that are made for them."""

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from api.documents import examples
from api.documents.answers import MoneyShown, Shown


class LinkShown(Shown):
    """A link for the customer of one case."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LINK]})

    case_no: str
    url: str
    expires_at: AwareDatetime


class LinksRevoked(Shown):
    """Every link of the case is over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"case_no": "AC-26-000042", "revoked": True}]})

    case_no: str
    revoked: Literal[True]


class CustomersMoney(Shown):
    """What is the customer's."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CUSTOMERS_MONEY]})

    refund: MoneyShown
    freight: MoneyShown
    paid: MoneyShown
    owes: MoneyShown


class CustomersCase(Shown):
    """A case as its customer sees it: no notes, no names of the staff, no costs of ours."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.CUSTOMERS_CASE]})

    case_no: str
    order_no: str | None
    state: str
    status: dict[str, str] = Field(description="in zh and en")
    turn: Literal["you", "us", "courier", "nobody"]
    until: AwareDatetime | None
    can: tuple[str, ...] = Field(description="the actions that the customer may do now")
    money: CustomersMoney | None
    timeline: tuple[dict[str, Any], ...]


class CouriersCase(Shown):
    """A case as a courier sees it: where it stands."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"case_no": "AC-26-000042", "state": "return_in_transit", "version": 7}]}
    )

    case_no: str
    state: str
    version: int
