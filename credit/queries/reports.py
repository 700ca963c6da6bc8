"""The rows that the operators' reports about credit count, over all merchants of a currency."""

from datetime import UTC
from decimal import Decimal

from django.db.models import (
    Case,
    DecimalField,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, TruncDate, TruncMonth

from backoffice.reports.report import Asked
from credit.models import (
    CreditLine,
    LimitReview,
    Order,
    PayoutAnswer,
    ProceedsEntry,
    Withdrawal,
)

UNGRADED = "–"  # a line without a review
GRADE = Coalesce(
    Subquery(LimitReview.objects.filter(line=OuterRef("line")).order_by("-on").values("grade")[:1]),
    Value(UNGRADED),
)
NOTHING = Value(Decimal(0), DecimalField())
# Of a withdrawal, what the bank's own files have answered, whatever they said.
ANSWERED = Sum(Case(When(is_answered=True, then="amount"), default=NOTHING))


def declined(asked: Asked) -> QuerySet[Order]:
    """The orders in the report's currency that were declined on its days, each annotated with its
    `day` in UTC, to be counted by that and `decline_code`.
    """
    found = Order.objects.filter(
        status=Order.Status.DECLINED,
        currency=asked.currency,
        placed_at__gte=asked.since,
        placed_at__lt=asked.until,
    )
    return found.annotate(day=TruncDate("placed_at", tzinfo=UTC)).select_related("line__merchant")


def overdue(asked: Asked) -> QuerySet[Order]:
    """The open orders in the report's currency with a part that is overdue on its `today`, each
    annotated with the `month` of its due date and the `grade` of the merchant's latest review, to
    be counted by these.
    """
    found = Order.objects.overdue(asked.today).filter(currency=asked.currency)
    rows: QuerySet[Order] = found.annotate(month=TruncMonth("due_on"), grade=GRADE)
    return rows.select_related("line__merchant")


def written_off(asked: Asked) -> QuerySet[Order]:
    """The orders in the report's currency of which something was written off on its days, each
    annotated with the `month` of that in UTC and the `grade` of the merchant's latest review, to be
    counted by these.
    """
    found = Order.objects.filter(
        currency=asked.currency,
        written_off_at__gte=asked.since,
        written_off_at__lt=asked.until,
    )
    month = TruncMonth(TruncDate("written_off_at", tzinfo=UTC))
    return found.annotate(month=month, grade=GRADE).select_related("line__merchant")


def reviewed(asked: Asked) -> QuerySet[LimitReview]:
    """The reviews of limits in the report's currency on its days, each annotated with its `month`,
    and with the limit that it left behind as `limit_after`, to be counted by month and `grade`.
    """
    found = LimitReview.objects.filter(
        currency=asked.currency, on__gte=asked.start, on__lte=asked.end
    )
    return found.annotate(
        month=TruncMonth("on"), limit_after=Coalesce("limit_given", "limit_before")
    ).select_related("line__merchant")


def maturing(asked: Asked) -> QuerySet[ProceedsEntry]:
    """The entries of proceeds in the report's currency that have not matured on its `today`, to be
    counted by the day on which they do (`matures_on`): a refund stands on the day of the sale that
    it took from.
    """
    found = ProceedsEntry.objects.filter(currency=asked.currency, matures_on__gt=asked.today)
    return found.select_related("line__merchant")


def matured(asked: Asked) -> Decimal:
    """The sum, over the merchants of the report's currency, of what each could ask for by now: its
    proceeds without what has yet to mature. A merchant for whom that is below 0 counts as 0.
    """
    later = (
        ProceedsEntry.objects.filter(line=OuterRef("pk"), matures_on__gt=asked.today)
        .order_by()
        .values("line")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    lines = CreditLine.objects.filter(currency=asked.currency).annotate(
        free=F("proceeds") - Coalesce(Subquery(later), NOTHING)
    )
    total: Decimal = lines.filter(free__gt=0).aggregate(total=Sum("free"))["total"] or Decimal(0)
    return total


def paid_out(asked: Asked) -> QuerySet[Withdrawal]:
    """The withdrawals in the report's currency that are PAID and became so on its days,
    without those that the bank sent back. Each is annotated with its `day` in UTC, and
    with whether a row of a bank's file about it ended as PAID or KNOWN (`is_answered`),
    to be counted by these. KNOWN may also be a row that said again that it had failed,
    before that was corrected. One that had been marked as FAILED counts on the day on
    which that was corrected (Withdrawal.paid_at).
    """
    paid = Withdrawal.objects.filter(currency=asked.currency, status=Withdrawal.Status.PAID)
    found = paid.annotate(known_at=Coalesce("corrected_at", "ended_at")).filter(
        known_at__gte=asked.since, known_at__lt=asked.until
    )
    answers = PayoutAnswer.objects.filter(
        reference=OuterRef("reference"), outcome__in=["PAID", "KNOWN"]
    )
    return found.annotate(
        day=TruncDate("known_at", tzinfo=UTC), is_answered=Exists(answers)
    ).select_related("line__merchant")
