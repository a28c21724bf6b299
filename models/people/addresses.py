"""Addresses that people are told at: which kinds there are, how they are read, and how they are shown without secrets.

An address is a URL in the form that the package apprise reads. What the providers' own pages show (a webhook to be
copied) is taken too, and turned into that form.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, quote, unquote, urlsplit

from models.errors import DataRefused

UNKNOWN = "unknown"
#: The most addresses of one mailbox.
MOST = 5
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{6,200}$")
_NAMED = (
    "dingtalk://TOKEN, dingtalk://SECRET@TOKEN, feishu://TOKEN, lark://TOKEN, wecombot://KEY, "
    "mailtos://USER:PASSWORD@HOST?to=ADDRESS, jsons://HOST/PATH"
)


def _token_of(url: str) -> bool:
    found = urlsplit(url)
    # A name in an address is case-insensitive to the standard library; a token is not, so it is read from the text.
    place = found.netloc.rpartition("@")[2]
    secret = found.netloc.rpartition("@")[0]
    return bool(_TOKEN.match(place)) and (not secret or bool(_TOKEN.match(secret)))


def _host_of(url: str) -> bool:
    found = urlsplit(url)
    try:
        return bool(found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        return False


def _mail_of(url: str) -> bool:
    return _host_of(url) and "@" in (_mail_to(url) or "")


def _mail_to(url: str) -> str | None:
    found = urlsplit(url)
    named = parse_qs(found.query).get("to")
    if named:
        return named[0]
    user = unquote(found.username or "")
    return user if "@" in user else f"{user}@{found.hostname}" if user else None


#: Kind of address → what it must have. Nothing else is taken: apprise knows many more, some of which run programs.
KINDS: Mapping[str, Callable[[str], bool]] = {
    "dingtalk": _token_of,
    "feishu": _token_of,
    "lark": _token_of,
    "wecombot": _token_of,
    "mailto": _mail_of,
    "mailtos": _mail_of,
    "json": _host_of,
    "jsons": _host_of,
    "form": _host_of,
    "forms": _host_of,
    "xml": _host_of,
    "xmls": _host_of,
}
#: The webhooks that the providers' pages show, and what they are here.
_NATIVE: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"^https://oapi\.dingtalk\.com/robot/send\?access_token=([\w-]+)$"), "dingtalk://{}/"),
    (re.compile(r"^https://open\.feishu\.cn/open-apis/bot/v2/hook/([\w-]+)/?$"), "feishu://{}/"),
    (re.compile(r"^https://open\.larksuite\.com/open-apis/bot/v2/hook/([\w-]+)/?$"), "lark://{}/"),
    (re.compile(r"^https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([\w-]+)$"), "wecombot://{}/"),
)


def kind_of(url: str) -> str:
    """Which kind of channel an address is of; `unknown` for what is no address, whose text is nobody's business."""
    kind, found, _ = url.partition("://")
    return kind.lower() if found and kind.lower() in KINDS else UNKNOWN


def address(given: str) -> str:
    """An address as it is kept. Raises DataRefused for what nobody could be told at; the refusal shows no secret."""
    text = given.strip()
    for pattern, form in _NATIVE:
        if found := pattern.match(text):
            return form.format(found.group(1))
    kind = kind_of(text)
    if kind == UNKNOWN:
        raise DataRefused.of("addresses", f"That is no address that is known here; write {_NAMED}.")
    if "***" in text:
        raise DataRefused.of(
            "addresses", "That is how an address of this mailbox would be shown, and there is no such."
        )
    if not text.isprintable() or " " in text or len(text) > 1000:
        raise DataRefused.of("addresses", f"An address of kind {kind} is one word without blanks.")
    try:
        right = KINDS[kind](text)
    except ValueError:
        right = False
    if not right:
        raise DataRefused.of("addresses", f"The address of kind {kind} lacks something; the forms are {_NAMED}.")
    return f"{kind}{text[len(kind) :]}"


def addresses(given: Sequence[str], kept: Sequence[str] = ()) -> tuple[str, ...]:
    """Addresses in the order in which they are tried. One written as `shown` shows it is kept with its secret.

    Raises DataRefused.
    """
    if len(given) > MOST:
        raise DataRefused.of("addresses", f"At most {MOST} addresses: the first is tried first.")
    known = {shown(url): url for url in kept}
    return tuple(dict.fromkeys(known.get(one.strip()) or address(one) for one in given))


def shown(url: str) -> str:
    """The address without its secrets: the kind, and enough to tell it from its neighbours."""
    kind = kind_of(url)
    if kind == UNKNOWN:
        return "***"
    if kind in ("mailto", "mailtos"):
        name, _, place = (_mail_to(url) or "@").partition("@")
        return f"{kind}://{quote(name[:1])}***{_mark(url)}@{place}"
    if kind in ("dingtalk", "feishu", "lark", "wecombot"):
        return f"{kind}://***{_mark(url)}"
    return f"{kind}://{_host(url)}/***{_mark(url)}"


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _mark(url: str) -> str:
    """Four letters that differ between addresses and tell nothing of them."""
    return sha256(url.encode()).hexdigest()[:4]


def route_of(url: str) -> str:
    """What a slow answer of this address would hold up: its provider, or its host."""
    kind = kind_of(url)
    return kind if kind in ("dingtalk", "feishu", "lark", "wecombot") else f"{kind}:{_host(url)}"


# ── which is tried next ───────────────────────────────────────────────────────────────────────────

#: How long a worker has for what it claimed. Longer than any channel may take, or two would tell the same.
LEASE = timedelta(seconds=90)
#: So often an address is tried before the next one is.
TRIES = 2
#: How long until the same address is tried again.
SOON = timedelta(seconds=20)
#: How long all addresses rest when each of them has failed; four times as long every time, up to an hour.
REST = timedelta(minutes=1)
MOST_REST = timedelta(hours=1)
#: After so long it is given up: what is a day old is read in the inbox.
GIVEN_UP_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """One try: by which address (None: the log), and how long after the last one."""

    url: str | None
    route: str
    after: timedelta = timedelta(0)
    at_most: timedelta = GIVEN_UP_AFTER


#: What a playbook calls the kinds of address.
_NAMES = {"mail": "mailto", "email": "mailto", "wecom": "wecombot", "webhook": "json"}


def preferred(urls: Sequence[str], channels: Sequence[str]) -> tuple[str, ...]:
    """The addresses with those of the named channels first; the others are there for when these fail."""
    named = {_NAMES.get(name, name) for name in channels}
    return tuple(
        sorted(urls, key=lambda url: kind_of(url) not in named and kind_of(url).removesuffix("s") not in named)
    )


def turn(addresses: Sequence[str], attempts: int) -> Turn:
    """The try after so many that failed: twice by each address in their order, then more and more rarely."""
    if not addresses:
        return Turn(url=None, route="log")
    round_, position = divmod(attempts, TRIES * len(addresses))
    url = addresses[position // TRIES]
    if position % TRIES:
        return Turn(url, route_of(url), SOON)
    rest = timedelta(0) if position or not round_ else min(MOST_REST, REST * 4 ** min(round_ - 1, 5))
    return Turn(url, route_of(url), rest)
