"""The fee that credits the tax of what a closed account has in its merchant's favour (rule 28.17)."""

from django.db import migrations
from django.utils.translation import gettext_noop as _

CODE = "credit-tax"


def add_fee(apps, schema_editor):
    apps.get_model("billing", "Fee").objects.create(
        code=CODE,
        category="ACCOUNT_CREDIT",
        posting="IMMEDIATE",
        is_sent_by_platform=False,
        name=_("Tax of credits"),
        definition=_(
            "The tax of what was left in the merchant's favour when its account closed, given back"
            " with it."
        ),
    )


def remove_fee(apps, schema_editor):
    # Models as they were find no rows of others that name the fee; the database does.
    schema_editor.execute("DELETE FROM billing_fee WHERE code = %s", [CODE])


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_tax")]

    operations = [migrations.RunPython(add_fee, remove_fee)]
