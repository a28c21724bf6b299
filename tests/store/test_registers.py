"""The registers of section 11: what cases, orders and payouts hold, as listings."""

from typing import Any

from sqlalchemy import Engine

from api.views import register_document
from models.case import Announced, Money
from store import credit
from store.engine import reading, writing
from store.registers import REGISTERS
from tests.builders import NOW
from tests.store.desk import commit, loaded, next_version, open_case
from tests.store.test_audit import CAME_BACK, sold_and_refunded
from tests.store.till import Till


def rows(engine: Engine, name: str) -> list[dict[str, Any]]:
    """A register as it is shown."""
    with reading(engine) as session:
        return [register_document(row) for row in REGISTERS[name](session)]


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


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


def test_an_invoice_is_open_until_it_is_said_what_was_done_with_it(engine: Engine) -> None:
    till = Till(engine)
    case = open_case(engine, till.order, over={"invoice_open": True})
    assert [(row["state"], row["settled_at"]) for row in rows(engine, "invoices")] == [("open", None)]
    till.drive(case.case_no, ("finance", "settle_invoice", {"result": "credited"}))
    (row,) = rows(engine, "invoices")
    assert (row["state"], row["settled_at"] is None) == ("credited", False)


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
