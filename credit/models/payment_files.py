"""Files for the bank as ISO 20022 has them."""

from typing import ClassVar

import pgtrigger
from django.db import models

from lib import erasing
from lib.fields import ReferenceField


class PaymentFile(models.Model):
    """A pain.001 for the bank, by the name of its withdrawals' batch; append-only.

    It has no orders: it is written again from its withdrawals, byte for byte, with the accounts of
    ours and the days that it was written with.
    """

    class Version(models.TextChoices):
        V03 = "pain.001.001.03", "pain.001.001.03"
        V09 = "pain.001.001.09", "pain.001.001.09"

    name = ReferenceField(unique=True)
    version = models.CharField(max_length=20, choices=Version.choices)
    # How addresses stand in it (credit.payment_files.pain_001): a file is written again as it was.
    edition = models.PositiveSmallIntegerField(default=2, db_default=1)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=254)
    # By currency: our account (credit.payment_files.accounts.Account), and `on`, the day on which
    # its bank is asked to pay.
    accounts = models.JSONField()
    count = models.PositiveIntegerField(verbose_name="withdrawals")
    digest = models.CharField(max_length=64)  # SHA-256 of its bytes, in hexadecimal

    class Meta:
        triggers: ClassVar = [
            erasing.Protect(
                name="payment_file_never_changes",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)
