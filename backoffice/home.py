"""What waits for an operator, for the home page: how many rows of each queue, since when, and their
amounts.

All queues are read in one statement, each by its own index, and at most MOST rows of it. Where the
books are in cells it is asked in each of them, and what they say is added up.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any

from django.contrib import admin
from django.db.models import CharField, DecimalField, F, Model, Value
from django.http import HttpRequest
from django.urls import reverse

from backoffice.panels import Panel
from backoffice.queues import QUEUES, Queue
from lib import cells
from lib.cells import adding_up, sides
from lib.registry import Registry

MOST = 100  # so many are counted; one more is "100+"


@dataclass(frozen=True)
class Note:
    """A panel above the queues of the home page, such as that of the scheduler."""

    place: int
    read: Callable[[datetime], Panel]


# Since when a row waits, its currency and its amount.
Row = tuple[datetime, str, Decimal]

# Each package registers its notes.
NOTES: Registry[Note] = Registry()


@dataclass(frozen=True)
class OfCell:
    """The rows of a queue that are in one cell: its number, how many there are as text, and the
    address of their list.
    """

    cell: int
    number: str
    address: str


@dataclass(frozen=True)
class QueueSummary:
    """How many rows wait in a queue, since when, and their amounts."""

    queue: Queue
    count: int
    oldest: datetime
    amounts: Sequence[tuple[Decimal, str]]  # by currency; of the oldest MOST where there are more
    address: str  # of the list that shows exactly these
    # Where several cells have some: how many each has, and the address of its list.
    by_cell: Sequence["OfCell"] = ()

    @property
    def is_long(self) -> bool:
        """Whether more rows wait than are counted."""
        return self.count > MOST

    @property
    def number(self) -> str:
        """The count as text; "100+" if more rows wait than are counted."""
        return _number(self.count)


@dataclass(frozen=True)
class Waiting:
    """The queues as one operator sees them."""

    groups: Sequence[tuple[str, Sequence[QueueSummary]]]  # what this one may decide
    others: Sequence[QueueSummary]  # what this one may only look at
    nothing: Sequence[str]  # the titles of this one's queues that are empty
    silent: Sequence[int] = ()  # the numbers of cells that have not answered

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits that this operator may decide about."""
        return not self.groups


def of(request: HttpRequest, now: datetime) -> Waiting:
    """The queues for this operator's home page, as read at `now`: by group those that have rows and
    that they may decide about, then those with rows that they may only look at, the titles of those
    that they may decide about and that are empty, and the numbers of the cells that have not
    answered in time, whose rows are missing.
    """
    seen = visible(request)
    found, silent = read_everywhere(seen, now)
    summaries = {summary.queue: summary for summary in found}
    mine = {queue for queue in seen if may_decide(request, queue)}
    groups = [
        (group.title, [summaries[one] for one in queues if one in mine and one in summaries])
        for group, queues in groupby(seen, lambda queue: queue.group)
    ]
    return Waiting(
        groups=[(title, found) for title, found in groups if found],
        others=[summaries[queue] for queue in seen if queue in summaries and queue not in mine],
        nothing=[queue.title for queue in seen if queue in mine and queue not in summaries],
        silent=silent,
    )


def visible(request: HttpRequest) -> list[Queue]:
    """The queues whose rows the operator may look at, in the order of the page."""
    return [queue for queue in QUEUES if may_see(request, queue)]


def read(
    queues: Iterable[Queue], now: datetime, merchant_id: int | None = None
) -> list[QueueSummary]:
    """The summaries of these queues, in their order, for all merchants or for the one with the key
    `merchant_id`, from the cell that this is called inside where there are cells. At most one row
    more than MOST of each is read, and empty queues are left out.
    """
    return [_summary(queue, rows) for queue, rows in _found(queues, now, merchant_id).items()]


