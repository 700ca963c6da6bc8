"""Withdrawing on the pages: what it costs, once confirmed, and where it is afterwards."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from credit.models import CreditPolicy, Freeze, Withdrawal
from credit.operations import freezes
from tests.credit.pages import answers, read, set_clock
from tests.credit.withdrawing import (
    NOW,
    approve,
    cancel,
    destination_of,
    entries,
    fees,
    pay_out,
    reject,
    sell,
    shop_with,
    suspect,
    unchanged,
    withdraw,
)
from tests.factories import browser_of, member
from tests.shops import Shop
from tests.text import text_of

pytestmark = pytest.mark.django_db

NEW = "/m/rosewood/credit/withdrawals/new/"
NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return set_clock(monkeypatch)


@pytest.fixture
def shop(clock: Callable[[str], None], settings: LazySettings) -> Shop:
    """With 300.00 to withdraw, each time for 1 % and 0.50, in a demonstration."""
    settings.TAEL_SANDBOX = True
    fees(percent="1", fixed="0.50")
    shop = shop_with("300.00")
    clock(NOW)
    return shop


def asked(shop: Shop, **said: str) -> dict[str, str]:
    return {
        "amount": "100.00",
        "destination": str(destination_of(shop).pk),
        "request_key": "form-1",
    } | said


def confirmation(shop: Shop, **said: str) -> str:
    return text_of(browser_of(member(shop)).get(f"{NEW}?{urlencode(asked(shop, **said))}"))


def confirm(shop: Shop, client: Client | None = None, **said: str) -> Any:
    content = asked(shop, **({"fee": "1.50"} | said))
    return (client or browser_of(member(shop))).post(NEW, content)


def refused(shop: Shop, **said: str) -> str:
    """What the page says to a confirmed withdrawal that is not made."""
    with unchanged(shop):
        response = confirm(shop, None, **said)
    assert response.status_code == 422
    return text_of(response)


# Asking.


def test_the_form_tells_what_can_be_withdrawn_and_where_to(shop: Shop) -> None:
    page = read(shop, "withdrawals/new/")
    assert "300.00 USD available, fee included Amount in USD To" in page
    assert "Bank card ···· 0003, ICBC, Mei Lin Go on" in page


def test_what_it_costs_is_shown_before_anything_happens(shop: Shop) -> None:
    with unchanged(shop):
        page = confirmation(shop)
    assert (
        "Nothing has been withdrawn yet. 100.00 USD arrives Fee 1.50 USD "
        "Out of your proceeds 101.50 USD To Bank card ···· 0003, ICBC Holder Mei Lin "
        "Expected by 4 Nov 2026 10:00" in page
    )


def test_a_large_one_is_said_to_need_approval(shop: Shop) -> None:
    sell(shop, "2026-11-02 10:00", "50000.00")
    sentence = "a person of our team approves it before it is sent"
    assert sentence in confirmation(shop, amount="20,000.00")
    assert sentence not in confirmation(shop)


def test_one_can_go_back_to_the_form_with_what_was_filled_in(shop: Shop) -> None:
    content = asked(shop) | {"back": "1"}
    page = browser_of(member(shop)).get(f"{NEW}?{urlencode(content)}").content.decode()
    assert 'value="100.00"' in page
    assert 'value="form-1"' in page
    assert "Go on" in page


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("", "This field is required."),
        ("much", "Enter a number."),
        ("0", "Enter an amount above 0."),
        ("-5", "Enter an amount above 0."),
        ("1.005", "at most 2 decimals"),
        ("300.00", "Amount and fee are more than you can withdraw now."),
        ("1e40", "Amount"),
    ],
)
def test_an_amount_that_is_none_is_refused_and_not_lost(shop: Shop, amount: str, why: str) -> None:
    assert why in confirmation(shop, amount=amount)
    assert why in refused(shop, amount=amount)
    page = browser_of(member(shop)).get(f"{NEW}?{urlencode(asked(shop, amount=amount))}")
    assert f'value="{amount}"' in page.content.decode() or not amount


def test_amounts_are_read_as_people_write_them(shop: Shop) -> None:
    assert "100.00 USD arrives" in confirmation(shop, amount=" 100 USD")


# Confirming.


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


def test_the_same_form_with_another_amount_is_asked_about(shop: Shop) -> None:
    confirm(shop)
    client = browser_of(member(shop))
    with unchanged(shop):
        response = confirm(shop, client, amount="20.00", fee="0.70")
    page = client.get(response["Location"])
    assert "Do you want this one, too?" in text_of(page)
    assert "20.00 USD arrives Fee 0.70 USD" in text_of(page)
    assert "form-1" not in page.content.decode()


@pytest.mark.parametrize("fee", ["1.00", "0", ""])
def test_a_fee_that_was_not_shown_is_shown_first(shop: Shop, fee: str) -> None:
    client = browser_of(member(shop))
    with unchanged(shop):
        response = confirm(shop, client, fee=fee)
    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query) == {
        "amount": ["100.00"],
        "destination": [str(destination_of(shop).pk)],
        "request_key": ["form-1"],
    }
    assert "Fee 1.50 USD" in text_of(client.get(response["Location"]))


def test_a_destination_added_today_has_to_wait(shop: Shop, clock: Callable[[str], None]) -> None:
    clock("2026-11-02 09:00")
    assert "(can be used from 2 Nov 2026 10:00)" in read(shop, "withdrawals/new/")
    sentence = "This destination can be used from 2 Nov 2026 10:00."
    assert sentence in confirmation(shop)
    assert sentence in refused(shop)


def test_anothers_destination_is_none_of_the_choices(shop: Shop) -> None:
    other = shop_with("5.00", "other-shop", name="Other Shop")
    for unknown in (str(destination_of(other).pk), "x", "9" * 30):
        assert "Choose one of your destinations." in refused(shop, destination=unknown)


def test_suspected_fraud_stops_them(shop: Shop) -> None:
    suspect(shop)
    stopped = "Withdrawals are stopped while we look into suspected fraud."
    assert stopped in confirmation(shop)
    assert stopped in refused(shop)
    assert "Withdrawals are stopped Since 3 Nov 2026 10:00" in read(shop, "withdrawals/")


def test_without_a_destination_one_is_added_first(shop: Shop) -> None:
    destination_of(shop)
    shop.line.destinations.update(removed_at=shop.at(NOW), removed_by="mei")
    page = read(shop, "withdrawals/new/")
    assert "You have no destination yet." in page
    assert "Add a destination" in page


# The second factor: tests/credit/test_second_factor.py. In a demonstration:


def test_a_demonstration_offers_a_second_factor(shop: Shop) -> None:
    assert "Protect your withdrawals with a second factor" in read(shop, "withdrawals/new/")


# Following.


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


def amounts(shop: Shop, query: str) -> list[str]:
    response = browser_of(member(shop)).get(f"/m/rosewood/credit/withdrawals/{query}")
    return [str(one.amount_money.amount) for one in response.context["page"].rows]


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
    assert amounts(shop, "?standing=NONSENSE") == ["30.00", "20.00", "10.00"]


def test_empty_lists_say_what_to_do_next(shop: Shop) -> None:
    assert "withdraw them to one of your destinations" in read(shop, "withdrawals/")
    assert "No withdrawal matches. Try another status" in read(shop, "withdrawals/?standing=PAID")


# Cancelling.


def test_before_it_is_sent_it_can_be_cancelled(shop: Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    client = browser_of(member(shop, email="mei@shop.example"))
    path = f"/m/rosewood/credit/withdrawals/{withdrawal}/"
    assert "Cancel the withdrawal" in text_of(client.get(path))
    page = text_of(client.post(f"{path}cancel/", follow=True))
    assert "Cancelled. Amount and fee are back in your proceeds." in page
    assert "Cancelled 3 Nov 2026 10:00 mei@shop.example" in page
    assert shop.proceeds() == "300.00"
    with unchanged(shop):
        assert "It is too late to cancel" in text_of(client.post(f"{path}cancel/", follow=True))


def test_after_it_was_sent_it_cannot(shop: Shop, settings: LazySettings) -> None:
    settings.TAEL_SANDBOX = False
    withdrawal = withdraw(shop, "100.00")
    pay_out(withdrawal)
    client = browser_of(member(shop))
    with unchanged(shop):
        path = f"/m/rosewood/credit/withdrawals/{withdrawal}/cancel/"
        assert "It is too late to cancel" in text_of(client.post(path, follow=True))


# Who may.


def test_everybody_of_the_merchant_sees_them_and_nobody_else(shop: Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    seen = {"OWNER": 200, "FINANCE": 200, "VIEWER": 200, **NOBODY_ELSE}
    assert answers(shop, "withdrawals/") == seen
    assert "Cancel the withdrawal" not in read(shop, f"withdrawals/{withdrawal}/", "VIEWER")
    assert "Withdraw Status" not in read(shop, "withdrawals/", "VIEWER")


def test_one_withdrawal_is_seen_by_the_merchants_people_only(shop: Shop) -> None:
    seen = {"OWNER": 200, "FINANCE": 200, "VIEWER": 200, **NOBODY_ELSE}
    assert answers(shop, f"withdrawals/{withdraw(shop, '100.00')}/") == seen


@pytest.mark.parametrize("method", ["get", "post"])
def test_owners_and_finance_withdraw(shop: Shop, method: str) -> None:
    done = 200 if method == "get" else 422  # nothing was filled in
    with unchanged(shop):
        assert answers(shop, "withdrawals/new/", method=method) == {
            **{"OWNER": done, "FINANCE": done, "VIEWER": 403},
            **NOBODY_ELSE,
        }


def test_owners_and_finance_cancel(shop: Shop) -> None:
    path = f"withdrawals/{withdraw(shop, '100.00')}/cancel/"
    viewer = browser_of(member(shop, "VIEWER"))
    with unchanged(shop):
        assert browser_of(member(shop)).get(f"/m/rosewood/credit/{path}").status_code == 405
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
    with unchanged(shop):
        assert client.get(address).status_code == 404
        assert client.post(f"{address}cancel/").status_code == 404


def test_pages_take_few_queries_however_many_there_are(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    CreditPolicy.objects.create(
        currency="USD", version=3, starts_on="2026-11-02", free_withdrawals_a_month=1
    )
    made = [withdraw(shop, "1.00") for _ in range(12)]
    freezes.place(
        merchant_id=shop.line.pk,
        reason=Freeze.Reason.MANUAL,
        actor="olga@tael.example",
        note="a talk first",
        now=shop.at(NOW),
    )
    too_much = urlencode(asked(shop, amount="1000.00"))
    for path in ("", "new/", f"new/?{urlencode(asked(shop))}", f"new/?{too_much}", f"{made[0]}/"):
        with django_assert_max_num_queries(12):
            client.get(f"/m/rosewood/credit/withdrawals/{path}")
