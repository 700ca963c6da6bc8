"""PostgreSQL servers of a test's own: with an archive of their WAL, backups, and servers restored
from these.
"""

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from config.local import datafolder, servers
from tests.processes import processes_of, until_gone

DATABASE = USER = "tael"
START_SECONDS = "60"


class Cluster:
    """A server that may be started and stopped, in a folder of its own."""

    def __init__(self, home: Path, name: str) -> None:
        self.data, self.sockets = home / name, home / f"{name}-socket"
        self.settings = servers.MODEST | {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "shared_buffers": "64MB",
            "timezone": "UTC",
        }
        servers._give_to_server(self.sockets)

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql://{USER}@/{DATABASE}?host={self.sockets}"

    def create(self) -> None:
        """Make its data folder; what it writes may be lost in a crash of the machine."""
        run(
            *("initdb", "-D", self.data, "-U", USER, "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
        )

    def start(self, **settings: str) -> None:
        """Start its server with these settings, and wait until it is there."""
        options = " ".join(
            "-c " + shlex.quote(f"{name}={value}")
            for name, value in (self.settings | settings).items()
        )
        log = self.data / "server.log"
        run("pg_ctl", "-D", self.data, "-w", "-t", START_SECONDS, "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """End its server at once, without a checkpoint."""
        if (self.data / "postmaster.pid").exists():
            run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def connect(self, database: str = DATABASE) -> "psycopg.Connection[Any]":
        return psycopg.connect(host=str(self.sockets), user=USER, dbname=database, autocommit=True)


def run(program: str, *arguments: str | Path) -> str:
    """What one of PostgreSQL's programs says, which has to end in order."""
    done = servers._postgres(program, *arguments)
    assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def home() -> Iterator[Path]:
    """A context with a new folder for clusters, archives and backups. As it ends, the processes
    that still run in the folder are killed, and the folder is removed.
    """
    folder = Path(tempfile.mkdtemp(prefix="tael-clusters-", dir="/tmp"))
    account = datafolder.server_account()
    if account is not None:
        shutil.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for process in processes_of(folder):
            process.kill()
        until_gone(processes_of(folder))
        shutil.rmtree(folder)
