"""Asking money back on a charge, and following what became of that."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from billing.models import BillingCredit
from tests import shops
from tests.billing import deciding
from tests.billing.pages import address_of, read, send
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, proved
from tests.kept import kept
from tests.shops import Shop
from tests.text import text_of
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = pytest.mark.django_db

clock = pytest.fixture(set_clock)
NEW = "credits/new/"
FORM = {
    "charge": "c-1",
    "fee": "credit-pick-pack",
    "amount": "1.50",
    "message": "One was packed twice.",
    "request_key": "form-1",
}


@kept()
def written() -> Shop:
    """A shop that was charged 5.00 for picking (c-1), and 9.00 for a label (+/ &c)."""
    shop = shops.join("2026-11-01 09:00")
    shop.charge("2026-11-03 10:00", "pick-pack", "5.00", "c-1", request="FR-7")
    shop.charge("2026-11-03 11:00", "shipping-label", "9.00", "+/ &c", request="FR-7")
    return shop


@pytest.fixture
def shop(written: Shop, clock: Callable[[str], None]) -> Shop:
    """The shop of these tests, on 10 Nov 2026, 10:00 UTC."""
    clock("2026-11-10 10:00")
    return written


def ask(shop: Shop, role: str = "OWNER", **content: Any) -> str:
    """The page after a member has sent the form that asks for a credit."""
    return send(shop, NEW, role, **FORM | content)


def test_a_charge_leads_to_its_own_form_whatever_its_reference(shop: Shop) -> None:
    client = browser_of(member(shop))
    for path in ("requests/FR-7/", "statements/2026-11/"):
        page = client.get(address_of(shop, path)).content.decode()
        assert 'href="/m/rosewood/billing/credits/new/?charge=c-1"' in page
        assert 'href="/m/rosewood/billing/credits/new/?charge=%2B%2F%20%26c"' in page
    said = text_of(client.get("/m/rosewood/billing/credits/new/?charge=%2B%2F%20%26c"))
    assert "Charge +/ &c Fee Shipping label Service 3 Nov 2026 11:00" in said
    assert "11:00 Reported to us 3 Nov 2026 11:00 Request FR-7" in said
    assert "Amount 9.00 USD Not credited or asked for yet 9.00 USD" in said


def test_only_reasons_that_fit_the_charge_are_offered(shop: Shop) -> None:
    form = browser_of(member(shop)).get(address_of(shop, f"{NEW}?charge=c-1")).context["form"]
    assert [code for code, _ in form.fields["fee"].choices] == [
        "",  # nobody asks for the first one only because it comes first
        "credit-pick-pack",
        "credit-sourcing",
        "credit-special-project",
        "credit-storage",
    ]


def test_finance_asks_and_reads_the_answer(shop: Shop) -> None:
    said = ask(shop, "FINANCE")
    assert "You have asked for a credit. We will answer here." in said
    assert "Pick and pack credit Waits for an answer 1.50 USD Asked 10 Nov 2026 10:00" in said
    credit = BillingCredit.objects.get()
    assert credit.charge is not None
    assert (credit.charge.reference, f"{credit.amount.amount:.2f}") == ("c-1", "1.50")
    row = "Pick and pack credit c-1 10 Nov 2026 10:00 Waits for an answer – 1.50 USD"
    assert row in read(shop, "credits/", "VIEWER")
    deciding.approve(shop, "2026-11-11 10:00", credit)
    said = read(shop, f"credits/{credit.pk}/")
    assert "Approved 1.50 USD" in said
    assert "Answered 11 Nov 2026 10:00 On bill not billed yet" in said
    assert "Answer agreed by telephone" in said
    assert "mali@" not in said


@pytest.mark.full  # an answer is read above
def test_a_rejected_one_says_why(shop: Shop) -> None:
    ask(shop)
    credit = BillingCredit.objects.get()
    deciding.reject(shop, "2026-11-11 10:00", credit)
    said = read(shop, f"credits/{credit.pk}/")
    assert "Rejected 1.50 USD" in said
    assert "Request FR-7 Bill not billed yet Amount 5.00 USD" in said
    assert "agreed by telephone" in said
    assert "On bill" not in said


def test_a_form_sent_twice_is_one_credit(shop: Shop) -> None:
    for _ in range(2):
        assert "You have asked for a credit." in ask(shop)
    assert BillingCredit.objects.count() == 1


def test_a_form_without_its_key_is_not_taken(shop: Shop) -> None:
    client = proved(member(shop))
    with nothing_changes():
        assert "One was packed twice." in ask(shop, client=client, request_key="")


@pytest.mark.full  # the same form twice, above
def test_a_new_form_has_a_new_key(shop: Shop) -> None:
    client = browser_of(member(shop))
    forms = [client.get(address_of(shop, f"{NEW}?charge=c-1")).context["form"] for _ in range(2)]
    assert forms[0]["request_key"].value() != forms[1]["request_key"].value()


@pytest.mark.parametrize(
    ("content", "answer"),
    some(
        [
            ({"amount": "5.01"}, "With the credits before, that is more than the charge."),
            ({"amount": "0"}, "Enter an amount above 0."),
            ({"amount": "1.234"}, "at most 2 decimals"),
            ({"amount": "much"}, "Enter a number."),
            ({"message": "  "}, "This field is required."),
            ({"message": "a\x00b"}, "Null characters are not allowed."),
            ({"fee": "credit-label"}, "Select a valid choice."),
            ({"fee": "plan"}, "Select a valid choice."),
            ({"charge": "c-2"}, "You have no charge with this reference."),
            ({"charge": "c\x00"}, "Null characters are not allowed."),
        ],
        4,
    ),
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    shop: Shop, content: dict[str, str], answer: str
) -> None:
    client = browser_of(member(shop))
    with nothing_changes():
        response = client.post(address_of(shop, NEW), FORM | content)
    assert response.status_code == 422
    assert answer in text_of(response)
    if "charge" not in content:
        assert f'value="{(FORM | content)["amount"]}"' in response.content.decode()


@pytest.mark.full  # operations refuse it in test_credits_decided_late.py
def test_the_same_form_with_other_content_is_refused(shop: Shop) -> None:
    client = proved(member(shop))
    ask(shop, client=client)
    with nothing_changes():
        said = ask(shop, client=client, amount="2.00")
    assert "This form was sent before, with other content." in said


def test_nothing_more_is_asked_back_than_was_charged(shop: Shop) -> None:
    ask(shop, amount="4.00")
    said = read(shop, f"{NEW}?charge=c-1")
    assert "Not credited or asked for yet 1.00 USD" in said
    assert "that is more than the charge." in ask(shop, amount="1.01", request_key="form-2")
    ask(shop, amount="1.00", request_key="form-3")
    assert "All of this charge was credited or asked for already." in read(
        shop, f"{NEW}?charge=c-1"
    )


def test_a_credit_itself_cannot_be_credited(shop: Shop) -> None:
    ask(shop)
    deciding.approve(shop, "2026-11-11 10:00", BillingCredit.objects.get())
    reference = BillingCredit.objects.get().made.reference  # type: ignore[union-attr]
    page = browser_of(member(shop)).get(address_of(shop, "requests/FR-7/")).content.decode()
    assert page.count("credits/new/?charge=") == 2
    said = read(shop, f"{NEW}?charge={reference}")
    assert "You have no charge with this reference." in said


@pytest.mark.full  # each filter in test_every_filter.py
def test_credits_are_found_by_status(shop: Shop) -> None:
    ask(shop)
    assert "Pick and pack credit c-1" in read(shop, "credits/?status=REQUESTED")
    assert "Nothing matches. Ask for something else" in read(shop, "credits/?status=APPROVED")


def test_a_newcomer_reads_where_to_ask(shop: Shop) -> None:
    assert "No credits yet. When a charge is wrong, open its statement" in read(shop, "credits/")


@pytest.mark.full  # pages/test_page_queries counts those of every sixth page
def test_pages_take_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        ask(shop, amount="0.50", request_key=f"form-{number}")
    deciding.approve(shop, "2026-11-11 10:00", BillingCredit.objects.earliest("pk"))
    client = browser_of(member(shop))
    first = BillingCredit.objects.earliest("pk").pk
    for path in ("credits/", f"credits/{first}/", f"{NEW}?charge=c-1"):
        with django_assert_max_num_queries(12):
            client.get(address_of(shop, path))


def test_a_mistake_in_a_hidden_field_is_told(shop: Shop) -> None:
    client = proved(member(shop))
    with nothing_changes():
        said = ask(shop, client=client, request_key="k" * 65)
    assert "Ensure this value has at most 64 characters (it has 65)." in said
