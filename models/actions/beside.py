"""Beside the road: what is recorded while the case stays where it is."""

from typing import Any

from pydantic import ValidationError

from models.actions import handles
from models.actions.diagnosis import divided, split_off
from models.actions.payouts import not_given_back, pay_goodwill
from models.actions.planning import chosen_lines, set_gates
from models.actions.second_eyes import same_person
from models.actions.shelf import lend, take_loaner_back
from models.case import Case, SecondOrder
from models.clocks import APART, cancelled, graded, rebased
from models.commands import (
    AddIssue,
    Assign,
    Attach,
    ChangeKind,
    Contain,
    Data,
    LendLoaner,
    LiftHold,
    Link,
    MessageText,
    NoData,
    PlaceHold,
    RebasePlaybook,
    ReturnLoaner,
    SetPriority,
    SetSeverity,
    Split,
    UpdateContact,
    WaiveFreight,
)
from models.draft import Draft
from models.errors import DataRefused, RoleRefused, RuleRefused
from models.lifecycle import Action, Role, Stage, acts_as
from models.playbook import Procedure
from models.procedure.eligibility import Eligible


@handles(Action.UPDATE_CONTACT)
def update_contact(draft: Draft, data: UpdateContact) -> None:
    """C7: one action, logged; what is personal in it stays with the desk, which leaves its mask."""
    if not any((data.name, data.phone, data.email, data.address)):
        raise DataRefused.of("phone", "Say what has changed: name, phone, email or address.")
    draft.set(contact_changed=True)


@handles(Action.NOTE, Action.RETRY)
def noted(draft: Draft, data: Data) -> None:
    """The timeline keeps it; a step that failed counts as tried again."""
    draft.set(failing_step=None)


@handles(Action.CONTAIN)
def contain(draft: Draft, data: Contain) -> None:
    """T3: ongoing harm is stopped first and sorted out afterwards."""
    draft.set(contained=True)


@handles(Action.TAKE)
def take(draft: Draft, data: NoData) -> None:
    _not_the_one_complained_about(draft, draft.actor.id)
    draft.set(owner=draft.actor.id)


def _not_the_one_complained_about(draft: Draft, person: str) -> None:
    """T15: the person complained about never owns the complaint. Raises RuleRefused."""
    about = draft.case.about
    if about is not None and about.person is not None and about.person.casefold() == person.casefold():
        raise RuleRefused(f"The complaint is about {person}, who cannot own it: somebody else takes it (T15).")


@handles(Action.ASSIGN)
def assign(draft: Draft, data: Assign) -> None:
    _not_the_one_complained_about(draft, data.to)
    handed_over = data.handover is not None  # accepted at the end of a shift: no sign that nobody wants it (T12)
    changed = draft.case.owner not in (None, data.to) and not handed_over
    draft.set(owner=data.to, reassigned=draft.case.reassigned + changed)
    if not handed_over:
        draft.tell(data.to, "A case was assigned to you.")


@handles(Action.MESSAGE)
def message(draft: Draft, data: MessageText) -> None:
    draft.told_customer()


@handles(Action.CUSTOMER_MESSAGE)
def customer_message(draft: Draft, data: MessageText) -> None:
    """T9: a customer's message wakes a snoozed case."""
    draft.set(snoozed_until=None)
    draft.tell("owner", "The customer wrote.")


@handles(Action.SET_PRIORITY)
def set_priority(draft: Draft, data: SetPriority) -> None:
    """T10: where the playbook has another length for it, the time used counts toward that."""
    _graded(draft, data.priority, draft.case.severity)


def _graded(draft: Draft, priority: str, severity: str | None) -> None:
    case = draft.case
    before, after = (case.priority, case.severity), (priority, severity)
    clocks = graded(case.clocks, case.procedure, before, after, draft.now)
    draft.set(priority=priority, severity=severity, clocks=clocks)


@handles(Action.SET_SEVERITY)
def set_severity(draft: Draft, data: SetSeverity) -> None:
    """T3: a critical complaint is told to the director at once."""
    chain, before = draft.case.procedure.escalation, draft.case.severity
    _graded(draft, draft.case.priority, data.severity)
    if chain.calendar_for(before) != chain.calendar_for(data.severity):  # whom it may call at which hour
        running = ((c, c.state == "running") for c in draft.case.clocks)
        draft.set(clocks=tuple(c.model_copy(update={"alarms": None}) if runs else c for c, runs in running))
    if data.severity == "critical":
        draft.tell("director", "A critical complaint.", 3)


