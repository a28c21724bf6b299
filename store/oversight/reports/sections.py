"""How a report is put together: sections of rows, each row with its numbers and the cells behind them (T13)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.money import to_text
from models.oversight.report_words import DIMENSIONS, NUMBERS, SECTIONS
from models.oversight.reports import Cell

Row = dict[str, Any]


def row(of: Mapping[str, Any], values: Mapping[str, Any], cells: Mapping[str, str] | None = None, **more: Any) -> Row:
    """A row: what it is about, its numbers, and for each number whose cases can be listed its cell."""
    return {"of": dict(of), "values": dict(values), "cells": dict(cells or {}), **more}


def section(name: str, dims: Sequence[str], numbers: Sequence[str], rows: Iterable[Row], **more: Any) -> Row:
    """A section with the names of all that stands in it, in both languages."""
    titled = {"name": name, "title": _both(SECTIONS[name])}
    columns = [{"name": dim, "title": _both(DIMENSIONS[dim])} for dim in dims]
    return {**titled, "dimensions": columns, "numbers": [_number(one) for one in numbers], "rows": list(rows), **more}


def _both(words: tuple[str, str]) -> dict[str, str]:
    return {"zh": words[0], "en": words[1]}


def _number(name: str) -> dict[str, Any]:
    number = NUMBERS[name]
    told = {"name": name, "title": {"zh": number.zh, "en": number.en}}
    explained = {"zh": number.meaning_zh, "en": number.meaning}
    return {**told, "unit": number.unit, "meaning": number.meaning, "explained": explained}


def cell(source: str, /, **narrowed: Any) -> str:
    """The cell of a number."""
    return str(Cell(source, narrowed))


def money(minor: int | None, currency: str | None) -> dict[str, str] | None:
    """An amount with its currency; None where there is none of either."""
    return {"amount": to_text(minor, currency), "currency": currency} if currency and minor is not None else None


def biggest_first(counts: Mapping[Any, int]) -> list[Any]:
    """The keys of counts, the biggest first and then in their own order; what has no value comes last."""
    return sorted(counts, key=lambda key: (-counts[key], tuple((one is None, str(one)) for one in key)))
