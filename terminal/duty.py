"""`aftercare duty`: who is on duty, the staff list, rotas, absences, swaps of two, and handovers."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

import typer

from models.errors import Invalid

duty = typer.Typer(help="Who works when: staff, rotas, absences, swaps, handovers.", no_args_is_help=True)
staff = typer.Typer(help="The staff list; nobody is ever taken off it.", no_args_is_help=True)
absent = typer.Typer(help="Out of office, with a stand-in.", no_args_is_help=True)
swap = typer.Typer(help="Swaps of duty: they hold once both agree.", no_args_is_help=True)
handover = typer.Typer(help="Cases handed over at the end of a shift, and accepted.", no_args_is_help=True)
duty.add_typer(staff, name="staff")
duty.add_typer(absent, name="absent")
duty.add_typer(swap, name="swap")
duty.add_typer(handover, name="handover")

AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON, for programs.")]
Who = Annotated[str, typer.Argument(metavar="PERSON", help="The id they act under.")]
Id = Annotated[str, typer.Argument(metavar="ID")]
Note = Annotated[str | None, typer.Option(help="A word that goes with it.")]
By = Annotated[
    str | None, typer.Option("--as", metavar="ROLE:ID", help="Who acts, such as agent:li.na; for a token of all.")
]


def _body(by: str | None, **fields: Any) -> dict[str, Any]:
    """What was said, and who says it."""
    given = {name: value for name, value in fields.items() if value is not None}
    if by is None:
        return given
    role, found, person = by.partition(":")
    if not found or not role or not person:
        raise Invalid("Name who acts as ROLE:ID, such as agent:li.na.")
    return {**given, "actor": {"id": person, "role": role}}


def _asked(path: str, **params: Any) -> Any:
    from terminal.remote import remote

    with remote() as api:
        return api.get(path, **params)


def _posted(path: str, body: Mapping[str, Any]) -> Any:
    from terminal.remote import remote

    with remote() as api:
        return api.post(path, body)


def _listed(answer: Mapping[str, Any], json: bool, columns: tuple[str, ...], rows: Any, none: str) -> None:
    """A list as a table, or a word where it is empty."""
    from terminal import shown

    if json:
        shown.as_json(answer)
    elif answer["items"]:
        shown.table(columns, rows)
    else:
        shown.say(none)


def _told(answer: Mapping[str, Any], json: bool, words: str) -> None:
    from terminal import shown

    shown.as_json(answer) if json else shown.say(words)


# ── who is on duty ──


@duty.command("now")
def show_now(
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="Another instant, past or to come.")] = None,
    json: AsJson = False,
) -> None:
    """Who is on duty, what they are at, and when the others are back."""
    from terminal import shown

    found = _asked("/duty", at=at)
    if json:
        shown.as_json(found)
        return
    if not found["on_duty"] and not found["away"]:
        shown.say("Nobody is on the staff list: 'aftercare duty staff add' begins one.")
        return
    rows = [
        (one["person"], one["name"], ", ".join(one["roles"]), one["activity"], shown.when(one["until"]))
        for one in found["on_duty"]
    ]
    shown.table(("on duty", "name", "roles", "at", "until"), rows)
    gone = [
        (
            one["person"],
            one["name"],
            ", ".join(one["roles"]),
            "out of office" if one["absent"] else "off",
            shown.when(one["until"]),
            one["stand_in"] or "",
        )
        for one in found["away"]
    ]
    if gone:
        shown.say()
        shown.table(("away", "name", "roles", "why", "back", "stand-in"), gone)


@duty.command("week")
def show_week(
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day; today if left out.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=92, help="How many days.")] = 7,
    person: Annotated[str | None, typer.Option(help="Only theirs.")] = None,
    json: AsJson = False,
) -> None:
    """Who works which shift, day by day; swapped shifts that nobody is there for are named."""
    from terminal import shown

    found = _asked("/duty/days", first=first, days=days, person=person)
    rows = (
        (
            row["day"],
            row["person"],
            ", ".join(row["shifts"]) or "–",
            " ".join(word for word in ("swapped", "absent") if row[word]),
        )
        for row in found["items"]
    )
    _listed(found, json, ("day", "person", "shift", ""), rows, "No shifts: 'aftercare duty rota' gives them.")
    for gap in () if json else found["gaps"]:
        both = " and ".join(gap["answer_for_it"])
        shown.say(f"! {gap['day']}: {gap['person']} is not there for the {gap['shift']} shift; {both} answer for it.")


def _day(text: str | None, option: str) -> None:
    """Raises BadParameter naming the option for what is no date."""
    try:
        date.fromisoformat(text or "2026-01-01")
    except ValueError:
        raise typer.BadParameter(f"{text!a} is no date; write one such as 2026-12-01.", param_hint=option) from None


@duty.command("rota")
def give_rota(
    person: Who,
    rota: Annotated[str, typer.Argument(metavar="ROTA", help="One of duty.yaml, or shifts with commas: day,day,off.")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day.")],
    last: Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day.")] = None,
    begin_at: Annotated[int, typer.Option(min=1, help="Which day of the rota the first day is.")] = 1,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Give somebody a rota from a day on; what was before stays as it was."""
    _day(first, "--from")
    _day(last, "--until")
    pattern = rota.split(",") if "," in rota else rota
    said = {"person": person, "rota": pattern, "first_day": first, "last_day": last, "begin_at": begin_at}
    given = _posted("/rota", _body(by, **said))
    _told(given, json, f"{person} from {given['first_day']}: {', '.join(given['pattern'])}")


