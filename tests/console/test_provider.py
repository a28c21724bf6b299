"""Signing in through an identity provider: a real one on loopback, honest and not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text

from api.people.provider import IdentityProvider, SignInFailed, Terms
from api.people.sign_in import Doorkeeper
from console.visit import SESSION_COOKIE, TRIP_COOKIE
from models.errors import Conflict, Forbidden, Invalid
from models.lifecycle import Role
from models.people.identity import identity_of, read_groups
from playbooks.loading.load import SHIPPED
from playbooks.loading.shelf import Shelf
from server import make_app, provider_of
from settings import Settings, load_settings
from store.engine import writing
from store.people import staff as staff_list
from store.people import users
from tests.console.browser import words
from tests.console.provider import CLIENT, SECRET, Provider, new_key, provider
from tests.databases import opened, sqlite_database

MONDAY = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
LI = {"sub": "0001", "preferred_username": "li", "name": "李"}
SHELF = Shelf(SHIPPED)
QUICK = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@pytest_asyncio.fixture(scope="module")
async def house_of_keys() -> AsyncIterator[Provider]:
    async with provider() as found:
        yield found


@pytest.fixture
def keys(house_of_keys: Provider) -> Provider:
    """The provider, honest again, with Li before the browser."""
    url, key = house_of_keys.url, house_of_keys.key
    fresh = Provider(url=url, key=key, person=dict(LI))
    for name in ("published", "person", "lies", "metadata", "userinfo", "algorithm", "without_token", "away", "asked"):
        setattr(house_of_keys, name, getattr(fresh, name))
    return house_of_keys


@pytest.fixture(scope="module")
def database() -> Iterator[Engine]:
    with sqlite_database() as url, opened(url) as found:
        yield found


@pytest.fixture
def engine(database: Engine) -> Engine:
    """A database in which nobody signs in yet."""
    with writing(database) as session:
        for table in ("user_sessions", "sign_in_trips", "users", "staff"):
            session.execute(text(f"DELETE FROM {table}"))
    return database


class Desk:
    """Aftercare with the provider, and a browser before it. An app is made once for the same settings."""

    made: ClassVar[dict[tuple[Any, ...], Any]] = {}

    def __init__(self, keys: Provider, engine: Engine, **more: Any) -> None:
        given = {"oidc_issuer": keys.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_name": "Keys"}
        settings = Settings(**{**given, **more})
        name = (id(engine), keys.url, *more.items())
        if name not in self.made:
            self.made[name] = make_app(settings, None, engine, SHELF)  # type: ignore[arg-type]
        self.app = self.made[name]
        self.provider: IdentityProvider = self.app.state.console.state.house.provider
        self.provider._known = None  # it is read anew, as after a start
        self.door = Doorkeeper(engine, QUICK)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": "http://desk"}
        through = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=through, base_url="http://desk", headers=headers) as found:
            yield found

    def manager_gives(self, id: str, *roles: Role) -> None:
        self.door.give_roles(id, roles)


async def to_the_provider(browser: httpx.AsyncClient, onward: str = "", prefix: str = "") -> str:
    """Leave for the provider, and be sent back: the address that the browser is to open."""
    left = await browser.get(f"{prefix}/sign-in/provider", params={"onward": onward} if onward else {})
    assert left.status_code == 303, words(left)
    async with httpx.AsyncClient() as there:
        answer = await there.get(left.headers["location"])
    assert answer.status_code == 302
    return answer.headers["location"]


async def signed_in(browser: httpx.AsyncClient, onward: str = "") -> httpx.Response:
    """There and back."""
    return await browser.get(await to_the_provider(browser, onward))


def with_role(desk: Desk) -> None:
    """Li was here before, and is an agent."""
    who = identity_of({**LI, "iss": desk.provider.terms.issuer}, None, {})
    user, _ = desk.door.meet(who, False, MONDAY)
    desk.manager_gives(user.id, Role.AGENT)


# ── those who may ─────────────────────────────────────────────────────────────────────────────────


async def test_somebody_new_has_no_role_and_is_told_whom_to_ask(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    async with desk.browser() as browser:
        first = await signed_in(browser)
        assert first.status_code == 403
        assert "You are known here as “li” now, and have no role yet. Ask a manager" in words(first)
        assert SESSION_COOKIE not in browser.cookies
        (user,) = desk.door.users()
        assert (user.id, user.name, user.roles, user.subject) == ("li", "李", (), f"{keys.url} 0001")
        desk.manager_gives("li", Role.AGENT)
        second = await signed_in(browser, "/account?x=1")
        assert (second.status_code, second.headers["location"]) == (303, "/account?x=1")
        account = await browser.get("/account")
        assert "You sign in through the identity provider" in words(account)
    assert len(desk.door.users()) == 1, "the same person is the same user"


async def test_it_asks_for_no_more_than_it_needs_and_leads_nowhere_else(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    with_role(desk)
    async with desk.browser() as browser:
        answer = await signed_in(browser, "https://evil.example/")
        assert answer.headers["location"] == "/"
    (asked,) = keys.asked
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"] == "http://desk/sign-in/provider/back"
    assert len(asked["nonce"]) > 20
    assert len(asked["state"]) > 20


async def test_signing_out_everywhere_ends_what_the_provider_let_in(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    with_role(desk)
    async with desk.browser() as one, desk.browser() as other:
        await signed_in(one)
        await signed_in(other)
        assert desk.door.sign_out_everywhere("li") == 2
        for browser in (one, other):
            assert (await browser.get("/account")).headers["location"].startswith("/sign-in")


async def test_a_provider_that_says_little_in_its_token_is_asked_who_it_is(keys: Provider, engine: Engine):
    keys.person = {"sub": "0002"}
    keys.userinfo = {"name": "孙", "preferred_username": "sun"}
    desk = Desk(keys, engine)
    async with desk.browser() as browser:
        assert "“sun”" in words(await signed_in(browser))
        keys.userinfo = {"sub": "0003", "name": "somebody else"}
        assert "cannot be trusted" in words(await signed_in(browser))


@pytest.mark.parametrize("kid", ["two", "one"], ids=["under a new name", "under the same name"])
async def test_a_key_that_was_changed_is_fetched_anew(keys: Provider, engine: Engine, kid: str):
    desk = Desk(keys, engine)
    with_role(desk)
    async with desk.browser() as browser:
        assert (await signed_in(browser)).status_code == 303
        keys.key = new_key(kid)
        assert (await signed_in(browser)).status_code == 303


@pytest.mark.parametrize("prefix", ["/desk/after"])
async def test_it_works_behind_a_path_prefix(keys: Provider, engine: Engine, prefix: str):
    desk = Desk(keys, engine, path_prefix=prefix, console_url="https://shop.example/desk/after")
    with_role(desk)
    async with desk.browser() as browser:
        form = await browser.get(f"{prefix}/sign-in")
        assert f'href="{prefix}/sign-in/provider"' in form.text
        back = await to_the_provider(browser, f"{prefix}/account", prefix)
        assert back.startswith("https://shop.example/desk/after/sign-in/provider/back?")
        left = await browser.get(f"{prefix}/sign-in/provider")
        cookie = left.headers["set-cookie"]
        assert f"Path={prefix}" in cookie
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        there = urlsplit(back)
        through = {"Cookie": f"{TRIP_COOKIE}={_value(cookie)}"}
        # The first sign-in left with a cookie that plain http does not carry; so leave once more with it.
        again = await browser.get(f"{prefix}/sign-in/provider", params={"onward": f"{prefix}/account"}, headers=through)
        async with httpx.AsyncClient() as outside:
            there = urlsplit((await outside.get(again.headers["location"])).headers["location"])
        answer = await browser.get(f"{there.path}?{there.query}", headers=through)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{prefix}/account")


def _value(cookie: str) -> str:
    return cookie.partition("=")[2].partition(";")[0]


# ── groups, addresses, names ──────────────────────────────────────────────────────────────────────


async def test_groups_say_the_roles_and_leaving_them_takes_the_roles_at_the_next_sign_in(
    keys: Provider, engine: Engine
):
    groups = {"oidc_roles_claim": "realm.groups", "oidc_roles": "desk=agent, leads=supervisor+finance"}
    desk = Desk(keys, engine, **groups)
    keys.person = {**LI, "realm": {"groups": ["leads", "choir", "desk"]}}
    async with desk.browser() as browser, desk.browser() as other:
        assert (await signed_in(browser)).status_code == 303
        assert desk.door.users()[0].roles == (Role.SUPERVISOR, Role.FINANCE, Role.AGENT)
        keys.person["realm"] = {"groups": ["choir"]}
        assert "no role yet" in words(await signed_in(other))
        assert desk.door.users()[0].roles == ()
        assert (await browser.get("/account")).status_code == 303, "signed out where he still was"


def person_of(desk: Desk, keys: Provider, match_email: bool = True, **claims: Any) -> str:
    """The id of the user whom these claims mean."""
    who = identity_of({"iss": keys.url, "sub": "0009", "name": "Sun", **claims}, None, {})
    return desk.door.meet(who, match_email, MONDAY)[0].id


@pytest.mark.parametrize(
    ("claims", "match_email", "id"),
    [
        ({"email": "SUN@shop.example", "email_verified": True}, True, "sun"),
        ({"email": "sun@shop.example", "email_verified": "true"}, True, "sun"),
        ({"email": "sun@shop.example", "email_verified": True}, False, "sun-2"),  # nobody said that addresses count
        ({"email": "sun@shop.example", "email_verified": False, "preferred_username": "sun"}, True, "sun-2"),
        ({"email": "sun@shop.example", "preferred_username": "sun"}, True, "sun-2"),  # nobody verified it
        ({"email": "wu@shop.example", "email_verified": True}, True, "wu"),  # of the staff list, not a user yet
        ({"email": "team@shop.example", "email_verified": True}, True, "team"),  # two people share it
        ({"preferred_username": "wu"}, True, "wu-2"),  # a name alone makes nobody one of the staff
        ({"preferred_username": "孙 Li/../x"}, True, "li..x"),
        ({}, True, "0009"),
    ],
)
def test_who_somebody_new_is(keys: Provider, engine: Engine, claims: dict[str, Any], match_email: bool, id: str):
    desk = Desk(keys, engine)
    desk.door.add("sun", [Role.SUPERVISOR], MONDAY)
    with writing(engine) as session:
        for name, email in (
            ("sun", "sun@shop.example"),
            ("wu", "wu@shop.example"),
            ("a", "team@shop.example"),
            ("b", "team@shop.example"),
        ):
            staff_list.write(session, staff_list.StaffRow(id=name, name=name, email=email), MONDAY)
    assert person_of(desk, keys, match_email, **claims) == id
    assert person_of(desk, keys, match_email, **claims) == id, "and again at the next sign-in"


def test_an_address_ties_nobody_whom_the_provider_knows_already(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    desk.door.add("sun@shop.example", [Role.SUPERVISOR], MONDAY)
    told: dict[str, Any] = {"email": "sun@shop.example", "email_verified": True}
    assert person_of(desk, keys, sub="0001", **told) == "sun@shop.example"
    assert person_of(desk, keys, sub="0002", **told) == "sun"


def test_a_password_that_was_only_given_lets_nobody_in_after_the_provider_did(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    _, given = desk.door.add("sun@shop.example", [Role.AGENT], MONDAY)
    person_of(desk, keys, email="sun@shop.example", email_verified=True)
    assert not desk.door.users()[0].must_change
    with pytest.raises(Exception, match="wrong"):
        desk.door.sign_in("sun@shop.example", given, "::1", "", MONDAY)


async def test_a_manager_says_which_user_somebody_new_is(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    for id, role in (("sun", Role.SUPERVISOR), ("chen", Role.MANAGER)):
        desk.door.add(id, [role], MONDAY)
    chen = next(one for one in desk.door.users() if one.id == "chen")
    secret = desk.door.let_in(chen, "::1", "", datetime.now(UTC))
    with writing(engine) as session:
        users.change(session, "chen", must_change=False)
    async with desk.browser() as browser, desk.browser() as manager:
        await signed_in(browser)
        manager.cookies.set(SESSION_COOKIE, secret)
        page = await manager.get("/users/li")
        assert "waits for a role" in words(page)
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        wrong = await manager.post("/users/li/tie", data={"csrf": csrf, "to": "chen"})
        assert (wrong.status_code, "Choose the user" in words(wrong)) == (422, True), "nobody ties one to himself"
        tied = await manager.post("/users/li/tie", data={"csrf": csrf, "to": "sun"})
        assert (tied.status_code, tied.headers["location"]) == (303, "/users/sun")
        assert (await signed_in(browser)).status_code == 303
    assert [one.id for one in desk.door.users()] == ["chen", "sun"]
    with pytest.raises(Conflict):
        desk.door.tie("sun", "chen")


async def test_whoever_is_not_let_in_any_more_is_told_so(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    with_role(desk)
    desk.door.disable("li", MONDAY)
    async with desk.browser() as browser:
        answer = await signed_in(browser)
        assert answer.status_code == 403
        assert "“li” is not let in any more" in words(answer)


# ── those who may not ─────────────────────────────────────────────────────────────────────────────


def _foreign_key(keys: Provider) -> None:
    keys.published = [new_key("one")]


def _unknown_key(keys: Provider) -> None:
    keys.published = [new_key("three")]


def _lies(**claims: Any) -> Callable[[Provider], None]:
    return lambda keys: keys.lies.update(claims)


def _sets(**values: Any) -> Callable[[Provider], None]:
    def change(keys: Provider) -> None:
        for name, value in values.items():
            setattr(keys, name, value)

    return change


DISHONEST = {
    "the nonce of another sign-in": _lies(nonce="another"),
    "no nonce": _lies(nonce=None),
    "for another program": _lies(aud="shop-floor"),
    "for several, and another one asked": _lies(aud=[CLIENT, "shop-floor"], azp="shop-floor"),
    "for nobody": _lies(aud=None),
    "from another provider": _lies(iss="https://evil.example"),
    "expired": _lies(exp=1_700_000_000),
    "without an end": _lies(exp=None),
    "from a time to come": _lies(iat=4_000_000_000, nbf=4_000_000_000),
    "about nobody": _lies(sub=None),
    "about a number": _lies(sub=7),
    "of another access token": _lies(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "not signed": _sets(algorithm="none"),
    "signed with what both know": _sets(algorithm="HS256"),
    "signed by somebody else": _foreign_key,
    "signed by a key that nobody published": _unknown_key,
    "without a token": _sets(without_token=True),
    "no keys at all": _sets(published=[]),
    "calls itself otherwise": _sets(metadata={"issuer": "https://evil.example"}),
    "its token is fetched without protection": _sets(metadata={"token_endpoint": "http://keys.example/token"}),
    "half of its description": _sets(metadata={"jwks_uri": None}),
}


@pytest.mark.parametrize("lie", DISHONEST.values(), ids=DISHONEST.keys())
async def test_what_cannot_be_trusted_lets_nobody_in(keys: Provider, engine: Engine, lie: Callable[[Provider], None]):
    desk = Desk(keys, engine)
    with_role(desk)
    lie(keys)
    async with desk.browser() as browser:
        answer = await browser.get("/sign-in/provider")
        if answer.status_code == 303:
            async with httpx.AsyncClient() as there:
                answer = await browser.get((await there.get(answer.headers["location"])).headers["location"])
        assert answer.status_code == 403
        assert "What Keys answered cannot be trusted, so nobody was let in." in words(answer)
        assert SESSION_COOKIE not in browser.cookies
    assert desk.door.sittings("li", datetime.now(UTC)) == ()


async def test_an_answer_counts_once_and_in_the_browser_that_left(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    with_role(desk)
    async with desk.browser() as browser, desk.browser() as other:
        back = await to_the_provider(browser)
        await to_the_provider(other)  # he has a sign-in of his own under way
        stolen = await other.get(back)
        assert (stolen.status_code, "begun in another browser" in words(stolen)) == (403, True)
        back = await to_the_provider(browser)
        assert (await browser.get(back)).status_code == 303
        again = await browser.get(back)
        assert (again.status_code, "used already" in words(again)) == (403, True)
        for made_up in ("", "?code=x", "?code=x&state=y", "?state=%00", "?error=access_denied"):
            answer = await browser.get(f"/sign-in/provider/back{made_up}")
            assert (answer.status_code, "Begin again" in words(answer)) == (403, True), made_up


async def test_a_code_that_the_provider_has_taken_already_lets_nobody_in(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    with_role(desk)
    async with desk.browser() as browser:
        first, second = await to_the_provider(browser), await to_the_provider(browser)
        assert (await browser.get(first)).status_code == 303
        used = parse_qs(urlsplit(first).query)["code"][0]
        fresh = parse_qs(urlsplit(second).query)
        answer = await browser.get("/sign-in/provider/back", params={"code": used, "state": fresh["state"][0]})
        assert answer.status_code == 403
        assert "Keys refused what it was asked" in words(answer)


async def test_a_code_of_somebody_else_does_not_fit_to_this_sign_in(keys: Provider, engine: Engine):
    """Whoever slips his own code to somebody would have him work under a foreign name."""
    desk = Desk(keys, engine)
    with_role(desk)
    async with desk.browser() as mine, desk.browser() as his:
        foreign = parse_qs(urlsplit(await to_the_provider(his)).query)["code"][0]
        state = parse_qs(urlsplit(await to_the_provider(mine)).query)["state"][0]
        answer = await mine.get("/sign-in/provider/back", params={"code": foreign, "state": state})
        assert answer.status_code == 403
        assert SESSION_COOKIE not in mine.cookies


async def test_what_the_provider_says_instead_of_a_code_is_told_in_plain_words(keys: Provider, engine: Engine):
    desk = Desk(keys, engine)
    async with desk.browser() as browser:
        for error, told in (("access_denied", "did not let you in"), ("server_error", "refused what it was asked")):
            state = parse_qs(urlsplit(await to_the_provider(browser)).query)["state"][0]
            said = {"error": error, "error_description": "<b>call 555-0100</b>", "state": state}
            answer = await browser.get("/sign-in/provider/back", params=said)
            assert answer.status_code == 403
            assert told in words(answer)
            assert "555" not in answer.text, "anybody can write what stands in an address"
        state = parse_qs(urlsplit(await to_the_provider(browser)).query)["state"][0]
        mixed = {"code": "x", "state": state, "iss": "https://evil.example"}
        assert "cannot be trusted" in words(await browser.get("/sign-in/provider/back", params=mixed))


async def test_a_provider_that_is_away_leaves_the_password(keys: Provider, engine: Engine):
    keys.away = True
    desk = Desk(keys, engine)
    async with desk.browser() as browser:
        answer = await browser.get("/sign-in/provider")
        assert answer.status_code == 503
        assert "Keys does not answer. Try again in a moment." in words(answer)
        assert 'name="password"' in answer.text
        keys.away = False
        assert (await browser.get("/sign-in/provider")).status_code == 303, "nothing of the failure is kept"


async def test_a_sign_in_that_takes_too_long_is_begun_again(keys: Provider, engine: Engine):
    asked = IdentityProvider(engine, Terms(keys.url, CLIENT, SECRET))
    away = await asyncio.to_thread(asked.set_out, "http://desk/back", "/", "this browser", MONDAY)
    told = {"state": parse_qs(urlsplit(away).query)["state"][0], "code": "x"}
    with pytest.raises(SignInFailed) as failed:
        asked.come_back("http://desk/back", told, "this browser", MONDAY + timedelta(minutes=16))
    assert failed.value.why == "lost"


# ── settings ──────────────────────────────────────────────────────────────────────────────────────


async def test_passwords_can_be_switched_off(keys: Provider, engine: Engine):
    desk = Desk(keys, engine, password_sign_in=False)
    _, given = desk.door.add("chen", [Role.MANAGER], MONDAY)
    async with desk.browser() as browser:
        form = await browser.get("/sign-in")
        assert 'name="password"' not in form.text
        assert "Sign in with Keys" in words(form)
        refused = await browser.post("/sign-in", data={"name": "chen", "password": given})
        assert refused.status_code == 403
        assert SESSION_COOKIE not in browser.cookies
    shut = Doorkeeper(engine, passwords=False)
    assert shut.add("sun", [Role.AGENT], MONDAY)[1] == ""
    with pytest.raises(Forbidden):
        shut.new_password("sun")


async def test_without_a_provider_nothing_leads_to_one(engine: Engine):
    app = make_app(Settings(), None, engine, SHELF)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk") as browser:
        headers = {"Accept": "text/html"}
        assert "provider" not in (await browser.get("/sign-in", headers=headers)).text
        for path in ("/sign-in/provider", "/sign-in/provider/back?code=x&state=y"):
            assert (await browser.get(path, headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"oidc_issuer": "https://keys.example"}, "belong together"),
        ({"oidc_client_id": "aftercare"}, "belong together"),
        ({"password_sign_in": False}, "Nobody could sign in"),
        ({"oidc_issuer": "http://keys.example", "oidc_client_id": "a"}, "https://"),
        ({"oidc_issuer": "https://keys.example/?x=1", "oidc_client_id": "a"}, "https://"),
        ({"oidc_issuer": "https://keys.example", "oidc_client_id": "a", "oidc_roles": "desk=agent"}, "ROLES_CLAIM"),
        ({"oidc_roles": "desk=customer"}, "no role of somebody who signs in"),
        ({"oidc_roles": "desk"}, "names no group"),
        ({"oidc_scopes": "profile"}, "OIDC_SCOPES"),
    ],
)
def test_half_a_provider_is_none(given: dict[str, Any], told: str, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Invalid, match=told):
        provider_of(load_settings(**given), engine)


def test_groups_are_read_as_they_are_written():
    assert read_groups("desk = agent , leads=supervisor+finance+supervisor") == {
        "desk": (Role.AGENT,),
        "leads": (Role.SUPERVISOR, Role.FINANCE),
    }
