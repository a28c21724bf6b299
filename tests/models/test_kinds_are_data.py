"""Kinds of case are data: no line of the models or the workflows asks which kind a case is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The kinds of the handbook's section 3.
KINDS = frozenset(
    {
        *("quality_fault", "damaged_in_transit", "wrong_item", "missing_item", "not_as_described", "change_of_mind"),
        *("warranty_repair", "field_service", "cancel_before_shipment", "swap_before_shipment", "out_of_stock"),
        *("price_adjustment", "not_dispatched", "no_scan", "tracking_stalled", "signed_not_received", "no_coverage"),
        *("misdelivered", "lost_in_transit", "address_change", "usage_help", "complaint", "review_followup"),
        "remittance",
    }
)
#: Where a word that is a kind's name too means something else.
SOMETHING_ELSE = {
    ("models/actions/follow_up.py", "out_of_stock"): "a field of the case that is forgotten when it begins again",
    ("models/commands.py", "misdelivered"): "a finding about a parcel (L6)",
    ("models/commands.py", "wrong_item"): "a grade of goods that came back (G3)",
    ("models/goods/differences.py", "wrong_item"): "the same grade, as a difference from what was declared (G3)",
}
SOURCES = sorted(path for room in ("models", "workflows") for path in (ROOT / room).rglob("*.py"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def kinds_in(source: str) -> Iterator[str]:
    """The kinds whose names stand in a source as a string, outside its docstrings."""
    tree = ast.parse(source)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, DOCUMENTED)]
    docstrings = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in KINDS and id(node) not in docstrings:
            yield str(node.value)


def test_there_are_24_kinds() -> None:
    assert len(KINDS) == 24
    assert SOURCES, "there is something to look at"


def test_no_code_names_a_kind() -> None:
    named = {
        (path.relative_to(ROOT).as_posix(), kind) for path in SOURCES for kind in kinds_in(path.read_text("utf-8"))
    }
    assert named - set(SOMETHING_ELSE) == set(), "what differs between kinds belongs into their playbooks"
    assert set(SOMETHING_ELSE) - named == set(), "take out what is no longer there"


@pytest.mark.parametrize(
    "line",
    [
        'if case.kind == "complaint": pass',
        'match kind:\n    case "remittance": pass',
        'SLOW = {"no_scan", "tracking_stalled"}',
        'road = {"wrong_item": 1}.get(kind)',
        "x = kind in ('usage_help',)",
        'def f(kind="complaint"): pass',
    ],
)
def test_a_kind_in_code_is_found(line: str) -> None:
    assert list(kinds_in(line))


def test_a_kind_in_words_is_none() -> None:
    assert list(kinds_in('"""complaint"""\n# complaint\ncomplaint = "a complaint"\ndef f():\n    "no_scan"\n')) == []
