"""What `docs/playbook-reference.md` says, read from the models, the loader's rules and the loader's own answers."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.cells import names, table
from docs.mistakes import MISTAKES
from models.accounting.claim_terms import ClaimTerms, NamedTerms
from models.goods.couriers import Courier, CourierRules, Usual
from models.lifecycle import Action, State
from models.oversight.callbacks import CallbackRules, Occasion
from models.oversight.keeping import Keep
from models.oversight.reports import Labour, Maker, Repeated, ReportRules, Sample
from models.playbook import Playbook, Procedure, Subcategory, Variant, Where
from models.procedure.playbook_parts import (
    Chain,
    ClockRule,
    Dispatch,
    Duration,
    Eligibility,
    Evidence,
    FindingRule,
    KeepIt,
    LadderStep,
    Law,
    Level,
    Names,
    Question,
    SideClock,
    Warranty,
)
from models.procedure.situation import READ
from models.procedure.steps import FACTS, Step
from playbooks.loading import manners
from playbooks.loading.checks import VARIABLES
from playbooks.loading.forms import FIELDS
from playbooks.loading.load import check_folder
from playbooks.loading.manners import Rudeness
from playbooks.loading.shop import GoodsIn, Shop
from playbooks.loading.waits import TARGETS

#: The parts of a playbook that have fields of their own, in the order in which a reader meets them.
PARTS: tuple[type[BaseModel], ...] = (
    *(Names, Subcategory, Variant, Where, Evidence, Question, Eligibility, Warranty, Dispatch, FindingRule),
    *(ClaimTerms, NamedTerms, ClockRule, SideClock, Chain, Level, KeepIt, Law, LadderStep, Step, Shop, GoodsIn, Keep),
    *(CallbackRules, Occasion),
    *(ReportRules, Labour, Repeated, Sample, Maker),
    *(CourierRules, Courier, Usual),
)
#: Where each part stands in a file.
PLACE: dict[type[BaseModel], str] = {
    Names: "`names`, `why`, `silence`",
    Subcategory: "`subcategories`, a list",
    Variant: "`variants`, by name",
    Where: "`variants.<name>.when`",
    Evidence: "`evidence`, a list",
    Question: "`questions`, a list",
    Eligibility: "`eligibility`",
    Warranty: "`eligibility.warranty`",
    Dispatch: "`dispatch`",
    FindingRule: "`findings`, by finding",
    ClaimTerms: "`claims`, by whom something is asked back of",
    NamedTerms: "`claims.<whom>.by_name`, by name",
    ClockRule: "`clocks`, by state; `first_answer`",
    SideClock: "`side_clocks`, by name",
    Chain: "`escalation`",
    Level: "`levels` of `escalation`, a list",
    KeepIt: "`keep_it`",
    Law: "`law`",
    LadderStep: "`law.ladder`, a list",
    Step: "`first_steps`, `steps` and `general_steps`, lists",
    Shop: "the file `shop.yaml`",
    Keep: "`keep` of `shop.yaml`",
    GoodsIn: "`goods_in` of `shop.yaml`",
    CallbackRules: "the file `callbacks.yaml`",
    Occasion: "`periodic` of `callbacks.yaml`",
    ReportRules: "the file `reports.yaml`",
    Labour: "`labour` of `reports.yaml`",
    Repeated: "`repeated` of `reports.yaml`",
    Sample: "`sample` of `reports.yaml`",
    Maker: "`suppliers` of `reports.yaml`, a list",
    CourierRules: "the file `couriers.yaml`",
    Courier: "`couriers` of `couriers.yaml`, by name",
    Usual: "`usual` of `couriers.yaml`, by zone; `usual` of a courier",
}
#: The fields in the order of a file; new ones come at the end by themselves.
_ORDER = (
    *("kind", "version", "names", "typical_words", "subcategories", "variants", "evidence", "questions"),
    *("eligibility", "needs_order", "override_role", "goods_come_back", "asks_fault", "party_liable", "remedies"),
    *(
        "checks",
        "findings",
        "claims",
        "recoveries",
        "first_answer",
        "clocks",
        "side_clocks",
        "escalation",
        "acknowledge_timeout",
    ),
    *("refund_limits", "compensation_limits", "keep_it", "not_worth_return", "refund_postage"),
    *(
        "return_freight_factor",
        "reduction_percent_limit",
        "promotion",
        "customer_pays_both_ways",
        "hold",
        "collects",
        "calls",
        "visit_levels",
        "dispatch",
    ),
    *("callback_tries", "reopen_days", "law", "first_steps", "steps", "general_steps", "scripts"),
)
_RULE = re.compile(r" \(((?:[A-Z]\d+|section \d+)(?:[–, ]+(?:[A-Z]\d+|section \d+))*)\)")


# ── fields ────────────────────────────────────────────────────────────────────────────────────────


def file_table() -> str:
    """Every field of a kind's file."""
    known = [name for name in _ORDER if name in FIELDS] + [name for name in FIELDS if name not in _ORDER]
    like = ("`like`", "text", "–", "another playbook to start from: of this folder, else a shipped one", "")
    rows = [_row(name, FIELDS[name]) for name in known]
    return _fields([*rows[:2], like, *rows[2:]])


