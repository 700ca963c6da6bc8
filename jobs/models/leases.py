"""Leases: who may do something outside the database just now."""

from typing import ClassVar

from django.db import models


class Lease(models.Model):
    """A process's right to do something outside the database just now, such as asking a provider
    (jobs.leases).

    The row is deleted when that is done; a row that stays longer was left by a process that died.
    """

    # A new and higher number each time that it is taken, so that a former owner finds it lost.
    fence = models.BigAutoField(primary_key=True)
    what = models.CharField(max_length=160, unique=True)
    owner = models.CharField(max_length=120)  # a process and its machine, for people to read
    until = models.DateTimeField()  # by the database server's clock

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(what=""), name="lease_is_of_something"),
        ]

    def __str__(self) -> str:
        return self.what
