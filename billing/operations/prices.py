"""Introduces prices (rule 12.4)."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet

from billing import sorts
from billing.models import BillingAccount, Fee, FeePrice
from billing.models.prices import PRICE_DECIMALS
from billing.operations.charges import AccountClosed
from billing.proposals import PRICE
from billing.queries import prices as queries
from billing.trail import Action
from lib import calendar, locks, money, wording
from lib.refusals import Invalid, Refused
from merchants.models import Proposal, TimeZonePeriod
from merchants.operations import two_people
from merchants.queries import day_start
from trail import operations as trail

LARGEST_PRICE = Decimal(10) ** 12
EASTERNMOST = timezone(timedelta(hours=14))  # nowhere is it a later day
TURN = "fee prices"  # the lock under which prices are introduced


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
    proposal: Proposal | None = None,
) -> FeePrice:
    """Set what a unit of the fee costs from local day `from_on` on: `unit_price`, with up to 6
    decimals. Writes a trail row, and the price among operators' decisions; merchants are not
    notified. Waits for its turn (wait_turn).

    The price is for every merchant, or for one, whose own price goes before the general one; that
    is introduced inside the cell of the merchant's books. None as `unit_price` ends a merchant's
    own price; a general price does not. Only a fee that has had no price may get one from a day
    that is over (for the merchant, or for a general price anywhere in the world). Of two prices
    from the same day the later one holds; introducing the same one again returns the one there is.
    Above the policy's figure, and when it is more than double or less than half of the one in
    force, it takes the `proposal` that a second person confirms. Raises AccountClosed for a
    merchant whose account is closed, TakesTwoPeople, ChangedMeanwhile, PriceOfThePast, Invalid.
    Rule 12.5, rule 22.7.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    money.check_currency(currency)
    _check_fee(fee)
    if unit_price is not None:
        unit_price = _checked_price(unit_price)
    elif merchant_id is None:
        raise Invalid("unit_price", "is missing; only a merchant's own price can end")
    _check_open(merchant_id)
    wait_turn()
    before = FeePrice.objects.filter(fee=fee, currency=currency, merchant=merchant_id)
    known = before.filter(from_on=from_on).order_by("-pk").first()
    if known is not None and known.unit_price == unit_price:
        return known
    if from_on < _first_day(merchant_id, now) and _had_price(fee, currency, merchant_id):
        raise PriceOfThePast(f"from_on: {from_on} is over, and {fee} has a price in {currency}")
    price = FeePrice(
        fee_id=fee,
        currency=currency,
        merchant_id=merchant_id,
        from_on=from_on,
        unit_price=unit_price,
        introduced_at=now,
        introduced_by=actor,
        reason=reason,
    )
    replaced = _in_force(before, from_on)
    _check_alone(price, replaced, proposal)
    price.save()
    _write_trail(price, replaced, proposal)
    _note(price, proposal)
    return price


def wait_turn() -> None:
    """Take the lock under which prices are introduced and fees added, one at a time; it is kept
    until the transaction ends.
    """
    locks.wait_for_advisory_lock(TURN)


def _check_alone(price: FeePrice, replaced: FeePrice | None, proposal: Proposal | None) -> None:
    """Raise TakesTwoPeople if this new price takes a second person, and nobody confirms it as
    `proposal`; ChangedMeanwhile if the price before it is another than was proposed to be changed.
    `replaced` is the price of the same merchant, or for everybody, that holds until then.
    """
    whose = f" for merchant {price.merchant.reference}" if price.merchant else ""
    wanted = two_people.Change(
        kind=PRICE,
        subject=f"price of {price.fee_id} in {price.currency}{whose}",
        merchant_id=price.merchant_id,
        before=_present(price, replaced),
        after={"unit_price": _price_text(price), "from": price.from_on.isoformat()},
    )
    is_above = _is_far(price) or two_people.is_above(
        sorts.PRICE,
        price.unit_price or Decimal(0),
        currency=price.currency,
        merchant_id=price.merchant_id,
        day=_today(price.merchant_id, price.introduced_at),
    )
    two_people.check(wanted, is_above=is_above, proposal=proposal)


def _present(price: FeePrice, replaced: FeePrice | None) -> dict[str, str]:
    """What a unit costs without the new price on its first day, as the second person is shown it:
    by the price that it replaces, or as for everybody; empty if it has no price.
    """
    if replaced is not None and replaced.unit_price is not None:
        return {"unit_price": _price_text(replaced)}
    general = queries.in_force(price.fee_id, price.currency, None, price.from_on)
    if general is None:
        return {}
    return {"unit_price": f"{money.unit_price(general, price.currency)}, as for everybody"}


