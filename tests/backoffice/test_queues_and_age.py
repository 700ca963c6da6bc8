"""Money that found no home stands in a queue with its decisions, and never leaves it by age."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Model
from django.urls import reverse

from backoffice.queues import Queue
from billing.models import BillingAccount
from billing.operations import transfers
from billing.queries import waiting as billing_queues
from credit.models import OrderPayment, RefusedCash
from credit.queries import waiting as credit_queues
from merchants import roles
from tests import shops
from tests.billing import operator_decisions as billing
from tests.billing.deciding import OPERATOR
from tests.credit.pages import set_clock
from tests.factories import TransferFactory, browser_of, operator
from tests.shops import Shop
from tests.text import text_of
from tests.whole import some

pytestmark = pytest.mark.django_db

LATER = "2027-12-01 00:00"  # more than a year after what came


def joined() -> Shop:
    """A shop that has just joined."""
    return shops.join("2026-11-01 10:00", billing_threshold="200.00")


def unmatched() -> Model:
    """A payment of 25.00 for an order of 10.00, which waits as UNMATCHED cash."""
    shop = joined()
    shop.place("2026-11-02 10:00", "A", "10.00")
    assert shop.pay("2026-11-02 11:00", "A", "25.00") == "rejected overpayment"
    return OrderPayment.objects.get()


def refused() -> Model:
    """Cash for an order that nobody knows."""
    assert joined().pay("2026-11-02 11:00", "nobody-knows", "25.00") == "rejected unknown_order"
    return RefusedCash.objects.get()


def unapplied() -> Model:
    """An account with 50.00 of unapplied money."""
    shop = joined()
    TransferFactory.create(shop=shop, at="2026-11-02 11:00", amount="50.00", reference="B-6")
    return shop.account


def reversed_payment() -> Model:
    """A payment that its provider took back."""
    return billing.reversed_payment(joined_with_a_charge())


def unanswered() -> Model:
    """A payment whose provider has not answered."""
    return billing.of_silent_card(joined_with_a_charge())


def joined_with_a_charge() -> Shop:
    """A shop with a charge of 30.00."""
    shop = joined()
    shop.charge("2026-11-02 10:00", "pick-pack", "30.00", "c-1")
    return shop


CASES: list[tuple[Callable[[], Model], Queue, set[str]]] = [
    (unmatched, credit_queues.UNMATCHED, {"apply", "release", "return"}),
    (refused, credit_queues.REFUSED, {"close"}),
    (unapplied, billing_queues.UNAPPLIED, {"give-back"}),
    (reversed_payment, billing_queues.REVERSALS, {"charge", "accept"}),
]


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    """The sandbox is switched on."""
    settings.TAEL_SANDBOX = True


@pytest.mark.parametrize(
    ("came", "queue", "decisions"), some(CASES, 4), ids=[c[1].title for c in CASES]
)
def test_a_year_later_it_still_waits_with_its_decisions(
    came: Callable[[], Model],
    queue: Queue,
    decisions: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = came()
    shops.run_jobs(shops.instant(LATER))
    set_clock(monkeypatch)(LATER)
    assert [one.pk for one in queue.rows(shops.instant(LATER))] == [row.pk]
    browser = browser_of(operator(*roles.names()))
    assert f"{queue.title} 1" in text_of(browser.get("/admin/"))
    model = row._meta
    listed = reverse(f"admin:{model.app_label}_{model.model_name}_changelist")
    page = browser.get(f"{listed}?waits={queue.name}").content.decode()
    record = reverse(f"admin:{model.app_label}_{model.model_name}_change", args=[row.pk])
    assert f'href="{record}' in page
    offered = browser.get(record).content.decode()
    assert decisions <= {part.split("/")[0] for part in offered.split("/decide/")[1:]}


def test_unapplied_money_waits_since_it_came_and_no_more_when_it_is_gone() -> None:
    shop = joined()
    TransferFactory.create(shop=shop, at="2026-11-02 11:00", amount="50.00", reference="B-6")
    TransferFactory.create(shop=shop, at="2026-11-03 11:00", amount="20.00", reference="B-7")
    assert shop.account.unapplied_since == shop.at("2026-11-02 11:00")
    shop.charge("2026-11-04 10:00", "pick-pack", "230.00")  # whose bill takes all of it
    account = BillingAccount.objects.get()
    assert (f"{account.unapplied.amount:.2f}", account.unapplied_since) == ("0.00", None)
    assert not billing_queues.UNAPPLIED.rows(shop.at(LATER)).exists()
    TransferFactory.create(shop=shop, at="2026-11-05 11:00", amount="200.00", reference="B-8")
    assert shop.account.unapplied_since == shop.at("2026-11-05 11:00")
    transfers.give_back(
        merchant_id=shop.merchant.pk, amount=shop.account.unapplied, reference="OUT-1",
        now=shop.at("2026-11-06 11:00"), **OPERATOR,
    )  # fmt: skip
    assert shop.account.unapplied_since is None


def test_a_payment_without_an_answer_waits_until_it_has_one() -> None:
    payment = unanswered()
    found = billing_queues.UNANSWERED.rows(shops.instant(LATER))
    assert [one.pk for one in found] == [payment.pk]
