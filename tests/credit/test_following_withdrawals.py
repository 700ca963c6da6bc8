"""Merchants' people follow a withdrawal on its pages, and cancel it while it waits."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.credit.pages import answers, everybody, read, set_clock
from tests.credit.withdrawal_pages import asked
from tests.credit.withdrawing import (
    NOW,
    approve,
    cancel,
    fees,
    pay_out,
    reject,
    sell,
    shop_with,
    withdraw,
)
from tests.factories import CreditPolicyFactory, FreezeFactory, browser_of, member
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


def amounts(shop: Shop, query: str) -> list[str]:
    """The amounts of the withdrawals that the list shows."""
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/withdrawals/{query}")
    return [str(one.amount.amount) for one in response.context["page"].rows]


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


def test_a_withdrawal_tells_its_history(shop: Shop, settings: LazySettings) -> None:
    settings.TAEL_SANDBOX = False  # people send them
    withdrawal = withdraw(shop, "100.00")
    path = f"withdrawals/{withdrawal}/"
    assert "Out of your proceeds 101.50 USD" in read(shop, path)
    pay_out(withdrawal, "2026-11-03 15:00")
    page = read(shop, path)
    assert "The bank paid it to your account." in page
    assert (
        "Requested 3 Nov 2026 10:00 mei@rosewood.example Sent 3 Nov 2026 15:00 – "
        "Paid 3 Nov 2026 15:00 –" in page
    )
    assert "olga" not in page
    assert "Cancel the withdrawal" not in page


def test_one_that_was_rejected_says_why(shop: Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    reject(withdrawal, reason="The holder is another company.")
    page = read(shop, f"withdrawals/{withdrawal}/")
    assert (
        "We did not send it. Amount and fee are back in your proceeds. "
        "Reason: The holder is another company." in page
    )
    assert "Rejected 3 Nov 2026 10:00 The holder is another company." in page
    assert "olga" not in page


def test_a_large_one_waits_for_its_approval(shop: Shop) -> None:
    sell(shop, "2026-11-02 10:00", "50000.00")
    withdrawal = withdraw(shop, "20000.00")
    path = f"withdrawals/{withdrawal}/"
    assert "a person of our team approves it first" in read(shop, path)
    approve(withdrawal)
    assert "Approved 3 Nov 2026 10:00 –" in read(shop, path)


def test_one_that_takes_long_is_said_to_be_late(shop: Shop, clock: Callable[[str], None]) -> None:
    withdrawal = withdraw(shop, "100.00")
    clock("2026-11-04 09:59")
    assert "Late" not in read(shop, "withdrawals/")
    clock("2026-11-04 10:00")
    assert "Requested Late 4 Nov 2026 10:00" in read(shop, "withdrawals/")
    assert "It takes longer than the 24 hours" in read(shop, f"withdrawals/{withdrawal}/")


@pytest.mark.full  # each filter in test_every_filter.py
def test_the_list_is_filtered_by_where_they_are(shop: Shop, settings: LazySettings) -> None:
    settings.TAEL_SANDBOX = False
    pay_out(withdraw(shop, "10.00", "2026-11-03 08:00"))
    cancel(withdraw(shop, "20.00", "2026-11-03 08:10"))
    withdraw(shop, "30.00", "2026-11-03 08:20")
    settings.TAEL_SANDBOX = True
    assert amounts(shop, "") == ["30.00", "20.00", "10.00"]
    assert amounts(shop, "?standing=UNDER_WAY") == ["30.00"]
    assert amounts(shop, "?standing=PAID") == ["10.00"]
    assert amounts(shop, "?standing=RETURNED") == ["20.00"]
    assert amounts(shop, "?standing=NONSENSE") == []


def test_empty_lists_say_what_to_do_next(shop: Shop) -> None:
    assert "withdraw them to one of your destinations" in read(shop, "withdrawals/")
    assert "Nothing matches. Ask for something else" in read(shop, "withdrawals/?standing=PAID")


def test_before_it_is_sent_it_can_be_cancelled(shop: Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    client = browser_of(member(shop, email="mei@shop.example"))
    path = f"/m/rosewood/credit/withdrawals/{withdrawal}/"
    assert "Cancel the withdrawal" in text_of(client.get(path))
    page = text_of(client.post(f"{path}cancel/", follow=True))
    assert "Cancelled. Amount and fee are back in your proceeds." in page
    assert "Made of" not in page  # no sale was paid out by it
    assert "Cancelled 3 Nov 2026 10:00 mei@shop.example" in page
    assert shop.proceeds() == "300.00"
    with nothing_changes():
        page = text_of(client.post(f"{path}cancel/", follow=True))
        assert "It is too late to cancel: the withdrawal was sent, or has ended." in page


def test_after_it_was_sent_it_cannot(shop: Shop, settings: LazySettings) -> None:
    settings.TAEL_SANDBOX = False
    withdrawal = withdraw(shop, "100.00")
    pay_out(withdrawal)
    client = browser_of(member(shop))
    with nothing_changes():
        path = f"/m/rosewood/credit/withdrawals/{withdrawal}/cancel/"
        assert "It is too late to cancel" in text_of(client.post(path, follow=True))


@pytest.mark.full  # each page is asked in test_authorisation.py
def test_everybody_of_the_merchant_sees_them_and_nobody_else(shop: Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    seen = {"OWNER": 200, "FINANCE": 200, "VIEWER": 200, **NOBODY_ELSE}
    assert answers(shop, "withdrawals/") == seen
    assert "Cancel the withdrawal" not in read(shop, f"withdrawals/{withdrawal}/", "VIEWER")
    assert "Withdraw Status" not in read(shop, "withdrawals/", "VIEWER")


def test_one_withdrawal_is_seen_by_the_merchants_people_only(shop: Shop) -> None:
    seen = {"OWNER": 200, "FINANCE": 200, "VIEWER": 200, **NOBODY_ELSE}
    assert answers(shop, f"withdrawals/{withdraw(shop, '100.00')}/") == seen


@pytest.mark.full  # each form is sent in test_authorisation.py
@pytest.mark.parametrize("method", ["get", "post"])
def test_owners_and_finance_withdraw(shop: Shop, method: str) -> None:
    done = 200 if method == "get" else 422  # nothing was filled in
    clients = everybody(shop)
    with nothing_changes():
        assert answers(shop, "withdrawals/new/", clients, method=method) == {
            **{"OWNER": done, "FINANCE": done, "VIEWER": 403},
            **NOBODY_ELSE,
        }


@pytest.mark.full  # each form is sent in test_authorisation.py
def test_owners_and_finance_cancel(shop: Shop) -> None:
    path = f"withdrawals/{withdraw(shop, '100.00')}/cancel/"
    owner, viewer = browser_of(member(shop)), browser_of(member(shop, "VIEWER"))
    with nothing_changes():
        assert owner.get(f"/m/rosewood/credit/{path}").status_code == 405
        assert viewer.post(f"/m/rosewood/credit/{path}").status_code == 403
        assert Client().post(f"/m/rosewood/credit/{path}").status_code == 302
    assert answers(shop, path, method="post") == {
        **{"OWNER": 302, "FINANCE": 302, "VIEWER": 403},
        **NOBODY_ELSE,
    }
    assert shop.proceeds() == "300.00"


def test_anothers_withdrawal_is_not_found_under_ones_own(shop: Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    other = shop_with("5.00", "other-shop", name="Other Shop")
    client = browser_of(member(other))
    address = f"/m/other-shop/credit/withdrawals/{withdrawal}/"
    with nothing_changes():
        assert client.get(address).status_code == 404
        assert client.post(f"{address}cancel/").status_code == 404


@pytest.mark.full  # pages/test_page_queries has some pages
def test_pages_take_few_queries_however_many_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    CreditPolicyFactory.create(version=3, starts_on="2026-11-02", free_withdrawals_a_month=1)
    made = [withdraw(shop, "1.00") for _ in range(12)]
    FreezeFactory.create(shop=shop, at=NOW)
    too_much = urlencode(asked(shop, amount="1000.00"))
    for path in ("", "new/", f"new/?{urlencode(asked(shop))}", f"new/?{too_much}", f"{made[0]}/"):
        with django_assert_max_num_queries(12):
            client.get(f"/m/rosewood/credit/withdrawals/{path}")