@handles(Action.CHANGE_KIND)
def change_kind(draft: Draft, data: ChangeKind) -> None:
    """The case goes on under another procedure; its evidence, the time its clocks have used and its money stay.

    Refused while something is decided, on the table or being carried out under the old one.
    """
    case = draft.case
    _nothing_decided(case)
    if data.procedure is None and data.subcategory is not None:
        raise DataRefused.of("subcategory", f"There is no kind '{data.kind}' with a subcategory '{data.subcategory}'.")
    procedure = _procedure(data.procedure, f"'{data.kind}' is not a known kind.")
    if (data.kind, procedure.subcategory) == (case.kind, case.procedure.subcategory):
        raise RuleRefused("The case is of that kind already.")
    _lives_there(case, data)
    eligible = Eligible.model_validate(data.eligible) if data.eligible else None
    draft.set(kind=data.kind, eligible=eligible, override=None)
    _go_on_under(draft, procedure)


def _nothing_decided(case: Case) -> None:
    if case.pending or case.offer or case.executed or case.stage is Stage.REMEDY:
        raise RuleRefused("Something is decided or on the table under the kind it has: settle or take that back first.")


def _lives_there(case: Case, data: ChangeKind) -> None:
    """Kinds that live before delivery have no place for goods that came back, and the other way round (F18)."""
    against = [reason for reason in (data.eligible or {}).get("reasons", ()) if reason["rule"] == "before_dispatch"]
    if against:
        raise RuleRefused(f"'{data.kind}' does not fit: {against[0]['en']}.")
    if data.needs_order and case.order is None:
        raise RuleRefused(f"A case of kind '{data.kind}' needs an order: open one for it, and link this case.")


def _procedure(document: dict[str, Any] | None, unknown: str) -> Procedure:
    """The procedure that the desk has put in. Raises DataRefused where it has none."""
    if document is None:
        raise DataRefused.of("kind", unknown)
    try:
        return Procedure.model_validate(document)
    except ValidationError:
        raise DataRefused("The procedure of the new kind cannot be read.") from None


def _go_on_under(draft: Draft, procedure: Procedure) -> None:
    """Another procedure from now on: what live clocks have used counts toward their new targets (T10)."""
    case = draft.case
    grade = (case.priority, case.severity)
    clocks = rebased(case.clocks, case.procedure, procedure, case.state, draft.now, *grade)
    kept = (*APART, *procedure.side_clocks)
    gone = [clock for clock in clocks if clock.apart and clock.state == "running" and clock.clock not in kept]
    clocks = tuple(cancelled(clock, draft.now) if clock in gone else clock for clock in clocks)
    draft.set(procedure=procedure, clocks=clocks)


@handles(Action.REBASE_PLAYBOOK)
def rebase_playbook(draft: Draft, data: RebasePlaybook) -> None:
    """T10: on purpose, by a manager, and logged; without it an open case keeps the playbook it was opened with."""
    procedure = _procedure(data.procedure, "There is no playbook of this kind in force.")
    if procedure == draft.case.procedure:
        raise RuleRefused("The case follows this version of the playbook already.")
    _go_on_under(draft, procedure)


@handles(Action.ADD_ISSUE)
def add_issue(draft: Draft, data: AddIssue) -> None:
    """C1: a second fault on a unit that is in the case already."""
    held = [line.line_no for line in draft.case.lines]
    line_no = data.line_no if data.line_no is not None else next(iter(held), None)
    if line_no is not None and line_no not in held:
        raise DataRefused.of("line_no", f"Line {line_no} is not in this case.")
    draft.set(
        lines=tuple(
            line.model_copy(update={"issues": (*line.issues, data.issue)}) if line.line_no == line_no else line
            for line in draft.case.lines
        )
    )


@handles(Action.SPLIT)
def split(draft: Draft, data: Split) -> None:
    """Lines that go different ways become linked cases."""
    case = draft.case
    if case.plan or case.executed or case.pending or case.offer or case.stage is Stage.REMEDY:
        raise RuleRefused("Something is decided or on the table for all of it: settle that first, then split.")
    if sum(line.quantity for line in case.lines) < 2:
        raise RuleRefused("The case holds one unit or none: there is nothing to split.")
    leaving, staying = divided(case.lines, {one.line_no: one.quantity for one in chosen_lines(case, data.lines)})
    if not staying:
        raise RuleRefused("Nothing would stay in this case: name fewer units.")
    split_off(draft, leaving, inspected=case.inspected)
    draft.set(lines=staying)


