"""Two people do the same by hand at the same moment: it is done once."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from billing.models import CollectionPause, PaymentPlan
from billing.operations import payments
from lib.refusals import Refused
from tests import shops
from tests.billing.by_hand import charge, draw_up, pause, plan, waive
from tests.billing.paying import GOOD, billed, invoice, manual, means, state
from tests.threads import at_once, every_order

pytestmark = pytest.mark.django_db(transaction=True)

AT = "2026-11-10 12:00"


@every_order
def test_a_form_sent_eight_times_at_once_charges_once() -> None:
    shop = shops.join("2026-11-01 10:00")
    made = at_once(lambda _number: charge(shop, AT).pk)
    assert len(made) == 1
    assert shop.figures() == ("12.50", "0.00")


@pytest.mark.full  # charges once, above
@every_order
def test_a_form_sent_eight_times_at_once_waives_once() -> None:
    shop = manual()
    made = at_once(lambda _number: waive(shop, AT, "9.00").pk)
    assert len(made) == 1
    assert (state(), means()) == ("OPEN 9.00/39.00", ["credit 9.00 SUCCEEDED"])


@pytest.mark.full  # charges once, above
@every_order
def test_a_bill_asked_for_eight_times_at_once_is_one() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.charge("2026-11-02 10:00", "pick-pack", "30.00")

    def ask(_number: int) -> str:
        try:
            return draw_up(shop, AT).kind
        except Refused as refusal:
            return refusal.code

    assert at_once(ask) == {"ON_REQUEST": 1, "nothing_to_bill": 7}
    assert shop.invoices() == ["2026-11-10 ON_REQUEST 30.00"]


def _outcome(doing: Callable[[], object]) -> str:
    """ "done", or the code of the refusal."""
    try:
        doing()
    except Refused as refusal:
        return refusal.code
    return "done"


@pytest.mark.full  # charges once, above
@every_order
def test_of_eight_plans_made_at_once_one_is_in_force() -> None:
    shop = manual()
    made = at_once(lambda _number: _outcome(lambda: plan(shop)))
    assert made == {"done": 1, "under_a_plan": 7}
    assert PaymentPlan.objects.get().parts.count() == 3


@pytest.mark.full  # charges once, above
@every_order
def test_of_a_plan_and_a_pause_at_once_the_plan_stands() -> None:
    shop = manual()
    doing = [lambda: plan(shop), lambda: pause(shop, "2026-11-01 12:00", "2026-11-20")]
    at_once(lambda number: _outcome(doing[number]), threads=2)
    assert PaymentPlan.objects.get().is_in_force
    assert not CollectionPause.objects.filter(ended_at=None).exists()


@every_order
def test_eight_workers_at_once_collect_a_part_once(settings: Settings) -> None:
    settings.TAEL_SANDBOX = True
    shop = billed(card=GOOD)
    plan(shop)
    due = shop.at("2026-11-10 00:00")
    found = invoice().pk

    def collect(_number: int) -> str:
        payment = payments.collect(found, now=due)
        return payment.status if payment else "nothing"

    assert at_once(collect) == {"SUCCEEDED": 1, "nothing": 7}
    assert means() == ["sandbox 13.00 SUCCEEDED"]
