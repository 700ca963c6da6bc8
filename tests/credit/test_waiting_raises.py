"""What ends a raise that waits, and what an approval gives by then (rule 8.10, rule 8.12)."""

from datetime import date
from decimal import Decimal

import pytest
from moneyed import Money

from billing.operations import closing
from credit.models import LimitEntry, LimitReview
from credit.operations import limits, policies, requests, review_decisions
from credit.operations.review_decisions import ReviewOvertaken
from lib.refusals import AlreadyDecided
from notices import letters
from notices.models import Notice
from tests import books, shops
from tests.amounts import usd
from tests.credit.reviewing import DECEMBER, OPERATOR, latest, limit, metrics, outcome, shop_with
from tests.factories import RaiseRequestFactory, browser_of, member
from tests.text import text_of
from tests.two_people import decided, policy_by_two
from tests.unchanged import nothing_changes
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db


def waiting(paid: str = "45000.00") -> shops.Shop:
    """A shop whose raise from 15,000 to 30,000 waits since 1 December 2026."""
    shop = shop_with(paid, credit_limit="15000.00")
    shop.run_jobs(DECEMBER)
    assert outcome(shop) == ("A", "PENDING", "30000.00", "needs_approval")
    return shop


def set_limit(shop: shops.Shop, at: str, figure: str) -> None:
    """Set the shop's limit by two people."""
    decided(
        limits.set_limit,
        merchant_id=shop.line.pk,
        limit=Money(figure, "USD"),
        actor=OPERATOR,
        reason="A closer look.",
        now=shop.at(at),
    )


def approve(shop: shops.Shop, at: str, review: LimitReview | None = None) -> LimitReview:
    """Approve the raise that waits, after the latest review unless another is given."""
    review = review or latest(shop)
    return review_decisions.approve(
        review_id=review.pk, actor=OPERATOR, reason="A good year.", now=shop.at(at)
    )


def told() -> list[tuple[str, str]]:
    """What notices of reviews say: status and proposed limit, in order."""
    notices = Notice.objects.filter(kind="REVIEW").order_by("pk")
    return [(one.details["status"], one.details["limit_proposed"]) for one in notices]


def said(notice: Notice) -> str:
    """The sentence of the notice."""
    return letters.sentence(notice).replace("\N{NO-BREAK SPACE}", " ")


def page_of(shop: shops.Shop, month: str = "2026-12") -> str:
    """What the merchant reads on the page of the review."""
    client = browser_of(member(shop, email="mei@rosewood.example"))
    return text_of(client.get(f"/m/rosewood/credit/raise/reviews/{month}/"))


def audit() -> None:
    """Check that the audit finds nothing."""
    books.assert_clean()


def test_a_limit_set_by_an_operator_ends_it_for_good() -> None:
    shop = waiting()
    set_limit(shop, "2026-12-02 10:00", "5000")
    review = latest(shop)
    assert (review.status, review.decided_by) == ("VOID", OPERATOR)
    assert "Your limit was changed from 15,000.00 USD to 5,000.00 USD before this" in page_of(shop)
    assert review.decided_at == shop.at("2026-12-02 10:00")
    assert told() == [("PENDING", "30000.00"), ("VOID", "30000.00")]
    assert said(Notice.objects.get(cause="2026-12-01 VOID")).startswith(
        "A raise to 30,000.00 USD no longer waits for our decision"
    )
    set_limit(shop, "2026-12-03 10:00", "15000")
    assert latest(shop).status == "VOID"
    with nothing_changes(), pytest.raises(AlreadyDecided):
        approve(shop, "2026-12-03 11:00")
    assert limit(shop) == "15000.00"
    assert told() == [("PENDING", "30000.00"), ("VOID", "30000.00")]
    audit()


@pytest.mark.full  # a limit set by an operator, above
def test_a_raise_that_the_merchant_asked_for_ends_it() -> None:
    shop = waiting()
    request = RaiseRequestFactory.create(
        shop=shop, at="2026-12-02 10:00", limit_wanted="16000", actor="owner@rosewood.example"
    )
    assert latest(shop).status == "PENDING"
    requests.approve_raise(
        request_id=request.pk,
        actor=OPERATOR,
        told="Fine.",
        reason="Fine.",
        now=shop.at("2026-12-02 11:00"),
    )
    assert (latest(shop).status, limit(shop)) == ("VOID", "16000.00")
    assert told() == [("PENDING", "30000.00"), ("VOID", "30000.00")]
    audit()


def test_a_write_off_ends_it_as_its_day_starts() -> None:
    policy_by_two(
        policies.introduce,
        currency="USD",
        starts_on=date(2026, 11, 5),
        reason="Sooner.",
        now=shops.instant("2026-11-04 09:00"),
        write_off_days=7,
    )
    shop = waiting()
    shop.place("2026-12-01 10:00", "lost", "100.00")
    shop.deliver("2026-12-01 10:00", "lost")  # due on 11 December, written off on the 18th
    shop.run_jobs("2026-12-17 23:59")
    assert latest(shop).status == "PENDING"
    shop.run_jobs("2026-12-18 09:00")
    review = latest(shop)
    assert (review.status, review.decided_by, limit(shop)) == ("VOID", "day-end", "14900.00")
    assert review.decided_at == shop.at("2026-12-18 00:00")
    assert told() == [("PENDING", "30000.00"), ("VOID", "30000.00")]
    audit()


