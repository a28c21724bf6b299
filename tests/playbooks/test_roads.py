"""Steps can be taken, each of them can come, every remedy can be come to, and every road has an end."""

from pathlib import Path

import pytest

from models.lifecycle import Action, State
from models.playbook import Playbook
from playbooks.loading.graph import leads_to, live_steps, reached, roads, trapped
from playbooks.loading.load import SHIPPED
from tests.playbooks.shops import kettle_with, line_of_mark, problems_of
from tests.shipped import shipped

KINDS = shipped().kinds

#: What is added to the kettle, the field that is named, and words of the answer; `#!` marks the line.
MISTAKES = [
    (
        "steps:\n  - {in: requsted, do: answer, zh: 答, en: answer}  #!\n",
        "steps.0.in",
        "did you mean requested?",
    ),
    (
        "steps:\n  - in: requested\n    do: authorize_return  #!\n    zh: 同意\n    en: approve it\n",
        "steps.0.do",
        "did you mean authorise_return?",
    ),
    (
        "steps:\n  - in: [requested, repairing]\n    do: authorise_return  #!\n    zh: 同意\n    en: approve it\n",
        "steps.0.do",
        "authorise_return leads nowhere from repairing",
    ),
    (
        "steps:\n  - {in: closed, do: reopen, zh: 重开, en: reopen it}  #!\n",
        "steps.0.in",
        "a case that is closed has no next step",
    ),
    (
        "steps:\n  - in: requested\n    do: investigate\n    with: {chek: warehouse}  #!\n    zh: 查\n    en: look\n",
        "steps.0.with.chek",
        "did you mean check?",
    ),
    (
        "steps:\n  - in: requested\n    do: investigate\n    with: {check: warehose}  #!\n    zh: 查\n    en: look\n",
        "steps.0.with.check",
        "did you mean warehouse?",
    ),
    (
        "steps:\n  - in: requested\n    do: make_offer\n    with:\n      options:\n        - {type: refnd}  #!\n"
        "    zh: 提\n    en: offer\n",
        "steps.0.with.options.0.type",
        "did you mean refund?",
    ),
    (
        "steps:\n  - in: requested\n    do: change_kind\n    with: {kind: leaking_ketle} #!\n    zh: 改\n    en: x\n",
        "steps.0.with.kind",
        "there is no kind of case 'leaking_ketle'; did you mean leaking_kettle?",
    ),
    (
        "steps:\n  - in: offered\n    with: {amount: '5'}  #!\n    zh: 等\n    en: wait\n",
        "steps.0.with",
        "is the data of an action, and there is none",
    ),
    (
        "steps:\n  - in: requested\n    when: {weather: rain}  #!\n    zh: 看\n    en: look\n",
        "steps.0.when",
        "there is no fact weather",
    ),
    (
        "steps:\n  - in: requested\n    when: {wanted: refnd}  #!\n    zh: 看\n    en: look\n",
        "steps.0.when",
        "wanted is never refnd",
    ),
    (
        "steps:\n  - in: requested\n    when: {subcategory: lid}  #!\n    zh: 看\n    en: look\n",
        "steps.0.when.subcategory",
        "subcategory is never lid",
    ),
    (
        "steps:\n  - in: requested\n    when: {next_check: courier}  #!\n    zh: 看\n    en: look\n",
        "steps.0.when.next_check",
        "next_check is never courier",
    ),
    (
        "steps:\n  - {in: requested, script: hallo, zh: 看, en: look}  #!\n",
        "steps.0.script",
        "there is no script hallo",
    ),
    (
        "steps:\n  - {in: requested, zh: 看, en: look, do: answer}\n"
        "  - {in: requested, when: {stock: out}, zh: 换, en: swap it, do: make_offer}  #!\n",
        "steps.1",
        "never comes, because step 0 always holds before it",
    ),
    (
        "steps:\n  - {in: requested, when: {stock: [out, there]}, zh: 看, en: look, do: answer}\n"
        "  - {in: requested, when: {stock: out, paid: yes}, zh: 换, en: swap it, do: make_offer}  #!\n",
        "steps.1",
        "never comes, because step 0 always holds before it",
    ),
    ("checks: [department]  #!\n", "checks.0", "no step asks the department"),
    ("remedies: [repair, refund, visit]  #!\n", "remedies.2", "no road leads to visit"),
    (
        "checks: [department]\nsteps:\n  - in: requested  #!\n    do: investigate\n    with: {check: department}\n"
        "    zh: 问部门\n    en: ask the department\n",
        "steps.0",
        "no end can be reached from requested, investigating",
    ),
]


