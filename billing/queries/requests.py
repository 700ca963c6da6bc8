"""Reads fulfilment requests and what they cost (rule 12.8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.models import BillingAccount, Charge, FulfilmentRequest
from credit.models import Order
from lib import money
from lib.figures import Figures
from lib.lists import Rows


@dataclass(frozen=True)
class Cost:
    """What a request costs: the sum of the charges that name it, billed or not, as plain figures in
    the account's currency.
    """

    amount: Decimal = Decimal(0)  # credits taken off
    credited: Decimal = Decimal(0)  # 0 or negative
    charge_count: int = 0  # credits among them

    @property
    def charged(self) -> Decimal:
        """What was charged, before credits are taken off."""
        return self.amount - self.credited


def of(account: BillingAccount, *, start: str = "") -> QuerySet[FulfilmentRequest]:
    """The account's requests whose reference begins with `start`, in no order; "" means all of
    them.
    """
    found = account.requests.all()
    return found.filter(reference__startswith=start) if start else found


def with_cost(found: Rows) -> Rows:
    """The same fulfilment requests, which can be filtered and sorted by their `cost`, while the
    rows themselves do not have it: the sum of the charges that name each of them, 0 without charges
    (rule 12.8). It is added up for each request that the database looks at, so only where somebody
    asks for it.
    """
    theirs = Charge.objects.filter(account=OuterRef("account"), request=OuterRef("reference"))
    total = theirs.order_by().values("request").annotate(sum=Sum("amount")).values("sum")
    return found.alias(cost=Coalesce(Subquery(total), Decimal(0)))


def find(account: BillingAccount, reference: str) -> FulfilmentRequest | None:
    """The account's request with this reference, or None."""
    return account.requests.filter(reference=reference).first()


def of_order(order: Order) -> FulfilmentRequest | None:
    """The request of the order's merchant with the order's reference, with its account; or None."""
    found = FulfilmentRequest.objects.select_related("account")
    return found.filter(account=order.line_id, reference=order.reference).first()


def costs(requests: Iterable[FulfilmentRequest]) -> dict[FulfilmentRequest, Cost]:
    """The cost of each of these requests, all of one account, in one query; a request without
    charges costs 0.
    """
    by_reference = {request.reference: request for request in requests}
    account_ids = {request.account_id for request in by_reference.values()}
    sums = (
        Charge.objects.filter(account__in=account_ids, request__in=by_reference)
        .order_by()
        .values("request")
        .annotate(
            sum=Sum("amount"),
            credited=Sum("amount", filter=Q(amount__lt=0), default=Decimal(0)),
            count=Count("pk"),
        )
    )
    found = {row["request"]: Cost(row["sum"], row["credited"], row["count"]) for row in sums}
    return {request: found.get(name, Cost()) for name, request in by_reference.items()}


def figures_of(
    account: BillingAccount, found: QuerySet[FulfilmentRequest], *, most: int | None
) -> Figures:
    """How many these requests of the account are, and the sum of their costs; if they are more than
    `most`, only that they are.

    Their charges are added up at once. Asking for those of each request would take seconds.
    """
    asked = found.order_by() if most is None else found.order_by()[: most + 1]
    count = asked.count()
    if most is not None and count > most:
        return Figures(most, is_whole=False)
    theirs = Charge.objects.filter(account=account, request__in=asked.values("reference"))
    total = theirs.aggregate(total=Sum("amount", default=Decimal(0)))["total"]
    return Figures(count, [[money.of(total, account.currency)]] if count else [[]])


def charges(request: FulfilmentRequest) -> QuerySet[Charge]:
    """The request's charges and the credits on them, in no order, each with its fee and the bill it
    is on.
    """
    found = Charge.objects.filter(account=request.account_id, request=request.reference)
    return found.select_related("fee", "item__invoice")
