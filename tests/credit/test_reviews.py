"""The review of every line as a month starts: points, grade, and what becomes of the limit."""

from decimal import Decimal

import pytest
from moneyed import Money

from credit import scoring
from credit.models import LimitEntry, LimitReview
from credit.operations import limits
from tests import shops
from tests.amounts import usd
from tests.credit.reviewing import (
    DECEMBER,
    OPERATOR,
    PERFECT,
    inputs,
    latest,
    limit,
    metrics,
    outcome,
    policy,
    sell,
    shop_with,
)
from tests.factories import FreezeFactory
from tests.whole import some

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("known", "points"),
    [
        ({"rating": "3.9"}, "0"),
        ({"rating": "4.0"}, "0"),
        ({"rating": "4.0001"}, "0.003750"),
        ({"rating": "4.4"}, "15"),
        ({"rating": "4.7999"}, "29.996250"),
        ({"rating": "4.8"}, "30"),
        ({"rating": "5"}, "30"),
        ({"paid": "-120.00"}, "0"),
        ({"paid": "0"}, "0"),
        ({"paid": "0.01"}, "0.000017"),
        ({"paid": "7500"}, "12.5"),
        ({"paid": "14999.99"}, "24.999983"),
        ({"paid": "15000"}, "25"),
        ({"paid": "15000.01"}, "25"),
        ({"listing_quality": "0.0001"}, "0.000015"),
        ({"listing_quality": "99.9999"}, "14.999985"),
        ({"listing_quality": "100"}, "15"),
        ({"profile_completeness": "50"}, "7.5"),
        ({"profile_completeness": "100"}, "15"),
        ({"after_sales": "0.01"}, "0.001500"),
        ({"after_sales": "100"}, "15"),
    ],
)
def test_each_factor_gives_from_nothing_to_its_weight(known: dict[str, str], points: str) -> None:
    score = scoring.points_of(inputs(**known), policy()).score
    assert scoring.decimal(score) == Decimal(points)


@pytest.mark.parametrize(
    ("paid", "grade"),
    # The rest gives 75, 60 and 45 points: 3,000 of 15,000 paid give the 5 that are missing.
    [("3000.00", "at"), ("2999.99", "below"), ("3000.01", "at")],
)
@pytest.mark.parametrize(
    ("marks", "at", "below"),
    [((100, 100, 100), "A", "B"), ((100, 100, 0), "B", "C"), ((100, 0, 0), "C", "D")],
)
def test_a_grade_starts_exactly_at_its_score(
    marks: tuple[int, int, int], at: str, below: str, paid: str, grade: str
) -> None:
    names = ("listing_quality", "profile_completeness", "after_sales")
    known = dict(zip(names, map(str, marks), strict=True))
    result = scoring.review(inputs(rating="4.8", paid=paid, **known), policy())
    assert result.grade == {"at": at, "below": below}[grade]


@pytest.mark.parametrize(
    ("known", "proposed", "status", "notes"),
    [
        # A doubles: 3 x 100 and 4.8 stars are an A whatever else.
        ({"limit": "1050", "paid": "90000"}, "2100", "APPLIED", ""),
        ({"limit": "1049.99", "paid": "90000"}, "2000", "APPLIED", ""),
        ({"limit": "5000", "paid": "10000"}, "10000", "APPLIED", ""),
        ({"limit": "5000", "paid": "9999.99"}, "9900", "APPLIED", "capped_by_paid"),
        ({"limit": "5000", "paid": "5100"}, "5100", "APPLIED", "capped_by_paid"),
        ({"limit": "5000", "paid": "5099.99"}, "5000", "UNCHANGED", "capped_by_paid"),
        ({"limit": "5050", "paid": "5099"}, "5050", "UNCHANGED", "capped_by_paid"),
        ({"limit": "10000", "paid": "20000"}, "20000", "APPLIED", ""),
        ({"limit": "10050", "paid": "20100"}, "20100", "PENDING", "needs_approval"),
        (
            {"limit": "60000", "paid": "900000"},
            "100000",
            "PENDING",
            "capped_by_maximum needs_approval",
        ),
        ({"limit": "100000", "paid": "900000"}, "100000", "UNCHANGED", "capped_by_maximum"),
        ({"limit": "150000", "paid": "900000"}, "150000", "UNCHANGED", "capped_by_maximum"),
        ({"paid": "90000", "overdue": "0.01"}, "5000", "UNCHANGED", "blocked_by_overdue"),
        ({"paid": "90000", "is_frozen": True}, "5000", "UNCHANGED", "blocked_by_freeze"),
    ],
)
def test_a_raise_is_capped_rounded_down_and_blocked(
    known: dict[str, str | bool], proposed: str, status: str, notes: str
) -> None:
    marks = {"listing_quality": "100", "profile_completeness": "100", "after_sales": "100"}
    result = scoring.review(inputs(**{"rating": "4.8"} | marks | known), policy())
    assert result.grade == "A"
    assert (result.limit, result.status) == (Decimal(proposed), status)
    assert " ".join(result.notes) == notes


