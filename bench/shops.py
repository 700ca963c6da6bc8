"""Creates merchants to measure with."""

from datetime import UTC, datetime
from decimal import Decimal

from gateway.events import apply_all
from lib.events import Event
from merchants.models import Merchant

JOINED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def join(
    reference: str,
    *,
    limit: Decimal = Decimal(5000),
    threshold: str = "1000000.00",
    at: datetime = JOINED,
) -> int:
    """Create a merchant with this reference in US dollars and UTC, which joined at `at` with this
    credit limit and billing threshold, by applying the event that it joined. Returns its primary
    key. Raises AssertionError if the event is not applied.
    """
    data = {
        "name": reference, "currency": "USD", "timezone": "UTC", "language": "en",
        "credit_limit": str(limit), "payment_days": 10, "settlement_days": 7,
        "billing_threshold": threshold, "plan": "basic", "plan_price": "39.00",
        "plan_interval_days": 30,
    }  # fmt: skip
    event = Event(f"join:{reference}", "merchant.joined", at, reference, data)
    (outcome,) = apply_all([event], now=at)
    assert outcome.status == "applied", outcome
    return Merchant.objects.get(reference=reference).pk
