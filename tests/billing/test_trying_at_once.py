"""A method that was chosen is tried at once, and people have a bill tried only so often."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from kombu.exceptions import OperationalError

from billing import tasks
from billing.models import Card, Invoice, Payment
from billing.operations import at_once, cards, payments
from billing.providers import hurry, stripe
from billing.providers.registry import Answer, NoAnswer, ProviderNotReady
from billing.queries import choices
from lib import money
from tests import shops, stripe_server
from tests.amounts import usd
from tests.billing.at_stripe import add_card as add_stripe_card
from tests.billing.at_stripe import billed_shop
from tests.billing.by_hand import plan
from tests.billing.pages import read, send
from tests.billing.paying import (
    FIRST,
    GOOD,
    REFUSED,
    SECOND,
    SHORT,
    Told,
    add_card,
    attempts,
    billed,
    first_failure,
    invoice,
    manual,
    next_attempt,
    pay_now,
    state,
    told_shop,
)
from tests.credit.pages import set_clock
from tests.factories import browser_of, member, operator, proved
from tests.shops import Shop
from tests.stripe_server import OddStripe
from tests.text import text_of
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

clock = pytest.fixture(set_clock)
ADD, CHOOSE = "settings/cards/", "settings/method/"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The accounts for which workers were asked to try what a choice made due."""
    asked: list[int] = []

    def begin(arguments: tuple[int], **_: Any) -> None:
        """Note for which account the task was sent."""
        asked.extend(arguments)

    monkeypatch.setattr(tasks.collect_chosen, "apply_async", begin)
    return asked


def two_failed(clock: Callable[[str], None]) -> Shop:
    """A shop with bills of 39.00 and 250.00, both of which failed on 2 November for
    lack of funds.
    """
    shop = billed(card=SHORT)
    assert shop.charge("2026-11-02 09:00", "pick-pack", "250.00") == "applied"
    shop.run_jobs("2026-11-02 10:00")
    assert (state(), state(SECOND)) == ("OPEN 0.00/39.00", "OPEN 0.00/250.00")
    clock("2026-11-02 12:00")
    return shop


def test_the_oldest_is_tried_in_the_request_and_the_rest_by_a_worker(
    clock: Callable[[str], None], started: list[int]
) -> None:
    shop = two_failed(clock)
    said = send(shop, ADD, number="4242424242424242", request_key="form-1")
    assert f"Bill T-{FIRST}: 39.00 USD was paid." in said
    assert (state(), state(SECOND)) == ("PAID 39.00/39.00", "OPEN 0.00/250.00")
    assert started == [shop.merchant.pk]
    assert next_attempt(shop, SECOND) == "2026-11-02 12:00"
    tasks.collect_chosen(shop.merchant.pk)
    assert state(SECOND) == "PAID 250.00/250.00"


