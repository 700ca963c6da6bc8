"""The latest items of each fee of an account, for what lists of requests offer (rule 12.8)."""

from django.db import migrations, models

from lib.migrating import AddIndexConcurrently


class Migration(migrations.Migration):
    dependencies = [("billing", "0018_transition_tables")]

    atomic = False
    operations = [
        AddIndexConcurrently(
            model_name="invoiceitem",
            index=models.Index(fields=["account", "fee", "-posting_on", "-id"], name="item_by_fee"),
        ),
    ]
