"""The platform tells us of a charge: it is recorded once, or refused with a reason."""

import pytest

from billing.models import Charge
from gateway.events import apply_all
from lib import events
from tests import shops
from tests.kept import kept
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"


@kept()
def shop() -> shops.Shop:
    """A shop with a threshold of 200.00, whose days are worked off up to NOW."""
    shop = shops.join("2026-11-01 10:00", billing_threshold="200.00")
    shop.run_jobs(NOW)  # a refused charge may still have worked off the days before it
    return shop


def test_a_charge_keeps_what_the_platform_said(shop: shops.Shop) -> None:
    more = {"request": "FR-7", "quantity": "2.5", "description": "Two and a half kilos"}
    assert shop.charge(NOW, "shipping-label", "12.30", "L-1", **more) == "applied"
    charge = Charge.objects.get(reference="L-1")
    assert (charge.fee_id, charge.request, charge.description) == (
        "shipping-label",
        "FR-7",
        "Two and a half kilos",
    )
    assert (f"{charge.amount.amount:.2f}", charge.currency, f"{charge.quantity:f}") == (
        "12.30",
        "USD",
        "2.500000",
    )
    assert charge.at == charge.arrived_at == shops.instant(NOW)
    assert not charge.is_late


def test_a_repeat_is_a_duplicate_and_other_content_a_conflict(shop: shops.Shop) -> None:
    shop.charge(NOW, "pick-pack", "10.00", "P-1")
    with nothing_changes():
        assert shop.charge("2026-11-10 13:00", "pick-pack", "10.00", "P-1") == "duplicate"
        assert shop.charge(NOW, "pick-pack", "10.0", "P-1", quantity="1.0") == "duplicate"
        assert shop.charge(NOW, "pick-pack", "10.01", "P-1") == "rejected conflict"
        assert shop.charge(NOW, "packaging", "10.00", "P-1") == "rejected conflict"
        for other in ({"request": "FR-2"}, {"quantity": 2}, {"description": "other"}):
            assert shop.charge(NOW, "pick-pack", "10.00", "P-1", **other) == "rejected conflict"


def test_a_repeat_is_a_duplicate_months_after_its_statement_closed(shop: shops.Shop) -> None:
    shop.charge(NOW, "pick-pack", "10.00", "P-1")
    shop.run_jobs("2027-02-01 00:00")
    with nothing_changes():
        assert shop.charge("2027-02-01 12:00", "pick-pack", "10.00", "P-1") == "duplicate"


def test_a_repeat_within_one_batch_counts_once(shop: shops.Shop) -> None:
    sent: list[dict[str, object]] = []
    silent = shops.Shop(shop.reference, sender=lambda event: sent.append(event) or "")  # type: ignore[func-returns-value]
    for charge, amount in (("P-1", "10.00"), ("P-2", "5.00"), ("P-1", "10.00"), ("P-1", "9.00")):
        silent.charge(NOW, "pick-pack", amount, charge)
    outcomes = apply_all(map(events.from_object, sent), now=shops.instant(NOW))
    assert [f"{outcome.status} {outcome.code}".strip() for outcome in outcomes] == [
        "applied",
        "applied",
        "duplicate",
        "rejected conflict",
    ]
    assert shop.figures() == ("15.00", "0.00")


def test_zero_is_legal_and_counted(shop: shops.Shop) -> None:
    assert shop.charge(NOW, "shipping-label", "0.00") == "applied"
    assert shop.statement("2026-11") == (False, {"SHIPPING": (1, "0.00")})
    shop.run_jobs("2026-11-11 00:00")
    assert shop.figures() == ("0.00", "0.00")


def test_a_thousand_thousand_millions_fit(shop: shops.Shop) -> None:
    for _ in range(3):
        assert shop.charge(NOW, "pick-pack", "1000000000000.00") == "applied"
    assert shop.invoices() == ["2026-11-10 THRESHOLD 1000000000000.00"] * 3
    assert shop.statement("2026-11") == (False, {"FULFILMENT": (3, "3000000000000.00")})


