"""Tables and lists of names as pages have them."""

from collections.abc import Iterable, Sequence

__all__ = ["names", "table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of a page."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def names(values: Iterable[str]) -> str:
    """Names in code marks, one beside the other."""
    return " ".join(f"`{value}`" for value in values)
