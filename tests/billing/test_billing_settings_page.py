"""Threshold, plan and cycle, and what bills are collected from."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from billing.models import ThresholdRequest
from tests import shops
from tests.billing import deciding
from tests.billing.pages import address_of, read, send
from tests.billing.paying import GOOD, SHORT, add_card, billed, choose, state
from tests.credit.pages import set_clock
from tests.factories import DetailsFactory, browser_of, member, proved
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

clock = pytest.fixture(set_clock)
ASK, CHOOSE, ADD = "settings/threshold/", "settings/method/", "settings/cards/"
FOR_SPRING: dict[str, Any] = {
    "threshold": "1,000",
    "message": "For spring.",
    "request_key": "form-1",
}
CARD: dict[str, Any] = {"number": "4242424242424242", "request_key": "form-1"}


@kept(TAEL_SANDBOX=True)
def written() -> Shop:
    """A shop that has 50.00 outstanding of 200.00, and pays 39.00 a month by transfer."""
    shop = shops.join("2026-11-01 09:00", plan_price="39.00")
    shop.charge("2026-11-05 10:00", "pick-pack", "50.00")
    shop.run_jobs("2026-11-10 00:00")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 10 Nov 2026, 10:00 UTC."""
    clock("2026-11-10 10:00")
    return written


def test_it_says_how_far_the_threshold_is_and_when_bills_come(shop: Shop) -> None:
    said = read(shop, "settings/")
    assert "50.00 USD outstanding Accruing today 0.00 USD Billing threshold 200.00 USD" in said
    assert "39.00 USD every 30 days Plan basic Next plan fee 1 Dec 2026 Next bill date" in said
    assert "Each plan date brings a bill with the plan fee and what is outstanding." in said


@pytest.mark.full  # the page of details does in test_parties.py
def test_it_says_whom_bills_are_made_out_to(shop: Shop) -> None:
    said = read(shop, "settings/")
    assert "Only your name so far: Rosewood Dresses." in said
    assert "not confirmed by us yet" not in said
    DetailsFactory.create(shop=shop, at="2026-11-10 09:00", purchase_order="")
    DetailsFactory.create(
        shop=shop, at="2026-11-10 09:30", legal_name="Rosewood SE", is_confirmed=False
    )
    said = read(shop, "settings/", "VIEWER")
    assert (
        "Legal name Rosewood GmbH Postal address Hauptstr. 5 10115 Berlin Country Germany"
        " Tax number DE136695976 Purchase order – What you have changed is not confirmed" in said
    )
    assert "Rosewood SE" not in said
    assert "Only your name" not in said


@pytest.mark.full  # the threshold is, above
def test_changes_that_wait_are_told(shop: Shop) -> None:
    deciding.change_plan(shop, "2026-11-10 09:00", "390.00", 365)
    deciding.change_time_zone(shop, "2026-11-10 09:00", "Asia/Bangkok")
    said = read(shop, "settings/")
    assert "From 1 Dec 2026 on: plan “grown”, 390.00 USD every 365 days." in said
    assert "From 1 Dec 2026 on your days are those of Bangkok, UTC+7." in said


def test_finance_asks_for_a_higher_threshold_and_reads_the_answer(shop: Shop) -> None:
    said = send(shop, ASK, "FINANCE", **FOR_SPRING)
    assert "You have asked for a higher threshold. We will answer here." in said
    assert "You asked for 1,000.00 USD on 10 Nov 2026 10:00." in said
    asked = ThresholdRequest.objects.get()
    deciding.approve_threshold(shop, "2026-11-11 10:00", asked, "800.00")
    said = read(shop, "settings/threshold/requests/", "VIEWER")
    assert "1,000.00 USD For spring. 10 Nov 2026 10:00" in said
    assert "Approved 800.00 USD agreed by telephone" in said
    assert "mali@" not in said
    assert "Billing threshold 800.00 USD" in read(shop, "settings/")


@pytest.mark.full  # one form at once in test_forms_sent_at_once.py
def test_asking_twice_by_a_double_click_is_asking_once(shop: Shop) -> None:
    for _ in range(2):
        assert "You have asked for a higher threshold." in send(shop, ASK, **FOR_SPRING)
    assert ThresholdRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "answer"),
    some(
        [
            ({"threshold": "200"}, "Name a threshold that is above the present one."),
            ({"threshold": "many"}, "Enter a number."),
            ({"threshold": "300.001"}, "at most 2 decimals"),
            ({"message": " "}, "This field is required."),
        ],
        4,
    ),
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    shop: Shop, content: dict[str, str], answer: str
) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        response = client.post(address_of(shop, ASK), FOR_SPRING | content)
    assert response.status_code == 422
    assert answer in text_of(response)
    assert f'value="{(FOR_SPRING | content)["threshold"]}"' in response.content.decode()


@pytest.mark.full  # operations refuse it in test_threshold_requests.py
def test_a_second_wish_waits_for_the_first_ones_answer(shop: Shop) -> None:
    client = proved(member(shop))
    send(shop, ASK, client=client, **FOR_SPRING)
    with nothing_changes():
        said = send(
            shop,
            ASK,
            client=client,
            threshold="2000",
            message="More, please.",
            request_key="form-2",
        )
    assert "You have asked for a higher threshold already." in said
    assert "More, please." in said


