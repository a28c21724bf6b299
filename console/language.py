"""What people read: words from the catalogues, and dates, lengths of time and money as each language writes them.

The words in code and templates are English and are looked up in `locales/<language>/*.po`, a file for each part of the
console. `python -m console.catalogue` renews these files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from datetime import date as Day  # noqa: N812 - `date` is a method here
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import Translations
from babel.units import format_unit

LOCALES: Final = Path(__file__).parent.parent / "locales"
#: Language as browsers name it → its folder of words, what Babel calls it, and what its speakers call it.
LANGUAGES: Final[Mapping[str, tuple[str, str, str]]] = {
    "zh-CN": ("zh_CN", "zh_Hans_CN", "简体中文"),
    "en": ("en", "en_GB", "English"),
}
#: The currency whose sign is understood; all others are shown by their code.
OWN_CURRENCY: Final = "CNY"
#: So many texts of each sort are remembered.
_REMEMBERED: Final = 4096
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def N_(text: str) -> str:  # noqa: N802 - the usual name, by which the words are found
    """Mark words for the catalogues that are looked up later."""
    return text


@cache
def catalogue(language: str) -> Translations:
    """All words of a language, read once."""
    locale = LANGUAGES[language][1]
    whole = Catalog(locale=locale)
    for file in sorted((LOCALES / LANGUAGES[language][0]).glob("*.po")):
        for message in read_po(BytesIO(file.read_bytes()), locale=locale):
            if message.id and message.string and not message.fuzzy:
                whole[message.id] = message
    binary = BytesIO()
    write_mo(binary, whole)
    binary.seek(0)
    return Translations(binary)


def kept_in(language: str, part: str) -> list[tuple[str, str]]:
    """The words of one part with what they are in a language, as far as somebody has said it."""
    folder, locale, _ = LANGUAGES[language]
    found = read_po(BytesIO((LOCALES / folder / f"{part}.po").read_bytes()), locale=locale)
    return [(str(one.id), str(one.string)) for one in found if one.id and one.string]


@dataclass(frozen=True)
class Tongue:
    """One language, in one time zone, at one moment."""

    language: str
    zone: ZoneInfo
    now: datetime
    locale: Locale = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "locale", _locale(self.language))

    @property
    def short(self) -> str:
        """`zh` or `en`, as documents of the API name their words."""
        return self.language.partition("-")[0]

    def say(self, text: str, **values: Any) -> str:
        """Words in this language, with their values filled in."""
        found = catalogue(self.language).gettext(text)
        return found % values if values else found

    def say_many(self, one: str, many: str, count: int, **values: Any) -> str:
        """The same where there may be one or many; `%(count)s` is how many."""
        return catalogue(self.language).ngettext(one, many, count) % {"count": self.number(count), **values}

    def of(self, words: Mapping[str, str] | None) -> str:
        """What a document of the API says in this language, or else in any."""
        if not words:
            return ""
        return words.get(self.short) or next(iter(words.values()), "")

    # ── time ────────────────────────────────────────────────────────────────

    def local(self, at: datetime | str) -> datetime:
        """An instant on this reader's clock."""
        found = datetime.fromisoformat(at) if isinstance(at, str) else at
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(self.zone)

    def day_and_time(self, at: datetime | str) -> str:
        """An instant as it is said now: only the time today, with the day near by, with the date beyond."""
        then, today = self.local(at), self.now.astimezone(self.zone).date()
        clock = then.strftime("%H:%M")
        days = (then.date() - today).days
        near = {-1: self.say("yesterday"), 0: self.say("today"), 1: self.say("tomorrow")}
        if days in near:
            return f"{near[days]} {clock}"
        pattern = "MMMEd" if then.year == today.year else "yMMMEd"
        return f"{_day(self.language, then.date(), pattern)} {clock}"

    def exactly(self, at: datetime | str) -> str:
        """An instant in full, with its zone."""
        then = self.local(at)
        return f"{then.isoformat(' ', 'seconds')[:19]} {_offset(self.language, then.utcoffset())}"

    def date(self, at: datetime | str) -> str:
        """A day."""
        return _date(self.language, self.local(at).date())

    def day(self, on: Day | str) -> str:
        """A day of the calendar, which is the same wherever it is read: `Mon, 2 Mar`."""
        found = Day.fromisoformat(on) if isinstance(on, str) else on
        pattern = "MMMEd" if found.year == self.now.astimezone(self.zone).year else "yMMMEd"
        return _day(self.language, found, pattern)

    def from_now(self, at: datetime | str) -> str:
        """How far an instant is: `in 2 h 15 min`, `35 min ago`."""
        seconds = round((self.local(at) - self.now).total_seconds())
        if abs(seconds) < 60:
            return self.say("now")
        told = self.length(abs(seconds))
        return self.say("in %(time)s", time=told) if seconds > 0 else self.say("%(time)s ago", time=told)

    def due(self, at: datetime | str) -> str:
        """How far a deadline is: `in 2 h 15 min`, `overdue by 35 min`."""
        late = round((self.now - self.local(at)).total_seconds())
        return self.say("overdue by %(time)s", time=self.length(late)) if late >= 60 else self.from_now(at)

    def length(self, seconds: int) -> str:
        """A length of time in its two largest units: `3 days 4 h`, `2 h 15 min`."""
        left, parts = abs(seconds), []
        for size, unit in _UNITS:
            count, left = divmod(left, size)
            if count:
                parts.append((size, _length(self.language, count, unit)))
        first = parts[0][0] if parts else 1
        # Seconds beside hours tell nobody anything.
        told = [text for size, text in parts if size * 1440 >= first and not (size == 1 and first > 60)][:2]
        return ("-" if seconds < 0 else "") + (" ".join(told) if told else _length(self.language, 0, "minute"))

    def clock(self) -> dict[str, Any]:
        """What `static/clock.js` tells times by while a page is open, as `from_now` and `length` do it here."""
        gap = "{time}"
        told = {"in": self.say("in %(time)s", time=gap), "ago": self.say("%(time)s ago", time=gap)}
        late = self.say("overdue by %(time)s", time=gap)
        return {
            "now": self.now.isoformat(),
            "units": {unit: [self._gap(n, unit) for n in (1, 2)] for _, unit in _UNITS},
            "soon": self.say("now"),
            "late": late,
            **told,
        }

    def _gap(self, count: int, unit: str) -> str:
        return _length(self.language, count, unit).replace(str(count), "{0}")

    # ── numbers ─────────────────────────────────────────────────────────────

    def money(self, sum_: Mapping[str, str] | None) -> str:
        """An amount; the sign ¥ means yuan and nothing else, other currencies are shown by their code."""
        if not sum_:
            return "–"
        return _money(self.language, sum_["amount"], sum_["currency"])

    def number(self, count: int | float) -> str:
        """A number with its groups of digits."""
        return _number(self.language, count)

    def percent(self, share: float) -> str:
        """A share of one as percent."""
        return format_percent(share, locale=self.locale)

    def listed(self, words: list[str], style: str = "standard") -> str:
        """Some words as a list: `a, b and c`."""
        return format_list([word for word in words if word], style=style, locale=self.locale)  # type: ignore[arg-type]


