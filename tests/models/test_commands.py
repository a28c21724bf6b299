"""The one envelope: read leniently, and never anything but an answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.commands import DATA, parse_command, parse_data, schema_of
from models.decide import decide
from models.effects import Decision
from models.errors import CommandRefused, DataRefused, MalformedCommand
from models.lifecycle import Action
from tests.builders import NOW, a_case
from tests.models.examples import EXAMPLES

LI = {"id": "li", "role": "agent"}


@pytest.mark.parametrize(
    "envelope",
    [
        *(None, 7, "take", [], {}, {"action": "take"}),
        {"action": "fly", "actor": LI},
        {"action": "take", "actor": {"id": "li", "role": "king"}},
        {"action": "take", "actor": {"id": "", "role": "agent"}},
        {"action": "take", "actor": LI, "data": [1]},
        {"action": "take", "actor": LI, "command_id": "x" * 201},
        {"action": "take", "actor": {"id": "l\x00i", "role": "agent"}},
        {"action": "take", "actor": LI, "order_pots": {"currency": 1}},
    ],
)
def test_what_cannot_be_read_is_refused_in_words(envelope: Any) -> None:
    with pytest.raises(MalformedCommand) as refused:
        parse_command(envelope)
    assert refused.value.detail.isprintable()


def test_unknown_fields_of_the_envelope_pass_and_unknown_data_does_not() -> None:
    command = parse_command({"action": "assign", "actor": LI, "trace": 1, "data": {"to": "mei", "tooo": 1}})
    with pytest.raises(DataRefused) as refused:
        parse_data(command)
    assert refused.value.extra["errors"] == [{"field": "tooo", "message": "Extra inputs are not permitted"}]


@pytest.mark.parametrize("text", ["王小明", "🎁", "שלום", "a\nb"])
def test_every_script_is_kept(text: str) -> None:
    assert parse_data(parse_command({"action": "note", "actor": LI, "data": {"note": text}}))


@pytest.mark.parametrize("text", ["", "\x00", "a\x1b[2J", "\ud800", "x" * 5001])
def test_what_no_database_keeps_is_refused(text: str) -> None:
    with pytest.raises(DataRefused):
        parse_data(parse_command({"action": "note", "actor": LI, "data": {"note": text}}))


@pytest.mark.parametrize(
    "amount", ["-1", "1e3", "1,00", " 1", "NaN", "", "1.", "1.2345678", "1" * 14, 1, 1.5, True, None]
)
def test_an_amount_is_plain_text(amount: Any) -> None:
    with pytest.raises(DataRefused):
        parse_data(
            parse_command({"action": "record_payment", "actor": LI, "data": {"amount": amount, "reference": "b"}})
        )


@pytest.mark.parametrize(("amount", "said"), [("-12.00", "never negative"), (12.0, "never as a number")])
def test_a_wrong_amount_is_told_in_plain_words(amount: Any, said: str) -> None:
    command = {"action": "record_payment", "actor": LI, "data": {"amount": amount, "reference": "b"}}
    with pytest.raises(DataRefused, match=said):
        parse_data(parse_command(command))


@pytest.mark.parametrize("action", Action)
def test_the_schema_of_an_action_is_json_and_its_example_is_right(action: Action) -> None:
    assert json.loads(json.dumps(schema_of(action)))["additionalProperties"] is False
    assert DATA[action].model_validate(EXAMPLES[action])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_no_envelope_raises_anything_but_a_refusal(envelope: Any) -> None:
    with pytest.raises(MalformedCommand) as refused:
        parse_command(envelope)
    refused.value.detail.encode()


@given(action=st.sampled_from(list(Action)), role=st.sampled_from(["agent", "manager", "customer"]), data=st.data())
def test_no_data_raises_anything_but_a_refusal(action: Action, role: str, data: st.DataObject) -> None:
    """Fields that exist with values that do not fit, and fields that do not exist."""
    fields = st.sampled_from(list(DATA[action].model_fields) or ["x"]) | st.text()
    sent = {**EXAMPLES[action], **data.draw(st.dictionaries(fields, JSON, max_size=2))}
    command = parse_command({"action": action, "actor": {"id": "li", "role": role}, "data": sent})
    try:
        assert isinstance(decide(a_case(), command, NOW), Decision)
    except CommandRefused as refused:
        json.dumps(refused.as_problem()).encode()
        refused.detail.encode()
