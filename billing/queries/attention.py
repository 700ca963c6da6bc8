"""What a merchant should look at first on its account. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from moneyed import Money

from billing.models import BillingAccount
from billing.queries.standings import FREEZES_ON, STANDING, Standing
from lib import money

MANY = 1000  # so many requests are counted
INVOICES = 5  # more than so many unpaid ones are no surprise to anybody

# The account's unpaid bills are a short index of their own; its requests are few.
READ = f"""
SELECT pending.*, invoice.*
FROM (
    SELECT (
        SELECT count(*) FROM billing_thresholdrequest request
        WHERE request.account_id = %(account)s AND request.status = 'PENDING'
    ) AS thresholds, (
        SELECT count(*) FROM (
            SELECT FROM billing_billingcredit credit
            WHERE credit.account_id = %(account)s AND credit.status = 'REQUESTED' LIMIT %(many)s
        ) asked
    ) AS credits, (
        SELECT count(*) FROM (
            SELECT FROM billing_billingquestion question
            WHERE question.account_id = %(account)s AND question.status = 'PENDING'
            LIMIT %(many)s
        ) asked
    ) AS questions, (
        SELECT count(*) FROM billing_reversal reversal
        WHERE reversal.account_id = %(account)s AND reversal.status = 'RECORDED'
    ) AS reversals, (
        SELECT coalesce(sum(invoice.total - invoice.amount_paid), 0) FROM billing_invoice invoice
        WHERE invoice.account_id = %(account)s AND invoice.status IN ('OPEN', 'UNCOLLECTIBLE')
    ) AS unpaid
) pending
LEFT JOIN LATERAL (
    SELECT invoice.number, invoice.total - invoice.amount_paid AS left_to_pay, invoice.due_on,
           {STANDING.format(invoice="invoice")}, invoice.next_attempt_at,
           {FREEZES_ON.format(invoice="invoice")}, coalesce((
               SELECT payment.failure FROM billing_payment payment
               WHERE payment.invoice_id = invoice.id AND payment.status = 'FAILED'
               ORDER BY payment.attempt DESC LIMIT 1), ''),
           (SELECT count(*) FROM billing_payment payment WHERE payment.invoice_id = invoice.id)
    FROM billing_invoice invoice
    WHERE invoice.account_id = %(account)s AND invoice.status IN ('OPEN', 'UNCOLLECTIBLE')
    ORDER BY invoice.issued_on, invoice.id LIMIT %(invoices)s
) invoice ON true
"""


@dataclass(frozen=True)
class UnpaidBill:
    """An unpaid bill, where it stands, and why collecting it has failed."""

    number: str
    left_to_pay: Money
    due_on: date
    standing: str  # a code of Standing
    next_attempt_at: datetime | None
    freezes_on: date | None  # the line, if it stays unpaid
    failure: str  # the code of why the last attempt failed; "" without an attempt
    attempts: int  # so many there are

    @property
    def is_checked(self) -> bool:
        """Whether a payment of the bill has no answer of its provider yet."""
        return self.standing == Standing.CHECKED

    @property
    def waits_for_us(self) -> bool:
        """Whether its payer has nothing to do: it is being checked, or collected by itself."""
        return self.standing in (Standing.CHECKED, Standing.COLLECTING)


@dataclass(frozen=True)
class Attention:
    """What needs attention on an account: how many requests and questions wait for an answer, and
    its oldest unpaid bills.
    """

    thresholds: int  # asked for by the merchant, not answered yet
    credits: int
    questions: int
    reversals: int  # payments that a bank took back, about which we have not decided yet
    unpaid: Money  # what is left to pay of all unpaid bills
    invoices: Sequence[UnpaidBill]  # the oldest first, and only so many

    @property
    def to_pay(self) -> Sequence[UnpaidBill]:
        """Those of the listed unpaid bills about which their payer can do something, the oldest one
        first.
        """
        return [one for one in self.invoices if not one.waits_for_us]

    @property
    def waiting(self) -> Sequence[UnpaidBill]:
        """Those of the listed unpaid bills of which a payment is checked, or that are collected by
        themselves, oldest first.
        """
        return [one for one in self.invoices if one.waits_for_us]


def of(account: BillingAccount) -> Attention:
    """Read in one query what the merchant should look at first on its account: how many requests
    for a threshold, requests for a credit and questions of it wait for an answer, how many payments
    that a bank took back wait for our decision, what is left to pay of all unpaid bills, and the
    oldest INVOICES of these. Requests for credits, and questions, are counted up to MANY.
    """
    given = {"account": account.pk, "many": MANY, "invoices": INVOICES}
    with connection.cursor() as cursor:
        cursor.execute(READ, given)
        rows = cursor.fetchall()
    thresholds, credits, questions, reversals, unpaid = rows[0][:5]
    invoices = [
        UnpaidBill(number, money.of(left, account.currency), *more)
        for _, _, _, _, _, number, left, *more in rows
        if number
    ]
    owed = money.of(unpaid, account.currency)
    return Attention(thresholds, credits, questions, reversals, owed, invoices)
