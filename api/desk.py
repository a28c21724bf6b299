"""The desk: what callers can have done, whatever they call by. The only Temporal client on their side.

Reads come from SQL. A command goes through the case's workflow and is answered when it is written, so that what is
read afterwards is at least as new. Everything that is refused is an AftercareError.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, TypeVar
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from api import background, opening, views
from api.auth import Caller, actor_of
from api.books import Books
from api.linking import check_link
from api.preview import preview
from api.proposals import proposals
from api.schemas import OpenCase, PreviewAsk
from api.script_values import script_values
from api.shelter import reference_of, sheltered
from imports.run import Progress, import_orders
from models.case import Case
from models.commands import Actor, Command, parse_command
from models.decide import decide
from models.effects import Decision, workflow_id
from models.errors import AftercareError, CommandRefused, Conflict, NotFound, Unavailable, refusal_from
from models.ledger import cost_of_case
from models.lifecycle import Action, Role, State, may
from models.orders import Order
from models.playbook import Playbook
from playbooks.loading.in_force import Fixed, InForce
from playbooks.loading.load import Playbooks
from store import cases, ledger, lists, orders, parcels, payouts, personal, reservations, stuck
from store import playbooks as kept_playbooks
from store.engine import reading, revisions, writing
from store.payouts import PayoutRow
from store.registers import REGISTERS
from workflows.starting import start_and_update

T = TypeVar("T")
#: How long a caller waits for a case before the outcome counts as unknown and the call as one to repeat.
PATIENCE = timedelta(seconds=20)
#: Actions whose numbers come from the order's pots, which are read anew for them.
ABOUT_MONEY = frozenset({Action.CHOOSE_REMEDY, Action.ACCEPT_OFFER, Action.ACCEPT_QUOTE, Action.APPROVE})
#: States in which a scanned parcel is expected.
EXPECTED = frozenset({State.AWAITING_RETURN, State.RETURN_IN_TRANSIT, State.RECALLING})
#: Money and goods that do not meet, as registers (T13).
UNEVEN = {
    "refunded_not_returned": ledger.refunded_not_returned,
    "returned_not_refunded": ledger.returned_not_refunded,
}
#: The most rows of a register in one answer.
MOST_ROWS = 100_000
#: Pauses between tries while a case is between two runs, in seconds.
BETWEEN_RUNS = (0.05, 0.1, 0.2, 0.4, 0.8)
AWAY = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})


def utc_now() -> datetime:
    """The wall clock, for processes; everything below takes the time as an argument."""
    return datetime.now(UTC)


class NotReady(Unavailable):
    """The case is between two runs for a moment: messages kept coming while it continued as new"""


class NotRunning(NotFound):
    """The case has no workflow that runs"""


class Desk:
    """The use cases, on one store, one Temporal and one set of playbooks."""

    def __init__(
        self, client: Client, engine: Engine, playbooks: Playbooks | InForce, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.client = client
        self.engine = engine
        self._shelf = Fixed(playbooks) if isinstance(playbooks, Playbooks) else playbooks
        self.books = Books()
        self.clock = clock

    @property
    def playbook_set(self) -> Playbooks:
        """The playbooks, calendars, rates and the shop's own facts that are in force now."""
        return self._shelf.current()

    # ── orders ──────────────────────────────────────────────────────────────

    async def put_order(self, order: Order) -> str:
        """Take an order in: `imported`, `updated` or `unchanged`."""
        return await self._write(lambda session: orders.put(session, order, self.clock()))

    async def order(self, order_no: str) -> dict[str, Any]:
        """The order with its cases, holds and what is still refundable."""

        def read(session: Session) -> dict[str, Any]:
            order = self._order(session, order_no)
            pots = orders.pots(session, order_no)
            assert pots is not None
            rows, holds = lists.of_order(session, order_no), orders.holds(session, order_no)
            return views.order_document(order, pots, rows, holds)

        return await self._read(read)

    async def preview(self, order_no: str, ask: PreviewAsk) -> dict[str, Any]:
        """What a remedy would cost now; moves nothing."""

        def read(session: Session) -> dict[str, Any]:
            order = self._order(session, order_no)
            pots = orders.pots(session, order_no)
            assert pots is not None
            book = self.playbook_set.get(ask.kind) if ask.kind is not None else None
            held = opening.book_for(book, ask.subcategory, order, order.channel) if book else None
            return preview(order, pots, self.playbook_set.freight, ask, held)

        return await self._read(read)

    async def import_orders(
        self, file: BinaryIO, filename: str, format: str, dry_run: bool, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Import a file of orders, telling how far it is; every refused row is named with line and reason."""

        def save(batch: list[Order]) -> list[str]:
            with writing(self.engine) as session:
                return orders.put_many(session, batch, self.clock())

        report = await asyncio.to_thread(import_orders, file, format, filename, save, dry_run, progress)
        return asdict(report)

    def _order(self, session: Session, order_no: str) -> Order:
        order = orders.load(session, order_no)
        if order is None:
            raise NotFound(f"There is no order '{order_no}': import it, or check the number.")
        return order

    # ── cases ───────────────────────────────────────────────────────────────

    async def open_case(
        self, ask: OpenCase, actor: Actor, idempotency_key: str | None = None
    ) -> tuple[dict[str, Any], bool]:
        """Open a case and start its workflow; answers it, and whether it is new.

        Number, key and units are taken in one transaction first, so that a repeat after any failure finds the case.
        """
        playbook = self.playbook_set.get(ask.kind)
        opening.needed(ask, playbook)
        now = self.clock()
        await self.see_playbooks()
        case, created = await self._write(lambda session: self._open(session, ask, actor, idempotency_key, now))
        if not case.is_final:
            await self._started(case, "opened", [])
        return await self.case(case.case_no), created

    def _open(self, session: Session, ask: OpenCase, actor: Actor, key: str | None, now: datetime) -> tuple[Case, bool]:
        order = self._order(session, ask.order_no) if ask.order_no else None
        playbook = opening.book_for(self.playbook_set.get(ask.kind), ask.subcategory, order, ask.channel)
        claimed = opening.claimed_lines(ask, order) if order else {}
        built: list[str] = []

        def build(case_no: str) -> Decision:
            built.append(case_no)
            # Read under the order's lock, which the opening transaction holds by now.
            known = background.known(session, ask, playbook, order, self.playbook_set, now)
            return opening.new_case(ask, known, actor, now, case_no)

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

    async def check(self, ask: OpenCase) -> dict[str, Any]:
        """What the rules say to a request before it is saved, and which open cases hold its units; writes nothing."""
        playbook = self.playbook_set.get(ask.kind)
        opening.needed(ask, playbook)
        return await self._read(lambda session: self._checked(session, ask, playbook))

    def _checked(self, session: Session, ask: OpenCase, playbook: Playbook) -> dict[str, Any]:
        order = self._order(session, ask.order_no) if ask.order_no else None
        book, now = opening.book_for(playbook, ask.subcategory, order, ask.channel), self.clock()
        known = background.known(session, ask, book, order, self.playbook_set, now)
        held = background.holders(session, order, opening.claimed_lines(ask, order)) if order else []
        return {**views.eligible_document(known.eligible), "open_cases": held}

    async def case(
        self, case_no: str, roles: frozenset[Role] | None = None, actor_id: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """One case, with its clocks, money, what can be done and what should be."""

        def read(session: Session) -> dict[str, Any]:
            case = self._case(session, case_no)
            cost = views.cost_document(cost_of_case(ledger.of_case(session, case_no)), case.currency)
            told = {"description": cases.description(session, case_no), "cost": cost, **more}
            seen = views.Seen(
                calendars=self.playbook_set.calendars,
                now=self.clock(),
                playbook=self.books.of(session, case, self.playbook_set),
                values=script_values(case, self.playbook_set.shop, self._customer(session, case)),
                roles=roles,
                actor_id=actor_id,
            )
            return views.case_document(case, seen, **told)

        return await self._read(read)

    def _customer(self, session: Session, case: Case) -> str | None:
        """The name to address: of whoever the case is with, else of the order's customer."""
        name = cases.contact(session, case.case_no).get("name")
        order = orders.load(session, case.order.order_no) if case.order and not name else None
        return name or (order.customer.name if order and order.customer else None)

    async def timeline(self, case_no: str, after: int = 0, limit: int = 200) -> dict[str, Any]:
        """Who did what, when and why; the cursor is the number of the last entry."""

        def read(session: Session) -> dict[str, Any]:
            self._case(session, case_no)
            entries = cases.timeline(session, case_no, after, limit + 1)
            page = entries[:limit]
            more = str(page[-1].seq) if len(entries) > limit else None
            return {"items": [entry.as_document() for entry in page], "next_cursor": more}

        return await self._read(read)

    async def cases(
        self,
        filters: lists.CaseFilters,
        sort: lists.Sort = "due_at",
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """A page of cases."""
        now = self.clock()
        rows, following = await self._read(lambda session: lists.cases(session, filters, sort, cursor, limit, now=now))
        return {"items": [views.row_document(row) for row in rows], "next_cursor": following}

    async def stuck(
        self,
        only: tuple[str, ...] = (),
        stage: str | None = None,
        owner: str | None = None,
        kind: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Which cases are stuck and why, with counts by reason and stage (T12)."""
        now = self.clock()
        found = await self._read(
            lambda session: stuck.rows(
                session, now, only, stage=stage, owner=owner, kind=kind, cursor=cursor, limit=limit
            )
        )
        return {
            "items": [views.stuck_document(row) for row in found.items],
            "next_cursor": found.next_cursor,
            "total": found.total,
            "by_reason": found.by_reason,
            "by_stage": found.by_stage,
        }

    def _case(self, session: Session, case_no: str) -> Case:
        case = cases.load(session, case_no)
        if case is None:
            raise NotFound(f"There is no case '{case_no}': check the number.")
        return case

    # ── commands ────────────────────────────────────────────────────────────

    async def command(self, case_no: str, envelope: Any, caller: Caller) -> dict[str, Any]:
        """Carry out a command and answer the case as committed; `repeated` when it was carried out before."""
        command = _signed(envelope, caller)
        answer = await self.carry_out(case_no, command)
        return await self.case(case_no, caller.roles, caller.id, repeated=bool(answer.get("repeated")))

    async def carry_out(self, case_no: str, command: Command) -> dict[str, Any]:
        """Send a command to its case, running or not. Raises what the case refuses."""
        case = await self._read(lambda session: self._case(session, case_no))
        if not command.command_id:
            command = command.model_copy(update={"command_id": uuid4().hex})
        if case.is_final:
            return await self._to_closed(case, command)
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
        if command.action in (Action.CHANGE_KIND, Action.REBASE_PLAYBOOK):
            await self.see_playbooks()
            data = await self._read(lambda session: self._with_procedure(session, case, command.action, data))
        pots = None
        if command.action in ABOUT_MONEY and case.order is not None:
            order_no = case.order.order_no
            pots = await self._read(lambda session: orders.pots(session, order_no))
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
        await self._read(lambda session: self._units_are_free(session, case))
        # A run may have been started from an older state a moment ago; told the version, it reads on.
        told = command.model_copy(update={"case_version": case.version})
        envelope = told.model_dump(mode="json", exclude_none=True)
        return await self._started(case, "command", [envelope])

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

    # ── money, parcels ──────────────────────────────────────────────────────

    async def payouts(
        self,
        states: tuple[str, ...] = (),
        case_no: str | None = None,
        purpose: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Finance's queue, the oldest first."""
        rows, following = await self._read(
            lambda session: payouts.list(session, states, case_no, purpose, cursor=cursor, limit=limit)
        )
        return {"items": [views.payout_document(row) for row in rows], "next_cursor": following}

    async def payout_paid(self, payout_id: str, reference: str, actor: Actor) -> dict[str, Any]:
        """Finance paid it; said again with the same reference it is answered, not repeated."""
        row = await self._payout(payout_id)
        if row.state == "done" and row.reference == reference:
            return views.payout_document(row)
        data = {"payout_id": payout_id, "reference": reference}
        try:
            await self.carry_out(row.case_no, Command(action=Action.RECORD_REFUND, actor=actor, data=data))
        except CommandRefused:
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

    async def _payout(self, payout_id: str) -> PayoutRow:
        row = await self._read(lambda session: payouts.get(session, payout_id))
        if row is None:
            raise NotFound(f"There is no payout '{payout_id}'.")
        return row

    async def scan(self, code: str, note: str | None, actor: Actor) -> dict[str, Any]:
        """G1, G2: a parcel came. Known by case, waybill or order: its case moves; unknown: it goes on the shelf."""
        found = await self._read(lambda session: self._scanned(session, code))
        if not found:
            now = self.clock()
            parcel = await self._write(lambda session: parcels.put_unmatched(session, code, now, note))
            return {"case": None, "unmatched": parcel.model_dump(mode="json")}
        if len(found) > 1:
            numbers = [case.case_no for case in found]
            raise Conflict(f"'{code}' fits several cases: scan the case number instead.", case_nos=numbers)
        case = found[0]
        named = {case.case_no, code if case.order and case.order.order_no == code else None}
        data = {} if code in named or code.upper() in named else {"waybill": code}
        await self.carry_out(case.case_no, Command(action=Action.BOOK_IN, actor=actor, data=data))
        return {"case": await self.case(case.case_no), "unmatched": None}

    def _scanned(self, session: Session, code: str) -> list[Case]:
        """The cases that a code can mean: those that expect a parcel first, else any of them."""
        numbers = [row.case_no for row in lists.of_order(session, code)]
        direct = cases.load(session, code) or cases.load(session, code.upper())
        named = [direct] if direct else []
        named += [c for no in (*cases.by_waybill(session, code), *numbers) if (c := cases.load(session, no))]
        unique = list({case.case_no: case for case in named}.values())
        expected = [case for case in unique if case.state in EXPECTED]
        still_open = [case for case in unique if not case.is_final]
        return expected or still_open or unique[:1]

    # ── registers and reference ─────────────────────────────────────────────

    async def register(self, name: str) -> list[dict[str, Any]]:
        """A register as rows."""
        if name == "refunds":
            rows, _ = await self._read(lambda session: payouts.list(session, limit=MOST_ROWS))
            return [views.payout_document(row) for row in rows]
        if name == "parcels":
            return [row.model_dump(mode="json") for row in await self._read(parcels.unmatched)]
        if name in UNEVEN:
            return [views.uneven_document(row) for row in await self._read(UNEVEN[name])]
        if name in REGISTERS:
            return [views.register_document(row) for row in await self._read(REGISTERS[name])]
        known = ", ".join(sorted(("refunds", "parcels", *REGISTERS, *UNEVEN)))
        raise NotFound(f"There is no register '{name}'; there are {known}.")

    def lifecycle(self) -> dict[str, Any]:
        """The machine, as the table has it."""
        return views.lifecycle_document()

    def playbooks(self) -> dict[str, Any]:
        """What is in force, in which version, and what is wrong with a changed set that is not."""
        found = self.playbook_set.kinds.values()
        rows = [{"kind": p.kind, "version": p.version, "names": p.names.model_dump()} for p in found]
        return {"items": rows, "next_cursor": None, "problems": [str(problem) for problem in self._shelf.problems]}

    async def see_playbooks(self) -> None:
        """Keep a set that is met for the first time, and record what of it nobody has published (T10)."""
        in_force = self.playbook_set
        if self.books.seen != in_force.loaded:
            await self._write(lambda session: kept_playbooks.seen(session, in_force.kinds.values(), self.clock()))
            self.books.seen = in_force.loaded

    def playbook(self, kind: str) -> dict[str, Any]:
        """One playbook as it is in force, as a document."""
        return self.playbook_of(kind).as_document()

    def playbook_of(self, kind: str) -> Playbook:
        """One playbook as it is in force. Raises NotFound with the known kinds."""
        found = self.playbook_set.kinds.get(kind)
        if found is None:
            raise NotFound(f"There is no playbook '{kind}'; there are {', '.join(sorted(self.playbook_set.kinds))}.")
        return found

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

    async def propose(self, text: str, order_no: str | None = None) -> list[dict[str, Any]]:
        """The likeliest kinds of case by a customer's words, with the words that speak for each."""
        order = await self._read(lambda session: self._order(session, order_no)) if order_no else None
        return proposals(text, self.playbook_set, order)

    # ── the database ────────────────────────────────────────────────────────

    async def _read(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with reading(self.engine) as session:
                return work(session)

        return await asyncio.to_thread(run)

    async def _write(self, work: Callable[[Session], T]) -> T:
        def run() -> T:
            with writing(self.engine) as session:
                return work(session)

        return await asyncio.to_thread(run)


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
