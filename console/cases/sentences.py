"""What the machine says in a case, in people's language: how sums are made up (F20), and its own notes in the timeline.

English stands in the case for good; each sentence is known again by its words.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from console import labels
from console.language import N_, Tongue
from console.refusals import telling
from console.refusals.roles import ROLE_WORDS
from console.refusals.telling import pattern

#: Everything that remedies say of where a number comes from.
SUMS: Final = (
    N_("line %(line)s: %(amount)s is what %(quantity)s of it cost, by its own share (F13)."),
    N_(
        "line %(line)s: %(amount)s is what %(quantity)s of it cost, by its own share, "
        "less what this case gave for it before (F13)."
    ),
    N_("%(amount)s withheld: %(percent)s %% for use or damage (F16)."),
    N_("postage %(amount)s: goes back, the playbook says so (%(rule)s, F14)."),
    N_("postage %(amount)s: goes back, all it carried is back (%(rule)s, F14)."),
    N_("postage: stays until everything it carried is back (%(rule)s, F14)."),
    N_("the seller is liable for %(percent)s %% of the postage (F19)."),
    N_("this is all that the payments have left to give back (F17)."),
    N_("%(amount)s of it was paid for dearer goods of an exchange (G6)."),
    N_("%(amount)s taken off, as the customer agreed: freight paid without cause (F24)."),
    N_("%(amount)s of a promotion, withheld before: goes back (F21)."),
    N_("%(amount)s withheld: what stays is below the threshold of a promotion that it had (F21)."),
    N_("return freight %(amount)s: the customer's own (%(rule)s)."),
    N_("return freight %(amount)s: reimbursed against the receipt (%(rule)s, F11)."),
    N_("the seller is liable for %(percent)s %% of it (F19)."),
    N_("return freight %(amount)s is above the limit; a manager decides (F11)."),
    N_("freight %(amount)s and quote %(quote)s: the customer owes %(percent)s %% before shipping (%(rule)s, F12)."),
    N_("freight %(amount)s: the customer owes %(percent)s %% before shipping (%(rule)s, F12)."),
    N_("quote %(quote)s: the customer owes %(percent)s %% before shipping (%(rule)s, F12)."),
    N_("price difference %(amount)s: owed before shipping (G6)."),
    N_("price difference %(amount)s: the new goods are cheaper (G6)."),
    N_("amount %(amount)s: as agreed, no goods come back (%(rule)s)."),
    N_("Nothing is paid: the case ends with an answer."),
    N_(
        "The seller's share was assumed to be %(assumed)s %% and found to be %(found)s %%; "
        "the customer was not asked (F19)."
    ),
)
#: What the machine notes by itself.
NOTES: Final = (
    N_("%(clock)s ran out."),
    N_("%(clock)s ends soon."),
    N_("%(clock)s is near its end."),
    N_("%(clock)s: nobody is on duty for %(alarm)s."),
    N_("%(clock)s: %(alarm)s."),
    N_("No %(role)s is on duty."),
    N_("Not on the shelf: %(goods)s."),
    N_("Lines went to %(cases)s."),
    N_("The goods were sent before they were asked for."),
    N_("Goods came that were not on their way, as far as we knew."),
    N_("The courier reports the return as lost or refused: ask for it (G14)."),
    N_("The parcel did not come in time: ask the courier (G14)."),
    N_("The goods did not reach the expert: ask the courier, and tell the customer (G11)."),
    N_("A fault was refuted without a photo or report: have one made, it is explained with them (G4)."),
    N_("The replacement of a faulty item left without its extra check (G16)."),
    N_("The customer asked for '%(wanted)s' and has a right to it (%(law)s); '%(remedy)s' was chosen instead."),
)
#: What is said in English only; whoever reads another language finds it where it is said in his.
ELSEWHERE: Final = {"To be looked at: %(reasons)s.": N_("To be looked at: the reasons are under Rules.")}
_MONEY = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})\b")
_MACHINES = re.compile(r"[a-z0-9_]+")
_LEVEL = re.compile(r"level (\d+)")
#: How the machine's names in a sentence are said.
_NAMES: Final = {"clock": labels.CLOCKS, "wanted": labels.WANTED, "remedy": labels.WANTED, "role": ROLE_WORDS}


@cache
def _known() -> tuple[tuple[re.Pattern[str], str], ...]:
    every = {one: one for one in (*SUMS, *NOTES)} | ELSEWHERE
    return tuple((pattern(sentence.replace("%%", "%")), said) for sentence, said in every.items())


def told(source: str, tongue: Tongue) -> str | None:
    """A sentence of the machine in one's language; None for one that is not known."""
    for known, sentence in _known():
        found = known.fullmatch(source)
        if found and _MACHINES.fullmatch(found.groupdict().get("clock", "clock")):
            values = {name: _value(name, text, tongue) for name, text in found.groupdict().items()}
            return tongue.say(sentence, **values)
    return None


def sums(sources: Iterable[str], tongue: Tongue) -> list[str]:
    """Where the numbers come from, each in one's language as far as it is known."""
    return [told(one, tongue) or one for one in sources]


def noted(words: str, tongue: Tongue) -> str:
    """A note of the machine, or what it was refused with."""
    if tongue.language == "en" and words.startswith("To be looked at"):
        return words
    return told(words, tongue) or telling.said(tongue, words) or words


def _value(name: str, text: str, tongue: Tongue) -> str:
    words = _NAMES.get(name, {}).get(text)
    if words:
        return tongue.say(words)
    level = _LEVEL.search(text) if name == "alarm" else None
    if level:
        return tongue.say("level %(level)s", level=level[1])
    return _MONEY.sub(lambda one: tongue.money({"amount": one[1], "currency": one[2]}), text)
