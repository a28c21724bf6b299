"""One action on many cases: begun, watched, looked up and stopped over HTTP."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import Invalid
from terminal.cases import AsJson, Limit, quoted, read_data

if TYPE_CHECKING:  # heavy: only the commands that need it wait for it
    from terminal.remote import Remote

bulk = typer.Typer(help="One action on many cases, with an answer of each.", no_args_is_help=True)

#: How often the one who waits looks how far it is, in seconds.
LOOKS = 0.3
BulkId = Annotated[str, typer.Argument(metavar="ID", help="Of the bulk action; 'bulk list' shows them.")]
Answers = Annotated[
    list[str] | None, typer.Option("--answer", help="Only cases that answered so: done, refused, failed, waiting.")
]


@bulk.command("start")
def start(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="remind, reassign, escalate, extend, retry, close.")],
    because: Annotated[str, typer.Option(help="Why; every case's timeline tells it.")],
    case_no: Annotated[list[str] | None, typer.Argument(metavar="[CASE_NO]...", help="Or filters instead.")] = None,
    to: Annotated[str | None, typer.Option(help="Of reassign: who gets them.")] = None,
    until: Annotated[str | None, typer.Option(help="Of extend: the new deadline, with its offset.")] = None,
    by: Annotated[str | None, typer.Option(help="Of extend: so much open time more, such as 8h or 2d.")] = None,
    data: Annotated[list[str] | None, typer.Option("--data", "-d", help="More of the action's data.")] = None,
    reason: Annotated[list[str] | None, typer.Option(help="Filter: stuck because of this; several mean any.")] = None,
    stage: Annotated[str | None, typer.Option(help="Filter.")] = None,
    owner: Annotated[str | None, typer.Option(help="Filter.")] = None,
    kind: Annotated[str | None, typer.Option(help="Filter.")] = None,
    at_stake: Annotated[str | None, typer.Option(help="Filter: at least so much, such as 500.00.")] = None,
    older_than: Annotated[int | None, typer.Option(help="Filter: opened so many days ago.", min=0)] = None,
    all_stuck: Annotated[bool, typer.Option("--all-stuck", help="All that are stuck, without a filter.")] = False,
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: the same one twice begins one bulk.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is over.")] = True,
    json: AsJson = False,
) -> None:
    """Do one thing to many cases: those named, or those of the stuck list that a filter finds now.

    It goes on when you stop waiting. Each case answers by its own rules; refusals are listed with the case's reason.
    """
    from terminal import remote, shown

    filters: dict[str, Any] = {
        "reason": reason or None,
        "stage": stage,
        "owner": owner,
        "kind": kind,
        "at_stake": at_stake,
    }
    filters |= {"older_than_days": older_than}
    body = {
        "action": action,
        "data": {**read_data(action, data or []), **_data(to, until, by)},
        "reason": because,
        **_cases(case_no, {name: value for name, value in filters.items() if value is not None}, all_stuck),
    }
    with remote.remote() as api:
        begun = api.post("/bulk", body, headers={"Idempotency-Key": key} if key else None)
        if wait:
            with shown.progress(f"{action} {begun['total']} cases") as told:
                _watch(api, begun["id"], told)
        _show(api, begun["id"], ("refused", "failed"), 200, json)


def _data(to: str | None, until: str | None, by: str | None) -> dict[str, Any]:
    given = {"to": to, "until": until, "by_seconds": _seconds(by) if by else None}
    return {name: value for name, value in given.items() if value is not None}


def _seconds(length: str) -> int:
    from models.procedure.playbook_parts import seconds

    found = seconds(length)
    if not isinstance(found, int):
        raise Invalid(f"--by {length}: write a length such as 90m, 8h or 2d.")
    return found


def _cases(named: list[str] | None, filters: dict[str, Any], all_stuck: bool) -> dict[str, Any]:
    if named and (filters or all_stuck):
        raise Invalid("Name cases or give a filter, not both.")
    if named:
        return {"case_nos": named}
    if not filters and not all_stuck:
        raise Invalid("Which cases? Name them, filter by --reason, --owner …, or say --all-stuck.")
    return {"filter": filters}


def _watch(api: "Remote", bulk_id: str, told: Any) -> None:
    """Tell how far it is until it is over."""
    while True:
        found = api.get(f"/bulk/{quoted(bulk_id)}", limit=1)
        told(found["total"] - found["counts"]["waiting"], found["total"])
        if found["ended_at"]:
            return
        time.sleep(LOOKS)


@bulk.command("list")
def list_bulks(limit: Limit = 20, json: AsJson = False) -> None:
    """Bulk actions, the newest first."""
    from terminal import remote, shown

    with remote.remote() as api:
        page = api.pages("/bulk", limit)
    if json:
        shown.as_json(page)
        return
    rows = (
        (
            *(row[name] for name in ("id", "action", "state")),
            f"{row['actor']['role']}:{row['actor']['id']}",
            shown.when(row["created_at"]),
            row["total"],
            *(row["counts"][name] for name in ("done", "refused", "failed", "waiting")),
            row["reason"],
        )
        for row in page["items"]
    )
    numbers = ("cases", "done", "refused", "failed", "waiting")
    shown.table(("id", "action", "state", "who", "when", *numbers, "because"), rows, right=numbers)
    if not page["items"]:
        shown.say("Nothing was done to many cases yet.")


@bulk.command("show")
def show(bulk_id: BulkId, answer: Answers = None, limit: Limit = 200, json: AsJson = False) -> None:
    """How far a bulk action is, and what its cases answered."""
    from terminal import remote

    with remote.remote() as api:
        _show(api, bulk_id, tuple(answer or ()), limit, json)


@bulk.command("stop")
def stop(bulk_id: BulkId, json: AsJson = False) -> None:
    """Ask no further case; what was done stays done."""
    from terminal import remote

    with remote.remote() as api:
        api.post(f"/bulk/{quoted(bulk_id)}/stop")
        _show(api, bulk_id, ("refused", "failed"), 50, json)


def _show(api: "Remote", bulk_id: str, answers: tuple[str, ...], limit: int, json: bool) -> None:
    from terminal import shown

    found = api.pages(f"/bulk/{quoted(bulk_id)}", limit, answer=list(answers))
    if json:
        shown.as_json(found)
        return
    counts = " · ".join(f"{name} {n}" for name, n in found["counts"].items() if n)
    shown.say(f"{found['id']} · {found['action']} · {found['state']} · {counts or 'no case'}{_took(found)}")
    if found["items"]:
        columns = ("case_no", "state", "detail")
        shown.table(("case", "answer", "because"), ([item[column] for column in columns] for item in found["items"]))
    if found["next_cursor"]:
        shown.say("There are more: ask for them with 'bulk show' and --limit.")


def _took(found: dict[str, Any]) -> str:
    ended = datetime.fromisoformat(found["ended_at"]) if found["ended_at"] else datetime.now(UTC)
    return f" · {(ended - datetime.fromisoformat(found['created_at'])).total_seconds():.0f} s"
