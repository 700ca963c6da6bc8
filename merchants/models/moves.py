"""Moves of merchants' books from one cell to another (rule 30.18)."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from merchants.models.merchants import Merchant


class Move(models.Model):
    """That a merchant's books are moved to another cell, and while that is under way, until when
    nothing is written for it. Its instants are the database server's.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    from_cell = models.SmallIntegerField()
    to_cell = models.SmallIntegerField()
    began_at = models.DateTimeField()
    # When the write stop is over by itself, should whoever moves them have died.
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    is_done = models.BooleanField(default=False)  # whether the books are where they were to go

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant"],
                condition=Q(ended_at__isnull=True),
                name="one_move_of_a_merchant_at_a_time",
            ),
            # Rows that are written later have higher keys, also after a move.
            models.CheckConstraint(
                condition=Q(to_cell__gt=F("from_cell")), name="a_move_leads_to_a_higher_cell"
            ),
            models.CheckConstraint(
                condition=Q(is_done=False) | Q(ended_at__isnull=False),
                name="a_move_that_is_done_has_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"Move #{self.pk} to cell {self.to_cell}"


class MovedName(models.Model):
    """A number or reference that was given in the cell which its merchant left: of a document, or
    of money that was sent, which may be in a file for the bank.
    """

    move = models.ForeignKey(Move, on_delete=models.PROTECT, related_name="names")
    name = models.CharField(max_length=100, db_index=True)
    file = models.CharField(max_length=100, blank=True, db_default="")
    currency = models.CharField(max_length=3, blank=True, db_default="")  # of one in a file

    def __str__(self) -> str:
        return self.name
