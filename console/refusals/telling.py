"""A refusal in people's language: the sentence is known again by its words, and its values are told by theirs.

English stays as it was raised. In another language a refusal is one whole sentence of that language: where a sentence
or a value in it is not known, what the error means is said in general, with its code, and never half of it in English.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from console import labels
from console.language import N_, Tongue, catalogue, kept_in
from console.refusals.roles import ROLE_WORDS
from models.errors import AftercareError

#: A place in a sentence, and the name of what stands there.
PLACE: Final = re.compile(r"%\((\w+)\)s")
_PROSE = re.compile(r"[a-z]{2,}['’]?[a-z]* [a-z]+ [a-z]{2,}")
_OTHER_SCRIPT = re.compile(r"[\u3400-\u9fff]")
_DEEPEST: Final = 4
#: What is looked up: refusals, what is wrong with a file, or what an audit or a sweep has found.
Book = Literal["refusals", "mistakes", "findings"]
_PARTS: Final[Mapping[Book, tuple[str, ...]]] = {
    "refusals": ("refusals",),
    "mistakes": ("mistakes", "refusals"),
    "findings": ("findings",),
}
#: So many letters of a sentence's beginning say which ones it can be.
_HEAD: Final = 4

#: What is in a place → how the machine's names that stand there are said.
_TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    **dict.fromkeys(("action",), labels.ACTIONS),
    **dict.fromkeys(("state", "to_state", "origin", "correctable"), labels.STATES),
    **dict.fromkeys(("role", "needed", "early", "named_role", "mine", "listed", "roles", "people"), ROLE_WORDS),
    **dict.fromkeys(("remedy", "remedies"), labels.WANTED),
    **dict.fromkeys(("account", "purpose"), labels.PURPOSES),
    **dict.fromkeys(
        ("result", "results", "fits", "parties", "party_liable", "ruling", "known", "against", "name"), labels.CHOICES
    ),
}
#: The same of what an audit or a sweep has found.
_OF_FINDINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "state": labels.PAYOUTS,
    "said": labels.PAYOUTS | {"unknown": labels.NO_PAYOUT},
    "purpose": labels.PURPOSES,
    "name": labels.PURPOSES | {"paid": labels.PAYOUTS["done"]},
    "kinds": labels.ENDS,
}
_A_COUNT = re.compile(r"(\w+) (\d+)")


def told(tongue: Tongue, error: AftercareError) -> str:
    """What was refused and what to do, in one's language."""
    if tongue.language == "en":
        return error.detail
    found = said(tongue, error.detail)
    if found is not None:
        return found
    fields = [complaint(tongue, str(one.get("message", ""))) for one in error.extra.get("errors", ())]
    if fields:
        return tongue.listed(list(dict.fromkeys(fields)))
    return tongue.say(N_("%(title)s (%(code)s)."), title=tongue.say(error.title), code=error.code)


def complaint(tongue: Tongue, words: str) -> str:
    """What is wrong with one field, in one's language."""
    if tongue.language == "en":
        return words
    return said(tongue, words) or tongue.say("this is not as it has to be")


def complaints(tongue: Tongue, error: AftercareError) -> dict[str, str]:
    """What is wrong by its field; under no field what is wrong with the whole."""
    fields = {str(one["field"]): complaint(tongue, str(one["message"])) for one in error.extra.get("errors", ())}
    return fields or {"": told(tongue, error)}


def said(tongue: Tongue, words: str) -> str | None:
    """A sentence of ours in another language; None for one that is not known, or of which a part is not."""
    return words if tongue.language == "en" else _said(tongue.language, words, 0)


def finding(tongue: Tongue, words: str) -> str | None:
    """What an audit or a sweep wrote down, in one's language, after what it is about; None for what is not known."""
    if tongue.language == "en":
        return words
    about, found, rest = words.partition(": ")
    told = _said(tongue.language, rest, 0, "findings") if found and " " not in about else None
    return f"{about}：{told}" if told else _said(tongue.language, words, 0, "findings")


def mistake(tongue: Tongue, words: str) -> str:
    """What is wrong with a playbook or calendar, in one's language; what was written in it stays as it is there."""
    return words if tongue.language == "en" else _said(tongue.language, words, 0, "mistakes") or words


