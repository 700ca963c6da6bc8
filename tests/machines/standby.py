"""A replica of the tests' own PostgreSQL, which streams from it as on another machine."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

from config.local import datafolder, servers
from tests.processes import until


class Standby:
    """A running replica. What is asked of it is asked of the present test's database."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.sockets = folder / "run"

    def settings(self) -> dict[str, Any]:
        """What TAEL_REPLICA is for this replica."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(self.sockets),
            "OPTIONS": {"connect_timeout": 60},  # of a machine that has much else to do
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }

    def ask(self, statement: str) -> Any:
        """The only figure that the statement gives."""
        name, user = connection.settings_dict["NAME"], connection.settings_dict["USER"]
        with psycopg.connect(
            host=str(self.sockets), dbname=name, user=user, autocommit=True
        ) as own:
            row = own.execute(statement.encode()).fetchone()
        return row[0] if row else None

    def catch_up(self) -> None:
        """Wait until it has replayed all that was written by now."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
            written = cursor.fetchone()[0]
        until(lambda: self.ask(f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"))

    def pause(self) -> None:
        """Have it replay nothing more."""
        self.ask("SELECT pg_wal_replay_pause()")
        until(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def go_on(self) -> None:
        """Let the replica go on with what the primary writes."""
        self.ask("SELECT pg_wal_replay_resume()")

    def promote(self) -> None:
        """Make it a primary of its own."""
        assert self.ask("SELECT pg_promote()")

    def stop(self) -> None:
        """End the replica's server at once."""
        servers._postgres("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")


@contextmanager
def standby() -> Iterator[Standby]:
    """A replica of the tests' server, as long as the block runs."""
    connection.ensure_connection()  # the tests' server runs from here on
    # Not pytest's tmp_path: PostgreSQL's user cannot enter root's of those.
    folder = Path(tempfile.mkdtemp(prefix="tael-standby-", dir="/tmp"))
    folder.chmod(0o711)
    server = Standby(folder)
    account = datafolder.server_account()
    for made in (server.data, server.sockets):
        made.mkdir(mode=0o700)
        if account:
            shutil.chown(made, account.pw_uid, account.pw_gid)
    try:
        _copy(server)
        _start(server)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _copy(server: Standby) -> None:
    """Take a copy of the running server, that knows where to stream from."""
    given = ("-h", servers.postgres_folder(), "-U", servers.USER, "--checkpoint=fast", "--no-sync")
    done = servers._postgres("pg_basebackup", "-D", server.data, "--write-recovery-conf", *given)
    assert done.returncode == 0, done.stderr


def _start(server: Standby) -> None:
    """Start the replica's server, and wait until it is there."""
    settings = {**servers.MODEST, **servers.FORGETFUL, "listen_addresses": ""}
    settings |= {"unix_socket_directories": str(server.sockets), "shared_buffers": "32MB"}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    log = server.data / "server.log"
    done = servers._postgres("pg_ctl", "-D", server.data, "-w", "-l", log, "-o", options, "start")
    assert done.returncode == 0, done.stdout + done.stderr
