"""Step 3, the diagnosis: what the inspection found, line by line, and who is liable for it (G3, F19)."""

from models.accounting.ledger import Transfers, goods_taken_in
from models.actions import handles
from models.actions.goods_found import note_differences, note_unshown, without
from models.case import Advance, Case, Line, Verdict
from models.clocks import on_move, restarted
from models.commands import InspectedLine, Inspection, SendToExpert
from models.draft import Draft
from models.errors import DataRefused
from models.events import Fact
from models.goods.differences import Difference
from models.lifecycle import Action, State
from models.remedies.parts import cost_of
from models.stock.following import divided as divided_stock


@handles(Action.CONFIRM_FAULT)
def confirm_fault(draft: Draft, data: Inspection) -> None:
    inspect(draft, data, "confirmed")


@handles(Action.REFUTE_FAULT)
def refute_fault(draft: Draft, data: Inspection) -> None:
    inspect(draft, data, "refuted")


@handles(Action.PASS_INSPECTION)
def pass_inspection(draft: Draft, data: Inspection) -> None:
    inspect(draft, data, "passed")


def inspect(draft: Draft, data: Inspection, verdict: Verdict) -> None:
    """Write the findings onto the lines; units not named go to a linked case that is still to be inspected (G3)."""
    draft.facts.official_report = data.report is not None
    asked = _by_line(draft.case, data.lines)
    found, left = divided(draft.case.lines, {line_no: line.quantity for line_no, line in asked.items()})
    rest, gone = without(left, data)
    judged = tuple(_judged(line, asked[line.line_no], verdict) for line in found)
    draft.set(lines=judged, inspected=True)
    note_differences(draft, judged, data)
    if verdict == "refuted":
        note_unshown(draft, data)
    if draft.case.goods == "here":
        take_in(draft, _staying(draft.case))
    draft.told_customer()
    if rest:
        split_off(draft, rest, inspected=False)
    if gone:
        split_off(draft, gone, inspected=False, came=False)


def take_in(draft: Draft, transfers: Transfers) -> None:
    """Goods change hands: what was posted of the case's goods so far is taken back, and this stands instead (G3)."""
    draft.post(tuple(one.undone for one in draft.case.taken_in) + transfers)
    draft.set(taken_in=transfers)


def _staying(case: Case) -> Transfers:
    """What the inspected goods are worth, by where they go; goods that go back to the customer never were ours."""
    if case.order is None:
        return ()
    worth = ((line.disposition, cost_of(case.order.pots, line.line_no, line.quantity)) for line in case.lines)
    return tuple(one for where, value in worth for one in goods_taken_in(where, value))


def _by_line(case: Case, lines: list[InspectedLine]) -> dict[int, InspectedLine]:
    """The findings by line. Raises DataRefused for a line twice, or more units than the case holds."""
    held = {line.line_no: line.quantity for line in case.lines}
    asked: dict[int, InspectedLine] = {}
    for i, line in enumerate(lines):
        if line.line_no in asked:
            told = (
                f"line {line.line_no} is named twice: name its units of one result; those left out go to a linked case "
                "by themselves, and are inspected there"
            )
        elif line.quantity > held.get(line.line_no, 0):
            told = f"the case holds {held.get(line.line_no, 0)} of line {line.line_no}"
        else:
            asked[line.line_no] = line
            continue
        raise DataRefused(f"lines.{i}: {told}.", [{"field": f"lines.{i}", "message": told}])
    return asked


def _judged(line: Line, finding: InspectedLine, verdict: Verdict) -> Line:
    update = finding.model_dump(include={"quantity", "grade", "cause", "party_liable", "share", "disposition"})
    return line.model_copy(update={**update, "verdict": verdict})