# ── sentences that are known again ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Known:
    """One sentence: how it is known again, and how it is said."""

    pattern: re.Pattern[str]
    says: str
    weight: int

    @property
    def ends(self) -> bool:
        """Whether it is a whole sentence; the parts of one have no full stop."""
        return self.pattern.pattern.endswith(r"\.")

    @property
    def places(self) -> frozenset[str]:
        """The values that are told; a language may leave out what goes without saying."""
        return frozenset(PLACE.findall(self.says))


@cache
def _book(language: str, book: Book) -> tuple[Mapping[str, tuple[Known, ...]], tuple[Known, ...]]:
    """The sentences of a language by their beginnings, and those that begin with a value; the most telling first."""
    heads, others = dict[str, list[Known]](), list[Known]()
    for sentence, says in (one for part in _PARTS[book] for one in kept_in(language, part)):
        literal = PLACE.split(sentence)[0]
        known = Known(pattern(sentence), says, len(PLACE.sub("", sentence)))
        (heads.setdefault(literal[:_HEAD], []) if len(literal) >= _HEAD else others).append(known)
    return {head: _sorted(found) for head, found in heads.items()}, _sorted(others)


def _sorted(found: list[Known]) -> tuple[Known, ...]:
    return tuple(sorted(found, key=lambda one: -one.weight))


def pattern(sentence: str) -> re.Pattern[str]:
    """A sentence with its places, as what it is known again by."""
    pieces = PLACE.split(sentence)  # text, name, text, name, … text
    out = ""
    for at, piece in enumerate(pieces):
        may_be_empty = piece.endswith("_plural")
        out += f"(?P<{piece}>.{'*' if may_be_empty else '+'}?)" if at % 2 else re.escape(piece)
    return re.compile(out, re.DOTALL)


@lru_cache(maxsize=4096)
def _said(language: str, words: str, depth: int, book: Book = "refusals") -> str | None:
    if depth > _DEEPEST:
        return None
    heads, others = _book(language, book)
    for known in (*heads.get(words[:_HEAD], ()), *others):
        found = known.pattern.fullmatch(words)
        if found is None or (book == "findings" and words.endswith(".") != known.ends):
            continue
        told = {name: text for name, text in found.groupdict().items() if name in known.places}
        values = {name: _VALUES[book](language, name, text, depth) for name, text in told.items()}
        if None not in values.values():
            return _filled(known.says, values)
    # Words that were in this language before they came here, such as those of a page.
    return words if _OTHER_SCRIPT.search(words) and not _PROSE.search(words) else None


def _filled(sentence: str, values: Mapping[str, str | None]) -> str:
    return PLACE.sub(lambda place: values[place.group(1)] or "", sentence)


def _written(language: str, name: str, text: str, depth: int) -> str | None:
    """A value as its file has it, whatever it is called elsewhere; a sentence of ours, or several, in that language."""
    items = [_said(language, item, depth + 1, "mistakes") for item in text.split(", ")]
    if len(items) > 1 and None not in items:
        return "、".join(item for item in items if item)
    return _said(language, text, depth + 1, "mistakes") or text


def _value(language: str, name: str, text: str, depth: int) -> str | None:
    """A value as it is told; None for English prose that nobody can say otherwise."""
    say: Callable[[str], str] = catalogue(language).gettext
    table = _TABLES.get(name.rstrip("0123456789"), {})
    items = text.split(", ")
    if all(item in table for item in items):
        return "、".join(say(table[item]) for item in items)
    if text in labels.STATES or (text in labels.ACTIONS and "_" in text):
        return say((labels.STATES | labels.ACTIONS)[text])
    inner = _said(language, text, depth + 1)
    if inner is not None:
        return inner
    return None if _PROSE.search(text) else text


def _found(language: str, name: str, text: str, depth: int) -> str | None:
    """A value of a finding: a name of the machine, a part that is a sentence, or a number or key as it is."""
    say: Callable[[str], str] = catalogue(language).gettext
    table = _OF_FINDINGS.get(name.rstrip("0123456789"), {})
    items = text.split(", ")
    if all(item in table for item in items):
        return "、".join(say(table[item]) for item in items)
    if name == "reasons":
        return "、".join(
            _A_COUNT.sub(lambda one: f"{say(labels.STUCK.get(one[1], one[1]))} {one[2]}", i) for i in items
        )
    inner = _said(language, text, depth + 1, "findings")
    if inner is not None:
        return inner
    return None if _PROSE.search(text) else text


_VALUES: Final[Mapping[Book, Callable[[str, str, str, int], str | None]]] = {
    "refusals": _value,
    "mistakes": _written,
    "findings": _found,
}