@pytest.mark.parametrize(
    ("before", "proposed", "status", "notes"),
    [
        ("5000", "3700", "APPLIED", ""),  # 3,750 in whole hundreds
        ("1400", "1000", "APPLIED", ""),
        ("1334", "1000", "APPLIED", ""),
        ("1300", "1000", "APPLIED", "stopped_at_minimum"),
        ("1000", "1000", "UNCHANGED", "stopped_at_minimum"),
        ("999.99", "999.99", "UNCHANGED", "stopped_at_minimum"),
    ],
)
def test_a_cut_is_rounded_down_and_stops_at_the_minimum(
    before: str, proposed: str, status: str, notes: str
) -> None:
    result = scoring.review(inputs(limit=before, overdue="10", is_frozen=True), policy())
    assert (result.grade, result.limit, result.status) == ("D", Decimal(proposed), status)
    assert " ".join(result.notes) == notes


@pytest.mark.parametrize(
    ("currency", "before", "paid", "proposed", "status"),
    some(
        [
            ("USD", "5000", "7600", "7600.00", "APPLIED"),
            ("THB", "50000", "76400", "76000.00", "APPLIED"),  # steps of 500
            ("JPY", "500000", "768000", "760000", "APPLIED"),  # steps of 10,000
            ("THB", "60000", "120000", "120000.00", "PENDING"),  # more than 100,000
            ("JPY", "1000000", "2000000", "2000000", "APPLIED"),
        ],
        3,
    ),
)
def test_the_figures_are_those_of_the_currency(
    currency: str, before: str, paid: str, proposed: str, status: str
) -> None:
    shop = shop_with(paid, currency=currency, credit_limit=before)
    shop.run_jobs(DECEMBER)
    assert outcome(shop)[:3] == ("A", status, proposed)


def test_a_currency_without_a_policy_is_not_reviewed() -> None:
    shop = shop_with("90000.000", currency="KWD")
    shop.run_jobs(DECEMBER)
    assert not shop.line.reviews.exists()


def test_a_review_keeps_all_it_was_made_from_and_writes_an_entry() -> None:
    shop = shop_with("12000.00", ("4.8", "80", "100", "90"))
    shop.run_jobs("2026-11-30 23:59")
    assert not shop.line.reviews.exists()
    shop.run_jobs(DECEMBER)
    review = latest(shop)
    assert (review.policy.version, str(review.on), review.at) == (
        1,
        "2026-12-01",
        shop.at(DECEMBER),
    )
    known = (review.limit_before, review.paid, review.overdue)
    assert known == (usd(5000), usd(12000), usd(0))
    assert (review.rating, review.listing_quality) == (Decimal("4.8"), Decimal(80))
    points = (review.rating_points, review.volume_points, review.listing_points)
    assert points == (Decimal(30), Decimal(20), Decimal(12))
    assert (review.profile_points, review.after_sales_points) == (Decimal(15), Decimal("13.5"))
    entry = LimitEntry.objects.get(kind="REVIEW")
    assert (entry.limit_change, entry.limit_after) == (usd(5000), usd(10000))
    assert entry.actor == "limit review"
    assert entry.at == shop.at(DECEMBER)


def test_paid_is_of_the_ninety_local_days_before_net_of_refunds() -> None:
    shop = shop_with("100.00", timezone="Asia/Bangkok")  # on 2 November
    sell(shop, "2026-12-02 23:59", "30.00")
    sell(shop, "2027-01-31 23:59", "7.00")
    refund = {"order": "sold-1", "amount": "10.00", "currency": "USD"}
    assert shop.send("order.refunded", "2027-01-15 12:00", refund="R", **refund) == "applied"
    sell(shop, "2027-02-01 00:00", "5.00")
    shop.run_jobs("2027-02-01 00:00")
    paid = dict(shop.line.reviews.values_list("on__month", "paid"))
    # 3 November is the first of the 90 days before 1 February: the 100.00 of the 2nd are too old.
    assert paid == {12: Decimal(100), 1: Decimal(130), 2: Decimal(27)}


