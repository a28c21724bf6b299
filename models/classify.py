"""Which kind of case is it? The likeliest ones from the customer's own words, with the words that speak for them.

Plain matching against what the playbooks say of themselves: their `typical_words`, those of their subcategories, and
their names. Nothing is learned and no kind is known here. A word counts the more, the fewer kinds have it; a phrase
counts the more, the longer it is and the more of it is there; what is denied counts little. The agent decides.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from models.playbook import Playbook
from models.wording import LIGHT, NEGATIONS, Written, is_chinese, written

__all__ = ["Proposal", "propose"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind that the words speak for, and the finer sort if they tell; `matched` is as the customer wrote it."""

    kind: str
    subcategory: str | None
    score: float
    matched: tuple[str, ...]


def propose(text: str, playbooks: Iterable[Playbook], limit: int = 3) -> tuple[Proposal, ...]:
    """The likeliest kinds for a customer's words, best first; none where the words say nothing."""
    words = written(text[:MOST_LETTERS])
    found = _index(tuple(_Kind.of(playbook) for playbook in playbooks)).hits(words)
    scores = {kind: round(_score(hits), 3) for kind, hits in found.items()}
    likely = sorted((kind for kind in scores if scores[kind] >= LEAST), key=lambda kind: (-scores[kind], kind))
    return tuple(
        Proposal(kind, _subcategory(found[kind], scores[kind]), scores[kind], _matched(text, words, found[kind]))
        for kind in likely[: max(0, limit)]
    )


#: What is written behind these letters is not read.
MOST_LETTERS = 5_000
#: Below this a match says nothing.
LEAST = 0.3
#: What a light word weighs, against 1 for a word that no other kind has.
LIGHT_WEIGHT = 0.25
#: What remains of a match that is denied.
DENIED = 0.2
#: How far from a phrase that denies the denying word may stand, in words.
AROUND = 8
#: A phrase of which less than this is there says nothing.
PART = 0.2
#: What remains of a word that was recognised although it is misspelt.
MISSPELT = 0.8
#: How many other words may stand between those of a phrase.
SLACK = 3
#: A subcategory is proposed when its own words make so much of the score.
TELLING = 0.5
#: What counts less than this is not shown.
SHOWN = 0.1
#: What names weigh against typical words: nobody writes as a list of kinds does.
NAME = 0.7
_LITTLE = LIGHT | NEGATIONS


# ── what the playbooks say ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Kind:
    """The words of one playbook: per subcategory (None = of the whole kind) phrases and names."""

    kind: str
    said: tuple[tuple[str | None, tuple[str, ...], tuple[str, ...]], ...]

    @classmethod
    def of(cls, playbook: Playbook) -> "_Kind":
        names = (playbook.names.zh, playbook.names.en)
        subs = ((sub.key, sub.typical_words, (sub.zh, sub.en)) for sub in playbook.subcategories)
        return cls(playbook.kind, ((None, playbook.typical_words, names), *subs))