# ── the staff list ──


@staff.command("list")
def list_staff(json: AsJson = False) -> None:
    """Everybody who was ever on it."""
    found = _asked("/staff")
    rows = (
        (
            one["id"],
            one["name"],
            ", ".join(one["roles"]) if one["with_us"] else "left",
            "on duty" if one["on_duty"] else "",
            one["phone"] or "",
        )
        for one in found["items"]
    )
    _listed(found, json, ("id", "name", "roles", "now", "phone"), rows, "Nobody yet: 'aftercare duty staff add'.")


@staff.command("show")
def show_staff(person: Who, json: AsJson = False) -> None:
    """One person: what they were and will be, their rotas, absences and number of open cases."""
    from terminal import shown

    found = _asked(f"/staff/{quote(person, safe='')}")
    if json:
        shown.as_json(found)
        return
    now = "on duty" if found["on_duty"] else "off duty"
    shown.say(f"{found['id']} · {found['name']} · {', '.join(found['roles']) or 'left'} · {now}")
    shown.say(f"open cases: {found['open_cases']}")
    rows = ((shown.when(one["since"]), ", ".join(one["roles"]) or "left", one["by"]) for one in found["standings"])
    shown.table(("since", "as", "by"), rows)
    for one in found["rotas"]:
        shown.say(f"rota from {one['first_day']} to {one['last_day'] or '…'}: {', '.join(one['pattern'])}")
    for one in found["absences"]:
        shown.say(
            f"absent {shown.when(one['from'])} to {shown.when(one['until'])}, {one['stand_in'] or 'nobody'} for them"
        )


