"""A billing officer charges a merchant for what the platform's systems send no charge for."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from moneyed import Money

from billing.models import Charge
from billing.operations import charges_by_hand
from billing.operations.charges import AccountClosed, ChargeConflict
from lib.refusals import ChangedMeanwhile, CurrencyMismatch, Invalid
from merchants.models import OperatorDecision
from tests import shops
from tests.billing import deciding
from tests.billing.by_hand import OPERATOR, TOLD, WHY, assert_audited, charge, notices
from tests.billing.pages import read
from tests.factories import OperatorPolicyFactory
from tests.kept import kept
from tests.two_people import FIRST, SECOND, confirm, found_alone, officer, propose
from tests.unchanged import nothing_changes
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

AT = "2026-11-10 12:00"


@kept()
def shop() -> shops.Shop:
    """A shop with a charge of 30.00."""
    shop = shops.join("2026-11-01 10:00")
    shop.charge("2026-11-03 10:00", "pick-pack", "30.00", "P-1")
    return shop


def test_a_day_that_a_change_of_time_zone_made_shorter_has_services_too() -> None:
    """1 December begins in Pago Pago, at 11:00 UTC, and ends in Bangkok, at 17:00."""
    shop = shops.join("2026-11-01 10:00", timezone="Pacific/Pago_Pago")
    deciding.change_time_zone(shop, "2026-11-10 09:00", "Asia/Bangkok")
    made = charge(shop, "2026-12-03 12:00", service_on=date(2026, 12, 1))
    assert (str(made.service_on), str(made.at)) == ("2026-12-01", "2026-12-01 14:00:00+00:00")


def test_it_posts_at_once_and_says_what_the_operator_wrote(shop: shops.Shop) -> None:
    made = charge(shop, AT, service_on=date(2026, 11, 8))
    assert (made.reference, made.description) == ("tael:by-hand:form-1", "Pallets of November")
    assert (f"{made.amount.amount:.2f}", str(made.service_on), made.arrived_at) == (
        "12.50",
        "2026-11-08",
        shop.at(AT),
    )
    assert shop.figures() == ("42.50", "0.00")
    assert shop.statement("2026-11") == (False, {"FULFILMENT": (2, "42.50")})
    (entry,) = TrailEntry.objects.filter(action="CHARGED_BY_HAND")
    assert (entry.actor, entry.reason, entry.subject) == (
        OPERATOR,
        WHY,
        "charge tael:by-hand:form-1",
    )
    assert entry.after == {
        "amount": "12.50 USD",
        "fee": "manual-fulfilment",
        "description": "Pallets of November",
        "service_on": "2026-11-08",
    }
    (told,) = notices(shop, "CHARGED")
    assert told == {
        "amount": "12.50",
        "currency": "USD",
        "description": "Pallets of November",
        "reason": TOLD,
        "charge": "tael:by-hand:form-1",
    }
    assert_audited(shop, AT)


def test_a_form_sent_twice_charges_once_and_with_other_content_conflicts(shop: shops.Shop) -> None:
    first = charge(shop, AT)
    with nothing_changes():
        assert charge(shop, "2026-11-10 12:01") == first
        with pytest.raises(ChargeConflict):
            charge(shop, AT, "12.51")
        with pytest.raises(ChargeConflict):
            charge(shop, AT, description="Pallets of October")
    charge(shop, AT, request_key="form-2")
    assert shop.figures() == ("55.00", "0.00")


@pytest.mark.full  # by events in test_prices.py
def test_a_price_is_multiplied_by_the_quantity_of_its_day(shop: shops.Shop) -> None:
    deciding.price("receiving", "0.335", "2026-11-01")
    made = charge(shop, AT, None, fee="receiving", quantity=Decimal(3))
    assert (f"{made.amount.amount:.2f}", made.unit_price) == ("1.01", Decimal("0.335"))
    with nothing_changes(), pytest.raises(Invalid, match="no price"):
        charge(shop, AT, None, fee="manual-account", request_key="form-2")
    assert_audited(shop, AT)


@pytest.mark.full  # by events in test_threshold_invoices.py
def test_what_reaches_the_threshold_is_billed_at_once(shop: shops.Shop) -> None:
    charge(shop, AT, "170.00")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 200.00"]
    assert_audited(shop, AT)


@pytest.mark.full  # by events in test_late_and_odd.py
def test_a_service_of_a_closed_month_is_late(shop: shops.Shop) -> None:
    made = charge(shop, "2026-12-02 09:00", service_on=date(2026, 11, 30))
    assert made.is_late
    assert shop.statement("2026-12") == (False, {"FULFILMENT": (1, "12.50")})
    assert_audited(shop, "2026-12-02 09:00")


def test_what_no_charge_can_be_is_refused(shop: shops.Shop) -> None:
    with nothing_changes():
        for fee in ("plan", "credit-used", "credit-account", "payment-reversal", "payout", "none"):
            with pytest.raises(Invalid, match="by hand"):
                charge(shop, AT, fee=fee)
        for amount in ("0.00", "-1.00", "1.001"):
            with pytest.raises(Invalid):
                charge(shop, AT, amount)
        for day in (date(2026, 10, 31), date(2026, 11, 11)):
            with pytest.raises(Invalid, match="2026-11-01 to 2026-11-10"):
                charge(shop, AT, service_on=day)
        for name in ("reason", "told", "description", "request_key"):
            with pytest.raises(Invalid):
                charge(shop, AT, **{name: ""})
        with pytest.raises(CurrencyMismatch):
            charge(shop, AT, amount=Money("1.00", "THB"))


def test_the_platform_cannot_send_it(shop: shops.Shop) -> None:
    with nothing_changes():
        assert shop.charge("2026-11-03 11:00", "manual-fulfilment", "1.00") == "rejected invalid"


def test_a_closed_account_is_charged_nothing(shop: shops.Shop) -> None:
    deciding.close(shop, AT)
    with nothing_changes(), pytest.raises(AccountClosed):
        charge(shop, AT)


@pytest.mark.full  # a charge leads to the form in test_credits_page.py
def test_the_merchant_sees_it_and_may_ask_for_a_credit_on_it(
    shop: shops.Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = charge(shop, AT)
    credit = deciding.ask(shop, AT, made.reference, "2.50", "credit-special-project")
    deciding.approve(shop, AT, credit)
    assert shop.figures() == ("40.00", "0.00")
    item = made.item
    said = read(shop, f"days/{item.pk}/")
    assert "Pallets of November" in said
    assert "Other fulfilment work" in said
    assert WHY not in said
    assert_audited(shop, AT)


def test_of_another_price_than_was_proposed_it_is_not_confirmed(shop: shops.Shop) -> None:
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 2), credits=Decimal(100))
    deciding.price("receiving", "0.40", "2026-11-01")
    content: dict[str, Any] = {
        "merchant_id": shop.merchant.pk,
        "fee": "receiving",
        "description": "Cartons",
        "service_on": date(2026, 11, 10),
        "quantity": Decimal(260),
        "amount": None,
        "reason": WHY,
        "told": TOLD,
    }
    officer(FIRST), officer(SECOND)
    proposal = propose(
        charges_by_hand.charge, now=shop.at(AT), **content | {"request_key": "form-1"}
    )
    assert (proposal.before, proposal.after["amount"]) == ({"unit_price": "0.40 USD"}, "104.00 USD")
    deciding.price("receiving", "0.60", "2026-11-10", at="2026-11-10T06:00Z")
    with nothing_changes(), pytest.raises(ChangedMeanwhile):
        confirm(proposal, now=shop.at(AT))
    other = content | {"request_key": "form-2", "description": "Cartons of today"}
    confirm(propose(charges_by_hand.charge, now=shop.at(AT), **other), now=shop.at(AT))
    assert Charge.objects.get(reference="tael:by-hand:form-2").amount == Money("156.00", "USD")
    assert_audited(shop, AT)


def test_above_the_credit_figure_of_a_day_it_takes_two(shop: shops.Shop) -> None:
    OperatorPolicyFactory.create(version=2, starts_on=date(2026, 11, 2), credits=Decimal(100))
    deciding.grant(shop, AT, "60.00", "credit-account")
    charge(shop, AT, "40.00")
    content: dict[str, Any] = {
        "merchant_id": shop.merchant.pk,
        "fee": "manual-account",
        "description": "Scissors",
        "service_on": date(2026, 11, 10),
        "amount": Money("0.01", "USD"),
        "reason": WHY,
        "told": TOLD,
        "request_key": "form-3",
    }
    officer(FIRST)
    with nothing_changes(but=["merchants_proposal", "trail_trailentry"]):
        proposal = propose(charges_by_hand.charge, now=shop.at(AT), **content)
    assert proposal.after == {
        "amount": "0.01 USD",
        "fee": "manual-account",
        "description": "Scissors",
    }
    confirm(proposal, now=shop.at(AT))
    assert Charge.objects.get(reference="tael:by-hand:form-3").description == "Scissors"
    decided = OperatorDecision.objects.filter(subject__startswith="charge ").order_by("pk")
    assert [one.proposal_id for one in decided] == [None, proposal.pk]
    assert_audited(shop, AT)
    found = found_alone(
        "credits above the operator policy of their day were confirmed by another person"
    )
    assert found == [decided[1].subject]
