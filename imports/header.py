"""Which column of a file is which column of a format."""

from collections.abc import Sequence
from difflib import get_close_matches

from imports.shapes import Format
from models.errors import Invalid


def match_header(fmt: Format, header: Sequence[str]) -> tuple[str | None, ...]:
    """The format's column for every heading, None for one to be skipped; ``Invalid`` names what does not fit."""
    columns = tuple(fmt.columns.get(fmt.fold(name)) for name in header)
    missing = [name for name in fmt.required if name not in columns]
    if missing:
        raise Invalid(_lacking(fmt, missing, header), missing=missing)
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise Invalid(f"The column {_listed(twice)} is there twice; keep one.", repeated=twice)
    unknown = [name for name, column in zip(header, columns, strict=True) if not column and not _own(name)]
    if unknown and fmt.refuses_unknown_columns:
        raise Invalid(_not_known(fmt, unknown), unknown=[name[:100] for name in unknown])
    return columns


def filled_cells(columns: Sequence[str | None], cells: Sequence[str]) -> dict[str, str]:
    """A row's cells by column, without outer spaces, and only those that hold something."""
    return {
        column: text
        for column, cell in zip(columns, cells, strict=False)
        if column is not None and (text := cell.strip())
    }


def _own(name: str) -> bool:
    return name.lower().startswith("x_")


def _lacking(fmt: Format, missing: Sequence[str], header: Sequence[str]) -> str:
    found = _listed(header) if any(header) else "none"
    return f"The file lacks the column {_listed(missing)} of the {fmt.name} format; its first line names {found}."


def _not_known(fmt: Format, unknown: Sequence[str]) -> str:
    # A misspelt money column that was silently skipped would make a wrong refund months later.
    near = get_close_matches(fmt.fold(unknown[0]), list(fmt.columns), n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return (
        f"The {fmt.name} format has no column {_listed(unknown)}.{hint} "
        "Rename it, or begin the name of a column of your own with x_."
    )


def _listed(names: Sequence[str]) -> str:
    shown = [name[:40] or "(without a name)" for name in names[:12]]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(shown) + more
