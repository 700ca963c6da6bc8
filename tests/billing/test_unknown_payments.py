"""An attempt without an answer: it is asked about, and nothing else is tried before."""

import logging
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection

from billing.models import Payment, StrayPayment
from billing.operations import payments
from billing.providers import Answer, NoAnswer
from config.datafolder import BASE_DIR
from tests.billing.paying import (
    FIRST,
    GOOD,
    SILENT,
    Told,
    add_card,
    attempts,
    bill,
    billed,
    choose,
    first_failure,
    give_up,
    hear,
    next_attempt,
    paid,
    pay_now,
    settle_stray,
    state,
    told,
    told_shop,
    transfer,
    unchanged,
    void,
)
from tests.threads import at_once

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
    provider.known[f"{FIRST}-1"] = Answer.undecided("")
    shop.run_jobs("2026-11-01 11:00")
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    with unchanged(shop):
        shop.run_jobs("2026-11-01 12:00")
        assert pay_now(shop, "2026-11-01 12:00") == "payment_under_way"
        assert void(shop, "2026-11-01 12:00") == "bill_has_payments"
        assert transfer(shop, "2026-11-01 12:00", "39.00") == "payment_under_way"
    assert give_up(shop, "2026-11-01 13:00") == "UNCOLLECTIBLE"  # we stop; what was sent may pay
    provider.known[f"{FIRST}-1"] = paid()
    shop.run_jobs("2026-11-05 12:05")
    assert state() == "PAID 39.00/39.00"
    assert provider.sent == [f"{FIRST}-1"]


def test_it_is_found_to_have_failed_and_that_is_the_first_failure(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"{FIRST}-1"] = Answer.undecided("")
    shop.run_jobs("2026-11-01 11:00")
    assert (first_failure(shop), told(shop)) == (None, [])
    provider.known[f"{FIRST}-1"] = Answer.failed("insufficient_funds")
    shop.run_jobs("2026-11-01 11:05")
    assert attempts(shop) == [f"2026-11-01 11:00 {SOFT}"]
    assert first_failure(shop) == "2026-11-01 11:05"
    assert next_attempt(shop) == "2026-11-02 11:05"
    assert told(shop) == [f"2026-11-01 11:05 {FIRST} 39.00 USD insufficient_funds"]


def test_what_was_never_received_is_tried_again_under_another_key(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("connection reset")]
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-01 11:09:59")
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    shop.run_jobs("2026-11-01 11:10")
    assert attempts(shop) == [
        "2026-11-01 11:00 FAILED never_received",
        "2026-11-01 11:10 SUCCEEDED",
    ]
    assert provider.sent == [f"{FIRST}-1", f"{FIRST}-2"]
    assert (first_failure(shop), told(shop)) == (None, [])


def test_a_retry_that_was_never_received_is_not_used_up(provider: Told) -> None:
    shop = told_shop()
    soft = Answer.failed("insufficient_funds")
    provider.answers = [soft, NoAnswer("reset"), soft, soft]
    for at in ("01 11:00", "02 11:00", "02 11:10", "04 11:00"):
        shop.run_jobs(f"2026-11-{at}")
    assert attempts(shop) == [
        f"2026-11-01 11:00 {SOFT}",
        "2026-11-02 11:00 FAILED never_received",
        f"2026-11-02 11:10 {SOFT}",
        f"2026-11-04 11:00 {SOFT}",
    ]


def test_the_providers_name_for_it_is_kept_while_it_decides(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"{FIRST}-1"] = Answer.undecided("pi-7")
    shop.run_jobs("2026-11-01 11:00")
    shop.run_jobs("2026-11-01 12:00")
    assert Payment.objects.get().provider_reference == "pi-7"
    provider.known[f"{FIRST}-1"] = Answer.failed("insufficient_funds")
    shop.run_jobs("2026-11-01 13:00")
    assert Payment.objects.get().provider_reference == "pi-7"


def test_a_provider_that_falls_over_may_have_taken_it(
    provider: Told, caplog: pytest.LogCaptureFixture
) -> None:
    shop = told_shop()
    provider.answers = [ZeroDivisionError("not of the kind we know")]
    provider.known[f"{FIRST}-1"] = paid()
    with caplog.at_level(logging.WARNING):
        assert pay_now(shop, "2026-11-01 11:00") == "UNKNOWN"
    assert "not of the kind we know" in caplog.text
    shop.run_jobs("2026-11-01 11:05")
    assert (state(), provider.sent) == ("PAID 39.00/39.00", [f"{FIRST}-1"])


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
        provider.known[f"{FIRST}-1"] = paid()
    shop.run_jobs("2026-11-01 12:00")
    assert provider.asked == [f"{FIRST}-1"]
    assert provider.sent == [f"{FIRST}-1"] + ([] if arrived else [f"{FIRST}-2"])
    assert state() == "PAID 39.00/39.00"
    assert Payment.objects.filter(status="SUCCEEDED").count() == 1


