"""Routes that read a merchant's credit book."""

from datetime import date
from typing import Annotated, Any, Literal

from django.db.models import Q
from ninja import Query, Router
from pydantic import BaseModel

from credit.models import CreditLine, Freeze
from credit.queries import proceeds
from gateway.api import listings
from gateway.api.access import OF_MERCHANT, Key, KeyedRequest, merchant_of
from gateway.api.answers import Amount
from gateway.api.instants import Moment
from gateway.api.lists import Asked, Paged
from gateway.api.problems import Problem
from gateway.models import Scope
from lib import money
from merchants.models import Merchant
from merchants.queries import local_day

router = Router(tags=["Reading: credit"], auth=Key(Scope.READ))


class OrdersAsked(Asked):
    """Which page of orders, and of which status."""

    status: Literal["OPEN", "PAID", "REFUNDED", "CANCELLED", "DECLINED", "WRITTEN_OFF"] | None = (
        None
    )


class ShownLine(BaseModel):
    """The credit line: what may be held, what is, and what keeps it from more."""

    merchant: str
    currency: str
    limit: Amount
    used: Amount
    available: Amount
    frozen_by: list[Literal["OVERDUE", "SUSPECTED_FRAUD", "UNPAID_BILL", "MANUAL"]]
    payment_days: int
    settlement_days: int
    order_cap: Amount | None
    buyer_cap: Amount | None
    paused_at: Moment | None
    closed_at: Moment | None


class MaturingDay(BaseModel):
    on: date
    amount: Amount


class ShownProceeds(BaseModel):
    """Where the merchant's proceeds are today: maturing and available make the balance, unless it
    was overdrawn.
    """

    merchant: str
    currency: str
    balance: Amount
    maturing: Amount
    maturing_days: list[MaturingDay]
    available: Amount
    on_its_way: Amount
    paid_out: Amount


@router.get(f"{OF_MERCHANT}/credit-line", response=ShownLine, operation_id="getCreditLine")
def show_line(request: KeyedRequest, merchant: str) -> ShownLine:
    """What the line may hold for orders, what it holds, and what freezes it."""
    line = _line(merchant_of(request, merchant))

    frozen = Freeze.objects.filter(line=line, lifted_at=None).order_by("reason")
    return ShownLine(
        merchant=merchant,
        currency=line.currency,
        limit=money.text(line.limit),
        used=money.text(line.used),
        available=money.text(line.available),
        frozen_by=list(frozen.values_list("reason", flat=True).distinct()),  # type: ignore[arg-type]
        payment_days=line.payment_days,
        settlement_days=line.settlement_days,
        order_cap=None if line.order_cap is None else money.text(line.order_cap),
        buyer_cap=None if line.buyer_cap is None else money.text(line.buyer_cap),
        paused_at=line.paused_at,
        closed_at=line.closed_at,
    )


@router.get(
    f"{OF_MERCHANT}/credit-line/entries",
    response=listings.LIMIT_ENTRIES.page,
    operation_id="listLimitEntries",
)
def list_entries(request: KeyedRequest, merchant: str, asked: Paged) -> dict[str, Any]:
    """A page of the entries that changed the limit, or what is used of it, newest first; all
    entries together sum up to both.
    """
    line = _line(merchant_of(request, merchant))
    return listings.LIMIT_ENTRIES.read(line.pk, line.currency, asked)


@router.get(
    f"{OF_MERCHANT}/credit-line/freezes",
    response=listings.FREEZES.page,
    operation_id="listFreezes",
)
def list_freezes(request: KeyedRequest, merchant: str, asked: Paged) -> dict[str, Any]:
    """A page of the freezes of the line, those in force and those that were lifted,
    newest first.
    """
    line = _line(merchant_of(request, merchant))
    return listings.FREEZES.read(line.pk, line.currency, asked)


@router.get(
    f"{OF_MERCHANT}/credit-line/reviews",
    response=listings.REVIEWS.page,
    operation_id="listReviews",
)
def list_reviews(request: KeyedRequest, merchant: str, asked: Paged) -> dict[str, Any]:
    """A page of the monthly reviews of the limit, newest first, with what was known and what each
    factor gave.
    """
    line = _line(merchant_of(request, merchant))
    return listings.REVIEWS.read(line.pk, line.currency, asked)


@router.get(f"{OF_MERCHANT}/orders", response=listings.ORDERS.page, operation_id="listOrders")
def list_orders(
    request: KeyedRequest, merchant: str, asked: Annotated[OrdersAsked, Query(...)]
) -> dict[str, Any]:
    """A page of buyers' orders, newest first, of one status or of all."""
    line = _line(merchant_of(request, merchant))
    which = Q(status=asked.status) if asked.status else None
    return listings.ORDERS.read(line.pk, line.currency, asked, which)


@router.get(
    f"{OF_MERCHANT}/orders/{{reference:order}}",
    response=listings.ORDERS.answer,
    operation_id="getOrder",
)
def show_order(request: KeyedRequest, merchant: str, order: str) -> dict[str, Any]:
    """The order with this reference; 404 if the merchant has none."""
    line = _line(merchant_of(request, merchant))
    found = listings.ORDERS.one(line.pk, line.currency, Q(reference=order))
    if found is None:
        raise Problem(404, "unknown_order", f"There is no order {order}.")
    return found


@router.get(f"{OF_MERCHANT}/proceeds", response=ShownProceeds, operation_id="getProceeds")
def show_proceeds(request: KeyedRequest, merchant: str) -> ShownProceeds:
    """What the merchant has earned, and where that is today: still maturing, available, on its way
    to the merchant, or paid out.
    """
    line = _line(merchant_of(request, merchant))
    found = proceeds.buckets(line.pk, today=local_day(line, request.now))

    return ShownProceeds(
        merchant=merchant,
        currency=line.currency,
        balance=money.text(found.balance),
        maturing=money.text(found.maturing),
        maturing_days=[
            MaturingDay(on=day.on, amount=money.text(day.amount)) for day in found.maturing_days
        ],
        available=money.text(found.available),
        on_its_way=money.text(found.on_its_way),
        paid_out=money.text(found.paid_out),
    )


@router.get(
    f"{OF_MERCHANT}/proceeds/entries",
    response=listings.PROCEEDS.page,
    operation_id="listProceedsEntries",
)
def list_proceeds(request: KeyedRequest, merchant: str, asked: Paged) -> dict[str, Any]:
    """A page of the entries that changed the proceeds, newest first, such as sales, refunds,
    withdrawals and invoices paid from them.
    """
    line = _line(merchant_of(request, merchant))
    return listings.PROCEEDS.read(line.pk, line.currency, asked)


@router.get(
    f"{OF_MERCHANT}/withdrawals",
    response=listings.WITHDRAWALS.page,
    operation_id="listWithdrawals",
)
def list_withdrawals(request: KeyedRequest, merchant: str, asked: Paged) -> dict[str, Any]:
    """A page of the merchant's withdrawals, newest first: what was paid out, what is on its way,
    and what came to nothing.
    """
    line = _line(merchant_of(request, merchant))
    return listings.WITHDRAWALS.read(line.pk, line.currency, asked)


def _line(merchant: Merchant) -> CreditLine:
    """Read the merchant's credit line. Raises CreditLine.DoesNotExist if it has none."""
    return CreditLine.objects.get(merchant=merchant)
