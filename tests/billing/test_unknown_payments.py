"""An attempt without an answer: it is asked about, and nothing else is tried before."""

import logging

import pytest

from billing.models import Payment
from billing.operations import payments
from billing.providers.registry import Answer, NoAnswer
from tests.billing.paying import (
    FIRST,
    GOOD,
    SILENT,
    Told,
    add_card,
    attempts,
    billed,
    choose,
    first_failure,
    give_up,
    hear,
    invoice,
    next_attempt,
    paid,
    pay_now,
    state,
    told,
    told_shop,
    transfer,
    void,
)
from tests.threads import at_once, every_order
from tests.unchanged import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

SOFT = "FAILED insufficient_funds"


def test_a_silent_card_is_asked_about_and_found_to_have_paid() -> None:
    shop = billed(card=SILENT)
    shop.run_jobs("2026-11-01 11:00")  # the job that asks comes right after the one that collects
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]
    assert state() == "PAID 39.00/39.00"


def test_while_it_has_no_answer_nothing_else_is_done(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"T-{FIRST}-1"] = Answer.undecided("")
    shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    with nothing_changes():
        shop.run_jobs("2026-11-01 12:00")
        assert pay_now(shop, "2026-11-01 12:00") == "payment_under_way"
        assert void(shop, "2026-11-01 12:00") == "invoice_has_payments"
        assert transfer(shop, "2026-11-01 12:00", "39.00") == "payment_under_way"
    assert give_up(shop, "2026-11-01 13:00") == "UNCOLLECTIBLE"  # we stop; what was sent may pay
    provider.known[f"T-{FIRST}-1"] = paid()
    shop.run_jobs("2026-11-05 12:05")
    assert state() == "PAID 39.00/39.00"
    assert provider.sent == [f"T-{FIRST}-1"]


def test_it_is_found_to_have_failed_and_that_is_the_first_failure(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"T-{FIRST}-1"] = Answer.undecided("")
    shop.run_jobs("2026-11-01 11:00")
    assert (first_failure(shop), told(shop)) == (None, [])
    provider.known[f"T-{FIRST}-1"] = Answer.failed("insufficient_funds")
    shop.run_jobs("2026-11-01 11:05")
    assert attempts(shop) == [f"2026-11-01 11:00 {SOFT}"]
    assert first_failure(shop) == "2026-11-01 11:05"
    assert next_attempt(shop) == "2026-11-02 11:05"
    assert told(shop) == [f"2026-11-01 11:05 {FIRST} 39.00 USD insufficient_funds"]


def test_what_was_never_received_is_made_again_under_the_same_key(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("connection reset")]
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-01 11:09:59")
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    shop.run_jobs("2026-11-01 11:10")
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]
    assert provider.sent == [f"T-{FIRST}-1", f"T-{FIRST}-1"]
    assert (first_failure(shop), told(shop)) == (None, [])
    assert Payment.objects.get().asked_again_at == shop.at("2026-11-01 11:10")


@pytest.mark.full  # made again, above
def test_made_again_and_not_received_again_it_waits_ten_minutes_more(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("connection reset"), NoAnswer("connection reset")]
    for at in ("11:00", "11:10", "11:19:59"):
        shop.run_jobs(f"2026-11-01 {at}")
    assert provider.sent == [f"T-{FIRST}-1"] * 2
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    shop.run_jobs("2026-11-01 11:20")
    assert provider.sent == [f"T-{FIRST}-1"] * 3
    assert (attempts(shop), state()) == (["2026-11-01 11:00 SUCCEEDED"], "PAID 39.00/39.00")


def test_what_was_given_up_is_not_made_again(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("connection reset")]
    shop.run_jobs("2026-11-01 11:00")
    assert give_up(shop, "2026-11-01 11:05") == "UNCOLLECTIBLE"
    shop.run_jobs("2026-11-01 11:10")
    assert attempts(shop) == ["2026-11-01 11:00 FAILED never_received"]
    assert (provider.sent, state()) == ([f"T-{FIRST}-1"], "UNCOLLECTIBLE 0.00/39.00")


def test_a_retry_that_was_never_received_is_not_used_up(provider: Told) -> None:
    shop = told_shop()
    soft = Answer.failed("insufficient_funds")
    provider.answers = [soft, NoAnswer("reset"), soft, soft]
    for at in ("01 11:00", "02 11:00", "02 11:10", "04 11:00"):
        shop.run_jobs(f"2026-11-{at}")
    assert attempts(shop) == [
        f"2026-11-01 11:00 {SOFT}",
        f"2026-11-02 11:00 {SOFT}",
        f"2026-11-04 11:00 {SOFT}",
    ]
    assert [payment.asked_again_at for payment in Payment.objects.order_by("attempt")] == [
        None,
        shop.at("2026-11-02 11:10"),
        None,
    ]


def test_the_providers_name_for_it_is_kept_while_it_decides(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"T-{FIRST}-1"] = Answer.undecided("pi-7")
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-01 12:00")
    assert Payment.objects.get().provider_reference == "pi-7"
    provider.known[f"T-{FIRST}-1"] = Answer.failed("insufficient_funds")
    shop.run_jobs("2026-11-01 13:00")
    assert Payment.objects.get().provider_reference == "pi-7"


