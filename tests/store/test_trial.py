"""A changed playbook is tried on past cases: what it would have decided, where that differs, and that nothing moves."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from api import background, opening
from api.documents.requests import OpenCase
from api.procedure.trial import Trial, trial
from models.case import Case
from models.commands import Actor
from models.effects import Decision
from models.lifecycle import Role
from models.money import to_minor
from models.orders import Order
from models.tables import metadata
from playbooks.loading.candidate import with_file
from playbooks.loading.load import Playbooks, load_playbooks
from store import cases
from store.cases import NewCase
from store.engine import reading, writing
from store.procedure import playbooks as kept
from store.procedure.past import opened_since
from tests.builders import DAY, HOUR, NOW, an_order
from tests.own_playbooks import KIND, STEPS, write_file, write_folder
from tests.store.desk import import_order

LI = Actor(id="li", role=Role.AGENT)
Change = Callable[..., Playbooks]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("shop") / "playbooks")


@pytest.fixture(scope="module")
def record(folder: Path) -> Playbooks:
    """The playbooks that the cases are opened with."""
    return load_playbooks(folder)


@pytest.fixture
def changed(folder: Path, tmp_path: Path) -> Change:
    """The same playbooks with other fields in the file of the kind."""
    return lambda **over: with_file(folder, write_file(tmp_path, **over))


def an_open_case(
    engine: Engine, playbooks: Playbooks, order: Order, at: datetime = NOW, lines: Mapping[int, int] | None = None
) -> Case:
    claimed = dict(lines or {1: 1})
    asked = [{"line_no": line_no, "quantity": quantity} for line_no, quantity in claimed.items()]
    ask = OpenCase.model_validate({"order_no": order.order_no, "kind": KIND, "lines": asked, "wanted": "refund"})
    with writing(engine) as session:

        def build(case_no: str) -> Decision:
            book = opening.book_for(playbooks.get(KIND), None, order, None)
            known = background.known(session, ask, book, order, playbooks, at)
            return opening.new_case(ask, known, LI, at, case_no)

        allowed = {line.line_no: line.quantity for line in order.lines}
        new = NewCase(
            build=build,
            now=at,
            calendars=playbooks.calendars,
            order_no=order.order_no,
            lines=claimed,
            allowed_per_line=allowed,
        )
        book = playbooks.get(KIND)
        kept.put(session, KIND, book.version, book.as_document(), at)
        return cases.open_case(session, new)


def tried(engine: Engine, playbooks: Playbooks, since: datetime = NOW - 30 * DAY) -> Trial:
    with reading(engine) as session:
        return trial(session, KIND, playbooks, since, NOW + DAY)


#: Ten minutes instead of fifteen.
SOONER = {"clock": "first_answer", "target": "10m", "calendar": "all_hours"}


def test_the_same_playbook_decides_the_same(engine: Engine, record: Playbooks) -> None:
    an_open_case(engine, record, import_order(engine))
    found = tried(engine, record)
    assert (len(found.tried), found.differing, found.left_out) == (1, (), ())
    assert found.as_document()["items"] == []


def test_fewer_days_turn_a_yes_into_a_no(engine: Engine, record: Playbooks, changed: Change) -> None:
    an_open_case(
        engine,
        record,
        import_order(
            engine,
            an_order(
                delivered_at=NOW - 5 * DAY, shipped_at=NOW - 6 * DAY, placed_at=NOW - 7 * DAY, paid_at=NOW - 7 * DAY
            ),
        ),
    )
    stricter = changed(eligibility={"days_since_delivery": 3})
    (one,) = tried(engine, stricter).differing
    assert one.differs == ("eligibility", "step")
    assert (one.then.eligible.answer, one.now.eligible.answer) == ("yes", "no")
    (against,) = one.now.as_document()["against"]
    assert (against["rule"], against["en"]) == ("days_since_delivery", "day 5 after delivery, of 3")


def test_another_first_remedy_and_its_money_are_told_with_their_difference(
    engine: Engine, record: Playbooks, changed: Change
) -> None:
    for number in range(2):
        an_open_case(engine, record, import_order(engine, an_order(f"KETTLE-{number}")))
    exchange = changed(remedies=["exchange", "refund"])
    found = tried(engine, exchange).as_document()
    assert (found["cases"], found["differ"], found["by"]) == (2, 2, {"remedy": 2, "money": 2})
    then, now = found["items"][0]["then"], found["items"][0]["now"]
    # F7: the kettle's 129.00 without postage; F8: the customer owes the way to him, 12.00 by freight.yaml.
    assert (then["remedy"], then["money"]["refund"]) == ("refund", "129.00")
    assert (now["remedy"], now["money"]["refund"]) == ("exchange", "0.00")
    owed = now["money"]["customer_owes"]
    assert found["money"]["CNY"]["to_customer"] == "-258.00"  # 2 × 129.00 less
    assert to_minor(found["money"]["CNY"]["customer_owes"], "CNY") == 2 * to_minor(owed, "CNY") > 0


def test_another_first_step_is_told_with_the_remedy_that_it_names(
    engine: Engine, record: Playbooks, changed: Change
) -> None:
    an_open_case(engine, record, import_order(engine))
    offer = {
        "in": "requested",
        "when": {"wanted": "refund"},
        "do": "make_offer",
        "with": {"options": [{"type": "exchange"}, {"type": "refund"}]},
        "zh": "先问换不换",
        "en": "Ask for an exchange first",
    }
    (one,) = tried(engine, changed(steps=[offer, *STEPS])).differing
    assert one.differs == ("step", "remedy", "money")
    assert (one.then.step.en, one.now.step.en) == ("Authorise the return", "Ask for an exchange first")
    assert (one.then.remedy, one.now.remedy) == ("refund", "exchange")


def test_money_is_settled_on_the_order_as_it_was_bought_whatever_was_refunded_since(
    engine: Engine, record: Playbooks, changed: Change
) -> None:
    order = import_order(engine)
    an_open_case(engine, record, order, lines={1: 2})
    with writing(engine) as session:
        pots = metadata.tables["unit_pots"]
        session.execute(pots.update().where(pots.c.line_no == 1).values(refunded=25800, units_out=2))
    freight_too = changed(party_liable="seller")
    (one,) = tried(engine, freight_too).tried
    assert one.then.money is not None
    assert one.then.money.refund == 25800


def test_every_clock_that_ran_is_told_with_its_due_time_then_and_now(
    engine: Engine, record: Playbooks, changed: Change
) -> None:
    an_open_case(engine, record, import_order(engine))
    (one,) = tried(engine, changed(first_answer=SOONER)).differing
    assert one.differs == ("deadlines",)
    moved = {d.clock: d for d in one.deadlines if d.then != d.now}
    assert set(moved) == {"first_answer"}
    assert moved["first_answer"].now == NOW + timedelta(seconds=600)
    told = one.as_document(NOW + DAY)["deadlines"]
    assert {row["clock"]: row["late_now"] for row in told}["first_answer"] is True


def test_time_for_which_a_clock_stood_still_is_left_out_of_the_new_due_time_too(
    engine: Engine, record: Playbooks, changed: Change
) -> None:
    case = an_open_case(engine, record, import_order(engine))
    clock = next(clock for clock in case.clocks if clock.clock == "first_answer")
    # It ran for 5 minutes, stood for an hour, and runs again.
    stopped = clock.noted("paused", NOW + timedelta(minutes=5), state="paused")
    again = stopped.noted("resumed", NOW + timedelta(minutes=65), state="running")
    with writing(engine) as session:
        kept_clocks = tuple(again if one is clock else one for one in case.clocks)
        changed_case = case.model_copy(update={"clocks": kept_clocks})
        cases.write_case(session, changed_case, record.calendars)
    (one,) = tried(engine, changed(first_answer=SOONER)).differing
    due = {d.clock: d.now for d in one.deadlines}["first_answer"]
    assert due == NOW + timedelta(minutes=70)  # 10 minutes of running: 5 before the pause, 5 behind it


def test_the_order_is_seen_as_it_was_when_the_case_was_opened(
    engine: Engine, record: Playbooks, changed: Change
) -> None:
    delivered_later = an_order(
        placed_at=NOW - 20 * DAY, paid_at=NOW - 20 * DAY, shipped_at=NOW - 19 * DAY, delivered_at=NOW - 18 * DAY
    )
    an_open_case(engine, record, import_order(engine, delivered_later), at=NOW - 17 * DAY)
    (one,) = tried(engine, record).tried
    assert one.then.eligible.answer == "yes"  # day 1 when it was opened, though day 18 by now


def test_only_cases_of_the_kind_and_of_the_span_are_tried(engine: Engine, record: Playbooks) -> None:
    an_open_case(engine, record, import_order(engine, an_order("OLD")), at=NOW - 31 * DAY)
    young = an_open_case(engine, record, import_order(engine, an_order("YOUNG")), at=NOW - HOUR)
    with reading(engine) as session:
        assert [one.case.case_no for one in opened_since(session, KIND, NOW - 30 * DAY)] == [young.case_no]
        assert list(opened_since(session, "arrived_wet", NOW - 30 * DAY)) == []
    assert [one.case_no for one in tried(engine, record).tried] == [young.case_no]


def test_a_case_whose_version_is_not_kept_is_named_and_left_out(engine: Engine, record: Playbooks) -> None:
    case = an_open_case(engine, record, import_order(engine))
    with writing(engine) as session:
        session.execute(metadata.tables["playbook_versions"].delete())
    found = tried(engine, record).as_document()
    assert found["cases"] == 0
    assert [row["case_no"] for row in found["left_out"]] == [case.case_no]
    assert "is not kept" in found["left_out"][0]["reason"]


def test_a_trial_writes_nothing(engine: Engine, record: Playbooks, changed: Change) -> None:
    an_open_case(engine, record, import_order(engine))

    def rows() -> dict[str, list[Any]]:
        with reading(engine) as session:
            return {table.name: list(session.execute(select(table))) for table in metadata.sorted_tables}

    before = rows()
    tried(engine, changed(remedies=["exchange", "refund"]))
    assert rows() == before
