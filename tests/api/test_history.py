"""What a case costs in Temporal is read off its history, by the price of each kind of event."""

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import (
    ActivityTaskStartedEventAttributes,
    HistoryEvent,
    MarkerRecordedEventAttributes,
)

from api.history import cost_of


def event(kind: str) -> HistoryEvent:
    return HistoryEvent(event_type=EventType.Value(f"EVENT_TYPE_{kind}"))


def attempt(number: int) -> HistoryEvent:
    started = ActivityTaskStartedEventAttributes(attempt=number)
    return HistoryEvent(
        event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED, activity_task_started_event_attributes=started
    )


def local_activity(task: int, name: str = "core_local_activity") -> HistoryEvent:
    marker = MarkerRecordedEventAttributes(marker_name=name, workflow_task_completed_event_id=task)
    return HistoryEvent(event_type=EventType.EVENT_TYPE_MARKER_RECORDED, marker_recorded_event_attributes=marker)


@pytest.mark.parametrize(
    ("events", "actions"),
    [
        ([event("WORKFLOW_EXECUTION_STARTED"), event("WORKFLOW_TASK_SCHEDULED")], 1),  # tasks are free
        ([event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED"), event("WORKFLOW_EXECUTION_UPDATE_COMPLETED")], 1),
        ([event("WORKFLOW_EXECUTION_SIGNALED")] * 3, 3),
        ([event("TIMER_STARTED"), event("TIMER_FIRED"), event("TIMER_CANCELED")], 1),
        ([event("ACTIVITY_TASK_SCHEDULED"), attempt(1), event("ACTIVITY_TASK_COMPLETED")], 1),
        ([event("ACTIVITY_TASK_SCHEDULED"), attempt(4)], 4),  # scheduled 1 + three retries
        ([local_activity(3), local_activity(3), local_activity(7)], 2),  # one for each workflow task that had any
        ([local_activity(3, name="core_patch")], 0),
        ([event("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES")], 1),
        ([event("START_CHILD_WORKFLOW_EXECUTION_INITIATED")], 2),
    ],
)
def test_each_kind_of_event_has_its_price(events, actions):
    cost = cost_of([events])
    assert (cost.events, cost.actions) == (len(events), actions)


def test_the_runs_of_a_case_are_one_bill():
    first = [event("WORKFLOW_EXECUTION_STARTED"), local_activity(3), event("WORKFLOW_EXECUTION_CONTINUED_AS_NEW")]
    second = [event("WORKFLOW_EXECUTION_STARTED"), local_activity(3)]
    cost = cost_of([first, second])
    # two starts + a local activity in each: that both stand in a task numbered 3 does not make them one
    assert (cost.runs, cost.events, cost.actions) == (2, 5, 4)
    assert cost.by_type["marker_recorded"] == 2
