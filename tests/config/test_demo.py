"""The demonstration shops tell the stories that they are there for, and their books add up."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from moneyed import Money
from pytest_django import Settings

from billing.models import Invoice
from billing.queries import prices
from config.local import datafolder
from config.local.demo import actions, huaxin, loading, people, policies, season, siam_silk
from config.local.demo import prices as demo_prices
from config.local.demo.actions import Action
from config.local.demo.season import Days
from config.local.demo.shops import HUAXIN, LAKESIDE, MEILI, SHOPS, SIAM_SILK, Shop
from credit.models import LimitReview, PayoutRun
from lib import money
from merchants.models import Membership, Merchant, User
from tests import journals, shops

pytestmark = pytest.mark.django_db

NOW = "2026-11-23 12:00"  # in Shanghai
Told = Callable[[Shop], shops.Shop]


@pytest.fixture(autouse=True)
def demonstration(settings: Settings) -> None:
    """What the shops pay by, a sandbox, is there in demonstrations only."""
    settings.TAEL_SANDBOX = True


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """Tells the story of one shop up to NOW; the audit finds nothing wrong with it, and beancount
    nothing with its journal.
    """

    def load(shop: Shop) -> shops.Shop:
        """Tell the story of the shop up to NOW."""
        now = shops.instant(NOW, "Asia/Shanghai")
        policies.introduce()
        for price in demo_prices.chapter(
            shop, Days(shop, now)
        ):  # as of the first shop of a currency
            price.act(0, price.at)
        loading.write(tmp_path / "demo.jsonl", now, [shop])
        loading.load_demo(tmp_path / "demo.jsonl", now, [shop])
        call_command("audit", stdout=StringIO())
        journals.prove()
        return shops.Shop(shop.reference, currency=shop.currency)

    return load


def withdrawals(shop: shops.Shop) -> list[str]:
    """Status and amount of the shop's withdrawals."""
    return [
        f"{one.status} {money.text(one.amount)}" for one in shop.line.withdrawals.order_by("pk")
    ]


def credits(shop: shops.Shop) -> list[str]:
    """Status and amount of the shop's credits."""
    return [f"{one.status} {one.amount.amount:.2f}" for one in shop.account.credits.order_by("pk")]


def declined(shop: shops.Shop, since: str) -> list[str]:
    """Code and amount of the orders declined since then."""
    late = shop.line.orders.filter(status="DECLINED", placed_at__gte=shop.at(since))
    return [f"{one.decline_code} {one.amount.amount:.2f}" for one in late.order_by("placed_at")]


def price_list(shop: shops.Shop) -> dict[str, str]:
    """What each fee costs, `own` where the merchant has its own price, and what it will cost."""
    return {
        one.fee.code: " ".join(
            [
                "own " * one.is_own + f"{(one.unit_price or Decimal(0)).normalize():f}",
                *(f"{price.from_on} {price.unit_price:.2f}" for price in one.to_come),
            ]
        )
        for one in prices.priced_fees(shop.account, date(2026, 11, 23))
        if one.unit_price is not None
    }


@pytest.mark.full
def test_the_dress_shop_grew_from_5000_to_20000(told: Told) -> None:
    dresses = told(MEILI)
    reviews = dresses.line.reviews.filter(status=LimitReview.Status.APPLIED).order_by("on")
    assert [int(review.limit_before.amount) for review in reviews] == [5_000, 10_000]
    assert dresses.limit()[0] == "20000.00"
    assert declined(dresses, "2026-11-17 00:00") == [
        "insufficient_credit 26800.00",
        "buyer_risk 640.00",
    ]
    assert withdrawals(dresses) == ["PAID 2000.00", "PAID 6500.00", "CANCELLED 12000.00"]
    assert credits(dresses) == ["APPROVED 7.20", "REJECTED 12.50", "REQUESTED 13.50"]
    assert price_list(dresses) == {
        "pick-pack": "4.8",
        "packaging": "2.2",
        "receiving": "3.6",
        "storage": "1.25",
        "non-compliance": "25",
        "app-usage": "0.085",
        "shipping-label": "13.5 2026-12-01 13.90",
    }