def test_the_latest_metrics_before_the_month_count() -> None:
    shop = shop_with("15000.00", PERFECT)
    metrics(shop, "2026-11-30 23:59:59", "4.4", "0", "0", "0")
    metrics(shop, DECEMBER, *PERFECT)
    shop.run_jobs(DECEMBER)
    assert (latest(shop).score, latest(shop).grade) == (Decimal(40), "D")


def test_without_metrics_there_is_no_review() -> None:
    shop = shops.join("2026-11-01 10:00")
    shop.run_jobs(DECEMBER)
    assert not shop.line.reviews.exists()


def test_a_limit_of_0_is_left_to_operators() -> None:
    shop = shop_with("100.00")
    limits.set_limit(
        merchant_id=shop.line.pk,
        limit=Money(0, "USD"),
        actor=OPERATOR,
        reason="closed",
        now=shop.at("2026-11-05 10:00"),
    )
    shop.run_jobs(DECEMBER)
    assert not shop.line.reviews.exists()
    assert limit(shop) == "0.00"


def test_a_freeze_of_any_reason_blocks_the_raise() -> None:
    shop = shop_with("15000.00")
    now = shop.at("2026-11-20 10:00")
    FreezeFactory.create(shop=shop, at=now, actor=OPERATOR)
    shop.run_jobs(DECEMBER)
    assert outcome(shop) == ("A", "UNCHANGED", "5000.00", "blocked_by_freeze")
    assert latest(shop).was_frozen


def test_an_overdue_amount_below_the_ratio_blocks_the_raise() -> None:
    shop = shop_with("15000.00")
    shop.place("2026-11-10 10:00", "late", "10.00")
    shop.deliver("2026-11-10 10:00", "late")
    shop.run_jobs(DECEMBER)
    assert shop.frozen_by() == []
    assert outcome(shop) == ("A", "UNCHANGED", "5000.00", "blocked_by_overdue")


def test_a_newer_review_overtakes_one_that_still_waits() -> None:
    shop = shop_with("50000.00", credit_limit="20000.00")
    shop.run_jobs("2027-01-01 00:00")
    statuses = list(shop.line.reviews.order_by("on").values_list("status", flat=True))
    assert statuses == ["VOID", "PENDING"]
    assert limit(shop) == "20000.00"
    assert LimitReview.objects.filter(status="PENDING").count() == 1


def test_a_review_is_held_once_however_often_the_jobs_run() -> None:
    shop = shop_with("15000.00")
    for _ in range(3):
        shop.run_jobs(DECEMBER)
    assert shop.line.reviews.count() == LimitEntry.objects.filter(kind="REVIEW").count() == 1
    assert limit(shop) == "10000.00"


def test_a_score_that_would_round_up_to_50_is_a_d_and_metrics_at_midnight_come_too_late() -> None:
    """15 points for 4.4, nothing paid, twice 15, and 4.999995 for 33.3333."""
    shop = shops.join("2026-10-01 10:00")
    assert metrics(shop, "2026-10-31 23:59:59", "4.4", "100", "100", "33.3333") == "applied"
    assert metrics(shop, "2026-11-01 00:00:00", "0", "0", "0", "0") == "applied"
    review = latest(shop)
    assert (f"{review.score:.6f}", review.grade) == ("49.999995", "D")
    assert limit(shop) == "3700.00"  # three quarters of 5,000.00 are 3,750.00


def test_a_raise_to_more_than_20_000_waits_and_changes_nothing_yet() -> None:
    shop = shops.join("2026-10-01 10:00", credit_limit="15000.00")
    for day in (2, 3, 4):
        sell(shop, f"2026-10-{day:02} 11:00", "15000.00")
    assert metrics(shop, "2026-10-31 23:59:59", *PERFECT) == "applied"
    assert metrics(shop, "2026-11-01 00:00:00", "0", "0", "0", "0") == "applied"
    review = latest(shop)
    assert (f"{review.score:.6f}", review.limit_before) == ("100.000000", usd(15000))
    assert outcome(shop)[:3] == ("A", "PENDING", "30000.00")
    assert shop.limit() == ("15000.00", "0.00", "15000.00")
