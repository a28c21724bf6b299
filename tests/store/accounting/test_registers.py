"""The registers of section 11: what cases, orders and payouts hold, as listings."""

from typing import Any

from sqlalchemy import Engine

from api.routes.answers import _flat
from api.views import register_document
from models.case import Announced, Money
from models.masking import masked
from store import personal
from store.accounting import credit
from store.accounting.register_columns import COLUMNS, Window
from store.accounting.registers import PAGED, REGISTERS
from store.engine import reading, writing
from tests.builders import NOW
from tests.models.story import procedure
from tests.store.accounting.test_audit import CAME_BACK, sold_and_refunded
from tests.store.desk import commit, loaded, next_version, open_case
from tests.store.test_caps import HERE
from tests.store.till import Till


def rows(engine: Engine, name: str) -> list[dict[str, Any]]:
    """A register as it is shown."""
    with reading(engine) as session:
        found = [register_document(row) for row in REGISTERS[name](session)]
    for row in found:
        assert tuple(_flat(row)) == COLUMNS[name], "an empty spreadsheet has the same columns"
    return found


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def test_a_page_of_a_long_register_is_what_the_whole_has_there(engine: Engine) -> None:
    sold_and_refunded(engine)
    with reading(engine) as session:
        for name, page in PAGED.items():
            whole = REGISTERS[name](session)
            paged = [row for after in range(len(whole) + 1) for row in page(session, Window(after, 1))]
            assert paged == whole, name
        done = PAGED["refunds"](session, Window(0, 50, "done"))
        assert done == [row for row in REGISTERS["refunds"](session) if row["state"] == "done"]
        assert done


def test_every_register_of_a_new_shop_is_empty(engine: Engine) -> None:
    assert {name: rows(engine, name) for name in REGISTERS} == {name: [] for name in REGISTERS}


def test_claims_say_what_was_asked_agreed_and_paid(engine: Engine) -> None:
    till = sold_and_refunded(engine)
    till.drive("AC-26-000001", ("agent", "settle_claim", {"result": "accepted", "amount": "25.00"}))
    claim, of_supplier = rows(engine, "claims")
    assert (of_supplier["against"], of_supplier["awaits"]) == ("supplier", "filing"), "opened by itself (G10)"
    assert of_supplier["missing"] == "inspection_report, serial, purchase"
    assert (claim["case_no"], claim["against"], claim["state"]) == ("AC-26-000001", "courier", "accepted")
    assert (claim["claimed"], claim["accepted"], claim["paid"]) == (cny("30.00"), cny("25.00"), cny("0.00"))


def test_a_receivable_is_listed_with_what_was_paid_of_it(engine: Engine) -> None:
    till = Till(engine)
    case = open_case(engine, till.order, over={"money": Money(receivable=1200)})
    till.drive(case.case_no, ("finance", "record_payment", {"amount": "5.00", "reference": "W1", "for": "receivable"}))
    (row,) = rows(engine, "receivables")
    assert (row["owed"], row["netted"], row["repaid"]) == (cny("7.00"), cny("0.00"), cny("5.00"))


def test_what_was_paid_too_much_is_listed_until_it_is_back(engine: Engine) -> None:
    till = Till(engine)
    case = open_case(engine, till.order, over={"money": Money(received=500)})
    assert [row["overpaid"] for row in rows(engine, "overpayments")] == [cny("5.00")]
    till.drive(case.case_no, ("agent", "give_back"))
    (row,) = rows(engine, "overpayments")
    assert (row["overpaid"], row["given_back"]) == (cny("0.00"), cny("5.00"))


def test_a_loaner_is_listed_until_and_after_it_is_back(engine: Engine) -> None:
    till = Till(engine)
    case_no = till.opened()
    till.drive(case_no, ("agent", "lend_loaner", {"serial": "LOAN-7", "consent": True}))
    assert [(row["serial"], row["out"], row["lent_by"]) for row in rows(engine, "loaners")] == [("LOAN-7", True, "li")]
    till.drive(case_no, ("agent", "return_loaner"))
    assert [(row["serial"], row["out"]) for row in rows(engine, "loaners")] == [("LOAN-7", False)]


