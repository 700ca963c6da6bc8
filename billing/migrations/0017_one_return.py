"""A line of a bank statement is taken back by one other at most (rule 29.16)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0016_lines_of_other_cells"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="bankline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["RETURN", "BOOKED"])),
                fields=("returns",),
                name="one_bank_line_takes_another_back",
            ),
        ),
    ]