def test_another_method_chosen_meanwhile_waits_for_the_answer_and_is_tried_then(
    provider: Told,
) -> None:
    shop = told_shop()
    provider.answers = [NoAnswer("timed out")]
    provider.known[f"{FIRST}-1"] = Answer.undecided("")
    shop.run_jobs("2026-11-01 11:00")
    add_card(shop, "2026-11-01 11:30", GOOD)
    shop.run_jobs("2026-11-01 12:00")
    assert attempts(shop) == ["2026-11-01 11:00 UNKNOWN"]
    provider.known[f"{FIRST}-1"] = Answer.failed("card_declined", is_hard=True)
    shop.run_jobs("2026-11-01 13:00")
    assert attempts(shop) == [
        "2026-11-01 11:00 FAILED card_declined",
        "2026-11-01 13:00 SUCCEEDED",
    ]
    assert told(shop) == []


def test_an_answer_is_settled_once(provider: Told) -> None:
    shop = told_shop()
    shop.run_jobs("2026-11-01 11:00")
    with unchanged(shop):
        hear(shop, "2026-11-01 12:00", paid())
        hear(shop, "2026-11-01 12:00", Answer.failed("card_declined", is_hard=True))
        hear(shop, "2026-11-01 12:00", Answer.undecided("pi-9"))


def test_a_message_that_comes_before_the_answer_pays_once(provider: Told) -> None:
    shop = told_shop()
    provider.meanwhile = lambda _: hear(shop, "2026-11-01 11:00", paid())
    shop.run_jobs("2026-11-01 11:00")
    assert state() == "PAID 39.00/39.00"
    assert attempts(shop) == ["2026-11-01 11:00 SUCCEEDED"]


# Money for an attempt that we hold for failed.