def test_store_credit_is_a_running_account_with_the_name_of_whose_it_is(engine: Engine) -> None:
    sold_and_refunded(engine)
    assert rows(engine, "balances") == []
    why = {"currency": "CNY", "why": "refund AC-26-000001", "case_no": "AC-26-000001"}
    entry = credit.Wanted(key="AC-26-000001:refund:1", customer_id="c-88", what="credited", amount=12900, **why)
    with writing(engine) as session:
        credit.write(session, entry, NOW)
    (balance,) = rows(engine, "balances")
    assert (balance["customer_id"], balance["customer"], balance["why"]) == ("c-88", "••明", "refund AC-26-000001")
    assert (balance["credited"], balance["taken"], balance["remains"]) == (cny("129.00"), None, cny("129.00"))


def test_money_that_is_announced_is_followed_until_it_came(engine: Engine) -> None:
    till = Till(engine)
    told = Announced(amount=34760, currency="CNY", payer="杭州小象科技有限公司")
    case = open_case(engine, till.order, over={"announced": told})
    (row,) = rows(engine, "remittances")
    assert (row["state"], row["announced"], row["received"]) == ("announced", cny("347.60"), cny("0.00"))
    assert "杭州" not in row["payer"]
    commit(engine, next_version(case, payment_notified=True))
    assert rows(engine, "remittances")[0]["state"] == "notified"
    now = loaded(engine, case.case_no)
    commit(engine, next_version(now, money=now.money.model_copy(update={"received": 34760})))
    assert rows(engine, "remittances")[0]["state"] == "matched"
    announced = open_case(engine, till.order, over={"announced": told})
    noted = open_case(engine, till.order, {2: 1}, over={"announced": told, "payment_notified": True})
    expected = {"matched": case.case_no, "announced": announced.case_no, "notified": noted.case_no}
    with reading(engine) as session:
        for state, case_no in expected.items():  # what a page is narrowed to by the database
            assert [row["case_no"] for row in PAGED["remittances"](session, Window(0, 50, state))] == [case_no], state


def test_an_invoice_is_open_until_it_is_said_what_was_done_with_it(engine: Engine) -> None:
    till = Till(engine)
    case = open_case(engine, till.order, over={"invoice_open": True})
    assert [(row["state"], row["settled_at"]) for row in rows(engine, "invoices")] == [("open", None)]
    till.drive(case.case_no, ("finance", "settle_invoice", {"result": "credited"}))
    (row,) = rows(engine, "invoices")
    assert (row["state"], row["settled_at"] is None) == ("credited", False)
    other = open_case(engine, till.order, over={"invoice_open": True})
    with reading(engine) as session:
        paged = [row for after in range(2) for row in PAGED["invoices"](session, Window(after, 1))]
        assert paged == REGISTERS["invoices"](session)
    assert [row["case_no"] for row in paged] == [case.case_no, other.case_no]


def test_warranties_name_the_goods_and_their_time_in_repair(engine: Engine) -> None:
    till = Till(engine)
    open_case(engine, till.order, over={"in_warranty": False, "failed_repairs": 1, "repair_seconds": 3 * 86_400})
    (row,) = rows(engine, "warranties")
    assert (row["sku"], row["in_warranty"], row["failed_repairs"], row["days_in_repair"]) == ("KETTLE-17", False, 1, 3)


def test_the_archive_knows_customers_by_their_masks(engine: Engine) -> None:
    till = Till(engine)
    till.drive(till.opened(), *CAME_BACK)
    (row,) = rows(engine, "customers")
    assert (row["customer_id"], row["orders"], row["cases"]) == ("c-88", 1, 1)
    assert (row["name"], row["phone"]) == ("••明", "•••••••8000")
    assert row["last_order_at"] < NOW.isoformat()


# ── the refund register (section 11, R1) ──────────────────────────────────────────────────────────


