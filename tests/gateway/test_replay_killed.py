"""A replay killed with `kill -9`, wherever it was, goes on when it is started again."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from gateway.models import Replay
from tests import event_files
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

WEEK, MONTH = "2026-11-08T00:00:00+00:00", "2026-12-05T00:00:00+00:00"
# The replay command in a process of its own, which kills itself before its nth SQL statement.
KILLED = """
import os, signal, sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from django.db import connection

path, until, statements = sys.argv[1:]
left = int(statements)

def count(execute, sql, params, many, context):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, params, many, context)

with connection.execute_wrapper(count):
    call_command("replay", path, until=until, beyond_now=True, rejected=Path(path + ".csv"))
"""


def replay_killed_after(statements: int, path: Path, until: str) -> tuple[int, str]:
    """Exit code and standard error of a replay in another process, on the database of this test."""
    database = connection.settings_dict
    login = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    address = f"{login}@{quote(database['HOST'], safe='')}:{database['PORT']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{address}/{database['NAME']}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TAEL_SANDBOX": "1",
    }
    arguments = [str(path), until, str(statements)]
    run = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stderr


@pytest.mark.parametrize(("until", "statements", "kills"), [(WEEK, 400, 1), *full((MONTH, 400, 3))])
def test_killed_again_and_again_it_ends_in_the_same_books(
    tmp_path: Path, until: str, statements: int, kills: int
) -> None:
    path = event_files.write(tmp_path / "events.jsonl", event_files.a_month())
    uninterrupted = event_files.undone(lambda: event_files.replay(path, until=until))
    assert replay_killed_after(40, path, until)[0] == -signal.SIGKILL
    done = []
    while (run := replay_killed_after(statements, path, until))[0] == -signal.SIGKILL:
        done.append(Replay.objects.get().events_done)
        assert len(done) < 20  # each gets further than the one before
    assert run[0] == 0, run[1]
    assert len(set(done)) >= kills
    assert event_files.everything() == uninterrupted
