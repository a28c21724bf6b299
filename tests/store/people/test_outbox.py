"""Messages become letters at least once, oldest first, with ids that never change; what is for outside is kept."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from models.effects import Message
from models.errors import DataRefused
from models.tables import cases, letters, messages
from store.engine import reading, writing
from store.people import mailboxes, staff
from store.people.letters import address, keep_for, notice, pass_on
from store.people.outbox import Letter, of_case, waiting
from tests.builders import NOW
from tests.people import a_roster, absence, wall
from tests.staffed import write_down
from tests.store.desk import commit, import_order, next_version, open_case


def letter(number: int, level: int | None = None, to: str = "owner") -> Message:
    at = NOW + timedelta(minutes=number)
    return Message(key=f"letter:{number}", to=to, subject=f"triage: level {number}.", at=at, level=level)


def written(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as session:
        rows = session.execute(select(letters.c.id, letters.c.state).order_by(letters.c.at, letters.c.id))
        return [(row.id, row.state) for row in rows]


def addressed(engine: Engine, outside: list[Letter] | None = None) -> int:
    with writing(engine) as session:
        return address(session, (outside if outside is not None else []).append, NOW)


@pytest.fixture
def case_no(engine: Engine) -> str:
    case = open_case(engine, import_order(engine), over={"owner": "li"})
    commit(engine, next_version(case), messages=(letter(2, 1), letter(1)))
    return case.case_no


def test_messages_become_letters_once(engine: Engine, case_no: str) -> None:
    assert addressed(engine) == 2
    assert addressed(engine) == 0
    assert written(engine) == [("letter:1>li", "waiting"), ("letter:2>li", "waiting")]
    with reading(engine) as session:
        assert not waiting(session, NOW)
        assert [(one.case_no, one.key, one.level) for one in of_case(session, case_no)] == [
            (case_no, "letter:1", None),
            (case_no, "letter:2", 1),
        ]


def test_one_that_dies_while_addressing_leaves_all_as_it_was(engine: Engine, case_no: str) -> None:
    def refuse(one: Letter) -> None:
        raise ConnectionError("the log is away")

    with writing(engine) as session:
        session.execute(update(messages).where(messages.c.key == "letter:2").values(recipient="customer"))
    with pytest.raises(ConnectionError), writing(engine) as session:
        address(session, refuse, NOW)
    assert written(engine) == []
    assert addressed(engine) == 2
    assert written(engine) == [("letter:1>li", "waiting")]


def test_what_is_for_the_customer_stays_in_the_house_and_is_kept(engine: Engine, case_no: str) -> None:
    case = open_case(engine, import_order(engine), {2: 1})
    commit(engine, next_version(case), messages=(letter(3, to="customer"),))
    outside: list[Letter] = []
    addressed(engine, outside)
    assert [(one.key, one.recipient) for one in outside] == [("letter:3", "customer")]
    with reading(engine) as session:
        assert [one.key for one in of_case(session, case.case_no)] == ["letter:3"]


@pytest.mark.parametrize(
    ("to", "holder", "own"),
    [
        ("owner", "li", True),
        ("li", "li", True),
        ("zhao", "zhao", True),  # assigned to somebody by name
        ("finance", "role:finance", False),
        ("manager", "role:manager", False),
        ("on_duty", "role:agent", False),
        ("department_head", "role:manager", False),
    ],
)
def test_a_shop_without_a_staff_list_has_a_box_for_every_role(
    engine: Engine, case_no: str, to: str, holder: str, own: bool
) -> None:
    with writing(engine) as session:
        session.execute(update(messages).values(recipient=to))
    addressed(engine)
    with reading(engine) as session:
        rows = session.execute(select(letters.c.holder, letters.c.own).distinct()).all()
    assert [(row.holder, row.own) for row in rows] == [(holder, own)]


def test_a_case_that_nobody_owns_is_the_agents(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    commit(engine, next_version(case), messages=(letter(1),))
    addressed(engine)
    assert written(engine) == [("letter:1>role:agent", "waiting")]


def test_a_letter_that_was_passed_on_comes_back_to_who_owns_it_again(engine: Engine, case_no: str) -> None:
    def owned_by(owner: str) -> None:
        with writing(engine) as session:
            session.execute(update(cases).values(owner=owner))

    addressed(engine)
    for owner in ("zhao", "li"):
        owned_by(owner)
        with writing(engine) as session:
            here = select(letters.c.id).where(letters.c.state == "waiting", letters.c.message_key == "letter:1")
            assert pass_on(session, session.execute(here).scalars().all()) == 1
        addressed(engine)
    states = dict(written(engine))
    assert states == {"letter:1>li": "waiting", "letter:1>zhao": "passed_on", "letter:2>li": "waiting"}


def test_a_notice_about_no_case_is_told_once_in_both_languages(engine: Engine) -> None:
    words = {"zh": "今晨 12 个售后单卡住", "en": "12 cases are stuck this morning"}
    for _ in range(2):
        with writing(engine) as session:
            assert notice(session, "digest:2026-03-09", "manager", words, NOW)
    with reading(engine) as session:
        row = session.execute(select(letters)).one()
    assert (row.holder, row.case_no, row.words) == ("role:manager", None, words)


# ── with a staff list ─────────────────────────────────────────────────────────────────────────────


def test_what_is_about_no_case_waits_for_whoever_comes_of_them_or_above_them(engine: Engine) -> None:
    """A new transfer that is found while neither supervisor nor manager is on duty (L12)."""
    begins, ends = wall("00:00"), wall("09:00", "2026-03-06")
    first_back = absence("chen", begins, ends - timedelta(hours=3))
    write_down(engine, a_roster(absence("zhou", begins, ends), first_back))
    words = {"zh": "新登记的汇款", "en": "New transfers"}
    for _ in range(2):
        with writing(engine) as session:
            keep_for(session, "transfers:1", "supervisor", words, NOW)
    assert at(engine, NOW + timedelta(hours=1)) == []
    assert at(engine, first_back.until_at + timedelta(minutes=1)) == ["chen"]
    assert at(engine, ends + timedelta(days=1)) == ["chen"], "it is told once"
    with reading(engine) as session:
        [row] = session.execute(select(letters.c.words, letters.c.case_no))
    assert tuple(row) == (words, None)


def at(engine: Engine, now: datetime) -> list[str]:
    """Who holds letters after what waits was addressed at an instant."""
    with writing(engine) as session:
        address(session, lambda one: None, now)
    return [id.partition(">")[2] for id, state in written(engine)]


def test_what_nobody_on_duty_hears_goes_to_whoever_comes(engine: Engine, case_no: str) -> None:
    write_down(engine, a_roster())
    assert at(engine, wall("03:00")) == []
    with reading(engine) as session:
        assert not waiting(session, wall("03:00"))  # it is asked again in a minute, not all the time
        assert waiting(session, wall("03:01"))
    assert at(engine, wall("09:00")) == ["li", "li"]


def test_the_owner_is_stood_in_for_and_the_stand_in_has_it_as_his_own(engine: Engine, case_no: str) -> None:
    away = absence("li", wall("00:00"), wall("00:00", "2026-03-05"), stand_in="wu")
    write_down(engine, a_roster(away))
    assert at(engine, wall("10:00")) == ["wu", "wu"]
    with reading(engine) as session:
        assert session.execute(select(letters.c.own).distinct()).scalars().all() == [True]


def test_an_escalation_to_those_on_duty_is_own_for_the_owner_alone(engine: Engine, case_no: str) -> None:
    write_down(engine, a_roster())
    with writing(engine) as session:
        session.execute(update(messages).values(recipient="on_duty"))
    assert at(engine, wall("10:00")) == ["li", "wu", "li", "wu"]
    with reading(engine) as session:
        own = session.execute(select(letters.c.holder, letters.c.own).distinct().order_by(letters.c.holder)).all()
    assert [(row.holder, row.own) for row in own] == [("li", True), ("wu", False)]


def test_the_head_of_a_department_is_its_manager(engine: Engine, case_no: str) -> None:
    write_down(engine, a_roster())
    with writing(engine) as session:
        session.execute(update(messages).values(recipient="department_head"))
    assert set(at(engine, wall("10:00"))) == {"chen"}


def test_a_person_on_the_list_is_reached_as_the_list_says(engine: Engine) -> None:
    write_down(engine, a_roster())
    urls = ("dingtalk://0123456789abcdef/",)
    with writing(engine) as session:
        said = {"language": "en", "addresses": urls, "quiet_from": "22:00", "quiet_until": "07:30"}
        mailboxes.change(session, "li", said, "chen", NOW)
        mailboxes.change(session, "role:finance", {"addresses": urls}, "chen", NOW)
    with reading(engine) as session:
        li = staff.known(session, "li")
        assert (li.language, li.quiet_hours, li.channels) == ("en", ("22:00", "07:30"), urls)
        assert mailboxes.mailbox(session, "li").addresses == urls
        assert {box.holder for box in mailboxes.every(session)} >= {"li", "wu", "chen", "role:finance"}
        assert mailboxes.mailbox(session, "role:finance").addresses == urls


@pytest.mark.parametrize(
    ("field", "value"),
    [("timezone", "Mars/Olympus"), ("timezone", "../etc"), ("quiet_from", "25:00"), ("quiet_from", "")],
)
def test_hours_and_zones_that_are_none_are_refused(engine: Engine, field: str, value: str) -> None:
    with pytest.raises(DataRefused), writing(engine) as session:
        mailboxes.change(session, "li", {field: value, "quiet_until": "08:00"}, "chen", NOW)
