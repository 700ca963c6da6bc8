"""The fees of the domain page: what each means, its category and when it posts."""

from django.db import migrations

# code, category, posting, sent by the platform, name, definition
FEES = [
    (
        "pick-pack",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        "Pick and pack",
        "Taking an order's articles from the shelves and packing them into a parcel.",
    ),
    (
        "receiving",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        "Receiving",
        "Unloading, counting and checking goods that arrive at the warehouse.",
    ),
    (
        "packaging",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        "Packaging",
        "Boxes, envelopes, tape and filling material used for an order.",
    ),
    (
        "non-compliance",
        "FULFILMENT",
        "IMMEDIATE",
        True,
        "Non-compliance",
        "Extra work on goods that arrived without the agreed labels, counts or papers.",
    ),
    (
        "storage",
        "FULFILMENT",
        "MONTHLY",
        True,
        "Storage",
        "Room in the warehouse, counted over the month and charged when it ends.",
    ),
    (
        "special-project",
        "FULFILMENT",
        "MONTHLY",
        True,
        "Special project",
        "Work agreed apart, such as relabelling or making sets, charged when the month ends.",
    ),
    (
        "shipping-label",
        "SHIPPING",
        "DAILY",
        True,
        "Shipping label",
        "Carriage of one parcel, by the label bought for it; a day's labels are charged together.",
    ),
    (
        "app-usage",
        "APP",
        "IMMEDIATE",
        True,
        "App usage",
        "Use of an app that is charged by what it did.",
    ),
    (
        "transaction-fee",
        "TRANSACTION",
        "DAILY",
        True,
        "Transaction fee",
        "The share of a sale that the platform keeps; a day's sales are charged together.",
    ),
    (
        "plan",
        "SUBSCRIPTION",
        "IMMEDIATE",
        False,
        "Plan",
        "The subscription to the platform, charged in advance for each interval of the plan.",
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
    apps.get_model("billing", "Fee").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunPython(add_fees, remove_fees)]