@staff.command("add")
def add_staff(
    person: Who,
    name: Annotated[str | None, typer.Option(help="Needed for somebody new.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="agent, supervisor …; once for each.")] = None,
    since: Annotated[str | None, typer.Option(metavar="INSTANT", help="The roles hold from then on.")] = None,
    language: Annotated[str | None, typer.Option(help="zh or en.")] = None,
    phone: Annotated[str | None, typer.Option()] = None,
    email: Annotated[str | None, typer.Option()] = None,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Add somebody, or change what is said of them; what is left out stays. 'notify' says where their letters go."""
    from terminal.remote import remote

    said = {"name": name, "roles": role or None, "since": since}
    body = _body(by, **said, language=language, phone=phone, email=email)
    with remote() as api:
        found = api.put(f"/staff/{quote(person, safe='')}", body)
    _told(found, json, f"{found['id']} · {found['name']} · {', '.join(found['roles']) or 'not with us yet'}")


@staff.command("leave")
def leave(
    person: Who,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="When; in a minute, if left out.")] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Call a planned leaving off.")] = False,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Somebody leaves. They stay on the list; their open cases are for a manager, or the sweep, to give on."""
    from datetime import UTC, datetime, timedelta

    from terminal.remote import remote

    until = None if stay else at or (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    with remote() as api:
        found = api.put(f"/staff/{quote(person, safe='')}", {**_body(by), "until": until})
    left = f"{person} stays." if stay else f"{person} leaves with {found['open_cases']} open cases."
    _told(found, json, left)


# ── absences ──


@absent.command("add")
def add_absence(
    begins: Annotated[str, typer.Option("--from", metavar="INSTANT", help="Such as 2026-12-01T09:00+08:00.")],
    until: Annotated[str, typer.Option(metavar="INSTANT")],
    person: Annotated[str | None, typer.Option(help="Somebody else, for managers.")] = None,
    stand_in: Annotated[str | None, typer.Option(metavar="PERSON", help="Who gets what is addressed to them.")] = None,
    reason: Annotated[str | None, typer.Option(help="Seen by managers and the person only.")] = None,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Write an absence down."""
    said = {"from": begins, "until": until, "person": person, "stand_in": stand_in, "reason": reason}
    found = _posted("/absences", _body(by, **said))
    _told(found, json, f"{found['id']}: {found['person']} is away, {found['stand_in'] or 'nobody'} stands in.")


@absent.command("list")
def list_absences(person: Annotated[str | None, typer.Option()] = None, json: AsJson = False) -> None:
    """Absences that are not over."""
    from terminal import shown

    found = _asked("/absences", person=person)
    rows = (
        (one["id"], one["person"], shown.when(one["from"]), shown.when(one["until"]), one["stand_in"] or "")
        for one in found["items"]
    )
    _listed(found, json, ("id", "person", "from", "until", "stand-in"), rows, "Nobody is or will be away.")


@absent.command("end")
def end_absence(id: Id, by: By = None, json: AsJson = False) -> None:
    """Back early, or not gone at all."""
    found = _posted(f"/absences/{quote(id, safe='')}/end", _body(by))
    _told(found, json, f"{found['person']} is back.")


# ── swaps ──


@swap.command("propose")
def propose_swap(
    partner: Annotated[str, typer.Option("--with", metavar="PERSON")],
    day: Annotated[str, typer.Option(metavar="DATE", help="My day that the partner takes.")],
    partner_day: Annotated[
        str | None, typer.Option("--for", metavar="DATE", help="The partner's day that I take; may be the same.")
    ] = None,
    note: Note = None,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Propose to swap my duty of a day."""
    found = _posted("/swaps", _body(by, partner=partner, day=day, partner_day=partner_day, note=note))
    _told(found, json, f"{found['id']}: it holds once {partner} agrees.")


@swap.command("list")
def list_swaps(person: Annotated[str | None, typer.Option()] = None, json: AsJson = False) -> None:
    """Swaps about yesterday and later."""
    found = _asked("/swaps", person=person)
    rows = (
        (one["id"], one["proposer"], one["proposer_day"], one["partner"], one["partner_day"] or "–", one["state"])
        for one in found["items"]
    )
    _listed(found, json, ("id", "gives", "day", "takes", "for", "state"), rows, "No swaps.")


@swap.command("agree")
def agree(id: Id, note: Note = None, by: By = None, json: AsJson = False) -> None:
    """The partner agrees; from now on both answer for a gap."""
    found = _posted(f"/swaps/{quote(id, safe='')}/answer", _body(by, agree=True, note=note))
    _told(found, json, f"{found['id']} is {found['state']}.")


@swap.command("refuse")
def refuse_swap(id: Id, note: Note = None, by: By = None, json: AsJson = False) -> None:
    """The partner refuses."""
    found = _posted(f"/swaps/{quote(id, safe='')}/answer", _body(by, agree=False, note=note))
    _told(found, json, f"{found['id']} is {found['state']}.")


@swap.command("withdraw")
def withdraw(id: Id, by: By = None, json: AsJson = False) -> None:
    """The proposer takes it back."""
    found = _posted(f"/swaps/{quote(id, safe='')}/withdraw", _body(by))
    _told(found, json, f"{found['id']} is {found['state']}.")


# ── handovers ──


@handover.command("begin")
def begin_handover(
    to: Annotated[str, typer.Option(metavar="PERSON", help="Who takes over.")],
    outgoing: Annotated[
        str | None, typer.Option("--from", metavar="PERSON", help="Somebody else, for managers.")
    ] = None,
    note: Note = None,
    by: By = None,
    json: AsJson = False,
) -> None:
    """List my open cases for somebody to accept; until then they stay mine, and so does what comes in."""
    _show(_posted("/handovers", _body(by, to=to, outgoing=outgoing, note=note)), json)


@handover.command("list")
def list_handovers(
    person: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    json: AsJson = False,
) -> None:
    """The log, the newest first."""
    from terminal import shown

    found = _asked("/handovers", person=person, limit=limit)
    rows = (
        (one["id"], shown.when(one["began_at"]), one["outgoing"], one["incoming"], one["state"].replace("_", " "))
        for one in found["items"]
    )
    _listed(found, json, ("id", "begun", "from", "to", "state"), rows, "No handovers yet.")


@handover.command("show")
def show_handover(id: Id, json: AsJson = False) -> None:
    """One handover with its cases."""
    _show(_asked(f"/handovers/{quote(id, safe='')}"), json)


@handover.command("accept")
def accept(
    id: Id,
    case: Annotated[list[str] | None, typer.Option(metavar="CASE_NO", help="Only these; once for each.")] = None,
    note: Note = None,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Accept all of it, or the cases named; they are mine from then on. A repeat finishes what was left."""
    _show(_posted(f"/handovers/{quote(id, safe='')}/accept", _body(by, case_nos=case or None, note=note)), json)


@handover.command("refuse")
def refuse_handover(id: Id, note: Note = None, by: By = None, json: AsJson = False) -> None:
    """Accept none of it."""
    _show(_posted(f"/handovers/{quote(id, safe='')}/refuse", _body(by, note=note)), json)


@handover.command("cancel")
def cancel(id: Id, by: By = None, json: AsJson = False) -> None:
    """Call my handover off."""
    _show(_posted(f"/handovers/{quote(id, safe='')}/cancel", _body(by)), json)


def _show(found: Mapping[str, Any], json: bool) -> None:
    from terminal import shown

    if json:
        shown.as_json(found)
        return
    state = str(found["state"]).replace("_", " ")
    shown.say(f"{found['id']}: from {found['outgoing']} to {found['incoming']}, {state}")
    for said in (found["note"], found["answer"]):
        if said:
            shown.say(f"“{said}”")
    if not found["items"]:
        shown.say("No open cases.")
        return
    shown.table(("case", "state", "due", "next step", "became"), (_item(item) for item in found["items"]))


def _item(item: Mapping[str, Any]) -> tuple[object, ...]:
    from terminal import shown

    listed = item["shown"]
    step = (listed["next_step"] or {}).get("en", "")
    became = item["outcome"] or {True: "accepted", False: "stays", None: ""}[item["accepted"]]
    return item["case_no"], listed["state"], shown.when(listed["due_at"]), step, became
