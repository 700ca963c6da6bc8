"""Backups that were taken while Tael was at work, restored elsewhere (docs/operations.md).

A dump is the books of one instant. From a base backup and the archive of WAL they are those of any
second: here of the one before somebody deleted all charges.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from config.local import servers
from tests.config import clusters
from tests.config.clusters import Cluster, run
from tests.config.test_cookies import DEPLOYMENT
from tests.processes import Start, starting, until

# Trades until its input ends: says which order was taken, and when that was.
TRADE = """
import os, sys, threading, django
django.setup()
from datetime import datetime, UTC
from gateway.events import apply_all
from lib import clock, events
def tell(kind, **data):
    at = clock.now()
    event = {"id": "e", "type": kind, "at": at.isoformat(), "merchant": "rosewood", "data": data}
    (outcome,) = apply_all([events.from_object(event)], now=at)
    assert outcome.status == "applied", outcome
tell("merchant.joined", name="Rosewood", currency="USD", timezone="UTC", language="en",
     credit_limit="1000000", payment_days=10, settlement_days=7, billing_threshold="50",
     plan="basic", plan_price="0", plan_interval_days=30)
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
number = 0
while not ended.is_set():
    number += 1
    money = {"currency": "USD", "amount": "10.00"}
    try:
        tell("order.placed", order=f"A-{number}", buyer="b", instalments=1, **money)
        print(number, datetime.now(UTC).isoformat(), flush=True)
        tell("order.paid", order=f"A-{number}", payment=f"P-{number}", **money)
        tell("charge.recorded", charge=f"C-{number}", fee="pick-pack", request="r", quantity=1,
             **money)
    except django.db.Error:
        break  # the fault
"""
# As only the superuser can: the tables' own triggers refuse it.
FAULT = "SET session_replication_role = replica; DELETE FROM billing_charge"
ORDERS = "SELECT reference FROM credit_order"


class Traffic:
    """Orders of another process, and when each was acknowledged."""

    def __init__(self, start: Start, url: str) -> None:
        told = DEPLOYMENT | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
        self.process = start("-c", TRADE, **told)
        self.taken: dict[str, datetime] = {}

    def go_on(self, orders: int) -> None:
        """Wait for so many more orders."""
        assert self.process.stdout
        for _ in range(orders):
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            number, at = line.split()
            self.taken[f"A-{number}"] = datetime.fromisoformat(at)

    def read_on(self, until: datetime) -> None:
        """Read all orders that were taken by then, and perhaps a few more."""
        while max(self.taken.values()) < until:
            self.go_on(1)

    def end(self) -> None:
        """End the traffic, and keep what it says was acknowledged, and when."""
        said, complaints = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, complaints
        for line in said.splitlines():
            number, at = line.split()
            self.taken[f"A-{number}"] = datetime.fromisoformat(at)


@contextmanager
def archiving(home: Path) -> Iterator[tuple[Cluster, Path]]:
    """A server that archives its WAL, with a database without tables; and its archive."""
    archive, primary = home / "archive", Cluster(home, "primary")
    servers._give_to_server(archive)
    primary.create()
    primary.start(
        archive_mode="on", archive_command=f"test ! -f {archive}/%f && cp %p {archive}/%f"
    )
    with primary.connect("postgres") as asked:
        asked.execute(f"CREATE DATABASE {clusters.DATABASE}")
    yield primary, archive


def make_tables(primary: Cluster, home: Path) -> None:
    """Make the tables of Tael in the cluster, with what its migrations write: those of the tests'
    own database.
    """
    dump, here = home / "template.dump", connection.settings_dict
    run(*("pg_dump", "-h", str(here["HOST"]), "-U", clusters.USER, "-Fc", "-f", dump),
        str(here["NAME"]))  # fmt: skip
    restore_dump(primary, dump)


def base_backup(primary: Cluster, backup: Path) -> Path:
    """A copy of the running cluster's files, without its log."""
    run("pg_basebackup", "-h", primary.sockets, "-U", clusters.USER, "-D", backup,
        "--wal-method", "none", "--checkpoint", "fast")  # fmt: skip
    return backup


