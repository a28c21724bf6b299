"""The invoice step: opened by what is carried out, settled by what fits it, and never left open behind (G9, G15)."""

from models.accounting.invoices import WORDS, missing_paper, results_for
from models.actions import handles
from models.commands import SettleInvoice
from models.draft import Draft
from models.errors import DataRefused, RoleRefused, RuleRefused
from models.lifecycle import Action, Role, State, acts_as

#: Once something else was sent, what was sold is not what the invoice says, whatever is taken back.
_SENT = (State.DELIVERING, State.RESOLVED)


def open_invoice(draft: Draft, remedy: str) -> None:
    """A remedy is carried out: the order's invoice follows, where there is one that it touches (G9)."""
    fits = results_for(draft.case, remedy)
    if not fits:
        return
    already = draft.case.invoice_due if draft.case.invoice_open else ()
    draft.set(invoice_open=True, invoice_due=tuple(dict.fromkeys((*fits, *already))))
    if missing_paper(draft.case):
        draft.tell("owner", "The paper invoice did not come back with the goods: ask the customer for it (G15).")


def invoice_untouched(draft: Draft) -> None:
    """The remedy was taken back before anything came of it, and so the invoice stays as it is."""
    case = draft.case
    paid = any(p.purpose == "refund" and p.state in ("sent", "unknown", "done") for p in case.payouts)
    if case.invoice_open and not paid and case.state not in _SENT:
        draft.set(invoice_open=False, invoice_due=())


@handles(Action.SETTLE_INVOICE)
def settle_invoice(draft: Draft, data: SettleInvoice) -> None:
    """What was done has to fit the remedy; that nothing has to be done, a manager says, with his reason (G9)."""
    case = draft.case
    if not case.invoice_open:
        raise RuleRefused("This case has no open invoice step.")
    if data.result == "not_needed":
        _nothing_to_be_done(draft, data.reason)
    elif case.invoice_due and data.result not in case.invoice_due:
        fits = " or ".join(f"'{one}' ({WORDS[one]['en']})" for one in case.invoice_due)
        told = f"After '{case.remedy}' the invoice is not '{data.result}'; what fits is {fits} (G9)."
        raise DataRefused.of("result", told)
    draft.set(invoice_open=False, invoice_due=())


def _nothing_to_be_done(draft: Draft, reason: str | None) -> None:
    if not acts_as(draft.actor.role, Role.MANAGER):
        raise RoleRefused("That an invoice needs nothing is for a manager to say (G9).")
    if reason is None:
        raise DataRefused.of("reason", "Say why nothing has to be done with the invoice (G9).")
