"""An endpoint is shared by the cells; what it is to be told lies in the cell of each event's
merchant. So whatever is decided about an endpoint is carried out in every cell that may have
something for it.
"""

from collections.abc import Callable
from typing import TypeVar

from gateway.webhooks.models import WebhookEndpoint
from lib import cells
from lib.cells import adding_up
from lib.cells.adding_up import Answers

T = TypeVar("T")


def in_its_cells(endpoint: WebhookEndpoint, ask: Callable[[], T]) -> list[T]:
    """What the function returns inside each cell that has deliveries to the endpoint, one after the
    other in the order of their numbers, whichever cell it is called in: for what all of them do in
    one transaction. That is the cell of the endpoint's merchant or, for one of all merchants, every
    cell. Called once, where it is, in an installation without cells.
    """
    if not cells.are_on() or endpoint.merchant is None:
        return list(cells.in_every(ask).values())
    with cells.elsewhere(endpoint.merchant.cell):
        return [ask()]


def asked_for_a_page(endpoint: WebhookEndpoint, ask: Callable[[], T]) -> Answers[T]:
    """What the function, which reads and does not write, returns inside each cell that has
    deliveries to the endpoint (`in_its_cells`), whichever cell we are inside: they are asked at
    once, and those that have not answered in time are named (adding_up.each).
    """
    if not cells.are_on() or endpoint.merchant is None:
        with cells.outside():
            return adding_up.each(ask)
    with cells.elsewhere(endpoint.merchant.cell):
        return adding_up.each(ask)
