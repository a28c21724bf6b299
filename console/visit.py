"""One request to the console: who comes, in which language, what he may, and how he is answered."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth import Caller
from api.desk import Desk
from api.outside.hooks import Hooks
from api.outside.webhooks import Webhooks
from api.oversight.changes import Changes
from api.oversight.waiting import Waiting
from api.people.provider import IdentityProvider
from api.people.sign_in import Doorkeeper, Sitting, User
from api.people.tokens import Tokens
from console import access, navigation
from console.language import Tongue, chosen
from console.presence import Presence
from console.refusals import telling
from console.rendering import fingerprint, rendered
from models.errors import AftercareError, TooLarge
from models.lifecycle import Action, Role, may

SESSION_COOKIE: Final = "aftercare_session"
LANGUAGE_COOKIE: Final = "aftercare_language"
NOTICE_COOKIE: Final = "aftercare_notice"
TRIP_COOKIE: Final = "aftercare_trip"
MOST_FIELDS: Final = 2000
MOST_FILES: Final = 20
MOST_FIELD_BYTES: Final = 256 * 1024


class Expired(Exception):
    """Nobody is signed in, or no more."""


class Forged(Exception):
    """The form did not come from a page of ours, or (`older`) from one of another session."""

    def __init__(self, older: bool = False) -> None:
        super().__init__()
        self.older = older


class OwnPasswordFirst(Exception):
    """The password was given to this person: it is his turn to choose one."""


class NotYours(Exception):
    """Somebody's roles do not reach for this page."""

    def __init__(self, page: str) -> None:
        super().__init__(page)
        self.page = page


@dataclass(frozen=True)
class Outside:
    """What other programs have to do with us: their tokens, what they are told, what they told us."""

    tokens: Tokens
    webhooks: Webhooks
    hooks: Hooks


