"""The bill says why it exists, and on which day it was collected."""

from typing import Any

import pytest
from django.utils.translation import override
from moneyed import Money

from billing import explanations
from billing.models import Invoice
from billing.operations import thresholds
from billing.operations.charges import AccountClosed
from billing.queries import arrivals, forecast, invoices
from lib.refusals import AlreadyDecided
from tests import shops
from tests.billing import deciding
from tests.billing.paying import OPERATOR, transfer
from tests.factories import ThresholdRequestFactory
from tests.shops import Shop
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def invoice(kind: str) -> Invoice:
    return Invoice.objects.get(kind=kind)


def said(kind: str) -> str:
    """The reason of the bill of this kind, as the merchant reads it."""
    return explanations.reason(invoice(kind)).replace("\N{NO-BREAK SPACE}", " ")


def collected(kind: str) -> str:
    """The day on which the bill of this kind was collected; "None" if it was not at once."""
    found = invoice(kind)
    return str(arrivals.collected_on(found, list(invoices.attempts(found))))


def season(**terms: Any) -> Shop:
    """A shop with a bill of each kind, which the sandbox pays as jobs find them."""
    shop = shops.join(
        "2026-11-01 10:00",
        **{"plan_price": "39.00", "plan_interval_days": 365, "payment_method": "sandbox", **terms},
    )
    shop.run_jobs("2026-11-01 11:00")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.charge("2026-11-14 15:00", "pick-pack", "20.00")
    shop.run_jobs("2026-12-01 00:00")
    return shop


def test_why_in_words() -> None:
    shop = season()
    shop.charge("2026-12-02 12:00", "pick-pack", "1.00")
    deciding.close(shop, "2026-12-03 12:00")
    assert said("THRESHOLD") == "Threshold of 200.00 USD reached on 12 Nov 2026"
    assert said("SUBSCRIPTION") == "Plan from 1 Nov 2026 to 31 Oct 2027"
    assert said("CYCLE") == "30 days from 1 Nov 2026 to 30 Nov 2026"
    assert str(invoice("CYCLE").period_start) == "2026-11-13"
    assert said("FINAL") == "Your account was closed"


def test_why_in_chinese_and_thai() -> None:
    season()
    with override("zh-hans"):
        assert said("THRESHOLD") == "2026年11月12日达到 200.00 USD 的出账门槛"
    with override("th"):
        assert said("CYCLE") == "30 วันตั้งแต่ 1 พ.ย. 2026 ถึง 30 พ.ย. 2026"


@pytest.mark.full  # bills say why above
def test_a_raised_threshold_does_not_change_what_a_bill_says() -> None:
    shop = season()
    thresholds.change(
        merchant_id=shop.merchant.pk,
        threshold=Money("900.00", "USD"),
        actor=OPERATOR,
        reason="agreed",
        now=shop.at("2026-12-02 12:00"),
    )
    assert "200.00 USD" in said("THRESHOLD")


@pytest.mark.parametrize(
    ("first_attempt", "day"),
    [
        ("2026-11-13 00:00", "2026-11-12"),
        ("2026-11-13 01:00", "2026-11-12"),
        ("2026-11-13 01:00:01", "2026-11-13"),
        ("2026-11-15 09:00", "2026-11-15"),
    ],
)
def test_what_a_day_end_made_is_collected_on_its_date_within_the_hour(
    first_attempt: str, day: str
) -> None:
    shop = shops.join("2026-11-01 10:00", payment_method="sandbox")
    shop.charge("2026-11-12 15:00", "shipping-label", "210.00")
    shop.run_jobs(first_attempt)
    assert (invoice("THRESHOLD").status, collected("THRESHOLD")) == ("PAID", day)


def test_what_an_operation_made_is_collected_on_the_day_of_its_payment() -> None:
    shop = shops.join("2026-11-01 10:00", payment_method="sandbox", timezone="Asia/Tokyo")
    shop.charge("2026-11-12 23:50", "pick-pack", "210.00")
    assert collected("THRESHOLD") == "None"
    shop.run_jobs("2026-11-13 00:10")
    assert collected("THRESHOLD") == "2026-11-13"


def test_the_bill_of_joining_is_collected_on_the_day_of_its_payment() -> None:
    shop = shops.join("2026-11-01 23:50", plan_price="39.00", payment_method="sandbox")
    shop.run_jobs("2026-11-02 00:10")
    assert (str(invoice("SUBSCRIPTION").issued_on), collected("SUBSCRIPTION")) == (
        "2026-11-01", "2026-11-02",
    )  # fmt: skip


def test_a_transfer_counts_on_its_own_day() -> None:
    shop = shops.join("2026-11-01 10:00", plan_price="39.00")
    transfer(shop, "2026-11-05 12:00", "39.00")
    assert collected("SUBSCRIPTION") == "2026-11-05"


def test_a_closed_account_forecasts_nothing_and_takes_no_decision_about_its_threshold() -> None:
    shop = season()
    request = ThresholdRequestFactory.create(shop=shop, at="2026-12-02 11:00")
    deciding.close(shop, "2026-12-02 12:00")
    ahead = forecast.forecast(shop.account, today=shop.account.open_on)
    assert (ahead.threshold_on, ahead.next_invoice_on, ahead.next_invoice) == (None, None, None)
    now = shop.at("2026-12-02 13:00")
    by = {"actor": OPERATOR, "reason": "agreed", "now": now}
    with nothing_changes():
        with pytest.raises(AlreadyDecided):  # the closing rejected it
            thresholds.approve(request_id=request.pk, told="agreed", **by)  # type: ignore[arg-type]
        with pytest.raises(AccountClosed):
            thresholds.change(
                merchant_id=shop.merchant.pk,
                threshold=Money("500.00", "USD"),
                **by,  # type: ignore[arg-type]
            )