def test_a_provider_that_falls_over_may_have_taken_it(
    provider: Told, caplog: pytest.LogCaptureFixture
) -> None:
    shop = told_shop()
    provider.answers = [ZeroDivisionError("not of the kind we know")]
    provider.known[f"T-{FIRST}-1"] = paid()
    with caplog.at_level(logging.WARNING):
        assert pay_now(shop, "2026-11-01 11:00") == "UNKNOWN"
    assert "not of the kind we know" in caplog.text
    shop.run_jobs("2026-11-01 11:05")
    assert (state(), provider.sent) == ("PAID 39.00/39.00", [f"T-{FIRST}-1"])


@pytest.mark.parametrize("arrived", [True, False], ids=["it arrived", "it did not arrive"])
def test_a_run_that_ends_before_the_answer_is_never_repeated_blindly(
    provider: Told, arrived: bool
) -> None:
    shop = told_shop()
    provider.answers = [SystemExit("killed")]
    with pytest.raises(SystemExit):
        shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == ["2026-11-01 11:00 PENDING"]
    if arrived:
        provider.known[f"T-{FIRST}-1"] = paid()
    shop.run_jobs("2026-11-01 12:00")
    assert provider.asked == [f"T-{FIRST}-1"]
    assert provider.sent == [f"T-{FIRST}-1"] * (1 if arrived else 2)
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]
    assert state() == "PAID 39.00/39.00"
    assert Payment.objects.filter(status="SUCCEEDED").count() == 1


def test_another_method_chosen_meanwhile_waits_for_the_answer_and_is_tried_then(
    provider: Told,
) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"T-{FIRST}-1"] = Answer.undecided("")
    shop.run_jobs("2026-11-01 11:00")
    add_card(shop, "2026-11-01 11:30", GOOD)
    shop.run_jobs("2026-11-01 12:00")
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    provider.known[f"T-{FIRST}-1"] = Answer.failed("card_declined", is_hard=True)
    shop.run_jobs("2026-11-01 13:00")
    assert attempts(shop) == [
        "2026-11-01 11:00 FAILED card_declined",
        "2026-11-01 13:00 SUCCEEDED",
    ]
    assert told(shop) == []


def test_an_answer_is_settled_once(provider: Told) -> None:
    shop = told_shop()
    shop.run_jobs("2026-11-01 11:00")
    with nothing_changes():
        hear(shop, "2026-11-01 12:00", paid())
        hear(shop, "2026-11-01 12:00", Answer.failed("card_declined", is_hard=True))
        hear(shop, "2026-11-01 12:00", Answer.undecided("pi-9"))


def test_a_message_that_comes_before_the_answer_pays_once(provider: Told) -> None:
    shop = told_shop()
    provider.meanwhile = lambda _: hear(shop, "2026-11-01 11:00", paid())
    shop.run_jobs("2026-11-01 11:00")
    assert state() == "PAID 39.00/39.00"
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]


def test_choosing_a_method_while_it_is_undecided_moves_nothing_yet(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    assert choose(shop, "2026-11-01 11:30", "manual") == "manual"
    hear(shop, "2026-11-01 12:00", Answer.failed("insufficient_funds"))
    assert next_attempt(shop) is None


# Two at once.


@pytest.mark.full  # four workers in test_races.py
@every_order
@pytest.mark.django_db(transaction=True)
def test_two_workers_and_two_people_at_one_bill_make_one_attempt(provider: Told) -> None:
    shop = told_shop()
    invoice_id = invoice().pk

    def work(number: int) -> str:
        """Collect the bill as a worker or as a person, by number: the outcome."""
        if number % 2:
            return pay_now(shop, "2026-11-01 11:00")
        found = payments.collect(invoice_id, now=shop.at("2026-11-01 11:00"))
        return found.status if found else "nothing"

    said = at_once(work, threads=4)
    assert said["SUCCEEDED"] == 1
    assert set(said) <= {"SUCCEEDED", "nothing", "payment_under_way", "invoice_not_open"}
    assert provider.sent == [f"T-{FIRST}-1"]
    assert (state(), Payment.objects.count()) == ("PAID 39.00/39.00", 1)


@pytest.mark.full  # a live lease in test_asking_leases.py
@pytest.mark.django_db(transaction=True)
def test_a_slow_request_is_left_alone_however_long_it_takes(provider: Told) -> None:
    shop = told_shop()

    def look(_: Payment) -> None:
        """Check that others who ask meanwhile leave the attempt alone."""
        # Another process finds the attempt hours later by its clock: whoever made it is alive.
        assert at_once(
            lambda _: payments.reconcile(Payment.objects.get().pk, now=shop.at("2026-11-01 20:00")),
            threads=2,
        ) == {None: 2}
        assert at_once(
            lambda _: payments.collect(invoice().pk, now=shop.at("2026-11-01 20:00")), threads=2
        ) == {None: 2}

    provider.meanwhile = look
    shop.run_jobs("2026-11-01 11:00")
    assert (provider.sent, provider.asked) == ([f"T-{FIRST}-1"], [])
    assert state() == "PAID 39.00/39.00"
