"""A bill is found in the history, opened, and paid at once."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from billing.models import Payment
from billing.providers.registry import Answer
from tests.billing.pages import address_of, read, send
from tests.billing.paying import (
    FIRST,
    REFUSED,
    SHORT,
    Told,
    attempts,
    billed,
    manual,
    state,
    told_shop,
)
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, proved
from tests.shops import Shop
from tests.unchanged import nothing_changes
from tests.whole import some

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

PAY = f"invoices/{FIRST}/pay/"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the pages' clock, which stands at 1 Nov 2026, 10:20 UTC."""
    set_to = set_clock(monkeypatch)
    set_to("2026-11-01 10:20")
    return set_to


@pytest.fixture
def shop(clock: Callable[[str], None]) -> Shop:
    """A shop with a bill of 39.00 and a card without enough funds. One attempt has failed."""
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 10:10")
    return shop


def test_finance_pays_a_bill_and_reads_that_it_is_paid(clock: Callable[[str], None]) -> None:
    shop = billed()
    assert "Pay 39.00 USD now" in read(shop, f"invoices/{FIRST}/")
    said = send(shop, PAY, "FINANCE", seen="0")
    assert "39.00 USD was paid." in said
    assert "1 Nov 2026 10:20 Payment 1 Sandbox Succeeded 39.00 USD" in said
    assert "Pay 39.00 USD now" not in said
    assert state() == "PAID 39.00/39.00"


@pytest.mark.full  # a success above
def test_a_failure_is_told_in_words_and_its_history_stays(shop: Shop) -> None:
    said = send(shop, PAY, seen="1")
    assert "The payment of 39.00 USD failed: the card did not have enough funds." in said
    assert (
        "1 Nov 2026 10:10 Payment 1 Visa ···· 9995 Failed the card did not have enough funds"
        " 39.00 USD"
        " 1 Nov 2026 10:20 Payment 2 Visa ···· 9995 Failed the card did not have enough funds"
        " 39.00 USD" in said
    )
    assert "Collected from Visa ···· 9995." in said
    assert "Pay 39.00 USD now" in said


def test_a_form_sent_twice_makes_one_attempt(shop: Shop) -> None:
    client = proved(member(shop))
    send(shop, PAY, client=client, seen="1")
    with nothing_changes():
        said = send(shop, PAY, client=client, seen="1")
    assert "Something has changed since you opened this bill, so nothing was tried." in said
    assert len(attempts(shop)) == 2


@pytest.mark.full  # nor by a form sent twice, above
def test_a_paid_bill_is_not_paid_again(clock: Callable[[str], None]) -> None:
    shop = billed()
    client = proved(member(shop))
    send(shop, PAY, client=client, seen="0")
    with nothing_changes():
        assert "so nothing was tried." in send(shop, PAY, client=client, seen="0")
        said = send(shop, PAY, client=client, seen="1")
        assert "Nothing is to be paid for this bill any more." in said


@pytest.mark.parametrize("seen", some(["", "many", "-1"], 3))
def test_an_attempt_without_having_seen_the_bill_is_none(shop: Shop, seen: str) -> None:
    client = proved(member(shop))
    with nothing_changes():
        assert "so nothing was tried." in send(shop, PAY, client=client, seen=seen)


@pytest.mark.full  # what is not settled in test_desk.py
def test_without_an_answer_nobody_is_told_to_pay_again(
    provider: Told, clock: Callable[[str], None]
) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    said = send(shop, PAY, seen="0")
    assert "We have no answer yet and go on asking." in said
    assert "A payment is being checked." in said
    assert "Pay 39.00 USD now" not in said
    provider.known = {f"T-{FIRST}-1": Answer.undecided("pi-1")}
    said = send(shop, PAY, seen="1")
    assert "A payment of this bill is being checked. Wait for its outcome" in said
    assert Payment.objects.count() == 1


