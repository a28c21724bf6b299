"""Claims as a list by deadline, what becomes of it when cases are written again, and after their end (L5, G10)."""

from datetime import timedelta

from sqlalchemy import Engine, delete

from models.tables import claims as table
from store.accounting import claims
from store.accounting.audit import audit_money
from store.engine import reading, writing
from store.maintenance import rebuild
from tests.store.till import CALENDARS, Till

LOST = ("agent", "open_claim", {"against": "courier", "amount": "139.00"})
BROKEN = ("agent", "open_claim", {"against": "supplier", "amount": "60.00"})


def shop(engine: Engine) -> Till:
    """A case with a claim that was filed, and one whose two claims are still to be filed."""
    till = Till(engine)
    first, second = till.opened(), till.opened(lines={2: 1})
    till.drive(first, LOST, ("agent", "settle_claim", {"result": "filed", "evidence": ["value"]}))
    till.drive(second, LOST, BROKEN)
    return till


def listed(till: Till, days: int = 0, **asked: object) -> list[tuple[str, int, str | None]]:
    with reading(till.engine) as session:
        rows, _ = claims.list(session, till.now + timedelta(days=days), **asked)  # type: ignore[arg-type]
    return [(row.case_no, row.number, row.awaits) for row in rows]


FILED, COURIER, SUPPLIER = (
    ("AC-26-000001", 1, "answer"),
    ("AC-26-000002", 1, "filing"),
    ("AC-26-000002", 2, "filing"),
)


def test_claims_are_listed_by_deadline_and_found_by_what_they_wait_for(engine: Engine) -> None:
    till = shop(engine)
    assert listed(till) == [FILED, COURIER, SUPPLIER]
    assert listed(till, against="supplier") == [SUPPLIER]
    assert listed(till, awaits=("answer",)) == [FILED]
    assert listed(till, case_no="AC-26-000002") == [COURIER, SUPPLIER]
    assert [listed(till, days, overdue=True) for days in (14, 16, 31)] == [[], [FILED], [FILED, COURIER, SUPPLIER]]


def test_a_page_goes_on_where_the_last_one_ended(engine: Engine) -> None:
    till, seen, cursor = shop(engine), [], None
    for _ in range(3):
        with reading(engine) as session:
            rows, cursor = claims.list(session, till.now, cursor=cursor, limit=1)
        seen += [(row.case_no, row.number) for row in rows]
    assert (seen, cursor) == ([one[:2] for one in (FILED, COURIER, SUPPLIER)], None)


def test_a_claim_is_settled_after_its_case_has_closed_and_the_books_agree(engine: Engine) -> None:
    till = shop(engine)
    till.drive("AC-26-000001", ("manager", "close", {"reason": "settled with the customer"}))
    paid = {"result": "paid", "amount": "120.00"}
    till.drive("AC-26-000001", ("finance", "settle_claim", {"result": "accepted"}), ("finance", "settle_claim", paid))
    case = till.case("AC-26-000001")
    assert (case.state, case.claims[0].state, case.claims[0].paid) == ("closed", "paid", 12000)
    assert listed(till) == [COURIER, SUPPLIER, ("AC-26-000001", 1, None)]
    assert audit_money(engine).findings == ()


def test_the_list_follows_from_the_cases_closed_ones_too(engine: Engine) -> None:
    till = shop(engine)
    till.drive("AC-26-000001", ("manager", "close", {"reason": "settled with the customer"}))
    before = listed(till)
    with writing(engine) as session:
        session.execute(delete(table))
        rebuild(session, CALENDARS)
    assert listed(till) == before