@pytest.mark.parametrize(("added", "field", "words"), MISTAKES)
def test_a_step_that_cannot_be_is_named_with_its_line(tmp_path: Path, added: str, field: str, words: str) -> None:
    text = kettle_with(added)
    problems = problems_of(tmp_path, text)
    named = [problem for problem in problems if problem.field == field and words in problem.message]
    assert [(problem.file, problem.line) for problem in named] == [("leaking_kettle.yaml", line_of_mark(text))], (
        problems
    )


#: Steps that look like the mistakes above and are none.
RIGHT = [
    "steps:\n  - {in: requested, when: {stock: out}, zh: 换, en: swap it, do: make_offer}\n"
    "  - {in: requested, when: {stock: there}, zh: 看, en: look, do: choose_remedy, with: {remedy: repair}}\n"
    "  - {in: requested, zh: 退, en: refund it, do: choose_remedy, with: {remedy: refund}}\n",
    "steps:\n  - {in: [requested, offered], when: {paid: yes}, zh: 答, en: answer, do: answer}\n"
    "  - {in: [requested, inspected], zh: 退, en: repair it, do: make_offer, with: {options: [{type: repair}]}}\n",
    "checks: [department]\nsteps:\n"
    "  - {in: requested, when: {next_check: department}, do: investigate, with: {check: department}, zh: 问, en: ask}\n"
    "  - {in: requested, when: {next_check: none}, do: answer, with: {final: true}, zh: 答, en: answer}\n",
    "subcategories: [{key: lid, zh: 壶盖, en: Lid}]\n"
    "steps:\n  - {in: requested, when: {subcategory: [lid, none]}, zh: 答, en: answer, do: answer}\n",
]


@pytest.mark.parametrize("added", RIGHT)
def test_a_step_that_can_be_is_not_complained_of(tmp_path: Path, added: str) -> None:
    assert problems_of(tmp_path, kettle_with(added)) == []


def test_a_cycle_has_an_exit_once_a_clock_closes_it(tmp_path: Path) -> None:
    """Asking for evidence for ever ends with the clock that closes a case whose customer is silent."""
    asking = (
        "steps:\n  - {in: requested, do: request_evidence, zh: 要照片, en: ask for photos}\n"
        "remedies: [refund]\nclocks:\n  awaiting_evidence: {outcome: OUTCOME}\n"
    )
    told = [p.message for p in problems_of(tmp_path, kettle_with(asking.replace("OUTCOME", "escalate")))]
    assert any("no end can be reached from requested, awaiting_evidence" in message for message in told), told
    told = [p.message for p in problems_of(tmp_path, kettle_with(asking.replace("OUTCOME", "close")))]
    assert not any("no end" in message for message in told), told


def test_every_state_needs_a_step_that_always_holds(tmp_path: Path) -> None:
    lines = (SHIPPED / "defaults.yaml").read_text(encoding="utf-8").split("general_steps:")[0]
    only = "general_steps:\n  - {in: requested, zh: 看, en: look, do: answer, with: {final: true}}\n"
    (tmp_path / "defaults.yaml").write_text(lines + only, encoding="utf-8")
    problems = problems_of(tmp_path, kettle_with(""))
    told = next(problem for problem in problems if problem.field == "general_steps")
    assert told.file == "defaults.yaml"
    assert "there is none for awaiting_evidence, investigating, offered" in told.message


# ── where actions lead ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("state", "action", "settled", "leads"),
    [
        ("received", "pass_inspection", (), {"inspected"}),
        ("requested", "answer", (("final_answer", True),), {"resolved", "requested"}),
        ("requested", "answer", (("final_answer", False),), {"requested"}),
        ("resolved", "complete_callback", (), {"closed", "requested"}),
        ("closed", "answer", (), set()),
    ],
)
def test_an_action_leads_where_its_arrows_can_point(
    state: str, action: str, settled: tuple[tuple[str, object], ...], leads: set[str]
) -> None:
    assert leads_to(State(state), Action(action), settled) == leads


@pytest.mark.parametrize(
    ("remedy", "own"), [("refund", "refunding"), ("visit", "visiting"), ("none", "resolved"), ("reship", "exchanging")]
)
def test_a_remedy_leads_through_the_gates_to_its_own_state(remedy: str, own: str) -> None:
    found = leads_to(State.INSPECTED, Action.CHOOSE_REMEDY, (("remedy", remedy),))
    gates = {"awaiting_approval", "intercepting", "recalling", "awaiting_payment", "awaiting_stock"}
    assert found == {*gates, own}


@pytest.mark.parametrize("playbook", KINDS.values(), ids=list(KINDS))
def test_every_shipped_road_ends(playbook: Playbook) -> None:
    ways = roads(playbook, live_steps(playbook))
    assert not trapped(ways)
    assert State.RESOLVED in reached(ways)
