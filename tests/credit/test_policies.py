"""Versions of the credit figures, and what one would do to every line."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from credit.models import CreditPolicy, LimitEntry, LimitReview
from credit.operations import policies
from lib.refusals import Invalid
from tests.credit.reviewing import DECEMBER, limit, shop_with
from tests.shops import instant
from tests.two_people import policy_by_two
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


def introduce(starts_on: str, **figures: Decimal | int) -> CreditPolicy:
    """Introduce a credit policy in USD by two people."""
    policy_by_two(
        policies.introduce,
        currency="USD",
        starts_on=date.fromisoformat(starts_on),
        reason="The numbers of spring.",
        now=instant("2026-11-10 09:00"),
        **figures,
    )
    return CreditPolicy.objects.latest("pk")


def review(*arguments: str) -> str:
    """What `manage.py review` says."""
    output = StringIO()
    call_command("review", *arguments, stdout=output)
    return output.getvalue()


def test_a_review_is_held_by_the_version_of_its_day() -> None:
    introduce("2026-12-02", a_factor=Decimal(4), volume_multiple=Decimal(1))
    shop = shop_with("40000.00", settlement_days=0)
    shop.run_jobs(DECEMBER)
    assert limit(shop) == "10000.00"
    shop.run_jobs("2027-01-01 00:00")
    held = shop.line.reviews.order_by("on").values_list("policy__version", "limit_proposed")
    assert list(held) == [(1, Decimal(10000)), (2, Decimal(40000))]


def test_a_version_keeps_what_it_does_not_change() -> None:
    policy = introduce("2026-11-11", a_factor=Decimal(3))
    assert (policy.version, policy.a_factor, policy.b_factor) == (2, 3, Decimal("1.5"))
    assert policies.in_force("USD", date(2026, 11, 10)).version == 1
    assert policies.in_force("USD", date(2026, 11, 11)).version == 2


@pytest.mark.parametrize("starts_on", ["2026-11-10", "2026-11-09"])
def test_what_has_started_cannot_be_changed(starts_on: str) -> None:
    with pytest.raises(Invalid, match="after today"):
        introduce(starts_on)
    assert CreditPolicy.objects.filter(currency="USD").count() == 1


def test_a_version_starts_after_the_one_before() -> None:
    introduce("2026-11-20")
    with pytest.raises(Invalid, match="must be after"):
        introduce("2026-11-20")
    assert CreditPolicy.objects.filter(currency="USD").count() == 2


def test_the_database_refuses_any_change() -> None:
    for change in (
        CreditPolicy.objects.all().delete,
        lambda: CreditPolicy.objects.update(version=9),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_dry_run_counts_and_writes_nothing() -> None:
    shop_with("12000.00", ("4.8", "80", "100", "90"))
    # A command writes down which time zone rules the books are counted by, where none has yet.
    with nothing_changes(but=["merchants_timezonedata"]):
        output = review("--dry-run", "--policy", "1")
    assert "USD, policy 1: 1 lines reviewed" in output
    rows = [[cell.strip() for cell in row.strip("│ ").split("│")] for row in output.splitlines()]
    assert ["grade A, APPLIED", "1"] in rows
    assert ["total limit before", "5000.00"] in rows
    assert not LimitReview.objects.exists()
    assert not LimitEntry.objects.filter(kind="REVIEW").exists()


def test_where_no_policy_has_started_a_dry_run_reviews_nothing_as_reviews_do() -> None:
    shop_with("12000.00", ("4.8", "80", "100", "90"), currency="NOK")
    assert not CreditPolicy.objects.filter(currency="NOK").exists()
    policy_by_two(
        policies.introduce,
        currency="NOK",
        starts_on=date(2100, 1, 1),
        reason="For the next century.",
        now=instant("2026-11-10 09:00"),
    )
    assert "No line would be reviewed" in review("--dry-run")
    assert "NOK, policy 1: 1 lines reviewed" in review("--dry-run", "--policy", "1")


def test_only_a_dry_run_is_offered() -> None:
    with pytest.raises(CommandError, match="--dry-run"):
        review()
    with pytest.raises(CommandError, match="version 9"):
        review("--dry-run", "--policy", "9")
    assert "No line would be reviewed" in review("--dry-run")