def restore_dump(cluster: Cluster, dump: Path, database: str = clusters.DATABASE) -> None:
    """Load the dump into the cluster's database."""
    run(*("pg_restore", "-h", cluster.sockets, "-U", clusters.USER, "--exit-on-error"),
        *("--jobs", "2", "-d", database, dump))  # fmt: skip


def audited(start: Start, cluster: Cluster, database: str = clusters.DATABASE) -> str:
    """What `manage.py audit` says of a database, which it has to find in order."""
    url = cluster.url.replace(f"/{clusters.DATABASE}?", f"/{database}?")
    process = start("manage.py", "audit", **DEPLOYMENT | {"DATABASE_URL": url})
    said, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, said + complaints
    return said


def orders_of(cluster: Cluster, database: str = clusters.DATABASE) -> set[str]:
    """The references of all orders in the cluster."""
    with cluster.connect(database) as asked:
        return {reference for (reference,) in asked.execute(ORDERS)}


def break_it(primary: Cluster, fault: str) -> datetime:
    """Have the fault happen. Returns when, once the archive has all that was before."""
    with primary.connect() as asked:
        (fault_at,) = asked.execute("SELECT clock_timestamp()").fetchone() or (None,)
        asked.execute(fault)
        (wal,) = asked.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone() or ("",)

        def is_archived() -> bool:
            found = asked.execute("SELECT last_archived_wal FROM pg_stat_archiver")
            return (found.fetchone() or ("",))[0] >= wal

        until(is_archived)
    assert isinstance(fault_at, datetime)
    return fault_at


def recovered(home: Path, backup: Path, archive: Path, target: datetime) -> Cluster:
    """A server that starts from the base backup, and has applied the archive up to that instant."""
    cluster = Cluster(home, backup.name)
    signal = backup / "recovery.signal"
    signal.touch()
    cluster.start(
        restore_command=f"cp {archive}/%f %p",
        recovery_target_time=target.isoformat(),
        recovery_target_action="promote",
    )

    def is_over() -> bool:
        with cluster.connect() as asked:
            (is_recovering,) = asked.execute("SELECT pg_is_in_recovery()").fetchone() or (1,)
        return not is_recovering

    until(is_over)
    return cluster


def test_a_base_backup_and_the_archive_come_to_any_instant() -> None:
    """The servers alone: with Tael in them it takes ten times as long, below."""
    with clusters.home() as home, archiving(home) as (primary, archive):
        with primary.connect() as asked:
            asked.execute("CREATE TABLE said AS SELECT 'before the backup' AS words")
            backup = base_backup(primary, home / "base")
            asked.execute("INSERT INTO said VALUES ('after it')")
        fault_at = break_it(primary, "DROP TABLE said")
        primary.stop()
        restored = recovered(home, backup, archive, fault_at)
        with restored.connect() as asked:
            found = asked.execute("SELECT words FROM said ORDER BY words DESC").fetchall()
        assert found == [("before the backup",), ("after it",)]
        restored.stop()


@pytest.mark.full
@pytest.mark.django_db
def test_from_a_dump_or_to_the_second_before_a_fault_the_books_come_back_whole() -> None:
    with clusters.home() as home, archiving(home) as (primary, archive), starting(home) as start:
        make_tables(primary, home)
        traffic = Traffic(start, primary.url)
        traffic.go_on(20)
        before_dump = set(traffic.taken)
        run("pg_dump", "-h", primary.sockets, "-U", clusters.USER, "-Fc",
            "-f", home / "tael.dump", clusters.DATABASE)  # fmt: skip
        backup = base_backup(primary, home / "base")
        traffic.read_on(datetime.now(UTC) + timedelta(seconds=2))
        fault_at = break_it(primary, FAULT)
        traffic.end()
        primary.stop()

        target = fault_at - timedelta(seconds=1)
        restored = recovered(home, backup, archive, target)
        by_then = {order for order, at in traffic.taken.items() if at <= target}
        assert by_then > before_dump
        assert by_then <= orders_of(restored) < traffic.taken.keys()
        audited(start, restored)

        with restored.connect("postgres") as asked:
            asked.execute("CREATE DATABASE of_dump")
        restore_dump(restored, home / "tael.dump", "of_dump")
        assert before_dump <= orders_of(restored, "of_dump") < by_then
        audited(start, restored, "of_dump")
        restored.stop()
