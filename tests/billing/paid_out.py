"""A payout of a provider with one row, of nobody's money, and a difference about it."""

from datetime import UTC, date, datetime

from billing.models import ProviderDifference, ProviderMovement, ProviderPayout
from tests.amounts import usd

AT = datetime(2026, 11, 1, tzinfo=UTC)


def paid_out() -> None:
    """A payout of Stripe's of 10.00 USD, with its one movement."""
    figures = {"currency": "USD", "gross": usd("10.00"), "fee": usd(0), "net": usd("10.00")}
    payout = ProviderPayout.objects.create(
        provider="stripe", reference="po_1", state="paid", has_movements=True, count=1,
        amount=usd("10.00"), made_at=AT, arrives_on=date(2026, 11, 1), recorded_at=AT,
        looked_at=AT, **figures,
    )  # fmt: skip
    row = ProviderMovement.objects.create(
        payout=payout, reference="txn_1", kind=ProviderMovement.Kind.OTHER, made_at=AT,
        recorded_at=AT, **figures,
    )  # fmt: skip
    ProviderDifference.objects.create(
        provider="stripe", kind=ProviderDifference.Kind.NOT_HERE, reference=row.reference,
        payout=payout, found_at=AT,
    )  # fmt: skip
