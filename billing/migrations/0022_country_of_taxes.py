"""Taxes keep in whose country they are (rule 29.6)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0021_line_recorded_for_another")]

    operations = [
        migrations.AddField(
            model_name="invoicetax",
            name="country",
            field=models.CharField(blank=True, db_default="", default="", max_length=2),
        ),
    ]
