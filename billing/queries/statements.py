"""Reads an account's monthly statements. Nothing here writes."""

from datetime import date

from django.db.models import Max, Min, QuerySet, Sum

from billing.models import BillingAccount, Charge, InvoiceItem, Statement, StatementTotal
from billing.queries import found_charges
from billing.queries.sections import Sections


def of_account(account: BillingAccount) -> QuerySet[Statement]:
    """The account's statements, open ones too, in no order, each with its `amount`, a figure
    without the currency, and its `charge_count`; both are None where it has no charges.
    """
    return account.statements.annotate(
        amount=Sum("totals__amount"), charge_count=Sum("totals__charge_count")
    )


def of_year(account: BillingAccount, *, year: str = "") -> QuerySet[Statement]:
    """The account's statements of one year, such as "2026", or with "" of all years, open ones too,
    in no order, each with its `amount` and `charge_count` (`of_account`).
    """
    found = of_account(account)
    return found.filter(month__year=int(year)) if year else found


def of_month(account: BillingAccount, month: date) -> Statement | None:
    """The account's statement of the month with this first day, or None."""
    return account.statements.filter(month=month).first()


def years(account: BillingAccount) -> list[str]:
    """The years from the account's last statement back to its first, such as "2026", without a gap;
    empty if it has none.
    """
    found = account.statements.aggregate(first=Min("month"), last=Max("month"))
    if not found["first"]:
        return []
    return [str(year) for year in range(found["last"].year, found["first"].year - 1, -1)]


def totals(statement: Statement) -> Sections[StatementTotal]:
    """The totals of the statement's charges, a section for each category in the order of
    categories, with a row for each fee, by its name.
    """
    rows = statement.totals.select_related("fee").order_by("fee__name")
    return Sections.of(rows, statement.currency)


def charges(statement: Statement, *, reference: str = "", fee: str = "") -> QuerySet[Charge]:
    """The statement's charges, in no order, each with its fee and the bill it is on.

    With a `reference`, only the charge with this reference, and the charges of the request with
    this reference; with a `fee`, the code of one, only those of this fee, which are found by their
    items, since these all count for days of the statement's month: of a fee that is rare nothing
    else is read.
    """
    found = statement.charges.select_related("fee", "item__invoice")
    if fee:
        days = (statement.month, statement.last_day)
        items = InvoiceItem.objects.filter(
            account=statement.account_id, fee=fee, posting_on__range=days
        )
        found = found.filter(fee=fee, item__in=items.values("pk"))
    return found_charges.named(found, statement.account_id, reference)
