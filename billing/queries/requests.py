"""Reads fulfilment requests and what they cost (rule 12.8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextChoices,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import BillingAccount, Charge, Fee, FulfilmentRequest
from billing.models.fees import Category, in_readers_language
from credit.models import Order
from lib import figures, money, search
from lib.figures import Figures
from lib.lists import Rows

CREDITED, NOT_CREDITED = "yes", "no"
# Of a fee: whether charges of it name requests of an account. Its latest days are looked at, and of
# each the first charges: mostly the very first one tells. The days are a list of their own, as the
# database would otherwise look for those of a fee that the account has none of among all others.
HAS_REQUEST = """EXISTS (
    SELECT 1 FROM unnest(ARRAY(
        SELECT item.id FROM billing_invoiceitem item
        WHERE item.account_id = %s AND item.fee_id = billing_fee.code
        ORDER BY item.posting_on DESC, item.id DESC LIMIT 400
    )) item(id) CROSS JOIN LATERAL (
        SELECT charge.request FROM billing_charge charge
        WHERE charge.item_id = item.id ORDER BY charge.at, charge.id LIMIT 20
    ) charge
    WHERE charge.request <> ''
)"""


class Billed(TextChoices):
    """Whether a request's charges are on bills that were issued."""

    ALL = "BILLED", _("Billed")
    SOME = "PART", _("Partly billed")
    NONE = "NOT_BILLED", pgettext_lazy("request", "Not billed yet")


@dataclass(frozen=True)
class OfFee:
    """What the charges of one fee come to."""

    code: str
    label: str
    amount: Decimal  # credits taken off
    charged: Decimal  # before they are
    charge_count: int


@dataclass(frozen=True)
class Cost:
    """What a request costs: the sum of the charges that name it, billed or not, as plain figures in
    the account's currency.
    """

    amount: Decimal = Decimal(0)  # credits taken off
    credited: Decimal = Decimal(0)  # 0 or negative
    charge_count: int = 0  # credits among them
    by_fee: Sequence[OfFee] = ()  # by category, in the order of the pages
    by_invoice: Mapping[str, Decimal] = field(default_factory=dict)  # by number, oldest first
    not_billed: Decimal = Decimal(0)  # what is on no issued bill
    standing: Billed = Billed.NONE

    @property
    def charged(self) -> Decimal:
        """What was charged, before credits are taken off."""
        return self.amount - self.credited

    def of_fee(self, fee: str) -> Decimal:
        """What of it the charges of this fee come to; "" means all of it."""
        theirs = (one.amount for one in self.by_fee if one.code == fee)
        return sum(theirs, Decimal(0)) if fee else self.amount


def of(account: BillingAccount, *, part: str = "") -> QuerySet[FulfilmentRequest]:
    """The account's requests, in no order, that have `part` somewhere in their reference, in any
    case; "" means all of them.
    """
    return search.anywhere(account.requests.all(), part, "reference")


def are_many(found: QuerySet[FulfilmentRequest]) -> bool:
    """Whether these requests are more than figures.MOST, too many to look at the charges of all of
    them.
    """
    return found.order_by()[: figures.MOST + 1].count() > figures.MOST


def charged_with(found: Rows, *, fee: str = "", billed: str = "", credited: str = "") -> Rows:
    """Those of `found` that have a charge of this fee, whose charges are on bills as `billed` says
    (one of Billed), and that have or have not a credit (CREDITED, NOT_CREDITED); "" means any. Only
    bills with a number count: what is on a draft is not billed. A request without charges counts as
    billed. The charges of each request that the database looks at are read.
    """
    theirs = Charge.objects.filter(account=OuterRef("account"), request=OuterRef("reference"))
    on_invoices = Exists(theirs.filter(item__invoice__number__isnull=False))
    on_none = Exists(theirs.filter(item__invoice__number__isnull=True))
    conditions = {
        Billed.ALL: ~on_none,
        Billed.SOME: on_invoices & on_none,
        Billed.NONE: ~on_invoices,
    }
    if fee:
        found = found.filter(Exists(theirs.filter(fee=fee)))
    if billed:
        found = found.filter(conditions[Billed(billed)])
    if credited:
        credits = Exists(theirs.filter(amount__lt=0))
        found = found.filter(credits if credited == CREDITED else ~credits)
    return found


def with_cost(found: Rows, *, fee: str = "") -> Rows:
    """The same fulfilment requests, each with its `cost`: the sum of the charges that name it, or
    of those of this fee; 0 without charges (rule 12.8). It is added up for each request that the
    database looks at, so only where somebody asks for it.
    """
    theirs = Charge.objects.filter(account=OuterRef("account"), request=OuterRef("reference"))
    if fee:
        theirs = theirs.filter(fee=fee)
    total = theirs.order_by().values("request").annotate(sum=Sum("amount")).values("sum")
    figure = DecimalField(max_digits=money.MAX_DIGITS, decimal_places=money.DECIMAL_PLACES)
    return found.annotate(cost=Coalesce(Subquery(total), Decimal(0), output_field=figure))


def fees() -> Sequence[Fee]:
    """The fees that the charges of requests may be of, in the order of the pages."""
    asked = Q(is_sent_by_platform=True) | Q(pk__in=Fee.BY_HAND)
    return in_order(Fee.objects.filter(asked))