#: A feature is a word, or two Chinese characters that stand side by side.
Feature = str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase of a playbook: its features, what each weighs, how many words it has, and whether it denies."""

    kind: str
    subcategory: str | None
    weights: Mapping[Feature, float]
    whole: float
    length: int
    factor: float
    denies: bool


class _Seen(NamedTuple):
    """A feature in a text: at which word, how many words wide, and how sure it is; later what it counts."""

    place: int
    feature: Feature
    value: float

    @property
    def wide(self) -> int:
        return 2 if len(self.feature) == 2 and is_chinese(self.feature) else 1


_Hits = Sequence[tuple[_Phrase, tuple[_Seen, ...]]]


@lru_cache(maxsize=8)
def _index(kinds: tuple[_Kind, ...]) -> "_Index":
    return _Index(kinds)


class _Index:
    """The phrases of all kinds, by the features that they have."""

    def __init__(self, kinds: tuple[_Kind, ...]) -> None:
        said = [(kind.kind, *phrase) for kind in kinds for phrase in _phrases(kind)]
        rarity = _rarity([(kind, features) for kind, _, _, features, _ in said], len(kinds))
        self.phrases: dict[Feature, list[_Phrase]] = defaultdict(list)
        for kind, subcategory, factor, features, length in said:
            weights = {feature: rarity[feature] for feature in features}
            denies = any(not NEGATIONS.isdisjoint((feature, *feature)) for feature in features)
            phrase = _Phrase(kind, subcategory, weights, sum(weights.values()), length, factor, denies)
            for feature in weights:
                self.phrases[feature].append(phrase)
        self.near = _misspellings(feature for feature in self.phrases if len(feature) >= 5)

    def hits(self, words: Sequence[Written]) -> dict[str, list[tuple[_Phrase, tuple[_Seen, ...]]]]:
        """Per kind the phrases that were found, each where most of it stands together.

        Light words count only beside others of their phrase: by themselves they say nothing.
        """
        features = list(self.features(words))
        seen: dict[int, tuple[_Phrase, list[_Seen]]] = {}
        for one in features:
            for phrase in self.phrases[one.feature] if one.feature not in _LITTLE else ():
                seen.setdefault(id(phrase), (phrase, []))[1].append(one)
        for one in features:
            for phrase in self.phrases[one.feature] if one.feature in _LITTLE else ():
                if id(phrase) in seen:
                    seen[id(phrase)][1].append(one)
        found: dict[str, list[tuple[_Phrase, tuple[_Seen, ...]]]] = defaultdict(list)
        for phrase, places in seen.values():
            found[phrase.kind].append((phrase, _best_window(phrase, sorted(places), words)))
        return found

    def features(self, words: Sequence[Written]) -> Iterable[_Seen]:
        """Every feature of a text that some playbook has, and how sure it is."""
        for place, feature in _features(words):
            if feature in self.phrases:
                yield _Seen(place, feature, 1.0)
            elif near := self.near_to(feature):
                yield _Seen(place, near, MISSPELT)

    def near_to(self, feature: Feature) -> Feature | None:
        """The known word that a misspelt one stands for: one letter is missing, too many, or another."""
        if len(feature) < 5 or is_chinese(feature):
            return None
        return next((self.near[less] for less in (feature, *_one_less(feature)) if less in self.near), None)


def _phrases(kind: _Kind) -> Iterable[tuple[str | None, float, tuple[Feature, ...], int]]:
    for subcategory, phrases, names in kind.said:
        for factor, texts in ((1.0, phrases), (NAME, names)):
            for text in texts:
                words = written(text)
                features = tuple(dict.fromkeys(feature for _, feature in _features(words, of_phrase=True)))
                if features:
                    yield subcategory, factor, features, len(words)


def _features(words: Sequence[Written], of_phrase: bool = False) -> Iterable[tuple[int, Feature]]:
    """Words and pairs of characters, each with its place; a phrase has single characters only if it has no pair."""
    for place, word in enumerate(words):
        if not is_chinese(word.word):
            yield place, word.word
            continue
        following = words[place + 1] if place + 1 < len(words) else None
        paired = following is not None and is_chinese(following.word) and following.clause == word.clause
        if paired:
            assert following is not None
            yield place, word.word + following.word
        if not of_phrase or not (paired or _pairs_before(words, place)):
            yield place, word.word


def _pairs_before(words: Sequence[Written], place: int) -> bool:
    return place > 0 and is_chinese(words[place - 1].word) and words[place - 1].clause == words[place].clause


def _rarity(said: Iterable[tuple[str, tuple[Feature, ...]]], kinds: int) -> dict[Feature, float]:
    """What a feature weighs: 1 when one kind has it, next to nothing when all have it."""
    having: dict[Feature, set[str]] = defaultdict(set)
    for kind, features in said:
        for feature in features:
            having[feature].add(kind)
    top = math.log(kinds + 1)
    return {
        feature: LIGHT_WEIGHT if feature in _LITTLE else math.log((kinds + 1) / len(found)) / top
        for feature, found in having.items()
    }


def _misspellings(features: Iterable[Feature]) -> dict[str, Feature]:
    near: dict[str, Feature] = {}
    for feature in features:
        if not is_chinese(feature):
            for less in (feature, *_one_less(feature)):
                near.setdefault(less, feature)
    return near


def _one_less(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1 :] for i in range(1, len(word)))


# ── weighing ──────────────────────────────────────────────────────────────────────────────────────


def _best_window(phrase: _Phrase, places: Sequence[_Seen], words: Sequence[Written]) -> tuple[_Seen, ...]:
    """Where most of the phrase stands close together, and what each feature of it counts there."""
    reach = phrase.length + SLACK
    best: tuple[float, dict[Feature, _Seen]] = (0.0, {})
    for i, first in enumerate(places):
        inside: dict[Feature, _Seen] = {}
        end = first.place + reach
        for one in places[i:]:
            if one.place >= end:
                break
            inside.setdefault(one.feature, one)
        weight = sum(phrase.weights[one.feature] * one.value for one in inside.values())
        best = max(best, (weight, inside), key=lambda found: found[0])
    weight, inside = best
    if weight < PART * phrase.whole:
        return ()
    factor = phrase.factor * weight / phrase.whole
    factor *= 1 if _means_it(inside.values(), phrase, words) else DENIED
    return tuple(one._replace(value=phrase.weights[one.feature] * one.value * factor) for one in inside.values())


def _means_it(seen: Iterable[_Seen], phrase: _Phrase, words: Sequence[Written]) -> bool:
    """Whether the text says what the phrase says, and not its opposite.

    A phrase that denies nothing is denied by a word right in front of it; one that denies needs such a word somewhere
    in the same clause.
    """
    places = [one.place for one in seen]
    first, clause = min(places), words[min(places)].clause
    if not phrase.denies:
        before = words[max(0, first - 2) : first]
        return not any(word.word in NEGATIONS and word.clause == clause for word in before)
    around = words[max(0, first - AROUND) : max(places) + AROUND]
    return any(word.word in NEGATIONS and word.clause == clause for word in around)


def _subcategory(hits: _Hits, score: float) -> str | None:
    """The subcategory whose own words make most of the score, if they make enough of it."""
    by_sub: dict[str, list[tuple[_Phrase, tuple[_Seen, ...]]]] = defaultdict(list)
    for phrase, seen in hits:
        if phrase.subcategory:
            by_sub[phrase.subcategory].append((phrase, seen))
    weighed = {key: _score(found) for key, found in by_sub.items()}
    likeliest = max(weighed, key=lambda key: (weighed[key], key), default=None)
    return likeliest if likeliest is not None and weighed[likeliest] >= TELLING * score else None


def _winners(hits: _Hits) -> dict[int, tuple[float, int]]:
    """Per place what it counts, and the hit that makes it so: it counts once, by the phrase most of which is there."""
    winners: dict[int, tuple[float, int]] = {}
    for number, (_, seen) in enumerate(hits):
        for one in seen:
            winners[one.place] = max(winners.get(one.place, (0.0, 0)), (one.value, number))
    return winners


def _score(hits: _Hits) -> float:
    return sum(value for value, _ in _winners(hits).values())


def _matched(text: str, words: Sequence[Written], hits: _Hits) -> tuple[str, ...]:
    """What speaks for a kind, as it stands in the text: the longest pieces, in the order of the text."""
    winners = _winners(hits).values()
    enough = min(SHOWN, max(value for value, _ in winners))
    winning = {number for value, number in winners if value >= enough}
    covered = sorted(
        {place for number in winning for one in hits[number][1] for place in range(one.place, one.place + one.wide)}
    )
    runs: list[list[int]] = []
    for place in covered:
        if runs and place - runs[-1][-1] <= 2 and words[place].clause == words[runs[-1][-1]].clause:
            runs[-1].append(place)
        else:
            runs.append([place])
    telling = [run for run in runs if any(words[place].word not in LIGHT for place in run)]
    return tuple(dict.fromkeys(text[words[run[0]].start : words[run[-1]].end] for run in telling))
