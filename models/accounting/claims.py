"""What a claim against a courier or supplier waits for, until when, and what it still lacks (L5, G10)."""

from datetime import datetime
from typing import Any, Final

from models.accounting.claim_terms import terms_for
from models.case import Case, Claim
from models.money import to_text
from models.procedure.playbook_parts import Evidence

_TODO: Final[dict[str, dict[str, str]]] = {
    "filing": {
        "zh": "把索赔单和证据交出去，登记对方的受理号",
        "en": "send the claim with its evidence, and enter its number",
    },
    "answer": {"zh": "等对方答复；到期没有答复就催", "en": "their answer is awaited; ask for it when it is due"},
    "payment": {"zh": "对方已认赔，等款到账；到期没到就催", "en": "they accepted; ask for the money when it is due"},
    "decision": {
        "zh": "对方拒赔：申诉一次，或由经理写理由核销",
        "en": "they refused: appeal once, or a manager writes it off",
    },
}


def missing_evidence(case: Case, claim: Claim) -> tuple[Evidence, ...]:
    """What a claim is to be proved with, and has not gone with it yet; nothing once it is accepted or over."""
    if claim.state != "claimed":
        return ()
    terms = terms_for(case.procedure.claims, claim.against, claim.name)
    return tuple(one for one in terms.evidence if one.key not in claim.evidence)


def evidence_of(case: Case, claim: Claim) -> list[dict[str, Any]]:
    """What a claim is to be proved with, each with whether it has gone with it; what nobody asked for and went, too."""
    wanted = terms_for(case.procedure.claims, claim.against, claim.name).evidence
    listed = [{**one.model_dump(), "gone": one.key in claim.evidence} for one in wanted]
    known = {one.key for one in wanted}
    return listed + [{"key": key, "zh": key, "en": key, "gone": True} for key in claim.evidence if key not in known]


def waiting_claims(case: Case, now: datetime) -> list[dict[str, Any]]:
    """Every claim that is not over, with what to do for it; shown beside the next step, which it never blocks."""
    return [
        {
            "claim": number,
            "against": claim.against,
            "name": claim.name,
            "awaits": claim.awaits,
            "due_at": claim.due_at.isoformat() if claim.due_at else None,
            "overdue": claim.due_at is not None and claim.due_at <= now,
            "evidence_missing": [one.model_dump() for one in missing_evidence(case, claim)],
            "text": _TODO[claim.awaits],
        }
        for number, claim in enumerate(case.claims, 1)
        if claim.awaits is not None
    ]


def claim_document(case: Case, number: int, now: datetime) -> dict[str, Any]:
    """A claim as a case shows it; `number` counts from 1."""
    claim, currency = case.claims[number - 1], case.currency
    return {
        "claim": number,
        **claim.model_dump(mode="json", include={"against", "name", "state", "awaits", "evidence", "reference"}),
        **claim.model_dump(mode="json", include={"opened_at", "filed_at", "due_at", "appealed", "reason"}),
        "awaits": claim.awaits,
        "overdue": claim.awaits is not None and claim.due_at is not None and claim.due_at <= now,
        "amount": _money(claim.amount, currency),
        "accepted": None if claim.accepted is None else _money(claim.accepted, currency),
        "paid": _money(claim.paid, currency),
        "outstanding": _money(claim.outstanding, currency),
        "evidence_missing": [one.model_dump() for one in missing_evidence(case, claim)],
        "evidence_list": evidence_of(case, claim),
    }


def _money(minor: int, currency: str | None) -> dict[str, str] | None:
    return {"amount": to_text(minor, currency), "currency": currency} if currency else None
