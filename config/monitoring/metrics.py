"""What `manage.py metrics` serves: the counters of all processes of this machine (lib.counters),
and the state of queues and jobs, read at each scrape.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import Error, connection
from kombu.exceptions import OperationalError
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError

from config import waits
from config.celery import app
from config.local import datafolder, embedded
from jobs import queries
from jobs.definitions import QUEUES
from lib import clock

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where the client library looks for it


def folder() -> Path:
    """The path of the folder in which the processes of this machine keep their counters, each in
    its own files. It need not exist.
    """
    return Path(os.environ.get(FOLDER) or datafolder.root() / "metrics")


def empty_folder() -> Path:
    """Delete what processes of earlier starts counted, and return the path of the folder, which is
    then there and empty. Nobody may count meanwhile.
    """
    shutil.rmtree(folder(), ignore_errors=True)
    folder().mkdir(parents=True)
    return folder()


def registry() -> CollectorRegistry:
    """A new registry of the counters of all processes of this machine, and of the gauges of queues
    and jobs. The folder of the counters is created if it is missing.
    """
    found = CollectorRegistry()
    folder().mkdir(parents=True, exist_ok=True)
    MultiProcessCollector(found, path=str(folder()))
    found.register(StateCollector())
    return found


class StateCollector:
    """Collects gauges of the state of queues and jobs, by a few short queries at each scrape. If
    the database or the broker does not answer, its gauges are left out.
    """

    def describe(self) -> list[Metric]:
        """Nothing, since registering would otherwise read the gauges."""
        return []  # else registering would ask

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges, with whether the database and the broker answer, and how long reading
        took.
        """
        started = time.perf_counter()
        for what, ask, failures in (
            ("database", _jobs, (Error,)),
            ("broker", _queues, (RedisError, OperationalError, OSError)),
        ):
            is_up = GaugeMetricFamily(f"tael_{what}_up", f"Whether the {what} answers")
            try:
                found = list(ask())
            except failures:
                found = []
                is_up.add_metric([], 0)
            else:
                is_up.add_metric([], 1)
            yield is_up
            yield from found
        connection.close()  # each scrape is a thread of its own
        took = time.perf_counter() - started
        yield GaugeMetricFamily("tael_scrape_seconds", "Time that these questions took", took)


def _jobs() -> Iterator[Metric]:
    """Yield gauges of the jobs' lag and parked rows, and of the last heartbeat's age if there was
    one.
    """
    now = clock.uncompared()
    lag = GaugeMetricFamily("tael_job_lag_seconds", "How long a run has been owed", labels=["job"])
    parked = GaugeMetricFamily("tael_job_parked", "Rows that failed and wait", labels=["job"])
    for job in queries.job_states(now):
        if job.lag is not None:
            lag.add_metric([job.job.name], job.lag.total_seconds())
        parked.add_metric([job.job.name], job.parked)
    yield from (lag, parked)
    if heartbeat := queries.heartbeat_at():
        age = (now - heartbeat).total_seconds()
        yield GaugeMetricFamily("tael_heartbeat_age_seconds", "Since the last heartbeat", age)


def _queues() -> Iterator[Metric]:
    """Yield gauges of how many tasks wait in each queue, and how many the workers have."""
    embedded.ensure()
    waiting = GaugeMetricFamily("tael_queue_length", "Tasks that wait", labels=["queue"])
    with app.connection_for_read(transport_options=waits.probing()) as broker:
        redis = broker.default_channel.client
        for queue in QUEUES:
            waiting.add_metric([queue], redis.llen(queue))
        yield waiting
        taken = redis.hlen("unacked")
        yield GaugeMetricFamily("tael_queue_taken", "Tasks that workers have", taken)