def failed_shop(provider: Told) -> Any:
    shop = told_shop()
    provider.answers = [Answer.failed("insufficient_funds", reference="pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    return shop


def test_late_money_pays_the_open_bill(provider: Told) -> None:
    shop = failed_shop(provider)
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    assert state() == "PAID 39.00/39.00"
    first, second = Payment.objects.order_by("attempt")
    assert (first.status, second.status) == ("FAILED", "SUCCEEDED")
    assert (second.provider_reference, second.idempotency_key) == ("pi-1", f"{FIRST}-2")
    with unchanged(shop):
        hear(shop, "2026-11-01 13:00", Answer.succeeded("pi-1"))
    shop.run_jobs("2026-11-02 11:00")
    assert len(attempts(shop)) == 2
    assert not StrayPayment.objects.exists()


def test_late_money_for_a_bill_that_is_paid_waits_for_an_operator(provider: Told) -> None:
    shop = failed_shop(provider)
    transfer(shop, "2026-11-01 11:30", "39.00")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    stray = StrayPayment.objects.get()
    assert (stray.provider_reference, str(stray.amount), stray.status) == (
        "pi-1",
        "39.0000",
        "OPEN",
    )
    with unchanged(shop):
        hear(shop, "2026-11-01 12:05", Answer.succeeded("pi-1"))


@pytest.mark.parametrize("what", ["a part is paid", "it is void", "another is under way"])
def test_late_money_that_the_bill_does_not_want_exactly_waits(provider: Told, what: str) -> None:
    shop = failed_shop(provider)
    if what == "a part is paid":
        transfer(shop, "2026-11-01 11:30", "0.01")
    elif what == "it is void":
        void(shop, "2026-11-01 11:30")
    else:
        provider.answers = [Answer.undecided("pi-2")]
        pay_now(shop, "2026-11-01 11:30")
    before = state()
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    assert state() == before
    assert StrayPayment.objects.get().provider_reference == "pi-1"


def test_late_money_that_was_given_back_does_not_pay_when_it_is_told_again(provider: Told) -> None:
    shop = failed_shop(provider)
    provider.answers = [Answer.undecided("pi-2")]
    pay_now(shop, "2026-11-01 11:30")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    hear(shop, "2026-11-01 12:01", Answer.failed("insufficient_funds"), f"{FIRST}-2")
    assert settle_stray(shop, "2026-11-01 13:00") == "SETTLED"
    with unchanged(shop):
        hear(shop, "2026-11-01 14:00", Answer.succeeded("pi-1"))
    assert state() == "OPEN 0.00/39.00"


def test_a_stray_payment_is_settled_once_with_a_reason(provider: Told) -> None:
    shop = failed_shop(provider)
    transfer(shop, "2026-11-01 11:30", "39.00")
    hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1"))
    with unchanged(shop):
        assert settle_stray(shop, "2026-11-01 13:00", " ") == "invalid"
    assert settle_stray(shop, "2026-11-01 13:00") == "SETTLED"
    with unchanged(shop):
        assert settle_stray(shop, "2026-11-01 14:00", "again") == "already_settled"
    stray = StrayPayment.objects.get()
    assert (stray.settled_by, stray.reason) == ("olga@tael.example", "given back")


# Two at once, and processes that are killed.


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_two_people_at_one_bill_make_one_attempt(provider: Told) -> None:
    shop = told_shop()
    invoice_id = bill().pk

    def work(number: int) -> str:
        if number % 2:
            return pay_now(shop, "2026-11-01 11:00")
        found = payments.collect(invoice_id, now=shop.at("2026-11-01 11:00"))
        return found.status if found else "nothing"

    said = at_once(work, threads=4)
    assert said["SUCCEEDED"] == 1
    assert set(said) <= {"SUCCEEDED", "nothing", "payment_under_way", "bill_not_open"}
    assert provider.sent == [f"{FIRST}-1"]
    assert (state(), Payment.objects.count()) == ("PAID 39.00/39.00", 1)


@pytest.mark.django_db(transaction=True)
def test_a_slow_request_is_left_alone_however_long_it_takes(provider: Told) -> None:
    shop = told_shop()

    def look(_: Payment) -> None:
        # Another process finds the attempt hours later by its clock: whoever made it is alive.
        assert at_once(
            lambda _: payments.reconcile(Payment.objects.get().pk, now=shop.at("2026-11-01 20:00")),
            threads=2,
        ) == {None: 2}
        assert at_once(
            lambda _: payments.collect(bill().pk, now=shop.at("2026-11-01 20:00")), threads=2
        ) == {None: 2}

    provider.meanwhile = look
    shop.run_jobs("2026-11-01 11:00")
    assert (provider.sent, provider.asked) == ([f"{FIRST}-1"], [])
    assert state() == "PAID 39.00/39.00"


@pytest.mark.django_db(transaction=True)
def test_the_same_message_four_times_at_once_pays_once(provider: Told) -> None:
    shop = failed_shop(provider)
    at_once(lambda _: hear(shop, "2026-11-01 12:00", Answer.succeeded("pi-1")), threads=4)
    assert state() == "PAID 39.00/39.00"
    assert Payment.objects.filter(status="SUCCEEDED").count() == 1
    assert not StrayPayment.objects.exists()


KILLED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["TAEL_SANDBOX"] = "1"
from django.conf import settings
database, cache, invoice_id, now = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = database
settings.CACHES["default"]["LOCATION"] = cache
import django
django.setup()
from billing.operations import payments
from billing.providers import PROVIDERS
from tests import shops
sandbox = type(PROVIDERS["sandbox"])
collect = sandbox.collect
def killed(self, payment, *, now):
    if os.environ["ARRIVED"] == "1":
        try:
            collect(self, payment, now=now)
        except Exception:
            pass
    os.kill(os.getpid(), 9)
sandbox.collect = killed
payments.collect(int(invoice_id), now=shops.instant(now))
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("arrived", ["1", "0"], ids=["it arrived", "it did not arrive"])
def test_killed_before_the_answer_it_is_paid_exactly_once(settings: Any, arrived: str) -> None:
    shop = billed(card=GOOD)
    arguments = [
        str(connection.settings_dict["NAME"]),
        settings.CACHES["default"]["LOCATION"],
        str(bill().pk),
        "2026-11-01 11:00",
    ]
    process = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        cwd=BASE_DIR,
        env={**os.environ, "ARRIVED": arrived},
        capture_output=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert attempts(shop) == ["2026-11-01 11:00 PENDING"]
    shop.run_jobs("2026-11-01 12:00")
    made = ["2026-11-01 11:00 SUCCEEDED"]
    if arrived == "0":
        made = ["2026-11-01 11:00 FAILED never_received", "2026-11-01 12:00 SUCCEEDED"]
    assert attempts(shop) == made
    assert state() == "PAID 39.00/39.00"


def test_choosing_a_method_while_it_is_undecided_moves_nothing_yet(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [Answer.undecided("pi-1")]
    shop.run_jobs("2026-11-01 11:00")
    assert choose(shop, "2026-11-01 11:30", "manual") == "manual"
    hear(shop, "2026-11-01 12:00", Answer.failed("insufficient_funds"))
    assert next_attempt(shop) is None
