"""Where bills stand in being collected, as a merchant's people read it. Nothing here writes.

A bill's status says what it is in the books; whether it is fresh, tried, failed or past due follows
from its attempts and days, and is told here once, for lists, files, pages and the overview.
"""

from typing import Any

from django.db.models import (
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    Field,
    QuerySet,
    TextChoices,
)
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import BillingAccount, Fee, Invoice, Payment
from billing.models.accounts import FREEZE_DAYS
from billing.providers import minimums
from billing.queries import invoices as invoice_queries


class Standing(TextChoices):
    """Where a bill stands; each bill that has a number has one of these."""

    TO_PAY = "TO_PAY", pgettext_lazy("bill", "To be paid")  # and nothing collects it by itself
    COLLECTING = "COLLECTING", _("Collecting")  # tried by itself, and not failed
    CHECKED = "CHECKED", _("Being checked")  # an attempt has no answer
    FAILED = "FAILED", _("Payment failed")
    PAST_DUE = "PAST_DUE", _("Past due")  # not paid in time, without an attempt
    PLAN = "PLAN", _("Payment plan")  # paid in parts, none of which is missed
    GIVEN_UP = "GIVEN_UP", _("Uncollectible")
    COLLECTED = "COLLECTED", _("Collected")
    VOID = "VOID", _("Void")

    @property
    def has_failed(self) -> bool:
        """Whether the bill was not collected, was not paid in time, or was given up, so that
        its payer has to do something. False for one that is still to be paid or collected in
        time, though its payer may have to pay it (TO_PAY). False, too, while a payment plan is
        in force (PLAN) or an attempt has no answer (CHECKED), even if an earlier attempt has
        failed.
        """
        return self in (Standing.FAILED, Standing.PAST_DUE, Standing.GIVEN_UP)

    @property
    def is_past_due(self) -> bool:
        """Whether it is PAST_DUE: the open bill was not paid in time, and no attempt on it counts
        as failed. With one that does it is FAILED, unless the account pays by bank transfer now.
        """
        return self == Standing.PAST_DUE

    @property
    def is_checked(self) -> bool:
        """Whether a payment of the bill has no answer of its provider yet."""
        return self == Standing.CHECKED

    @property
    def is_in_parts(self) -> bool:
        """Whether the bill is paid by a payment plan."""
        return self == Standing.PLAN

    @property
    def is_collecting(self) -> bool:
        """Whether it is COLLECTING: the bill is open and will be collected without anybody's doing.
        A bill that failed, has a plan, or has an attempt without an answer yet (CHECKED) is not.
        """
        return self == Standing.COLLECTING


# What a list can be asked for besides one standing.
UNPAID, NOT_VOID = "UNPAID", "NOT_VOID"


def quoted(codes: tuple[str, ...]) -> str:
    """The codes in quotation marks and separated by commas, as SQL has them between the brackets of
    IN.
    """
    return ", ".join(f"'{code}'" for code in codes)


# SQL of a bill in a query that calls its row {invoice}.
STANDING = f"""CASE
    WHEN {{invoice}}.status = 'PAID' THEN 'COLLECTED'
    WHEN {{invoice}}.status = 'VOID' THEN 'VOID'
    WHEN EXISTS (SELECT 1 FROM billing_payment payment
                 WHERE payment.invoice_id = {{invoice}}.id
                   AND payment.status IN ('PENDING', 'UNKNOWN')) THEN 'CHECKED'
    WHEN EXISTS (SELECT 1 FROM billing_paymentplan plan
                 WHERE plan.invoice_id = {{invoice}}.id AND plan.status = 'IN_FORCE') THEN 'PLAN'
    WHEN {{invoice}}.status = 'UNCOLLECTIBLE' THEN 'GIVEN_UP'
    WHEN EXISTS (SELECT 1 FROM billing_payment payment
                 JOIN billing_billingaccount account
                      ON account.merchant_id = {{invoice}}.account_id
                 WHERE payment.invoice_id = {{invoice}}.id AND payment.status = 'FAILED'
                   AND payment.failure NOT IN ({quoted(Payment.NOBODYS_FAILURES)})
                   AND account.payment_method <> 'manual') THEN 'FAILED'
    WHEN {{invoice}}.first_failed_at IS NOT NULL THEN 'PAST_DUE'
    WHEN {{invoice}}.next_attempt_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM billing_billingaccount account
                         WHERE account.merchant_id = {{invoice}}.account_id
                           AND account.card_disputed_at IS NOT NULL) THEN 'COLLECTING'
    ELSE 'TO_PAY' END"""
