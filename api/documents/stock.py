"""The stock ledger as it goes in and out over HTTP."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.documents.answers import Shown
from api.documents.requests import Ask
from models.commands import Text, Word
from models.stock.places import COUNTABLE

Units = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]

_PLACES = {
    "sellable": 4,
    "reserved": 1,
    "quarantine": 0,
    "refurbish": 2,
    "scrap": 0,
    "supplier": 1,
    "transit": 0,
    "lent": 0,
}
_ARTICLE: dict[str, Any] = {
    "sku": "LAMP-09",
    "name": "台灯",
    "counted": True,
    "places": _PLACES,
    "on_hand": 5,
    "awaited": 0,
    "changed_at": "2026-11-23T02:05:01+00:00",
}
_MOVE: dict[str, Any] = {
    "key": "AC-26-000042:stock:3",
    "sku": "LAMP-09",
    "from": "sellable",
    "to": "reserved",
    "quantity": 1,
    "why": "reserved",
    "case_no": "AC-26-000042",
    "by": None,
    "reason": None,
    "at": "2026-11-23T02:05:01+00:00",
}


class CountAsk(Ask):
    """So many units were found; on the shelf those that are set aside for cases are among them."""

    sku: Word
    quantity: Units
    place: COUNTABLE = "sellable"
    name: Word | None = None


class Counts(Ask):
    """What was counted, and why; an article is counted here from the first time on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"sku": "LAMP-09", "quantity": 5, "name": "台灯"}], "reason": "月末盘点"}]
        }
    )

    items: list[CountAsk] = Field(min_length=1, max_length=500)
    reason: Text


class Carried(Ask):
    """Goods carried from one place to another, such as refurbished ones to the shelf."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [{"quantity": 1, "from": "refurbish", "to": "sellable", "reason": "cleaned, new lid, tested"}]
        },
    )

    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    source: COUNTABLE = Field(alias="from")
    target: COUNTABLE = Field(alias="to")
    reason: Text


class ArticleShown(Shown):
    """An article: how many units are in each place. `on_hand` is the shelf: free, and set aside for cases.

    Of an article that is not `counted` nobody said how much is on the shelf, and no case is ever told that it is short.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_ARTICLE]})

    sku: str
    name: str | None
    counted: bool
    places: dict[str, int]
    on_hand: int
    awaited: int = Field(description="how many units cases wait for")
    changed_at: str


class ArticleList(Shown):
    """A page of articles."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ARTICLE], "next_cursor": None}]})

    items: list[ArticleShown]
    next_cursor: str | None


class AsideShown(Shown):
    """Units set aside for a case."""

    case_no: str
    quantity: int


class WaitShown(Shown):
    """Units that a case waits for; the oldest is served first."""

    case_no: str
    quantity: int
    since: str


class MoveShown(Shown):
    """Units that went from one place to another; by a case, or by a person with a reason."""

    model_config = ConfigDict(populate_by_name=True, json_schema_extra={"examples": [_MOVE]})

    key: str
    sku: str
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    quantity: int
    why: str
    case_no: str | None
    by: str | None
    reason: str | None
    at: str


class ArticleWhole(ArticleShown):
    """An article with the cases that have units of it set aside or wait for them, and its latest moves."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_ARTICLE,
                    "reserved_for": [{"case_no": "AC-26-000042", "quantity": 1}],
                    "waiting": [],
                    "moves": [_MOVE],
                }
            ]
        }
    )

    reserved_for: list[AsideShown]
    waiting: list[WaitShown]
    moves: list[MoveShown]


class CountShown(Shown):
    """What was counted, and by how much the ledger was off."""

    sku: str
    place: str
    quantity: int
    off: int


class CountsShown(Shown):
    """The counts, as they are in the ledger now."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"sku": "LAMP-09", "place": "sellable", "quantity": 5, "off": -1}]}]}
    )

    items: list[CountShown]


class CountRefused(Shown):
    """A row of a file that was not taken."""

    line: int
    sku: str | None
    reason: str


class CountsImported(Shown):
    """How many rows the file has, how many were counted, and those that were refused; at most 200 are named."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dry_run": False,
                    "rows": 2,
                    "counted": 1,
                    "refused": 1,
                    "errors": [{"line": 3, "sku": "CUP-04", "reason": "'many' is not a whole number such as 2"}],
                }
            ]
        }
    )

    dry_run: bool
    rows: int
    counted: int
    refused: int
    errors: list[CountRefused]