@pytest.mark.full  # and where to, below
def test_a_bill_paid_by_transfer_says_how(clock: Callable[[str], None]) -> None:
    shop = manual()
    said = read(shop, f"invoices/{FIRST}/")
    assert f"Pay it by bank transfer and name T-{FIRST} in the transfer." in said
    assert "Pay 39.00 USD now" not in said
    client = proved(member(shop))
    with nothing_changes():
        said = send(shop, PAY, client=client, seen="0")
    assert "Your bills are paid by bank transfer. Choose another method" in said


def test_a_bill_paid_by_transfer_says_where_to(
    clock: Callable[[str], None], settings: LazySettings
) -> None:
    settings.TAEL_BANK_DETAILS = ["Harbour Bank", "Account 012-345678-001"]
    said = read(manual(), f"invoices/{FIRST}/")
    assert "Where to transfer to Harbour Bank Account 012-345678-001 Pay it by bank" in said
    assert "Harbour Bank" not in read(billed("other-shop"), "invoices/2026-000002/")


@pytest.mark.full  # a failure is told in words, too
def test_a_method_that_is_switched_off_is_told_in_words(
    shop: Shop, settings: pytest.FixtureRequest
) -> None:
    settings.TAEL_SANDBOX = False  # type: ignore[attr-defined]
    client = proved(member(shop))
    with nothing_changes():
        said = send(shop, PAY, client=client, seen="1")
    assert "We can't collect from this method at the moment." in said


@pytest.mark.full  # pages/test_every_filter asks lists for some of it
def test_bills_are_found_by_state_kind_and_number(clock: Callable[[str], None]) -> None:
    shop = billed(card=REFUSED)
    shop.charge("2026-11-01 11:00", "pick-pack", "210.00")
    send(shop, PAY, seen="0")
    client = browser_of(member(shop))

    def found(query: str) -> list[str]:
        page = client.get(address_of(shop, f"invoices/?{query}"))
        return [invoice.number for invoice in page.context["page"].rows]

    assert found("") == ["2026-000002", "2026-000001"]
    assert found("kind=THRESHOLD") == ["2026-000002"]
    assert found("kind=SUBSCRIPTION&standing=FAILED") == ["2026-000001"]
    assert found("standing=COLLECTED") == []
    assert found("number=2026-000001") == ["2026-000001"]
    assert found("standing=nonsense") == []
    assert "Nothing matches. Ask for something else" in read(shop, "invoices/?standing=COLLECTED")


@pytest.mark.full  # each filter in test_every_filter.py
def test_the_history_is_exported_as_it_is_filtered(shop: Shop) -> None:
    shop.charge("2026-11-01 11:00", "pick-pack", "210.00")
    client = browser_of(member(shop))
    file = b"".join(client.get(address_of(shop, "invoices.csv?kind=SUBSCRIPTION"))).decode(
        "utf-8-sig"
    )
    assert file.splitlines() == [
        "Bill #,Issued,Kind,Start of billing cycle,End of billing cycle,Status,Due,Total,Paid,"
        "Left to pay,Currency,Paid at,Paid at (UTC),Start of plan,End of plan,Last try,"
        "Last try (UTC),Next try,Next try (UTC),Freezes your credit line on,Kind (code),"
        "Status (code)",
        "T-2026-000001,2026-11-01,Subscription,2026-11-01,2027-10-31,Payment failed,2026-11-01,"
        "39.00,0.00,39.00,USD,,,2026-11-01,2027-10-31,2026-11-01 10:10:00,2026-11-01T10:10:00Z,"
        "2026-11-02 10:10:00,2026-11-02T10:10:00Z,2026-11-29,SUBSCRIPTION,FAILED",
    ]


@pytest.mark.full  # pages/test_page_queries counts those of every sixth page
def test_a_bill_takes_few_queries(
    shop: Shop, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = browser_of(member(shop))
    for number in range(1, 4):
        client.post(address_of(shop, PAY), {"seen": str(number)})
    assert len(attempts(shop)) == 4
    with django_assert_max_num_queries(13):
        client.get(address_of(shop, f"invoices/{FIRST}/"))
