"""What the books say, by references only, in the shape in which tests/reference says it."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from billing.models import BillingAccount, Fee, Invoice, InvoiceLine, Statement, StatementTotal
from credit.models import (
    CreditLine,
    Freeze,
    LimitEntry,
    LimitReview,
    Order,
    OrderPayment,
    ProceedsEntry,
)
from lib import audit, clock, money
from merchants.models import Merchant

# Where the reference calls a thing otherwise.
ENTRY_KINDS = {
    "HOLD": "PLACED",
    "PAYMENT": "PAID",
    "REFUND": "REFUNDED",
    "RELEASE": "CANCELLED",
    "WRITE_OFF": "WRITTEN_OFF",
}


def assert_clean() -> None:
    """The audit finds nothing wrong. Asked without its command, whose table takes as long to print
    as all checks take.
    """
    findings = audit.run(audit.registered(), now=clock.now())
    assert [finding for finding in findings if finding.violations] == []


def books(merchants: Iterable[Merchant] | None = None) -> dict[str, Any]:
    """The state of every merchant, keyed by reference."""
    return {
        merchant.reference: of_merchant(merchant)
        for merchant in (Merchant.objects.all() if merchants is None else merchants)
    }


def of_merchant(merchant: Merchant) -> dict[str, Any]:
    """All that the books say of the merchant, in the form that the reference's model gives, too."""
    line = CreditLine.objects.get(merchant=merchant)
    account = BillingAccount.objects.get(merchant=merchant)
    return {
        "account": {
            "accruing": money.text(account.accruing),
            "outstanding": money.text(account.outstanding),
        },
        "bills": invoices(account),
        "freezes": freezes(line),
        "limit_entries": limit_entries(line),
        "line": {
            "frozen": sorted(
                Freeze.objects.filter(line=line, lifted_at=None).values_list("reason", flat=True)
            ),
            "limit": money.text(line.limit),
            "used": money.text(line.used),
        },
        "open_day": {line.open_on.isoformat(), account.open_on.isoformat()},
        "orders": orders(line),
        "proceeds": proceeds(line),
        "reviews": reviews(line),
        "statements": statements(account),
        "unmatched": {
            payment.reference: {
                "amount": money.text(payment.amount),
                "code": payment.refusal,
                "order": payment.order.reference,
            }
            for payment in OrderPayment.objects.filter(
                line=line, status="UNMATCHED"
            ).select_related("order")
        },
    }


def invoices(account: BillingAccount) -> list[dict[str, Any]]:
    """The account's bills with their lines."""
    lines = defaultdict(list)
    for line in InvoiceLine.objects.filter(invoice__account=account):
        fee = "subscription" if line.fee_code == Fee.PLAN else line.fee_code
        amount = money.text(line.amount)
        lines[line.invoice_id].append([fee, str(line.posting_on), amount, line.charge_count])
    return [
        {
            "date": str(invoice.issued_on),
            "kind": invoice.kind,
            "lines": sorted(lines[invoice.pk]),
            "period_start": str(invoice.period_start),
            "period_end": str(invoice.period_end),
            "plan_days": [str(day) for day in (invoice.plan_start, invoice.plan_end) if day],
            "status": invoice.status,
            "total": money.text(invoice.total),
        }
        for invoice in Invoice.objects.filter(account=account).order_by("issued_at", "pk")
    ]


def freezes(line: CreditLine) -> list[dict[str, Any]]:
    """Reason, start and end of each freeze of the line."""
    return [
        {"reason": freeze.reason, "placed_at": freeze.placed_at, "lifted_at": freeze.lifted_at}
        for freeze in Freeze.objects.filter(line=line).order_by("placed_at", "reason")
    ]


def limit_entries(line: CreditLine) -> dict[str, Any]:
    """For each kind of entry of the line, how many there are and what they add up to."""
    sums = (
        LimitEntry.objects.filter(line=line)
        .values("kind")
        .annotate(n=Count("pk"), limit=Sum("limit_change"), used=Sum("used_change"))
        .order_by("kind")
    )
    return {
        ENTRY_KINDS.get(row["kind"], row["kind"]): {
            "count": row["n"],
            "limit": money.figure_text(row["limit"], line.currency),
            "used": money.figure_text(row["used"], line.currency),
        }
        for row in sums
    }


def orders(line: CreditLine) -> dict[str, Any]:
    """The figures of each order of the line, by its reference."""
    return {
        order.reference: {
            "decline_code": order.decline_code or None,
            "due_on": order.due_on and str(order.due_on),
            "outstanding": money.text(order.outstanding),
            "refunded": money.text(order.refunded),
            "status": order.status,
            "written_off": money.text(order.written_off),
        }
        for order in Order.objects.filter(line=line)
    }


def proceeds(line: CreditLine) -> dict[str, Any]:
    """What the line's proceeds are, sum up to by kind, and have maturing."""
    entries = ProceedsEntry.objects.filter(line=line)
    sums = dict(entries.values_list("kind").annotate(Sum("amount")).order_by())
    still_to_come = entries.filter(matures_on__gt=line.open_on)
    maturing = still_to_come.aggregate(total=Sum("amount", default=Decimal(0)))["total"]
    figures = {kind: sums.get(kind, Decimal(0)) for kind in ("SALE", "REFUND")}
    if "OPENING" in sums:  # where something was brought along
        figures["OPENING"] = sums["OPENING"]
    figures |= {"maturing": maturing, "matured": line.proceeds.amount - maturing}
    return {name: money.figure_text(figure, line.currency) for name, figure in figures.items()}


def reviews(line: CreditLine) -> list[dict[str, Any]]:
    """The line's reviews, by day."""
    return [_review(review) for review in line.reviews.order_by("on")]


def _review(review: LimitReview) -> dict[str, Any]:
    """What a review came to, and the limit before and after it."""
    outcome, after = str(review.status), review.limit_before
    if outcome == "APPLIED":
        after = review.limit_proposed
        outcome = "RAISED" if after > review.limit_before else "CUT"
    elif outcome == "APPROVED":
        outcome, after = "RAISED", review.limit_given or after
    elif outcome == "PENDING":
        outcome = "WAITING"
    return {
        "on": str(review.on),
        "paid": money.text(review.paid),
        "score": f"{review.score:f}",
        "grade": review.grade,
        "limit_before": money.text(review.limit_before),
        "limit_after": money.text(after),
        "outcome": outcome,
    }


def statements(account: BillingAccount) -> dict[str, Any]:
    """The account's statements by month: whether each is closed, and its sums."""
    return {
        f"{statement.month:%Y-%m}": {
            "closed": statement.is_closed,
            "categories": categories(statement, account.currency),
        }
        for statement in Statement.objects.filter(account=account)
    }


def categories(statement: Statement, currency: str) -> dict[str, Any]:
    """The statement's sum and number of charges, by category of fee."""
    sums = (
        StatementTotal.objects.filter(statement=statement)
        .values_list("fee__category")
        .annotate(Sum("amount"), Sum("charge_count"))
        .order_by()
    )
    return {
        category: {"count": count, "total": money.figure_text(total, currency)}
        for category, total, count in sums
    }
