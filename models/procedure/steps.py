"""The steps of a playbook: in which situation it proposes what, to whom, in both languages.

A step proposes an action of the one machine; it never adds an arrow. The first step whose situation holds is the
next one. What a situation can be asked about is in `FACTS`; `models.procedure.situation` reads the facts from a case.
"""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from models.commands import Cause, Check, Finding, Hold, OptionType, Party, Remedy, Severity, Text, Word
from models.lifecycle import Action
from models.procedure.playbook_parts import Names, Part, States, as_list

YES_NO = ("yes", "no")

#: What a step can ask about a case, and the answers there are; None = any word.
FACTS: dict[str, tuple[str, ...] | None] = {
    "subcategory": None,
    "channel": None,
    "country": None,
    "wanted": (*get_args(Remedy), "nothing"),  # what the customer asks for
    "finding": (*get_args(Finding), "none"),  # the last one reported
    "next_check": (*get_args(Check), "none"),  # whom the playbook's `checks` ask next; none = all were asked
    "evidence": ("complete", "missing"),
    "eligible": ("yes", "no", "human"),
    "order": YES_NO,  # whether the case has an order
    "announced": YES_NO,  # whether money was announced when the case was opened (L12)
    "paid": YES_NO,  # whether anything was paid for the order
    "parcel": ("unprinted", "printed", "gone", "delivered", "pulled", "lost", "none"),
    "dispatch": ("due", "not_yet"),  # whether the order ought to have left (L11)
    "severity": (*get_args(Severity), "none"),
    "contained": YES_NO,  # whether ongoing harm was stopped (T3)
    "goods": ("customer", "in_transit", "here", "returned", "nowhere"),
    "worth_return": YES_NO,  # section 12
    "verdict": ("confirmed", "refuted", "passed", "none"),
    "cause": (*get_args(Cause), "none"),
    "liable": get_args(Party),
    "warranty": ("in", "out", "unknown"),
    "legal": (*get_args(Remedy), "none"),  # what the customer can insist on by law
    "repairs": ("few", "enough"),  # whether they failed so often, or took so long, that the law gives an exchange
    "no_reason": YES_NO,  # whether the law lets him return it without a reason, on the day it was asked for
    "red_letter": YES_NO,  # whether the law has an electronic invoice red-lettered and issued anew (G9)
    "seller_proves": YES_NO,  # whether the law has the seller show that there was no defect
    "stock": ("there", "out"),
    "offer": ("none", "declined", "accepted", "exhausted"),
    "agreed": (*get_args(OptionType), "none"),  # the accepted option
    "remedy": (*get_args(Remedy), "nothing"),  # the remedy chosen last
    "keep_its": ("few", "many"),  # K6
    "calls": ("left", "used"),  # T17
    "visit": ("none", "appointed", "dispatched", "arrived"),
    "account": ("known", "missing", "unconfirmed"),  # it goes to his balance, and a second person has not seen it
    "payment": ("none", "notified"),
    "payout": ("open", "none"),  # money that finance has still to pay
    "refundable": YES_NO,  # whether the goods of the case have anything left to refund
    "claim": ("open", "settled", "none"),  # against courier or supplier
    "deposit": ("none", "owed", "in", "kept", "capture", "settled"),  # of an exchange in advance (G5)
    "overpaid": YES_NO,  # whether the customer paid what he does not owe, and has not got it back
    "asked": YES_NO,  # whether the customer was asked for evidence already
    "contact": ("changed", "same"),  # whether a name, phone or address was changed in this case (C7)
    "second_order": YES_NO,  # whether the order that brings the new item is linked (G13)
    "new_date": ("known", "none"),  # whether the last finding named a date
    "loaner": ("out", "none"),
    "invoice": ("open", "none"),
    "hold": (*get_args(Hold), "none"),
    "way_back": ("moving", "lost", "refused"),  # what the courier says of the return (G14)
    "differs": YES_NO,  # what came is not what was declared (G3)
    "replacement": ("unchecked", "failed", "ready"),  # what replaces a faulty item, before it leaves (G16)
    "at_locker": YES_NO,  # what we sent lies at a locker or pick-up point, and nobody has it in hand (L16)
    "at_dock": YES_NO,  # the courier says that it was delivered to us, and it is not booked in (G14)
}

Facts = Mapping[str, frozenset[str]]


def _known_facts(when: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    for name, values in when.items():
        if name not in FACTS:
            raise ValueError(f"there is no fact {name}; known are {', '.join(FACTS)}")
        known = FACTS[name]
        wrong = [value for value in values if known is not None and value not in known]
        if wrong:
            raise ValueError(f"{name} is never {wrong[0]}; known are {', '.join(known or ())}")
    return when


OneOrMore = Annotated[tuple[Word, ...], BeforeValidator(as_list)]
When = Annotated[dict[Word, OneOrMore], AfterValidator(_known_facts)]


class Step(Part):
    """One step of a procedure: in these states, when this holds, somebody is to do this, and why."""

    states: Annotated[States, Field(alias="in", min_length=1, description="the state it is for, or a list of them")]
    when: When = Field(default_factory=dict, description="facts that all have to hold; left out = always")
    do: Action | None = Field(None, description="the action proposed; left out = somebody else has the word, we wait")
    data: dict[str, Any] = Field(
        default_factory=dict, alias="with", description="the action's data, as far as the playbook knows it"
    )
    who: Word | None = Field(None, description="who is to do it, where it is not the one whom the state waits for")
    zh: Text = Field(description="the instruction to our own people, in Chinese")
    en: Text = Field(description="the instruction to our own people, in English")
    why: Names | None = Field(None, description="why, in both languages")
    script: Word | None = Field(None, description="the script that fits, where it is not that of the state")

    def holds(self, state: str, facts: Facts) -> bool:
        """Whether this step is meant for a case in `state` of which these facts are true."""
        return state in self.states and all(not facts[name].isdisjoint(values) for name, values in self.when.items())
