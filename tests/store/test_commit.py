"""One drain of a case is one transaction: written once, however often and in whatever order it comes."""

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from activities.commit import Commit
from models import tables
from models.case import Case
from models.clocks import on_move
from models.commands import Actor
from models.effects import CommitInput, Effects, Message, SplitOff
from models.events import Entry
from models.lifecycle import Role, State
from store import cases, lists, orders
from store.accounting import payouts
from store.engine import make_engine, reading, writing
from tests.builders import CALENDARS, DAY, HOUR, NOW, a_case
from tests.store.desk import (
    commit,
    ending,
    import_order,
    loaded,
    next_version,
    open_case,
    pots_now,
    refund,
    refund_draws,
)

LI = Actor(id="li", role=Role.AGENT)


def moved(case: Case, target: State, **changes: object) -> Case:
    """The case one version later in another state, its clocks as the rules leave them, and one entry more."""
    clocks = on_move(case.clocks, case.procedure, case.state, target, NOW)
    return next_version(case, state=target, clocks=clocks, seq=case.seq + 1, **changes)


def entry_of(case: Case, action: str, note: str | None = None) -> Entry:
    return Entry(seq=case.seq, at=NOW, actor=LI, action=action, target=case.state, note=note, data={"n": 1})


def rows_in(engine: Engine, table: str) -> int:
    with reading(engine) as session:
        return session.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one()


