"""The first credit policies: their figures (rule 8.13)."""

from datetime import date
from decimal import Decimal

from django.db import migrations

# What a unit of US dollars is in these currencies' round figures.
SCALES = {"USD": 1, "CNY": 1, "BRL": 1, "THB": 5, "JPY": 100}
MONEY = {
    "step": 100,
    "maximum_limit": 100_000,
    "minimum_limit": 1_000,
    "automatic_up_to": 20_000,
    "approval_above": 10_000,
}


def add_policies(apps, schema_editor):
    CreditPolicy = apps.get_model("credit", "CreditPolicy")
    CreditPolicy.objects.bulk_create(
        CreditPolicy(
            currency=currency,
            version=1,
            starts_on=date(2000, 1, 1),
            **{name: Decimal(figure * scale) for name, figure in MONEY.items()},
        )
        for currency, scale in SCALES.items()
    )


class Migration(migrations.Migration):
    dependencies = [("credit", "0001_initial")]

    operations = [migrations.RunPython(add_policies, migrations.RunPython.noop)]
