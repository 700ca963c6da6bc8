"""How payment plans stand, and what they have taken."""

from billing.models import PaymentPlan
from tests import shops
from tests.billing.paying import (
    attempts,
    means,
)

AT = "2026-11-01 12:00"
SOFT = "FAILED insufficient_funds"
ENDS = ("made", "kept", "broken", "cancelled")


def standing() -> str:
    """The latest payment plan, as `STATUS next-day`."""
    found = PaymentPlan.objects.latest("pk")
    return f"{found.status} {found.next_due_on}"


def taken(shop: shops.Shop) -> list[str]:
    """`instant amount STATUS` of each attempt."""
    return [
        f"{at.rpartition(' ')[0].rpartition(' ')[0] if 'FAILED' in at else at.rpartition(' ')[0]}"
        f" {what.split(' ', 1)[1]}"
        for at, what in zip(attempts(shop), means(), strict=True)
    ]
