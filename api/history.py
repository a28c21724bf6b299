"""What a case cost in Temporal: events written, and actions as Temporal Cloud would bill them.

Events are counted. Actions are estimated from the types of the events, so what leaves no event (a refused update,
a query) is not in them.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from models.effects import workflow_id

#: What one event of a type is billed as. Everything else (workflow tasks, completions, fired timers) is free.
BILLED: Mapping[int, int] = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: 1,  # a continued run's start is its one action too
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: 1,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: 1,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: 1,
    EventType.EVENT_TYPE_TIMER_STARTED: 1,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: 1,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: 2,
    EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: 1,
    EventType.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: 1,
    EventType.EVENT_TYPE_NEXUS_OPERATION_SCHEDULED: 1,
}
_LOCAL_ACTIVITY = "core_local_activity"


@dataclass(frozen=True, slots=True)
class HistoryCost:
    """Events and billable actions of a case, over all its runs."""

    events: int = 0
    actions: int = 0
    by_type: Mapping[str, int] = field(default_factory=dict)
    runs: int = 0


async def case_cost(client: Client, case_no: str) -> HistoryCost:
    """What a case cost so far: all runs of its workflow id, those it continued as and those it was reopened in."""
    runs = [[event async for event in _events(client, case_no, run)] async for run in _runs(client, case_no)]
    return cost_of(runs)


def cost_of(runs: Iterable[Iterable[HistoryEvent]]) -> HistoryCost:
    """The cost of these runs' events."""
    by_type: Counter[str] = Counter()
    actions = count = 0
    for run in runs:
        events = list(run)
        count += 1
        by_type.update(_name(event) for event in events)
        actions += sum(_billed(event) for event in events) + _tasks_with_local_activities(events)
    return HistoryCost(by_type.total(), actions, dict(by_type.most_common()), count)


async def _runs(client: Client, case_no: str) -> AsyncIterator[str]:
    """The ids of the runs. Lists lag behind by a moment, so the latest run is asked for by itself."""
    latest = (await client.get_workflow_handle(workflow_id(case_no)).describe()).run_id
    yield latest
    async for found in client.list_workflows(f"WorkflowId = '{workflow_id(case_no)}'"):
        if found.run_id != latest:
            yield found.run_id


async def _events(client: Client, case_no: str, run_id: str) -> AsyncIterator[HistoryEvent]:
    async for event in client.get_workflow_handle(workflow_id(case_no), run_id=run_id).fetch_history_events():
        yield event


def _billed(event: HistoryEvent) -> int:
    retries = 0
    if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
        retries = event.activity_task_started_event_attributes.attempt - 1
    return BILLED.get(event.event_type, 0) + max(0, retries)


def _tasks_with_local_activities(events: Iterable[HistoryEvent]) -> int:
    """All local activities of one workflow task are one action together."""
    markers = (event.marker_recorded_event_attributes for event in events if _is_local_activity(event))
    return len({marker.workflow_task_completed_event_id for marker in markers})


def _is_local_activity(event: HistoryEvent) -> bool:
    is_marker = event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
    return is_marker and event.marker_recorded_event_attributes.marker_name == _LOCAL_ACTIVITY


def _name(event: HistoryEvent) -> str:
    return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower()