def divided(lines: tuple[Line, ...], taken: dict[int, int]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The units taken of each line, and the units that are left of it."""
    first, rest = [], []
    for line in lines:
        quantity = taken.get(line.line_no, 0)
        if quantity:
            first.append(line.model_copy(update={"quantity": quantity}))
        if line.quantity > quantity:
            rest.append(line.model_copy(update={"quantity": line.quantity - quantity}))
    return tuple(first), tuple(rest)


def split_off(draft: Draft, lines: tuple[Line, ...], inspected: bool, came: bool = True) -> None:
    """Send these lines to a linked case in the state this one is in now, or had when approval was asked for.

    Units that were declared and did not come begin again from the request, where somebody asks about them (G3).
    """
    parent = draft.case
    waits = parent.state is State.AWAITING_APPROVAL
    state = (draft.facts.came_from or State.REQUESTED) if waits else parent.state
    state = state if came else State.REQUESTED
    moves = state is not parent.state
    clocks = on_move(parent.clocks, parent.procedure, parent.state, state, draft.now) if moves else parent.clocks
    # What did not come was counted as here; the first case counts it out again.
    stays, goes = divided_stock(parent.stock, lines) if came else (parent.stock, ())
    child = parent.model_copy(
        update={
            "case_no": "",
            "state": state,
            "clocks": clocks,
            "lines": lines,
            "version": 1,
            "seq": 0,
            "effect_seq": 0,
            "opened_at": draft.now,
            "opened_by": draft.actor.id,
            "inspected": inspected,
            "links": (parent.case_no,),
            "processed": (),
            "payouts": (),
            "posting_seq": 0,
            "taken_in": (),
            "stock": goes,
            "stock_seq": 0,
            "short_since": None,
            "repairs": (),
            "divided": True,
            "advanced_freight": 0,  # the freight of the way back stays with the first case
            "money": type(parent.money)(),
            "waived": 0,
            "remedy": None,
            "replacement": None,
            "plan": None,
            "executed": False,
            "quote": None,
            # New goods that have left for all of it are out for these too; what secures them stays with the first case.
            "advance": Advance(sent=True) if parent.advance is not None and parent.advance.waits else None,
            "agreed": None,
            "loaners": (),
            "claims": (),
            "invoice_open": False,  # the order has one invoice, and the first case settles it
            "invoice_due": (),
            "offer": None,
            "pending": None,
            **({} if came else _not_here(lines)),
        }
    )
    draft.set(divided=True, stock=stays)
    draft.split_off(child)


def _not_here(lines: tuple[Line, ...]) -> dict[str, object]:
    """Of units that did not come: the customer has them, as far as anybody knows, and nothing of theirs is here."""
    missing = tuple(Difference(what="missing", quantity=line.quantity, line_no=line.line_no) for line in lines)
    nothing = {"goods": "customer", "returned_once": False, "boxes": (), "boxes_of": None, "inspection_photos": ()}
    return {"differences": missing, **nothing}


@handles(Action.SEND_TO_EXPERT)
def send_to_expert(draft: Draft, data: SendToExpert) -> None:
    """G11: an outside expert, whose clock starts when the goods are there."""
    there = None if data.waybill else draft.now
    draft.set(inspected=False, expert_waybill=data.waybill, at_expert_since=there)
    if data.waybill:
        draft.set(waybills=(*draft.case.waybills, data.waybill))


def at_expert(draft: Draft, outcome: str) -> None:
    """G11: they are there, and the expert's clock starts; lost or refused on the way, the courier is asked."""
    case = draft.case
    if case.at_expert_since is not None:
        return
    if outcome in ("delivered", "signed_by_other"):
        rule = case.procedure.clocks[State.EXTERNAL_DIAGNOSIS].for_case(case.priority, case.severity)
        draft.set(at_expert_since=draft.now, clocks=restarted(case.clocks, rule, draft.now))
        return
    draft.record(Fact.SEARCH_OPENED, TOLD_NOT_THERE)
    draft.tell("owner", TOLD_NOT_THERE, key=f"{case.case_no}:expert:{case.seq}")


TOLD_NOT_THERE = "The goods did not reach the expert: ask the courier, and tell the customer (G11)."