@pytest.mark.full
def test_the_electronics_shop_has_a_freeze_behind_it(told: Told) -> None:
    electronics = told(HUAXIN)
    assert electronics.limit()[0] == "100000.00"
    (freeze,) = electronics.line.freezes.all()
    assert (freeze.reason, freeze.lifted_at is not None) == ("OVERDUE", True)
    assert electronics.line.orders.filter(decline_code="line_frozen").exists()
    assert withdrawals(electronics) == ["PAID 30000.00", "SENT 45000.00", "APPROVED 20000.00"]
    assert electronics.account.payment_method == "proceeds"
    assert money.text(electronics.account.threshold) == "8000.00"
    own = {fee: price for fee, price in price_list(electronics).items() if "own" in price}
    assert own == {
        "pick-pack": "own 4.2",
        "shipping-label": "own 26.8 2026-12-01 24.50",
    }


def test_a_price_of_its_own_takes_one_operator_beside_the_list_of_its_currency(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = shops.instant(NOW, "Asia/Shanghai")
    days, act_of, own = Days(HUAXIN, now), actions.price, []

    def price(*what: Any, **more: Any) -> actions.Act:
        own.append(act_of(*what, **more))
        return own[-1]

    monkeypatch.setattr(actions, "price", price)
    list(huaxin.chapter(days))
    monkeypatch.undo()
    policies.introduce()
    shop = shops.join("2026-09-01 10:00", "huaxin", currency="CNY", timezone="Asia/Shanghai")
    for one in demo_prices.chapter(MEILI, Days(MEILI, now)):
        one.act(0, one.at)
    for act in own:
        act(shop.merchant.pk, days.at(0, 9))
    assert price_list(shop)["shipping-label"] == "own 26.8 2026-12-01 24.50"


@pytest.mark.full  # people of each role come with their shops, below
def test_the_first_three_weeks_of_the_shop_in_bangkok(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short story for `make test`; `make test-full` has those of all shops."""

    def beginning(days: season.Days) -> Iterator[Action]:
        return (action for action in siam_silk.chapter(days) if action.at <= days.at(20, 10))

    monkeypatch.setattr(season, "MONTHS", 0)
    monkeypatch.setattr(loading, "CHAPTERS", {SIAM_SILK.reference: beginning})
    silk = told(SIAM_SILK)
    assert [invoice.split()[1] for invoice in silk.invoices()] == ["SUBSCRIPTION"]
    assert [one.last_four for one in silk.line.destinations.all()] == ["0003"]
    (asked,) = silk.line.requests.all()
    assert (asked.status, asked.limit_wanted) == ("PENDING", Money(180000, "THB"))
    assert declined(silk, "2026-11-17 00:00") == ["insufficient_credit 135000.00"]


@pytest.mark.full
def test_the_shop_in_bangkok_is_on_an_annual_plan_and_withdraws(told: Told) -> None:
    silk = told(SIAM_SILK)
    kinds = [invoice.split()[1] for invoice in silk.invoices()]
    assert kinds == ["SUBSCRIPTION", "CYCLE", "CYCLE", "CYCLE"]
    assert withdrawals(silk) == [
        "PAID 40000.00",
        "PAID 80000.00",
        "REJECTED 90000.00",
        "FAILED 8000.00",
        "UNKNOWN 5000.00",
        "REQUESTED 75000.00",
    ]
    (asked,) = silk.line.requests.all()
    assert (asked.status, asked.limit_wanted) == ("PENDING", Money("180000", "THB"))
    assert declined(silk, "2026-11-17 00:00") == ["insufficient_credit 135000.00"]


def cut_short_at_action(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have loading the demonstration end right after its action with this number."""
    numbers = count(1)
    do = loading._do

    def do_or_end(shop: Shop, action: Action, now: datetime) -> None:
        """Do the action, and end right after the one with the number."""
        do(shop, action, now)
        if next(numbers) == number:
            raise KeyboardInterrupt

    monkeypatch.setattr(loading, "_do", do_or_end)


@pytest.mark.full
def test_the_us_shop_keeps_reaching_its_threshold_until_its_card_fails(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short_at_action(20, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        told(LAKESIDE)
    monkeypatch.undo()
    lakeside = told(LAKESIDE)  # goes on there
    invoices = lakeside.account.invoices
    assert invoices.filter(kind=Invoice.Kind.THRESHOLD).count() > 20
    (unpaid,) = invoices.filter(status=Invoice.Status.OPEN)
    assert unpaid.total.amount >= 120
    assert unpaid.payments.earliest("pk").failure == "insufficient_funds"
    assert lakeside.merchant.notices.filter(kind="PAYMENT_FAILED").count() == 1
    asked = lakeside.account.threshold_requests.order_by("pk")
    assert [(one.status, int(one.threshold_wanted.amount)) for one in asked] == [
        ("REJECTED", 250),
        ("PENDING", 300),
    ]
    assert withdrawals(lakeside)[:2] == ["PAID 3000.00", "PAID 9500.00"]
    assert all(one.startswith("PAID ") for one in withdrawals(lakeside))
    # Each Monday since 26 October, all that was there went out, unless it was less than 3,000.00.
    mondays = PayoutRun.objects.filter(rule__line=lakeside.line).order_by("on")
    assert [f"{one.on}" for one in mondays] == [
        *("2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16"),
    ]
    assert {one.outcome for one in mondays} == {"REQUESTED", "TOO_LITTLE"}
    assert all((one.outcome == "REQUESTED") == (one.available.amount >= 3000) for one in mondays)
    assert sum(one.outcome == "REQUESTED" for one in mondays) == len(withdrawals(lakeside)) - 2
    assert credits(lakeside) == ["APPROVED 8.90", "REJECTED 4.80", "REQUESTED 3.10"]


def test_people_of_every_role_can_sign_in_and_one_works_for_two_shops() -> None:
    for shop in SHOPS:
        Merchant.objects.create(
            reference=shop.reference,
            timezone="UTC",
            joined_at=shops.instant(NOW),
            joined_said_at=shops.instant(NOW),
        )
    people.create_users()
    people.create_users()
    roles = {
        shop.reference: sorted(
            Membership.objects.filter(merchant__reference=shop.reference).values_list(
                "role", flat=True
            )
        )
        for shop in SHOPS
    }
    assert set(map(tuple, roles.values())) == {("FINANCE", "OWNER", "VIEWER")}
    owner = User.objects.get(email="owner@meili.example")
    assert owner.memberships.count() == 2
    assert owner.check_password("tael-demo")
    ours = User.objects.filter(is_staff=True).order_by("email").prefetch_related("groups")
    assert [(one.email, *(group.name for group in one.groups.all())) for one in ours] == [
        ("admin@tael.example", "Administrator"),  # who decides no money
        ("auditor@tael.example", "Auditor"),
        ("billing@tael.example", "Billing officer"),
        ("bills@tael.example", "Billing officer"),  # two, since some decisions take two
        ("credit@tael.example", "Credit officer"),
        ("payouts@tael.example", "Credit officer"),
        ("people@tael.example", "Administrator"),
    ]
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.full  # a replay that goes on is in test_replay
def test_a_second_load_finds_all_of_it_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datafolder, "root", lambda: tmp_path)

    def load_demo(file: Path, now: datetime, progress: Callable[[int, int], None]) -> None:
        """Join a shop, and tell of progress, as a load does."""
        shops.join("2026-11-01 10:00")
        for done in (0, 2, 3, 4, 8, 9):
            progress(done, 9)

    monkeypatch.setattr(loading, "load_demo", load_demo)
    monkeypatch.setattr(people, "ROLES", [])
    said = StringIO()
    call_command("demo", if_empty=True, stdout=said)
    call_command("demo", if_empty=True, stdout=said)
    first, *progress = said.getvalue().splitlines()
    assert first == "Loading four demonstration shops, once: a minute, or a few if busy."
    assert progress == ["  25 %", "  75 %", "  100 %"]
    assert list(tmp_path.iterdir()) == []
