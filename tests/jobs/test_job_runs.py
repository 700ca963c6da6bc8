"""Each run of a job is on record; a row that fails is parked and holds up none of the others."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError

from billing.models import BillingAccount
from billing.operations import days
from credit.models import CreditLine
from jobs import definitions, queries, requested, runs, tasks
from jobs.chunks import Failures, one_by_one, run_bisecting
from jobs.models import JobFailure, JobRun
from jobs.timetable import job_named
from lib import cells
from lib.refusals import Invalid
from tests import shops
from tests.jobs import working
from tests.jobs.working import (
    DAY_END,
    NEXT_RUN,
    OPERATOR,
    change,
    damage,
    figures,
    mend,
    open_failures,
    run,
)
from tests.kept import kept
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

fifty = kept()(working.fifty)

DAMAGED = "DataError: the account of this merchant is damaged"


def open_days(model: Any = BillingAccount) -> dict[str, int]:
    """How many accounts, or lines, have each day open."""
    return dict(Counter(str(day) for day in model.objects.values_list("open_on", flat=True)))


@pytest.mark.parametrize(
    ("job", "model", "table"),
    some(
        [
            ("billing-day-ends", BillingAccount, "billing_billingaccount"),
            ("credit-day-ends", CreditLine, "credit_creditline"),
        ],
        2,
    ),
)
def test_a_merchant_that_fails_is_parked_and_the_other_49_are_worked_off(
    fifty: list[shops.Shop], job: str, model: Any, table: str
) -> None:
    shop = fifty[31]
    damage(shop, table)
    found = run(job, "2026-11-02 00:00")
    assert figures(found) == (50, 49, 1)
    assert (found.ended_at is None, found.open_chunks, found.error) == (False, [], "")
    assert open_days(model) == {"2026-11-02": 49, "2026-11-01": 1}
    assert open_failures() == [(job, "shop-31", 1)]
    assert JobFailure.objects.get().error.startswith(DAMAGED)


@pytest.mark.full  # one is parked above
def test_a_parked_row_holds_up_no_run_and_is_done_once_its_fault_is_mended(
    fifty: list[shops.Shop],
) -> None:
    shop = fifty[31]
    damage(shop)
    run("billing-day-ends", "2026-11-02 00:00")
    second = run("billing-day-ends", "2026-11-03 00:00")
    assert figures(second) == (50, 49, 1)
    assert open_days() == {"2026-11-03": 49, "2026-11-01": 1}
    assert open_failures() == [("billing-day-ends", "shop-31", 2)]
    mend()
    third = run("billing-day-ends", "2026-11-03 01:00")
    assert figures(third) == (1, 1, 0)
    assert open_days() == {"2026-11-03": 50}
    failure = JobFailure.objects.get()
    assert (failure.resolved_at is None, failure.failures) == (False, 2)
    # The next time that it fails is another matter.
    damage(shop)
    run("billing-day-ends", "2026-11-04 00:00")
    assert open_failures() == [("billing-day-ends", "shop-31", 1)]
    assert JobFailure.objects.count() == 2


def test_parked_rows_are_tried_after_the_others_and_each_on_its_own(
    fifty: list[shops.Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = fifty[31]
    damage(shop)
    run("billing-day-ends", "2026-11-02 00:00")
    tried: list[int] = []

    def work(keys: Sequence[int], now: datetime) -> Failures:
        tried.append(len(keys))
        return {}

    change(monkeypatch, "billing-day-ends", work=work)
    run("billing-day-ends", "2026-11-03 00:00")
    assert tried == [49, 1]


def test_what_is_found_to_be_due_no_more_is_resolved(fifty: list[shops.Shop]) -> None:
    shop = fifty[31]
    damage(shop)
    run("billing-day-ends", "2026-11-02 00:00")
    mend()
    days.work_off([shop.merchant.pk], now=DAY_END)  # as an operation does that needs it
    assert figures(run("billing-day-ends", "2026-11-02 01:00")) == (0, 0, 0)
    assert open_failures() == []


def test_an_older_run_that_does_not_find_it_due_resolves_nothing(fifty: list[shops.Shop]) -> None:
    shop = fifty[31]
    damage(shop)
    run("billing-day-ends", "2026-11-02 00:00")
    run("billing-day-ends", "2026-11-01 12:00")
    assert open_failures() == [("billing-day-ends", "shop-31", 1)]


def test_a_run_that_finds_nothing_ends_at_once() -> None:
    found = run("send-withdrawals", "2026-11-02 00:05")
    assert (figures(found), found.ended_at) == ((0, 0, 0), shops.instant("2026-11-02 00:05"))


def test_a_run_that_cannot_find_what_is_due_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(now: datetime) -> Sequence[int]:
        raise ZeroDivisionError("no such luck")

    change(monkeypatch, "collect-payments", due=find)
    with pytest.raises(ZeroDivisionError):
        run("collect-payments", "2026-11-02 00:00")
    found = JobRun.objects.get()
    assert (found.error, found.ended_at is None) == ("ZeroDivisionError: no such luck", False)


@pytest.mark.usefixtures("fifty")
def test_a_run_ends_with_its_last_chunk_and_counts_each_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(definitions, "CHUNK", 20)
    job = job_named("billing-day-ends")
    started = runs.start(job, at=DAY_END, now=DAY_END)
    found = started.run
    assert (figures(found), found.open_chunks) == ((50, 0, 0), [1, 2, 3])
    for number, sofar, left in ((2, 20, [1, 3]), (2, 20, [1, 3]), (1, 40, [3]), (3, 50, [])):
        assert JobRun.objects.get().ended_at is None
        chunk = list(started.chunks[number - 1])
        tasks.do_chunk(found.pk, number, job.name, chunk, DAY_END.isoformat())
        found.refresh_from_db()
        assert (figures(found), found.open_chunks) == ((50, sofar, 0), left)
    assert found.ended_at is not None
    assert open_days() == {"2026-11-02": 50}


@pytest.mark.usefixtures("fifty")
def test_a_chunk_whose_time_is_up_is_left_to_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(keys: Sequence[int], now: datetime) -> Failures:
        raise SoftTimeLimitExceeded

    change(monkeypatch, "billing-day-ends", work=work)
    run("billing-day-ends", "2026-11-02 00:00")
    found = JobRun.objects.get()
    assert (figures(found), found.ended_at is None) == ((50, 0, 0), False)
    assert found.error.startswith("Chunk 1: SoftTimeLimitExceeded")
    assert open_failures() == []
    monkeypatch.undo()
    assert figures(run("billing-day-ends", "2026-11-02 01:00")) == (50, 50, 0)


def test_what_is_no_rows_fault_is_not_parked_but_tried_again() -> None:
    tried: list[int] = []

    def work(keys: Sequence[int]) -> None:
        tried.append(len(keys))
        raise OperationalError("the database went away")

    with pytest.raises(OperationalError):
        run_bisecting(work, [1, 2, 3, 4])
    with pytest.raises(OperationalError):
        one_by_one(lambda key: work([key]), [1, 2, 3, 4])
    assert tried == [4, 1]


def test_halving_finds_all_that_are_at_fault() -> None:
    done: set[int] = set()

    def work(keys: Sequence[int]) -> None:
        if bad := {3, 4, 77} & set(keys):
            raise ValueError(f"{min(bad)} is at fault")
        done.update(keys)

    failures = run_bisecting(work, range(100))
    assert {key: str(error) for key, error in failures.items()} == {
        3: "3 is at fault",
        4: "4 is at fault",
        77: "77 is at fault",
    }
    assert done == set(range(100)) - {3, 4, 77}


def test_halving_nothing_asks_for_nothing_and_ends() -> None:
    def work(keys: Sequence[int]) -> None:
        raise ValueError("there is nothing")

    assert run_bisecting(work, []) == {}


# --- by hand --------------------------------------------------------------------------------------


def retry() -> JobFailure:
    """Retry the only failure, in an operator's name: it, as it is then."""
    failure = JobFailure.objects.get()
    return requested.retry(failure_id=failure.pk, actor=OPERATOR, reason="mended", now=NEXT_RUN)


