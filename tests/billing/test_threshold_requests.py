"""The threshold is asked for by a merchant, answered or changed by an operator, with a trail."""

from typing import Any

import pytest

from billing.models import AccountChange, ThresholdRequest
from billing.operations import thresholds
from lib.refusals import AlreadyDecided, CurrencyMismatch, Invalid, Refused
from notices.models import Notice
from tests import shops
from tests.amounts import usd
from tests.billing import deciding
from tests.threads import at_once
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOW = "2026-11-10 12:00"
LATER = "2026-11-11 09:00"


def open_shop(**terms: Any) -> shops.Shop:
    """A shop whose days are worked off up to NOW."""
    shop = shops.join("2026-11-01 10:00", **{"billing_threshold": "200.00"} | terms)
    shop.run_jobs(NOW)
    return shop


@pytest.fixture
def shop() -> shops.Shop:
    """A shop with what these tests decide about."""
    return open_shop()


def threshold(shop: shops.Shop) -> str:
    """The account's threshold, as a figure."""
    return f"{shop.account.threshold.amount:f}"


def trail(shop: shops.Shop) -> list[tuple[str, str, str, str]]:
    """The changes of threshold on record: before, after, by whom, why."""
    return [
        (change.before, change.after, change.actor, change.reason)
        for change in AccountChange.objects.filter(account=shop.account, what="THRESHOLD")
    ]


def test_asking_changes_nothing_yet(shop: shops.Shop) -> None:
    request = deciding.ask_threshold(shop, NOW, "500.00")
    assert (
        request.status,
        f"{request.threshold_before.amount:.2f}",
        f"{request.threshold_wanted.amount:.2f}",
    ) == (
        "PENDING",
        "200.00",
        "500.00",
    )
    assert (request.asked_by, request.asked_at) == (deciding.MERCHANT, shop.at(NOW))
    assert (threshold(shop), trail(shop)) == ("200.00", [])


@pytest.mark.parametrize(
    ("given", "after"), [("", "500.00"), ("350.00", "350.00"), ("900", "900.00")]
)
def test_an_approval_gives_what_was_wanted_or_what_the_operator_says(
    shop: shops.Shop, given: str, after: str
) -> None:
    request = deciding.ask_threshold(shop, NOW, "500.00")
    request = deciding.approve_threshold(shop, LATER, request, given)
    assert (request.status, request.threshold_given) == ("APPROVED", usd(after))
    assert (request.answered_by, request.answered_at, request.answer) == (
        "mali@tael.example",
        shop.at(LATER),
        "agreed by telephone",
    )
    assert threshold(shop) == after
    assert trail(shop) == [("200.00", after, "mali@tael.example", "agreed by telephone")]
    assert str(shop.account.changes.get().effective_on) == "2026-11-11"
    notice = Notice.objects.get(kind="THRESHOLD_ANSWERED")
    assert notice.details == {
        "status": "APPROVED",
        "answer": "agreed by telephone",
        "threshold": after,
        "currency": "USD",
    }


def test_a_rejection_leaves_the_threshold_and_tells_the_merchant(shop: shops.Shop) -> None:
    request = deciding.ask_threshold(shop, NOW, "500.00")
    request = thresholds.reject(
        request_id=request.pk,
        actor="mali",
        told="Two bills are open.",
        reason="Two bills are open.",
        now=shop.at(LATER),
    )
    assert (request.status, request.threshold_given) == ("REJECTED", None)
    assert (threshold(shop), trail(shop)) == ("200.00", [])
    assert Notice.objects.get(kind="THRESHOLD_ANSWERED").details["answer"] == "Two bills are open."
    assert deciding.ask_threshold(shop, LATER, "400.00").status == "PENDING"