def test_methods_say_what_they_do_and_which_is_in_use(shop: Shop) -> None:
    said = read(shop, "settings/")
    assert "Proceeds Taken from your available proceeds when a bill is issued" in said
    assert "Bank transfer You transfer each bill within 7 days and name its number" in said
    assert "In use" in said[said.index("Bank transfer You") :]


def test_a_test_card_is_added_once_and_used_from_now_on(shop: Shop) -> None:
    for _ in range(2):
        said = send(shop, ADD, "FINANCE", **CARD)
        assert "Bills are collected from Visa ···· 4242 now." in said
    card = shop.account.cards.get()
    assert (card.token, card.brand, card.last_four) == ("sandbox-form-1", "Visa", "4242")
    assert shop.account.card == card
    assert "Visa ···· 4242 Collected from the card when a bill is issued. In use" in said


@pytest.mark.full  # one that is one, above
def test_a_number_that_is_no_test_card_is_not_taken(shop: Shop) -> None:
    client = proved(member(shop))
    with nothing_changes():
        said = send(shop, ADD, client=client, **CARD | {"number": "4111111111111111"})
    assert "Select a valid choice." in said
    assert not shop.account.cards.exists()


def test_test_cards_are_for_demonstrations_only(
    shop: Shop, settings: pytest.FixtureRequest
) -> None:
    settings.TAEL_SANDBOX = False  # type: ignore[attr-defined]
    assert "test card" not in read(shop, "settings/")
    response = browser_of(member(shop)).post(address_of(shop, ADD), CARD)
    assert response.status_code == 404
    assert not shop.account.cards.exists()


@pytest.mark.full  # test_trying_at_once has it, too
@pytest.mark.usefixtures("nothing_kept")
def test_another_method_is_chosen_and_a_failed_bill_is_tried_with_it(
    clock: Callable[[str], None],
) -> None:
    shop = billed(card=SHORT)
    clock("2026-11-01 11:30")
    shop.run_jobs("2026-11-01 11:00")
    good = add_card(shop, "2026-11-01 11:10", GOOD)
    choose(shop, "2026-11-01 11:15", "manual")
    said = send(shop, CHOOSE, method="sandbox", card=str(good.pk))
    assert "Your bills are collected this way from now on." in said
    assert shop.account.card == good
    shop.run_jobs("2026-11-01 12:00")
    assert state() == "PAID 39.00/39.00"


@pytest.mark.full  # nor does another merchant's card, below
@pytest.mark.parametrize(
    "content",
    some(
        [{"method": "stripe"}, {"method": "sandbox", "card": "999999"}, {"method": "gold"}, {}], 4
    ),
)
def test_a_method_that_there_is_not_changes_nothing(shop: Shop, content: dict[str, str]) -> None:
    client = proved(member(shop))
    with nothing_changes():
        said = send(shop, CHOOSE, client=client, **content)
    assert "from now on." not in said


def test_another_merchants_card_is_neither_used_nor_removed(shop: Shop) -> None:
    other = shops.join("2026-11-01 09:00", "other-shop")
    card = add_card(other, "2026-11-02 10:00", GOOD)
    client = proved(member(shop))
    with nothing_changes():
        said = send(shop, CHOOSE, client=client, method="sandbox", card=str(card.pk))
        assert "This card is not there any more." in said
        said = send(shop, f"settings/cards/{card.pk}/remove/", client=client)
        assert "This card is not there any more." in said
    card.refresh_from_db()
    assert card.removed_at is None


def test_a_card_is_removed_once_nothing_is_collected_from_it(shop: Shop) -> None:
    card = add_card(shop, "2026-11-10 09:00", GOOD)
    remove = f"settings/cards/{card.pk}/remove/"
    assert "Bills are collected from this card. Choose another method first." in send(shop, remove)
    send(shop, CHOOSE, method="manual")
    assert "Visa ···· 4242 was removed." in send(shop, remove)
    assert "Visa ···· 4242 Collected" not in read(shop, "settings/")
    assert "This card is not there any more." in send(shop, remove)


@pytest.mark.usefixtures("nothing_kept")
def test_an_account_in_another_currency_than_proceeds_has_no_such_method(
    clock: Callable[[str], None],
) -> None:
    clock("2026-11-10 10:00")
    shop = shops.join("2026-11-01 09:00", currency="THB", billing_currency="USD")
    assert "Taken from your available proceeds" not in read(shop, "settings/")


def test_a_closed_account_says_so(shop: Shop) -> None:
    deciding.close(shop, "2026-11-10 09:00")
    said = read(shop, "settings/")
    assert "Closed 10 Nov 2026" in said
    assert "Your account is closed." in said


@pytest.mark.full  # each page in test_page_queries.py
def test_it_takes_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (GOOD, SHORT):
        add_card(shop, "2026-11-10 09:00", number)
    deciding.change_plan(shop, "2026-11-10 09:00", "390.00", 365)
    send(shop, ASK, **FOR_SPRING)
    client = browser_of(member(shop))
    for path in ("settings/", "settings/threshold/requests/"):
        with django_assert_max_num_queries(12):
            client.get(address_of(shop, path))
