"""The next step of a case in plain words: what to do now, why, until when, and what happens if nobody acts.

The steps, their words and their scripts are the playbook's; the first step whose situation holds is the next one. A
script whose values are not all known is not offered at all, so that a customer never reads a hole.
"""

import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.accounting.claims import waiting_claims
from models.accounting.invoices import WORDS
from models.actions.goods_found import needs_check
from models.actions.planning import choices_of
from models.case import Case
from models.clocks import PROMISE
from models.lifecycle import Action, State
from models.playbook import Outcome, Playbook
from models.procedure.situation import Situation, missing_evidence
from models.procedure.steps import Step
from models.remedies import REMEDIES

Words = dict[str, str]

OTHERWISE: dict[Outcome, Words] = {
    "escalate": {"zh": "到期会提醒并逐级上报", "en": "it warns, and then goes up level by level"},
    "close": {"zh": "到期自动关闭", "en": "it closes by itself"},
    "decline": {"zh": "到期视为拒绝", "en": "silence counts as declined"},
    "search": {"zh": "到期开始查找包裹", "en": "a search for the parcel starts"},
    "try_again": {"zh": "到期记一次未接通，再约，之后关闭", "en": "it counts as missed, is tried again, then closed"},
}


def step_of(case: Case, playbook: Playbook, now: datetime) -> Step:
    """The first step whose situation holds. Every playbook ends with one for each open state that always does.

    While the rules say no, what they forbid is not proposed where something else can be done: a shop that adds a
    condition to a kind need not rewrite its steps.
    """
    facts = Situation(case, playbook, now)
    steps = (step for step in playbook.all_steps if step.holds(case.state, facts))
    if case.eligible_now:
        return next(steps)
    held = tuple(steps)
    return next((step for step in held if not _grants(step)), held[0])


def _grants(step: Step) -> bool:
    """Whether a step gives the customer what only an eligible case is given."""
    if step.do is Action.CHOOSE_REMEDY:
        remedy = REMEDIES.get(step.data.get("remedy", ""))
        return remedy is None or remedy.grants
    return step.do in (Action.AUTHORISE_RETURN, Action.MAKE_OFFER)


def next_step(
    case: Case, playbook: Playbook, now: datetime, values: Mapping[str, Mapping[str, str | None]] | None = None
) -> dict[str, Any] | None:
    """What to do now, in both languages; None when the case is over. `values` fill the script, per language."""
    if case.is_final:
        return None
    step, due = step_of(case, playbook, now), _until(case)
    name = step.script or case.state.value
    return {
        "text": {"zh": step.zh, "en": step.en},
        "why": step.why.model_dump() if step.why else None,
        "who": step.who or case.waiting_for,
        "action": step.do.value if step.do else None,
        "data": step.data,
        "until": due.isoformat() if due else None,
        "otherwise": OTHERWISE[case.procedure.clocks[case.state].outcome],
        "script": scripted(playbook.scripts.get(name, {}), values or {}),
        "script_name": name if name in playbook.scripts else None,
        "evidence_missing": _evidence(case, playbook),
        "questions": [question.model_dump() for question in playbook.questions] if case.stage == "request" else [],
        "legal_choices": list(choices_of(case, now)),
        "invoice": _invoice(case),
        "goods": _goods(case),
        "claims": waiting_claims(case, now),
    }


def _invoice(case: Case) -> dict[str, Any] | None:
    """Which document is due for the order's invoice (G9), and whether its paper came back (G15)."""
    if not case.invoice_open:
        return None
    due = [{"result": one, **WORDS[one]} for one in case.invoice_due]
    return {"due": due, "came_back": case.invoice_enclosed}


def _goods(case: Case) -> dict[str, Any] | None:
    """What is known of the goods: boxes that are here and still to come (G12), what differs from what was declared
    (G3), photos to explain a result with (G4), and whether the replacement still needs its extra check (G16)."""
    due = case.state is State.EXCHANGING and needs_check(case) and not case.replacement_checked
    if not (case.boxes or case.differences or case.inspection_photos or due):
        return None
    return {
        "boxes_here": len(case.boxes),
        "boxes_of": case.boxes_of,
        "boxes_missing": case.boxes_missing,
        "differences": [{**one.model_dump(), "told": one.told} for one in case.differences],
        "photos": list(case.inspection_photos),
        "extra_check": due,
    }


def _until(case: Case) -> datetime | None:
    """Until when: the deadline of the state, or what was promised before it (T14)."""
    promised = (c.due_at for c in case.clocks if c.clock == PROMISE and c.state == "running")
    return min((at for at in (case.due_at, *promised) if at), default=None)


def _evidence(case: Case, playbook: Playbook) -> list[dict[str, str]]:
    """What is still missing, with its names; what was asked for beyond the playbook's list stands as it was asked."""
    if case.inspected or case.stage != "request":
        return []
    missing = missing_evidence(case, playbook)
    known = {evidence.key for evidence in playbook.evidence}
    own = [evidence.model_dump() for evidence in playbook.evidence if evidence.key in missing]
    asked = [] if case.told or case.evidence else [word for word in case.asked_for if word not in known]
    return own + [{"key": word, "zh": word, "en": word} for word in asked]


def scripted(texts: Mapping[Any, str], values: Mapping[str, Mapping[str, str | None]]) -> Words | None:
    """A script in every language whose values are all known; None where there is none."""
    said = {str(language): rendered(text, values.get(language, {})) for language, text in texts.items()}
    return {language: text for language, text in said.items() if text} or None


def rendered(template: str, values: Mapping[str, str | None]) -> str | None:
    """A script with its values filled in; None when one of them is not known."""
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    if any(not values.get(name) for name in names):
        return None
    return template.format_map({name: values[name] for name in names})
