"""What Stripe tells of is asked for in each cell, and recorded in that which it is about."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.models import Card
from lib import cells
from tests import shops, stripe_server
from tests.stripe_server import OddStripe, send_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def odd(settings: Any) -> Iterator[OddStripe]:
    """A server that answers as Stripe does, or as a test tells it to."""
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        yield server


def test_a_card_that_stripe_tells_of_is_kept_in_its_merchants_cell_alone(
    two_cells: None, odd: OddStripe
) -> None:
    for name in ("meadow", "orchard"):  # in the first cell, and in the second
        shops.join("2026-11-01 09:00", name)
    for name in ("meadow", "orchard"):
        assert send_event("setup_intent.succeeded", odd.set_up(name)["id"]) == 200
    for number, name in ((1, "meadow"), (2, "orchard")):
        with cells.at(number):
            (card,) = Card.objects.select_related("account__merchant")
            assert (card.account.merchant.reference, card.customer) == (name, "cus_1")
