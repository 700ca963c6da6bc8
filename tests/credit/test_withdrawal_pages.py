"""Withdrawing on the pages: what it costs, once confirmed, and where it is afterwards."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from credit.models import Withdrawal
from tests.credit.pages import read, set_clock
from tests.credit.withdrawal_pages import NEW, asked, confirm
from tests.credit.withdrawing import (
    NOW,
    entries,
    fees,
    sell,
    shop_with,
    suspect,
)
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db


def confirmation(shop: Shop, **said: str) -> str:
    """The text of the page that asks the owner to confirm the withdrawal."""
    return text_of(browser_of(member(shop)).get(f"{NEW}?{urlencode(asked(shop, **said))}"))


def refused(shop: Shop, **said: str) -> str:
    """What the page says to a confirmed withdrawal that is not made."""
    client = browser_of(member(shop))
    with nothing_changes():
        response = confirm(shop, client, **said)
    assert response.status_code == 422
    return text_of(response)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the pages' clock."""
    return set_clock(monkeypatch)


@pytest.fixture
def shop(clock: Callable[[str], None], settings: LazySettings) -> Shop:
    """A shop with 300.00 to withdraw, each time for 1 % and 0.50, in a demonstration."""
    settings.TAEL_SANDBOX = True
    fees(percent="1", fixed="0.50")
    shop = shop_with("300.00")
    clock(NOW)
    return shop


def test_the_form_tells_what_can_be_withdrawn_and_where_to(shop: Shop) -> None:
    page = read(shop, "withdrawals/new/")
    assert "300.00 USD available, fee included Withdraw all Amount in USD To" in page
    assert "Bank card ···· 0003, ICBC, Mei Lin Continue" in page


def test_what_it_costs_is_shown_before_anything_happens(shop: Shop) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        page = text_of(client.get(f"{NEW}?{urlencode(asked(shop))}"))
    assert (
        "Nothing has been withdrawn yet. 100.00 USD arrives Fee 1.50 USD "
        "Out of your proceeds 101.50 USD Left to withdraw 198.50 USD "
        "To Bank card ···· 0003, ICBC Holder Mei Lin "
        "Expected by 4 Nov 2026 10:00" in page
    )


FIGURES = "/m/rosewood/credit/withdrawals/new/figures/"
WHAT_MOST_COSTS = """
    SELECT there.amount, round(there.amount * 0.01 + 0.50, 2),
           (SELECT sum(amount) FROM credit_proceedsentry)
    FROM generate_series(0, 30000) AS cents, LATERAL (SELECT cents / 100.0 AS amount) there
    WHERE there.amount + round(there.amount * 0.01 + 0.50, 2)
          <= (SELECT sum(amount) FROM credit_proceedsentry)
    ORDER BY there.amount DESC LIMIT 1
"""


@pytest.mark.full  # of operations in test_withdrawals.py
def test_all_is_the_largest_amount_that_leaves_room_for_its_fee(shop: Shop) -> None:
    """Typed, with a script or without one, and confirmed, the figures are the same; and they are
    what SQL finds by trying every amount.
    """
    with connection.cursor() as cursor:
        cursor.execute(WHAT_MOST_COSTS)
        most, fee, there = cursor.fetchone()
    assert (f"{most:.2f}", f"{fee:.2f}", f"{there:.2f}") == ("296.53", "3.47", "300.00")
    figures = (
        "Arrives 296.53 USD Fee 3.47 USD Out of your proceeds 300.00 USD Left to withdraw 0.00 USD"
    )
    client = browser_of(member(shop))
    with nothing_changes():
        form = client.get(f"{NEW}?all")
        answer = client.get(FIGURES, {"all": ""}).json()
        typed = client.get(FIGURES, {"amount": "296.53"}).json()
        part = client.get(FIGURES, {"amount": "100 USD"}).json()
        nothing = client.get(FIGURES, {"amount": ""}).json()
        too_much = client.get(FIGURES, {"amount": "296.54"}).json()
    assert figures in text_of(form)
    assert 'value="296.53"' in form.content.decode()
    assert answer["amount"] == "296.53"
    assert answer["figures"] == typed["figures"]
    assert "198.50" in part["figures"]
    assert (nothing["amount"], nothing["figures"].strip()) == (None, "")
    assert "Amount and fee are more than you can withdraw now." in too_much["figures"]
    assert confirm(shop, client, amount="296.53", fee="3.47").status_code == 302
    assert entries(shop) == ["SALE 300.00", "WITHDRAWAL -296.53", "FEE -3.47"]
    assert "Withdraw all" not in read(shop, "withdrawals/new/")
    assert "there is nothing" not in read(shop, "withdrawals/new/?all")


def test_who_may_not_withdraw_is_told_no_figures(shop: Shop) -> None:
    viewer = browser_of(member(shop, "VIEWER", email="vera@rosewood.example"))
    stranger = browser_of(member(shop_with("9.00", "other"), email="x@other.example"))
    assert viewer.get(FIGURES, {"amount": "1"}).status_code == 403
    assert stranger.get(FIGURES, {"amount": "1"}).status_code == 404
    assert Client().get(FIGURES, {"amount": "1"}).status_code == 302


