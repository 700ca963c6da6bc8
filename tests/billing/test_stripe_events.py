"""Stripe tells us of payments by itself: late, twice, in any order; or somebody else does."""

import json
from typing import Any

import pytest
import stripe
from django.db import connection
from django.test import Client

from billing.models import Invoice, Payment
from tests import shops, stripe_server
from tests.amounts import usd
from tests.billing.at_stripe import attempts, billed_shop, collect, invoice, next_attempt
from tests.stripe_server import OddStripe, send_event
from tests.unchanged import nothing_changes
from tests.whole import full, some

pytestmark = pytest.mark.django_db

ORDER = {"amount": "25000", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1"}


@pytest.fixture
def lost(odd: OddStripe) -> shops.Shop:
    """A shop from which Stripe took a payment as pi_1, the answer to which was lost."""
    shop = billed_shop()
    odd.mishaps.append("lost")
    collect(shop, "2026-11-02 10:00")
    assert attempts() == ["UNKNOWN"]
    return shop


def post(body: bytes, signature: str = "", **headers: str) -> int:
    """The status of our answer to this body at Stripe's webhook."""
    given = {"Stripe-Signature": signature} if signature else {}
    posted = Client().post(
        "/webhooks/stripe/", body, content_type="application/json", headers={**given, **headers}
    )
    return posted.status_code


def sign(body: bytes, **options: Any) -> str:
    """Stripe's signature for the body."""
    secret = stripe_server.WEBHOOK_SECRET
    signature = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, **options)
    return str(signature)


def test_an_event_brings_the_answer_that_was_lost(lost: shops.Shop) -> None:
    assert send_event("payment_intent.succeeded", "pi_1") == 200
    assert (attempts(), invoice()) == (["SUCCEEDED"], ("PAID", usd(250)))


def test_a_repeated_event_changes_nothing(lost: shops.Shop) -> None:
    send_event("payment_intent.succeeded", "pi_1")
    with nothing_changes():
        assert send_event("payment_intent.succeeded", "pi_1") == 200
    assert attempts() == ["SUCCEEDED"]


@pytest.mark.parametrize("kind", some(["payment_failed", "processing", "canceled"], 3))
def test_an_event_that_comes_after_a_later_one_does_not_turn_the_clock_back(
    lost: shops.Shop, kind: str
) -> None:
    assert send_event(f"payment_intent.{kind}", "pi_1") == 200  # it has succeeded since
    assert (attempts(), invoice()) == (["SUCCEEDED"], ("PAID", usd(250)))
    with nothing_changes():
        assert send_event(f"payment_intent.{kind}", "pi_1") == 200


@pytest.mark.full  # one that succeeded, above
def test_an_event_tells_that_a_payment_failed(odd: OddStripe, lost: shops.Shop) -> None:
    error = {"code": "card_declined", "decline_code": "stolen_card"}
    odd.intents[0] |= {"status": "requires_payment_method", "last_payment_error": error}
    assert send_event("payment_intent.payment_failed", "pi_1") == 200
    assert (attempts(), next_attempt()) == (["FAILED stolen_card"], "")


def test_what_the_event_itself_says_of_the_payment_is_not_believed(
    odd: OddStripe, lost: shops.Shop
) -> None:
    odd.intents[0]["status"] = "processing"
    said = {"id": "pi_1", "status": "succeeded"}
    body = json.dumps({"type": "payment_intent.succeeded", "data": {"object": said}}).encode()
    assert post(body, sign(body)) == 200
    assert (attempts(), invoice()) == (["UNKNOWN"], ("OPEN", usd(0)))


