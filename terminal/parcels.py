"""`aftercare parcel`: the warehouse's door, and the shelf of boxes whose case is not known; HTTP to the API."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

parcel = typer.Typer(help="Goods in: scan boxes, and find out whose they are.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
ParcelNo = Annotated[str, typer.Argument(metavar="PARCEL", help="Its number, as 'parcel list' shows it.")]
CaseNos = Annotated[list[str] | None, typer.Option("--case", help="A case that is in the box; once for each.")]
Reason = Annotated[str, typer.Option(help="Why; it stays with the parcel.")]


@parcel.command("scan")
def scan(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="Slip, waybill or order number.")] = None,
    case: CaseNos = None,
    waybill: Annotated[str | None, typer.Option(help="The waybill, where something else was scanned.")] = None,
    box: Annotated[int | None, typer.Option(min=1, help="Its number in a delivery of several boxes.")] = None,
    of: Annotated[int | None, typer.Option(min=1, help="How many boxes that delivery has.")] = None,
    grams: Annotated[int | None, typer.Option(min=1, help="Its weight.")] = None,
    note: Annotated[str | None, typer.Option(help="What else can be seen.")] = None,
    sender: Annotated[str | None, typer.Option(help="The sender's name on the label.")] = None,
    phone: Annotated[str | None, typer.Option(help="His telephone; its end is kept.")] = None,
    product: Annotated[str | None, typer.Option(help="What is in it: a SKU or a name.")] = None,
    invoice: Annotated[bool | None, typer.Option("--invoice/--no-invoice", help="Whether the invoice came.")] = None,
    key: Annotated[str | None, typer.Option(help="The scanner's own id: the same again is the same scan.")] = None,
    json: AsJson = False,
) -> None:
    """Take a box in: its case moves by itself; a box that nobody expects lies on the shelf."""
    told = {"code": code, "case_nos": case or None, "waybill": waybill, "box": box, "of": of, "grams": grams}
    more = {"note": note, "sender_name": sender, "sender_phone": phone, "product": product, "scan_id": key}
    _tell("/parcels/scan", _given(**told, **more, invoice_enclosed=invoice), json)


@parcel.command("list")
def list_parcels(
    state: Annotated[
        list[str] | None, typer.Option(help="on_shelf, booked, matched, disposed, sent_back; left out: on_shelf.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Whatever became of them.")] = False,
    case: Annotated[str | None, typer.Option(help="Of this case.")] = None,
    waybill: Annotated[str | None, typer.Option(help="With this waybill, or another code that was scanned.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="On the shelf past its deadline.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    json: AsJson = False,
) -> None:
    """Boxes, the longest here first; without another word those on the shelf."""
    from terminal import remote, shown

    narrowed = state or case or waybill or all_
    wanted = {"state": state or (None if narrowed else ["on_shelf"]), "case_no": case, "waybill": waybill}
    with remote.remote() as api:
        page = api.pages("/parcels", limit, overdue=overdue or None, **wanted)
    if json:
        shown.as_json(page)
    elif not page["items"]:
        shown.say("No parcels." if narrowed or overdue else "The shelf is empty.")
    else:
        shown.table(("parcel", "came", "code", "state", "until", "cases", "note"), (_row(one) for one in page["items"]))
        if page["next_cursor"]:
            shown.say("There are more: ask for them with --limit.")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    from terminal import shown

    until = shown.when(one["due_at"]) if one["state"] == "on_shelf" else ""
    cases = ", ".join(one["case_nos"])
    return one["id"], shown.when(one["at"]), one["waybill"] or one["code"], one["state"], until, cases, one["note"]


@parcel.command("show")
def show(number: ParcelNo, json: AsJson = False) -> None:
    """One box, and while it lies on the shelf whose it may be."""
    from terminal import remote, shown

    with remote.remote() as api:
        found = api.get(_path(number))
    if json:
        shown.as_json(found)
        return
    _tell_of(found)
    for name in ("product", "grams", "note", "reason"):
        if found[name] is not None:
            shown.say(f"  {name}: {found[name]}")
    if found["photos"]:
        shown.say(f"  photos: {len(found['photos'])}")
    if found["proposals"]:
        shown.table(("case", "order", "state", "score", "because"), (_likely(one) for one in found["proposals"]))
    elif found["state"] == "on_shelf":
        shown.say("Nothing on it leads to a case: add a note, or what is in it, by scanning it again.")


def _likely(one: dict[str, Any]) -> tuple[object, ...]:
    from terminal import shown

    why = "; ".join(shown.words(reason) for reason in one["reasons"])
    return one["case_no"], one["order_no"], one["state"], one["score"], why


@parcel.command("match")
def match(
    number: ParcelNo,
    case: Annotated[list[str], typer.Argument(metavar="CASE_NO…", help="The case whose it is, or several.")],
    json: AsJson = False,
) -> None:
    """Say whose a box on the shelf is; its case moves as if it had been scanned when it came."""
    _tell(f"{_path(number)}/match", {"case_nos": case}, json)


@parcel.command("dispose")
def dispose(number: ParcelNo, reason: Reason, json: AsJson = False) -> None:
    """Dispose of a box whose time on the shelf is over; a manager may do it before."""
    _end(f"{_path(number)}/dispose", {"reason": reason}, json)


@parcel.command("send-back")
def send_back(
    number: ParcelNo,
    reason: Reason,
    carrier: Annotated[str | None, typer.Option(help="With which courier.")] = None,
    waybill: Annotated[str | None, typer.Option(help="Under which waybill.")] = None,
    json: AsJson = False,
) -> None:
    """Send a box back to its sender, when its time on the shelf is over; a manager may do it before."""
    _end(f"{_path(number)}/send_back", {"reason": reason, **_given(carrier=carrier, waybill=waybill)}, json)


@parcel.command("photo")
def photo(
    number: ParcelNo,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A photo of it.", exists=True, dir_okay=False)],
    json: AsJson = False,
) -> None:
    """Add a photo of a box; its cases have it too."""
    from terminal import remote, shown

    with remote.remote() as api, file.open("rb") as stream:
        kept = api.post(f"{_path(number)}/files", files={"file": (file.name, stream)})
    if json:
        shown.as_json(kept)
    else:
        shown.say(f"{kept['id'][:12]}: {kept['media_type']}, {kept['size']} bytes.")


def _tell(path: str, body: dict[str, Any], json: bool) -> None:
    from terminal import remote, shown

    with remote.remote() as api:
        found = api.post(path, body)
    if json:
        shown.as_json(found)
        return
    _tell_of(found["parcel"], found["repeated"])
    for number in (found["case"]["case_no"], *found["also"]) if found["case"] else ():
        shown.say(f"  case {number}")
    if found["refused"]:
        shown.say(f"  refused: {found['refused']}")


def _end(path: str, body: dict[str, Any], json: bool) -> None:
    from terminal import remote, shown

    with remote.remote() as api:
        found = api.post(path, body)
    if json:
        shown.as_json(found)
    else:
        _tell_of(found)


def _tell_of(one: dict[str, Any], repeated: bool = False) -> None:
    from terminal import shown

    until = f", until {shown.when(one['due_at'])}" if one["state"] == "on_shelf" else ""
    again = " It was scanned before." if repeated else ""
    shown.say(f"{one['id']}: {one['state'].replace('_', ' ')}{until}.{again}")


def _path(number: str) -> str:
    return f"/parcels/{quote(number, safe='')}"


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
