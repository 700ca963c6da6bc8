"""The charges of an account by the time of their service (rule 23.17)."""

from django.db import migrations, models

from lib.migrating import AddIndexConcurrently


class Migration(migrations.Migration):
    dependencies = [("billing", "0014_differences")]

    atomic = False
    operations = [
        AddIndexConcurrently(
            model_name="charge",
            index=models.Index(fields=["account", "at", "id"], name="charge_history"),
        ),
    ]
