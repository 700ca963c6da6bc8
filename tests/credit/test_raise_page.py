"""How to raise the limit: what it hangs on, past reviews, asking, and the answers."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from credit.models import LimitRequest
from credit.operations import policies, requests
from tests import shops
from tests.amounts import usd
from tests.credit.pages import read, set_clock
from tests.credit.reviewing import DECEMBER, shop_with
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop, instant
from tests.text import text_of
from tests.two_people import policy_by_two
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
RAISE, QUESTION = "/m/rosewood/credit/raise/ask/", "/m/rosewood/credit/raise/question/"
FOR_SPRING = {"limit": "8,000", "message": "For spring.", "request_key": "form-1"}
WHY_5_000 = {"message": "Why 5,000?", "request_key": "form-2"}


@kept()
def written() -> Shop:
    """The domain's new shop before its first review: 50.42 points, grade C."""
    shop = shop_with("1000.00", ("4.4", "60", "80", "85"))
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 10 Nov 2026, 10:00 UTC."""
    clock("2026-11-10 10:00")
    return written


def test_it_says_what_the_next_review_would_make_of_the_line(shop: Shop) -> None:
    said = read(shop, "raise/")
    assert "If the review of 1 Dec 2026 were now 50.42 of 100 points" in said
    assert "Grade C: keeps the limit Limit now 5,000.00 USD Limit then 5,000.00 USD" in said


def test_it_says_what_the_next_grade_takes(shop: Shop) -> None:
    said = read(shop, "raise/")
    assert "What grade B takes 14.58 more points" in said
    assert "Each of these alone would do: Trade volume 1,000.00 USD → 9,750.00 USD" in said
    assert "Shop rating 4.4 → 4.79 Grades" in said


def test_factors_come_with_value_points_and_weight_the_costliest_first(shop: Shop) -> None:
    said = read(shop, "raise/")
    assert "for more orders. 1,000.00 USD 15,000.00 USD 1.67 25 23.33" in said
    assert "on time raise it. 4.4 4.8 15 30 15" in said
    factors = ["Trade volume costs most points", "Shop rating Buyers", "Listing quality Complete"]
    assert [said.index(name) for name in factors] == sorted(said.index(name) for name in factors)


def test_it_says_how_far_a_review_goes(shop: Shop) -> None:
    said = read(shop, "raise/")
    assert "never to more than buyers paid in the 90 days before" in said
    assert "raises above 100,000.00 USD or cuts below 1,000.00 USD" in said
    assert "looks at raises to more than 20,000.00 USD" in said


GRADES = (
    "A: multiplies the limit by 3 from 80 points B: raises the limit by half from 65 points"
    " C: keeps the limit from 50 points D: multiplies the limit by 0.625 below"
)


def test_grades_do_to_the_limit_what_the_policy_says(clock: Callable[[str], None]) -> None:
    shop = shop_with("15000.00", reference="late")
    policy_by_two(
        policies.introduce,
        currency="USD",
        starts_on=date(2027, 1, 1),
        a_factor=Decimal(3),
        d_factor=Decimal("0.625"),
        reason="For spring.",
        now=instant("2026-11-10 09:00"),
    )
    shop.run_jobs(DECEMBER)
    clock("2026-12-05 10:00")
    said = read(shop, "raise/")
    assert "If the review of 1 Jan 2027 were now" in said
    assert "Grade A: multiplies the limit by 3 Limit now 10,000.00 USD" in said
    assert "Keep it, and your limit is multiplied by 3 at each review" in said
    assert GRADES in said
    assert "1 Dec 2026 A: doubles the limit 100" in said  # as it did then
    assert "Grade A: doubles the limit Limit before" in read(shop, "raise/reviews/2026-12/")


def test_at_the_maximum_it_says_so_and_the_form_comes_first(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    said = read(shop, "raise/")
    assert said.index("Ask for it") < said.index("If the review of 1 Dec 2026 were now")
    assert "maximum:" not in said
    shop_with("1000.00", reference="large", credit_limit="100000.00")
    clock("2026-11-10 10:00")
    said = read(Shop("large"), "raise/")
    assert "at the maximum: no review raises it above 100,000.00 USD" in said
    assert "Limit now 100,000.00 USD the maximum" in said


@pytest.mark.full  # what the next review would, above
def test_it_says_what_the_limit_would_be_once_what_is_overdue_is_paid(
    clock: Callable[[str], None],
) -> None:
    """Paid, it counts as paid, too: 9,651.55 and 98.45 are 9,750.00, which grade B takes."""
    shop = shop_with("9651.55", ("4.4", "60", "80", "85"), reference="late")
    shop.place("2026-11-03 11:00", "A", "98.45")
    shop.deliver("2026-11-05 10:00", "A")
    shop.run_jobs("2026-11-16 00:00")
    clock("2026-11-16 12:00")
    said = read(shop, "raise/")
    assert "Limit then 5,000.00 USD Limit then, once the overdue 98.45 USD is paid" in said
    assert "98.45 USD is paid 7,500.00 USD" in said
    assert "Overdue orders" in read(shop, "check/?amount=6,000")
    assert "The overdue 98.45 USD is not counted on" in read(shop, "check/?amount=6,000")
    said = read(shop, "check/?amount=5,000")
    assert "It would go through as soon as the overdue 98.45 USD is paid." in said


def test_a_shop_we_know_nothing_of_is_told_so(shop: Shop) -> None:
    shops.join("2026-11-01 10:00", "silent")
    said = read(Shop("silent"), "raise/")
    assert "The marketplace has sent no figures of your shop yet" in said
    assert "No review yet." in said
    assert "Nothing was asked yet." in said


@pytest.mark.parametrize("terms", [{"currency": "EUR"}, {"credit_limit": "0.00"}])
def test_where_no_reviews_are_held_no_page_announces_one(terms: dict[str, str]) -> None:
    shops.join("2026-11-01 10:00", "quiet", **terms)
    for page in ("raise/", "raise/reviews/"):
        said = read(Shop("quiet"), page)
        assert "None yet." in said
        assert "your limit is reviewed" not in said
        assert "The first one comes" not in said


@pytest.mark.full  # the list of reviews says why, below
def test_past_reviews_are_kept_with_what_they_went_by(
    shop: Shop, clock: Callable[[str], None]
) -> None:
    shop.run_jobs(DECEMBER)
    clock("2026-12-05 10:00")
    row = (
        "1 Dec 2026 C: keeps the limit 50.42 5,000.00 USD 5,000.00 USD"
        " No change Its grade keeps the limit"
    )
    assert row in read(shop, "raise/")
    assert row in read(shop, "raise/reviews/")
    said = read(shop, "raise/reviews/2026-12/")
    assert "Limit review of 1 Dec 2026 No change 50.42 of 100 points" in said
    assert "Overdue then 0.00 USD Frozen then no Rules version 1" in said
    assert "Trade volume costs most points 1,000.00 USD 15,000.00 USD 1.67 25 23.33" in said


def test_the_list_of_reviews_says_why_nothing_changed(clock: Callable[[str], None]) -> None:
    shop = shop_with("9000.00", ("4.8", "90", "100", "90"), reference="late")
    shop.place("2026-11-02 11:00", "LATE", "100.00")
    shop.deliver("2026-11-02 12:00", "LATE")  # due on the 12th
    shop.run_jobs(DECEMBER)
    clock("2026-12-05 10:00")
    said = read(shop, "raise/reviews/")
    assert "No change No raise while something is overdue" in said
    assert "Its grade keeps" not in said


def test_finance_asks_for_a_higher_limit_and_reads_the_answer(shop: Shop) -> None:
    client = browser_of(member(shop, "FINANCE", email="fin@shop.example"))
    response = client.post(RAISE, FOR_SPRING, follow=True)
    assert response.redirect_chain == [("/m/rosewood/credit/raise/", 302)]
    said = text_of(response)
    assert "You asked for 8,000.00 USD on 10 Nov 2026 10:00. We will answer here" in said
    assert "A higher limit 8,000.00 USD For spring. 10 Nov 2026 10:00 fin@shop.example" in said
    asked = LimitRequest.objects.get()
    requests.reject(
        request_id=asked.pk,
        actor="olga@tael.example",
        told="Too early.",
        reason="Too early.",
        now=asked.asked_at,
    )
    said = text_of(client.get("/m/rosewood/credit/raise/requests/"))
    assert "Rejected Too early." in said
    assert "olga" not in said


def test_asking_twice_by_a_double_click_is_asking_once(shop: Shop) -> None:
    client = browser_of(member(shop))
    for address, content in ((RAISE, FOR_SPRING), (QUESTION, WHY_5_000)):
        assert [client.post(address, content).status_code for _ in range(2)] == [302, 302]
    assert sorted(LimitRequest.objects.values_list("kind", flat=True)) == ["QUESTION", "RAISE"]


def test_a_second_raise_waits_for_the_first_ones_answer(shop: Shop) -> None:
    client = browser_of(member(shop))
    client.post(RAISE, FOR_SPRING)
    response = client.post(
        RAISE, FOR_SPRING | {"message": "More, please.", "request_key": "form-2"}
    )
    assert response.status_code == 422
    assert "You have asked for a higher limit already." in text_of(response)
    assert "More, please." in response.content.decode()
    assert LimitRequest.objects.get().limit_wanted == usd(8000)


@pytest.mark.parametrize(
    ("content", "answer"),
    some(
        [
            ({"limit": "5000", "message": "x"}, "Name a limit that is above the present one."),
            ({"limit": "many", "message": "x"}, "Enter a number."),
            ({"limit": "8000.001", "message": "x"}, "at most 2 decimals"),
            ({"limit": "8000", "message": "  "}, "This field is required."),
            ({"limit": "8000", "message": "x" * 501}, "at most 500 characters"),
            ({"limit": "8000", "message": "a\x00b"}, "Null characters are not allowed."),
        ],
        3,
    ),
)
def test_a_request_that_cannot_be_is_refused_and_what_was_typed_stays(
    shop: Shop, content: dict[str, str], answer: str
) -> None:
    response = browser_of(member(shop)).post(RAISE, FOR_SPRING | content)
    assert response.status_code == 422
    assert answer in text_of(response)
    assert f'value="{content["limit"]}"' in response.content.decode()
    assert not LimitRequest.objects.exists()


def test_a_question_is_asked_and_answered(shop: Shop) -> None:
    client = browser_of(member(shop))
    client.post(QUESTION, WHY_5_000)
    asked = LimitRequest.objects.get()
    requests.answer(
        request_id=asked.pk,
        actor="olga@tael.example",
        reason="We looked.",
        told="See below.",
        now=asked.asked_at,
    )
    said = text_of(client.get("/m/rosewood/credit/raise/"))
    assert "A question Why 5,000?" in said
    assert "Answered See below." in said


def test_a_viewer_sees_no_form_and_may_not_ask(shop: Shop) -> None:
    viewer = browser_of(member(shop, "VIEWER"))
    response = viewer.get("/m/rosewood/credit/raise/")
    assert "Owners and finance can ask." in text_of(response)
    assert RAISE not in response.content.decode()
    assert viewer.post(RAISE, FOR_SPRING).status_code == 403
    assert viewer.post(QUESTION, WHY_5_000).status_code == 403
    assert not LimitRequest.objects.exists()


def test_it_takes_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    client.post(RAISE, FOR_SPRING)
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/raise/")


def test_before_the_first_figures_it_says_what_a_review_will_look_at(
    clock: Callable[[str], None],
) -> None:
    shop = shops.join("2026-11-01 10:00", "quiet")
    clock("2026-11-10 10:00")
    said = read(shop, "raise/", role="VIEWER")
    assert "What your first review will look at" in said
    assert "Quick answers and parcels that arrive on time raise it. 4 4.8 30" in said
    assert "It grows as buyers pay for more orders. 0.00 USD 15,000.00 USD 25" in said
    assert "A confirmed profile alone gives 15 points" in said
    assert "No review to come" not in said