def test_a_commit_answers_the_absolute_deadlines_of_the_new_clocks(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    waiting = moved(case, State.AWAITING_RETURN)
    result = commit(engine, waiting)
    assert [(clock.clock, clock.due_at) for clock in result.clocks] == [("awaiting_return", NOW + 7 * DAY)]
    assert result.clocks[0].alarms[0].name == "remind"
    assert loaded(engine, case.case_no).due_at == NOW + 7 * DAY


def test_a_clock_that_is_armed_already_is_not_answered_again(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    assert commit(engine, next_version(case, owner="li")).clocks == ()


def test_the_document_is_the_case_with_its_clocks_armed_and_its_pots_as_they_came(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    drawn = next_version(case, payouts=(payout,))
    commit(engine, drawn, money=(draw,))
    assert loaded(engine, case.case_no) == drawn
    assert loaded(engine, case.case_no).order == case.order  # the pots a case carries are its own business


def test_the_timeline_signs_and_dates_every_entry(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    waiting = moved(case, State.AWAITING_RETURN)
    commit(engine, waiting, entries=(entry_of(waiting, "authorise_return", "请寄回 🙏 שלום"),))
    with reading(engine) as session:
        entries = cases.timeline(session, case.case_no, after_seq=1)
    assert entries == (entry_of(waiting, "authorise_return", "请寄回 🙏 שלום"),)
    assert entries[0].as_document()["to"] == "awaiting_return"


def test_a_long_timeline_is_read_in_pages(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    entries = tuple(Entry(seq=n, at=NOW, actor=LI, action="note", note=f"call {n}") for n in range(2, 8))
    commit(engine, next_version(case, seq=7), entries=entries)
    with reading(engine) as session:
        first = cases.timeline(session, case.case_no, limit=4)
        rest = cases.timeline(session, case.case_no, after_seq=first[-1].seq, limit=4)
    assert [entry.seq for entry in (*first, *rest)] == [1, 2, 3, 4, 5, 6, 7]


# ── twice is once ─────────────────────────────────────────────────────────────────────────────────


def test_the_same_drain_twice_is_written_once_and_answered_alike(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund(f"{case.case_no}:refund:1", refund_draws(order))
    refunding = moved(case, State.REFUNDING, payouts=(payout,))
    told = Message(key="m:1", to="finance", subject="A refund is to be paid.", at=NOW)
    effects = {"entries": (entry_of(refunding, "choose_remedy"),), "money": (draw,), "messages": (told,)}
    first = commit(engine, refunding, **effects)
    pots = pots_now(engine, order)
    assert commit(engine, refunding, **effects) == first
    assert pots_now(engine, order) == pots
    assert [rows_in(engine, name) for name in ("timeline", "money_moves", "payouts", "messages")] == [
        2,
        1,
        1,
        1,
    ]


def test_a_refusal_is_answered_again_to_whoever_asks_again(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order, 1, 2))
    _, sooner = refund("other:1", refund_draws(order, 1, 2))
    commit(engine, next_version(open_case(engine, order, {2: 1})), money=(sooner,))
    greedy = next_version(case, payouts=(payout,))
    first = commit(engine, greedy, money=(draw,))
    assert [refusal.key for refusal in first.refused] == ["k:1"]
    assert commit(engine, greedy, money=(draw,)) == first


def test_an_older_drain_that_comes_late_changes_nothing(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    older, newer = next_version(case, owner="li"), next_version(next_version(case), owner="zhang")
    commit(engine, newer)
    assert commit(engine, older).ahead == loaded(engine, case.case_no)
    assert loaded(engine, case.case_no).owner == "zhang"


def test_a_drain_that_fails_half_way_leaves_nothing(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    waiting = moved(case, State.AWAITING_RETURN)
    surrogate = Entry(seq=2, at=NOW, actor=LI, action="note", note="broken \ud800")
    with pytest.raises(Exception):  # noqa: B017, PT011 - each driver has its own
        commit(engine, waiting, entries=(surrogate,))
    assert loaded(engine, case.case_no) == case


# ── money ─────────────────────────────────────────────────────────────────────────────────────────


def test_approved_money_is_in_flight_and_in_finances_queue(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    commit(engine, next_version(case, payouts=(payout,)), money=(draw,))
    pots = pots_now(engine, order)
    assert (pots.units[0].in_flight, pots.units[0].units_out, pots.payments[0].in_flight) == (12900, 1, 12900)
    assert pots.refundable == 34760 - 12900
    with reading(engine) as session:
        (row,), _ = payouts.list(session, states=("approved",))
    assert (row.id, row.case_no, row.amount, row.currency) == ("k:1", case.case_no, 12900, "CNY")


def test_paid_money_is_refunded_and_leaves_the_queue(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    drawn = next_version(case, payouts=(payout,))
    commit(engine, drawn, money=(draw,))
    done = payout.model_copy(update={"state": "done", "reference": "BANK-7"})
    later = NOW + HOUR
    commit(engine, next_version(drawn, payouts=(done,)), at=later, money=(ending("settle", draw, "BANK-7"),))
    assert pots_now(engine, order).units[0].refunded == 12900
    assert pots_now(engine, order).units[0].in_flight == 0
    with reading(engine) as session:
        row = payouts.get(session, "k:1")
        assert payouts.list(session, states=("approved",))[0] == ()
    assert row is not None
    assert (row.state, row.reference, row.created_at, row.paid_at) == ("done", "BANK-7", NOW, later)


def test_a_payout_taken_back_gives_its_money_back_and_is_cancelled(engine: Engine) -> None:
    order = import_order(engine)
    before = pots_now(engine, order)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    drawn = next_version(case, payouts=(payout,))
    commit(engine, drawn, money=(draw,))
    commit(engine, next_version(drawn, payouts=()), money=(ending("release", draw),))
    assert pots_now(engine, order) == before
    with reading(engine) as session:
        row = payouts.get(session, "k:1")
    assert row is not None
    assert row.state == "cancelled"


def test_a_remedy_whose_money_the_order_has_no_more_is_taken_back_in_the_same_commit_C2(engine: Engine) -> None:
    order = import_order(engine)
    winner, loser = open_case(engine, order, {1: 1}), open_case(engine, order, {2: 1})
    all_kettles = refund_draws(order, 1, 2)
    first, draw = refund(f"{winner.case_no}:refund:1", all_kettles)
    commit(engine, next_version(winner, payouts=(first,)), money=(draw,))
    second, too_much = refund(f"{loser.case_no}:refund:1", all_kettles)
    result = commit(engine, next_version(loser, payouts=(second,)), money=(too_much,))
    assert [refusal.key for refusal in result.refused] == [second.key]
    assert "258.00 CNY" in result.refused[0].detail
    undone = loaded(engine, loser.case_no)
    assert (result.ahead, result.version) == (undone, 3)
    assert [entry.action for entry in result.entries] == ["money_refused"]
    assert (undone.state, undone.payouts) == ("requested", ())
    assert undone.order is not None
    assert undone.order.pots == pots_now(engine, order)
    with reading(engine) as session:
        assert payouts.get(session, second.key) is None


def test_a_refused_draw_is_never_settled_released_or_drawn_later(engine: Engine) -> None:
    order = import_order(engine)
    case, other = open_case(engine, order, {1: 1}), open_case(engine, order, {2: 1})
    taken, draw = refund("other:1", refund_draws(order, 1, 2))
    drawn = next_version(other, payouts=(taken,))
    commit(engine, drawn, money=(draw,))
    _, refused = refund("mine:1", refund_draws(order, 1, 1))
    commit(engine, next_version(case), money=(refused, ending("settle", refused)))
    commit(engine, next_version(drawn), money=(ending("release", draw),))  # now there would be money again
    before = pots_now(engine, order)
    again = next_version(next_version(case))
    result = commit(engine, again, money=(ending("release", refused), ending("settle", refused)))
    assert result.refused == ()
    assert pots_now(engine, order) == before


def test_what_a_key_has_drawn_is_settled_once_and_not_released_after(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    payout, draw = refund("k:1", refund_draws(order))
    one = next_version(case, payouts=(payout,))
    commit(engine, one, money=(draw,))
    two = next_version(one)
    commit(engine, two, money=(ending("settle", draw),))
    result = commit(engine, next_version(two), money=(ending("settle", draw), ending("release", draw)))
    assert [refusal.key for refusal in result.refused] == ["k:1"]
    assert pots_now(engine, order).units[0].refunded == 12900


def test_freight_is_booked_in_the_ledger_without_touching_the_pots(engine: Engine) -> None:
    order = import_order(engine)
    before = pots_now(engine, order)
    case = open_case(engine, order)
    _, draw = refund("k:1", ())
    freight = draw.model_copy(update={"account": "freight", "amount": 1200})
    commit(engine, next_version(case, advanced_freight=1200), money=(freight,))
    assert pots_now(engine, order) == before
    assert rows_in(engine, "money_moves") == 1


# ── splitting ─────────────────────────────────────────────────────────────────────────────────────


def test_a_split_gets_a_number_once_and_takes_its_units_along(engine: Engine) -> None:
    order = import_order(engine)
    parent = open_case(engine, order, {1: 1, 2: 3}, description="cracked", contact={"phone": "13800138000"})
    kettles, cups = parent.lines
    child = a_case("", order, {2: 3}, version=1, links=(parent.case_no,))
    split = SplitOff(key=f"{parent.case_no}:split:1", case=child.model_copy(update={"lines": (cups,)}))
    smaller = next_version(parent, lines=(kettles,))
    result = commit(engine, smaller, splits=(split,))
    assert result.linked == ("AC-26-000002",)
    assert commit(engine, smaller, splits=(split,)) == result
    born = loaded(engine, "AC-26-000002")
    assert (born.case_no, born.lines, born.links) == ("AC-26-000002", (cups,), (parent.case_no,))
    assert born.due_at is not None
    with reading(engine) as session:
        units = session.execute(select(tables.case_units).order_by(tables.case_units.c.case_no)).all()
        assert [(row.case_no, row.line_no, row.quantity, row.allowed) for row in units] == [
            (parent.case_no, 1, 1, 2),
            ("AC-26-000002", 2, 3, 4),
        ]
        assert cases.description(session, born.case_no) == "cracked"
        (opened,) = cases.timeline(session, born.case_no)
    assert (opened.action, opened.seq, born.seq) == ("opened", 1, 1)
    assert parent.case_no in str(opened.note)


# ── what follows from the document ────────────────────────────────────────────────────────────────


def test_the_columns_follow_the_case(engine: Engine) -> None:
    order = import_order(engine)
    case = open_case(engine, order)
    commit(
        engine,
        moved(case, State.RECEIVED, owner="li", priority="urgent", escalation=2, waybills=("SF1029",)),
    )
    with reading(engine) as session:
        (row,) = lists.of_order(session, order.order_no)
        assert cases.by_waybill(session, "SF1029") == (case.case_no,)
    assert (row.state, row.stage, row.waiting_for) == ("received", "diagnosis", "warehouse")
    assert (row.owner, row.priority, row.escalation) == ("li", "urgent", 2)
    assert (row.at_stake, row.currency, row.customer_name) == (12900, "CNY", "王小明")


def test_holds_are_on_the_order_while_the_case_is_open(engine: Engine) -> None:
    order = import_order(engine)
    held = next_version(open_case(engine, order), holds=("do_not_print",))
    commit(engine, held)
    with reading(engine) as session:
        assert [hold.hold for hold in orders.holds(session, order.order_no)] == ["do_not_print"]
    commit(engine, next_version(held, state=State.CLOSED))
    with reading(engine) as session:
        assert orders.holds(session, order.order_no) == ()


def test_a_changed_contact_is_what_the_case_is_found_by(engine: Engine) -> None:
    case = open_case(engine, import_order(engine), contact={"name": "王小明", "phone": "13800138000"})
    with writing(engine) as session:
        cases.put_contact(session, case.case_no, {"phone": "13911112222"})
    with reading(engine) as session:
        found, _ = lists.cases(session, lists.CaseFilters(q="2222"), now=NOW)
        gone, _ = lists.cases(session, lists.CaseFilters(q="8000"), now=NOW)
        assert cases.contact(session, case.case_no) == {"name": "王小明", "phone": "13911112222"}
    assert [row.case_no for row in found] == [case.case_no]
    assert gone == ()


# ── the activity ──────────────────────────────────────────────────────────────────────────────────


def test_the_activity_writes_a_drain(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    drain = CommitInput(case=moved(case, State.AWAITING_RETURN), base=case.version, effects=Effects(), at=NOW)
    result = Commit(engine, lambda: CALENDARS).commit(drain)
    assert result.version == 2
    assert loaded(engine, case.case_no).state is State.AWAITING_RETURN


def test_a_database_that_is_away_is_an_error_to_be_tried_again() -> None:
    away = make_engine("sqlite:////no/such/folder/aftercare.db")
    drain = CommitInput(case=a_case(), base=0, effects=Effects(), at=NOW)
    with pytest.raises(OperationalError):
        Commit(away, lambda: CALENDARS).commit(drain)
