"""Tax: rates of countries, classes of fees, treatments of accounts, and the tax of each bill."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from billing.models.accounts import BillingAccount
from billing.models.charges import Charge
from billing.models.fees import Fee
from billing.models.invoices import Invoice
from billing.tax import TaxCategory, TaxClass, Treatment
from lib import erasing
from lib.fields import AmountField, CurrencyField

PERCENT_DECIMALS = 3


class TaxRate(models.Model):
    """The rate of a class of fees in an issuer's country, from a day of service on; append-only.

    Of two from the same day the one introduced later holds.
    """

    country = models.CharField(max_length=2)  # ISO 3166
    tax_class = models.CharField(max_length=8, choices=TaxClass.choices)
    starts_on = models.DateField()  # the first local day of service that it holds for
    # Per cent; null: from then on the class has no rate of its own, and STANDARD no tax at all.
    percent = models.DecimalField(
        max_digits=6, decimal_places=PERCENT_DECIMALS, null=True, blank=True
    )
    # Why nothing is due, printed on bills that have it: of EXEMPT and ZERO, in the issuer's words.
    sentence = models.CharField(max_length=500, blank=True, default="", db_default="")
    introduced_at = models.DateTimeField()
    introduced_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$"), name="tax_rate_has_a_country"
            ),
            models.CheckConstraint(
                condition=Q(percent__isnull=True)
                | Q(tax_class__in=["STANDARD", "REDUCED"], percent__gt=0, percent__lt=100)
                | Q(tax_class__in=["ZERO", "EXEMPT"], percent=0),
                name="tax_rate_is_that_of_its_class",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["country", "tax_class", "-starts_on", "-id"], name="tax_rate_history"
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="tax_rate_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.tax_class} from {self.starts_on}"


class FeeTaxClass(models.Model):
    """The tax class of a fee from a day of service on; append-only. A fee without one is STANDARD.

    Of two from the same day the one chosen later holds.
    """

    fee = models.ForeignKey(Fee, on_delete=models.PROTECT, related_name="tax_classes")
    tax_class = models.CharField(max_length=8, choices=TaxClass.choices)
    starts_on = models.DateField()
    chosen_at = models.DateTimeField()
    chosen_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)

    class Meta:
        verbose_name = "tax class of a fee"
        verbose_name_plural = "tax classes of fees"
        triggers: ClassVar = [
            erasing.Protect(
                name="tax_class_of_a_fee_is_append_only",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fee_id} {self.tax_class} from {self.starts_on}"


class TaxTreatment(models.Model):
    """How an operator has a merchant treated from a day of service on; append-only.

    Of two from the same day the one decided later holds.
    """

    account = models.ForeignKey(
        BillingAccount, on_delete=models.PROTECT, related_name="tax_treatments"
    )
    starts_on = models.DateField()
    # Empty: as follows from both parties.
    treatment = models.CharField(
        max_length=14, choices=Treatment.choices, blank=True, default="", db_default=""
    )
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)

    class Meta:
        triggers: ClassVar = [
            erasing.Protect(
                name="tax_treatment_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_treatment_display() or 'As derived'} from {self.starts_on}"


class InvoiceTax(models.Model):
    """The tax of one rate on a bill, or on what a closed account has in its merchant's favour.

    A bill's rows make its tax, and their bases what it asks for without tax. What its credits
    correct on another bill has rows of its own, whose taxes add up over all bills.
    """

    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="taxes"
    )
    # The charge that credits the tax of a closed account's rest, in place of a bill.
    rest = models.ForeignKey(
        Charge, on_delete=models.PROTECT, null=True, blank=True, related_name="taxes"
    )
    # The other bill whose charges the base corrects.
    corrects = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    # Where the issuer was whose rate it has (ISO 3166), as no bill says that of a closed account's
    # rest and of what takes it back. Empty where it corrects a bill, and in rows of before.
    country = models.CharField(max_length=2, blank=True, default="", db_default="")
    category = models.CharField(max_length=2, choices=TaxCategory.choices)
    percent = models.DecimalField(max_digits=6, decimal_places=PERCENT_DECIMALS)
    currency = CurrencyField()
    base = AmountField()  # below 0 where credits outweigh
    tax = AmountField()
    sentence = models.CharField(max_length=500, blank=True, default="", db_default="")  # a copy

    class Meta:
        verbose_name_plural = "invoice taxes"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invoice", "rest", "corrects", "category", "percent"],
                nulls_distinct=False,
                name="one_tax_of_a_rate_per_invoice",
            ),
            models.CheckConstraint(
                condition=Q(invoice__isnull=True, rest__isnull=False)
                | Q(invoice__isnull=False, rest__isnull=True),
                name="tax_is_of_an_invoice_or_of_a_rest",
            ),
            models.CheckConstraint(
                condition=Q(category="S", percent__gt=0) | (~Q(category="S") & Q(percent=0, tax=0)),
                name="only_the_standard_category_has_tax",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="invoice_tax_never_changes", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            # A bill is written with all its taxes at once; after that there is room for none.
            pgtrigger.Trigger(
                name="invoice_taxes_make_its_tax",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="added"),
                declare=[("touched", "bigint[]")],
                func="""
                    touched := ARRAY(SELECT DISTINCT invoice_id FROM added);
                    IF EXISTS (
                        SELECT 1 FROM billing_invoice invoice
                        JOIN billing_invoicetax tax ON tax.invoice_id = invoice.id
                        WHERE invoice.id = ANY(touched)
                        GROUP BY invoice.id
                        HAVING sum(tax.tax) <> invoice.tax
                            OR sum(tax.base) <> invoice.total - invoice.tax
                    ) THEN
                        RAISE EXCEPTION 'the taxes of a bill are those of its lines';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.percent:f}"

    @property
    def rate(self) -> Decimal:
        """Its per cent as a number without zeros at the end. 20 per cent is Decimal("2E+1"), so
        texts of it need the format "f".
        """
        return self.percent.normalize()