def test_the_refund_register_says_why_to_whom_and_by_whose_hands(engine: Engine) -> None:
    till = Till(engine)
    case_no = till.opened(**HERE)
    till.drive(case_no, ("agent", "choose_remedy", {"remedy": "refund"}))
    account = {
        "kind": "bank",
        "account": masked("6222021234567"),
        "real_name": masked("王小明"),
        "customer_agrees": True,
    }
    till.drive(case_no, ("agent", "provide_account", account))
    with writing(engine) as session:
        told = {"account": "6222021234567", "real_name": "王小明"}
        personal.put(session, "ref_1", case_no, "provide_account", told, NOW)
    till.pay_all(case_no)
    freight, paid = rows(engine, "refunds")
    assert (paid["purpose"], paid["amount"], paid["reason"]) == ("refund", cny("129.00"), "quality_fault / refund")
    assert (paid["account_kind"], paid["account"], paid["real_name"]) == ("bank", "••••••••4567", "••明")
    assert (paid["asked_by"], paid["named_by"], paid["paid_by"], paid["acknowledged_by"]) == (
        "li",
        "li",
        "zhou",
        "zhou",
    )
    assert (paid["customer_id"], paid["granted_as"], paid["payment_no"]) == ("c-88", "agent", "P1")
    assert paid["reference"].startswith("ALI ")
    assert paid["paid_at"] is not None
    assert freight["purpose"] == "freight"


def test_who_asked_is_told_apart_from_who_approved(engine: Engine) -> None:
    till = Till(engine)
    case_no = till.opened(rules=procedure(refund_limits={"agent": {"CNY": "100.00"}}), **HERE)
    till.drive(case_no, ("agent", "choose_remedy", {"remedy": "refund"}), ("manager", "approve"))
    assert {(row["asked_by"], row["granted_as"]) for row in rows(engine, "refunds")} == {("li", "manager")}


# ── limits hold for all cases of an order ─────────────────────────────────────────────────────────


def test_an_agents_limit_is_one_for_all_cases_of_an_order(engine: Engine) -> None:
    """Two kettles at 129.00 in two cases, and a limit of 200.00: the second is a manager's."""
    till = Till(engine)
    rules = procedure(refund_limits={"agent": {"CNY": "200.00"}, "manager": {"CNY": "300.00"}})
    first, second = (till.opened(rules=rules, **HERE) for _ in range(2))
    till.drive(first, ("agent", "choose_remedy", {"remedy": "refund"}))
    till.drive(second, ("agent", "choose_remedy", {"remedy": "refund"}))
    assert [till.case(case_no).state for case_no in (first, second)] == ["refunding", "awaiting_approval"]
    till.drive(second, ("manager", "approve"))
    assert till.case(second).state == "refunding", "a manager's own authority has given nothing yet"


def test_what_was_taken_back_is_not_counted_against_a_limit(engine: Engine) -> None:
    till = Till(engine)
    rules = procedure(refund_limits={"agent": {"CNY": "200.00"}})
    first, second = (till.opened(rules=rules, **HERE) for _ in range(2))
    till.drive(first, ("agent", "choose_remedy", {"remedy": "refund"}))
    till.drive(first, ("manager", "correct", {"to_state": "fault_confirmed", "reason": "the wrong one"}))
    till.drive(second, ("agent", "choose_remedy", {"remedy": "refund"}))
    assert till.case(second).state == "refunding"


def test_compensation_has_a_limit_of_its_own_that_is_one_for_the_order_too_F26(engine: Engine) -> None:
    till = Till(engine)
    rules = procedure(compensation_limits={"agent": {"CNY": "30.00"}})
    first, second = (till.opened(rules=rules, **HERE) for _ in range(2))
    given = {"amount": "20.00", "kind": "goodwill", "reason": "it flooded his kitchen"}
    till.drive(first, ("agent", "compensate", given), ("agent", "choose_remedy", {"remedy": "refund"}))
    till.drive(second, ("agent", "compensate", given))
    assert [till.case(case_no).state for case_no in (first, second)] == ["refunding", "awaiting_approval"]
