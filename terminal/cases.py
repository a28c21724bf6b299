"""Commands about orders and cases: they speak HTTP to the API that runs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import Invalid, NotFound, Unavailable

if TYPE_CHECKING:  # heavy: only the commands that need it wait for it
    from terminal.remote import Remote

order = typer.Typer(help="Orders.", no_args_is_help=True)
case = typer.Typer(help="Cases: open, look at, and act on them.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
CaseNo = Annotated[str, typer.Argument(metavar="CASE_NO", help="The number of the case.")]
Limit = Annotated[int, typer.Option(help="The most rows to show.", min=1, max=100_000)]
Many = Annotated[list[str] | None, typer.Option()]


@order.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, XLSX or JSON.", exists=True, dir_okay=False)],
    format: Annotated[
        str, typer.Option(help="aftercare, shopify, woocommerce, medusa or online-retail.")
    ] = "aftercare",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check only; nothing is stored.")] = False,
    json: AsJson = False,
) -> None:
    """Import orders from a file. Refused rows are named with their line and reason."""
    from terminal import remote, shown

    with remote.remote() as api, file.open("rb") as stream:
        params = {"format": format, "dry_run": dry_run}
        with shown.progress(f"Importing {file.name}") as told:
            report = api.told("/orders/import", told, files={"file": (file.name, stream)}, params=params)
    if json:
        shown.as_json(report)
        return
    counts = ("rows", "orders", "imported", "updated", "unchanged", "refused_rows")
    shown.say(" · ".join(f"{name.replace('_', ' ')} {report[name]}" for name in counts if name in report))
    if report["refused"]:
        rows = ((row["line"], row["order_no"], row["reason"]) for row in report["refused"])
        shown.table(("line", "order", "refused because"), rows, right=("line",))


@case.command("open")
def open_case(
    kind: Annotated[
        str | None, typer.Option(help="Such as quality_fault; left out, the likeliest by the description are shown.")
    ] = None,
    subcategory: Annotated[str | None, typer.Option(help="The finer sort; 'playbook show KIND' lists them.")] = None,
    order: Annotated[str | None, typer.Option(help="The order's number.")] = None,
    line: Annotated[list[str] | None, typer.Option(help="LINE_NO:QUANTITY, such as 1:2; once for each line.")] = None,
    wanted: Annotated[str | None, typer.Option(help="refund, exchange, repair …")] = None,
    description: Annotated[str | None, typer.Option(help="What the customer says.")] = None,
    name: Annotated[str | None, typer.Option(help="Whom to ask, if not the order's customer.")] = None,
    phone: Annotated[str | None, typer.Option()] = None,
    email: Annotated[str | None, typer.Option()] = None,
    channel: Annotated[str | None, typer.Option(help="phone, chat …")] = None,
    severity: Annotated[str | None, typer.Option(help="Of a complaint: minor, important, critical.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who follows it.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: the same one twice opens one case.")] = None,
    json: AsJson = False,
) -> None:
    """Open a case. Without --kind the three likeliest kinds are shown with the words that speak for them."""
    from terminal import remote

    contact = _given({"name": name, "phone": phone, "email": email})
    about = {"order_no": order, "wanted": wanted, "description": description, "channel": channel}
    rest = {"severity": severity, "owner": owner, "contact": contact or None}
    body = {**_given({**about, **rest}), "lines": [line_and_quantity(text) for text in line or ()]}
    headers = {"Idempotency-Key": key} if key else None
    with remote.remote() as api:
        named = _given({"kind": kind, "subcategory": subcategory})
        if kind is None:
            named |= _chosen_kind(api, body, json)
        opened = api.post("/cases", {**body, **named}, headers=headers)
    _show(opened, json)


def _chosen_kind(api: "Remote", body: dict[str, Any], as_json: bool) -> dict[str, Any]:
    """The kind that somebody at a terminal picks from those proposed. Raises the refusal where nobody can be asked."""
    from terminal import shown

    try:
        api.post("/cases", body)
    except Invalid as refused:
        proposals = refused.extra.get("proposals") or []
        if as_json:
            shown.as_json(refused.as_problem())
        elif proposals:
            _show_proposals(proposals)
        if as_json or not proposals or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise
        return picked(typer.prompt("Which one? Its number, or another kind"), proposals)
    raise Unavailable("The API opened a case without a kind: it is older or newer than this program.")


def _show_proposals(proposals: list[dict[str, Any]]) -> None:
    from terminal import shown

    language = _language()
    rows = (
        (
            number,
            one["kind"],
            shown.words(one["names"], language),
            shown.words(one["subcategory"], language),
            " · ".join(one["matched"]),
            "" if one["fits"] else "not with this order as it stands",
        )
        for number, one in enumerate(proposals, 1)
    )
    shown.table(("#", "kind", "name", "finer", "because of", ""), rows, right=("#",))


def picked(answer: str, proposals: list[dict[str, Any]]) -> dict[str, Any]:
    """The proposal of this number with its finer sort, or the kind as it was typed."""
    word = answer.strip()
    if word.isascii() and word.isdigit() and 1 <= int(word) <= len(proposals):
        one = proposals[int(word) - 1]
        return {"kind": one["kind"], **({"subcategory": one["subcategory"]["key"]} if one["subcategory"] else {})}
    return {"kind": word}


@case.command("show")
def show(case_no: CaseNo, json: AsJson = False) -> None:
    """One case: where it stands, who is awaited until when, and what can be done."""
    from terminal import remote

    with remote.remote() as api:
        _show(api.get(f"/cases/{quoted(case_no)}"), json)


@case.command("list")
def list_cases(
    state: Many = None,
    stage: Many = None,
    kind: Many = None,
    owner: Many = None,
    waiting_for: Many = None,
    severity: Many = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those past their deadline.")] = False,
    stuck: Annotated[bool, typer.Option("--stuck", help="Only those that are stuck.")] = False,
    escalation: Annotated[int | None, typer.Option(help="Only those at this level or above.")] = None,
    order: Annotated[str | None, typer.Option(help="Only those of this order.")] = None,
    q: Annotated[str | None, typer.Option("--q", help="Number, name, end of the phone, waybill or SKU.")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """List cases, the most urgent first."""
    from terminal import remote, shown

    filters = {"state": state, "stage": stage, "kind": kind, "owner": owner, "waiting_for": waiting_for}
    more = {"severity": severity, "escalation": escalation, "order_no": order, "q": q}
    flags = {"overdue": overdue or None, "stuck": stuck or None}
    with remote.remote() as api:
        page = api.pages("/cases", limit, **filters, **more, **flags)
    if json:
        shown.as_json(page)
        return
    columns = ("case_no", "kind", "state", "waiting_for", "owner", "customer_name")
    rows = ((*(row.get(c) for c in columns), shown.when(row["due_at"]), _stake(row)) for row in page["items"])
    shown.table(("case", "kind", "state", "waits for", "owner", "customer", "due", "at stake"), rows, ("at stake",))
    _more(page)


@case.command("act")
def act(
    case_no: CaseNo,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Such as ship_return; 'case show' says which.")],
    values: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="The action's data.")] = None,
    data: Annotated[list[str] | None, typer.Option("--data", "-d", help="A JSON object, or KEY=VALUE.")] = None,
    as_: Annotated[str | None, typer.Option("--as", metavar="ROLE:ID", help="Who acts, such as customer:wang.")] = None,
    command_id: Annotated[str | None, typer.Option(help="The same one twice has one effect.")] = None,
    json: AsJson = False,
) -> None:
    """Carry out an action on a case."""
    from terminal import remote

    envelope: dict[str, Any] = {"action": action, "data": read_data(action, [*(values or ()), *(data or ())])}
    if as_:
        role, _, who = as_.partition(":")
        envelope["actor"] = {"role": role, **({"id": who} if who else {})}
    if command_id:
        envelope["command_id"] = command_id
    with remote.remote() as api:
        _show(api.post(f"/cases/{quoted(case_no)}/commands", envelope), json)


@case.command("attach")
def attach(
    case_no: CaseNo,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A photo, PDF or film.", exists=True, dir_okay=False)],
    key: Annotated[str | None, typer.Option(help="Which of the playbook's evidence it is.")] = None,
    json: AsJson = False,
) -> None:
    """Add a photo or file to a case. Pictures lose what the camera wrote into them."""
    from terminal import remote, shown

    with remote.remote() as api, file.open("rb") as stream:
        params = {"key": key} if key else {}
        kept = api.post(f"/cases/{quoted(case_no)}/files", files={"file": (file.name, stream)}, params=params)
    if json:
        shown.as_json(kept)
        return
    shown.say(f"{kept['media_type']}, {kept['size']:,} bytes, {kept['url']}")


@case.command("slip")
def slip(
    case_no: CaseNo,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to; CASE_NO.pdf if left out.")] = None,
    paper: Annotated[str, typer.Option(help="a6, a label, or a4, a page.")] = "a6",
    language: Annotated[str | None, typer.Option(help="zh or en; left out, the customer's own.")] = None,
    json: AsJson = False,
) -> None:
    """Save the return slip of a case as a PDF: what the customer puts into the parcel."""
    from terminal import remote, shown

    with remote.remote() as api:
        pdf, missing = api.file(f"/cases/{quoted(case_no)}/slip", paper=paper, language=language)
    target = file or Path(f"{case_no}.pdf")
    try:
        target.write_bytes(pdf)
    except OSError as wrong:
        raise Invalid(f"{target} cannot be written: {wrong.strerror}. Name another file.") from None
    if json:
        shown.as_json({"file": str(target), "bytes": len(pdf), "missing_glyphs": missing})
        return
    shown.say(f"{target}, {len(pdf):,} bytes")
    if missing:
        shown.say(f"The font has not got {' '.join(missing)}; AFTERCARE_FONT names another one.")


@case.command("timeline")
def timeline(case_no: CaseNo, limit: Limit = 1000, json: AsJson = False) -> None:
    """Who did what to a case, when, and why."""
    from terminal import remote, shown

    with remote.remote() as api:
        page = api.pages(f"/cases/{quoted(case_no)}/timeline", limit)
    if json:
        shown.as_json(page)
        return
    shown.timeline(page["items"])
    _more(page)


def stuck(
    reason: Annotated[list[str] | None, typer.Option(help="overdue, no_owner …; several mean any of them.")] = None,
    stage: Annotated[str | None, typer.Option()] = None,
    owner: Annotated[str | None, typer.Option()] = None,
    kind: Annotated[str | None, typer.Option()] = None,
    at_stake: Annotated[str | None, typer.Option(help="At least so much at stake, such as 500.00.")] = None,
    older_than: Annotated[int | None, typer.Option(help="Opened so many days ago or more.", min=0)] = None,
    sort: Annotated[str, typer.Option(help="due_at, age or at_stake.")] = "due_at",
    why: Annotated[bool, typer.Option("--why", help="A sentence for each reason, with its numbers.")] = False,
    limit: Limit = 200,
    json: AsJson = False,
) -> None:
    """Which cases are stuck, and every reason why; 'bulk start' acts on many of them."""
    from terminal import remote, shown

    filters = {"reason": reason, "stage": stage, "owner": owner, "kind": kind, "at_stake": at_stake}
    with remote.remote() as api:
        page = api.pages("/stuck", limit, **filters, older_than_days=older_than, sort=sort)
    if json:
        shown.as_json(page)
        return
    language = _language()
    rows = (
        (
            *(row.get(name) for name in ("case_no", "kind", "state", "owner")),
            _because(row, language if why else None),
            shown.when(row["since"]),
            _stake(row),
        )
        for row in page["items"]
    )
    shown.table(("case", "kind", "state", "owner", "because", "since", "at stake"), rows, ("at stake",))
    counts = page.get("by_reason") or {}
    stages = page.get("by_stage") or {}
    shown.say(" · ".join(f"{name} {count}" for name, count in counts.items()) or "Nothing is stuck.")
    if stages:
        by_stage = " · ".join(f"{name} {count}" for name, count in stages.items())
        shown.say(f"{page['total']} cases: {by_stage}")
    _more(page)


def _because(row: dict[str, Any], language: str | None) -> str:
    """The reasons by name, or as sentences."""
    return "\n".join(one[language] for one in row["why"]) if language else ", ".join(row["reasons"])


def _language() -> str:
    from settings import load_settings

    return "zh" if load_settings().locale.startswith("zh") else "en"


# ── reading what was typed ────────────────────────────────────────────────────────────────────────


def line_and_quantity(text: str) -> dict[str, int]:
    """`1:2` as two units of line 1, `1` as one. Raises Invalid for anything else."""
    number, _, quantity = text.partition(":")
    try:
        return {"line_no": int(number), "quantity": int(quantity or 1)}
    except ValueError:
        raise Invalid(f"--line {text}: write LINE_NO:QUANTITY, such as 1:2.") from None


def read_data(action: str, given: list[str]) -> dict[str, Any]:
    """The data of an action from JSON objects and `key=value`s, later ones winning. Raises Invalid."""
    read: dict[str, Any] = {}
    for text in given:
        read |= _object(text) if text.lstrip().startswith("{") else _pair(action, text)
    return read


def _object(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid('--data is not JSON: write {"key": "value"}, or key=value.') from None
    return found


def _pair(action: str, text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise Invalid(f"'{text}' is no data: write key=value, or a JSON object.")
    return {key: value if _is_text(action, key) else _value(value)}


def _is_text(action: str, key: str) -> bool:
    """Whether the action wants text there: amounts and waybills look like numbers and are none."""
    from models.commands import DATA
    from models.lifecycle import Action

    if action not in list(Action):
        return True
    field = DATA[Action(action)].model_json_schema()["properties"].get(key, {})
    kinds = {option.get("type") for option in (field, *field.get("anyOf", ()))}
    return "string" in kinds or not kinds - {None, "null"}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def quoted(number: str) -> str:
    """A number as part of a path. Raises NotFound for one that can be none."""
    from urllib.parse import quote

    if not number or number in (".", ".."):
        raise NotFound(f"'{number}' is no number of a case.")
    return quote(number, safe="")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


# ── showing what came back ────────────────────────────────────────────────────────────────────────


def _show(document: Any, json: bool) -> None:
    from terminal import shown

    if json:
        shown.as_json(document)
    else:
        shown.card(document, _language())


def _stake(row: dict[str, Any]) -> str:
    from terminal import shown

    return shown.amount(row.get("at_stake"))


def _cell(value: Any) -> Any:
    from terminal import shown

    return shown.amount(value) if isinstance(value, dict) and "currency" in value else value


def _more(page: dict[str, Any]) -> None:
    from terminal import shown

    if page.get("next_cursor"):
        shown.say("There are more: ask for them with --limit.")