def test_a_row_tried_again_by_hand_is_done_or_says_why_not(fifty: list[shops.Shop]) -> None:
    shop = fifty[31]
    damage(shop)
    run("billing-day-ends", "2026-11-02 00:00")
    again = retry()
    assert (again.resolved_at, again.failures, again.last_failed_at) == (None, 2, NEXT_RUN)
    mend()
    done = retry()
    assert done.resolved_at == NEXT_RUN
    assert str(shop.account.open_on) == "2026-11-02"
    by_hand = JobRun.objects.filter(actor=OPERATOR).order_by("pk")
    assert [figures(one) for one in by_hand] == [(1, 0, 1), (1, 1, 0)]
    entries = TrailEntry.objects.filter(action="FAILURE_RETRIED")
    row = f"billing-day-ends: row {shop.merchant.pk}"
    assert list(entries.values_list("actor", "merchant__reference", "subject", "reason")) == [
        (OPERATOR, "shop-31", row, "mended"),
        (OPERATOR, "shop-31", row, "mended"),
    ]
    with pytest.raises(requested.AlreadyResolved):
        retry()
    assert TrailEntry.objects.count() == 2


def test_a_job_can_be_run_again_for_a_date(fifty: list[shops.Shop]) -> None:
    shop = fifty[0]
    at = shops.instant("2026-11-03 00:00")
    order = {"job_name": "billing-day-ends", "actor": OPERATOR, "reason": "the close failed"}
    started = requested.order(at=at, now=shops.instant("2026-11-05 09:00"), **order)
    assert (started.run.rows_due, started.run.actor) == (50, OPERATOR)
    tasks.do_chunk(started.run.pk, 1, "billing-day-ends", list(started.chunks[0]), at.isoformat())
    assert str(shop.account.open_on) == "2026-11-03"  # and not further
    (entry,) = TrailEntry.objects.all()
    assert (entry.action, entry.subject) == (
        "JOB_RUN",
        "billing-day-ends at 2026-11-03T00:00:00+00:00",
    )
    assert entry.after == {"run": started.run.pk, "rows_due": 50}


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"job_name": "no-such-job"}, requested.UnknownJob),
        ({"reason": "  "}, Invalid),
        ({"at": NEXT_RUN + timedelta(seconds=1)}, Invalid),
    ],
)
def test_what_cannot_be_run_leaves_no_trace(
    wrong: dict[str, object], refusal: type[Exception]
) -> None:
    said = {"job_name": "order-flags", "at": NEXT_RUN, "reason": "why not", "actor": OPERATOR}
    with pytest.raises(refusal):
        requested.order(now=NEXT_RUN, **{**said, **wrong})  # type: ignore[arg-type]
    assert (JobRun.objects.count(), TrailEntry.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_run_by_hand_that_cannot_find_what_is_due_is_on_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find(now: datetime) -> Sequence[int]:
        raise ZeroDivisionError("no such luck")

    change(monkeypatch, "collect-payments", due=find)
    said = {"job_name": "collect-payments", "reason": "why not", "actor": OPERATOR}
    with pytest.raises(ZeroDivisionError):
        requested.order(at=NEXT_RUN, now=NEXT_RUN, **said)
    found = JobRun.objects.get()
    assert (found.error, found.actor) == ("ZeroDivisionError: no such luck", OPERATOR)
    assert found.ended_at == NEXT_RUN
    assert TrailEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_what_the_trail_does_not_take_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no trail")

    monkeypatch.setattr("jobs.requested.trail.write", write)
    said = {"job_name": "order-flags", "reason": "why not", "actor": OPERATOR}
    with pytest.raises(ZeroDivisionError):
        requested.order(at=NEXT_RUN, now=NEXT_RUN, **said)
    found = JobRun.objects.get()
    assert (found.error, found.open_chunks) == ("ZeroDivisionError: no trail", [])


def test_a_retry_that_does_not_reach_its_row_ends_with_the_error(
    fifty: list[shops.Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(fifty[31])
    run("billing-day-ends", "2026-11-02 00:00")

    def staying(merchants: object) -> None:
        raise cells.Moves

    monkeypatch.setattr("jobs.requested.moving.staying", staying)
    with pytest.raises(cells.Moves):
        retry()
    found = JobRun.objects.get(actor=OPERATOR)
    assert (found.ended_at is None, found.open_chunks) == (False, [])
    assert found.error.startswith("Chunk 1: Moves")


# --- tidying up -----------------------------------------------------------------------------------


def test_runs_and_resolved_failures_are_kept_for_90_days(fifty: list[shops.Shop]) -> None:
    now = shops.instant("2027-03-01 00:00")
    shop = fifty[0]
    damage(shop)
    run("billing-day-ends", "2026-11-02 00:00")
    mend()
    run("billing-day-ends", "2026-11-02 01:00")
    kept = run("credit-day-ends", "2026-12-15 00:00")
    assert queries.old_runs(now - timedelta(days=90), now).count() == 2
    tidying = run("retention", "2027-03-01 00:00")
    assert set(JobRun.objects.values_list("pk", flat=True)) == {kept.pk, tidying.pk}
    assert figures(tidying) == (2, 2, 0)  # kinds: runs, and failures
    assert not JobFailure.objects.exists()
