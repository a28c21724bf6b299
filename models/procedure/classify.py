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
from models.procedure.wording import LIGHT, NEGATIONS, Written, is_chinese, written

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
LEAST = 0.15
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
SLACK = 2
#: A subcategory is proposed when its own words make so much of the score.
TELLING = 0.5
#: What counts less than this is not shown.
SHOWN = 0.1
_LITTLE = LIGHT | NEGATIONS


# ── what the playbooks say ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Kind:
    """The words of one playbook: phrases and names, of the whole kind (None) and of each subcategory."""

    kind: str
    said: tuple[tuple[str | None, tuple[str, ...]], ...]

    @classmethod
    def of(cls, playbook: Playbook) -> "_Kind":
        names = (playbook.names.zh, playbook.names.en)
        subs = ((sub.key, (*sub.typical_words, sub.zh, sub.en)) for sub in playbook.subcategories)
        return cls(playbook.kind, ((None, (*playbook.typical_words, *names)), *subs))


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
        rarity = _rarity(((kind, features) for kind, _, features, _ in said), len(kinds))
        self.phrases: list[_Phrase] = []
        self.having: dict[Feature, list[tuple[int, float]]] = defaultdict(
            list
        )  # phrases by number, and its weight there
        for number, (kind, subcategory, features, length) in enumerate(said):
            weights = {feature: rarity[feature] for feature in sorted(features)}
            denies = any(not NEGATIONS.isdisjoint((feature, *feature)) for feature in features)
            self.phrases.append(_Phrase(kind, subcategory, weights, sum(weights.values()), length, denies))
            for feature, weight in weights.items():
                self.having[feature].append((number, weight))
        self.near = _misspellings(feature for feature in self.having if len(feature) >= 5)

    def hits(self, words: Sequence[Written]) -> dict[str, list[tuple[_Phrase, tuple[_Seen, ...]]]]:
        """Per kind the phrases that were found, each where most of it stands together."""
        seen = list(self.features(words))
        enough = self.enough({one.feature for one in seen})
        places: dict[int, list[_Seen]] = defaultdict(list)
        for one in seen:
            for number, _ in self.having[one.feature]:
                if number in enough:
                    places[number].append(one)
        found: dict[str, list[tuple[_Phrase, tuple[_Seen, ...]]]] = defaultdict(list)
        for number, standing in places.items():
            phrase = self.phrases[number]
            found[phrase.kind].append((phrase, _best_window(phrase, standing, words)))
        return found

    def enough(self, features: Iterable[Feature]) -> set[int]:
        """The phrases of which enough is among these features, wherever they stand.

        Light words count only beside others of their phrase: by themselves they say nothing.
        """
        weights: dict[int, float] = {}
        telling: set[int] = set()
        for feature in features:
            for number, weight in self.having[feature]:
                weights[number] = weights.get(number, 0.0) + weight
            if not _is_light(feature):
                telling.update([number for number, _ in self.having[feature]])
        return {number for number in telling if weights[number] >= PART * self.phrases[number].whole}

    def features(self, words: Sequence[Written]) -> Iterable[_Seen]:
        """Every feature of a text that some playbook has, and how sure it is."""
        for place, feature in _features(words):
            if feature in self.having:
                yield _Seen(place, feature, 1.0)
            elif near := self.near_to(feature):
                yield _Seen(place, near, MISSPELT)

    def near_to(self, feature: Feature) -> Feature | None:
        """The known word that a misspelt one stands for: one letter is missing, too many, or another."""
        if len(feature) < 5 or is_chinese(feature):
            return None
        return next((self.near[less] for less in (feature, *_one_less(feature)) if less in self.near), None)


def _phrases(kind: _Kind) -> Iterable[tuple[str | None, frozenset[Feature], int]]:
    """Every phrase of a kind: whose it is, its features, and its length in words."""
    for subcategory, texts in kind.said:
        for text in texts:
            words = written(text)
            if features := frozenset(feature for _, feature in _features(words)):
                yield subcategory, features, len(words)


def _features(words: Sequence[Written]) -> Iterable[tuple[int, Feature]]:
    """English words, Chinese characters, and pairs of these that stand side by side, each with its place."""
    for place, word in enumerate(words):
        yield place, word.word
        if _is_pair(words, place):
            yield place, word.word + words[place + 1].word


def _is_pair(words: Sequence[Written], place: int) -> bool:
    """Whether a Chinese character stands there, and another one behind it in the same clause."""
    if not 0 <= place < len(words) - 1:
        return False
    one, next_one = words[place], words[place + 1]
    return one.clause == next_one.clause and is_chinese(one.word) and is_chinese(next_one.word)


def _rarity(said: Iterable[tuple[str, Iterable[Feature]]], kinds: int) -> dict[Feature, float]:
    """What a feature weighs: 1 when one kind has it, next to nothing when all have it."""
    having: dict[Feature, set[str]] = defaultdict(set)
    for kind, features in said:
        for feature in features:
            having[feature].add(kind)
    top = math.log(kinds + 1)
    return {
        feature: LIGHT_WEIGHT if _is_light(feature) else math.log((kinds + 1) / len(found)) / top
        for feature, found in having.items()
    }


def _is_light(feature: Feature) -> bool:
    """Whether it says next to nothing by itself: what every sentence has, a single letter, a small number."""
    small = feature.isascii() and (len(feature) == 1 or (len(feature) == 2 and feature.isdigit()))
    return small or feature in _LITTLE


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
    inside, weight = _closest(phrase, places)
    share = weight / phrase.whole
    if share < PART:
        return ()
    if not _means_it([one.place for one in inside], phrase, words):
        share *= DENIED
    weights = phrase.weights
    return tuple([_Seen(one.place, one.feature, weights[one.feature] * one.value * share) for one in inside])


def _closest(phrase: _Phrase, places: Sequence[_Seen]) -> tuple[list[_Seen], float]:
    """The features within the phrase's reach that weigh most together, each once, and what they weigh."""
    reach, weights = phrase.length + SLACK, phrase.weights
    best: list[_Seen] = []
    most, end, last = 0.0, 0, places[-1].place
    for i, first in enumerate(places):
        if i and last < end:
            break  # the window before went to the end already
        end = first.place + reach
        inside: dict[Feature, _Seen] = {}
        for one in places[i:]:
            if one.place >= end:
                break
            inside.setdefault(one.feature, one)
        weight = 0.0
        for feature, one in inside.items():
            weight += weights[feature] * one.value
        if weight > most:
            best, most = list(inside.values()), weight
    return best, most


def _means_it(places: Sequence[int], phrase: _Phrase, words: Sequence[Written]) -> bool:
    """Whether the text says what the phrase says, and not its opposite.

    A phrase that denies nothing is denied by a word right in front of it; one that denies needs such a word somewhere
    in the same clause.
    """
    first, clause = min(places), words[min(places)].clause
    if not phrase.denies:
        return not _denied(words[max(0, first - 2) : first], clause)
    return _denied(words[max(0, first - AROUND) : max(places) + AROUND], clause)


def _denied(words: Iterable[Written], clause: int) -> bool:
    return any(word.word in NEGATIONS and word.clause == clause for word in words)


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
