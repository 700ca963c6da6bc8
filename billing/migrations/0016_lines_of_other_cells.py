"""Lines of a bank's statement are handed to the cell whose they are (rule 30.11)."""

from django.db import migrations, models

from lib.migrating import Briefly


class Migration(migrations.Migration):
    dependencies = [("billing", "0015_charge_history")]

    operations = [
        Briefly(
            [
                migrations.AddField(
                    model_name="bankline",
                    name="cell",
                    field=models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                migrations.AlterField(
                    model_name="bankline",
                    name="status",
                    field=models.CharField(
                        choices=[
                            ("WAITING", "Not looked at yet"),
                            ("PROPOSED", "Proposed"),
                            ("OPEN", "To be placed"),
                            ("RETURN", "A payment that was returned"),
                            ("OUTGOING", "Went out"),
                            ("BOOKED", "Booked"),
                            ("SET_ASIDE", "No merchant's"),
                            ("ELSEWHERE", "Another cell's"),
                        ],
                        default="WAITING",
                        max_length=9,
                    ),
                ),
                migrations.AddConstraint(
                    model_name="bankline",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("cell__isnull", False), ("status__in", ["WAITING", "ELSEWHERE"])
                            ),
                            models.Q(
                                models.Q(("status", "ELSEWHERE"), _negated=True),
                                ("cell__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="bank_line_of_another_cell_says_of_which",
                    ),
                ),
            ]
        ),
    ]
