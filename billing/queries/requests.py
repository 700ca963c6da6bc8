"""Reads fulfilment requests and what they cost (rule 12.8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, DecimalField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from billing.models import BillingAccount, Charge, FulfilmentRequest


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
        """The sum without credits."""
        return self.amount - self.credited


def of(account: BillingAccount, *, start: str = "") -> QuerySet[FulfilmentRequest]:
    """The account's requests whose reference starts as given; "" means all of them."""
    found = account.requests.all()
    return found.filter(reference__startswith=start) if start else found


def find(account: BillingAccount, reference: str) -> FulfilmentRequest | None:
    """The account's request with this reference, or None."""
    return account.requests.filter(reference=reference).first()


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


def with_cost(found: QuerySet[FulfilmentRequest]) -> QuerySet[FulfilmentRequest]:
    """These requests, each with the sum of its charges as `cost`, a plain figure; for sums of many
    of them.
    """
    own = Charge.objects.filter(account=OuterRef("account"), request=OuterRef("reference"))
    cost = own.order_by().values("request").annotate(cost=Sum("amount")).values("cost")
    return found.annotate(cost=Coalesce(Subquery(cost), Decimal(0), output_field=DecimalField()))


def charges(request: FulfilmentRequest) -> QuerySet[Charge]:
    """The request's charges and the credits on them, each with its fee and the bill it is on."""
    found = Charge.objects.filter(account=request.account_id, request=request.reference)
    return found.select_related("fee", "item__invoice")
