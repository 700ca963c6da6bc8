"""A deployment that was not told what it needs does not start, and says in one sentence why."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.config.test_cookies import DEPLOYMENT

PROGRAMS = {
    "manage.py": ["manage.py", "migrate"],
    "gunicorn": ["-m", "gunicorn", "config.wsgi", "--bind", "127.0.0.1:0"],
    "worker": ["-m", "celery", "-A", "config", "worker"],
    "beat": ["-m", "celery", "-A", "config", "beat"],
}


def started(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given = {name: value for name, value in {**DEPLOYMENT, **environment}.items() if value}
    return subprocess.run(
        [sys.executable, *PROGRAMS[program]],
        env={**kept, **given},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("REDIS_URL", "and its processes share one Redis."),
        ("ALLOWED_HOSTS", "and it answers to the names that are said there alone."),
        ("TAEL_BASE_URL", "and the links in its e-mails lead there."),
        ("EMAIL_HOST", "and everybody's first sign-in needs a link by e-mail."),
        ("DEFAULT_FROM_EMAIL", "and mail servers refuse letters from nobody."),
    ],
)
def test_a_setting_that_is_missing_is_named_in_one_sentence(name: str, why: str) -> None:
    done = started("manage.py", **{name: ""})
    assert (done.returncode, done.stdout) == (1, "")
    said = f"Set {name}: DATABASE_URL is set, so this is a deployment, {why}\n"
    assert done.stderr == said


@pytest.mark.parametrize("program", ["gunicorn", "worker", "beat"])
def test_no_process_starts_without_it_and_the_last_line_says_why(program: str) -> None:
    done = started(program, REDIS_URL="")
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1].endswith("its processes share one Redis.")
    assert "Traceback" not in done.stderr


def test_links_in_mails_lead_to_a_host_that_is_answered_to() -> None:
    done = started("manage.py", TAEL_BASE_URL="https://other.example")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("Add other.example, the host of TAEL_BASE_URL, to ALLOWED_HOSTS")


def test_a_demonstration_needs_none_of_it() -> None:
    missing = dict.fromkeys(("REDIS_URL", "ALLOWED_HOSTS", "EMAIL_HOST"), "")
    done = started("manage.py", TAEL_SANDBOX="1", **missing)
    assert "db.example" in done.stderr  # it has come as far as the database, which is not there
