"""What customers owe, found among all cases by the database's own indexes; what is expected and came in (F24, L12)."""

from sqlalchemy import Engine, text, update

from models.case import Money
from models.tables import case_facts
from store.accounting import dues, remittances
from store.engine import reading, writing
from store.maintenance import rebuild
from tests.store.desk import open_case
from tests.store.till import CALENDARS, Till


def owed(engine: Engine, which: dues.Which = "owed") -> list[tuple[int, int, int, int]]:
    with reading(engine) as session:
        rows, _ = dues.list(session, which)
    return [(row.owed, row.repaid, row.waived, row.overpaid) for row in rows]


def test_what_is_owed_leaves_the_list_as_it_is_paid_and_waived(engine: Engine) -> None:
    till = Till(engine)
    case = open_case(engine, till.order, over={"money": Money(receivable=1200)}).case_no
    assert (owed(engine), owed(engine, "settled")) == ([(1200, 0, 0, 0)], [])
    till.drive(case, ("finance", "record_payment", {"amount": "5.00", "reference": "W1", "for": "receivable"}))
    till.drive(case, ("finance", "waive_receivable", {"reason": "kind"}))
    assert owed(engine, "asked") == owed(engine) == owed(engine, "settled") == [(700, 500, 0, 0)]  # 12.00 - 5.00
    till.drive(case, ("manager", "waive_receivable", {"reason": "kind"}))
    assert (owed(engine), owed(engine, "asked")) == ([], [])
    assert owed(engine, "settled") == [(0, 500, 700, 0)]


def test_a_page_of_dues_goes_on_where_the_last_one_ended(engine: Engine) -> None:
    till = Till(engine)
    opened = [open_case(engine, till.order, over={"money": Money(received=500)}).case_no for _ in range(2)]
    seen, cursor = [], None
    for _ in opened:
        with reading(engine) as session:
            rows, cursor = dues.list(session, "overpaid", cursor=cursor, limit=1)
        seen += [row.case_no for row in rows]
    assert (seen, cursor) == (opened, None)


def test_a_rebuild_finds_what_is_owed_in_the_documents(engine: Engine) -> None:
    open_case(engine, Till(engine).order, over={"money": Money(receivable=1200)})
    with writing(engine) as session:
        session.execute(update(case_facts).values(owed_to_us=0))
        rebuild(session, CALENDARS)
    assert owed(engine) == [(1200, 0, 0, 0)]


def test_the_first_page_reads_an_index_and_not_every_case(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL reads the few rows of a test as they lie
    with reading(engine) as session:
        for which, index in (("owed", "owed"), ("settled", "settled"), ("overpaid", "overpaid")):
            found = dues._found(which).compile(engine, compile_kwargs={"literal_binds": True})  # type: ignore[arg-type]
            plan = " ".join(str(row) for row in session.execute(text(f"EXPLAIN QUERY PLAN {found}")))
            assert f"ix_case_facts_{index}" in plan, plan


def test_payments_that_came_in_are_listed_the_newest_first(engine: Engine) -> None:
    till = Till(engine)
    case = open_case(engine, till.order, over={"money": Money(receivable=1200)}).case_no
    for number in (1, 2, 3):
        told = {"amount": f"{number}.00", "reference": f"W{number}", "for": "receivable"}
        till.drive(case, ("finance", "record_payment", told))
    seen, cursor = [], None
    for _ in range(3):
        with reading(engine) as session:
            rows, cursor = remittances.received(session, cursor=cursor, limit=1)
        seen += [(row.amount, row.reference, row.purpose) for row in rows]
    assert seen == [(f"{n}.00", f"W{n}", "receivable") for n in (3, 2, 1)]
    assert cursor is None
