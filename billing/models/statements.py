"""Statements: the charges of a calendar month, with their totals."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from billing.models.accounts import BillingAccount
from billing.models.fees import Fee
from lib import calendar
from lib.fields import AmountField, CurrencyField, currency_never_changes


class Statement(models.Model):
    """The charges of a merchant's calendar month; fixed for ever once it is closed."""

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="statements")
    month = models.DateField()  # its first local day
    currency = CurrencyField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)  # the instant its last day ended
    # Copies: a closed statement says what was true as it closed (rule 13.5). Empty while it is
    # open. Who issued it, as TAEL_ISSUER had it then: its first line, and the others.
    issuer_name = models.TextField(blank=True, default="", db_default="")
    issuer_address = models.TextField(blank=True, default="", db_default="")
    merchant_name = models.CharField(max_length=200, blank=True, default="", db_default="")
    merchant_reference = models.CharField(max_length=100, blank=True, default="", db_default="")
    language = models.CharField(max_length=10, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "month"], name="one_statement_per_merchant_and_month"
            ),
            models.CheckConstraint(
                condition=Q(month__day=1), name="statement_month_is_a_first_day"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, merchant_reference="")
                | (Q(closed_at__isnull=False) & ~Q(merchant_reference="")),
                name="statement_names_its_merchant_exactly_once_closed",
            ),
        ]
        indexes: ClassVar = [
            # The statements that the end of a month closes.
            models.Index(
                fields=["account"], condition=Q(closed_at__isnull=True), name="statement_open"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="statement_is_never_deleted", operation=pgtrigger.Delete),
            currency_never_changes("statement"),
            pgtrigger.Protect(
                name="closed_statement_never_changes",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def is_closed(self) -> bool:
        """Whether its month has ended, so that it never changes any more."""
        return self.closed_at is not None

    @property
    def last_day(self) -> date:
        """The last day of its month, at whose end it closes."""
        return calendar.month_end(self.month)


def _totals_are_open(
    name: str,
    operation: pgtrigger.core.Operation,
    referencing: pgtrigger.Referencing,
    touched: str,
) -> pgtrigger.Trigger:
    """A trigger that refuses the operation for totals of a closed statement; `touched` is SQL for
    the keys of the statements concerned.
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=referencing,
        declare=[("touched", "bigint[]")],
        func=f"""
            touched := ARRAY({touched});
            IF EXISTS (
                SELECT 1 FROM billing_statement s
                WHERE s.id = ANY(touched) AND s.closed_at IS NOT NULL
            ) THEN
                RAISE EXCEPTION 'the totals of a closed statement never change';
            END IF;
            RETURN NULL;
        """,
    )


class StatementTotal(models.Model):
    """The count and sum of a statement's charges of one fee, updated with every charge."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="totals")
    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = AmountField(
        currency_field_name="statement__currency", default=Decimal(0)
    )  # sum of the statement's charges of this fee
    charge_count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["statement", "fee"], name="one_total_per_statement_and_fee"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="statement_total_is_never_deleted", operation=pgtrigger.Delete),
            currency_never_changes("statement_total", "statement_id"),
            # One look per statement executed, not per row: batches of charges stay cheap.
            _totals_are_open(
                "closed_statement_takes_no_total",
                pgtrigger.Insert,
                pgtrigger.Referencing(new="after"),
                "SELECT statement_id FROM after",
            ),
            _totals_are_open(
                "closed_statement_totals_never_change",
                pgtrigger.Update,
                pgtrigger.Referencing(old="before", new="after"),
                "SELECT statement_id FROM before UNION SELECT statement_id FROM after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fee_id} #{self.pk}"

    @property
    def category(self) -> str:
        """The category of its fee. Use it only if the fee is loaded."""
        return self.fee.category