@handles(Action.LINK)
def link(draft: Draft, data: Link) -> None:
    linked = data.case_no or data.order_no
    if linked is None:
        raise DataRefused.of("order_no", "Name the order or the case to link.")
    draft.set(links=tuple(dict.fromkeys((*draft.case.links, linked))))
    if data.purpose is not None:
        _second_order(draft, data)


def _second_order(draft: Draft, data: Link) -> None:
    """G13: the new item's own order; placed anew in a hurry, it leaves that day, and its postage follows the fault."""
    if data.order_no is None:
        raise DataRefused.of("order_no", "Name the order that brings the new item.")
    anew = data.purpose == "anew"
    postage = draft.minor(data.postage, "postage")
    draft.set(second_order=SecondOrder(order_no=data.order_no, anew=anew, postage=postage))
    if anew:
        draft.tell("warehouse", f"Order {data.order_no} leaves today, before the others (G13).")


@handles(Action.PLACE_HOLD)
def place_hold(draft: Draft, data: PlaceHold) -> None:
    """L14: the warehouse sees it before printing."""
    draft.set(holds=tuple(dict.fromkeys((*draft.case.holds, data.hold))))


@handles(Action.LIFT_HOLD)
def lift_hold(draft: Draft, data: LiftHold) -> None:
    """The hold named, or all of them; lifting what is not there is no mistake."""
    draft.set(holds=tuple(h for h in draft.case.holds if data.hold is not None and h != data.hold))


@handles(Action.WAIVE_FREIGHT)
def waive_freight(draft: Draft, data: WaiveFreight) -> None:
    """F23: an agent applies, a manager grants; what was advanced comes back as goodwill."""
    amount = draft.minor(data.amount, "amount")
    if amount <= 0:
        raise DataRefused.of("amount", "Waive an amount above zero.")
    set_gates(draft)
    if not acts_as(draft.actor.role, Role.MANAGER):  # he may apply before anything is owed or advanced
        draft.set(waiver_asked_by=draft.actor.id)
        draft.tell("manager", f"{draft.said(amount)} of the customer's freight: waive it?")
        return
    case = draft.case
    if case.waiver_asked_by is not None and same_person(case.waiver_asked_by, draft.actor.id):
        raise RoleRefused("Whoever applied for it cannot grant it: somebody else has to (F23).")
    if case.money.customer_owes <= case.money.received and not_given_back(case) <= 0:
        raise RuleRefused("The customer owes no freight, and advanced none that he has not got back (F26).")
    draft.set(waiver_asked_by=None)
    owed = max(0, draft.case.money.customer_owes - draft.case.money.received)
    off = min(amount, owed)
    draft.set(waived=draft.case.waived + off)
    draft.set_money(customer_owes=draft.case.money.customer_owes - off)
    if amount > off:
        pay_goodwill(draft, amount - off)
    set_gates(draft)


@handles(Action.ATTACH)
def attach(draft: Draft, data: Attach) -> None:
    draft.set(evidence=(*draft.case.evidence, data.uri)[-200:])


@handles(Action.LEND_LOANER)
def lend_loaner(draft: Draft, data: LendLoaner) -> None:
    """G8: with the customer's consent, by its serial number; its return is part of closing."""
    if not data.consent:
        raise DataRefused.of("consent", "A loaner needs the customer's consent (G8).")
    if data.serial in draft.case.loaners:
        raise RuleRefused(f"Loaner {data.serial} is with this customer already (G8).")
    draft.set(loaners=(*draft.case.loaners, data.serial))
    if data.sku is not None:
        lend(draft, data.sku, data.serial)


@handles(Action.RETURN_LOANER)
def return_loaner(draft: Draft, data: ReturnLoaner) -> None:
    """The one that is named, else the one that was lent first."""
    out = draft.case.loaners
    if not out:
        raise RuleRefused("No loaner is out.")
    if data.serial is not None and data.serial not in out:
        raise DataRefused.of("serial", f"Loaner {data.serial} is not out in this case; {', '.join(out)} is.")
    serial = data.serial or out[0]
    if data.disposition == "lost":
        _mind_lost(draft, data)
    draft.set(loaners=tuple(one for one in out if one != serial))
    take_loaner_back(draft, serial, data.disposition)


def _mind_lost(draft: Draft, data: ReturnLoaner) -> None:
    """G8: a device that will not come back is given up by a manager, who says why. Raises RoleRefused, DataRefused."""
    if not acts_as(draft.actor.role, Role.MANAGER):
        raise RoleRefused("That a loaner is lost is for a manager to say (G8).")
    if data.note is None:
        raise DataRefused.of("note", "Say how the loaner was lost, and what the customer was told.")
