"""Who pays the freight."""

from pathlib import Path

import pytest
import yaml

from models.errors import MoneyRefused
from models.freight import (
    FreightRates,
    FreightRemedy,
    Payer,
    freight_rule,
    is_seller_fault,
    reimbursement_cap,
    seller_share,
)

SHIPPED = Path(__file__).parents[2] / "playbooks" / "freight.yaml"


@pytest.mark.parametrize(
    ("rule", "seller_fault", "free_shipping", "remedy", "return_freight", "replacement", "goods", "postage"),
    [
        ("F1", True, True, "refund", "seller", None, True, False),
        ("F2", True, True, "exchange", "seller", "seller", False, False),
        ("F3", True, False, "refund", "seller", None, True, True),
        ("F4", True, False, "exchange", "seller", "seller", False, False),
        ("F5", False, True, "refund", "customer", None, True, False),
        ("F6", False, True, "exchange", "customer", "seller", False, False),
        ("F7", False, False, "refund", "customer", None, True, False),
        ("F8", False, False, "exchange", "customer", "customer", False, False),
        ("F9", True, True, "repair", "seller", "seller", False, False),
        ("F9", True, False, "repair", "seller", "seller", False, False),
        ("F10", False, True, "repair", "customer", "customer", False, False),
        ("F10", False, False, "repair", "customer", "customer", False, False),
    ],
)
def test_the_table_is_the_handbooks(
    rule: str,
    seller_fault: bool,
    free_shipping: bool,
    remedy: FreightRemedy,
    return_freight: Payer,
    replacement: Payer | None,
    goods: bool,
    postage: bool,
) -> None:
    row = freight_rule(seller_fault, free_shipping, remedy)
    assert row == (rule, return_freight, replacement, goods, postage)


@pytest.mark.parametrize("seller_fault", [True, False])
@pytest.mark.parametrize("free_shipping", [True, False])
@pytest.mark.parametrize("remedy", ["refund", "exchange", "repair"])
def test_both_ways_are_the_customers_in_F5_and_F6_only_F22(
    seller_fault: bool, free_shipping: bool, remedy: FreightRemedy
) -> None:
    table, both = (freight_rule(seller_fault, free_shipping, remedy, both_ways=yes) for yes in (False, True))
    if both.rule in ("F5", "F6"):
        assert "seller" not in (both.return_freight, both.replacement_freight)
    if both.rule != "F6":
        assert both == table


@pytest.mark.parametrize("party", ["seller", "courier", "supplier", "platform", "none_found"])
def test_everybody_but_the_customer_counts_as_seller_F19(party: str) -> None:
    assert is_seller_fault(party)
    assert not is_seller_fault("customer")


def test_a_party_nobody_knows_is_refused() -> None:
    with pytest.raises(MoneyRefused, match="liable can be"):
        is_seller_fault("the cat")


@pytest.mark.parametrize(
    ("party", "share", "percent"),
    [("seller", 100, 100), ("customer", 100, 0), ("courier", 60, 60), ("customer", 30, 70)],
)
def test_liability_is_shared_in_percent_F19(party: str, share: int, percent: int) -> None:
    assert seller_share(party, share) == percent


@pytest.mark.parametrize("share", [-1, 101])
def test_a_share_beyond_the_whole_is_refused(share: int) -> None:
    with pytest.raises(MoneyRefused):
        seller_share("seller", share)


@pytest.mark.parametrize(
    ("zone", "currency", "rate"),
    [
        ("remote", "CNY", 2500),
        (None, "CNY", 1200),  # the default zone
        ("atlantis", "GBP", 500),
        ("local", "JPY", 700),  # yen have no cents
        ("local", "KWD", None),  # no rates known
    ],
)
def test_the_shipped_rates(zone: str | None, currency: str, rate: int | None) -> None:
    assert FreightRates.read(yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))).normal(zone, currency) == rate


@pytest.mark.parametrize(
    ("rate", "terms", "cap"),
    [
        (1200, {}, 3600),  # 3 × 12.00
        (2500, {}, 7500),
        (700, {"factor": 2}, 1400),
        (1200, {"postage": 1000}, 4600),  # a second order placed in a hurry (G13)
        (1200, {"given": 1200}, 2400),  # what he has back already is not paid again
        (1200, {"given": 5000}, 0),
        (0, {}, 0),  # nothing known: a manager looks at all of it
    ],
)
def test_how_much_freight_is_reimbursed_without_a_manager_F11(rate: int, terms: dict[str, int], cap: int) -> None:
    assert reimbursement_cap(rate, **terms) == cap


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"rates": {"CNY": {"default": 12}}}, "rates.CNY.default"),
        ({"rates": {"CNY": {"local": "8.00"}}}, "rates.CNY: the zone default"),
        ({"rates": {"CNY": {"default": "-1"}}}, "rates.CNY.default"),
        ({"rates": {"RMB": {"default": "1"}}}, "rates.RMB.default"),
        ({"rates": []}, "rates"),
        ({"rate": {}}, "rate"),
        (None, "rates"),
    ],
)
def test_wrong_rates_are_named_by_field(data: object, named: str) -> None:
    with pytest.raises(MoneyRefused) as refused:
        FreightRates.read(data)
    assert named in refused.value.detail