def _is_far(price: FeePrice) -> bool:
    """Whether charges would cost more than double or less than half of what they cost as today
    began, or would cost on the first day of the new price without it. The new price must not be
    saved yet.

    If its unit price is None, by which a merchant's own price ends, the general one of its first
    day is what charges would cost. Where there is no price to compare with, it is not far. Prices
    that were introduced today do not count as what they cost as it began, so that nobody gets far
    in several steps of one day.
    """
    today = _today(price.merchant_id, price.introduced_at)
    new = price.unit_price
    if new is None:
        new = queries.in_force(price.fee_id, price.currency, None, price.from_on)
    before = [
        queries.in_force(price.fee_id, price.currency, price.merchant_id, price.from_on),
        queries.in_force(
            price.fee_id, price.currency, price.merchant_id, today,
            introduced_before=_start_of(today, price.merchant_id),
        ),
    ]  # fmt: skip
    return new is not None and any(
        was is not None and not was / 2 <= new <= was * 2 for was in before
    )


def _note(price: FeePrice, proposal: Proposal | None) -> None:
    """Write the price among operators' decisions, with its figure and, if it was proposed, its
    proposal.
    """
    two_people.note(
        sorts.PRICE,
        subject=f"price {price.pk}",
        merchant_id=price.merchant_id,
        currency=price.currency,
        figure=price.unit_price or Decimal(0),
        day=_today(price.merchant_id, price.introduced_at),
        proposal=proposal,
        actor=price.introduced_by,
        now=price.introduced_at,
    )


def _today(merchant_id: int | None, now: datetime) -> date:
    """The day on which a price is introduced: the merchant's; in UTC, if it is for everybody."""
    if merchant_id is None:
        return calendar.local_date(now, "UTC")
    begun = TimeZonePeriod.objects.filter(merchant=merchant_id, starts_at__lte=now)
    period = begun.latest("starts_at")
    return max(calendar.local_date(now, period.timezone), period.starts_on)


def _start_of(day: date, merchant_id: int | None) -> datetime:
    """The instant at which a day starts: the merchant's; in UTC, if it is about everybody."""
    if merchant_id is None:
        return calendar.day_start(day, "UTC")
    account = BillingAccount.objects.get(pk=merchant_id)
    return day_start(account, day)


def _first_day(merchant_id: int | None, now: datetime) -> date:
    """The first day that is not over for the merchant; for a general price, in the time zone where
    days begin first.
    """
    if merchant_id is None:
        return now.astimezone(EASTERNMOST).date()
    return _today(merchant_id, now)


def _had_price(fee: str, currency: str, merchant_id: int | None) -> bool:
    """Whether charges may have been priced already: the merchant has a price for the fee, of
    whatever day, or there is a general one. Without a merchant only general prices count.
    """
    prices = FeePrice.objects.filter(fee=fee, currency=currency)
    return prices.filter(Q(merchant=None) | Q(merchant=merchant_id)).exists()


def _in_force(prices: "QuerySet[FeePrice]", on: date) -> FeePrice | None:
    """Look up the price among `prices` that holds on this day, or None if none does. If
    several start on the same day, it is the one that was introduced last. The prices
    are of one fee and currency, and either one merchant's or those for everybody. The
    `unit_price` of the one that is found is None where a merchant's own price has
    ended.
    """
    return prices.filter(from_on__lte=on).order_by("-from_on", "-pk").first()


def _write_trail(price: FeePrice, before: FeePrice | None, proposal: Proposal | None) -> None:
    """Write the trail row of a new price, beside the one that held before, if any."""
    starts = {"from": price.from_on.isoformat()}
    trail.write(
        Action.PRICE_INTRODUCED,
        merchant_id=price.merchant_id,
        subject=price.fee_id,
        before={"unit_price": _price_text(before)} if before else {},
        after={"unit_price": _price_text(price)} | starts | two_people.proposed_by(proposal),
        actor=price.introduced_by,
        reason=price.reason,
        now=price.introduced_at,
    )


def _price_text(price: FeePrice) -> str:
    """Return the unit price as text with its currency, such as "0.015 USD", for the trail
    and for the second person who confirms it. A price without a figure ends a merchant's
    own price; it is called "that for everybody".
    """
    if price.unit_price is None:
        return "that for everybody"
    return money.unit_price(price.unit_price, price.currency)


def _check_open(merchant_id: int | None) -> None:
    """Raise AccountClosed for a price of a merchant whose account is closed: nothing is charged.
    Does nothing for a general price (None).
    """
    account = BillingAccount.objects.filter(pk=merchant_id, closed_at__isnull=False).first()
    if account:
        raise AccountClosed(f"account: it was closed on {account.closed_on}; open it again first")


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