def parts_tables() -> str:
    """The fields of every part, one table below the other."""
    return "\n".join(_part(part) for part in PARTS)


def _part(part: type[BaseModel]) -> str:
    told = " ".join((part.__doc__ or "").split("\n\n")[0].split())
    rows = [_row(info.alias or name, info) for name, info in part.model_fields.items()]
    return f"### {_title(part)}\n\n{told}\nIt stands in {PLACE[part]}.\n\n{_fields(rows)}"


def _title(part: type[BaseModel]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part.__name__).capitalize()


def _fields(rows: Iterable[tuple[str, ...]]) -> str:
    return table(("field", "form", "default", "says", "rule"), rows)


def _row(name: str, info: FieldInfo) -> tuple[str, ...]:
    told = info.description or ""
    rules = ", ".join(_RULE.findall(told))
    return f"`{name}`", form_of(info.annotation, info.metadata), _default(name, info), _RULE.sub("", told), rules


#: The loader wants every clock to name its calendar, so that nobody has to guess.
_NEEDED_ALL_THE_SAME = ("calendar",)


def _default(name: str, info: FieldInfo) -> str:
    if info.is_required() or name in _NEEDED_ALL_THE_SAME:
        return "needed"
    value = info.get_default(call_default_factory=True)
    if form_of(info.annotation, info.metadata) == "length of time" and value is not None:
        return f"`{value // 3600}h`" if value % 3600 == 0 else f"`{value}s`"
    if isinstance(value, BaseModel) or value in (None, (), {}):
        return "–"
    shown = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    return names(shown) if isinstance(shown, tuple) else f"`{shown}`"


