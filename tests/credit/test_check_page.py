"""Can I take this order?: an amount in, the answer with its reason."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from pytest_django import DjangoAssertNumQueries

from credit.models import Freeze
from tests import shops
from tests.credit.pages import read, set_clock
from tests.factories import FreezeFactory, browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)


@kept()
def written() -> Shop:
    """A shop on 12 October with 1,000 of limit, 600 of it held, 200 of that due on the 22nd."""
    shop = shops.join("2026-10-01 09:00", credit_limit="1000.00")
    shop.place("2026-10-10 10:00", "A-1", "400.00", buyer="Malee")
    shop.place("2026-10-11 10:00", "A-2", "200.00", buyer="Somchai")
    shop.deliver("2026-10-12 10:00", "A-2")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 12 Oct 2026, 12:00 UTC."""
    clock("2026-10-12 12:00")
    return written


def asked(shop: Shop, amount: str) -> str:
    """The page that says whether an order of this amount would be taken, as a viewer reads it."""
    return read(shop, f"check/?{urlencode({'amount': amount})}", role="VIEWER")


def test_without_a_question_there_is_no_answer(shop: Shop) -> None:
    said = read(shop, "check/")
    assert "Yes:" not in said
    assert "No:" not in said
    assert "This field is required" not in said


def test_an_order_within_what_is_available_would_go_through(shop: Shop) -> None:
    assert "Yes: 400.00 USD would go through 400.00 USD of your limit is available" in asked(
        shop, "400"
    )


def test_one_that_is_larger_says_what_is_missing_and_when_it_is_there(shop: Shop) -> None:
    said = asked(shop, "450.00")
    assert "No: 450.00 USD would be declined, as the limit is not enough" in said
    assert "400.00 USD is available; 50.00 USD is missing." in said
    assert "It would go through from 22 Oct 2026 on, if every buyer pays on time" in said


def test_one_that_no_payment_makes_room_for_leads_to_a_higher_limit(shop: Shop) -> None:
    said = asked(shop, "5,000.00")
    assert "4,600.00 USD is missing. No payment that is due would free enough" in said


def test_a_frozen_line_takes_none(shop: Shop) -> None:
    FreezeFactory.create(shop=shop, at="2026-10-12 11:00", reason=Freeze.Reason.SUSPECTED_FRAUD)
    said = asked(shop, "1")
    assert "No: 1.00 USD would be declined, as your credit line is frozen" in said
    assert "Suspected fraud, since 12 Oct 2026 11:00" in said


@pytest.mark.parametrize(
    ("amount", "answer"),
    some(
        [
            ("", "This field is required."),
            ("many", "Enter a number."),
            ("1,00", "Enter a number."),
            ("NaN", "Enter a number."),
            ("0", "Enter an amount above 0."),
            ("-5", "Enter an amount above 0."),
            ("1.005", "Enter an amount with at most 2 decimals, as USD has."),
            ("1e400", "Enter a number."),
            ("9" * 30, "Enter an amount below 1,000,000,000,000,000.00 USD."),
            ("1\x00", "Enter a number."),
        ],
        4,
    ),
)
def test_what_is_no_amount_is_answered_by_saying_so(shop: Shop, amount: str, answer: str) -> None:
    said = asked(shop, amount)
    assert answer in said
    assert "would" not in said.split("Check", 1)[1].split("Credit limit", 1)[0]


@pytest.mark.parametrize("amount", ["1,400.00", "1400", " 1 400 ", "1400.00 USD"])
def test_an_amount_is_read_as_people_write_it(shop: Shop, amount: str) -> None:
    assert "No: 1,400.00 USD would be declined" in asked(shop, amount)


def test_it_says_who_owes_most(shop: Shop) -> None:
    assert "Malee 1 66% 400.00 USD Somchai 1 33% 200.00 USD" in read(shop, "check/")


def test_asking_reserves_nothing(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        client.get("/m/rosewood/credit/check/?amount=450")
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/check/?amount=450")
