"""The search attributes of a case: few, coarse and never personal; lists for people come from SQL."""

from datetime import UTC, datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributePair

with workflow.unsafe.imports_passed_through():
    from models.case import Case

STAGE = SearchAttributeKey.for_keyword("CaseStage")
STATE = SearchAttributeKey.for_keyword("CaseState")
KIND = SearchAttributeKey.for_keyword("CaseKind")
OWNER = SearchAttributeKey.for_keyword("CaseOwner")
WAITING_FOR = SearchAttributeKey.for_keyword("CaseWaitingFor")
DUE_AT = SearchAttributeKey.for_datetime("CaseDueAt")
ESCALATION = SearchAttributeKey.for_int("CaseEscalation")

KEYS: tuple[SearchAttributeKey[Any], ...] = (STAGE, STATE, KIND, OWNER, WAITING_FOR, DUE_AT, ESCALATION)

#: The end of a case has no deadline; Temporal's lists show this instant instead.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def search_attributes(case: Case) -> list[SearchAttributePair[Any]]:
    """The attributes of a case as they are now."""
    return [
        SearchAttributePair(STAGE, case.stage.value),
        SearchAttributePair(STATE, case.state.value),
        SearchAttributePair(KIND, case.kind),
        SearchAttributePair(OWNER, case.owner or "nobody"),
        SearchAttributePair(WAITING_FOR, case.waiting_for),
        SearchAttributePair(DUE_AT, case.due_at or NEVER),
        SearchAttributePair(ESCALATION, case.escalation),
    ]
