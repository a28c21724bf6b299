"""Signing in: passwords, sessions, tries, and where one is signed in."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.datastructures import FormData

from api.limits import TooManyAttempts
from api.people.sign_in import FIRST_ROLES, MOST_BOTH, MOST_OF_ADDRESS, MOST_OF_NAME, Doorkeeper, WrongPassword
from console.visit import Form
from models.errors import Conflict, Invalid, NotFound
from models.lifecycle import Role
from store.engine import writing
from store.people import staff as staff_list
from store.people import users
from tests.console.browser import QUICK, Browser, Staff, words
from tests.databases import opened, sqlite_database

Browse = Callable[..., Browser]
MONDAY = datetime(2026, 3, 9, 2, 0, tzinfo=UTC)
OWN = "two kettles and a cup"


@pytest.fixture
def door() -> Iterator[Doorkeeper]:
    """A door of its own; its hashes cost little, since it is not they that are tried here."""
    with sqlite_database() as url, opened(url) as engine:
        yield Doorkeeper(engine, QUICK)


def li(door: Doorkeeper) -> str:
    """Li of the desk; answers the password that was given to her."""
    return door.add("li", [Role.AGENT], MONDAY)[1]


# ── the door ──────────────────────────────────────────────────────────────────────────────────────


def test_the_first_user_may_do_everything_and_is_made_once(door: Doorkeeper):
    first = door.add_first(MONDAY)
    assert first is not None
    user, password = first
    assert user.roles == FIRST_ROLES
    assert user.must_change
    assert door.sign_in("ADMIN ", password, "::1", "Firefox", MONDAY)[1].id == "admin"
    assert door.add_first(MONDAY) is None


@pytest.mark.parametrize("name", ["li", "LI", " Li ", "ｌｉ"])
def test_a_name_is_the_same_person_however_it_is_typed(door: Doorkeeper, name: str):
    password = li(door)
    assert door.sign_in(name, password, "::1", "", MONDAY)[1].id == "li"


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(door: Doorkeeper):
    li(door)
    told = set()
    for name in ("li", "nobody", "", "li'; DROP TABLE users; --", "\0"):
        with pytest.raises(WrongPassword) as refused:
            door.sign_in(name, "wrong", name or "::1", "", MONDAY)
        told.add(refused.value.detail)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("most", "names", "addresses"),
    [
        (MOST_BOTH, ["li"], ["10.0.0.1"]),  # one who guesses
        (MOST_OF_NAME, ["li"], [f"10.0.1.{n}" for n in range(200)]),  # many machines that guess one
        (MOST_OF_ADDRESS, [f"n{n}" for n in range(200)], ["10.0.0.1"]),  # one that tries many names
    ],
    ids=["one name from one address", "one name from anywhere", "any name from one address"],
)
def test_tries_end_with_how_long_to_wait_and_count_no_more_after_that(
    door: Doorkeeper, most: int, names: list[str], addresses: list[str]
):
    password = li(door)

    def guess(number: int, now: datetime) -> None:
        door.sign_in(names[number % len(names)], "wrong", addresses[number % len(addresses)], "", now)

    for number in range(most):
        with pytest.raises(WrongPassword):
            guess(number, MONDAY + timedelta(seconds=number))
    with pytest.raises(TooManyAttempts) as refused:
        guess(most, MONDAY + timedelta(minutes=5))
    assert refused.value.extra["retry_after"] == 10 * 60
    later = MONDAY + users.TRIES_COUNT + timedelta(minutes=2)
    assert door.sign_in("li", password, addresses[0], "", later)


def test_the_right_password_of_somebody_who_mistyped_before_wipes_the_slate(door: Doorkeeper):
    password = li(door)
    for _ in range(3):
        for _ in range(MOST_BOTH - 1):
            with pytest.raises(WrongPassword):
                door.sign_in("li", "wrong", "::1", "", MONDAY)
        door.sign_in("li", password, "::1", "", MONDAY)


def test_a_session_ends_when_it_is_not_used_and_after_a_week_in_any_case(door: Doorkeeper):
    password = li(door)
    secret, _ = door.sign_in("li", password, "::1", "", MONDAY)
    now = MONDAY
    while now < MONDAY + timedelta(days=6, hours=12):
        now += timedelta(hours=11)
        assert door.who(secret, now) is not None
    assert door.who(secret, MONDAY + users.LONGEST + timedelta(seconds=1)) is None
    idle, _ = door.sign_in("li", password, "::1", "", MONDAY)
    assert door.who(idle, MONDAY + users.IDLE + timedelta(seconds=1)) is None


def test_what_a_database_holds_lets_nobody_in(door: Doorkeeper):
    secret, _ = door.sign_in("li", li(door), "::1", "", MONDAY)
    (sitting,) = door.sittings("li", MONDAY)
    assert secret not in sitting.model_dump_json()
    assert door.who(sitting.id, MONDAY) is None


def test_a_new_password_and_being_disabled_end_every_session(door: Doorkeeper):
    password = li(door)
    for end in (lambda: door.new_password("li"), lambda: door.disable("li", MONDAY)):
        secret, _ = door.sign_in("li", password, "::1", "", MONDAY)
        ended = end()
        password = ended if isinstance(ended, str) else password
        assert door.who(secret, MONDAY) is None
    with pytest.raises(WrongPassword):
        door.sign_in("li", password, "::1", "", MONDAY)
    door.enable("li")
    with pytest.raises(WrongPassword):
        door.sign_in("li", "wrong", "::1", "", MONDAY)


def test_other_roles_count_from_the_next_page_on(door: Doorkeeper):
    secret, _ = door.sign_in("li", li(door), "::1", "", MONDAY)
    door.give_roles("li", [Role.MANAGER, Role.FINANCE])
    found = door.who(secret, MONDAY)
    assert found is not None
    assert found[0].roles == (Role.MANAGER, Role.FINANCE)


def test_whoever_has_left_by_the_staff_list_is_not_let_in(door: Doorkeeper):
    password = li(door)
    secret, _ = door.sign_in("li", password, "::1", "", MONDAY)
    with writing(door._engine) as session:
        staff_list.write(session, staff_list.StaffRow(id="li", name="李"), MONDAY)
        staff_list.place(session, "li", [Role.AGENT], None, MONDAY + timedelta(hours=1), "chen", MONDAY)
    assert door.who(secret, MONDAY + timedelta(minutes=59)) is not None
    assert door.who(secret, MONDAY + timedelta(hours=1)) is None
    with pytest.raises(WrongPassword):
        door.sign_in("li", password, "::1", "", MONDAY + timedelta(hours=2))


@pytest.mark.parametrize("new", ["short", "li", "x" * 201])
def test_a_password_that_is_none_is_not_taken(door: Doorkeeper, new: str):
    given = li(door)
    with pytest.raises(Invalid):
        door.change_password(door.users()[0], given, new, "", MONDAY)
    with pytest.raises(Invalid):
        door.change_password(door.users()[0], given, given, "", MONDAY)
    with pytest.raises(WrongPassword):
        door.change_password(door.users()[0], "another one", OWN, "", MONDAY)


def test_users_are_named_plainly_and_once_and_are_people(door: Doorkeeper):
    li(door)
    with pytest.raises(Conflict):
        door.add("LI", [Role.AGENT], MONDAY)
    for id in ("", "two words", "x" * 61, "李", "a/b"):
        with pytest.raises(Invalid):
            door.add(id, [Role.AGENT], MONDAY)
    for roles in ([], [Role.CUSTOMER], [Role.AGENT, Role.SYSTEM]):
        with pytest.raises(Invalid):
            door.add("sun", roles, MONDAY)
    with pytest.raises(NotFound):
        door.disable("nobody", MONDAY)


def test_the_last_who_manages_stays(door: Doorkeeper):
    door.add("chen", [Role.MANAGER], MONDAY)
    door.add("du", [Role.DIRECTOR], MONDAY)
    door.disable("du", MONDAY)
    for take_away in (lambda: door.disable("chen", MONDAY), lambda: door.give_roles("chen", [Role.AGENT])):
        with pytest.raises(Conflict, match="let another manager in first"):
            take_away()
    assert door.give_roles("chen", [Role.MANAGER, Role.FINANCE]).is_active
    door.enable("du")
    assert not door.disable("chen", MONDAY).is_active


# ── the pages ─────────────────────────────────────────────────────────────────────────────────────


async def test_signing_in_leads_on_to_where_one_wanted_to_go(browse: Browse, staff: Staff):
    nobody = browse(None)
    form = await nobody.get("/sign-in", params={"onward": "/account?x=1"})
    assert 'name="onward" value="/account?x=1"' in form.text
    answer = await nobody.post("/sign-in", data={"name": "li", "password": OWN, "onward": "/account?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?x=1")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert (await nobody.get("/account")).status_code == 200


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_nobody_is_led_away_by_signing_in(browse: Browse, staff: Staff, onward: str):
    answer = await browse(None).post("/sign-in", data={"name": "li", "password": OWN, "onward": onward})
    assert answer.headers["location"] == "/"


async def test_a_wrong_password_keeps_the_name_and_says_nothing_more(browse: Browse, staff: Staff):
    answer = await browse(None).post("/sign-in", data={"name": "<b>who</b>", "password": "wrong"})
    assert answer.status_code == 422
    assert "The name or the password is wrong." in words(answer)
    assert "&lt;b&gt;who&lt;/b&gt;" in answer.text
    assert "wrong" not in answer.text.partition('name="password"')[2].partition(">")[0]


async def test_too_many_tries_are_told_how_long_to_wait(browse: Browse, staff: Staff):
    nobody = browse(None)
    for _ in range(MOST_BOTH):
        await nobody.post("/sign-in", data={"name": "guesser", "password": "wrong"})
    answer = await nobody.post("/sign-in", data={"name": "guesser", "password": "wrong"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "Wait" in words(answer)


async def test_whoever_got_his_password_chooses_his_own_before_anything_else(browse: Browse, staff: Staff):
    _, given = staff.door.add("newcomer", [Role.AGENT], datetime.now(UTC))
    nobody = browse(None)
    answer = await nobody.post("/sign-in", data={"name": "newcomer", "password": given})
    assert answer.headers["location"] == "/account"
    assert (await nobody.get("/")).headers["location"] == "/account"
    unequal = await nobody.submit("/account/password", old=given, new=OWN, again="another one")
    assert unequal.status_code == 422
    assert "not the same" in words(unequal)
    done = await nobody.submit("/account/password", old=given, new=OWN, again=OWN)
    assert (done.status_code, done.headers["location"]) == (303, "/")


async def test_one_browser_is_signed_out_by_its_owner_or_a_manager(browse: Browse, staff: Staff):
    here, there, other = browse("expert"), browse("expert"), browse("agent")
    assert (await there.get("/account")).status_code == 200
    (lost,) = set(re.findall(r"/account/sessions/(\w+)/end", (await here.get("/account")).text)) - set(
        re.findall(r"/account/sessions/(\w+)/end", (await there.get("/account")).text)
    )
    assert (await other.submit(f"/account/sessions/{lost}/end")).status_code == 303
    assert (await there.get("/account")).status_code == 200, "not li's to end"
    assert (await here.submit(f"/account/sessions/{lost}/end")).status_code == 303
    assert (await there.get("/account")).status_code == 303
    assert "That browser is signed out." in words(await here.get("/account"))
    chen = browse("manager")
    mine = re.findall(r"/users/xie/sessions/(\w+)/end", (await chen.get("/users/xie")).text)
    assert mine
    for one in mine:
        await chen.submit(f"/users/xie/sessions/{one}/end")
    assert (await here.get("/account")).status_code == 303


async def test_a_browser_that_was_left_open_is_no_place_to_guess_a_password(browse: Browse):
    wei = browse("workshop")
    for _ in range(MOST_BOTH):
        wrong = await wei.submit("/account/password", old="a guess", new=OWN, again=OWN)
        assert wrong.status_code == 422
    answer = await wei.submit("/account/password", old="workshop of the kettle shop", new=OWN, again=OWN)
    assert (answer.status_code, "Too many tries" in words(answer)) == (429, True)
    assert int(answer.headers["retry-after"]) > 0


def test_a_form_has_no_nul_which_a_database_may_not_take():
    form = Form(FormData([("name", "l\0i"), ("roles", "a\0gent")]))
    assert (form.text("name"), form.raw("name"), form.texts("roles"), form.keep()["name"]) == (
        "li",
        "li",
        ["agent"],
        "li",
    )


async def test_signing_out_everywhere_ends_the_other_browsers_only(browse: Browse):
    here, there = browse("director"), browse("director")
    assert (await there.get("/account")).status_code == 200
    await here.submit("/account/sign-out-everywhere")
    assert "Signed out in" in words(await here.get("/account"))
    assert "Signed out in" not in words(await here.get("/account")), "said once"
    assert (await there.get("/account")).status_code == 303
    await here.submit("/sign-out")
    assert (await here.get("/account")).status_code == 303


async def test_a_language_is_kept_for_the_person_and_for_the_browser(browse: Browse):
    xie = browse("expert")
    await xie.submit("/language", language="zh-CN", onward="/account")
    assert "我的账号" in (await xie.get("/account")).text
    assert "我的账号" in (await browse("expert").get("/account")).text
    await xie.submit("/account", language="en")
    await xie.submit("/sign-out")
    assert "Password" in words(await xie.get("/sign-in"))
    assert (await xie.submit("/language", language="tlh", onward="/sign-in")).status_code == 303
