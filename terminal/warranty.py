"""Commands about warranty cards: they speak HTTP to the API that runs."""

from typing import Annotated

import typer

warranty = typer.Typer(help="Warranty cards: looked up and issued.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]


@warranty.command("find")
def find(
    serial: Annotated[str | None, typer.Option(help="The device's serial number.")] = None,
    card: Annotated[str | None, typer.Option(help="The card's number.")] = None,
    order: Annotated[str | None, typer.Option(help="The order it was bought with.")] = None,
    json: AsJson = False,
) -> None:
    """Whether a device is under warranty, and until when."""
    from terminal import remote, shown

    with remote.remote() as api:
        found = api.get("/warranty", serial=serial, card_no=card, order_no=order)
    if json:
        shown.as_json(found)
        return
    columns = ("card", "serial", "sku", "order", "from", "until", "repaired", "under warranty")
    rows = (
        (
            *(one[name] or "" for name in ("card_no", "serial", "sku", "order_no", "starts_on", "until")),
            one["repaired_days"],
            "yes" if one["in_warranty"] else "no",
        )
        for one in found["items"]
    )
    shown.table(columns, rows, right=("repaired",))
    if not found["items"]:
        shown.say("No card agrees with that.")


@warranty.command("issue")
def issue(
    card: Annotated[str, typer.Argument(metavar="CARD", help="Its number.")],
    sku: Annotated[str, typer.Option(help="The article.")],
    starts_on: Annotated[str, typer.Option("--from", help="The day it begins, such as 2026-11-23.")],
    months: Annotated[int, typer.Option(help="How long.", min=0, max=1200)],
    serial: Annotated[str | None, typer.Option(help="The device's serial number.")] = None,
    order: Annotated[str | None, typer.Option(help="The order it was bought with.")] = None,
    line: Annotated[int | None, typer.Option(help="Its line.", min=1)] = None,
    json: AsJson = False,
) -> None:
    """A card by hand, such as a paper one's number; a card that was issued stays as it is."""
    from terminal import remote, shown

    asked = {"card_no": card, "sku": sku, "starts_on": starts_on, "months": months}
    more = {"serial": serial, "order_no": order, "line_no": line}
    with remote.remote() as api:
        one = api.post("/warranty", asked | {name: value for name, value in more.items() if value is not None})
    if json:
        shown.as_json(one)
        return
    shown.say(f"{one['card_no']}: {one['sku']}, until {one['until']}.")
