"""What the picture of a kind's road says in the console: states, actions and conditions as the pages name them."""

from collections.abc import Mapping
from typing import Final

from api.drawings.lifecycle import BACK, CROSSING
from api.drawings.road_words import RoadWords
from api.procedure.roads import STAYS, Road, Way
from console import labels
from console.language import N_, Tongue
from models.lifecycle import WAITS_FOR, Action, State

#: When a way is taken, what ends by itself, and what the crossing asks: as the table of life says it → its words.
CONDITIONS: Final = {
    "above the limit": N_("above the limit"),
    "an answer": N_("an answer"),
    "an offer": N_("an offer was approved"),
    "at_locker": N_("left at a locker or pick-up point"),
    "came_after_the_end": N_("it came after the end"),
    "comes_in": N_("money came in"),
    "delivered": N_("delivered"),
    "delivered in advance, old goods customer": N_("delivered in advance, the old goods still with the customer"),
    "delivered in advance, old goods here": N_("delivered in advance, the old goods are here"),
    "delivered in advance, old goods in_transit": N_("delivered in advance, the old goods on their way to us"),
    "delivered or signed_by_other": N_("delivered, or signed by somebody else"),
    "dispute lost or accepted, no payout open": N_("dispute lost or accepted, no payout open"),
    "dispute won, no payout open": N_("dispute won, no payout open"),
    "final": N_("final"),
    "fixed": N_("fixed"),
    "gone": N_("already gone"),
    "goods are here": N_("the goods are here"),
    "goods here": N_("the goods are here"),
    "goods must come": N_("the goods must come back"),
    "goods not here": N_("the goods are not here"),
    "label printed": N_("label printed"),
    "lost": N_("lost"),
    "lost or signed_by_other": N_("lost, or signed by somebody else"),
    "never_came": N_("the old goods never came"),
    "no payout open": N_("no payout open"),
    "no stock": N_("no stock"),
    "no tries left": N_("no tries left"),
    "not satisfied": N_("not satisfied"),
    "not_taken_in_advance": N_("sent in advance and refused"),
    "paid, goods to go back": N_("paid, the goods still to go back"),
    "parcel on its way": N_("parcel on its way"),
    "payouts_open": N_("a payout is open"),
    "pulled": N_("pulled in time"),
    "refused": N_("refused"),
    "rejected_with_deposit": N_("ruled against the customer, a deposit is held"),
    "ruled refund": N_("ruled: refund"),
    "ruled refunded": N_("ruled: refunded by the platform"),
    "ruled rejected": N_("ruled: rejected"),
    "ruled rejected, goods here": N_("ruled: rejected, the goods are here"),
    "ruled rejected, something open": N_("ruled: rejected, something is open"),
    "ruled return": N_("ruled: return"),
    "ruled return, goods here": N_("ruled: return, the goods are here"),
    "satisfied": N_("satisfied"),
    "settled": N_("deposit settled, nothing to pay"),
    "settled_and_paying": N_("deposit settled, money to pay back"),
    "silence": N_("no answer in time"),
    "silence counts as declined": N_("no answer in time: counts as declined"),
    "silence counts as missed": N_("no answer in time: counts as missed"),
    "silence starts a search": N_("nothing heard in time: the parcel is looked for"),
    "something to pay first": N_("something to pay first"),
    "taken_away": N_("taken away"),
    "tries left": N_("tries left"),
    **{f"to {state}": words for state, words in labels.STATES.items()},
}


def road_words(tongue: Tongue, kinds: Mapping[str, Mapping[str, str]]) -> RoadWords:
    """The words of a road's picture in the language of a page; `kinds` are the names of all kinds."""
    say = tongue.say
    return RoadWords(
        told=lambda road: say("The road of %(kind)s", kind=_name(road, tongue)),
        title=lambda road: _name(road, tongue),
        below=lambda _: say("The places of this kind of case, and the ways from one to another"),
        legend=(
            ("own", say("a step of this kind")),
            ("general", say("a general step")),
            ("answer", say("whoever is awaited")),
            ("clock", say("the clock")),
        ),
        stage=lambda stage: say(labels.STAGES[stage]).capitalize(),
        place=lambda place: _place(place, tongue),
        waits=lambda place: _waits(place, tongue),
        way=lambda way: _way(way, tongue, kinds),
    )


def _name(road: Road, tongue: Tongue) -> str:
    return tongue.of({"zh": road.zh, "en": road.en})


def _place(place: str, tongue: Tongue) -> str:
    return tongue.say("Remedy") if place == CROSSING else tongue.say(labels.STATES[place])


def _waits(place: str, tongue: Tongue) -> str:
    if place == CROSSING:
        return tongue.say("the first that holds")
    if place == State.INVESTIGATING:
        return tongue.say("waits for whoever is asked")
    awaited = WAITS_FOR[State(place)]
    if awaited == "nobody":
        return tongue.say("the end")
    return tongue.say("waits for %(whom)s", whom=tongue.say(labels.TURNS[awaited]))


def _way(way: Way, tongue: Tongue, kinds: Mapping[str, Mapping[str, str]]) -> str:
    """A row: what is done, under which condition, and where it leads."""
    what = _what(way, tongue, kinds)
    if way.when:
        what = tongue.say("%(what)s (%(when)s)", what=what, when=_condition(way.when, tongue))
    if way.target == STAYS:
        return what
    end = tongue.say("back where it came from") if way.target == BACK else _place(way.target, tongue)
    # The arrow and where it leads stay in one line.
    return f"{what} " + f"→ {end}".replace(" ", "\u00a0")


def _condition(when: str, tongue: Tongue) -> str:
    return tongue.say(CONDITIONS.get(when, when))


def _what(way: Way, tongue: Tongue, kinds: Mapping[str, Mapping[str, str]]) -> str:
    if way.source == CROSSING and way.words not in CONDITIONS:
        return _listed(way.words.split(" / "), "remedy", tongue, kinds)
    action, _, details = way.words.partition(" ")
    if action not in labels.ACTIONS or way.by == "clock" or way.words in CONDITIONS:
        return _condition(way.words, tongue)
    done = tongue.say(labels.ACTIONS[action])
    if not details:
        return done
    field = {Action.INVESTIGATE.value: "check", Action.CHANGE_KIND.value: "kind"}.get(action, "remedy")
    told = _listed(details.split(" / "), field, tongue, kinds)
    return tongue.say("%(name)s: %(value)s", name=done, value=told)


def _listed(names: list[str], field: str, tongue: Tongue, kinds: Mapping[str, Mapping[str, str]]) -> str:
    if field == "kind":
        return " / ".join(tongue.of(kinds[name]) if name in kinds else name for name in names)
    return " / ".join(tongue.say(labels.choice(field, name)) for name in names)
