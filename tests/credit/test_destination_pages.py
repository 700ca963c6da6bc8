"""The accounts that proceeds may go to: listed, added, removed."""

from functools import partial
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from credit.models import PayoutDestination
from credit.operations import destinations_blocked
from notices.models import Notice
from tests.credit.pages import answers, everybody, read, set_clock
from tests.credit.withdrawing import (
    CARD,
    NOW,
    add,
    cancel,
    shop_with,
    withdraw,
)
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

NEW = "/m/rosewood/credit/destinations/new/"
NOBODY_ELSE = {"stranger": 404, "operator": 404, "nobody": 302}
OTHER_CARD = "4000 0000 0000 0119"


@kept(TAEL_SANDBOX=True)
def written() -> Shop:
    """A shop with one destination, usable since yesterday, in a demonstration, which asks for no
    second factor.
    """
    shop = shop_with("300.00")
    return shop


@pytest.fixture
def shop(written: Shop, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Shop:
    """The shop of these tests, at NOW, with the sandbox on."""
    settings.TAEL_SANDBOX = True
    set_clock(monkeypatch)(NOW)
    return written


def post(shop: Shop, client: Client | None = None, **said: Any) -> Any:
    """The page after the form of a new destination was sent with these values."""
    content = {"kind": "BANK_CARD", "holder": "Mei Lin", "bank": "ICBC", "number": OTHER_CARD}
    client = client or browser_of(member(shop))
    return client.post(NEW, content | said, follow=True)


def refused(shop: Shop, **said: str) -> str:
    """The text of the page that refuses the form; nothing changes."""
    client = browser_of(member(shop))
    with nothing_changes():
        response = post(shop, client, **said)
    assert response.status_code == 422
    return text_of(response)


def test_the_list_shows_the_last_four_and_since_when(shop: Shop) -> None:
    add(shop, at=NOW, number="mei@rosewood.example", kind="ALIPAY", bank="")
    page = read(shop, "destinations/")
    assert "Bank card ···· 0003 Mei Lin ICBC 1 Nov 2026 10:00 mei@rosewood.example Now" in page
    assert (
        "Alipay account mei***@rosewood.example Mei Lin – 3 Nov 2026 10:00 mei@rosewood.example"
        " from 4 Nov 2026 10:00" in page
    )
    assert "6212" not in page


def test_one_is_added_and_every_owner_told(shop: Shop) -> None:
    page = text_of(post(shop, browser_of(member(shop, "FINANCE"))))
    assert "Bank card ···· 0119 was added." in page
    assert "from 4 Nov 2026 10:00" in page
    assert "4000" not in page
    assert Notice.objects.filter(kind="DESTINATION_ADDED").count() == 2


def test_added_twice_it_is_one(shop: Shop) -> None:
    client = browser_of(member(shop))
    post(shop, client)
    with nothing_changes():
        assert "You have Bank card ···· 0119." in text_of(post(shop, client))


def test_an_alipay_account_has_an_address_or_a_mobile_number(shop: Shop) -> None:
    said: dict[str, Any] = {"kind": "ALIPAY", "bank": ""}
    assert "Alipay account 138******00 was added" in text_of(
        post(shop, number="138 0013 8000", **said)
    )
    sentence = "Enter the e-mail address or the mobile number of the Alipay account."
    assert sentence in refused(shop, number="12", **said)


def test_a_number_that_we_have_blocked_is_refused_in_words_for_the_merchant(shop: Shop) -> None:
    destinations_blocked.block(
        destination_id=shop.destination.pk, reason="The police rang.", told="The bank asked us to.",
        actor="olga@tael.example", now=shop.at(NOW),
    )  # fmt: skip
    said = refused(shop, number=CARD)
    assert "We have blocked this account for withdrawals. Ask us, or choose another one." in said


@pytest.mark.parametrize(
    ("said", "why"),
    some(
        [
            ({"number": "4000 0000 0000 0118"}, "This is no card number"),
            ({"number": "12"}, "This is no card number"),
            ({"number": ""}, "This field is required."),
            ({"holder": " "}, "This field is required."),
            ({"holder": "Mei\u2028\u200bLin"}, "Write the name in letters only"),
            ({"bank": ""}, "Name the bank."),
            (
                {"kind": "ALIPAY", "number": "a@b.example"},
                "Only a bank card or account has a bank.",
            ),
            ({"routing": "004"}, "Only a bank account has one."),
            ({"kind": "BANK_ACCOUNT"}, "Choose the country of the account."),
            ({"kind": "BANK_ACCOUNT", "country": "ZZ"}, "Select a valid choice."),
            (
                {
                    "kind": "BANK_ACCOUNT",
                    "country": "US",
                    "routing": "021000022",
                    "number": "12345",
                },
                "This is no bank or branch code of that country.",
            ),
            (
                {"kind": "BANK_ACCOUNT", "country": "DE", "number": "DE89370400440532013001"},
                "This is no account number of that country.",
            ),
            ({"kind": "CASH"}, "Select a valid choice."),
        ],
        5,
    ),
)
def test_what_is_wrong_is_said_and_not_lost(shop: Shop, said: dict[str, str], why: str) -> None:
    assert why in refused(shop, **said)


def test_what_was_typed_comes_back_with_the_error(shop: Shop) -> None:
    page = post(shop, number="12", holder="Mei & Daughters").content.decode()
    assert 'value="Mei &amp; Daughters"' in page


def test_a_known_number_with_another_holder_is_refused(shop: Shop) -> None:
    page = refused(shop, number=CARD, holder="Somebody Else")
    assert (
        "You have this number already, with another holder, bank, BIC, type or town. Remove that"
        " destination first."
    ) in page


def test_the_form_says_that_it_takes_24_hours(shop: Shop) -> None:
    assert "It can be used 24 hours later, and all owners are told." in read(
        shop, "destinations/new/"
    )


def test_one_is_removed(shop: Shop) -> None:
    client = browser_of(member(shop, email="mei@shop.example"))
    path = f"/m/rosewood/credit/destinations/{shop.destination.pk}/remove/"
    page = text_of(client.post(path, follow=True))
    assert "Bank card ···· 0003 was removed." in page
    assert "No destination yet." in page
    assert shop.destination.removed_by == "mei@shop.example"
    with nothing_changes():
        client.post(path)


def test_one_that_is_removed_is_listed_until_what_goes_there_is_over(shop: Shop) -> None:
    withdrawal = withdraw(shop, "100.00")
    client = browser_of(member(shop))
    path = f"/m/rosewood/credit/destinations/{shop.destination.pk}/remove/"
    page = text_of(client.post(path, follow=True))
    assert "Removed; 1 withdrawal under way goes there" in page
    assert PayoutDestination.objects.get().removed_at is not None
    cancel(withdrawal)
    assert "No destination yet." in text_of(client.get("/m/rosewood/credit/destinations/"))


def test_a_bank_account_is_added_by_its_country(shop: Shop) -> None:
    said: dict[str, Any] = {
        "kind": "BANK_ACCOUNT",
        "country": "BR",
        "routing": "341 1234",
        "bank": "Itaú",
    }
    page = text_of(post(shop, number="12345-X", **said))
    assert "Bank account ···· 45X was added." in page
    assert "BR 3411234" in page
    japanese: dict[str, Any] = {
        "kind": "BANK_ACCOUNT",
        "country": "JP",
        "routing": "0005-001",
        "bank": "みずほ",
    }
    with_number = partial(refused, shop, number="1234567", **japanese)
    assert "Choose the type of the account." in with_number()
    assert "Only a bank account has one." in refused(shop, account_type="CURRENT")
    page = text_of(post(shop, number="1234567", account_type="ORDINARY", **japanese))
    assert "JP 0005001 Ordinary (futsu)" in page
    # Where banks tell no types apart, it means nothing.
    american: dict[str, Any] = {
        "kind": "BANK_ACCOUNT",
        "country": "US",
        "routing": "021000021",
        "bank": "Chase",
    }
    post(shop, number="1234567890", account_type="CURRENT", **american)
    types = PayoutDestination.objects.order_by("pk").values_list("account_type", flat=True)
    assert list(types) == ["", "", "ORDINARY", ""]


@pytest.mark.full  # an account is added above
def test_a_bic_is_filled_in_by_adding_the_account_again(shop: Shop) -> None:
    said: dict[str, Any] = {"kind": "BANK_ACCOUNT", "country": "DE", "bank": "DKB"}
    said["number"] = "DE02 1203 0000 0000 2020 51"
    assert "DE BYLADEM1001" not in text_of(post(shop, **said))
    clients = everybody(shop)
    with nothing_changes():
        for who in ("VIEWER", *NOBODY_ELSE):
            post(shop, clients[who], **said, bic="BYLADEM1001")
    page = text_of(post(shop, **said, bic="BYLADEM1001", town="Berlin"))
    assert "You have Bank account ···· 2051." in page
    assert "DE BYLADEM1001 Berlin" in page
    for other in ({"bic": "COBADEFF"}, {"town": "Hamburg"}):
        assert "another holder, bank, BIC, type or town" in refused(shop, **said, **other)


@pytest.mark.full  # one of the euro area, above
@pytest.mark.usefixtures("nothing_kept")
def test_a_thai_shop_adds_a_bank_account_by_its_number_bank_and_holder(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.TAEL_SANDBOX = True
    set_clock(monkeypatch)(NOW)
    shop = shop_with("5.00", currency="THB")
    client = browser_of(member(shop))
    form = client.get("/m/rosewood/credit/destinations/new/").content.decode()
    assert '<option value="TH" selected>' in form
    said: dict[str, Any] = {"kind": "BANK_ACCOUNT", "country": "TH", "holder": "ร้านผ้าไหม"}
    page = text_of(post(shop, client, number="123-4-56789-0", bank="ธนาคารกสิกรไทย", **said))
    assert "Bank account ···· 7890 was added." in page
    assert "TH 004" in page
    assert "Bank account ···· 1111 was added." in text_of(
        post(shop, client, number="0987651111", bank="Bangkok Bank PCL", **said)
    )
    unknown = refused(shop, number="0987652222", bank="Bank of Nowhere", **said)
    assert "This is no bank or branch code of that country." in unknown


def test_anothers_is_not_found(shop: Shop) -> None:
    other = shop_with("5.00", "other-shop", name="Other Shop")
    client = browser_of(member(other))
    pk = shop.destination.pk
    with nothing_changes():
        assert client.post(f"/m/other-shop/credit/destinations/{pk}/remove/").status_code == 404
        for unknown in ("0", "9" * 30):
            path = f"/m/other-shop/credit/destinations/{unknown}/remove/"
            assert client.post(path).status_code == 404


@pytest.mark.full  # each page is asked in test_authorisation.py
def test_everybody_of_the_merchant_sees_the_list_and_nobody_else(shop: Shop) -> None:
    assert answers(shop, "destinations/") == {
        **{"OWNER": 200, "FINANCE": 200, "VIEWER": 200},
        **NOBODY_ELSE,
    }
    page = read(shop, "destinations/", "VIEWER")
    assert "Add a destination" not in page
    assert "Remove" not in page


@pytest.mark.full  # each form is sent in test_authorisation.py
@pytest.mark.parametrize("method", ["get", "post"])
def test_owners_and_finance_add(shop: Shop, method: str) -> None:
    done = 200 if method == "get" else 422  # nothing was filled in
    clients = everybody(shop)
    with nothing_changes():
        assert answers(shop, "destinations/new/", clients, method=method) == {
            **{"OWNER": done, "FINANCE": done, "VIEWER": 403},
            **NOBODY_ELSE,
        }


@pytest.mark.full  # each form is sent in test_authorisation.py
def test_owners_and_finance_remove(shop: Shop) -> None:
    path = f"destinations/{shop.destination.pk}/remove/"
    clients = everybody(shop)
    with nothing_changes():
        assert answers(shop, path, clients)["OWNER"] == 405
        assert clients["VIEWER"].post(f"/m/rosewood/credit/{path}").status_code == 403


def test_the_list_takes_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        add(shop, number=f"1380013800{number}", kind="ALIPAY", bank="")
    client = browser_of(member(shop))
    with django_assert_max_num_queries(12):
        client.get("/m/rosewood/credit/destinations/")