@pytest.mark.full  # it waits in test_following_withdrawals.py
def test_a_large_one_is_said_to_need_approval(shop: Shop) -> None:
    sell(shop, "2026-11-02 10:00", "50000.00")
    sentence = "a person of our team approves it before it is sent"
    assert sentence in confirmation(shop, amount="20,000.00")
    assert sentence not in confirmation(shop)


@pytest.mark.full  # nothing is lost below
def test_one_can_go_back_to_the_form_with_what_was_filled_in(shop: Shop) -> None:
    content = asked(shop) | {"back": "1"}
    page = browser_of(member(shop)).get(f"{NEW}?{urlencode(content)}").content.decode()
    assert 'value="100.00"' in page
    assert 'value="form-1"' in page
    assert "Continue" in page


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("1.005", "at most 2 decimals"),
        *full(
            ("300.00", "Amount and fee are more than you can withdraw now."),
            ("", "This field is required."),
            ("much", "Enter a number."),
            ("0", "Enter an amount above 0."),
            ("-5", "Enter an amount above 0."),
            ("1e40", "Amount"),
        ),
    ],
)
def test_an_amount_that_is_none_is_refused_and_not_lost(shop: Shop, amount: str, why: str) -> None:
    assert why in confirmation(shop, amount=amount)
    assert why in refused(shop, amount=amount)
    page = browser_of(member(shop)).get(f"{NEW}?{urlencode(asked(shop, amount=amount))}")
    assert f'value="{amount}"' in page.content.decode() or not amount


def test_amounts_are_read_as_people_write_them(shop: Shop) -> None:
    assert "100.00 USD arrives" in confirmation(shop, amount=" 100 USD")


def test_confirmed_it_leaves_the_proceeds(shop: Shop) -> None:
    client = browser_of(member(shop, "FINANCE", email="fin@rosewood.example"))
    response = confirm(shop, client)
    withdrawal = Withdrawal.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/m/rosewood/credit/withdrawals/{withdrawal}/"
    assert entries(shop) == ["SALE 300.00", "WITHDRAWAL -100.00", "FEE -1.50"]
    assert withdrawal.requested_by == "fin@rosewood.example"
    page = text_of(client.get(response["Location"]))
    assert "Your withdrawal is with us." in page
    assert "We send it soon. You can still cancel it." in page


def test_sent_twice_it_is_one_withdrawal(shop: Shop) -> None:
    first, second = confirm(shop), confirm(shop)
    assert first["Location"] == second["Location"]
    assert Withdrawal.objects.count() == 1
    assert shop.proceeds() == "198.50"


@pytest.mark.full  # sent twice, above
def test_the_same_form_with_another_amount_is_asked_about(shop: Shop) -> None:
    confirm(shop)
    client = browser_of(member(shop))
    with nothing_changes():
        response = confirm(shop, client, amount="20.00", fee="0.70")
    page = client.get(response["Location"])
    assert "Do you want this one, too?" in text_of(page)
    assert "20.00 USD arrives Fee 0.70 USD" in text_of(page)
    assert "form-1" not in page.content.decode()


@pytest.mark.parametrize("fee", some(["1.00", "0", ""], 3))
def test_a_fee_that_was_not_shown_is_shown_first(shop: Shop, fee: str) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        response = confirm(shop, client, fee=fee)
    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query) == {
        "amount": ["100.00"],
        "destination": [str(shop.destination.pk)],
        "request_key": ["form-1"],
    }
    assert "Fee 1.50 USD" in text_of(client.get(response["Location"]))


@pytest.mark.full  # operations refuse it in test_withdrawals.py
def test_a_destination_added_today_has_to_wait(shop: Shop, clock: Callable[[str], None]) -> None:
    clock("2026-11-02 09:00")
    assert "(can be used from 2 Nov 2026 10:00)" in read(shop, "withdrawals/new/")
    sentence = "This destination can be used from 2 Nov 2026 10:00."
    assert sentence in confirmation(shop)
    assert sentence in refused(shop)


def test_anothers_destination_is_none_of_the_choices(shop: Shop) -> None:
    other = shop_with("5.00", "other-shop", name="Other Shop")
    for unknown in (str(other.destination.pk), "x", "9" * 30):
        assert "Choose one of your destinations." in refused(shop, destination=unknown)


def test_suspected_fraud_stops_them(shop: Shop) -> None:
    suspect(shop)
    stopped = "Withdrawals are stopped while we look into suspected fraud."
    assert stopped in confirmation(shop)
    assert stopped in refused(shop)
    assert "Withdrawals are stopped Since 3 Nov 2026 10:00" in read(shop, "withdrawals/")


def test_without_a_destination_one_is_added_first(shop: Shop) -> None:
    assert shop.destination.removed_at is None
    shop.line.destinations.update(removed_at=shop.at(NOW), removed_by="mei")
    page = read(shop, "withdrawals/new/")
    assert "You have no destination yet." in page
    assert "Add a destination" in page


def test_a_demonstration_offers_a_second_factor(shop: Shop) -> None:
    assert "Protect your withdrawals with a second factor" in read(shop, "withdrawals/new/")