@pytest.mark.full  # a write-off, above
def test_the_next_review_ends_it_though_it_changes_nothing() -> None:
    shop = waiting()
    metrics(shop, "2026-12-20 10:00", "4.0", "60", "60", "60")  # a C
    shop.run_jobs("2027-01-01 00:00")
    statuses = list(shop.line.reviews.order_by("on").values_list("status", flat=True))
    assert statuses == ["VOID", "UNCHANGED"]
    assert "The review of 1 Jan 2027 came before this raise was decided about." in page_of(shop)
    assert told() == [("PENDING", "30000.00"), ("VOID", "30000.00"), ("UNCHANGED", "15000.00")]
    assert limit(shop) == "15000.00"
    audit()


@pytest.mark.full  # a write-off, above
def test_the_closing_of_the_account_ends_it() -> None:
    shop = waiting()
    closing.close(
        merchant_id=shop.merchant.pk,
        actor=OPERATOR,
        reason="They asked for it.",
        now=shop.at("2026-12-05 10:00"),
    )
    assert latest(shop).status == "VOID"
    assert "Your account was closed before this raise was decided about." in page_of(shop)
    assert told() == [("PENDING", "30000.00"), ("VOID", "30000.00")]
    audit()


# --- what an approval gives -------------------------------------------------------------------


@pytest.mark.full  # what was paid counts, below
def test_an_approval_gives_less_when_less_has_been_paid_by_then() -> None:
    shop = waiting("30050.00")
    shop.refund("2026-12-02 09:00", "sold-0", "9900.01")  # 20,149.99 paid are left
    review = approve(shop, "2026-12-02 10:00")
    assert (review.status, review.limit_proposed) == ("APPROVED", usd(30000))
    assert review.limit_given == usd(20100)
    assert limit(shop) == "20100.00"
    entry = LimitEntry.objects.get(kind="REVIEW")
    assert (entry.limit_change, entry.limit_after) == (usd(5100), usd(20100))
    notice = Notice.objects.get(cause="2026-12-01 APPROVED")
    assert said(notice) == (
        "Your limit was raised from 15,000.00 USD to 20,100.00 USD: Our team has decided this. Ask"
        " us about it if anything is unclear."
    )
    audit()


def test_what_was_paid_counts_from_ninety_days_before_the_approval() -> None:
    shop = shop_with("45000.00", credit_limit="15000.00")  # on 2 November
    shop.run_jobs(DECEMBER)
    shop.run_jobs("2027-01-31 23:59")
    review = latest(shop)
    assert (str(review.on), review.status) == ("2027-01-01", "PENDING")
    approve(shop, "2027-01-31 23:59")  # 2 November is the first of the 90 days before
    assert limit(shop) == "30000.00"


@pytest.mark.full  # what was paid counts, above
def test_what_was_paid_too_long_ago_makes_it_no_raise_and_void() -> None:
    shop = shop_with("45000.00", credit_limit="15000.00")
    policy_by_two(
        policies.introduce,
        currency="USD",
        starts_on=date(2026, 12, 2),
        reason="Only what is fresh.",
        now=shops.instant("2026-11-30 09:00"),
        paid_days=10,
    )
    shop.run_jobs(DECEMBER)
    with pytest.raises(ReviewOvertaken):
        approve(shop, "2026-12-02 10:00")
    review = latest(shop)
    assert (review.status, review.decided_by, review.limit_given) == ("VOID", OPERATOR, None)
    assert "what buyers had paid left nothing to raise." in page_of(shop)
    assert limit(shop) == "15000.00"
    assert not LimitEntry.objects.filter(kind="REVIEW").exists()
    assert told()[-1] == ("VOID", "30000.00")
    assert TrailEntry.objects.filter(action="REVIEW_OVERTAKEN").count() == 1
    audit()


def test_what_was_written_for_an_approval_is_not_read_where_nothing_could_be_given() -> None:
    shop = waiting()
    policy_by_two(
        policies.introduce,
        currency="USD",
        starts_on=date(2026, 12, 3),
        reason="A lower maximum.",
        now=shops.instant("2026-12-02 09:00"),
        maximum_limit=Decimal(15000),
        automatic_up_to=Decimal(10000),
    )
    with pytest.raises(ReviewOvertaken):
        review_decisions.approve(
            review_id=latest(shop).pk,
            actor=OPERATOR,
            reason="A good year.",
            told="We gladly raise your limit.",
            now=shop.at("2026-12-03 10:00"),
        )
    review = latest(shop)
    assert (review.status, review.decision_reason, review.decision_told) == (
        *("VOID", "A good year.", ""),
    )
    client = browser_of(member(shop, email="mei@rosewood.example"))
    pages = [
        text_of(client.get(f"/m/rosewood/credit/raise/reviews/{page}")) for page in ("2026-12/", "")
    ]
    for page in pages:
        assert "No longer applies" in page
        assert "We gladly raise" not in page
        assert "Our team has decided this" not in page
    assert "left nothing to raise." in pages[0]


@pytest.mark.parametrize(
    ("maximum", "given"),
    some([("29999", "29900.00"), ("15100", "15100.00"), ("15099.99", "VOID")], 3),
)
def test_the_maximum_of_the_day_caps_it(maximum: str, given: str) -> None:
    shop = waiting()
    policy_by_two(
        policies.introduce,
        currency="USD",
        starts_on=date(2026, 12, 3),
        reason="A lower maximum.",
        now=shops.instant("2026-12-02 09:00"),
        maximum_limit=Decimal(maximum),
        automatic_up_to=Decimal(10000),
    )
    if given == "VOID":
        with pytest.raises(ReviewOvertaken):
            approve(shop, "2026-12-03 10:00")
        assert (latest(shop).status, limit(shop)) == ("VOID", "15000.00")
    else:
        approve(shop, "2026-12-03 10:00")
        assert (latest(shop).status, limit(shop)) == ("APPROVED", given)
    audit()
