"""Fees: what a charge can be for, and when it posts."""

from collections.abc import Mapping
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from lib import erasing


class Category(models.TextChoices):
    """The categories of fees, in the order in which they are always shown."""

    FULFILMENT = "FULFILMENT", _("Fulfilment")
    SHIPPING = "SHIPPING", _("Shipping")
    FULFILMENT_CREDIT = "FULFILMENT_CREDIT", _("Fulfilment credit")
    SHIPPING_CREDIT = "SHIPPING_CREDIT", _("Shipping credit")
    SUBSCRIPTION = "SUBSCRIPTION", _("Subscription")
    APP = "APP", _("Apps")
    TRANSACTION = "TRANSACTION", _("Transaction fees")
    ACCOUNT_CREDIT = "ACCOUNT_CREDIT", _("Account credit")


# The categories a monthly statement shows; the others are only on bills.
STATEMENT_CATEGORIES = frozenset(
    {
        Category.FULFILMENT,
        Category.SHIPPING,
        Category.FULFILMENT_CREDIT,
        Category.SHIPPING_CREDIT,
    }
)
# Corrections, which only Tael itself makes.
CREDIT_CATEGORIES = frozenset(
    {Category.FULFILMENT_CREDIT, Category.SHIPPING_CREDIT, Category.ACCOUNT_CREDIT}
)

# Which credit corrects a charge of which category.
CREDIT_FOR = {
    Category.FULFILMENT: Category.FULFILMENT_CREDIT,
    Category.SHIPPING: Category.SHIPPING_CREDIT,
    Category.SUBSCRIPTION: Category.ACCOUNT_CREDIT,
    Category.APP: Category.ACCOUNT_CREDIT,
    Category.TRANSACTION: Category.ACCOUNT_CREDIT,
}


class Posting(models.TextChoices):
    """When charges of a fee post: as they arrive, at the end of the day, or at the end of the
    month.
    """

    IMMEDIATE = "IMMEDIATE", _("At once")
    DAILY = "DAILY", _("When the day ends")
    MONTHLY = "MONTHLY", _("When the month ends")


# The categories of which operators add fees: what the platform's systems charge for.
ADDED_CATEGORIES = (Category.FULFILMENT, Category.SHIPPING, Category.APP, Category.TRANSACTION)


def in_readers_language(text: str, translations: Mapping[str, str]) -> str:
    """The text in the reader's language: as `translations`, by language, have it, or else as the
    catalogues do; unchanged if neither does.
    """
    return translations.get(get_language() or "") or gettext(text)


class Fee(models.Model):
    """What a charge can be for, and when it posts: created by migrations, or added by operators. It
    never changes.
    """

    code = models.CharField(max_length=40, primary_key=True)
    category = models.CharField(max_length=20, choices=Category.choices)
    name = models.CharField(max_length=100)
    definition = models.CharField(max_length=500)
    posting = models.CharField(max_length=10, choices=Posting.choices, default=Posting.IMMEDIATE)
    # False for what only Tael itself charges: the plan fee and credits.
    is_sent_by_platform = models.BooleanField(default=True)
    # The name and definition of a fee that an operator added, by language but English. Those of
    # fees that migrations create are in the catalogues.
    names = models.JSONField(default=dict, blank=True)
    definitions = models.JSONField(default=dict, blank=True)
    added_at = models.DateTimeField(null=True, blank=True)
    added_by = models.CharField(max_length=254, blank=True, default="", db_default="")

    PLAN: ClassVar = "plan"  # the code of the fee that subscriptions are charged with
    PAYOUT: ClassVar = "payout"  # and of what pays out a closed account's credit
    CREDIT_USED: ClassVar = "credit-used"  # and of what that credit paid of its bills
    WAIVER: ClassVar = "credit-waived"  # and of a final rest that is too little to be collected
    # and of what operators don't ask for of a bill
    INVOICE_WAIVER: ClassVar = "credit-bill-waived"
    REVERSAL: ClassVar = "payment-reversal"  # and of a payment that was taken back, asked for again
    CREDIT_UNDONE: ClassVar = "credit-undone"  # and of what takes a credit back
    REST_TAX: ClassVar = "credit-tax"  # and of the tax of what a closed account's merchant has left
    TRANSFER_MOVED: ClassVar = "transfer-moved"  # and of a transfer that was booked wrongly
    # Account credits that nobody asks for or grants: rules make them. Those that use credit are no
    # credits themselves, but use up or take back what credits gave.
    USING_CREDIT: ClassVar = (PAYOUT, CREDIT_USED, CREDIT_UNDONE)
    NOT_GRANTED: ClassVar = (*USING_CREDIT, WAIVER, INVOICE_WAIVER, REST_TAX)
    # What is charged after a closing, too: a FINAL bill takes it.
    AFTER_CLOSING: ClassVar = (REVERSAL, CREDIT_UNDONE, TRANSFER_MOVED)
    # What settles something, such as a payment, and is not earned.
    SETTLING: ClassVar = (PAYOUT, CREDIT_USED, WAIVER, INVOICE_WAIVER, REVERSAL, TRANSFER_MOVED)
    # What settles what was billed, tax included, and the tax of a rest: no tax is due on it, and
    # nothing is earned by it.
    UNTAXED: ClassVar = (*SETTLING, REST_TAX)
    # What operators charge where no other fee fits; the platform's systems cannot.
    BY_HAND: ClassVar = ("manual-fulfilment", "manual-shipping", "manual-account")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(added_at__isnull=True, added_by="")
                | Q(
                    added_at__isnull=False,
                    is_sent_by_platform=True,
                    category__in=["FULFILMENT", "SHIPPING", "APP", "TRANSACTION"],
                ),
                name="operators_add_what_the_platform_charges",
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(name="fee_never_changes", operation=pgtrigger.Update),
            pgtrigger.Protect(
                name="added_fee_is_never_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__added_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name in the reader's language, or as it is stored if there is no translation."""
        return in_readers_language(self.name, self.names)

    @property
    def meaning(self) -> str:
        """Its definition in the reader's language, or as it is stored."""
        return in_readers_language(self.definition, self.definitions)

    @property
    def is_on_statements(self) -> bool:
        """Whether statements have charges of its category."""
        return self.category in STATEMENT_CATEGORIES

    @property
    def is_credit(self) -> bool:
        """Whether its category is one of credits. That is so also of fees that use credit up or
        take it back (USING_CREDIT), whose charges are above 0.
        """
        return self.category in CREDIT_CATEGORIES
