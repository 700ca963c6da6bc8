"""Nobody grants what they have asked for themselves, by direct POST either."""

from typing import Any

import pytest

from billing.models import BillingCredit, ThresholdRequest
from credit.models import LimitRequest
from tests.billing import operator_decisions as decided
from tests.credit.pages import set_clock
from tests.factories import (
    CreditRequestFactory,
    RaiseRequestFactory,
    ThresholdRequestFactory,
    browser_of,
    operator,
)
from tests.text import text_of

pytestmark = pytest.mark.django_db

OLGA = "olga@tael.example"
TOLD = {"told": "We have looked at it."}


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at 4 Nov 2026, 09:00 UTC."""
    set_clock(monkeypatch)("2026-11-04 09:00")


@pytest.mark.full  # each decision that takes two in test_two_people.py
def test_who_asked_for_it_does_not_grant_it() -> None:
    shop = decided.join()
    by: dict[str, Any] = {"shop": shop, "at": decided.BEFORE, "actor": OLGA}
    rows: dict[str, Any] = {
        "billing/thresholdrequest": ThresholdRequestFactory.create(**by),
        "billing/billingcredit": CreditRequestFactory.create(amount="1.00", **by),
        "credit/limitrequest": RaiseRequestFactory.create(**by),
    }
    olga = browser_of(operator("Credit officer", "Billing officer", email=OLGA))
    otto = browser_of(operator("Credit officer", "Billing officer", email="otto@tael.example"))
    for model, row in rows.items():
        address = f"/admin/{model}/{row.pk}/decide/approve/"
        assert f"{OLGA} has asked for this" in text_of(olga.post(address, decided.WHY | TOLD))
        assert type(row).objects.get(pk=row.pk).status in ("PENDING", "REQUESTED")
        assert otto.post(address, decided.WHY | TOLD).status_code == 302
    assert {ThresholdRequest.objects.get().answered_by, LimitRequest.objects.get().answered_by,
            BillingCredit.objects.get().decided_by} == {"otto@tael.example"}  # fmt: skip
