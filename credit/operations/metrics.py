"""Records the metrics of a shop that the platform reports (rule 8.1)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from credit.models import ShopMetrics
from credit.operations import lines
from lib import arrival
from lib.refusals import Conflict, Invalid, differing

MARKS = ("listing_quality", "profile_completeness", "after_sales")
SMALLEST_STEP = Decimal("0.0001")


class MetricsConflict(Conflict):
    """Metrics with other values were reported for the same instant."""


def report(
    *,
    merchant_id: int,
    rating: Decimal,
    listing_quality: Decimal,
    profile_completeness: Decimal,
    after_sales: Decimal,
    at: datetime,
    now: datetime,
) -> tuple[ShopMetrics, bool]:
    """Record the metrics that the platform measured at `at`: a rating from 0 to 5, and three marks
    from 0 to 100.

    Reviews from now on use the metrics measured last. Returns the metrics and whether they are new.
    Raises Invalid for a value out of range or with more than 4 decimals, or if `at` is in the
    future, and MetricsConflict for other values of the same instant. It locks the line, whose ended
    days are worked off first (lines.lock). Rule 23.8.
    """
    sent = {
        "rating": rating,
        "listing_quality": listing_quality,
        "profile_completeness": profile_completeness,
        "after_sales": after_sales,
    }
    check(sent)
    with transaction.atomic():
        line = lines.lock(merchant_id, now=now)
        metrics, is_new = ShopMetrics.objects.get_or_create(
            line=line, at=at, defaults=sent | {"arrived_at": line.now}
        )
        if is_new:
            arrival.check(at, arrived=line.now)
        elif others := differing({field: getattr(metrics, field) for field in sent}, sent):
            raise MetricsConflict(f"at: other metrics of {at.isoformat()} are known", others)
        return metrics, is_new


def check(values: Mapping[str, Decimal]) -> None:
    """Raise Invalid if one of the metrics, by their names, is out of its range (rating 0 to 5,
    others 0 to 100) or has more than 4 decimals.
    """
    for field, value in values.items():
        most = 100 if field in MARKS else 5
        if not 0 <= value <= most:
            raise Invalid(field, f"must be between 0 and {most}")
        if value != value.quantize(SMALLEST_STEP):
            raise Invalid(field, "must not have more than 4 decimals")
