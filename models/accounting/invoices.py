"""The invoice step (G9, G15): what may be done with an order's invoice after a remedy, by its kind and the law."""

from typing import Final

from models.case import Case
from models.remedies import REMEDIES

#: What each result is called where somebody has to do it.
WORDS: Final[dict[str, dict[str, str]]] = {
    "credited": {"zh": "开红字发票冲销", "en": "credit it with a red-letter invoice"},
    "amended": {"zh": "更正重开", "en": "amend it"},
    "endorsed": {"zh": "在原发票上背书新商品", "en": "endorse it for the new item"},
    "reissued": {"zh": "冲红后按新商品重开", "en": "red-letter it and issue it anew for the new item"},
    "returned": {"zh": "原发票随货寄回", "en": "send the original back with the goods"},
    "not_needed": {"zh": "无需处理（经理写明理由）", "en": "nothing has to be done (a manager says why)"},
}
_ELECTRONIC = ("electronic", "digital", "e-invoice", "电子", "数电", "全电")


def is_electronic(kind: str | None) -> bool:
    """Whether an order's invoice is no paper, by how the order calls it."""
    return any(word in (kind or "").casefold() for word in _ELECTRONIC)


def results_for(case: Case, remedy: str) -> tuple[str, ...]:
    """What may be done with the invoice of a case after this remedy; nothing for one that it does not touch (G9)."""
    order, touches = case.order, REMEDIES[remedy].invoice
    if order is None or not order.has_invoice or touches is None:
        return ()
    if touches == "less":
        return ("credited", "amended")
    electronic, kind_known = is_electronic(order.invoice_kind), order.invoice_kind is not None
    if touches == "back":
        gone = electronic or case.invoice_enclosed is False
        return () if gone else ("returned",)
    if electronic:
        return ("reissued",)  # there is nothing to write on, whatever the law
    maybe = case.procedure.law.red_letter_invoice and not kind_known
    return ("endorsed", "reissued", "amended") if maybe else ("endorsed", "amended")


def missing_paper(case: Case) -> bool:
    """Whether a paper invoice did not come back with goods that did (G15)."""
    paper = case.order is not None and case.order.has_invoice and not is_electronic(case.order.invoice_kind)
    return paper and case.invoice_enclosed is False
