"""What a case is linked to, which has to be there."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.errors import DataRefused
from store import cases, orders

_LOADED: dict[str, Callable[[Session, str], object]] = {"order_no": orders.load, "case_no": cases.load}


def check_link(session: Session, data: Mapping[str, Any]) -> None:
    """Raises DataRefused for an order or a case that there is not."""
    for field, load in _LOADED.items():
        number = data.get(field)
        if isinstance(number, str) and number and load(session, number) is None:
            raise DataRefused.of(field, f"There is no {field.removesuffix('_no')} '{number[:100]}' to link.")
