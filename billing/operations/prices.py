"""Introduces prices (rule 12.4)."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from billing.models import Fee, FeePrice
from billing.models.prices import PRICE_DECIMALS
from billing.trail import Action
from lib import calendar, money, wording
from lib.refusals import Invalid, Refused
from merchants.models import Merchant
from trail import operations as trail

LARGEST_PRICE = Decimal(10) ** 12
EASTERNMOST = timezone(timedelta(hours=14))  # nowhere is it a later day
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('fee prices', 0))"


class PriceOfThePast(Refused):
    """A price can't be changed from a day that is over; charges of that day have been priced."""

    code = "price_of_the_past"


@transaction.atomic
def introduce(
    *,
    fee: str,
    currency: str,
    unit_price: Decimal | None,
    from_on: date,
    merchant_id: int | None = None,
    actor: str,
    reason: str,
    now: datetime,
) -> FeePrice:
    """Set what a unit of the fee costs from local day `from_on` on: `unit_price`, with up to 6
    decimals. Returns the price.

    The price is for every merchant, or for one, whose own price goes before the general one. None
    as `unit_price` ends a merchant's own price; a general price can't be ended. Only a fee that has
    had no price may get one from a day that is over (for the merchant, or for a general price
    anywhere in the world). Of two prices from the same day the later one holds; introducing the
    same one again changes nothing. Raises PriceOfThePast, Invalid. Rule 12.5.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    money.check_currency(currency)
    _check_fee(fee)
    if unit_price is not None:
        unit_price = _checked_price(unit_price)
    elif merchant_id is None:
        raise Invalid("unit_price", "is missing; only a merchant's own price can end")
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
    before = FeePrice.objects.filter(fee=fee, currency=currency, merchant=merchant_id)
    known = before.filter(from_on=from_on).order_by("-pk").first()
    if known is not None and known.unit_price == unit_price:
        return known
    if from_on < _first_day(merchant_id, now) and _had_price(fee, currency, merchant_id):
        raise PriceOfThePast(f"from_on: {from_on} is over, and {fee} has a price in {currency}")
    price = FeePrice.objects.create(
        fee_id=fee,
        currency=currency,
        merchant_id=merchant_id,
        from_on=from_on,
        unit_price=unit_price,
        introduced_at=now,
        introduced_by=actor,
        reason=reason,
    )
    _write_trail(price, _in_force(before, price))
    return price


def _first_day(merchant_id: int | None, now: datetime) -> date:
    """The first day that is not over for the merchant; for a general price, in the time zone where
    days begin first.
    """
    if merchant_id is None:
        return now.astimezone(EASTERNMOST).date()
    zone = Merchant.objects.values_list("timezone", flat=True).get(pk=merchant_id)
    return calendar.local_date(now, zone)


def _had_price(fee: str, currency: str, merchant_id: int | None) -> bool:
    """Whether charges may have been priced already: the merchant has a price for the fee, past or
    present, or there is a general one.
    """
    prices = FeePrice.objects.filter(fee=fee, currency=currency)
    return prices.filter(Q(merchant=None) | Q(merchant=merchant_id)).exists()


def _in_force(prices: "QuerySet[FeePrice]", new: FeePrice) -> FeePrice | None:
    """The price among `prices`, other than `new`, that holds on the day from which `new` holds;
    None if there is none.
    """
    others = prices.filter(from_on__lte=new.from_on).exclude(pk=new.pk)
    return others.order_by("-from_on", "-pk").first()


def _write_trail(price: FeePrice, before: FeePrice | None) -> None:
    starts = {"from": price.from_on.isoformat()}
    trail.write(
        Action.PRICE_INTRODUCED,
        merchant_id=price.merchant_id,
        subject=price.fee_id,
        before={"unit_price": _price_text(before)} if before else {},
        after={"unit_price": _price_text(price)} | starts,
        actor=price.introduced_by,
        reason=price.reason,
        now=price.introduced_at,
    )


def _price_text(price: FeePrice) -> str:
    """The price as text for the trail."""
    if price.unit_price is None:
        return "that for everybody"
    return money.unit_price(price.unit_price, price.currency)


def _check_fee(code: str) -> None:
    """Raise Invalid unless this is the code of a fee that the platform can charge."""
    fee = Fee.objects.filter(pk=code).first()
    if fee is None or not fee.is_sent_by_platform:
        raise Invalid("fee", f"there is no fee {code!r} that the platform can charge")


def _checked_price(price: Decimal) -> Decimal:
    """The price with exactly 6 decimals. Raises Invalid if it is negative, too large, or has more
    decimals.
    """
    if not price.is_finite() or not 0 <= price < LARGEST_PRICE:
        raise Invalid("unit_price", "must be from 0 to 10^12")
    exact = price.quantize(Decimal(1).scaleb(-PRICE_DECIMALS))
    if exact != price:
        raise Invalid("unit_price", f"must have {PRICE_DECIMALS} decimals at most")
    return exact
