"""A Celery worker for a test with a browser: a process of its own, as `manage.py up` starts one.

It works on the test's database and cache, with a queue, a clock and a mailbox that no other test
has: beat's part is the test's, which says when a job is due.
"""

import json
import os
import re
import select
import subprocess
import sys
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from celery.signals import task_postrun
from django.conf import settings
from django.core.mail.backends import filebased
from django.db import connection
from django.utils import timezone

from config.celery import app
from config.local.datafolder import BASE_DIR
from lib import clock

PATIENCE_SECONDS = 120  # of a machine that has much else to do
RUN_WITH_PARENT = BASE_DIR / "config" / "local" / "run_with_parent.py"
SEPARATOR = re.compile(rb"\n-{79}\n")  # of the messages in a file of Django's mail backend
# Quick to start and to end, and nobody else's business.
ARGUMENTS = (
    "--quiet worker --pool solo --without-mingle --without-gossip --without-heartbeat -l WARNING"
)


class Worker:
    """The process, seen from the test. To be used as a context: it ends with it for certain."""

    def __init__(self, folder: Path, clock: Path, base_url: str) -> None:
        """`clock` is the file with the time that it reads (set_clock)."""
        self.clock, self.mails, self.log = clock, folder / "mails", folder / "log"
        self.queue = {"global_keyprefix": f"e2e-{uuid4().hex}-"}
        self.base_url = base_url

    def __enter__(self) -> "Worker":
        told = {
            "queue": self.queue,
            "cache": settings.CACHES["default"]["LOCATION"],
            "clock": str(self.clock),
            "mails": str(self.mails),
        }
        program = [sys.executable, "-m", "tests.e2e.worker", json.dumps(told)]
        self.process = subprocess.Popen(
            [sys.executable, "-I", RUN_WITH_PARENT, *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log.open("w"),
            cwd=BASE_DIR,
            env=os.environ
            | {"DATABASE_URL": _database(), "TAEL_SANDBOX": "1", "TAEL_BASE_URL": self.base_url},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(PATIENCE_SECONDS)
        self.process.stdout.close()

    def run(self, name: str) -> None:
        """Say that a job is due, as beat does; return once the worker has done what it found."""
        with app.connection_for_write(transport_options=self.queue) as broker:
            app.send_task("jobs.tasks.run_job", [name], connection=broker)
        while self._next_done() != "jobs.tasks.do_chunk":
            pass

    def letters(self, to: str) -> list[EmailMessage]:
        """The mails it has sent to this address, in order."""
        texts = SEPARATOR.split(self.mails.read_bytes() if self.mails.exists() else b"")
        found = [message_from_bytes(text, policy=policy.default) for text in texts if text.strip()]
        return [letter for letter in found if letter["To"] == to]

    @staticmethod
    def text_of(letter: EmailMessage) -> str:
        """What the mail says as plain text."""
        part = letter.get_body(("plain",))
        assert part
        return str(part.get_content())

    def _next_done(self) -> str:
        """The name of the next task that has ended."""
        output = self.process.stdout
        assert output
        ready, _, _ = select.select([output], [], [], PATIENCE_SECONDS)
        line = output.readline().decode().strip() if ready else ""
        assert line, f"The worker did nothing more. {self.log.read_text()}"
        return line


def set_clock(clock: Path, now: datetime) -> None:
    """Write the time into the file that a worker reads."""
    draft = clock.with_suffix(".draft")
    draft.write_text(now.isoformat())
    draft.replace(clock)  # the worker may be reading it


def _database() -> str:
    """The URL of the test's database."""
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"{login}@{quote(database['HOST'], safe='')}:{database['PORT']}"
    return f"postgresql://{address}/{database['NAME']}"


def main(told: dict[str, Any]) -> None:
    """What runs in the process."""
    settings.CACHES["default"]["LOCATION"] = told["cache"]
    # All into one file, whose order is theirs.
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(Path(told["mails"]).parent)
    filebased.EmailBackend._get_filename = lambda _: told["mails"]  # type: ignore[attr-defined]
    timezone.now = lambda: datetime.fromisoformat(Path(told["clock"]).read_text())
    clock._database_time = timezone.now  # the database is as far ahead as this worker
    app.conf.broker_transport_options |= told["queue"]
    app.conf.worker_redirect_stdouts = False
    task_postrun.connect(_tell_done)
    app.worker_main(ARGUMENTS.split())


def _tell_done(task: Any, **_: Any) -> None:
    """Print the name of the task that is done, for the test to read."""
    print(task.name, flush=True)  # noqa: T201 (the test reads it)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
