"""Commands about stock: they speak HTTP to the API that runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

stock = typer.Typer(help="Stock: what is where, what is set aside for cases, counts.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Sku = Annotated[str, typer.Argument(metavar="SKU", help="The article's number.")]
Why = Annotated[str, typer.Option("--reason", help="Why it was counted or carried; it is kept with the move.")]
_COLUMNS = ("sellable", "reserved", "quarantine", "refurbish", "scrap", "supplier", "transit", "lent")


@stock.command("list")
def list_stock(
    q: Annotated[str | None, typer.Option("--q", help="Part of the number or name.")] = None,
    awaited: Annotated[bool, typer.Option("--awaited", help="Only what cases wait for.")] = False,
    limit: Annotated[int, typer.Option(help="The most rows to show.", min=1, max=100_000)] = 50,
    json: AsJson = False,
) -> None:
    """Articles, with how many units are in each place."""
    from terminal import remote, shown

    with remote.remote() as api:
        page = api.pages("/stock", limit, q=q, awaited=awaited or None)
    if json:
        shown.as_json(page)
        return
    shown.table(
        ("sku", "name", *_COLUMNS, "awaited"), (_row(one) for one in page["items"]), right=(*_COLUMNS, "awaited")
    )
    if not page["items"]:
        shown.say("No article is known: count some with 'aftercare stock set' or 'aftercare stock import'.")
    if page["next_cursor"]:
        shown.say("There are more: ask for them with --limit.")


def _row(one: "Mapping[str, Any]") -> tuple[object, ...]:
    places = [one["places"][place] for place in _COLUMNS]
    if not one["counted"]:
        places[:2] = "-", "-"  # nobody has said how many there are
    return (one["sku"], one["name"] or "", *places, one["awaited"])


@stock.command("show")
def show_stock(sku: Sku, json: AsJson = False) -> None:
    """One article: where it is, for which cases it is set aside, who waits for it, and its latest moves."""
    from urllib.parse import quote

    from terminal import remote, shown

    with remote.remote() as api:
        one = api.get(f"/stock/{quote(sku, safe='')}")
    if json:
        shown.as_json(one)
        return
    there = ", ".join(f"{place} {n}" for place, n in one["places"].items() if n) or "nowhere any"
    shown.say(f"{one['sku']} {one['name'] or ''}".strip() + f": {there}" + ("" if one["counted"] else " (not counted)"))
    for aside in one["reserved_for"]:
        shown.say(f"  {aside['quantity']} set aside for {aside['case_no']}")
    for wait in one["waiting"]:
        shown.say(f"  {wait['quantity']} awaited by {wait['case_no']} since {shown.when(wait['since'])}")
    rows = (
        (shown.when(move["at"]), move["quantity"], move["from"], move["to"], move["why"], _who(move))
        for move in one["moves"]
    )
    shown.table(("at", "units", "from", "to", "why", "case or person"), rows, right=("units",))


def _who(move: "Mapping[str, Any]") -> str:
    return move["case_no"] or f"{move['by']}: {move['reason']}"


@stock.command("set")
def set_stock(
    sku: Sku,
    quantity: Annotated[int, typer.Argument(help="How many units were found.", min=0, max=1_000_000)],
    reason: Why,
    place: Annotated[str, typer.Option(help="sellable, quarantine, refurbish, scrap or supplier.")] = "sellable",
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    json: AsJson = False,
) -> None:
    """So many were found; from the first count on the ledger knows when cases are short of it."""
    from terminal import remote, shown

    item: dict[str, Any] = {"sku": sku, "quantity": quantity, "place": place}
    item |= {"name": name} if name else {}
    with remote.remote() as api:
        answer = api.put("/stock", {"items": [item], "reason": reason})
    if json:
        shown.as_json(answer)
        return
    off = answer["items"][0]["off"]
    shown.say(
        f"{sku}: {quantity} in {place}, {f'{off:+d} from what the ledger had' if off else 'as the ledger had it'}."
    )


@stock.command("move")
def move_stock(
    sku: Sku,
    quantity: Annotated[int, typer.Argument(help="How many units.", min=1, max=1_000_000)],
    source: Annotated[str, typer.Option("--from", help="Where they are.")],
    target: Annotated[str, typer.Option("--to", help="Where they go, such as sellable.")],
    reason: Why,
    json: AsJson = False,
) -> None:
    """Goods were carried from one place to another, such as refurbished ones to the shelf."""
    from urllib.parse import quote

    from terminal import remote, shown

    body = {"quantity": quantity, "from": source, "to": target, "reason": reason}
    with remote.remote() as api:
        one = api.post(f"/stock/{quote(sku, safe='')}/moves", body)
    if json:
        shown.as_json(one)
        return
    shown.say(f"{sku}: {one['places'][source]} in {source}, {one['places'][target]} in {target}.")


@stock.command("import")
def import_stock(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX: sku, quantity, place, name.", exists=True)],
    reason: Why,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check only; store nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Counts from a file; refused rows are named, the rest is taken."""
    from terminal import remote, shown

    with file.open("rb") as content, remote.remote() as api:
        data = {"reason": reason, "dry_run": str(dry_run).lower()}
        answer = api.post("/stock/import", files={"file": (file.name, content)}, data=data)
    if json:
        shown.as_json(answer)
        return
    for error in answer["errors"]:
        shown.say(f"line {error['line']}: {error['sku'] or '?'}: {error['reason']}")
    told = "would be counted" if dry_run else "counted"
    shown.say(f"{answer['rows']} rows: {answer['counted']} {told}, {answer['refused']} refused.")