def in_order(found: QuerySet[Fee]) -> Sequence[Fee]:
    """These fees by category, and by name within each."""
    places = list(Category)
    return sorted(found.order_by("name"), key=lambda fee: places.index(Category(fee.category)))


def fees_of(account: BillingAccount) -> Sequence[Fee]:
    """The fees of which the account has charges that name a request, in the order of the pages. For
    each fee the account's latest 400 items are looked at, and the first 20 charges of each.
    """
    named = RawSQL(HAS_REQUEST, (account.pk,), output_field=BooleanField())
    return in_order(Fee.objects.filter(named))


def find(account: BillingAccount, reference: str) -> FulfilmentRequest | None:
    """The account's request with this reference, or None."""
    return account.requests.filter(reference=reference).first()


def of_order(order: Order) -> FulfilmentRequest | None:
    """The request of the order's merchant with the order's reference, with its account; or None."""
    found = FulfilmentRequest.objects.select_related("account")
    return found.filter(account=order.line_id, reference=order.reference).first()


def costs(requests: Iterable[FulfilmentRequest]) -> dict[FulfilmentRequest, Cost]:
    """The cost of each of these requests, all of one account, by the request, in one query; a
    request without charges costs 0.
    """
    by_reference = {request.reference: request for request in requests}
    account_ids = {request.account_id for request in by_reference.values()}
    rows = (
        Charge.objects.filter(account__in=account_ids, request__in=by_reference)
        .order_by("item__invoice__issued_at", "item__invoice")
        .values("request", "fee", "fee__category", "fee__name", "fee__names")
        .annotate(
            number=F("item__invoice__number"),
            sum=Sum("amount"),
            credited=Sum("amount", filter=Q(amount__lt=0), default=Decimal(0)),
            count=Count("pk"),
        )
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["request"], []).append(row)
    return {request: _cost(found.get(name, ())) for name, request in by_reference.items()}


def _cost(rows: Sequence[Mapping[str, Any]]) -> Cost:
    """The cost of one request, of the sums of its charges by fee and bill, oldest bill first.
    Without any it is 0, and counts as wholly billed.
    """
    by_invoice: dict[str, Decimal] = {}
    for row in rows:
        if row["number"]:
            by_invoice[row["number"]] = by_invoice.get(row["number"], Decimal(0)) + row["sum"]
    not_billed = [row["sum"] for row in rows if not row["number"]]
    standing = Billed.SOME if by_invoice else Billed.NONE
    return Cost(
        amount=_sum(rows),
        credited=sum((row["credited"] for row in rows), Decimal(0)),
        charge_count=sum(row["count"] for row in rows),
        by_fee=_by_fee(rows),
        by_invoice=by_invoice,
        not_billed=sum(not_billed, Decimal(0)),
        standing=standing if not_billed else Billed.ALL,
    )


def _by_fee(rows: Iterable[Mapping[str, Any]]) -> list[OfFee]:
    """What the charges come to by fee, of the sums of a request's charges by fee and bill; in the
    order of categories, and by name within each.
    """
    places = list(Category)
    theirs: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (places.index(row["fee__category"]), row["fee__name"])):
        theirs.setdefault(row["fee"], []).append(row)
    return [
        OfFee(
            code,
            in_readers_language(found[0]["fee__name"], found[0]["fee__names"]),
            _sum(found),
            _sum(found) - sum((row["credited"] for row in found), Decimal(0)),
            sum(row["count"] for row in found),
        )
        for code, found in theirs.items()
    ]


def _sum(rows: Iterable[Mapping[str, Any]]) -> Decimal:
    """The sum of the charges that these rows are the sums of, by fee and bill."""
    return sum((row["sum"] for row in rows), Decimal(0))


def figures_of(
    account: BillingAccount,
    found: QuerySet[FulfilmentRequest],
    *,
    most: int | None,
    are_few: bool = False,
    fee: str = "",
) -> Figures:
    """How many these requests of the account are, and the sum of their costs, or of what the
    charges of `fee` make of these. If they are more than `most`, only that they are, unless
    `are_few` says that they are known to be few; with None as `most` all are counted. Up to `most`,
    the charges of each are looked up by an index; of all requests, the account's charges are read
    as they lie.
    """
    if most is None:
        asked = found.order_by()
        count = asked.count()
        theirs = Charge.objects.filter(account=account, request__in=asked.values("reference"))
        theirs = theirs.filter(fee=fee) if fee else theirs
        total = theirs.aggregate(total=Sum("amount", default=Decimal(0)))["total"]
        return Figures(count, [[money.of(total, account.currency)]] if count else [[]])
    if not are_few and found.order_by()[: most + 1].count() > most:
        return Figures(most, is_whole=False)
    said = with_cost(found, fee=fee).annotate(said_in=Value(account.currency))
    return figures.of(said, ["cost"], currency="said_in", most=most)


def charges(request: FulfilmentRequest) -> QuerySet[Charge]:
    """The request's charges and the credits on them, in no order, each with its fee and the bill it
    is on.
    """
    found = Charge.objects.filter(account=request.account_id, request=request.reference)
    return found.select_related("fee", "item__invoice")
