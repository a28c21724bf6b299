"""What inspection finds beside the fault: differences for the agent (G3), and the extra check of what leaves (G16)."""

from models.actions import handles
from models.case import Case, Line
from models.commands import CheckReplacement, Inspection, ShipReplacement
from models.draft import Draft
from models.errors import DataRefused
from models.events import Fact
from models.goods.differences import Difference, in_grades
from models.lifecycle import Action

TOLD_DIFFERENCE = "What came is not what was declared: look at it before anything is decided (G3)."
TOLD_UNSHOWN = "A fault was refuted without a photo or report: have one made, it is explained with them (G4)."
TOLD_UNCHECKED = "The replacement of a faulty item left without its extra check (G16)."


def without(rest: tuple[Line, ...], data: Inspection) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Of the units that were not inspected those that are here, and those that did not come. Raises DataRefused."""
    missing = {one.line_no: one.quantity for one in data.missing}
    left = {line.line_no: line.quantity for line in rest}
    for i, one in enumerate(data.missing):
        if one.quantity > left.get(one.line_no, 0) or missing[one.line_no] != one.quantity:
            told = f"of line {one.line_no} {left.get(one.line_no, 0)} units are left that are not inspected"
            raise DataRefused(f"missing.{i}: {told}.", [{"field": f"missing.{i}", "message": told}])
    here, gone = [], []
    for line in rest:
        lost = missing.get(line.line_no, 0)
        if line.quantity > lost:
            here.append(line.model_copy(update={"quantity": line.quantity - lost}))
        if lost:
            gone.append(line.model_copy(update={"quantity": lost}))
    return tuple(here), tuple(gone)


def note_differences(draft: Draft, judged: tuple[Line, ...], data: Inspection) -> None:
    """G3: what differs is written down and told to whoever owns the case; nothing is refunded for it by itself."""
    missing = (Difference(what="missing", quantity=one.quantity, line_no=one.line_no) for one in data.missing)
    extra = (Difference(what="extra", quantity=one.quantity, words=one.what) for one in data.extra)
    found = (*in_grades(judged), *missing, *extra)
    draft.set(differences=found, inspection_photos=tuple(data.photos))
    if found:
        told = f"{'; '.join(one.told for one in found)}."
        draft.record(Fact.GOODS_DIFFER, told, {"differences": [one.model_dump() for one in found]})
        # A key of its own: the keys of what else is done must not depend on it.
        draft.tell("owner", TOLD_DIFFERENCE, key=f"{draft.case.case_no}:differs:{draft.case.seq}")


def note_unshown(draft: Draft, data: Inspection) -> None:
    """G4: what is not confirmed is explained with photos; where there are none, whoever has to explain it is told."""
    if not data.photos and not data.report:
        draft.record(Fact.REFUTED_UNSHOWN, TOLD_UNSHOWN)
        draft.tell("owner", TOLD_UNSHOWN, key=f"{draft.case.case_no}:unshown:{draft.case.seq}")


@handles(Action.CHECK_REPLACEMENT)
def check_replacement(draft: Draft, data: CheckReplacement) -> None:
    """G16: looked at once more before it leaves; one that failed is not sent, another one is taken."""
    draft.set(replacement_checked=data.result == "passed")


def leaves(draft: Draft, data: ShipReplacement) -> None:
    """G16: a checked replacement is told to the customer, one that nobody checked to whoever owns the case."""
    if data.checked or draft.case.replacement_checked:
        draft.told_customer()
    elif needs_check(draft.case):
        draft.record(Fact.LEFT_UNCHECKED, TOLD_UNCHECKED)
        draft.tell("owner", TOLD_UNCHECKED, key=f"{draft.case.case_no}:unchecked:{draft.case.seq}")
    draft.set(replacement_checked=None)


def needs_check(case: Case) -> bool:
    """Whether what it replaces had a fault of its maker's, which the next one may have too."""
    return any(line.verdict == "confirmed" and line.cause == "manufacturing" for line in case.lines)