def read_everywhere(
    queues: Sequence[Queue], now: datetime
) -> tuple[list[QueueSummary], Sequence[int]]:
    """The summaries of these queues over all cells, in their order, without those that are empty,
    and the numbers of the cells that have not answered in time.
    """
    if not cells.are_on():
        return read(queues, now), ()
    shared = [queue for queue in queues if sides.is_shared(queue.model)]
    of_cells = [queue for queue in queues if queue not in shared]
    summaries = {one.queue: one for one in read(shared, now)}
    answers = adding_up.each(partial(_found, of_cells, now))
    for queue in of_cells:
        parts = {cell: found[queue] for cell, found in answers.found.items() if queue in found}
        if parts:
            rows = sorted((row for rows in parts.values() for row in rows), key=lambda row: row[0])
            summaries[queue] = _summary(queue, rows[: MOST + 1], parts)
    return [summaries[queue] for queue in queues if queue in summaries], answers.silent


def _found(
    queues: Iterable[Queue], now: datetime, merchant_id: int | None = None
) -> dict[Queue, list[Row]]:
    """The oldest rows of each of these queues that has any, as `read` asks for them. All of it is
    one question to the database.
    """
    asked = list(queues)
    if not asked:
        return {}
    first, *rest = (_rows(queue, number, now, merchant_id) for number, queue in enumerate(asked))
    found: dict[int, list[Row]] = defaultdict(list)
    for number, since, currency, amount in first.union(*rest, all=True):
        found[number].append((since, currency, amount))
    return {asked[number]: found[number] for number in sorted(found)}


def _rows(queue: Queue, number: int, now: datetime, merchant_id: int | None) -> Any:
    """A query for the rows of one queue, oldest first and at most one more than MOST: for each the
    queue's `number`, since when it waits, its currency and its amount. Only rows of the merchant,
    if a key is given.
    """
    rows = queue.rows(now)
    if merchant_id is not None:
        rows = rows.filter(**{queue.merchant: merchant_id})
    has_amount = queue.amount is not None
    return rows.annotate(
        queue_number=Value(number),
        queue_since=F(queue.since),
        queue_currency=F(queue.currency) if has_amount else Value("", CharField()),
        queue_amount=queue.amount if has_amount else Value(Decimal(0), DecimalField()),
    ).values_list("queue_number", "queue_since", "queue_currency", "queue_amount")[: MOST + 1]


def _summary(
    queue: Queue, rows: Sequence[Row], by_cell: Mapping[int, Sequence[Row]] | None = None
) -> QueueSummary:
    """The summary of a queue from its rows, of which there is at least one: how many there are, the
    oldest instant, and the sums by currency of the first MOST. `by_cell` has those of each cell,
    where they come from cells.
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for _since, currency, amount in rows[:MOST]:
        if currency:
            sums[currency] += amount
    of_list = address(queue)
    return QueueSummary(
        queue=queue,
        count=len(rows),
        oldest=min(row[0] for row in rows),
        amounts=[(amount, currency) for currency, amount in sorted(sums.items())],
        address=of_list,
        by_cell=[
            OfCell(cell, _number(len(own)), of_list and f"{of_list}&{cells.CHOSEN}={cell}")
            for cell, own in (by_cell or {}).items()
        ],
    )


def _number(count: int) -> str:
    """How many rows were counted, as text; "100+" if more wait than are counted."""
    return f"{MOST}+" if count > MOST else str(count)


def address(queue: Queue) -> str:
    """The address of the list with exactly the queue's rows, of all cells, or "" if no page of the
    admin lists them.
    """
    if queue.model not in admin.site._registry:
        return ""
    meta = queue.model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") + f"?waits={queue.name}"


def may_see(request: HttpRequest, queue: Queue) -> bool:
    """Whether the operator may look at the queue's rows."""
    pages = admin.site._registry.get(queue.model)
    if pages is None:
        return request.user.has_perm(_permission(queue.model, "view"))
    return pages.has_view_permission(request)


def may_decide(request: HttpRequest, queue: Queue) -> bool:
    """Whether the operator may take decisions about the queue's rows: about those of its model, or
    of the model that it is `like`, if it names one.
    """
    model = queue.like or queue.model
    decides = getattr(admin.site._registry.get(model), "may_decide", None)
    return (
        bool(decides(request)) if decides else request.user.has_perm(_permission(model, "change"))
    )


def _permission(model: type[Model], what: str) -> str:
    """The name of the permission to do `what` ("view" or "change") with rows of the model."""
    return f"{model._meta.app_label}.{what}_{model._meta.model_name}"
