"""A buyer's order is placed: held on the line, or recorded as declined."""

import pytest

from credit.models import LimitEntry, Order
from tests import shops
from tests.amounts import usd
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

NOW = "2026-11-02 10:00"


def test_an_order_holds_its_amount_and_writes_one_entry() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    assert shop.place(NOW, "A", "1200.50") == "applied"
    assert shop.limit() == ("5000.00", "1200.50", "3799.50")
    assert shop.order("A") == ("OPEN", "1200.50")
    opened, hold = LimitEntry.objects.order_by("pk")
    assert (opened.kind, opened.limit_change, opened.limit_after) == (
        "OPENED",
        usd(5000),
        usd(5000),
    )
    assert (hold.kind, f"{hold.used_change.amount:.2f}", f"{hold.used_after.amount:.2f}") == (
        "HOLD",
        "1200.50",
        "1200.50",
    )
    assert hold.order is not None
    assert (hold.order.reference, hold.at) == ("A", shops.instant(NOW))


def test_the_last_cent_of_the_limit_can_be_used_and_no_more() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    assert shop.place(NOW, "A", "99.99") == "applied"
    assert shop.place(NOW, "B", "0.02") == "declined insufficient_credit"
    assert shop.place(NOW, "C", "0.01") == "applied"
    assert shop.limit() == ("100.00", "100.00", "0.00")


def test_a_declined_order_is_recorded_and_holds_nothing() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    assert shop.place(NOW, "A", "100.01") == "declined insufficient_credit"
    order = Order.objects.get(reference="A")
    assert (order.status, order.decline_code) == ("DECLINED", "insufficient_credit")
    assert shop.limit() == ("100.00", "0.00", "100.00")
    assert LimitEntry.objects.count() == 1  # that of the opening


def test_a_declined_reference_stays_declined_and_a_new_one_is_a_new_attempt() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00")
    shop.place(NOW, "A", "60.00")
    shop.place(NOW, "B", "60.00")
    shop.pay(NOW, "A", "60.00")
    assert shop.place(NOW, "B", "60.00") == "duplicate"
    assert shop.order("B") == ("DECLINED", "0.00")
    assert shop.place(NOW, "C", "60.00") == "applied"


@pytest.mark.parametrize(
    ("risk", "outcome"),
    [(0, "applied"), (1, "applied"), (2, "applied"), (3, "declined buyer_risk")],
)
def test_only_the_highest_buyer_risk_is_declined(risk: int, outcome: str) -> None:
    shop = shops.join("2026-11-01 10:00")
    assert shop.place(NOW, "A", "10.00", buyer_risk=risk) == outcome


def test_the_first_reason_that_applies_is_the_one_recorded() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="100.00", payment_days=0)
    assert shop.place(NOW, "A", "500.00", buyer_risk=3) == "declined buyer_risk"
    shop.place(NOW, "B", "20.00")
    shop.deliver(NOW, "B")
    frozen = "2026-11-03 10:00"
    assert shop.place(frozen, "C", "500.00", buyer_risk=3) == "declined line_frozen"


def test_a_repeat_is_a_duplicate_and_other_content_a_conflict() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.place(NOW, "A", "200.00", buyer="Malee", instalments=3, buyer_risk=1)
    same = {"buyer": "Malee", "instalments": 3, "buyer_risk": 1}
    with nothing_changes():
        assert shop.place("2026-11-02 11:00", "A", "200.00", **same) == "duplicate"
        assert shop.place("2026-11-02 11:00", "A", "200.0", **same) == "duplicate"
        for other in ({"buyer": "Ploy"}, {"instalments": 2}, {"buyer_risk": 2}):
            assert shop.place(NOW, "A", "200.00", **same | other) == "rejected conflict"
        assert shop.place(NOW, "A", "200.01", **same) == "rejected conflict"


def test_two_merchants_may_use_one_reference() -> None:
    rosewood = shops.join("2026-11-01 10:00", "rosewood")
    willow = shops.join("2026-11-01 10:00", "willow")
    assert rosewood.place(NOW, "A", "10.00") == "applied"
    assert willow.place(NOW, "A", "20.00") == "applied"
    assert (rosewood.order("A"), willow.order("A")) == (("OPEN", "10.00"), ("OPEN", "20.00"))


@pytest.mark.parametrize(
    ("amount", "data"),
    some(
        [
            ("10.905", {}),
            ("0", {}),
            ("0.00", {}),
            ("-10.00", {}),
            ("1000000000000000.00", {}),  # 10^15: more than any column is meant for
            ("1e3", {}),
            ("10,00", {}),
            ("NaN", {}),
            ("١٠", {}),  # ten, in Arabic digits
            (10, {}),
            (10.5, {}),
            (None, {}),
            ("10.00", {"instalments": 0}),
            ("10.00", {"instalments": 121}),
            ("10.00", {"instalments": "3"}),
            ("10.00", {"buyer_risk": 4}),
            ("10.00", {"buyer_risk": -1}),
            ("10.00", {"buyer": ""}),
            ("10.00", {"buyer": "a\x00b"}),
            ("10.00", {"buyer": "x" * 101}),
            ("10.00", {"currency": "usd"}),
            ("10.00", {"currency": "ZZZ"}),
            ("10.00", {"currency": "XAU"}),  # gold is no currency to keep books in
        ],
        5,
    ),
)
def test_what_no_order_can_be_is_invalid_and_changes_nothing(
    amount: object, data: dict[str, object]
) -> None:
    shop = shops.join("2026-11-01 10:00")
    with nothing_changes():
        assert shop.place(NOW, "A", amount, **data) == "rejected invalid"  # type: ignore[arg-type]


def test_another_currency_is_refused_and_never_converted() -> None:
    shop = shops.join("2026-11-01 10:00", currency="THB", billing_currency="USD")
    with nothing_changes():
        outcome = shop.place(NOW, "A", "10.00", currency="USD")
        assert outcome == "rejected currency_mismatch"


@pytest.mark.parametrize(
    ("currency", "valid", "held", "invalid"),
    [
        ("JPY", "1200", "1200", "10.5"),
        ("KWD", "1.234", "1.234", "1.2345"),
        ("USD", "10.900", "10.90", "10.905"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(
    currency: str, valid: str, held: str, invalid: str
) -> None:
    shop = shops.join("2026-11-01 10:00", currency=currency, credit_limit="5000")
    with nothing_changes():
        assert shop.place(NOW, "A", invalid) == "rejected invalid"
    assert shop.place(NOW, "A", valid) == "applied"
    assert shop.order("A") == ("OPEN", held)


def test_an_unknown_merchant_is_told_so() -> None:
    assert shops.Shop("nobody").place(NOW, "A", "10.00") == "rejected unknown_merchant"
