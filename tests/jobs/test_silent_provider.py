"""A provider that accepts and never answers: it keeps nobody waiting but its own workers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.urls import reverse

from billing.models import Invoice, Payment
from billing.operations import payments
from billing.providers.registry import PROVIDERS, Answer
from config.celery import app
from config.management.commands import up
from config.timetable import TIMETABLE
from credit.operations import payouts
from credit.providers import PROVIDERS as BANKS
from credit.providers import Answer as BankAnswer
from jobs import definitions, leases, requested, runs, tasks
from jobs.models import JobFailure, JobRun
from jobs.silences import Silences
from jobs.timetable import job_named
from lib import clock
from tests import shops, silent_server, stripe_server
from tests.billing.at_stripe import add_card
from tests.billing.paying import Told, told_shop
from tests.credit.withdrawing import NOW, shop_with, status, withdraw
from tests.factories import browser_of, operator
from tests.jobs.working import figures, open_failures, run, workers_in_this_process
from tests.silent_server import Silent
from tests.text import text_of
from tests.whole import full

pytestmark = pytest.mark.django_db

COLLECTING, RECONCILING = "collect-payments", "reconcile-payments"
DUE = "2026-11-02 10:00"


@pytest.fixture
def silent(settings: Any) -> Iterator[Silent]:
    """A provider that takes connections and does not answer; 0.2 s are waited for it."""
    with silent_server.silent() as server:
        stripe_server.be_asked(settings, server.url, timeout=0.2)
        yield server


def due(invoices: int, prefix: str = "shop") -> None:
    """Make so many shops, each with a bill of 250.00 that Stripe is to collect on 2 November."""
    for number in range(invoices):
        shop = shops.join("2026-11-01 10:00", f"{prefix}-{number:02}")
        add_card(shop, "2026-11-01 10:05", f"pm_{prefix}_{number}", f"cus_{prefix}_{number}")
        assert shop.charge("2026-11-02 09:00", "pick-pack", "250.00") == "applied"


def standing() -> dict[str, int]:
    """How many bills are in which state, and how many attempts."""
    invoices = list(Invoice.objects.values_list("status", flat=True))
    attempts = list(Payment.objects.values_list("status", flat=True))
    found = [*(f"bill {state}" for state in invoices), *(f"attempt {state}" for state in attempts)]
    return {state: found.count(state) for state in sorted(set(found))}


@pytest.mark.parametrize("invoices", [4, *full(60)])
def test_many_bills_cost_three_silences_and_none_is_lost(
    silent: Silent, settings: Any, invoices: int
) -> None:
    due(invoices)
    found = run(COLLECTING, DUE)
    assert (figures(found), found.rows_left) == ((invoices, 3, 0), invoices - 3)
    assert (found.silent, found.open_chunks) == (["stripe"], [])
    assert found.ended_at == shops.instant(DUE)
    said = f"Chunk 1: stripe kept silent; the next run tries the {invoices - 3} rows left"
    assert found.error == said
    assert len(silent.accepted) == 3
    assert standing() == {"attempt UNKNOWN": 3, "bill OPEN": invoices}
    with stripe_server.odd_stripe() as heard:
        stripe_server.be_asked(settings, heard.url)
        found = run(COLLECTING, "2026-11-02 10:05")
        assert (figures(found), found.rows_left, found.error) == ((invoices, invoices, 0), 0, "")
        assert standing() == {
            "attempt SUCCEEDED": invoices - 3,
            "attempt UNKNOWN": 3,
            "bill OPEN": 3,
            "bill PAID": invoices - 3,
        }
        found = run(RECONCILING, "2026-11-02 10:15")
        assert figures(found) == (3, 3, 0)
        assert standing() == {"attempt SUCCEEDED": invoices, "bill PAID": invoices}
        assert len(heard.intents) == invoices


@pytest.mark.full  # one chunk asks no more, above
def test_once_it_kept_silent_the_runs_other_chunks_do_not_ask_it(
    silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", 5)
    due(12)
    found = run(COLLECTING, DUE)
    assert (figures(found), found.rows_left, found.chunks) == ((12, 3, 0), 9, 3)
    assert len(silent.accepted) == 3


@pytest.mark.full  # three silences, above
def test_those_whom_another_provider_collects_are_tried(silent: Silent, settings: Any) -> None:
    settings.TAEL_SANDBOX = True
    due(4)
    shop = shops.join("2026-11-01 10:00", "sandy", payment_method="sandbox")
    assert shop.charge("2026-11-02 09:00", "pick-pack", "250.00") == "applied"
    found = run(COLLECTING, DUE)
    assert (figures(found), found.rows_left) == ((5, 4, 0), 1)
    assert standing() == {
        "attempt SUCCEEDED": 1,
        "attempt UNKNOWN": 3,
        "bill OPEN": 4,
        "bill PAID": 1,
    }


@pytest.mark.full  # none is lost, above
def test_those_asked_about_in_vain_come_after_those_never_tried(silent: Silent) -> None:
    due(6)
    run(COLLECTING, DUE)
    run(COLLECTING, "2026-11-02 11:00")
    assert standing() == {"attempt UNKNOWN": 6, "bill OPEN": 6}
    assert len(silent.accepted) == 6


@pytest.mark.full  # three silences, above
def test_a_turn_ends_by_its_own_clock_and_hands_back_the_rest(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "TURN_SECONDS", 0)  # one row each
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        due(4)
        found = run(COLLECTING, DUE)
    assert (figures(found), found.rows_left) == ((4, 4, 0), 0)
    assert (found.chunks, found.open_chunks, found.error) == (4, [], "")
    assert standing() == {"attempt SUCCEEDED": 4, "bill PAID": 4}


def test_a_worker_whose_clock_is_wrong_parks_no_row(settings: Any) -> None:
    at = shops.instant(DUE)
    wrong = clock.ClockAhead(at + timedelta(hours=1), at)
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        due(2)
        started = runs.start(job_named(COLLECTING), at=at, now=at)
        with workers_in_this_process(), mock.patch.object(clock, "now", side_effect=wrong):
            tasks.spread(started)
        started.run.refresh_from_db()
        assert "60 minutes ahead of the database's" in started.run.error
        assert (figures(started.run), open_failures(), server.requests) == ((2, 0, 0), [], [])
        run(COLLECTING, "2026-11-02 10:05")
    assert standing() == {"attempt SUCCEEDED": 2, "bill PAID": 2}


# The time limit, which strikes in the middle of a request.


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Told:
    """A provider that answers as it is told, beside the sandbox."""
    settings.TAEL_SANDBOX = True
    told = Told()
    monkeypatch.setitem(PROVIDERS, "stripe", told)
    return told


def test_the_time_limit_is_no_answer_of_the_provider(provider: Told) -> None:
    shop = told_shop()
    provider.answers = [SoftTimeLimitExceeded()]
    with pytest.raises(SoftTimeLimitExceeded):
        payments.collect(Invoice.objects.get().pk, now=shop.at("2026-11-01 11:00"))
    assert standing() == {"attempt PENDING": 1, "bill OPEN": 1}
    provider.known["T-2026-000001-1"] = Answer.succeeded("pi-1")
    shop.run_jobs("2026-11-01 11:10")
    assert standing() == {"attempt SUCCEEDED": 1, "bill PAID": 1}
    assert provider.sent == ["T-2026-000001-1"]


def test_the_time_limit_is_no_answer_of_the_bank(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        def check_allowed(self) -> None:
            pass

        def send(self, withdrawal: object) -> BankAnswer:
            raise SoftTimeLimitExceeded

        def find(self, reference: str) -> BankAnswer:
            return BankAnswer.paid("bank-1")

    monkeypatch.setitem(BANKS, "slow", Slow())
    settings.TAEL_PAYOUT_PROVIDER = "slow"
    withdrawal = withdraw(shop_with("300.00"), "100.00")
    with pytest.raises(SoftTimeLimitExceeded):
        payouts.send(withdrawal.pk, now=shops.instant(NOW))
    assert status(withdrawal) == "SENT"
    payouts.reconcile(withdrawal.pk, now=shops.instant("2026-11-03 10:10"))
    assert status(withdrawal) == "PAID"


# One run of a job at a time.


def test_no_second_run_starts_while_one_is_at_work(settings: Any) -> None:
    at = shops.instant(DUE)
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        due(1)
        job = job_named(COLLECTING)
        runs.start(job, at=at, now=at)
        later = at + timedelta(minutes=14, seconds=59)
        assert runs.is_at_work(job, later)
        with pytest.raises(runs.JobAtWork):
            requested.order(
                job_name=COLLECTING, at=at, actor="olga@tael.example", reason="again", now=later
            )
        assert JobRun.objects.count() == 1
        assert not runs.is_at_work(job, at + timedelta(minutes=15))
        assert not runs.is_at_work(job_named(RECONCILING), later)


def test_beats_next_message_starts_none_either(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = shops.instant(DUE)
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=5))
    with stripe_server.odd_stripe() as server:
        stripe_server.be_asked(settings, server.url)
        due(1)
        runs.start(job_named(COLLECTING), at=at, now=at)
        tasks.run_job(COLLECTING)
        assert (JobRun.objects.count(), server.requests) == (1, [])


# Queues.


def test_who_asks_providers_waits_in_a_queue_of_their_own() -> None:
    asking = {job.name for job in TIMETABLE if job.queue == "providers"}
    assert asking >= {COLLECTING, RECONCILING, "send-withdrawals", "reconcile-withdrawals"}
    others = {job.name for job in TIMETABLE if job.queue is None}
    assert others >= {"billing-day-ends", "credit-day-ends", "notice-mails", "security-mails"}
    assert len(asking) + len(others) == len(TIMETABLE)
    assert app.conf.task_routes["billing.tasks.collect_chosen"] == {"queue": "providers"}
    assert "--queues celery,timetable" in up.WORKER
    assert "--queues providers" in up.PROVIDER_WORKER


# A parked row that an operator tries again.


@pytest.mark.parametrize(
    "name",
    ["look-at-provider-days", *full("look-for-reversals", "look-at-provider-payouts")],
)
def test_an_operator_who_retries_reads_that_there_was_no_answer_and_the_row_stays_parked(
    silent: Silent, settings: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: shops.instant("2026-11-03 10:00"))
    failed_at = shops.instant("2026-11-03 01:00")
    seen: dict[str, Any] = {"first_failed_at": failed_at, "last_failed_at": failed_at}
    failure = JobFailure.objects.create(job=name, row_id=1, error="broken", failures=1, **seen)
    browser = browser_of(operator("Administrator"))
    page = reverse("admin:jobs_jobfailure_decide", args=[failure.pk, "retry"])
    answer = browser.post(page, {"reason": "Now."})
    assert "stripe did not answer. The row stays parked until" in text_of(answer)
    failure.refresh_from_db()
    assert (failure.resolved_at, failure.failures, failure.error) == (None, 1, "broken")
    found = JobRun.objects.get()
    assert (figures(found), found.rows_left) == ((1, 0, 0), 1)
    assert found.error == "Chunk 1: stripe kept silent; the next run tries the 1 rows left"
    assert len(silent.accepted) == 1
    with stripe_server.odd_stripe() as heard:
        stripe_server.be_asked(settings, heard.url)
        assert browser.post(page, {"reason": "Now."}).status_code == 302
    failure.refresh_from_db()
    assert failure.resolved_at == shops.instant("2026-11-03 10:00")


def test_an_attempt_that_is_asked_about_in_vain_stays_parked(silent: Silent) -> None:
    """The job itself notes that there was no answer, and has it left for the next run."""
    due(1)
    run(COLLECTING, DUE)
    at = shops.instant("2026-11-02 11:00")
    seen: dict[str, Any] = {"first_failed_at": at, "last_failed_at": at, "failures": 1}
    failure = JobFailure.objects.create(
        job=RECONCILING, row_id=Payment.objects.get().pk, error="broken", **seen
    )
    asked: dict[str, Any] = {"actor": "olga@tael.example", "reason": "Now.", "now": at}
    with pytest.raises(requested.ProviderSilent):
        requested.retry(failure_id=failure.pk, **asked)
    assert [job for job, *_ in open_failures()] == [RECONCILING]
    assert standing() == {"attempt UNKNOWN": 1, "bill OPEN": 1}


def test_a_row_that_another_process_has_is_left_to_it_and_stays_parked(settings: Any) -> None:
    at = shops.instant("2026-11-02 10:30")
    seen: dict[str, Any] = {"first_failed_at": at, "last_failed_at": at, "failures": 1}
    with stripe_server.odd_stripe() as heard:
        stripe_server.be_asked(settings, heard.url)
        due(1)
        invoice = Invoice.objects.get()
        failure = JobFailure.objects.create(
            job=COLLECTING, row_id=invoice.pk, error="broken", **seen
        )
        asked: dict[str, Any] = {"failure_id": failure.pk, "actor": "olga@tael.example"}
        asked |= {"reason": "Now.", "now": at}
        lease = leases.take(f"bill {invoice.pk}")
        assert lease is not None
        with pytest.raises(requested.InOtherHands, match="another process is at this row"):
            requested.retry(**asked)
        found = JobRun.objects.get()
        assert (figures(found), found.rows_left, found.error) == ((1, 0, 0), 1, "")
        found = run(COLLECTING, "2026-11-02 11:00")
        assert (figures(found), found.rows_left, found.error) == ((1, 0, 0), 1, "")
        assert heard.requests == []
        failure.refresh_from_db()
        assert (failure.resolved_at, failure.failures, failure.error) == (None, 1, "broken")
        leases.give_back(lease)
        assert requested.retry(**asked).resolved_at == at
    assert standing() == {"attempt SUCCEEDED": 1, "bill PAID": 1}


@pytest.mark.full  # a bill is left, above
@pytest.mark.parametrize("ask", [payouts.send, payouts.reconcile])
def test_so_is_a_withdrawal(ask: Any) -> None:
    withdrawal = withdraw(shop_with("300.00"), "100.00")
    before, silences = status(withdrawal), Silences()
    lease = leases.take(f"payout {withdrawal.reference}")
    assert lease is not None
    ask(withdrawal.pk, now=shops.instant(NOW), silences=silences)
    assert (silences.left, status(withdrawal)) == (1, before)