@dataclass(frozen=True)
class House:
    """What all requests share."""

    desk: Desk
    door: Doorkeeper
    changes: Changes
    locale: str = "zh-CN"
    console_url: str | None = None
    waiting: Waiting = field(default_factory=Waiting)
    presence: Presence = field(default_factory=Presence)
    provider: IdentityProvider | None = None
    outside: Outside | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Visit:
    """One request of one browser. Pages take it as `here: Here`."""

    request: Request
    house: House
    tongue: Tongue
    user: User | None
    sitting: Sitting | None
    secret: str
    since: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)

    # ── who ─────────────────────────────────────────────────────────────────

    @property
    def desk(self) -> Desk:
        """The use cases: all that a page may call."""
        return self.house.desk

    @property
    def outside(self) -> Outside:
        """The use cases about other programs."""
        assert self.house.outside is not None
        return self.house.outside

    @property
    def me(self) -> User:
        """Who is signed in. Raises Expired for nobody."""
        if self.user is None:
            raise Expired
        return self.user

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(self.user.roles) if self.user else frozenset()

    @property
    def caller(self) -> Caller:
        """Who signs what is done here, as the desk wants it."""
        return Caller(id=self.me.id, name=self.me.id, roles=self.roles, may_act_for_others=False)

    def may(self, page: str) -> bool:
        """Whether this person may open a page or do what its name says: for links and buttons."""
        return self.user is not None and page in access.MAY and access.may_open(self.roles, page)

    def may_act(self, action: Action | str) -> bool:
        """Whether one of this person's roles may ever do an action to a case."""
        return any(may(role, Action(action)) for role in self.roles)

    @property
    def now(self) -> datetime:
        return self.tongue.now

    def told(self, refused: AftercareError) -> str:
        """What was refused and what to do, in this person's language."""
        return telling.told(self.tongue, refused)

    def wrong(self, refused: AftercareError) -> dict[str, str]:
        """What is wrong with a form by its field, in this person's language; under no field what is wrong with all."""
        return telling.complaints(self.tongue, refused)

    def sentence(self, words: str) -> str:
        """A sentence of the desk in this person's language, in general words where it is not known."""
        return telling.said(self.tongue, words) or self.tongue.say("not as things stand")

    def known(self, words: str) -> str:
        """What another program or an adapter said: in this person's language if it is known, else as it was said."""
        return telling.said(self.tongue, words) or words

    def finding(self, words: str) -> str | None:
        """What an audit or a sweep wrote down, in this person's language; None for what is not known."""
        return telling.finding(self.tongue, words)

    def mistake(self, words: str) -> str:
        """What is wrong with a file, or why a delivery failed: in this person's language, its values as they are."""
        return telling.mistake(self.tongue, words)

    def complaint(self, words: str) -> str:
        """What is wrong with one field, in this person's language."""
        return telling.complaint(self.tongue, words)

    @property
    def address(self) -> str:
        """Where the request comes from, as far as the server knows."""
        return self.request.client.host if self.request.client else "?"

    # ── where ───────────────────────────────────────────────────────────────

    @property
    def wants_part(self) -> bool:
        """Whether a page that is already there asks for a part of itself."""
        return self.request.headers.get("hx-request") == "true"

    def url(self, page: str, query: Mapping[str, Any] | None = None, /, **path: Any) -> str:
        """The address of a page by the name of its route, behind whatever prefix we stand."""
        found = self.request.app.state.addresses.of(page, **path)
        told = {k: v for k, v in (query or {}).items() if v not in (None, "", [], ())}
        return f"{self._prefix}{found}" + (f"?{urlencode(told, doseq=True)}" if told else "")

    def whole_url(self, page: str) -> str:
        """The address of a page with its host, as programs elsewhere send browsers to it."""
        known = urlsplit(self.house.console_url) if self.house.console_url else self.request.url
        return f"{known.scheme}://{known.netloc}{self.url(page)}"

    def static(self, path: str) -> str:
        """The address of a static file; it changes with the file."""
        return f"{self._prefix}/static/{path}?v={fingerprint(path)}"

    @property
    def _prefix(self) -> str:
        return str(self.request.scope.get("root_path", "")).rstrip("/")

    @property
    def here(self) -> str:
        """The address of this request, with its query."""
        query = self.request.url.query
        path = self.request.scope["path"].removeprefix(self._prefix) if self._prefix else self.request.scope["path"]
        return f"{self._prefix}{quote(path)}" + (f"?{query}" if query else "")

    def own_address(self, given: str | None) -> str:
        """An address of ours to go on to; anything else is the first page."""
        there = urlsplit(given or "")
        ours = given and given.startswith("/") and not given.startswith(("//", "/\\")) and not there.netloc
        return str(given) if ours and "\\" not in str(given) and str(given).isprintable() else self.url("home")

    # ── what was sent ───────────────────────────────────────────────────────

    @property
    def csrf(self) -> str:
        """What a form of this session carries, so that no other page can send it."""
        return hmac.new(self.secret.encode(), b"form", hashlib.sha256).hexdigest() if self.secret else ""

    async def form(self) -> "Form":
        """What was typed and chosen; read once, and kept. Raises TooLarge for more than anybody types."""
        most = {"max_fields": MOST_FIELDS, "max_files": MOST_FILES, "max_part_size": MOST_FIELD_BYTES}
        try:
            return Form(await self.request.form(**most))
        except HTTPException as refused:
            if "exceed" in str(refused.detail) or "Too many" in str(refused.detail):
                told = self.tongue.say("A field of this form is far too long. Go back and write less.")
                raise TooLarge(told) from None
            raise

    async def check_form(self) -> None:
        """Raises Forged for a form that no page of this session made."""
        self.came_from_here()
        if self.user is None:
            return
        given = self.request.headers.get("x-csrf-token") or (await self.form()).text("csrf")
        if not hmac.compare_digest(given.encode(), self.csrf.encode()):
            raise Forged(older=True)

    def came_from_here(self) -> None:
        """Raises Forged for what another site sends."""
        headers = self.request.headers
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            if site != "same-origin":
                raise Forged
        elif origin is None or urlsplit(origin).netloc not in self._own_hosts():
            raise Forged

    def _own_hosts(self) -> set[str]:
        told = urlsplit(self.house.console_url).netloc if self.house.console_url else ""
        return {self.request.headers.get("host", ""), told} - {""}

    # ── how it is answered ──────────────────────────────────────────────────

    def page(self, template: str, part: str | None = None, code: int = 200, **values: Any) -> Response:
        """A page; the part of it that `part` names when the page itself asks, as it has it inside already."""
        name = part if part is not None and self.wants_part else template
        answer = HTMLResponse(rendered(name, self.tongue.language, self.context(values)), code)
        if name == template and NOTICE_COOKIE in self.request.cookies:
            self.cookie(answer, NOTICE_COOKIE, "", None)  # it has been said
        return answer

    def context(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What every template knows, and what this one is shown."""
        tongue, menu = self.tongue, navigation.menu(self)
        known = {
            "here": self,
            "tongue": tongue,
            "url": self.url,
            "static": self.static,
            "money": tongue.money,
            "as_json": as_json,
            "say": tongue.say,
            "say_many": tongue.say_many,
            "menu": menu,
            "chapters": navigation.chapters(self, menu),
            "notice": self._notice(),
        }
        return {**known, **values}

    def part(self, template: str, **values: Any) -> str:
        """A fragment as text, for answers that are made of several."""
        return rendered(template, self.tongue.language, self.context(values))

    def go(self, address: str, notice: str | None = None) -> Response:
        """Done: on to a page, which says so. For htmx the whole page changes, as it does without it."""
        if self.wants_part:
            answer = Response(status_code=200, headers={"HX-Redirect": address})
        else:
            answer = RedirectResponse(address, 303)
        if notice:
            self.cookie(answer, NOTICE_COOKIE, quote(notice[:500]), 60)
        return answer

    def _notice(self) -> str | None:
        given = self.request.cookies.get(NOTICE_COOKIE)
        return unquote(given)[:500] if given else None

    def cookie(self, answer: Response, name: str, value: str, seconds: int | None) -> None:
        """Set a cookie of ours; None: take it away."""
        safe = self.request.url.scheme == "https" or str(self.house.console_url or "").startswith("https:")
        path = self._prefix or "/"
        if seconds is None:
            answer.delete_cookie(name, path=path, httponly=True, samesite="lax", secure=safe)
        else:
            answer.set_cookie(name, value, seconds, path=path, httponly=True, samesite="lax", secure=safe)


class Form:
    """The fields of a form, as text; a NUL is nothing that anybody types, and a database may not take it."""

    def __init__(self, data: FormData) -> None:
        told = [(name, _plain(value) if isinstance(value, str) else value) for name, value in data.multi_items()]
        self.data = FormData(told)

    def text(self, name: str, default: str = "") -> str:
        """One field, without the spaces around it."""
        value = self.data.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def raw(self, name: str) -> str:
        """One field exactly as it was typed, such as a password."""
        value = self.data.get(name, "")
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """All values of a field."""
        return [value.strip() for value in self.data.getlist(name) if isinstance(value, str)]

    def files(self, name: str) -> list[UploadFile]:
        """The files of a field that were really chosen."""
        return [value for value in self.data.getlist(name) if isinstance(value, UploadFile) and value.filename]

    def keep(self, but: Iterable[str] = ("csrf",)) -> dict[str, str]:
        """What was typed, to be shown again beside what is wrong with it."""
        hidden = set(but)
        return {k: v for k, v in self.data.items() if isinstance(v, str) and k not in hidden}


def _plain(value: str) -> str:
    return value.replace("\0", "")


async def visit(request: Request) -> Visit:
    """The visit of a request. Raises Expired, NotYours or Forged before the page is reached."""
    found: Visit = request.state.visit
    page = request.scope["route"].name
    if page not in access.OPEN:
        if found.user is None:
            raise Expired
        if not access.may_open(found.roles, page):
            raise NotYours(page)
        if found.user.must_change and found.house.door.passwords and page not in access.BEFORE_OWN_PASSWORD:
            raise OwnPasswordFirst
    if request.method not in ("GET", "HEAD"):
        await found.check_form()
    return found


#: A page's parameter: `async def work(here: Here) -> Response`.
Here = Annotated[Visit, Depends(visit)]


def nobody(request: Request, house: House) -> Visit:
    """A request of which nothing is known yet but the language of its browser."""
    return _visit(request, house, None, "")


async def visitor(request: Request, house: House) -> Visit:
    """Who comes with this request; nobody is somebody too."""
    secret, now = request.cookies.get(SESSION_COOKIE, ""), house.desk.clock()
    if request.method not in ("GET", "HEAD"):
        house.waiting.forget()
    found = await asyncio.to_thread(_known, house, secret, now) if secret else _Known(None, 0, {})
    here = _visit(request, house, found.who, secret if found.who else "")
    here.since, here.waiting = found.since, found.waiting
    return here


class _Known(NamedTuple):
    """Who comes, the number of the last change, which is older than whatever his page will show, and what waits."""

    who: tuple[User, Sitting] | None
    since: int
    waiting: Mapping[str, int]


def _known(house: House, secret: str, now: datetime) -> _Known:
    who, since = house.door.who(secret, now), house.changes.latest()
    return _Known(who, since, _waiting(house, who[0], since, now) if who else {})


def _waiting(house: House, user: User, since: int, now: datetime) -> Mapping[str, int]:
    pages, zone = navigation.counted(frozenset(user.roles)), ZoneInfo(house.desk.playbook_set.shop.timezone)
    return house.waiting.behind(house.desk.engine, user.id, pages, since, now, zone)


def _visit(request: Request, house: House, found: tuple[User, Sitting] | None, secret: str) -> Visit:
    user, sitting = found or (None, None)
    wanted = user.preferences.get("language") if user else None
    accepted = request.headers.get("accept-language", "")
    language = chosen(wanted, request.cookies.get(LANGUAGE_COOKIE), accepted, house.locale)
    zone = ZoneInfo(house.desk.playbook_set.shop.timezone)
    return Visit(request, house, Tongue(language, zone, house.desk.clock()), user, sitting, secret)


def as_json(value: Any) -> str:
    """A value for an attribute that scripts read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
