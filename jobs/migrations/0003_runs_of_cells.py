"""Each cell has runs of its own (rule 30.16)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_initial")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="cell",
            field=models.PositiveSmallIntegerField(default=0, db_default=0),
        ),
    ]
