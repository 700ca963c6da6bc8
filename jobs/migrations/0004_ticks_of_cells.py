"""A run claims its tick in its cell."""

from django.db import migrations, models

from lib.migrating import ReplaceUniqueConcurrently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("jobs", "0003_runs_of_cells")]

    operations = [
        ReplaceUniqueConcurrently(
            model_name="jobrun",
            constraint=models.UniqueConstraint(
                fields=("job", "tick", "cell"), name="one_run_per_job_tick_and_cell"
            ),
            replaced="one_run_per_job_and_tick",
        ),
    ]