def test_one_request_at_a_time(shop: shops.Shop) -> None:
    request = deciding.ask_threshold(shop, NOW, "500.00")
    with nothing_changes(), pytest.raises(thresholds.RequestPending):
        deciding.ask_threshold(shop, NOW, "600.00")
    deciding.approve_threshold(shop, NOW, request)
    assert deciding.ask_threshold(shop, LATER, "600.00").status == "PENDING"
    willow = shops.join("2026-11-01 10:00", "willow")
    assert deciding.ask_threshold(willow, LATER, "600.00").status == "PENDING"


@pytest.mark.parametrize("wanted", ["200.00", "199.99", "0", "-5.00"])
def test_only_more_can_be_asked_for(shop: shops.Shop, wanted: str) -> None:
    with nothing_changes(), pytest.raises(thresholds.NotHigher):
        deciding.ask_threshold(shop, NOW, wanted)


def test_an_approval_must_still_be_a_raise(shop: shops.Shop) -> None:
    request = deciding.ask_threshold(shop, NOW, "500.00")
    with nothing_changes(), pytest.raises(thresholds.NotHigher):
        deciding.approve_threshold(shop, NOW, request, "200.00")
    deciding.set_threshold(shop, NOW, "800.00")  # meanwhile
    with nothing_changes(), pytest.raises(thresholds.NotHigher):
        deciding.approve_threshold(shop, LATER, request)
    deciding.approve_threshold(shop, LATER, request, "800.01")
    assert threshold(shop) == "800.01"


def test_it_is_answered_once(shop: shops.Shop) -> None:
    request = deciding.ask_threshold(shop, NOW, "500.00")
    deciding.approve_threshold(shop, NOW, request)
    with nothing_changes():
        with pytest.raises(AlreadyDecided):
            deciding.approve_threshold(shop, LATER, request, "900.00")
        with pytest.raises(AlreadyDecided):
            thresholds.reject(
                request_id=request.pk, actor="mali", told="no", reason="no", now=shop.at(LATER)
            )


def test_words_currencies_and_digits_are_checked(shop: shops.Shop) -> None:
    with nothing_changes(), pytest.raises(Invalid, match="threshold"):
        deciding.ask_threshold(shop, NOW, "500.001")
    with nothing_changes(), pytest.raises(Invalid, match="threshold"):
        deciding.ask_threshold(shop, NOW, "1000000000000000")
    with nothing_changes(), pytest.raises(Invalid, match="threshold"):
        deciding.set_threshold(shop, NOW, "-0.01")
    shop.billing_currency = "THB"
    with nothing_changes(), pytest.raises(CurrencyMismatch):
        deciding.ask_threshold(shop, NOW, "500.00")
    with nothing_changes(), pytest.raises(CurrencyMismatch):
        deciding.set_threshold(shop, NOW, "500.00")
    shop.billing_currency = "USD"
    request = deciding.ask_threshold(shop, NOW, "500.00")
    with nothing_changes(), pytest.raises(Invalid, match="reason"):
        thresholds.approve(
            request_id=request.pk, actor="mali", told=" ", reason=" ", now=shop.at(NOW)
        )
    with pytest.raises(thresholds.UnknownRequest):
        thresholds.approve(request_id=404, actor="mali", told="yes", reason="yes", now=shop.at(NOW))


def test_a_lowered_threshold_bills_nothing_until_the_next_posting(shop: shops.Shop) -> None:
    shop.charge(NOW, "pick-pack", "150.00")
    deciding.set_threshold(shop, "2026-11-10 13:00", "100.00")
    shop.run_jobs("2026-11-15 00:00")  # days end, and nothing posts
    assert (shop.invoices(), shop.figures()) == ([], ("150.00", "0.00"))
    shop.charge("2026-11-15 12:00", "pick-pack", "1.00")
    assert shop.invoices() == ["2026-11-15 THRESHOLD 151.00"]
    shop.charge("2026-11-15 13:00", "pick-pack", "1.00")
    assert (len(shop.invoices()), shop.figures()) == (1, ("1.00", "0.00"))


