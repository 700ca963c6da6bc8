"""A file is checked whole before anything is written: each bad row with its line and reason."""

import pytest

from gateway.imports import faults as told_faults
from gateway.imports.faults import BadRows
from tests import shops
from tests.factories import operator
from tests.gateway.imports.importing import (
    CHARGES,
    ORDERS,
    PAYMENTS,
    faults,
    orders,
    upload,
)
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

MERCHANTS = (
    "merchant,name,currency,timezone,language,credit_limit,settlement_days,billing_threshold,plan,"
    "plan_price,plan_interval_days"
)


@pytest.fixture(autouse=True)
def shop() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00")


@pytest.mark.parametrize(
    ("row", "told"),
    some([
        ("rosewood,A-1,Mei,,USD", ["amount: is missing"]),
        (",A-1,Mei,,USD", ["merchant: is missing", "amount: is missing"]),
        ('rosewood,A-1,Mei,"1.234,50",USD',
         ["amount: '1.234,50' has a comma; amounts are written with a point, such as 1234.50"]),
        ("rosewood,A-1,Mei,$5,USD",
         ['amount: must be a decimal number, such as "10.50"']),
        ("rosewood,A-1,Mei,5.005,USD", ["amount: 5.005 has more digits than USD (2)"]),
        ("rosewood,A-1,Mei,0,USD", ["amount: must be more than 0"]),
        ("rosewood,A-1,Mei,-5,USD", ["amount: must be more than 0"]),
        ("rosewood,A-1,Mei,5,usd", ["currency: must be three capital letters, such as USD"]),
        ("rosewood,A-1,Mei,5,ABC", ["currency: 'ABC' is not an ISO 4217 currency"]),
        ("rosewood,A\u00071,Mei,5,USD", ["order: has a character that cannot be kept"]),
        (f"rosewood,{'A' * 101},Mei,5,USD", ["order: string should have at most 100 characters"]),
        ("nobody,A-1,Mei,5,USD", ["merchant: there is no merchant nobody"]),
        ("rosewood,A-1,Mei,5,USD,two", ["instalments: input should be a valid integer"]),
        ("rosewood,A-1,Mei,5,USD,121", ["instalments: input should be less than or equal to 120"]),
        ("rosewood,A-1,Mei,5,USD,,4", ["buyer_risk: input should be less than or equal to 3"]),
        ("rosewood,A-1,Mei,5,USD,,,10.11.2026",
         ["at: must be an RFC 3339 instant with an offset"]),
        ("rosewood,A-1,Mei,5,USD,,,2026-11-10T10:05:01+00:00",
         ["at: 2026-11-10T10:05:01+00:00 is not here yet"]),
    ], 4),
)  # fmt: skip
def test_a_bad_order_is_named(row: str, told: list[str]) -> None:
    found = faults("ORDERS", f"{ORDERS},instalments,buyer_risk,at",
                   "rosewood,A-0,Mei,5,USD", row)  # fmt: skip
    assert found == [f"Line 3, {one}." for one in told]


def test_all_of_them_are_named_in_the_order_of_their_lines() -> None:
    found = faults(
        "ORDERS",
        ORDERS,
        "nobody,A-1,Mei,5,USD",
        "rosewood,A-2,Mei,5,USD",
        "rosewood,A-3,,5,USD",
        "rosewood,A-2,Mei,6,USD",
        "rosewood,A-2,Mei,5,USD",
        "rosewood,A-4,Mei,5;5,USD,more",
    )
    assert found == [
        "Line 2, merchant: there is no merchant nobody.",
        "Line 4, buyer: is missing.",
        "Line 5: A-2 is on line 3, too, with other content.",
        "Line 7: has more cells than the heading.",
    ]


def test_a_page_tells_of_a_thousand_faults_and_counts_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert told_faults.MOST_TOLD == 1000
    monkeypatch.setattr(told_faults, "MOST_TOLD", 2)
    assert faults("ORDERS", *orders(*range(5), amount="0")) == [
        "Line 2, amount: must be more than 0.",
        "Line 3, amount: must be more than 0.",
        "There are 3 more faults.",
    ]
    with nothing_changes(), pytest.raises(BadRows) as refused:
        upload("ORDERS", *orders(*range(5), amount="0"))
    assert str(refused.value) == ("5 lines cannot be right: Line 2, amount: must be more than 0.")


def test_unknown_members_of_json_are_refused_by_name() -> None:
    row = '{"merchant":"rosewood","order":"A-1","payment":"p","amount":5,"currency":"USD","x":1}'
    assert faults("PAYMENTS", row) == [
        'Line 1, amount: must be a decimal number in a string, such as "10.50".',
        "Line 1, x: is no member; there are merchant, order, payment, amount, currency, at.",
        "Line 1, order: rosewood has no order A-1.",
    ]


