"""Charges, and what they are counted in: invoice items and fulfilment requests."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from billing.models.accounts import BillingAccount
from billing.models.fees import CREDIT_CATEGORIES, Fee, Posting
from billing.models.invoices import Invoice
from billing.models.prices import PRICE_DECIMALS
from billing.models.statements import Statement
from lib.fields import AmountField, CurrencyField, ReferenceField, currency_never_changes

RESERVED_PREFIX = "tael:"  # of the references of charges that Tael makes itself
MADE_BY_HAND = f"{RESERVED_PREFIX}by-hand:"  # and of those that an operator makes


class InvoiceItemQuerySet(models.QuerySet["InvoiceItem"]):
    """Items, with the selections that several modules need."""

    def outstanding(self) -> "InvoiceItemQuerySet":
        """The items that are posted and on no bill, be it a draft."""
        return self.filter(posted_at__isnull=False, invoice__isnull=True)


class InvoiceItem(models.Model):
    """The charges of one fee that post together: of a day, or of a month. A charge stays in its
    item; the item is posted and billed.

    It is created with its first charge, so that posting a day or a month updates one row per fee
    and not one per charge.
    """

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="items")
    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="+")
    posting = models.CharField(max_length=10, choices=Posting.choices)
    posting_on = models.DateField()  # the local day it posts on, or posted on
    posted_at = models.DateTimeField(null=True, blank=True)  # null while it accrues
    # Further charges of the same fee and day still join it; false once it is posted by a day's end
    # or billed, and for ever after, even when a void sends it back.
    is_collecting = models.BooleanField(default=True)
    currency = CurrencyField()
    amount = AmountField(default=Decimal(0))  # sum of its charges
    charge_count = models.PositiveBigIntegerField(default=0)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="items"
    )
    # The charge that has credited its tax, of what a closed account had in its merchant's favour:
    # it has no tax any more.
    rest_tax = models.ForeignKey(
        "billing.Charge",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    objects: ClassVar[models.Manager["InvoiceItem"]] = InvoiceItemQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "fee", "posting_on", "posting"],
                condition=Q(is_collecting=True),
                name="one_collecting_item_per_fee_and_day",
            ),
            models.CheckConstraint(
                condition=Q(invoice__isnull=True) | Q(posted_at__isnull=False, is_collecting=False),
                name="only_posted_items_are_billed",
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["posting_on"], name="items_lately", autosummarize=True),
            # The items that a day-end posts.
            models.Index(
                fields=["account"], condition=Q(posted_at__isnull=True), name="item_accruing"
            ),
            # The sums of a day's charges, for forecasts and pages.
            models.Index(fields=["account", "posting_on"], name="item_by_day"),
            # The latest days of one fee: which fees an account's requests have, days of a fee.
            models.Index(fields=["account", "fee", "-posting_on", "-id"], name="item_by_fee"),
            # The items that a bill may take.
            models.Index(
                fields=["account", "posting_on"],
                condition=Q(posted_at__isnull=False, invoice__isnull=True),
                name="item_outstanding",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="item_is_never_deleted", operation=pgtrigger.Delete),
            currency_never_changes("item"),
            # From then on only its bill comes, and goes with a void.
            pgtrigger.Protect(
                name="item_is_fixed_once_it_takes_no_more_charges",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    """
                    NOT OLD.is_collecting AND (
                        OLD.account_id, OLD.fee_id, OLD.posting, OLD.posting_on, OLD.posted_at,
                        OLD.is_collecting, OLD.currency, OLD.amount, OLD.charge_count
                    ) IS DISTINCT FROM (
                        NEW.account_id, NEW.fee_id, NEW.posting, NEW.posting_on, NEW.posted_at,
                        NEW.is_collecting, NEW.currency, NEW.amount, NEW.charge_count
                    )
                    """
                ),
            ),
            # The lines of a bill are its items: what wrote them saw to that.
            pgtrigger.Trigger(
                name="item_leaves_its_invoice_with_a_void_alone",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("invoice_id"),
                condition=pgtrigger.Condition(
                    "OLD.invoice_id IS NOT NULL AND OLD.invoice_id IS DISTINCT FROM NEW.invoice_id"
                ),
                func="""
                    IF (SELECT status FROM billing_invoice WHERE id = OLD.invoice_id) <> 'VOID' THEN
                        RAISE EXCEPTION 'the lines of a bill that is not void are its items';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fee_id} {self.posting_on}"


class FulfilmentRequest(models.Model):
    """A piece of work in the warehouse, created with the first charge that names it; its costs are
    the charges that name it.
    """

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="requests")
    reference = ReferenceField()
    first_at = models.DateTimeField()  # the service instant of the charge that told of it first

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "reference"], name="one_request_per_merchant_and_reference"
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["first_at"], name="requests_lately", autosummarize=True),
            models.Index(fields=["account", "-first_at", "-id"], name="request_history"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="request_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)


class Charge(models.Model):
    """One fee for one thing that happened; inserted once and never changed."""

    account = models.ForeignKey(BillingAccount, on_delete=models.PROTECT, related_name="charges")
    reference = ReferenceField()
    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey(
        InvoiceItem, on_delete=models.PROTECT, related_name="charges", db_index=False
    )
    # Null for categories that are only on bills.
    statement = models.ForeignKey(
        Statement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="charges",
        db_index=False,
    )
    request = ReferenceField(blank=True)  # of the FulfilmentRequest it belongs to
    description = models.CharField(max_length=500, blank=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    currency = CurrencyField()
    amount = AmountField()  # negative only in credits
    # The price of one unit, if we priced it; null when the event stated the amount.
    unit_price = models.DecimalField(
        max_digits=24, decimal_places=PRICE_DECIMALS, null=True, blank=True
    )
    at = models.DateTimeField()  # when the service happened
    service_on = models.DateField()  # the merchant's local day of `at`
    arrived_at = models.DateTimeField()  # when we were told
    # Whether it arrived after its month had closed: then it is in the statement of a later month.
    is_late = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            # A search looks through it for what stands anywhere in a reference, and for amounts.
            models.UniqueConstraint(
                fields=["account", "reference"],
                include=["amount"],
                name="one_charge_per_merchant_and_reference",
            ),
        ]
        indexes: ClassVar = [
            # Days of the operators' list.
            BrinIndex(fields=["at"], name="charges_lately", autosummarize=True),
            # All charges of an account, the latest first.
            models.Index(fields=["account", "at", "id"], name="charge_history"),
            # A statement's charges in the order the page and the CSV show them.
            models.Index(fields=["statement", "at", "id"], name="charge_by_statement"),
            # The charges of a line of a bill, in the order of its page.
            models.Index(fields=["item", "at", "id"], name="charge_by_item"),
            # The detailed cost of a fulfilment request.
            models.Index(fields=["account", "request"], name="charge_by_request"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="charge_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            # One look per statement executed, not per row: batches of charges stay cheap.
            pgtrigger.Trigger(
                name="charge_joins_no_closed_statement",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="added"),
                declare=[("touched", "bigint[]")],
                func="""
                    touched := ARRAY(SELECT DISTINCT statement_id FROM added);
                    IF EXISTS (
                        SELECT 1 FROM billing_statement s
                        WHERE s.id = ANY(touched) AND s.closed_at IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'a closed statement takes no further charge';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return str(self.reference)

    @property
    def can_be_credited(self) -> bool:
        """Whether credits can be asked for on it: its amount is above 0 and it is no credit itself.
        How much of it was credited already is not looked at. Use it only if the fee is loaded.
        """
        return self.amount.amount > 0 and self.fee.category not in CREDIT_CATEGORIES
