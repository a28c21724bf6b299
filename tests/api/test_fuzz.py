"""The API against its own description: whatever is sent, the answer is a documented one and never a failure of ours."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.client import Api, token_of
from tests.staffed import without_staff
from up import Running

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
#: The default suite sends the same requests every time; the slow one sends others, and many more.
FEW, MANY = 6, 40


async def test_whatever_is_sent_gets_a_documented_answer(service: Running, api: Api) -> None:
    await fuzz(service, api, settings(max_examples=FEW, derandomize=True))


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_whatever_else_is_sent_gets_a_documented_answer_too(service: Running, api: Api) -> None:
    await fuzz(service, api, settings(max_examples=MANY))


async def fuzz(service: Running, api: Api, how: settings) -> None:
    real = await api.opened()
    document = (await api.get(api.root("/openapi.json"))).json()
    token = token_of(service, "a machine", ["system", "manager", "finance", "warehouse"], for_others=True)
    names = {"case_no": real["case_no"], "order_no": real["order_no"], "kind": "quality_fault", "name": "refunds"}
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=service.url)
    try:
        for described in schema.get_all_operations():
            assert isinstance(described, Ok), described
            await asyncio.to_thread(_fuzzed, described.ok(), names, {"Authorization": f"Bearer {token}"}, how)
    finally:
        without_staff(service.engine)  # it would be given the cases of other tests


def _fuzzed(operation: Any, names: dict[str, str], headings: dict[str, str], how: settings) -> None:
    """Send one operation good and bad requests, some of them to things that exist."""

    @given(case=_sent(operation), existing=st.booleans())
    @settings(how, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def send(case: Any, existing: bool) -> None:
        for name in set(case.path_parameters or {}) & set(names) if existing else ():
            case.path_parameters[name] = names[name]
        case.call_and_validate(headers=headings, checks=CHECKS, timeout=30)

    send()


def _sent(operation: Any) -> Any:
    good, bad = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    described = bool(operation.body) or any(True for _ in operation.iter_parameters())
    kinds = [operation.as_strategy(generation_mode=good)]
    return st.one_of(kinds + ([operation.as_strategy(generation_mode=bad)] if described else []))