def test_a_lowered_threshold_is_checked_by_the_posting_of_a_days_end(shop: shops.Shop) -> None:
    shop.charge(NOW, "pick-pack", "150.00")
    shop.charge(NOW, "shipping-label", "1.00")
    deciding.set_threshold(shop, "2026-11-10 13:00", "100.00")
    shop.run_jobs("2026-11-10 23:00")
    assert shop.invoices() == []
    shop.run_jobs("2026-11-11 00:00")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 151.00"]


def test_a_plan_fee_does_not_check_a_lowered_threshold() -> None:
    shop = open_shop(plan_price="39.00", plan_interval_days=45)
    shop.run_jobs("2026-12-10 12:00")
    shop.charge("2026-12-10 12:00", "pick-pack", "150.00")
    deciding.set_threshold(shop, "2026-12-10 13:00", "100.00")
    shop.run_jobs("2026-12-16 00:00")
    assert shop.invoices()[1:] == ["2026-12-16 SUBSCRIPTION 189.00"]


def test_a_raised_threshold_lets_more_gather(shop: shops.Shop) -> None:
    deciding.set_threshold(shop, NOW, "500.00")
    shop.charge(LATER, "pick-pack", "499.99")
    assert shop.invoices() == []
    shop.charge(LATER, "pick-pack", "0.01")
    assert shop.invoices() == ["2026-11-11 THRESHOLD 500.00"]


def test_the_guard_is_twice_the_threshold_in_force(shop: shops.Shop) -> None:
    shop.charge(NOW, "shipping-label", "399.99")
    deciding.set_threshold(shop, NOW, "300.00")
    shop.charge(NOW, "shipping-label", "200.00")
    assert (shop.invoices(), shop.figures()) == ([], ("0.00", "599.99"))
    shop.charge(NOW, "shipping-label", "0.01")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 600.00"]
    deciding.set_threshold(shop, NOW, "50.00")
    shop.charge(NOW, "shipping-label", "99.99")
    assert len(shop.invoices()) == 1
    shop.charge(NOW, "transaction-fee", "0.01")
    assert shop.invoices()[1:] == ["2026-11-10 THRESHOLD 100.00"]


def test_a_threshold_of_nothing_and_a_huge_one(shop: shops.Shop) -> None:
    deciding.set_threshold(shop, NOW, "0")
    shop.charge(NOW, "shipping-label", "0.01")
    assert shop.invoices() == ["2026-11-10 THRESHOLD 0.01"]
    deciding.set_threshold(shop, NOW, "999999999999999.99")
    shop.charge(NOW, "pick-pack", "999999999999999.98")
    assert len(shop.invoices()) == 1
    shop.charge(NOW, "pick-pack", "0.01")
    assert shop.invoices()[1:] == ["2026-11-10 THRESHOLD 999999999999999.99"]


def test_every_change_leaves_its_trail(shop: shops.Shop) -> None:
    deciding.set_threshold(shop, NOW, "100.00")
    request = deciding.ask_threshold(shop, NOW, "300.00")
    deciding.approve_threshold(shop, LATER, request, "250.00")
    deciding.set_threshold(shop, LATER, "0")
    assert [change[:2] for change in trail(shop)] == [
        ("200.00", "100.00"),
        ("100.00", "250.00"),
        ("250.00", "0.00"),
    ]


@pytest.mark.django_db(transaction=True)
def test_eight_people_ask_or_answer_at_once() -> None:
    shop = open_shop()

    def ask(number: int) -> str:
        try:
            return deciding.ask_threshold(shop, NOW, f"{300 + number}").status
        except Refused as refusal:
            return refusal.code

    assert at_once(ask) == {"PENDING": 1, "request_pending": 7}
    request = ThresholdRequest.objects.get()

    def answer(number: int) -> str:
        try:
            return deciding.approve_threshold(shop, LATER, request, f"{500 + number}").status
        except Refused as refusal:
            return refusal.code

    assert at_once(answer) == {"APPROVED": 1, "already_decided": 7}
    request.refresh_from_db()
    assert shop.account.threshold == request.threshold_given
    assert len(trail(shop)) == 1