def form_of(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What can be written for a field, in plain words."""
    if annotation == Duration or (annotation is int and any("seconds" in str(one) for one in metadata)):
        return "length of time"
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return form_of(parts[0], parts[1:])
    if origin in (Union, UnionType):
        return form_of(next(part for part in parts if part is not NoneType), metadata)
    if origin is Literal:
        return names(map(str, parts))
    if origin is tuple:
        return f"list: {form_of(parts[0])}"
    if origin is dict:
        return f"by {form_of(parts[0])}: {form_of(parts[1])}"
    return _plain(annotation, metadata)


def _plain(annotation: Any, metadata: Iterable[Any]) -> str:
    if annotation is bool:
        return "`true` `false`"
    if annotation is int:
        limits = {key: getattr(one, key) for one in _flat(metadata) for key in ("ge", "le") if hasattr(one, key)}
        return f"whole number, {limits['ge']} to {limits['le']}" if len(limits) == 2 else "whole number"
    if annotation is str:
        return "amount" if any("an amount" in str(one) for one in metadata) else "text"
    if annotation is State or annotation is Action:
        return str(annotation.__name__).lower()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{_title(annotation)}](#{_title(annotation).lower().replace(' ', '-')})"
    return "anything" if annotation is Any else str(getattr(annotation, "__name__", annotation)).lower()


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    for one in metadata:
        yield from one.metadata if isinstance(one, FieldInfo) else (one,)


def undescribed() -> list[str]:
    """The fields that say nothing of themselves; a test wants none."""
    owners: tuple[type[BaseModel], ...] = (*PARTS, Playbook, Procedure)
    found = [(owner.__name__, name, info) for owner in owners for name, info in owner.model_fields.items()]
    return [f"{owner}.{name}" for owner, name, info in found if not info.description and name != "procedure"]


# ── facts, clocks, variables ──────────────────────────────────────────────────────────────────────

FACT_SAYS: dict[str, str] = {
    "subcategory": "the case's subcategory; `none` where it has none",
    "channel": "where it was bought, else where the customer spoke",
    "country": "where the order goes",
    "wanted": "what the customer asks for",
    "finding": "the last finding about the parcel (section 7)",
    "next_check": "whom the playbook's `checks` ask next; `none` when all were asked",
    "evidence": "whether everything in `evidence` has come",
    "eligible": "what the rules of `eligibility` say; an override makes it `yes`",
    "order": "whether the case has an order",
    "paid": "whether anything was paid for the order; a case without one counts as paid (L13)",
    "parcel": "where the parcel of the case's goods is (L7, L8)",
    "dispatch": "whether the order ought to have left by now (L11)",
    "severity": "how severe a complaint is (T3)",
    "contained": "whether ongoing harm was stopped (T3)",
    "goods": "where the customer's goods are",
    "worth_return": "`no` when they are worth less than `not_worth_return` (section 12)",
    "verdict": "what the inspection said",
    "cause": "what the inspection found as the cause (G3)",
    "liable": "who is liable: found, else assumed (F19)",
    "warranty": "whether the goods are under warranty (F10)",
    "legal": "what the customer can insist on by law today (section 13)",
    "no_reason": "whether the law lets him return it without a reason, on the day it was asked for (section 13)",
    "red_letter": "whether the law has an electronic invoice red-lettered and issued anew (G9)",
    "seller_proves": "whether the law has us show that there was no defect (section 13)",
    "stock": "whether what is to be sent is there",
    "deposit": "how far the deposit of an exchange in advance is; `kept`: the old goods never came, "
    "`capture`: finance has yet to take what is ours of a hold (G5)",
    "overpaid": "whether the customer paid what he does not owe, and has not got it back",
    "offer": "what became of our offers; `exhausted` after the last round (K3)",
    "agreed": "the kind of option that was accepted",
    "remedy": "the remedy that was chosen last",
    "keep_its": "`many` when the customer had more keep-it refunds than `keep_it.earlier` (K6)",
    "calls": "whether `calls` leaves another one (T17)",
    "visit": "how far a visit has come (T19)",
    "account": "`missing` when a refund has nowhere to go",
    "payment": "whether the customer says that he has paid (L12)",
    "payout": "whether finance has money of this case still to pay",
    "refundable": "whether the goods of the case have anything left to refund",
    "claim": "a claim on courier or supplier (L5)",
    "asked": "whether the customer was asked for evidence already",
    "contact": "whether a name, phone or address was changed in this case (C7)",
    "second_order": "whether the order that brings the new item is linked (G13)",
    "new_date": "whether the last finding named a date",
    "loaner": "whether a loaner of ours is with the customer (G8)",
    "invoice": "whether the invoice has still to be settled (G9)",
    "announced": "whether money was announced when the case was opened (L12)",
    "repairs": "whether repairs failed so often, or took so long, that the law gives an exchange (section 13)",
    "way_back": "what the courier says of the customer's return (G14)",
    "hold": "the holds on the order (L14)",
    "differs": "what came is not what was declared: units missing, things too many, another item, an empty box (G3)",
    "replacement": "what replaces a faulty item: not checked yet, failed its extra check, or ready to leave (G16)",
    "at_locker": "what we sent was left at a locker or pick-up point, and nobody has it in hand yet (L16)",
    "at_dock": "the courier says that it was delivered to us, and it is not booked in (G14)",
}

VARIABLE_SAYS: dict[str, str] = {
    "customer": "the customer's name",
    "agent": "who follows the case, else who opened it",
    "case_no": "the case's number",
    "order_no": "the order's number; known where there is an order",
    "product": "the goods of the case: the first, and how many more",
    "amount": "the refund that was decided, else what the customer owes",
    "due": "our own date: when the clock of the state ends; known in every open state once the case is saved",
    "return_address": "where returns go, from `shop.yaml`",
    "carrier": "the courier of the last parcel, once a waybill is known",
    "waybill": "the last waybill of the case",
    "refund": "the refund that was decided",
    "owes": "what the customer still has to pay",
    "deposit": "the deposit of an exchange in advance (G5)",
    "offer": "the amount of the first option on the table that has one",
    "finding_date": "the date that the last finding named",
    "leaves_by": "when an order that has not left ought to leave (L11)",
    "shop": "the shop's name, from `shop.yaml`",
    "phone": "the shop's telephone, from `shop.yaml`",
    "platform": "the channel of the order, else of the case",
    "link": "where the customer follows this one case, where the settings say where customers open their pages",
}


def facts_table() -> str:
    """Every fact that a step can ask about, with its answers."""
    rows = ((f"`{fact}`", names(FACTS[fact] or ()) or "any word", FACT_SAYS.get(fact, "?")) for fact in FACTS)
    return table(("fact", "answers", "says"), rows)


def unsaid() -> list[str]:
    """Facts and variables of which this page says nothing, and such that are no more; a test wants none."""
    facts = set(FACTS) ^ set(FACT_SAYS) | set(FACTS) ^ set(READ)
    return sorted(facts | set(VARIABLES) ^ set(VARIABLE_SAYS))


def variables_table() -> str:
    """Every variable of a script."""
    return table(("variable", "stands for"), ((f"`{{{name}}}`", VARIABLE_SAYS.get(name, "?")) for name in VARIABLES))


def words_table() -> str:
    """The words in which side clocks are written."""
    actions, states = names(Action), names(State)
    rows = (
        ("`starts_on`", "`opened`", "the case was opened"),
        ("`met_by`", "`told`", "anything of ours reached the customer: an answer, an offer, a message …"),
        ("`starts_on` `met_by`", actions, "the action was carried out"),
        ("`starts_on` `met_by`", states, "the state was entered"),
        ("`during`", states.replace(" `closed` `rejected` `withdrawn`", ""), "the case is in this state"),
        ("`tells`", names(TARGETS), "whom it tells"),
        ("`by_severity`", names(FACTS["severity"] or ()).removesuffix(" `none`"), "a length for this severity only"),
    )
    return table(("field", "word", "means"), rows)


def outcomes_table() -> str:
    """What the end of a clock can do."""
    from models.next_step import OTHERWISE

    rows = ((f"`{outcome}`", words["zh"], words["en"]) for outcome, words in OTHERWISE.items())
    return table(("outcome", "中文", "English"), rows)


# ── checks ────────────────────────────────────────────────────────────────────────────────────────


def manners_table() -> str:
    """What no script says, and why."""
    found = [value for value in vars(manners).values() if isinstance(value, Rudeness)]
    return table(("a script is refused when it",), ((why,) for why in dict.fromkeys(one.why for one in found)))


def mistakes_table() -> str:
    """Mistakes and the answers that the loader gives to them today."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [(_shown(written), *_answer(Path(folder), written)) for written in MISTAKES]
    return table(("written", "field", "answer"), rows)


def _shown(written: str) -> str:
    return "<br>".join(f"`{line}`" for line in written.splitlines())


def _answer(folder: Path, written: str) -> tuple[str, str]:
    file = folder / "change_of_mind.yaml"
    file.write_text(f"kind: change_of_mind\nlike: change_of_mind\n{written}\n", encoding="utf-8")
    problems, meant = check_folder(folder), re.split(r"\W", written)[0]
    first = next((problem for problem in problems if problem.field.split(".")[0] == meant), problems[0])
    return f"`{first.field}`", first.message.replace("|", "\\|").replace("<", "&lt;")
