"""A line of a bank may be of a transfer that was recorded for another bill (rule 29.13)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0020_journal_counts")]

    operations = [
        migrations.AlterField(
            model_name="bankline",
            name="why",
            field=models.CharField(
                choices=[
                    ("NEW", "Nobody has looked at it yet."),
                    ("REFERENCE", "Its reference is the bill's, and it is what is left to pay."),
                    ("AMOUNT", "Its reference is the bill's, but it is not what is left to pay."),
                    ("WANTS_NONE", "Its reference is of a bill that wants no money."),
                    ("CURRENCY", "Its reference is of a bill in another currency."),
                    (
                        "RECORDED",
                        "A transfer with its bank’s reference was recorded for another bill. If"
                        " that is the same money, say whose it is, without a bill.",
                    ),
                    ("SEVERAL", "It has the references of several bills."),
                    (
                        "PAYER",
                        "That account paid for this merchant before; one bill has the amount.",
                    ),
                    (
                        "NAME",
                        "Somebody of that name paid for this merchant before; one bill has the amount.",
                    ),
                    (
                        "KNOWN",
                        "Only this merchant was paid for from that account; no one bill has the amount.",
                    ),
                    ("UNKNOWN", "Nothing tells whose it is."),
                    ("OURS", "A payment of ours came back."),
                    ("TAKEN_BACK", "It takes back a line that was booked."),
                    ("LESS", "It takes back less than the line that it names."),
                    ("MORE", "It takes back more than the line that it names."),
                    ("UNCLEAR", "It takes something back, and nothing tells which line."),
                    ("DEBIT", "It went out."),
                    ("BY_HAND", "An operator said so."),
                ],
                default="NEW",
                max_length=10,
            ),
        ),
    ]
