"""The formats that order files come in, and what an import reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from imports import aftercare, medusa, online_retail, shopify, woocommerce
from imports.shapes import Format, RefusedRow
from models.errors import Invalid
from models.orders import Order

__all__ = ["FORMATS", "MOST_NAMED", "Format", "ImportReport", "RefusedRow", "format_named", "order_of"]

FORMATS: Final[Mapping[str, Format]] = {
    "aftercare": aftercare.FORMAT,
    "online-retail": online_retail.FORMAT,
    "shopify": shopify.FORMAT,
    "woocommerce": woocommerce.FORMAT,
    "medusa": medusa.FORMAT,
}
"""Every format by the name it is asked for; a new one is a file of its own and a line here."""

MOST_NAMED: Final = 100_000
"""How many refused rows are named; further ones are only counted."""


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What became of a file.

    ``rows`` are those below the column names, ``orders`` those that could be read. Each of these is imported,
    updated or unchanged, or refused by the store. In a dry run nothing is stored and these three stay 0.
    """

    dry_run: bool = False
    rows: int = 0
    orders: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    refused_rows: int = 0
    refused: list[RefusedRow] = field(default_factory=list)

    def refuse(self, row: RefusedRow) -> None:
        """Count a refused row, and name it unless very many were named already."""
        self.refused_rows += 1
        if len(self.refused) < MOST_NAMED:
            self.refused.append(row)


def format_named(name: str) -> Format:
    """The format of that name; ``Invalid`` lists those there are."""
    found = FORMATS.get(name)
    if found is None:
        raise Invalid(f"There is no import format {name[:40]!r}; choose {' or '.join(FORMATS)}.")
    return found


def order_of(source: str, body: Mapping[str, Any]) -> Order:
    """One order as a storefront's webhook or API sends it, decoded; ``source`` is shopify, woocommerce or medusa.

    Raises ``Invalid`` for a source that sends no JSON, and ``OrderInvalid`` saying what of the order cannot be taken.
    """
    read = format_named(source).of_json
    if read is None:
        raise Invalid(f"Orders of the format {source!r} come as files, not one by one.")
    inside = next((body[name] for name in ("order", "data") if isinstance(body.get(name), Mapping)), body)
    return read(inside if "id" not in body else body)