# The day on which it freezes the line if it stays unpaid, as operations/dunning.py counts it; NULL
# for a bill that does not, or has not failed yet. "OFFSET 0" has the lines of each bill looked up;
# without it, where a merchant seems to have many unpaid bills, all lines of all merchants are read.
FREEZES_ON = f"""CASE
    WHEN {{invoice}}.status IN ('OPEN', 'UNCOLLECTIBLE')
         AND {{invoice}}.first_failed_on IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM billing_paymentplan plan
                         WHERE plan.invoice_id = {{invoice}}.id AND plan.status = 'IN_FORCE')
         AND NOT EXISTS (SELECT 1 FROM billing_billingaccount account
                         JOIN {minimums.RELATION} ON minimum.method = account.payment_method
                                                 AND minimum.currency = account.currency
                         WHERE account.merchant_id = {{invoice}}.account_id
                           AND {{invoice}}.total - {{invoice}}.amount_paid < minimum.least)
    THEN greatest({{invoice}}.held_until, {{invoice}}.first_failed_on
                  + CASE WHEN EXISTS (SELECT 1 FROM billing_invoiceline line
                                      WHERE line.invoice_id = {{invoice}}.id
                                        AND line.fee_code = '{Fee.REVERSAL}' OFFSET 0)
                         THEN 0 ELSE {FREEZE_DAYS} END)
    END"""
# What a bill asks for in all, and what of it is left to pay; of a void one neither.
ASKED = "CASE WHEN {invoice}.status = 'VOID' THEN 0 ELSE {invoice}.total END"
LEFT = f"""CASE WHEN {{invoice}}.status IN ({quoted(tuple(Invoice.UNPAID))})
    THEN {{invoice}}.total - {{invoice}}.amount_paid ELSE 0 END"""
LAST_TRIED_AT = f"""(
    SELECT max(payment.started_at) FROM billing_payment payment
    WHERE payment.invoice_id = {{invoice}}.id
      AND payment.provider NOT IN ({quoted(Payment.OWN_PROVIDERS)}))"""


def invoices(
    account: BillingAccount, *, standing: str = "", kind: str = "", number: str = ""
) -> QuerySet[Invoice]:
    """The account's bills that have a number, as `placed` reads them, in no order; optionally only
    those with this standing, of this kind, or with a number in which `number` stands somewhere.
    Besides one standing, all that are UNPAID or NOT_VOID can be asked for. Each has what it asks
    for (`asked`) and what of it is left to pay (`left`), both 0 if it is void.
    """
    found = invoice_queries.of_account(account, kind=kind, number=number).annotate(
        asked=_read(ASKED, DecimalField()), left=_read(LEFT, DecimalField())
    )
    if standing == UNPAID:
        return placed(found.filter(status__in=Invoice.UNPAID))
    if standing == NOT_VOID:
        return placed(found.exclude(status=Invoice.Status.VOID))
    return placed(found, standing=standing)


def invoice(account: BillingAccount, number: str) -> Invoice | None:
    """The account's bill with this number (as it is stored, without the installation's prefix),
    with its `standing`, when it was last tried and on which day it freezes the line (`placed`);
    None if there is none.
    """
    return placed(account.invoices.filter(number=number)).first()


def placed(found: QuerySet[Invoice], *, standing: str = "") -> QuerySet[Invoice]:
    """The bills of `found`, each with its `standing`, when it was last tried (`last_tried_at`) and
    on which day it freezes the line (`freezes_on`); with a `standing`, only those. Rule 16.23.
    """
    placed = found.annotate(
        standing=_read(STANDING, CharField()),
        last_tried_at=_read(LAST_TRIED_AT, DateTimeField()),
        freezes_on=_read(FREEZES_ON, DateField()),
    )
    return placed.filter(standing=standing) if standing else placed


def of(invoice: Invoice) -> Standing:
    """The standing of a bill that came from `placed`, which has worked it out; other bills raise
    AttributeError.
    """
    return Standing(invoice.standing)  # type: ignore[attr-defined]  # its annotation


def _read(sql: str, column: Field[Any, Any]) -> RawSQL:
    """The expression, for a query of Django's about bills, of this SQL, in which `{invoice}` stands
    for the table of bills; `column` is its type.
    """
    return RawSQL(sql.format(invoice="billing_invoice"), (), output_field=column)
