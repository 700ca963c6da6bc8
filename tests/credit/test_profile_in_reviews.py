"""How complete a profile counts in a review: as reported, or as confirmed here (rule 8.4)."""

from decimal import Decimal

import pytest

from credit import scoring
from credit.models import LimitReview
from credit.queries import explanation
from credit.queries.explanation import Gain
from merchants.models import ProfilePart
from merchants.operations import profiles
from tests import shops
from tests.amounts import usd
from tests.credit.pages import read, set_clock
from tests.credit.reviewing import DECEMBER, latest, shop_with
from tests.factories import ProfileFactory, browser_of, member
from tests.text import text_of

pytestmark = pytest.mark.django_db

OWNER = "owner@rosewood.example"
OFFICER = "olga@tael.example"
FIELDS = {"licence_number": "L-1", "contact_name": "Mei", "contact_email": "mei@shop.example"}


def shop_reported(completeness: str) -> shops.Shop:
    """A shop with a profile that is not confirmed. Its first review, in December, knows the
    marketplace's figure of how complete it is.
    """
    shop = shop_with("12000.00", ("4.8", "80", completeness, "90"))
    ProfileFactory.create(
        shop=shop,
        at="2026-11-10 10:00",
        fields=FIELDS,
        document=profiles.Document("licence.pdf", b"%PDF-1.7 ..."),
        actor=OWNER,
    )
    return shop


def confirm(shop: shops.Shop, part: str, at: str = "2026-11-11 10:00") -> None:
    """Confirm this part of the profile."""
    profiles.confirm(
        merchant_id=shop.merchant.pk, part=ProfilePart(part), actor=OFFICER, now=shop.at(at)
    )


def reject(shop: shops.Shop, part: str, at: str = "2026-11-12 10:00") -> None:
    """Reject this part of the profile."""
    profiles.reject(
        merchant_id=shop.merchant.pk,
        part=ProfilePart(part),
        told="It has expired.",
        reason="It has expired.",
        actor=OFFICER,
        now=shop.at(at),
    )


def reviewed(shop: shops.Shop) -> LimitReview:
    """The review of December."""
    shop.run_jobs(DECEMBER)
    return latest(shop)


def figures(review: LimitReview) -> tuple[str, str, bool, str, str]:
    """Reported, confirmed, rejected, what counted, and its points."""
    return (
        f"{review.profile_reported:.0f}",
        f"{review.profile_confirmed:.0f}",
        review.profile_rejected,
        f"{review.profile_completeness:.0f}",
        f"{review.profile_points:.2f}",
    )


@pytest.mark.parametrize(
    ("reported", "confirmed", "is_rejected", "counted"),
    [
        ("0", "0", False, "0"),
        ("40", "50", False, "50"),
        ("60", "50", False, "60"),
        ("60", "100", False, "100"),
        ("100", "0", False, "100"),
        ("100", "0", True, "50"),
        ("100", "50", True, "50"),
        ("30", "0", True, "30"),
        ("30", "50", True, "50"),
    ],
)
def test_the_larger_figure_counts_and_half_at_most_while_a_part_is_rejected(
    reported: str, confirmed: str, is_rejected: bool, counted: str
) -> None:
    figure = scoring.completeness(Decimal(reported), Decimal(confirmed), is_rejected=is_rejected)
    assert figure == Decimal(counted)


def test_without_a_confirmation_it_is_as_reported() -> None:
    assert figures(reviewed(shop_reported("60"))) == ("60", "0", False, "60", "9.00")


def test_each_confirmed_part_is_fifty() -> None:
    shop = shop_reported("40")
    confirm(shop, "LICENCE")
    review = reviewed(shop)
    assert figures(review) == ("40", "50", False, "50", "7.50")
    # 30 + 20 + 12 + 7.5 + 13.5
    assert (review.score, review.grade) == (Decimal(83), "A")


def test_both_parts_are_all() -> None:
    shop = shop_reported("0")
    confirm(shop, "LICENCE")
    confirm(shop, "CONTACTS")
    assert figures(reviewed(shop)) == ("0", "100", False, "100", "15.00")


def test_a_change_takes_its_confirmation_away() -> None:
    shop = shop_reported("20")
    confirm(shop, "LICENCE")
    confirm(shop, "CONTACTS")
    ProfileFactory.create(
        shop=shop, at="2026-11-20 10:00", fields={"licence_number": "L-2"}, actor=OWNER
    )
    assert figures(reviewed(shop)) == ("20", "50", False, "50", "7.50")


def test_a_rejected_part_holds_it_at_fifty_until_it_is_changed() -> None:
    shop = shop_reported("100")
    confirm(shop, "CONTACTS")
    reject(shop, "LICENCE")
    assert figures(reviewed(shop)) == ("100", "50", True, "50", "7.50")
    ProfileFactory.create(
        shop=shop, at="2026-12-10 10:00", fields={"licence_number": "L-2"}, actor=OWNER
    )
    shop.run_jobs("2027-01-01 00:00")
    assert figures(latest(shop)) == ("100", "50", False, "100", "15.00")


@pytest.mark.full  # one in time, above
def test_a_review_that_is_late_counts_what_stood_at_its_instant() -> None:
    """Nothing ran at midnight; what was confirmed in the morning is of the next review."""
    shop = shop_reported("40")
    confirm(shop, "LICENCE", "2026-11-30 23:59")
    confirm(shop, "CONTACTS", "2026-12-01 00:00")
    reject(shop, "LICENCE", "2026-12-01 08:00")
    shop.run_jobs("2026-12-01 09:00")
    assert figures(latest(shop)) == ("40", "50", False, "50", "7.50")
    shop.run_jobs("2027-01-01 00:00")
    assert figures(latest(shop)) == ("40", "50", True, "50", "7.50")


def test_the_merchant_sees_both_figures() -> None:
    shop = shop_reported("40")
    confirm(shop, "CONTACTS")
    reject(shop, "LICENCE")
    explained = explanation.of_line(shop.line)
    assert explained is not None
    assert (explained.profile_reported, explained.profile_confirmed) == (Decimal(40), Decimal(50))
    reviewed(shop)
    browser = browser_of(member(shop))
    for page in ("/m/rosewood/credit/raise/reviews/2026-12/", "/m/rosewood/credit/raise/"):
        told = text_of(browser.get(page))
        assert "40 reported by the marketplace, 50 confirmed by us" in told
        assert "A part of your profile stood rejected" in told


@pytest.mark.full  # both parts, above
def test_what_a_confirmed_profile_would_add_is_what_it_then_adds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = shop_reported("20")  # 78.5 points with it, 90.5 once it is confirmed
    set_clock(monkeypatch)("2026-11-10 12:00")
    said = read(shop, "raise/")
    assert (
        "would add 12 points, and about 2,500.00 USD to your limit at the review of 1 Dec" in said
    )
    before = explanation.of_line(shop.line)
    for part in ("LICENCE", "CONTACTS"):
        confirm(shop, part)
    then = explanation.of_line(shop.line)
    assert before is not None
    assert then is not None
    assert before.profile_gain == Gain(then.score - before.score, usd("2500"))
    assert (then.score, then.limit_then, then.profile_gain) == (Decimal("90.5"), usd("10000"), None)
    assert reviewed(shop).limit_proposed == usd("10000")
