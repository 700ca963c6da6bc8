"""The fees (rule 12.1): what each means, its category and when it posts."""

from django.db import migrations
from django.utils.translation import gettext_noop as _

# code, category, posting, sent by the platform, name, definition
FEES = [
    (
        "pick-pack",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        _("Pick and pack"),
        _("Taking an order's articles from the shelves and packing them into a parcel."),
    ),
    (
        "receiving",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        _("Receiving"),
        _("Unloading, counting and checking goods that arrive at the warehouse."),
    ),
    (
        "packaging",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        _("Packaging"),
        _("Boxes, envelopes, tape and filling material used for an order."),
    ),
    (
        "non-compliance",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        _("Non-compliance"),
        _("Extra work on goods that arrived without the agreed labels, counts or papers."),
    ),
    (
        "storage",
        "FULFILMENT",
        "MONTHLY",
        True,
        _("Storage"),
        _("Room in the warehouse, counted over the month and charged when it ends."),
    ),
    (
        "special-project",
        "FULFILMENT",
        "MONTHLY",
        True,
        _("Special project"),
        _("Work agreed apart, such as relabelling or making sets, charged when the month ends."),
    ),
    (
        "shipping-label",
        "SHIPPING",
        "DAILY",
        True,
        _("Shipping label"),
        _(
            "Carriage of one parcel, by the label bought for it; a day's labels are charged together."
        ),
    ),
    (
        "app-usage",
        "APP",
        "IMMEDIATE",
        True,
        _("App usage"),
        _("Use of an app that is charged by what it did."),
    ),
    (
        "transaction-fee",
        "TRANSACTION",
        "DAILY",
        True,
        _("Transaction fee"),
        _("The share of a sale that the platform keeps; a day's sales are charged together."),
    ),
    (
        "plan",
        "SUBSCRIPTION",
        "IMMEDIATE",
        False,
        _("Plan"),
        _("The subscription to the platform, charged in advance for each interval of the plan."),
    ),
    (
        "credit-pick-pack",
        "FULFILMENT_CREDIT",
        "IMMEDIATE",
        False,
        _("Pick and pack credit"),
        _("Given back for picking or packing that went wrong."),
    ),
    (
        "credit-sourcing",
        "FULFILMENT_CREDIT",
        "IMMEDIATE",
        False,
        _("Sourcing credit"),
        _("Given back for goods that were received or bought in wrongly."),
    ),
    (
        "credit-special-project",
        "FULFILMENT_CREDIT",
        "IMMEDIATE",
        False,
        _("Special project credit"),
        _("Given back for work agreed apart that was not done as agreed."),
    ),
    (
        "credit-storage",
        "FULFILMENT_CREDIT",
        "IMMEDIATE",
        False,
        _("Storage calculation credit"),
        _("Given back for storage that was counted wrongly."),
    ),
    (
        "credit-label",
        "SHIPPING_CREDIT",
        "IMMEDIATE",
        False,
        _("Label purchase credit"),
        _("Given back for a label that was bought twice, wrongly, or not used."),
    ),
    (
        "credit-carrier-claim",
        "SHIPPING_CREDIT",
        "IMMEDIATE",
        False,
        _("Carrier claim credit"),
        _("Given back for a parcel that its carrier lost or damaged."),
    ),
    (
        "credit-wrong-method",
        "SHIPPING_CREDIT",
        "IMMEDIATE",
        False,
        _("Wrong method credit"),
        _("Given back for a parcel that went by a dearer way than was asked for."),
    ),
    (
        "credit-account",
        "ACCOUNT_CREDIT",
        "IMMEDIATE",
        False,
        _("Account credit"),
        _("Given back on plan, app or transaction fees."),
    ),
    (
        "payout",
        "ACCOUNT_CREDIT",
        "IMMEDIATE",
        False,
        _("Credit paid out"),
        _("What was left in the merchant's favour when its account closed, as it was paid out."),
    ),
    (
        "credit-used",
        "ACCOUNT_CREDIT",
        "IMMEDIATE",
        False,
        _("Credit used for a bill"),
        _("What was in the merchant's favour, as it paid a bill."),
    ),
    (
        "credit-waived",
        "ACCOUNT_CREDIT",
        "IMMEDIATE",
        False,
        _("Waived rest"),
        _("A rest too small to be collected when the account closed, and not asked for."),
    ),
    (
        "credit-bill-waived",
        "ACCOUNT_CREDIT",
        "IMMEDIATE",
        False,
        _("Waived of a bill"),
        _("What we don't ask for of a bill. It pays the bill as far as it goes."),
    ),
    (
        "manual-fulfilment",
        "FULFILMENT",
        "IMMEDIATE",
        False,
        _("Other fulfilment work"),
        _("Work in the warehouse that no other fee is for, charged by our team."),
    ),
    (
        "manual-shipping",
        "SHIPPING",
        "IMMEDIATE",
        False,
        _("Other shipping costs"),
        _("Costs of carriage that no other fee is for, such as duties, charged by our team."),
    ),
    (
        "manual-account",
        "TRANSACTION",
        "IMMEDIATE",
        False,
        _("Other charge"),
        _("What no other fee is for, charged by our team; it is on no statement."),
    ),
    (
        "payment-reversal",
        "TRANSACTION",
        "IMMEDIATE",
        False,
        _("Payment taken back"),
        _("A payment that its provider took back after a bill was paid with it, asked for again."),
    ),
    (
        "transfer-moved",
        "TRANSACTION",
        "IMMEDIATE",
        False,
        _("Transfer booked elsewhere"),
        _("A transfer that had been counted for this account or bill by mistake, asked for again."),
    ),
    (
        "credit-undone",
        "ACCOUNT_CREDIT",
        "IMMEDIATE",
        False,
        _("Credit taken back"),
        _("A credit that was given by mistake, asked for again."),
    ),
]


def add_fees(apps, schema_editor):
    Fee = apps.get_model("billing", "Fee")
    Fee.objects.bulk_create(
        Fee(
            code=code,
            category=category,
            posting=posting,
            is_sent_by_platform=sent,
            name=name,
            definition=definition,
        )
        for code, category, posting, sent, name, definition in FEES
    )


def remove_fees(apps, schema_editor):
    schema_editor.execute("DELETE FROM billing_fee")  # which models as they were refuse


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_initial")]

    operations = [migrations.RunPython(add_fees, remove_fees)]