@pytest.mark.parametrize(
    "change", some([{"amount": 24999}, {"currency": "thb"}, {"customer": "cus_2"}], 3)
)
def test_a_payment_of_another_amount_or_customer_does_not_pay_the_bill(
    odd: OddStripe, lost: shops.Shop, change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    odd.intents[0] |= change
    assert send_event("payment_intent.succeeded", "pi_1") == 200
    assert (attempts(), invoice()) == (["UNKNOWN"], ("OPEN", usd(0)))
    assert Payment.objects.get().problem.startswith("pi_1 has the key of payment T-2026-000001-1")
    assert Payment.objects.get().problem.endswith("we asked for 250.00 USD")
    with nothing_changes():
        assert send_event("payment_intent.succeeded", "pi_1") == 200
    assert "another amount or customer" in caplog.text


@pytest.mark.parametrize("metadata", [{}, *full({"tael_payment": "2026-999999-1"})])
def test_a_payment_that_we_do_not_know_is_left_alone(
    odd: OddStripe, lost: shops.Shop, metadata: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    odd.make(ORDER, id="pi_foreign", metadata=metadata)
    with nothing_changes():
        assert send_event("payment_intent.succeeded", "pi_foreign") == 200
        assert send_event("payment_intent.succeeded", "pi_gone") == 200
    assert "pi_foreign" in caplog.text
    assert "pi_gone" in caplog.text


def test_events_of_other_kinds_are_none_of_our_business(odd: OddStripe) -> None:
    odd.requests.clear()
    assert send_event("customer.created", "cus_1") == 200
    assert odd.requests == []


def test_while_stripe_can_not_be_asked_the_event_is_to_come_again(
    odd: OddStripe, lost: shops.Shop, settings: Any
) -> None:
    with odd.silent(), nothing_changes():
        assert send_event("payment_intent.succeeded", "pi_1") == 503
    settings.STRIPE_API_KEY = ""
    with nothing_changes():
        assert send_event("payment_intent.succeeded", "pi_1") == 503
    settings.STRIPE_API_KEY = stripe_server.KEY
    assert send_event("payment_intent.succeeded", "pi_1") == 200
    assert attempts() == ["SUCCEEDED"]


def test_the_event_of_a_card_is_to_come_again_while_stripe_can_not_be_asked_at_all(
    odd: OddStripe, settings: Any
) -> None:
    settings.STRIPE_API_KEY = ""
    with nothing_changes():
        assert send_event("setup_intent.succeeded", "seti_1") == 503
    settings.STRIPE_API_KEY = stripe_server.KEY
    assert send_event("setup_intent.succeeded", "seti_1") == 200


def test_nobody_but_stripe_tells_us_anything(odd: OddStripe, lost: shops.Shop) -> None:
    event = {"type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1"}}}
    body = json.dumps(event).encode()
    odd.requests.clear()
    with nothing_changes():
        assert post(body) == 400
        assert post(body, "t=1,v1=nonsense") == 400
        assert post(body, sign(body + b" ")) == 400
        assert send_event("payment_intent.succeeded", "pi_1", secret="whsec_guessed") == 400
        assert post(body, sign(body, timestamp=1_790_000_000)) == 400  # an old one, sent again
    assert odd.requests == []
    assert attempts() == ["UNKNOWN"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type": "x"}', b'{"type":1,"data":[]}'])
def test_a_signed_body_that_is_no_event_is_refused(odd: OddStripe, body: bytes) -> None:
    assert post(body, sign(body)) == 400


@pytest.mark.parametrize("deep", [100, 900, 2_000, 20_000])
def test_what_is_nested_deeply_is_no_fault_of_ours(odd: OddStripe, deep: int) -> None:
    nested = "[" * deep + "]" * deep
    assert post(nested.encode(), sign(nested.encode())) == 400
    for event in (
        f'{{"type": {nested}, "data": {{"object": {{"id": "pi_1"}}}}}}',
        f'{{"type": "payment_intent.succeeded", "data": {{"object": {{"id": {nested}}}}}}}',
    ):
        body = event.encode()
        assert post(body, sign(body)) == 400


def test_bytes_that_are_no_text_are_refused(odd: OddStripe) -> None:
    assert post(b"\xff\xfe", "t=1,v1=00") == 400


def test_a_body_that_is_too_long_is_not_read(odd: OddStripe) -> None:
    body = b" " * (1024 * 1024 + 1)
    assert post(body, sign(body)) == 413


def test_it_can_only_be_posted_to() -> None:
    assert Client().get("/webhooks/stripe/").status_code == 405


def test_without_a_secret_events_are_to_come_again(
    odd: OddStripe, lost: shops.Shop, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    with nothing_changes():
        assert send_event("payment_intent.succeeded", "pi_1") == 503
    assert "STRIPE_WEBHOOK_SECRET" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_an_event_that_overtakes_the_reply_settles_the_payment_once(odd: OddStripe) -> None:
    replies: list[int] = []

    def send(intent_id: str) -> None:
        replies.append(send_event("payment_intent.succeeded", intent_id))
        connection.close()  # this thread's own

    odd.before_reply = send
    shop = billed_shop()
    shop.run_jobs("2026-11-02 10:00")
    assert replies == [200]
    assert (attempts(), invoice()) == (["SUCCEEDED"], ("PAID", usd(250)))
    assert Payment.objects.get().ended_at == Invoice.objects.get().paid_at
