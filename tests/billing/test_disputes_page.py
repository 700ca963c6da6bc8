"""Disputing several charges of a bill, a statement or a month at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from billing.models import BillingCredit, Charge, InvoiceLine
from tests import shops
from tests.billing import deciding
from tests.billing.pages import address_of, read
from tests.credit.pages import set_clock
from tests.factories import browser_of, member
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.trailed import entries
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
PATH = "credits/several/"
FORM = {
    "fee_fulfilment_credit": "credit-pick-pack",
    "fee_shipping_credit": "credit-carrier-claim",
    "message": "The whole parcel came back.",
    "request_key": "form-1",
    "total": "19.00",
}


@kept()
def written() -> Shop:
    """A shop that was charged 5.00 (c-1) and 5.00 (c-2) for picking, and 9.00 for a label (c-3)."""
    shop = shops.join("2026-11-01 09:00", billing_threshold="12.00")
    shop.charge("2026-11-03 10:00", "pick-pack", "5.00", "c-1", request="FR-7")
    shop.charge("2026-11-03 11:00", "pick-pack", "5.00", "c-2", request="FR-7")
    shop.charge("2026-11-03 12:00", "shipping-label", "9.00", "c-3", request="FR-7")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 10 Nov 2026, 10:00 UTC."""
    clock("2026-11-10 10:00")
    return written


@pytest.fixture
def client(shop: Shop) -> Client:
    """The browser of an owner."""
    return browser_of(member(shop))


def keys(shop: Shop, *references: str) -> list[int]:
    """The keys of the charges with these references, as the page's boxes have them."""
    return [Charge.objects.get(account=shop.account, reference=one).pk for one in references]


def send(shop: Shop, client: Client, *chosen: int, **content: str) -> Any:
    """The page after the form about these charges was sent."""
    sent = FORM | {"charge": list(chosen)} | content
    return client.post(address_of(shop, PATH), sent, follow=True)


@pytest.mark.full  # chosen ones are asked for below
def test_charges_are_chosen_where_they_are_listed_by_who_may_ask(
    shop: Shop, client: Client
) -> None:
    shop.run_jobs("2026-11-05 00:30")
    viewer = browser_of(member(shop, "VIEWER"))
    line = InvoiceLine.objects.get(invoice__account=shop.account, fee_code="pick-pack")
    pages = [
        "statements/2026-11/",
        "requests/FR-7/",
        f"invoices/{line.invoice.number}/lines/{line.pk}/",
    ]
    for path in pages:
        page = client.get(address_of(shop, path)).content.decode()
        assert f'value="{line.item.charges.earliest("pk").pk}" form="dispute"' in page
        assert 'action="/m/rosewood/billing/credits/several/"' in page
        assert "dispute" not in viewer.get(address_of(shop, path)).content.decode()


def test_the_page_lists_what_was_chosen_and_a_reason_for_each_kind(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop, "FINANCE"))
    chosen = "&".join(f"charge={key}" for key in keys(shop, "c-1", "c-3"))
    with django_assert_max_num_queries(12):
        said = text_of(client.get(address_of(shop, f"{PATH}?{chosen}")))
    assert "You ask for all that is left of them: 14.00 USD." in said
    assert "Reason: Fulfilment credit – Pick and pack credit" in said
    assert "Shipping credit – Carrier claim credit" in said
    assert "c-2" not in said
    assert "No charge is chosen." in read(shop, PATH)


def test_all_chosen_charges_are_asked_for_once(shop: Shop, client: Client) -> None:
    chosen = keys(shop, "c-1", "c-2", "c-3")
    said = text_of(send(shop, client, *chosen))
    assert "You have asked for credits on 3 charges. We will answer here." in said
    with nothing_changes():
        assert "You have asked for credits on 3 charges." in text_of(send(shop, client, *chosen))
    asked = BillingCredit.objects.order_by("pk").values_list(
        "charge__reference", "fee_id", "amount", "message", "status"
    )
    words = "The whole parcel came back."
    assert [(*one[:2], f"{one[2]:.2f}", *one[3:]) for one in asked] == [
        ("c-1", "credit-pick-pack", "5.00", words, "REQUESTED"),
        ("c-2", "credit-pick-pack", "5.00", words, "REQUESTED"),
        ("c-3", "credit-carrier-claim", "9.00", words, "REQUESTED"),
    ]
    trail = [one for one in entries() if one.action == "CREDIT_REQUESTED"]
    assert [one.after["amount"] for one in trail] == ["5.00 USD", "5.00 USD", "9.00 USD"]


@pytest.mark.full  # all chosen charges are asked for once
def test_the_same_form_with_other_charges_is_refused(shop: Shop, client: Client) -> None:
    send(shop, client, *keys(shop, "c-1"), total="5.00")
    with nothing_changes():
        response = send(shop, client, *keys(shop, "c-2"), total="5.00")
    assert response.status_code == 422
    assert "This form was sent before, with other content." in text_of(response)


def test_what_cannot_be_asked_for_is_named_and_nothing_is_written(
    shop: Shop, client: Client
) -> None:
    stranger = shops.join("2026-11-01 09:00", "other-shop", name="Other Shop")
    stranger.charge("2026-11-03 10:00", "pick-pack", "5.00", "x-1")
    (foreign,) = keys(stranger, "x-1")
    send(shop, client, *keys(shop, "c-1"), total="5.00", request_key="form-0")
    deciding.approve(shop, "2026-11-11 10:00", BillingCredit.objects.get())
    made = BillingCredit.objects.get().made
    assert made is not None
    one, two = keys(shop, "c-1", "c-2")
    with nothing_changes():
        used_up = send(shop, client, one, two, total="10.00")
        others = send(shop, client, two, foreign, total="10.00")
        itself = send(shop, client, two, made.pk, total="10.00")
        odd = send(shop, client, two, total="10.00")
    for response in (used_up, others, itself, odd):
        assert response.status_code == 422
        assert "You ask for all that is left of them: 5.00 USD." in text_of(response)
        assert "The whole parcel came back." in text_of(response)  # what was typed stays
    assert "Asked for or credited already: c-1. The other charges" in text_of(used_up)
    assert f"You have no charge #{foreign} that could be credited." in text_of(others)
    assert "x-1" not in text_of(others)
    assert f"You have no charge {made.reference} that" in text_of(itself)
    assert "What is left of these charges has changed meanwhile." in text_of(odd)
    said = text_of(browser_of(member(shop)).get(address_of(shop, f"{PATH}?charge={one}&charge=x")))
    assert "You have no charge #x that could be credited." in said
    assert "Asked for or credited already: c-1." in said
    assert "Ask for the credits" not in said


@pytest.mark.full  # eight at once in test_credits_decided_late.py
def test_two_forms_at_once_ask_once_for_each_charge(shop: Shop, client: Client) -> None:
    one, two, three = keys(shop, "c-1", "c-2", "c-3")
    send(shop, client, one, two, total="10.00")
    with nothing_changes():
        late = send(shop, client, two, three, total="14.00", request_key="form-2")
    assert "Asked for or credited already: c-2." in text_of(late)
    said = text_of(send(shop, client, three, total="9.00", request_key="form-2"))
    assert "You have asked for a credit on 1 charge." in said
