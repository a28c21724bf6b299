"""Rebases: what a changed calendar or playbook would do to open cases, and having it done (T10).

A preview is counted, not kept: its id stands for every case, clock and instant in it. To confirm one is to count again;
if anything came out differently the confirmation is refused with the new preview.
"""

import asyncio
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from api.desk import Desk
from api.documents.requests import RebaseAsk, RebaseConfirmation
from api.views import instant
from models.commands import Actor
from models.effects import TASK_QUEUE
from models.errors import Invalid, NotFound, PreviewStale, Unavailable
from models.time.rebase import REBASE, Preview, Progress, RebaseInput, Scope, rebase_workflow_id
from store.time import playbook_rebase, rebase, rebases


async def preview(desk: Desk, ask: RebaseAsk) -> dict[str, Any]:
    """What it would do to open cases; nothing moves."""
    return document(await _counted(desk, _scope(desk, ask)))


async def confirm(desk: Desk, ask: RebaseConfirmation, actor: Actor) -> dict[str, Any]:
    """Have it done, if it is still what was shown. The same preview confirmed twice is one rebase."""
    scope = _scope(desk, ask)
    running = await _running(desk, ask.preview_id)
    if running is not None:
        return running
    found = await _counted(desk, scope)
    if found.id != ask.preview_id:
        raise PreviewStale(
            f"It is not any more what was shown ({found.sentence}): look at the new preview and confirm that.",
            preview=document(found),
        )
    asked = RebaseInput(
        rebase_id=found.id,
        scope=scope,
        by=actor.id,
        role=actor.role.value,
        reason=ask.reason,
        shown=found.sentence,
        versions=found.versions,
        started_at=desk.clock(),
        progress=Progress(total=found.cases.open),
    )
    await desk.see_playbooks()
    await _started(desk, asked)
    await desk.write(lambda session: rebases.put(session, asked))
    return await progress(desk, asked.rebase_id)


async def progress(desk: Desk, rebase_id: str) -> dict[str, Any]:
    """How far a rebase is. Raises NotFound where there is none."""
    try:
        told: dict[str, Any] = await _handle(desk, rebase_id).query("progress", result_type=dict)
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            raise NotFound(f"There is no rebase '{rebase_id}': confirm a preview first, or check the id.") from None
        raise Unavailable("Temporal is away for the moment; repeat the same call.") from None
    how = told["progress"]
    return {
        "id": told["rebase_id"],
        "state": how["state"],
        "by": told["by"],
        "reason": told["reason"],
        "started_at": told["started_at"],
        "shown": told["shown"],
        "scope": told["scope"],
        **{name: how[name] for name in ("total", "told", "rebased", "refused", "gone", "silent", "refusals")},
    }


async def listed(desk: Desk) -> list[dict[str, Any]]:
    """The last rebases, the newest first; of one whose run Temporal has forgotten the state is None."""
    return await asyncio.gather(*(_with_state(desk, one) for one in await desk.read(rebases.latest)))


async def _with_state(desk: Desk, one: rebases.Begun) -> dict[str, Any]:
    try:
        found = await progress(desk, one.id)
    except (NotFound, Unavailable):
        found = {}
    # The same preview confirmed twice in a row has one id, of which Temporal knows the later run.
    same = found.get("started_at") == one.model_dump(mode="json")["started_at"]
    return {**one.model_dump(), "state": found.get("state") if same else None, "rebased": found.get("rebased")}


async def stop(desk: Desk, rebase_id: str) -> dict[str, Any]:
    """Tell no further case. Those that were told stay rebased; a new preview shows what is left."""
    before = await progress(desk, rebase_id)
    if before["state"] == "running":
        try:
            await _handle(desk, rebase_id).signal("stop")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it ended a moment ago
                raise Unavailable("Temporal is away for the moment; repeat the same call.") from None
    return await progress(desk, rebase_id)


def _scope(desk: Desk, ask: RebaseAsk) -> Scope:
    inside = desk.playbook_set
    if ask.playbook is not None and ask.calendars:
        raise _wrong("playbook", "Name calendars or a playbook, not both: they are two rebases.")
    if ask.playbook is not None:
        inside.get(ask.playbook)
    for name in ask.calendars:
        if name not in inside.calendars:
            known = ", ".join(sorted(inside.calendars))
            raise _wrong("calendars", f"There is no calendar '{name[:60]}'; there are {known}.")
    return Scope(calendars=tuple(sorted(set(ask.calendars))), playbook=ask.playbook)


def _wrong(field: str, told: str) -> Invalid:
    return Invalid(told, errors=[{"field": field, "message": told}])


async def _counted(desk: Desk, scope: Scope) -> Preview:
    inside, now = desk.playbook_set, desk.clock()
    if scope.playbook is not None:
        book = inside.get(scope.playbook)
        return await desk.read(lambda session: playbook_rebase.preview(session, book, inside.calendars, now))
    return await desk.read(lambda session: rebase.preview(session, inside.calendars, now, scope.calendars))


def document(found: Preview) -> dict[str, Any]:
    """A preview as it is shown."""
    plain = found.model_dump(mode="json", exclude={"id", "cases", "overdue"})
    overdue = [
        {**one._asdict(), "due_at": instant(one.due_at), "becomes": instant(one.becomes)} for one in found.overdue
    ]
    told = {"preview_id": found.id, "sentence": found.sentence, **found.cases.model_dump()}
    return {**told, **plain, "overdue": overdue}


def _handle(desk: Desk, rebase_id: str) -> WorkflowHandle[Any, Any]:
    return desk.client.get_workflow_handle(rebase_workflow_id(rebase_id))


async def _running(desk: Desk, rebase_id: str) -> dict[str, Any] | None:
    """The rebase of this preview while it runs: its cases fall out of the preview one by one."""
    try:
        found = await progress(desk, rebase_id)
    except NotFound:
        return None
    return found if found["state"] == "running" else None


async def _started(desk: Desk, asked: RebaseInput) -> None:
    try:
        await desk.client.start_workflow(
            REBASE,
            asked,
            id=rebase_workflow_id(asked.rebase_id),
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"rebase: {asked.shown}"[:200],
        )
    except RPCError:
        raise Unavailable("Temporal is away for the moment; repeat the same call.") from None