# ── what Babel says, remembered: a list of fifty cases asks it a thousand times, mostly for the same ────────────────


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LANGUAGES[language][1])


@lru_cache(maxsize=64)
def _offset(language: str, offset: timedelta | None) -> str:
    then = datetime(2000, 1, 1, tzinfo=timezone(offset or timedelta()))
    return format_datetime(then, "ZZZZ", tzinfo=then.tzinfo, locale=_locale(language))


@lru_cache(maxsize=_REMEMBERED)
def _date(language: str, on: Day) -> str:
    return format_date(on, "medium", locale=_locale(language))


@lru_cache(maxsize=_REMEMBERED)
def _day(language: str, on: Day, skeleton: str) -> str:
    """A day by the parts that are to be said, such as `MMMEd`."""
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    return format_skeleton(skeleton, noon, tzinfo=UTC, locale=_locale(language))


@lru_cache(maxsize=_REMEMBERED)
def _length(language: str, count: int, unit: str) -> str:
    return format_unit(count, f"duration-{unit}", length="short", locale=_locale(language))


@lru_cache(maxsize=_REMEMBERED)
def _money(language: str, amount: str, currency: str) -> str:
    pattern = "¥#,##0.00;-¥#,##0.00" if currency == OWN_CURRENCY else "¤¤\u00a0#,##0.00;-¤¤\u00a0#,##0.00"
    return format_currency(Decimal(amount), currency, pattern, locale=_locale(language))


@lru_cache(maxsize=_REMEMBERED)
def _number(language: str, count: int | float) -> str:
    return format_decimal(count, locale=_locale(language))


def chosen(wanted: str | None, cookie: str | None, accepted: str, default: str) -> str:
    """The language of a page: what somebody set, else what this browser chose, else what it likes, else the shop's."""
    for name in (wanted, cookie):
        if name in LANGUAGES:
            return str(name)
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip().casefold()
        for name in LANGUAGES:
            if tag and tag.partition("-")[0] == name.partition("-")[0].casefold():
                return name
    return default if default in LANGUAGES else "zh-CN"
