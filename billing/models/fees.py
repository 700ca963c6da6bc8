from typing import ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


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


class Fee(models.Model):
    """What a charge can be for, and when it posts; created by migrations."""

    code = models.CharField(max_length=40, primary_key=True)
    category = models.CharField(max_length=20, choices=Category.choices)
    name = models.CharField(max_length=100)
    definition = models.CharField(max_length=500)
    posting = models.CharField(max_length=10, choices=Posting.choices, default=Posting.IMMEDIATE)
    # False for what only Tael itself charges: the plan fee and credits.
    is_sent_by_platform = models.BooleanField(default=True)

    PLAN: ClassVar = "plan"  # the code of the fee that subscriptions are charged with
    PAYOUT: ClassVar = "payout"  # and of what pays out a closed account's credit
    CREDIT_USED: ClassVar = "credit-used"  # and of what that credit paid of its bills
    WAIVER: ClassVar = "credit-waived"  # and of a final rest that is too little to be collected
    REVERSAL: ClassVar = "payment-reversal"  # and of a payment that was taken back, asked for again
    CREDIT_UNDONE: ClassVar = "credit-undone"  # and of what takes a credit back
    TRANSFER_MOVED: ClassVar = "transfer-moved"  # and of a transfer that was booked wrongly
    # Account credits that nobody asks for or grants: rules make them. Those that use credit are no
    # credits themselves, but use up or take back what credits gave.
    USING_CREDIT: ClassVar = (PAYOUT, CREDIT_USED, CREDIT_UNDONE)
    NOT_GRANTED: ClassVar = (*USING_CREDIT, WAIVER)
    # What is charged after a closing, too: a FINAL bill takes it, whatever the threshold.
    AFTER_CLOSING: ClassVar = (REVERSAL, CREDIT_UNDONE, TRANSFER_MOVED)

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """Its name in the reader's language, or as it is stored if there is no translation."""
        return gettext(self.name)

    @property
    def is_on_statements(self) -> bool:
        return self.category in STATEMENT_CATEGORIES

    @property
    def is_subscription(self) -> bool:
        return self.category == Category.SUBSCRIPTION
