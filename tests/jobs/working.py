"""Fifty merchants, one of whose books a fault in the database keeps from being worked off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import psutil
import pytest
from django.db import connection
from kombu.entity import Queue

from config.celery import app
from jobs import runs, tasks, timetable
from jobs.models import JobFailure, JobRun
from jobs.timetable import job_named
from lib import clock
from tests import forked, shops

MERCHANTS = 50
JOINED = "2026-11-01 10:00"
DAY_END = shops.instant("2026-11-02 00:00")
NEXT_RUN = shops.instant("2026-11-02 01:00")
OPERATOR = "olga@tael.example"

# A day-end that opens the next day of this merchant's account is refused.
BREAK = """
CREATE FUNCTION refuse_day_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the account of this merchant is damaged' USING ERRCODE = 'data_exception';
END $$;
CREATE TRIGGER damage BEFORE UPDATE OF open_on ON {table}
FOR EACH ROW WHEN (old.merchant_id = {merchant}) EXECUTE FUNCTION refuse_day_end()
"""
MEND = "DROP TRIGGER damage ON {table}; DROP FUNCTION refuse_day_end()"


def change(patch: pytest.MonkeyPatch, name: str, **fields: object) -> None:
    """Have the job of this name find or do its work in another way."""
    jobs = [
        replace(job, **fields) if job.name == name else job  # type: ignore[arg-type]
        for job in timetable.all_jobs()
    ]
    patch.setattr(timetable, "_jobs", tuple(jobs))


def fifty() -> list[shops.Shop]:
    """As many shops as MERCHANTS says, which have just joined."""
    return [shops.join(JOINED, f"shop-{number:02}") for number in range(MERCHANTS)]


def damage(shop: shops.Shop, table: str = "billing_billingaccount") -> None:
    """Have the database refuse to write the shop's row in this table."""
    with connection.cursor() as cursor:
        cursor.execute(BREAK.format(table=table, merchant=int(shop.merchant.pk)))


def mend(table: str = "billing_billingaccount") -> None:
    """Have the database write the table's rows again."""
    with connection.cursor() as cursor:
        cursor.execute(MEND.format(table=table))


@contextmanager
def workers_in_this_process() -> Iterator[None]:
    """A context in which tasks are done at once in this process."""
    app.conf.task_always_eager = True
    try:
        yield
    finally:
        app.conf.task_always_eager = False


@contextmanager
def queues_of_our_own(*names: str) -> Iterator[None]:
    """A context in which tasks are sent to the first of these queues, and no other test's workers
    take from them: the broker is everybody's.
    """
    before = (app.conf.task_queues, app.conf.task_routes, app.conf.task_default_queue)
    _send_to(tuple(map(Queue, names)), {}, names[0])
    yield
    with app.connection_for_write() as broker:
        broker.default_channel.client.delete(*names)
    _send_to(*before)


def _send_to(queues: object, routes: object, default: str) -> None:
    """Have tasks be sent to these queues."""
    app.conf.task_queues, app.conf.task_routes = queues, routes
    app.conf.task_default_queue = default
    app.amqp.flush_routes()  # what an earlier test has sent made them be kept
    for kept in ("queues", "router"):
        app.amqp.__dict__.pop(kept, None)


@contextmanager
def real_worker(queue: str) -> Iterator[psutil.Process]:
    """A context with a Celery worker, which has one process of its own for the work, on the
    database of this test. It is killed if it does not end by itself.
    """
    arguments = ["worker", "--queues", queue, "--concurrency", "1", "--loglevel", "INFO"]
    quick = ["--without-mingle", "--without-gossip", "--hostname", queue]

    def work() -> None:
        app._after_fork()  # connections to the broker are the test's
        app.worker_main([*arguments, *quick])

    process = forked.start(work)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(30)
        process.kill()


def run(name: str, now: str) -> JobRun:
    """The job as beat and the workers do it, at this instant."""
    at = shops.instant(now)
    with workers_in_this_process(), mock.patch.object(clock, "now", return_value=at):
        started = runs.start(job_named(name), at=at, now=at)
        tasks.spread(started)
    started.run.refresh_from_db()
    return started.run


def figures(run: JobRun) -> tuple[int, int, int]:
    """Rows that were due, were done, and failed."""
    return run.rows_due, run.rows_done, run.rows_failed


def open_failures() -> list[tuple[str, str, int]]:
    """The job, whose row, and how often it failed, of each parked row."""
    found = JobFailure.objects.filter(resolved_at=None).order_by("pk")
    return list(found.values_list("job", "merchant__reference", "failures"))
