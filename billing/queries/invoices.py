"""Reads bills: those of an account, their lines and attempts, and which are to be collected.
Nothing here writes.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Case, DateField, F, Max, Q, QuerySet, When

from billing.models import (
    BillingAccount,
    Charge,
    CreditNote,
    Invoice,
    InvoiceLine,
    Payment,
)
from billing.queries.sections import Sections
from billing.queries.undecided import UNDECIDED
from lib import prepared, search
from merchants import installation

IS_UNPAID = "status IN ({})".format(", ".join(f"'{status}'" for status in Invoice.UNPAID))
COLLECTED_FROM = f"SELECT min(next_attempt_at) FROM billing_invoice WHERE {IS_UNPAID}"
TO_COLLECT = f"""
SELECT id FROM billing_invoice invoice WHERE {IS_UNPAID} AND next_attempt_at <= %(now)s
ORDER BY EXISTS (
    SELECT FROM billing_payment payment WHERE payment.invoice_id = invoice.id
    AND payment.status IN ({", ".join(f"'{status}'" for status in UNDECIDED)})
), id
"""


def numbered(text: str) -> Q:
    """The condition that a bill has the text somewhere in its number, in any case, or that its
    number as documents have it, with the installation's prefix in front (T-2026-000050), begins
    with the text. So T-2026 finds bills of the installation's own series, and none of an issuer,
    which are called T-DE-2026-000050 there.
    """
    prefix = installation.own()
    found = search.of_name(text.strip(), "number")
    for way in search.spelled(text.strip()):
        rest = way.upper().removeprefix(prefix)
        if re.match(r"-|[1-9][0-9]{0,3}-", rest):  # the installation's, or a cell's behind it
            found |= Q(number__istartswith=rest.removeprefix("-"))
    return found


def of_account(account: BillingAccount, *, kind: str = "", number: str = "") -> QuerySet[Invoice]:
    """The account's bills that have a number, in no order; optionally of one kind, and with a
    number in which `number` stands somewhere. Drafts are left out, also those that were sent back.
    """
    found = account.invoices.filter(number__isnull=False)
    if number:
        found = found.filter(numbered(number))
    return found.filter(kind=kind) if kind else found


def by_number(account: BillingAccount, number: str) -> Invoice | None:
    """The account's bill with this number, as it is stored, without the installation's prefix; or
    None.
    """
    return account.invoices.filter(number=number).first()


def to_collect(now: datetime) -> Sequence[int]:
    """The primary keys of bills that are due to be tried automatically by `now`: open ones, and
    those that a payment plan collects. They are rising, but bills with an attempt that has no
    answer come last: a provider that does not answer about them is asked nothing more by the same
    run.
    """
    return [pk for (pk,) in prepared.rows(TO_COLLECT, {"now": now})]


def collected_from() -> datetime | None:
    """The earliest instant at which a bill is, or was, to be tried automatically; None if none
    is.
    """
    row = prepared.row(COLLECTED_FROM, ())
    return row[0] if row else None


def to_collect_of(account_id: int, now: datetime) -> Sequence[int]:
    """The primary keys of the account's unpaid bills that are due to be tried automatically by
    `now`, oldest first; those with an attempt that has no answer are among them.
    """
    due = Invoice.objects.filter(
        account=account_id, status__in=Invoice.UNPAID, next_attempt_at__lte=now
    )
    return list(due.order_by("issued_on", "pk").values_list("pk", flat=True))


def billed_through(account: BillingAccount) -> date | None:
    """The last day whose charges the account's bills may include, drafts among them: a bill's own
    date for the kinds that take that day (TAKES_ITS_DATE), and the day before it for others. Void
    bills and drafts that were sent back do not count. None without any bill.
    """
    theirs = Case(
        When(kind__in=Invoice.TAKES_ITS_DATE, then=F("issued_on")),
        default=F("issued_on") - timedelta(days=1),
        output_field=DateField(),
    )
    invoices = account.invoices.exclude(status=Invoice.Status.VOID)
    through: datetime | date | None = invoices.aggregate(through=Max(theirs))["through"]
    return through.date() if isinstance(through, datetime) else through


def lines(invoice: Invoice) -> Sections[InvoiceLine]:
    """The lines of the bill by category, each category's oldest first."""
    rows = invoice.lines.order_by("posting_on", "fee_name", "pk")
    return Sections.of(rows, invoice.currency)


def line(invoice: Invoice, pk: int) -> InvoiceLine | None:
    """The bill's line with this primary key, or None; with the bill that its charges are on now,
    which may be another one after a void.
    """
    return invoice.lines.select_related("item__invoice").filter(pk=pk).first()


def lines_with(charges: Iterable[Charge]) -> dict[int, InvoiceLine]:
    """The line that each of these charges is in on the bill that it is on now, by the charge's key;
    those on no bill are left out. The charges have to be loaded with their items.
    """
    billed = [charge for charge in charges if charge.item.invoice_id is not None]
    theirs: dict[int, list[InvoiceLine]] = {}
    items = {charge.item_id for charge in billed}
    for line in InvoiceLine.objects.filter(item__in=items, invoice=F("item__invoice")):
        theirs.setdefault(line.item_id, []).append(line)
    found = {
        charge.pk: next(
            (line for line in theirs.get(charge.item_id, ()) if _has(line, charge)), None
        )
        for charge in billed
    }
    return {key: line for key, line in found.items() if line is not None}


def _has(line: InvoiceLine, charge: Charge) -> bool:
    """Whether the line has this charge of its item (`charges_of`)."""
    if line.charge_ids is not None:
        return charge.pk in line.charge_ids
    first, last = line.service_from, line.service_to
    return first is None or last is None or first <= charge.service_on <= last


def charges_of(line: InvoiceLine) -> QuerySet[Charge]:
    """The charges that make up a line of a bill, in no order, each with its fee."""
    found = Charge.objects.filter(item=line.item_id)
    if line.service_from is not None:
        found = found.filter(service_on__range=(line.service_from, line.service_to))
    if line.charge_ids is not None:
        found = found.filter(pk__in=line.charge_ids)
    return found.select_related("fee")


def credit_note(invoice: Invoice) -> CreditNote | None:
    """The credit note that took the void bill back; None for a bill that is not void, or without a
    note.
    """
    return CreditNote.objects.filter(invoice=invoice).first() if invoice.is_void else None


def attempts(invoice: Invoice) -> QuerySet[Payment]:
    """The attempts to collect a bill, oldest first, each with its card, or the transfer that it
    was.
    """
    return invoice.payments.select_related("card", "transfer").order_by("attempt")


def was_asked_for(invoice: Invoice) -> bool:
    """Whether a provider was asked, or may have been, to pay the bill; proceeds count as one.
    Attempts that did not reach it, that it does not take or that a person ended don't count.
    """
    reached = invoice.payments.exclude(provider__in=Payment.OWN_PROVIDERS)
    return reached.exclude(
        status=Payment.Status.FAILED, failure__in=Payment.NOBODYS_FAILURES
    ).exists()
