"""`manage.py jobs` and the admin show how the timetable stands, and operators mend it there."""

from datetime import datetime, timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice import decision_pages
from jobs import queries
from jobs.models import Heartbeat, JobFailure, JobRun
from tests import shops
from tests.factories import JobRunFactory, UserFactory, browser_of
from tests.jobs.working import (
    DAY_END,
    JOINED,
    OPERATOR,
    damage,
    figures,
    mend,
    run,
    workers_in_this_process,
)
from tests.whole import full, some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

NOW = shops.instant("2026-11-02 00:02:30")


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands at NOW."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def heartbeat(at: datetime = NOW) -> None:
    """Note the scheduler's heartbeat."""
    Heartbeat.objects.update_or_create(pk=queries.SCHEDULER, defaults={"at": at})


def two_shops() -> list[shops.Shop]:
    """Two shops that pay 39.00 for their plan."""
    return [shops.join(JOINED, name, plan_price="39.00") for name in ("rosewood", "willow")]


def output() -> str:
    """What `manage.py jobs` says, and at the end its error or "sound"."""
    written = StringIO()
    try:
        call_command("jobs", stdout=written)
    except CommandError as error:
        return f"{written.getvalue()}\n{error}"
    return f"{written.getvalue()}\nsound"


def row(name: str) -> list[str]:
    """The cells of the job's row."""
    (line,) = (line for line in output().splitlines() if line.startswith(f"│ {name} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


# --- what is shown --------------------------------------------------------------------------------


def test_all_is_well() -> None:
    heartbeat()
    two_shops()
    run("billing-day-ends", "2026-11-02 00:00")
    assert row("billing-day-ends") == [
        *("billing-day-ends", "2026-11-02 00:00", "00:00:00", "00:00:00"),
        *("2 of 2", "0", "0", "-", "2026-11-02 01:00"),
    ]
    assert row("order-flags")[1:] == ["never", *[""] * 4, "0", "-", "2026-11-03 00:00"]
    shown = output()
    assert "Heartbeat of the scheduler: 2026-11-02 00:02:30\n" in shown
    assert "Last month closed: 2026-10 for everybody" in shown
    assert "Last cycle run: 2026-11-01, 2 bills" in shown
    assert shown.endswith("sound")


def test_a_merchant_that_fails_is_named_with_its_error() -> None:
    heartbeat()
    damage(two_shops()[1])
    run("billing-day-ends", "2026-12-01 00:00")
    failure = JobFailure.objects.get()
    assert row("billing-day-ends")[4:7] == ["1 of 2", "1", "1"]
    shown = output()
    assert "Last month closed: 2026-10 for everybody, 2026-11 for the first;" in shown
    assert "willow is furthest behind" in shown
    told = f"  billing-day-ends: row {failure.row_id} of willow, 1 times: DataError: the account of"
    assert told in shown
    assert shown.endswith("1 rows failed and wait for another try.")


@pytest.mark.parametrize(
    ("at", "is_stale"),
    [(NOW - timedelta(minutes=3), False), (NOW - timedelta(minutes=3, seconds=1), True)],
)
def test_a_heartbeat_is_stale_after_three_minutes(at: datetime, is_stale: bool) -> None:
    heartbeat(at)
    shown = output()
    assert ("STALE" in shown) == is_stale
    assert shown.endswith("start Celery beat and a worker.") == is_stale


def test_no_heartbeat_at_all_is_a_stale_one() -> None:
    assert "Heartbeat of the scheduler: never STALE" in output()


def test_a_job_that_nobody_ran_for_hours_is_late() -> None:
    heartbeat()
    run("billing-day-ends", "2026-11-01 20:00")
    assert row("billing-day-ends")[-2] == "3:02:30"  # owed since 21:00
    assert output().endswith("A job is late, or a run of it was lost.")


def test_a_run_that_lost_a_chunk_is_named_lost_after_an_hour() -> None:
    heartbeat()
    lost = JobRunFactory.create(
        job="order-flags", due_at=DAY_END, started_at=NOW - timedelta(minutes=59), open_chunks=[1]
    )
    assert row("order-flags")[3] == "at work"
    lost.started_at = NOW - timedelta(minutes=61)
    lost.save()
    assert row("order-flags")[3] == "LOST"
    assert output().endswith("A job is late, or a run of it was lost.")


@pytest.mark.parametrize(
    ("closed", "is_told"), [({}, True), *full(({"hours": 23}, True), ({"hours": 25}, False))]
)
def test_a_lost_run_is_told_for_a_day_though_the_jobs_last_one_went_well(
    closed: dict[str, int], is_told: bool
) -> None:
    """Open or closed: an operator reads in the morning what the night has lost."""
    heartbeat()
    begun = NOW - timedelta(hours=26)
    lost = JobRunFactory.create(job="order-flags", due_at=begun, open_chunks=[2, 3])
    JobRunFactory.create(job="order-flags", due_at=NOW, ended_at=NOW)
    if closed:
        lost.is_lost, lost.ended_at = True, NOW - timedelta(**closed)
        lost.save()
    shown = output()
    line = f"Run {lost.pk} of order-flags, begun 2026-10-31 22:02:30, is LOST: 2 of its chunks"
    assert (line in shown) == is_told
    assert shown.endswith("a run of it was lost." if is_told else "sound")
    assert row("order-flags")[3] == "00:02:30"


# --- in the admin ---------------------------------------------------------------------------------


def operator(*permissions: str) -> Client:
    """The browser of an operator who may see jobs, with these permissions besides."""
    user = UserFactory.create(is_staff=True, email=OPERATOR)
    wanted = ("view_jobrun", "view_jobfailure", *permissions)
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return browser_of(user)


def text(response: object) -> str:
    """The answer's HTML."""
    return str(response.content.decode())  # type: ignore[attr-defined]


RUNS, FAILURES = "admin:jobs_jobrun_changelist", "admin:jobs_jobfailure_changelist"


@pytest.fixture
def operators_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at NOW."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: NOW))


def parked(browser: Client) -> JobFailure:
    """The failure of a row that a job could not do."""
    damage(two_shops()[1])
    run("billing-day-ends", "2026-11-02 00:00")
    return JobFailure.objects.get()


@pytest.mark.full  # the command tells it above
def test_both_lists_show_how_jobs_stand(django_assert_max_num_queries: object) -> None:
    browser = operator()
    failure = parked(browser)
    for page in (RUNS, FAILURES):
        shown = text(browser.get(reverse(page)))
        assert "The scheduler does not run" in shown
        assert "billing-day-ends" in shown
    assert "the account of this merchant is damaged" in text(browser.get(reverse(FAILURES)))
    page = reverse("admin:jobs_jobfailure_change", args=[failure.pk])
    account = reverse("admin:billing_billingaccount_change", args=[failure.row_id])
    assert account in text(browser.get(page))


def test_an_operator_retries_a_row(operators_clock: None) -> None:
    browser = operator("change_jobfailure")
    failure = parked(browser)
    page = reverse("admin:jobs_jobfailure_decide", args=[failure.pk, "retry"])
    assert "It failed 1 time, the last time with: DataError" in text(browser.get(page))
    assert "It failed again" in text(browser.post(page, {"reason": "let us see"}, follow=True))
    mend()
    assert "It is done." in text(browser.post(page, {"reason": "mended"}, follow=True))
    failure.refresh_from_db()
    assert (failure.resolved_at, failure.failures) == (NOW, 2)
    assert TrailEntry.objects.filter(action="FAILURE_RETRIED", actor=OPERATOR).count() == 2
    assert browser.post(page, {"reason": "again"}).status_code == 200  # refused
    assert TrailEntry.objects.count() == 2


@pytest.mark.full  # a row is tried again above
def test_an_operator_runs_a_job_for_a_date_after_seeing_what_is_due(operators_clock: None) -> None:
    browser = operator("change_jobrun")
    two_shops()
    page = reverse("admin:jobs_jobrun_decide_list", args=["run"])
    said = {"job": "billing-day-ends", "at": "2026-11-02 00:00", "reason": "the close failed"}
    asked = browser.post(page, said)
    assert "2 rows are due for billing-day-ends" in text(asked)
    assert not JobRun.objects.exists()
    seen = asked.context["form"].data["seen"]
    # Somebody who then asks for another job is told anew.
    other = text(browser.post(page, {**said, "seen": seen, "job": "credit-day-ends"}))
    assert "2 rows are due for credit-day-ends" in other
    with workers_in_this_process():
        done = browser.post(page, {**said, "seen": seen}, follow=True)
    assert "billing-day-ends, 2 rows. The workers have it." in text(done)
    assert figures(JobRun.objects.get()) == (2, 2, 0)
    (entry,) = TrailEntry.objects.all()
    assert (entry.action, entry.actor, entry.reason) == ("JOB_RUN", OPERATOR, "the close failed")


@pytest.mark.parametrize(
    "wrong",
    some(
        [
            {"at": "2026-11-02 00:03"},
            {"at": "soon"},
            {"job": "none"},
            {"reason": " "},
            {"job": "retention", "at": "0001-01-01 00:00"},
        ],
        4,
    ),
)
def test_what_makes_no_sense_is_said_on_the_page(
    operators_clock: None, wrong: dict[str, str]
) -> None:
    browser = operator("change_jobrun")
    said = {"job": "order-flags", "at": "2026-11-02 00:00", "reason": "why not", **wrong}
    page = reverse("admin:jobs_jobrun_decide_list", args=["run"])
    assert browser.post(page, said).context["form"].errors
    assert not JobRun.objects.exists()


@pytest.mark.full  # each role is asked in test_admin_roles.py
def test_who_only_looks_runs_nothing(operators_clock: None) -> None:
    browser = operator()
    failure = parked(browser)
    for page in (
        reverse("admin:jobs_jobfailure_decide", args=[failure.pk, "retry"]),
        reverse("admin:jobs_jobrun_decide_list", args=["run"]),
    ):
        assert browser.get(page).status_code == browser.post(page).status_code == 403
    assert not TrailEntry.objects.exists()