def test_an_operator_reads_that_the_method_is_chosen_though_nothing_could_be_tried(
    clock: Callable[[str], None], started: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = two_failed(clock)
    good = add_card(shop, "2026-11-02 12:00", GOOD)

    def refused(merchant_id: int, **_: Any) -> None:
        """Refuse as a provider that lacks a setting."""
        raise ProviderNotReady("sandbox payments need TAEL_SANDBOX=1")

    monkeypatch.setattr(payments, "collect_chosen", refused)
    olga = browser_of(operator("Billing officer", email="olga@tael.example"))
    page = reverse("admin:billing_billingaccount_decide", args=[shop.account.pk, "method"])
    showed = {"page_showed": olga.get(page).context["showed"]}
    said = {"method": f"sandbox:{good.pk}", "reason": "The other one has no funds."}
    answer = olga.post(page, {**showed, **said}, follow=True)
    assert (
        "The payment method is chosen. Nothing was tried at once: sandbox payments need"
        " TAEL_SANDBOX=1. Workers try what is due." in text_of(answer)
    )
    assert [status for _, status in answer.redirect_chain] == [302]
    assert shop.account.card_id == good.pk
    assert started == [shop.merchant.pk]
    (told,) = LogEntry.objects.filter(object_id=str(shop.account.pk))
    assert told.get_change_message() == "Choose payment method"


def test_the_page_says_what_a_choice_collects_and_leads_to_the_bill(
    clock: Callable[[str], None], started: list[int]
) -> None:
    """Before anything is due, and for a transfer, it promises nothing."""
    shop = manual()
    good = add_card(shop, "2026-11-01 10:30", GOOD)
    add_card(shop, "2026-11-01 10:40", SHORT)
    clock("2026-11-02 12:00")
    assert "Collects" not in read(shop, "settings/")
    assert shop.charge("2026-11-07 09:00", "pick-pack", "250.00") == "applied"
    shop.run_jobs("2026-11-08 10:00")
    clock("2026-11-08 12:00")
    said = read(shop, "settings/")
    assert "Visa ···· 4242 Collected from the card when a bill is issued. Use Remove " in said
    collected = f"Collects 39.00 USD of bill T-{FIRST} from Visa ···· 4242 now."
    assert f"{collected} 1 other bill follows." in said
    assert f"Collects 39.00 USD of bill T-{FIRST} from the new card at once." in said
    assert "from Bank transfer now" not in said
    client = proved(member(shop))
    response = client.post(
        f"/m/rosewood/billing/{CHOOSE}", {"method": "sandbox", "card": good.pk}, follow=True
    )
    assert response.redirect_chain == [(f"/m/rosewood/billing/invoices/{FIRST}/", 302)]
    said = text_of(response)
    assert "Your bills are collected this way from now on." in said
    assert f"Bill T-{FIRST}: 39.00 USD was paid." in said
    assert "Collected 39.00 USD For" in said
    tasks.collect_chosen(shop.merchant.pk)
    assert "Collects" not in read(shop, "settings/")


@pytest.mark.full  # the page says it above
def test_what_is_promised_is_what_the_method_takes_and_may_be_tried(
    clock: Callable[[str], None],
) -> None:
    """Cards at Stripe take 0.50 at least; after five tries by people nothing is promised; of a
    payment plan the part whose day has come is.
    """
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    now = shop.at("2026-11-01 12:00")
    waiting = choices.waiting(shop.account, collector="collect-payments", now=now)
    assert [(str(invoice), money.text(amount)) for invoice, amount in waiting] == [(FIRST, "39.00")]
    found = choices.collected(shop.account, [(waiting[0][0], usd("0.49"))], "stripe")
    assert found is None
    for minute in range(5):
        pay_now(shop, f"2026-11-01 11:1{minute}")
    assert not choices.waiting(shop.account, collector="collect-payments", now=now)
    plan(shop, "2026-11-02 12:00", (("2026-11-03", "9.00"), ("2026-11-30", "30.00")))
    later = shop.at("2026-11-03 13:00")
    (part,) = choices.waiting(shop.account, collector="collect-payments", now=later)
    assert part[1] == usd("9.00")


def test_without_a_broker_the_hourly_job_tries_the_rest(
    clock: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.collect_chosen, "apply_async", away)
    shop = two_failed(clock)
    assert "39.00 USD was paid." in send(shop, ADD, number="4242424242424242", request_key="form-1")
    shop.run_jobs("2026-11-02 13:00")
    assert (state(), state(SECOND)) == ("PAID 39.00/39.00", "PAID 250.00/250.00")


@pytest.mark.full  # another card in test_dunning.py
def test_one_that_fails_by_the_new_method_keeps_its_retries(
    clock: Callable[[str], None], started: list[int]
) -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    clock("2026-11-01 12:00")
    said = send(shop, ADD, number="4000000000009995", request_key="form-1")
    assert f"Bill T-{FIRST}: The payment of 39.00 USD failed:" in said
    assert attempts(shop)[1:] == ["2026-11-01 12:00 FAILED insufficient_funds"]
    assert next_attempt(shop) == "2026-11-02 11:00"
    assert first_failure(shop) == "2026-11-01 11:00"
    assert started == []


@pytest.mark.full  # many bills in test_silent_provider.py
def test_a_silent_provider_has_five_seconds_and_the_page_says_so(
    odd: OddStripe, settings: Any, clock: Callable[[str], None], started: list[int]
) -> None:
    shop = billed_shop()
    odd.mishaps.append("insufficient_funds")
    payments.collect(Invoice.objects.get().pk, now=shop.at("2026-11-02 10:00"))
    add_stripe_card(shop, "2026-11-02 11:00", "pm_2")
    first = Card.objects.get(token="pm_1")
    hurried: list[tuple[float, float]] = []
    patience = stripe._patience

    def impatient() -> tuple[float, float]:
        """Note for how long would be waited, and wait for 0.2 s."""
        hurried.append(patience())
        return 0.2, 0.2  # so that the test need not wait, either

    with pytest.MonkeyPatch.context() as patched, odd.silent():
        settings.STRIPE_TIMEOUT = 60
        patched.setattr(stripe, "_patience", impatient)
        clock("2026-11-02 12:00")
        said = send(shop, CHOOSE, method="stripe", card=first.pk)
    assert "We have no answer yet and go on asking." in said
    assert Payment.objects.order_by("-attempt")[0].status == "UNKNOWN"
    connecting, answering = hurried[0]
    assert 0 < connecting + answering <= 5
    assert hurry.seconds_left() is None
    assert started == [shop.merchant.pk]


def test_stripes_own_event_of_a_card_only_starts_the_job(
    odd: OddStripe, monkeypatch: pytest.MonkeyPatch, started: list[int]
) -> None:
    shop = billed_shop()

    def finish(setup: str, *, now: Any) -> Card:
        """Add a card as if the browser had finished it."""
        add_stripe_card(shop, "2026-11-02 10:00", "pm_2")
        return Card.objects.get(token="pm_2")

    monkeypatch.setattr("billing.operations.cards.finish_unseen", finish)
    assert stripe_server.send_event("setup_intent.succeeded", "seti_1") == 200
    assert (started, odd.requests, Payment.objects.count()) == ([shop.merchant.pk], [], 0)


# Five within 24 hours.


def test_pay_now_is_possible_five_times_in_24_hours() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    for minute in range(5):
        assert pay_now(shop, f"2026-11-01 12:0{minute}") == "FAILED insufficient_funds"
    with nothing_changes():
        assert pay_now(shop, "2026-11-01 12:05") == "too_many_attempts"
    shop.run_jobs("2026-11-02 11:00")  # the bill's own retry is not counted, and not kept back
    assert len(attempts(shop)) == 7
    with nothing_changes():
        assert pay_now(shop, "2026-11-02 11:59:59") == "too_many_attempts"
    assert pay_now(shop, "2026-11-02 12:00") == "FAILED insufficient_funds"
    assert pay_now(shop, "2026-11-02 12:00:30") == "too_many_attempts"


@pytest.mark.full  # pay now counts alone
def test_choices_and_pay_now_count_together_and_a_choice_beyond_them_waits() -> None:
    shop = billed(card=SHORT)
    shop.run_jobs("2026-11-01 11:00")
    for minute in range(3):
        add_card(shop, f"2026-11-01 12:0{minute}", SHORT)
        try_chosen(shop, f"2026-11-01 12:0{minute}")
    assert pay_now(shop, "2026-11-01 12:10") == "FAILED insufficient_funds"
    assert pay_now(shop, "2026-11-01 12:11") == "FAILED insufficient_funds"
    assert len(attempts(shop)) == 6
    add_card(shop, "2026-11-01 12:20", GOOD)
    try_chosen(shop, "2026-11-01 12:20")
    assert (len(attempts(shop)), next_attempt(shop)) == (6, "2026-11-02 12:00")
    shop.run_jobs("2026-11-02 11:00")
    assert state() == "OPEN 0.00/39.00"
    shop.run_jobs("2026-11-02 12:00")
    assert state() == "PAID 39.00/39.00"


def try_chosen(shop: shops.Shop, at: str) -> None:
    """Try the shop's due bills, as after a new method was chosen."""
    payments.collect_chosen(shop.merchant.pk, now=shop.at(at))


@pytest.mark.full  # pay now five times, above
def test_five_cards_are_added_in_24_hours(clock: Callable[[str], None]) -> None:
    shop = billed()
    shop.run_jobs("2026-11-01 11:00")
    for minute in range(5):
        add_card(shop, f"2026-11-01 12:0{minute}", REFUSED)
    form = {"number": "4242424242424242", "request_key": "form-1"}
    sentence = "Five cards were added within 24 hours. Use one of them, or add another"
    for at in ("2026-11-01 12:10", "2026-11-02 11:59"):
        clock(at)
        client = proved(member(shop))
        with nothing_changes():
            assert sentence in send(shop, ADD, client=client, **form)
    clock("2026-11-02 12:00")
    assert "Bills are collected from" in send(
        shop, ADD, number="4242424242424242", request_key="form-1"
    )


@pytest.mark.full  # pay now five times, above
def test_the_form_for_a_sixth_card_at_stripe_is_not_even_opened(odd: OddStripe) -> None:
    shop = billed_shop()
    for number in range(2, 6):
        add_stripe_card(shop, "2026-11-02 10:00", f"pm_{number}")
    odd.requests.clear()
    with pytest.raises(at_once.TooManyCards):
        cards.begin(
            merchant_id=shop.merchant.pk,
            actor="anna@rosewood.example",
            now=shop.at("2026-11-02 10:00"),
        )
    assert odd.requests == []


@pytest.mark.full  # by itself in test_unknown_payments.py
def test_a_choice_while_an_attempt_has_no_answer_counts_when_it_is_tried(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"T-{FIRST}-1"] = Answer.undecided("")
    shop.run_jobs("2026-11-01 11:00")
    add_card(shop, "2026-11-01 11:30", GOOD)
    provider.known[f"T-{FIRST}-1"] = Answer.failed("card_declined", is_hard=True)
    shop.run_jobs("2026-11-01 12:00")
    assert state() == "PAID 39.00/39.00"
    chosen_by = [payment.chosen_by for payment in invoice().payments.order_by("attempt")]
    assert chosen_by == ["", "mei@rosewood.example"]  # the first was due anyway