@pytest.mark.parametrize(
    "fee", ["plan", "subscription", "shipping-credit", "PICK-PACK", "no-such", ""]
)
def test_fees_that_the_platform_cannot_charge_are_refused(shop: shops.Shop, fee: str) -> None:
    with nothing_changes():
        assert shop.charge(NOW, fee, "10.00") == "rejected invalid"


@pytest.mark.parametrize(
    ("amount", "data"),
    [
        ("-10.00", {}),
        ("-0.01", {}),
        ("10.905", {}),
        ("1000000000000000.00", {}),
        (None, {}),
        (10, {}),
        ("", {}),
        ("10.00", {"quantity": -1}),
        ("10.00", {"quantity": "0.0000001"}),
        ("10.00", {"quantity": "1000000000000"}),
        ("10.00", {"charge": ""}),
        ("10.00", {"charge": "tael:plan:2026-11-01"}),
        ("10.00", {"currency": "dollars"}),
        ("10.00", {"description": "a\x00b"}),
    ],
)
def test_what_no_charge_can_be_is_invalid(
    shop: shops.Shop, amount: object, data: dict[str, object]
) -> None:
    charge = str(data.pop("charge", "P-1"))
    sent = {"fee": "pick-pack", "charge": charge, "request": "FR-1", "quantity": 1}
    sent |= {"amount": amount, "currency": "USD", **data}
    with nothing_changes():
        assert shop.send("charge.recorded", NOW, **sent) == "rejected invalid"


def test_a_charge_without_amount_is_refused_naming_its_fee(shop: shops.Shop) -> None:
    event = {"charge": "P-1", "fee": "pick-pack", "request": "FR-1", "quantity": 3}
    sent = {"id": "1", "type": "charge.recorded", "at": "2026-11-10T12:00:00Z"}
    sent |= {"merchant": shop.reference, "data": {**event, "currency": "USD"}}  # type: ignore[dict-item]
    with nothing_changes():
        (outcome,) = apply_all([events.from_object(sent)], now=shops.instant(NOW))
    assert (outcome.status, outcome.code) == ("rejected", "invalid")
    assert "pick-pack" in outcome.reason


@pytest.mark.usefixtures("nothing_kept")
def test_the_billing_currency_is_the_one_that_counts() -> None:
    shop = shops.join(NOW, currency="THB", billing_currency="USD")
    with nothing_changes():
        outcome = shop.charge(NOW, "pick-pack", "10.00", currency="THB")
        assert outcome == "rejected currency_mismatch"
    assert shop.charge(NOW, "pick-pack", "10.00", currency="USD") == "applied"
    assert shop.figures() == ("10.00", "0.00")


def test_two_merchants_may_use_one_reference(shop: shops.Shop) -> None:
    willow = shops.join("2026-11-01 10:00", "willow")
    assert shop.charge(NOW, "pick-pack", "10.00", "P-1") == "applied"
    assert willow.charge(NOW, "pick-pack", "20.00", "P-1") == "applied"
    assert (shop.figures(), willow.figures()) == (("10.00", "0.00"), ("20.00", "0.00"))


@pytest.mark.usefixtures("nothing_kept")
def test_one_refused_charge_does_not_keep_the_others_of_its_batch() -> None:
    shop = shops.join("2026-11-01 10:00")
    sent: list[dict[str, object]] = []
    silent = shops.Shop(shop.reference, sender=lambda event: sent.append(event) or "")  # type: ignore[func-returns-value]
    silent.charge(NOW, "pick-pack", "10.00")
    silent.charge(NOW, "no-such", "10.00")
    silent.charge(NOW, "pick-pack", "-1.00")
    silent.charge(NOW, "pick-pack", "20.00")
    outcomes = apply_all(map(events.from_object, sent), now=shops.instant(NOW))
    assert [outcome.status for outcome in outcomes] == [
        "applied",
        "rejected",
        "rejected",
        "applied",
    ]
    assert shop.figures() == ("30.00", "0.00")
