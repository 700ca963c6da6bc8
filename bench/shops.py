"""Creates merchants to measure with."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from gateway.events import apply_all
from lib.events import Event
from merchants.models import Merchant

JOINED = datetime(2026, 11, 1, 12, tzinfo=UTC)
TOGETHER = 500  # merchants that join in one transaction


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
    (outcome,) = apply_all([_joined(reference, limit, threshold, at)], now=at)
    assert outcome.status == "applied", outcome
    return Merchant.objects.get(reference=reference).pk


def join_all(references: Sequence[str]) -> list[int]:
    """Create merchants with these references, as `join` does one, in few statements. Returns their
    primary keys in the same order. Raises AssertionError if one is not created.
    """
    for start in range(0, len(references), TOGETHER):
        some = references[start : start + TOGETHER]
        events = [_joined(reference, Decimal(5000), "1000000.00", JOINED) for reference in some]
        outcomes = apply_all(events, now=JOINED, in_one_transaction=True)
        assert {outcome.status for outcome in outcomes} == {"applied"}, outcomes[0]
    keys = dict(Merchant.objects.values_list("reference", "pk"))
    return [keys[reference] for reference in references]


def _joined(reference: str, limit: Decimal, threshold: str, at: datetime) -> Event:
    """The event that a merchant joined on these terms."""
    data = {
        "name": reference, "currency": "USD", "timezone": "UTC", "language": "en",
        "credit_limit": str(limit), "payment_days": 10, "settlement_days": 7,
        "billing_threshold": threshold, "plan": "basic", "plan_price": "39.00",
        "plan_interval_days": 30,
    }  # fmt: skip
    return Event(f"join:{reference}", "merchant.joined", at, reference, data)
