"""What a playbook must be beyond its form: numbers that agree with each other, names that exist, scripts that work.

Every check yields where it found something and a sentence on how to mend it; none stops at the first.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from string import Formatter

from models.errors import MoneyRefused
from models.lifecycle import OPEN, WAITS_FOR, State
from models.money import to_minor
from models.playbook import ClockRule, Playbook
from playbooks.lengths import Finding, Path, nearest

#: Whom a level of the escalation chain can name (T8).
TARGETS = ("owner", "on_duty", "supervisor", "manager", "director", "department_head", "finance", "warehouse")
#: What a script can speak of; the desk fills them in.
VARIABLES = (
    "customer",
    "agent",
    "case_no",
    "order_no",
    "product",
    "amount",
    "due",
    "return_address",
    "carrier",
    "waybill",
    "refund",
    "owes",
    "offer",
    "finding_date",
    "shop",
    "phone",
    "platform",
)

_FIRST_ANSWER = "first_answer"


# ── checks of a playbook whose form is right ──────────────────────────────────────────────────────


def findings(playbook: Playbook) -> Iterator[Finding]:
    """Everything in the playbook that contradicts itself or names what does not exist."""
    for check in _CHECKS:
        yield from check(playbook)


def _clocks(playbook: Playbook) -> Iterator[Finding]:
    for state, rule in playbook.procedure.clocks.items():
        path: Path = ("clocks", state.value)
        yield from _reminder(path, rule)
        if rule.clock == _FIRST_ANSWER:
            yield (*path, "clock"), f"{_FIRST_ANSWER} is the name of a clock of its own; choose another name"
        if state not in OPEN:
            yield path, "a case that is over waits for nobody; take this clock out"
        elif (can := _OUTCOMES.get(rule.outcome)) and not can(state):
            yield (*path, "outcome"), f"{rule.outcome} is not possible in {state}; write escalate or close"


#: What the end of a wait can do depends on who is awaited; every other outcome is possible everywhere.
_OUTCOMES: dict[str, Callable[[State], bool]] = {
    "decline": lambda state: state in (State.OFFERED, State.QUOTED),
    "search": lambda state: WAITS_FOR[state] == "courier",
    "try_again": lambda state: state is State.RESOLVED,
}


def _first_answer(playbook: Playbook) -> Iterator[Finding]:
    rule = playbook.procedure.first_answer
    if rule is None:
        return
    yield from _reminder((_FIRST_ANSWER,), rule)
    if rule.clock != _FIRST_ANSWER:
        yield (_FIRST_ANSWER, "clock"), f"must be {_FIRST_ANSWER}; write that"
    if rule.outcome != "escalate":
        yield (_FIRST_ANSWER, "outcome"), "an answer that is late can only escalate; write escalate"


def _reminder(path: Path, rule: ClockRule) -> Iterator[Finding]:
    if rule.remind is not None and rule.remind >= rule.target:
        yield (*path, "remind"), "the reminder would come before the wait begins; make it shorter than target"


def _escalation(playbook: Playbook) -> Iterator[Finding]:
    chain = playbook.procedure.escalation
    for number, (before, after) in enumerate(pairwise(chain), start=1):
        if after.percent <= before.percent:
            yield ("escalation", number, "percent"), f"must be above the {before.percent} of the level before it"
        if after.level <= before.level:
            yield ("escalation", number, "level"), f"must be above the level {before.level} before it"
    for number, level in enumerate(chain):
        for place, target in enumerate(level.targets):
            if target not in TARGETS:
                yield ("escalation", number, "targets", place), f"{target} is nobody; {nearest(target, TARGETS)}"


def _limits(playbook: Playbook) -> Iterator[Finding]:
    below: dict[str, tuple[int, str]] = {}  # per currency: the highest limit of the roles below, and whose it is
    limits = playbook.procedure.refund_limits
    for role in ("agent", "supervisor", "manager", "director"):
        for currency, text in limits.get(role, {}).items():
            path = ("refund_limits", role, currency)
            try:
                amount = to_minor(text, currency)
            except MoneyRefused as refused:
                yield path, refused.detail
                continue
            least, whose = below.get(currency, (0, "nobody"))
            if amount < 0:
                yield path, "is less than nothing; write 0 for nothing at all"
            elif amount < least:
                yield path, f"is less than the {whose} may; raise it to at least that"
            below[currency] = max((amount, role), below.get(currency, (0, role)))


def _keep_it(playbook: Playbook) -> Iterator[Finding]:
    offer = playbook.procedure.keep_it
    if offer.agent_percent < offer.start_percent:
        yield ("keep_it", "agent_percent"), f"must be at least start_percent, {offer.start_percent} (K2)"
    if offer.manager_percent < offer.agent_percent:
        yield ("keep_it", "manager_percent"), f"must be at least agent_percent, {offer.agent_percent} (K2)"


def _named_once(playbook: Playbook) -> Iterator[Finding]:
    for field, names in (
        ("remedies", playbook.procedure.remedies),
        ("evidence", [evidence.key for evidence in playbook.evidence]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield (field,), f"{name} is listed {times} times; keep it once"


def _scripts(playbook: Playbook) -> Iterator[Finding]:
    used = {step.script for step in (*playbook.steps, *playbook.general_steps) if step.script}
    for name in sorted(used - set(playbook.scripts)):
        yield ("scripts",), f"a step uses the script {name}, which is not here; {nearest(name, playbook.scripts)}"
    named = {*(state.value for state in State), *used, *_scripts_of_changes(playbook)}
    for state, texts in playbook.scripts.items():
        if state not in named:
            yield ("scripts", state), f"there is no state {state}, and no step uses it; {nearest(state, named)}"
        for language in ("zh", "en"):
            text = texts.get(language, "")
            if not text.strip():
                yield ("scripts", state), f"has no text in {language}; customers are answered in both languages"
            yield from ((("scripts", state, language), complaint) for complaint in _miswritten(text))


def _scripts_of_changes(playbook: Playbook) -> Iterator[str]:
    """The scripts that the steps of subcategories and variants use."""
    layers = [*(sub.changes for sub in playbook.subcategories), *(v.changes for v in playbook.variants.values())]
    for changes in layers:
        for steps in (changes.get("steps"), changes.get("general_steps")):
            for step in steps if isinstance(steps, list) else ():
                if isinstance(step, dict) and isinstance(step.get("script"), str):
                    yield step["script"]


def _miswritten(text: str) -> Iterator[str]:
    names = _variables(text)
    if names is None:
        yield "has a brace too many or too few; variables are written {customer}"
    for name in sorted((names or set()) - set(VARIABLES)):
        yield f"there is no variable {{{name}}}; {nearest(name, VARIABLES)}"


def _variables(text: str) -> set[str] | None:
    """The variables of a script; None where its braces do not match. A format or attribute is no known name."""
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError:
        return None
    return {f"{name}{'!' + change if change else ''}{':' + form if form else ''}" for _, name, form, change in parts}


_CHECKS = (_clocks, _first_answer, _escalation, _limits, _keep_it, _named_once, _scripts)
