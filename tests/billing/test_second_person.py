"""Nobody grants what they have asked for themselves, by direct POST either."""

from typing import Any

import pytest
from moneyed import Money

from billing.models import BillingCredit, ThresholdRequest
from billing.operations import credits, thresholds
from credit.models import LimitRequest
from credit.operations import requests
from tests.billing import operator_decisions as decided
from tests.credit.pages import set_clock
from tests.factories import browser_of, operator
from tests.text import text_of

pytestmark = pytest.mark.django_db

OLGA = "olga@tael.example"


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch)("2026-11-04 09:00")


def test_who_asked_for_it_does_not_grant_it() -> None:
    shop = decided.join()
    by: dict[str, Any] = {"merchant_id": shop.merchant.pk, "actor": OLGA, "now": decided.BEFORE}
    usd = Money("500.00", "USD")
    rows: dict[str, Any] = {
        "billing/thresholdrequest": thresholds.ask(threshold=usd, message="We grow.", **by),
        "billing/billingcredit": credits.ask(
            charge="c-1", fee="credit-pick-pack", amount=Money("1.00", "USD"), message="Wrong.",
            request_key="form-1", **by,
        ),
        "credit/limitrequest": requests.ask_raise(
            limit_wanted=Money("9000.00", "USD"), message="We grow.", **by
        ),
    }  # fmt: skip
    olga = browser_of(operator("Credit officer", "Billing officer", email=OLGA))
    otto = browser_of(operator("Credit officer", "Billing officer", email="otto@tael.example"))
    for model, row in rows.items():
        address = f"/admin/{model}/{row.pk}/decide/approve/"
        assert f"{OLGA} has asked for this" in text_of(olga.post(address, decided.WHY))
        assert type(row).objects.get(pk=row.pk).status in ("PENDING", "REQUESTED")
        assert otto.post(address, decided.WHY).status_code == 302
    assert {ThresholdRequest.objects.get().answered_by, LimitRequest.objects.get().answered_by,
            BillingCredit.objects.get().decided_by} == {"otto@tael.example"}  # fmt: skip
