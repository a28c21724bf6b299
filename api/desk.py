"""The desk: what callers can have done, whatever they call by. The only Temporal client on their side.

Reads come from SQL. A command goes through the case's workflow and is answered when it is written, so that what is
read afterwards is at least as new. Everything that is refused is an AftercareError.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api import background, opening, views
from api.auth import Caller, actor_of
from api.callers import is_outside, mind_case
from api.customer.links import CaseLink, CaseLinks
from api.documents.requests import Clearing, OpenCase
from api.goods import warranty
from api.goods.filing import address_of, file_document
from api.goods.parcels import GoodsIn
from api.linking import check_link
from api.lookup import Lookup, utc_now
from api.people.inbox import Inbox
from api.shelter import reference_of, sheltered
from imports.run import Progress, import_orders
from models.case import UNDONE, Case
from models.commands import Actor, Command, parse_command
from models.decide import decide
from models.effects import Decision, workflow_id
from models.errors import AftercareError, CommandRefused, Conflict, NotFound, Unavailable, refusal_from
from models.lifecycle import Action, Role, may
from models.orders import Order
from playbooks.loading.in_force import InForce
from playbooks.loading.load import Playbooks
from store import cases, orders, personal, reservations
from store.accounting import credit
from store.customers import links as kept_links
from store.engine import revisions, writing
from store.goods import loaners
from store.oversight import sweeps
from store.people import duty
from store.procedure import playbooks as kept_playbooks
from workflows.schedules import documents, listed
from workflows.starting import start_and_update

#: How long a caller waits for a case before the outcome counts as unknown and the call as one to repeat.
PATIENCE = timedelta(seconds=20)
#: Actions whose numbers come from the order's pots, which are read anew for them.
ABOUT_MONEY = frozenset(
    {
        *(Action.CHOOSE_REMEDY, Action.MAKE_OFFER, Action.ACCEPT_OFFER, Action.ACCEPT_QUOTE, Action.APPROVE),
        *(Action.COMPENSATE, Action.PLATFORM_RULING),
    }
)
#: States in which what became of a payout is known.
ENDED = ("done", "failed", *UNDONE)
#: Pauses between tries while a case is between two runs, in seconds.
BETWEEN_RUNS = (0.05, 0.1, 0.2, 0.4, 0.8)
#: What became of an order that was taken in, or was here already.
_IN = ("imported", "updated", "unchanged")
AWAY = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})


class NotReady(Unavailable):
    """The case is between two runs for a moment: messages kept coming while it continued as new"""


class NotRunning(NotFound):
    """The case has no workflow that runs"""


class Desk(Lookup):
    """The use cases, on one store, one Temporal and one set of playbooks; what can be looked up is in `Lookup`."""

    #: Whether a second person puts playbooks and calendars into force.
    publish_by_two = False

    def __init__(
        self,
        client: Client,
        engine: Engine,
        playbooks: Playbooks | InForce,
        clock: Callable[[], datetime] = utc_now,
        font: Path | None = None,
        files: str = "memory://aftercare",
        links: CaseLinks | None = None,
    ) -> None:
        super().__init__(engine, playbooks, clock, font, files, links)
        self.client = client
        self.inbox = Inbox(engine, lambda: self.clock())
        self.goods = GoodsIn(self)

    # ── orders ──────────────────────────────────────────────────────────────

    async def put_order(self, order: Order) -> str:
        """Take an order in: `imported`, `updated` or `unchanged`."""

        def put(session: Session) -> str:
            return self._with_cards(session, [order], [orders.put(session, order, self.clock())])[0]

        return await self._write(put)

    def _with_cards(self, session: Session, sold: list[Order], told: list[str]) -> list[str]:
        """Issue the warranty cards of what was delivered and taken in, and answer what was told of each order."""
        here = [order for order, said in zip(sold, told, strict=True) if said in _IN]
        warranty.issued(session, here, self.playbook_set, self.clock())
        return told

    async def import_orders(
        self, file: BinaryIO, filename: str, format: str, dry_run: bool, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Import a file of orders, telling how far it is; every refused row is named with line and reason."""

        def save(batch: list[Order]) -> list[str]:
            with writing(self.engine) as session:
                return self._with_cards(session, batch, orders.put_many(session, batch, self.clock()))

        report = await asyncio.to_thread(import_orders, file, format, filename, save, dry_run, progress)
        return asdict(report)

    # ── cases ───────────────────────────────────────────────────────────────

    async def open_case(
        self, ask: OpenCase, actor: Actor, idempotency_key: str | None = None, shown: str | None = None
    ) -> tuple[dict[str, Any], bool]:
        """Open a case and start its workflow; answers it, and whether it is new.

        `shown` names what its opener was shown of rules and other cases; another state of these is PreviewStale (F20).

        Number, key and units are taken in one transaction first, so that a repeat after any failure finds the case.
        """
        playbook = self.playbook_set.get(ask.kind)
        opening.needed(ask, playbook)
        now = self.clock()
        await self.see_playbooks()
        case, created = await self._write(lambda session: self._open(session, ask, actor, idempotency_key, now, shown))
        if not case.is_final:
            await self._started(case, "opened", [])
        return await self.case(case.case_no), created

    def _open(
        self, session: Session, ask: OpenCase, actor: Actor, key: str | None, now: datetime, shown: str | None
    ) -> tuple[Case, bool]:
        order = self._order(session, ask.order_no) if ask.order_no else None
        playbook = opening.book_for(self.playbook_set.get(ask.kind), ask.subcategory, order, ask.channel)
        claimed = opening.claimed_lines(ask, order) if order else {}
        built: list[str] = []

        def build(case_no: str) -> Decision:
            built.append(case_no)
            # Read under the order's lock, which the opening transaction holds by now.
            known = background.known(session, ask, playbook, order, self.playbook_set, now)
            if shown is not None:
                held = background.holders(session, order, claimed) if order else []
                opening.mind_shown(shown, known.eligible, tuple(held))
            free = opening.free_owner(ask, lambda about: duty.fewest_due_soon(session, Role.AGENT, now, about))
            return opening.new_case(ask, known, actor, now, case_no, free)

        contact = ask.contact.model_dump(exclude_none=True) if ask.contact else {}
        new = cases.NewCase(
            build=build,
            now=now,
            calendars=self.playbook_set.calendars,
            order_no=order.order_no if order else None,
            lines=claimed,
            allowed_per_line=opening.claimable(order, playbook) if order else {},
            description=ask.description,
            contact=contact,
            idempotency_key=key,
            request_hash=opening.request_hash(ask),
        )
        case = cases.open_case(session, new)
        return case, bool(built)

    # ── commands ────────────────────────────────────────────────────────────

    async def command(self, case_no: str, envelope: Any, caller: Caller) -> dict[str, Any]:
        """Carry out a command and answer the case as committed; `repeated` when it was carried out before.

        Who is not of the house is answered what he may know, and acts on no case but his.
        """
        command = _signed(envelope, caller)
        await self._read(lambda session: mind_case(session, caller, case_no))
        answer = await self.carry_out(case_no, command)
        if is_outside(caller):
            return {**await self.case_for(case_no, caller), "repeated": bool(answer.get("repeated"))}
        return await self.case(case_no, caller.roles, caller.id, repeated=bool(answer.get("repeated")))

    async def carry_out(self, case_no: str, command: Command, seen: Case | None = None) -> dict[str, Any]:
        """Send a command to its case, running or not. Raises what the case refuses.

        `seen` is the case as the caller has read it a moment ago; it is then not read again.
        """
        case = await self._read(lambda session: self._case(session, case_no)) if seen is None else seen
        if not command.command_id:
            command = command.model_copy(update={"command_id": uuid4().hex})
        if case.is_final:
            return await self._to_closed(case, command)
        _mind_nothing_to_acknowledge(case, command)
        prepared, kept = await self._prepared(case, command)
        answer = await self._send(case, prepared)
        if kept:  # also of a repeat, since the first answer may have been lost on its way here
            await self._write(lambda session: self._keep(session, case, prepared, kept))
        return answer

    async def _prepared(self, case: Case, command: Command) -> tuple[Command, dict[str, str]]:
        """The command as it travels: without what is personal, with what only the desk can read."""
        data, kept = sheltered(command.action, command.data)
        if command.action is Action.LINK and may(command.actor.role, command.action):
            await self._read(lambda session: check_link(session, data))
        if command.action is Action.LEND_LOANER:
            await self._read(lambda session: loaners.free(session, data.get("serial"), case.case_no))
        if command.action in (Action.CHANGE_KIND, Action.REBASE_PLAYBOOK):
            await self.see_playbooks()
            data = await self._read(lambda session: self._with_procedure(session, case, command.action, data))
        pots = None
        if command.action in ABOUT_MONEY and case.order is not None:
            order_no = case.order.order_no
            pots = await self._read(lambda session: orders.pots(session, order_no, case.case_no))
        return command.model_copy(update={"data": data, "order_pots": pots, "case_version": case.version}), kept

    def _with_procedure(self, session: Session, case: Case, action: Action, data: dict[str, Any]) -> dict[str, Any]:
        """What the playbook in force says to this case, for a command that puts the case under it."""
        kind = case.kind if action is Action.REBASE_PLAYBOOK else str(data.get("kind"))
        playbook = self.playbook_set.kinds.get(kind)
        if playbook is None:
            return {**data, "procedure": None}
        order = self._order(session, case.order.order_no) if case.order else None
        if action is Action.REBASE_PLAYBOOK:
            book = opening.book_for(playbook, case.procedure.subcategory, order, case.channel)
            return {**data, "procedure": book.procedure.model_dump(mode="json")}
        return {**data, **background.changed_kind(session, case, order, playbook, data, self.playbook_set)}

    def _keep(self, session: Session, case: Case, command: Command, kept: dict[str, str]) -> None:
        reference = reference_of(case.case_no, command.command_id or "")
        if personal.get(session, reference) is not None:
            return
        personal.put(session, reference, case.case_no, command.action.value, kept, self.clock())
        if command.action is Action.UPDATE_CONTACT:
            cases.put_contact(session, case.case_no, kept)

    async def _send(self, case: Case, command: Command) -> dict[str, Any]:
        """An Update, tried again while the case is between two runs; its id makes sure that it is carried out once."""
        for pause in BETWEEN_RUNS:
            try:
                return await self._update(case, command)
            except NotReady:
                await asyncio.sleep(pause)
        return await self._update(case, command)

    async def _update(self, case: Case, command: Command) -> dict[str, Any]:
        """An Update; a case that SQL knows as open and that does not run is started again with it."""
        handle = self.client.get_workflow_handle(workflow_id(case.case_no))
        envelope = command.model_dump(mode="json", exclude_none=True)
        sending = handle.execute_update("command", envelope, id=uuid4().hex, result_type=dict, rpc_timeout=PATIENCE)
        try:
            return await self._temporal(sending)
        except NotRunning:
            current = await self._read(lambda session: self._case(session, case.case_no))
            if current.is_final:
                return await self._to_closed(current, command)
            return await self._started(current, "command", [envelope])

    async def _started(self, case: Case, update: str, args: list[Any]) -> dict[str, Any]:
        """Start a case from its state in SQL, and what the update answered."""
        opening = await self._read(lambda session: cases.to_start(session, case))
        return await self._temporal(start_and_update(self.client, opening, update, args, patience=PATIENCE))

    async def _to_closed(self, case: Case, command: Command) -> dict[str, Any]:
        """A case that is over has no workflow: what it refuses is refused here, what opens it again starts it."""
        decision = decide(case, command, self.clock())
        if decision.repeated:
            return {**case.snapshot(), "repeated": True}
        if not decision.case.is_final:  # it opens the case again
            await self._read(lambda session: self._units_are_free(session, case))
        # A run may have been started from an older state a moment ago; told the version, it reads on.
        told = command.model_copy(update={"case_version": case.version})
        envelope = told.model_dump(mode="json", exclude_none=True)
        return await self._started(case, "command", [envelope])

    async def _all_written(self, case_no: str) -> None:
        """Wait until SQL knows what the case knows: it refuses by what it decided a moment ago, written or not."""
        handle = self.client.get_workflow_handle(workflow_id(case_no))
        with suppress(NotRunning, NotReady):  # a run ends only when all of it is written
            await self._temporal(
                handle.execute_update("opened", id=uuid4().hex, result_type=dict, rpc_timeout=PATIENCE)
            )

    def _units_are_free(self, session: Session, case: Case) -> None:
        """F18: a case cannot be opened again for units that another open case holds by now."""
        for line in case.lines if case.order else ():
            assert case.order is not None
            claims = reservations.claims_on(session, case.order.order_no, line.line_no, but=case.case_no)
            bought = self._order(session, case.order.order_no).line(line.line_no)
            ordered = bought.quantity if bought else 0
            if claims.holders and claims.held + line.quantity > ordered:
                raise Conflict(
                    f"Units of line {line.line_no} are in the open case {claims.holders[0]} by now; go on there.",
                    case_no=claims.holders[0],
                )

    async def _temporal(self, call: Any) -> dict[str, Any]:
        """Await a call to Temporal; what a case refused and what is away come back as our own errors."""
        try:
            answer: dict[str, Any] = await call
        except WorkflowUpdateFailedError as failed:
            raise _refusal(failed) from None
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            raise Unavailable("The case did not answer in time; repeat the call with the same command_id.") from None
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise NotRunning("The case is not running.") from None
            if error.status is RPCStatusCode.FAILED_PRECONDITION:
                raise NotReady("The case is between two runs; repeat the call.") from None
            if error.status in AWAY:
                raise Unavailable("Temporal is away for the moment; repeat the same call.") from None
            raise Unavailable(f"Temporal refused the call ({error.status.name}); repeat it.") from None
        return answer

    # ── links ───────────────────────────────────────────────────────────────

    async def link(self, case_no: str, actor: Actor, fresh: bool = False) -> CaseLink:
        """A link by which the customer opens this one case; `fresh` ends every link that was made of it before."""
        now = self.clock()
        await asyncio.to_thread(self.links.ready, now)

        def make(session: Session) -> CaseLink:
            self._case(session, case_no)
            if fresh:
                kept_links.revoke(session, case_no, actor.id, now)
            return self.links.of(session, case_no, now)

        return await (self._write(make) if fresh else self._read(make))

    async def revoke_links(self, case_no: str, actor: Actor) -> None:
        """End every link of a case; a new one can be made."""
        await self.link(case_no, actor, fresh=True)

    # ── files ───────────────────────────────────────────────────────────────

    async def add_file(
        self, case_no: str, file: BinaryIO, name: str | None, actor: Actor, key: str | None = None
    ) -> dict[str, Any]:
        """Take a file in and record it in the case; `key` says which of the playbook's evidence it is.

        The same file again is the same entry. What a customer sends is evidence, what others send is attached.
        """
        await self._read(lambda session: self._case(session, case_no))
        kept = await self.filing.take(file, self.clock())
        await self.add_kept_file(case_no, kept.id, name, actor, key)
        return file_document(kept, case_no)

    async def add_kept_file(
        self, case_no: str, file_id: str, name: str | None, actor: Actor, key: str | None = None
    ) -> None:
        """Record a file that was taken in already; the same again changes nothing."""
        case = await self._read(lambda session: self._case(session, case_no))
        address = address_of(case.case_no, file_id)
        if actor.role is Role.CUSTOMER or key:
            action = Action.SUBMIT_EVIDENCE
            data: dict[str, Any] = {"photos": [address], **({"keys": [key]} if key else {})}
        else:
            action, data = Action.ATTACH, {"uri": address, "sha256": file_id}
        command_id = f"file {file_id} {key or ''}".strip()
        # The link first: a file that a case tells of must at no moment count as nobody's, which would be let go.
        new = await self.filing.link(case_no, file_id, name, actor.id, actor.role, self.clock())
        try:
            await self.carry_out(case_no, Command(action=action, actor=actor, command_id=command_id, data=data), case)
        except CommandRefused:
            if new:
                await self.filing.unlink(case_no, file_id)
            raise

    # ── money ────────────────────────────────────────────────────────────────

    async def payout_paid(self, payout_id: str, reference: str, actor: Actor) -> dict[str, Any]:
        """Finance paid it; said again with the same reference it is answered, not repeated."""
        row = await self._payout(payout_id)
        if row.state == "done" and row.reference == reference:
            return views.payout_document(row)
        data = {"payout_id": payout_id, "reference": reference}
        try:
            await self.carry_out(row.case_no, Command(action=Action.RECORD_REFUND, actor=actor, data=data))
        except CommandRefused:
            await self._all_written(row.case_no)
            row = await self._payout(payout_id)  # somebody said the same a moment before
            if (row.state, row.reference) != ("done", reference):
                raise
        return views.payout_document(await self._payout(payout_id))

    async def payout_failed(self, payout_id: str, code: str, note: str | None, actor: Actor) -> dict[str, Any]:
        """The bank or provider refused it."""
        row = await self._payout(payout_id)
        data = {"payout_id": payout_id, "code": code, **({"note": note} if note else {})}
        await self.carry_out(row.case_no, Command(action=Action.FAIL_REFUND, actor=actor, data=data))
        return views.payout_document(await self._payout(payout_id))

    async def ask_payout(self, payout_id: str, actor: Actor) -> dict[str, Any]:
        """Have the provider of a payout asked now what became of it; nothing is sent, however often this is said.

        Answers the payout as it stands; what the provider says follows by itself. One that has ended needs no asking,
        also if it ended while this was said.
        """
        row = await self._payout(payout_id)
        if row.state in ENDED:
            return views.payout_document(row)
        asked = Command(action=Action.ASK_PAYOUT, actor=actor, data={"payout_id": payout_id})
        try:
            await self.carry_out(row.case_no, asked)
        except CommandRefused:
            await self._all_written(row.case_no)
            row = await self._payout(payout_id)
            if row.state not in ENDED:
                raise
            return views.payout_document(row)
        return views.payout_document(await self._payout(payout_id))

    async def clear_balance(
        self, customer_id: str, asked: Clearing, actor: Actor, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """R2: finance takes store credit off by hand, with a reason; the same key is carried out once."""
        clearing = credit.Clearing(
            key=f"clear:{customer_id}:{idempotency_key or uuid4().hex}",
            customer_id=customer_id,
            currency=asked.currency,
            amount=asked.amount,
            reason=asked.reason,
            by=actor.id,
        )
        now = self.clock()
        await self._write(lambda session: credit.clear(session, clearing, now))
        return await self.balance(customer_id)

    # ── this desk itself ────────────────────────────────────────────────────

    async def see_playbooks(self) -> None:
        """Keep a set that is met for the first time, and record what of it nobody has published (T10)."""
        in_force = self.playbook_set

        def keep(session: Session) -> None:
            kept_playbooks.seen(session, in_force.kinds.values(), self.clock())
            duty.see_plan(session, in_force.duty, self.clock())

        if self.books.seen != in_force.loaded:
            await self._write(keep)
            self.books.seen = in_force.loaded

    async def schedules(self) -> dict[str, Any]:
        """The sweeps as Temporal has them, with the last run of each. Raises Unavailable when it is away."""
        now = self.clock()
        health = await self._read(lambda session: {one.name: one for one in sweeps.health(session, now)})
        try:
            found = await listed(self.client)
        except RPCError:
            raise Unavailable("Temporal is away for the moment; repeat the same call.") from None
        return {"items": documents(found, health), "next_cursor": None}

    async def ready(self) -> dict[str, str]:
        """Whether the parts answer. Raises Unavailable naming the first that does not."""
        state = await self._read(lambda session: revisions(self.engine))
        if not state.up_to_date:
            raise Unavailable("The database has an older schema: run 'aftercare db upgrade'.")
        try:
            healthy = await self.client.service_client.check_health(timeout=timedelta(seconds=3))
        except RPCError:
            healthy = False
        if not healthy:
            raise Unavailable("Temporal is away for the moment.")
        return {"database": "ok", "schema": "ok", "temporal": "ok"}


def _mind_nothing_to_acknowledge(case: Case, command: Command) -> None:
    """T8: one acknowledges an escalation. Raises RuleRefused where nobody was told of anything.

    It is said here and not by the case, whose history may hold acknowledgements from before anybody minded.
    """
    known = command.command_id in case.processed or not may(command.actor.role, command.action)
    if command.action is Action.ACKNOWLEDGE and case.escalation == 0 and not known:
        raise views.not_escalated()


def _signed(envelope: Any, caller: Caller) -> Command:
    """The command in an envelope, by the actor that the token allows; pots are never taken from outside."""
    if not isinstance(envelope, dict):
        return parse_command(envelope)
    actor = actor_of(caller, envelope.get("actor"))
    return parse_command({**envelope, "actor": actor.model_dump(mode="json"), "order_pots": None, "case_version": None})


def _refusal(failed: WorkflowUpdateFailedError) -> AftercareError:
    """The refusal of a case, as it was raised there."""
    cause = failed.cause
    if isinstance(cause, ApplicationError) and cause.details and isinstance(cause.details[0], dict):
        return refusal_from(cause.details[0])
    if isinstance(cause, ApplicationError) and cause.type:
        return refusal_from({"type": cause.type, "detail": cause.message})
    return Unavailable("The case could not answer; repeat the call.")