@pytest.mark.parametrize(
    ("kind", "heading", "row", "told"),
    [
        ("ORDERS", f"{ORDERS},at", "nobody,A-1,,5.005,USD,2099-01-01T00:00:00Z",
         ["buyer: is missing",
          "merchant: there is no merchant nobody",
          "amount: 5.005 has more digits than USD (2)",
          "at: 2099-01-01T00:00:00+00:00 is not here yet"]),
        # A member that cannot be read is not looked at again, nor what depends on it.
        ("ORDERS", ORDERS, ",A-1,Mei,5.005,usd",
         ["merchant: is missing", "currency: must be three capital letters, such as USD"]),
        ("PAYMENTS", PAYMENTS, "rosewood,A-7,p-1,none,USD",
         ['amount: must be a decimal number, such as "10.50"',
          "order: rosewood has no order A-7"]),
        ("PAYMENTS", PAYMENTS, "rosewood,,p-1,0,USD",
         ["order: is missing", "amount: must be more than 0"]),
        ("CHARGES", CHARGES, "nobody,,walking,-1.00,USD",
         ["charge: is missing",
          "merchant: there is no merchant nobody",
          "amount: must be 0 or more",
          "fee: there is no fee 'walking' that can be charged"]),
    ],
)  # fmt: skip
def test_all_faults_of_a_row_are_named_at_once(
    kind: str, heading: str, row: str, told: list[str]
) -> None:
    assert sorted(faults(kind, heading, row)) == sorted(f"Line 2, {one}." for one in told)


def test_payments_are_of_orders_that_are_there(shop: Shop) -> None:
    shop.place("2026-11-02 10:00", "A-1", "100.00")
    shops.join("2026-11-01 10:00", "silk")
    found = faults(
        "PAYMENTS",
        PAYMENTS,
        "rosewood,A-1,p-1,50.00,USD",
        "rosewood,A-2,p-2,50.00,USD",
        "silk,A-1,p-3,50.00,USD",
        "rosewood,A-1,p-4,0.00,USD",
    )
    assert found == [
        "Line 3, order: rosewood has no order A-2.",
        "Line 4, order: silk has no order A-1.",
        "Line 5, amount: must be more than 0.",
    ]


def test_charges_are_of_fees_that_the_platform_can_charge() -> None:
    found = faults(
        "CHARGES",
        CHARGES,
        "rosewood,c-1,pick-pack,0.00,USD",
        "rosewood,c-2,pick-pack,-1.00,USD",
        "rosewood,c-3,plan,1.00,USD",
        "rosewood,c-4,walking,1.00,USD",
    )
    assert found == [
        "Line 3, amount: must be 0 or more.",
        "Line 4, fee: there is no fee 'plan' that can be charged.",
        "Line 5, fee: there is no fee 'walking' that can be charged.",
    ]


def test_merchants_have_all_their_terms() -> None:
    found = faults(
        "MERCHANTS",
        MERCHANTS,
        "silk,Silk,THB,Asia/Bangkok,th,25000.00,7,5000.00,basic,390.00,30",
        "wool,Wool,THB,Bangkok,fr,25000.00,8,5000.00,basic,390.00,a month",
        "jute,Jute,THB,Bangkok,fr,25000.00,8,5000.00,basic,390.00,30",
    )
    assert found == [
        "Line 3, plan_interval_days: input should be a valid integer.",
        "Line 3, settlement_days: must be one of (0, 7, 15).",
        "Line 3, timezone: 'Bangkok' is not in the time zone database as a place's, such as"
        " Asia/Bangkok, or UTC.",
        "Line 3, language: must be one of en, zh-hans, th.",
        "Line 4, settlement_days: must be one of (0, 7, 15).",
        "Line 4, timezone: 'Bangkok' is not in the time zone database as a place's, such as"
        " Asia/Bangkok, or UTC.",
        "Line 4, language: must be one of en, zh-hans, th.",
    ]


def test_no_operator_is_named_as_an_owner() -> None:
    operator("Auditor", email="otto@tael.example")
    silk = "{},Silk,THB,Asia/Bangkok,th,25000.00,7,5000.00,basic,390.00,30,{}"
    found = faults(
        "MERCHANTS",
        f"{MERCHANTS},owner_email",
        silk.format("silk", "mai@silk.example"),
        silk.format("wool", "Otto@Tael.example"),
        silk.format("hemp", ""),
        silk.format("jute", "otto"),
    )
    assert found == [
        "Line 3, owner_email: is an operator's address, and operators belong to no merchant.",
        "Line 5, owner_email: must be an e-mail address.",
    ]


def test_a_limit_and_an_instant_that_cannot_be_are_both_told() -> None:
    found = faults(
        "MERCHANTS",
        f"{MERCHANTS},at",
        "wool,Wool,THB,Asia/Bangkok,th,500000.01,7,5000.00,basic,390.00,30,2099-01-01T00:00:00Z",
    )
    assert found == [
        "Line 2, credit_limit: is above 500000.00, which is the most that a line is opened with by"
        " a file.",
        "Line 2, at: 2099-01-01T00:00:00+00:00 is not here yet.",
    ]


def test_no_file_opens_a_line_above_the_policys_maximum() -> None:
    found = faults(
        "MERCHANTS",
        MERCHANTS,
        "silk,Silk,THB,Asia/Bangkok,th,500000.00,7,5000.00,basic,390.00,30",
        "wool,Wool,THB,Asia/Bangkok,th,500000.01,7,5000.00,basic,390.00,30",
        "jute,Jute,KWD,Asia/Kuwait,en,0.001,7,50.000,basic,3.900,30",
    )
    most = "which is the most that a line is opened with by a file."
    assert found == [
        f"Line 3, credit_limit: is above 500000.00, {most}",
        f"Line 4, credit_limit: is above 0.000, {most}",
    ]
