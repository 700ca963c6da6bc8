"""Reads the prices of a unit of a fee (rule 12.4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from billing.models import BillingAccount, Fee, FeePrice
from billing.models.fees import Category


@dataclass(frozen=True)
class ToCome:
    """A price of a fee from a later day on, as it applies to one merchant."""

    from_on: date
    unit_price: Decimal | None  # None: the merchant's own price ends, and there is no general one
    is_own: bool  # the merchant's own price, not the general one


class PriceList:
    """The prices of all fees that may apply to these merchants, loaded once for all charges of a
    batch.
    """

    def __init__(self, merchant_ids: Iterable[int]) -> None:
        self._prices: dict[tuple[str, str, int | None], list[FeePrice]] = {}
        concerning = Q(merchant__isnull=True) | Q(merchant__in=list(merchant_ids))
        for price in FeePrice.objects.filter(concerning).order_by("-from_on", "-pk"):
            key = (price.fee_id, price.currency, price.merchant_id)
            self._prices.setdefault(key, []).append(price)

    def price(self, fee: str, currency: str, merchant_id: int, on: date) -> FeePrice | None:
        """The price of the fee with this code that applies to the merchant, one of those that the
        list was made for, on local day `on`: the merchant's own if it has one that has not ended,
        or else the general one; None if there is neither.
        """
        for whose in (merchant_id, None):
            started = (
                price
                for price in self._prices.get((fee, currency, whose), [])
                if price.from_on <= on
            )
            price = next(started, None)
            if price is not None and price.unit_price is not None:
                return price
        return None

    def to_come(self, fee: str, currency: str, merchant_id: int, on: date) -> list[ToCome]:
        """What a unit of the fee with this code costs the merchant later than on day `on`: each day
        from which another price applies than before, the next one first. A general price that
        starts while one of the merchant's own holds is there from the day on which that ends, if it
        applies then.
        """
        starts = {
            price.from_on
            for whose in (merchant_id, None)
            for price in self._prices.get((fee, currency, whose), [])
            if price.from_on > on
        }
        before, found = self.price(fee, currency, merchant_id, on), []
        for day in sorted(starts):
            price = self.price(fee, currency, merchant_id, day)
            if price is not before:
                found.append(
                    ToCome(
                        from_on=day,
                        unit_price=price.unit_price if price else None,
                        is_own=price is not None and price.merchant_id is not None,
                    )
                )
            before = price
        return found


def in_force(
    fee: str,
    currency: str,
    merchant_id: int | None,
    on: date,
    introduced_before: datetime | None = None,
) -> Decimal | None:
    """What a unit of the fee with this code costs on day `on`: by the merchant's own price, or else
    by the general one; by that alone without a merchant; None without any. With `introduced_before`
    it is by the prices there were at that instant.
    """
    prices = FeePrice.objects.filter(fee=fee, currency=currency, from_on__lte=on)
    if introduced_before is not None:
        prices = prices.filter(introduced_at__lt=introduced_before)
    for whose in dict.fromkeys((merchant_id, None)):
        price = prices.filter(merchant=whose).order_by("-from_on", "-pk").first()
        if price is not None and price.unit_price is not None:
            return price.unit_price
    return None


@dataclass(frozen=True)
class PricedFee:
    """A fee as one merchant is charged it: its price on a day, and later prices."""

    fee: Fee
    unit_price: Decimal | None  # None: each charge comes with its own amount
    is_own: bool  # the merchant's own price, not the general one
    to_come: Sequence[ToCome]  # prices from a later day on, the next one first


def priced_fees(account: BillingAccount, on: date) -> Sequence[PricedFee]:
    """The fees that the platform may charge, with the account's prices of local day `on` and later
    ones; in the order of categories, and by name within each.
    """
    prices = PriceList([account.pk])
    places = list(Category)
    fees = Fee.objects.filter(is_sent_by_platform=True).order_by("name")
    return [
        _priced(fee, prices, account, on)
        for fee in sorted(fees, key=lambda fee: places.index(Category(fee.category)))
    ]


def _priced(fee: Fee, prices: PriceList, account: BillingAccount, on: date) -> PricedFee:
    """The fee with what a unit costs the account on day `on`, and its later prices."""
    price = prices.price(fee.code, account.currency, account.pk, on)
    return PricedFee(
        fee=fee,
        unit_price=price.unit_price if price else None,
        is_own=price is not None and price.merchant_id is not None,
        to_come=prices.to_come(fee.code, account.currency, account.pk, on),
    )
