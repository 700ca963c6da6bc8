"""Queues of rows that wait for an operator. Each is declared once, so that the number on the home
page and the list behind it are of the same rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable

from lib.registry import Registry


@dataclass(frozen=True)
class Group:
    """A heading on the home page, under which queues stand together."""

    title: str
    place: int  # in the order in which an officer's morning goes


STUCK = Group("Stuck: look at these first", 10)
ANSWERS = Group("Merchants wait for an answer", 30)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Rows that wait until an operator deals with them, oldest first."""

    name: str  # in addresses
    title: str  # of the rows, such as "Raises asked for"
    model: type[Model]
    which: Callable[[datetime], Q]  # what waits at an instant
    since: str  # the field that says since when; there is an index by it, of such rows alone
    merchant: str  # the path to the merchant's key
    group: Group
    place: int  # in the group
    # The amount of a row, and the path to its currency; None where rows have no amount.
    amount: Combinable | None = None
    currency: str = "currency"
    # The model whose permission counts, where the pages of this one have no decisions.
    like: type[Model] | None = None

    def rows(self, now: datetime) -> "QuerySet[Any]":
        """The query for the rows that wait at `now`, oldest first; nothing is read yet."""
        found = self.model._default_manager.filter(self.which(now))
        return found.order_by(self.since, "pk")


def with_status(status: str, **more: Any) -> Callable[[datetime], Q]:
    """The function that gives a queue's condition (Queue.which): rows wait while they have this
    status, and the values of `more` in other columns.
    """
    return lambda now: Q(status=status, **more)


# Each package registers its own.
QUEUES: Registry[Queue] = Registry(lambda queue: (queue.group.place, queue.place))
