"""Opening a credit line, and taking hold of one."""

from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from credit.models import CreditLine, LimitEntry, Order
from credit.operations import days
from merchants import calendar, money
from merchants.models import Merchant
from merchants.refusals import Invalid

FIELDS = [field.attname for field in CreditLine._meta.concrete_fields]
LOCK = (
    "SELECT " + ", ".join(f'"{field}"' for field in FIELDS) + " FROM credit_creditline"
    " WHERE merchant_id = %s FOR UPDATE"
)


def open(
    *,
    merchant: Merchant,
    currency: str,
    limit: Decimal,
    payment_days: int,
    settlement_days: int,
    now: datetime,
) -> CreditLine:
    """Open the merchant's line with a limit of `limit` in `currency`, from the local day of `now`.

    Raises Invalid for a negative limit or one with more digits than the currency. Domain: credit.
    """
    limit = money.posted(limit, money.check_currency(currency), field="credit_limit")
    if limit < 0:
        raise Invalid("credit_limit", "must not be negative")
    today = calendar.local_date(now, merchant.timezone)
    with transaction.atomic():
        line = CreditLine.objects.create(
            merchant=merchant,
            currency=currency,
            limit=limit,
            payment_days=payment_days,
            settlement_days=settlement_days,
            timezone=merchant.timezone,
            open_on=today,
            open_until=calendar.day_end(today, merchant.timezone),
        )
        LimitEntry.objects.create(
            line=line,
            kind=LimitEntry.Kind.OPENED,
            currency=currency,
            limit_change=limit,
            limit_after=limit,
            used_after=Decimal(0),
            actor="platform",
            at=now,
        )
    return line


def lock(merchant_id: int, *, now: datetime) -> CreditLine:
    """The line, locked until the transaction ends, with all days that ended by `now` worked off.

    The first thing every operation on a line does, and it then counts at `line.now`: its clock may
    be behind another's, or the lock may have been waited for. Raises CreditLine.DoesNotExist.
    """
    line = _locked(merchant_id)
    if line.open_until <= now:
        days.work_off([merchant_id], now=now)
        line = _locked(merchant_id)
    line.now = now
    return line


def _locked(merchant_id: int) -> CreditLine:
    """`CreditLine.objects.select_for_update().get(pk=…)`, without building that query each time.

    Every operation starts here; the query's construction was a fifth of placing an order.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [merchant_id])
        row = cursor.fetchone()
    if row is None:
        raise CreditLine.DoesNotExist
    return CreditLine.from_db("default", FIELDS, row)


def release(
    line: CreditLine, order: Order, amount: Decimal, *, kind: LimitEntry.Kind, now: datetime
) -> None:
    """Give back `amount` of what `order` held on the locked line."""
    line.used -= amount
    line.save(update_fields=["used"])
    LimitEntry.objects.create(
        line=line,
        order=order,
        kind=kind,
        currency=line.currency,
        used_change=-amount,
        limit_after=line.limit,
        used_after=line.used,
        actor="platform",
        at=now,
    )
