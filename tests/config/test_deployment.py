"""A deployment that was not told what it needs does not start, and says in one sentence why."""

import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from lib import zones
from merchants.models import Installation, TimeZoneData
from tests.config.test_cookies import DEPLOYMENT
from tests.whole import full

PROGRAMS = {
    "manage.py": ["manage.py", "migrate"],
    "gunicorn": ["-m", "gunicorn", "config.wsgi", "--bind", "127.0.0.1:0"],
    "worker": ["-m", "celery", "-A", "config", "worker"],
    "beat": ["-m", "celery", "-A", "config", "beat"],
}


def started(program: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """How the program ends that is started in a deployment with this environment."""
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
        *full(
            ("ALLOWED_HOSTS", "and it answers to the names that are said there alone."),
            ("TAEL_BASE_URL", "and the links in its e-mails lead there."),
            ("EMAIL_HOST", "and everybody's first sign-in needs a link by e-mail."),
            ("DEFAULT_FROM_EMAIL", "and mail servers refuse letters from nobody."),
        ),
    ],
)
def test_a_setting_that_is_missing_is_named_in_one_sentence(name: str, why: str) -> None:
    done = started("manage.py", **{name: ""})
    assert (done.returncode, done.stdout) == (1, "")
    said = f"Set {name}: DATABASE_URL is set, so this is a deployment, {why}\n"
    assert done.stderr == said


@pytest.mark.parametrize("program", ["gunicorn", *full("worker", "beat")])
def test_no_process_starts_without_it_and_the_last_line_says_why(program: str) -> None:
    done = started(program, REDIS_URL="")
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1].endswith("its processes share one Redis.")
    assert "Traceback" not in done.stderr


@pytest.mark.full  # one that lacks a setting is above
@pytest.mark.django_db(transaction=True)
def test_a_web_server_of_other_books_says_why_and_nothing_else() -> None:
    """Its workers would each say it with a traceback."""
    database = connection.settings_dict
    host = quote(database["HOST"], safe="")
    address = f"postgresql://{database['USER']}@{host}:{database['PORT']}/{database['NAME']}"
    Installation.objects.create(prefix="SIAM", place="anywhere")
    done = started("gunicorn", DATABASE_URL=address, TAEL_PREFIX="OTHER")
    said = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert said[-1].startswith("TAEL_PREFIX is OTHER, and this database has the prefix SIAM.")
    (before,) = said[:-1]
    assert before.endswith("[INFO] Starting gunicorn 27.0.1")


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_nor_does_one_that_counts_days_by_older_data() -> None:
    database = connection.settings_dict
    host = quote(database["HOST"], safe="")
    address = f"postgresql://{database['USER']}@{host}:{database['PORT']}/{database['NAME']}"
    Installation.objects.create(prefix="SIAM", place="anywhere")
    TimeZoneData.objects.update_or_create(defaults={"version": "2020a"})
    done = started("gunicorn", DATABASE_URL=address, TAEL_PREFIX="SIAM")
    said = done.stderr.splitlines()
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert said[-1].startswith("The books count days by tzdata 2020a, and this process by ")
    TimeZoneData.objects.update(version=zones.VERSION)


@pytest.mark.full  # a setting that is missing is named above
def test_links_in_mails_lead_to_a_host_that_is_answered_to() -> None:
    done = started("manage.py", TAEL_BASE_URL="https://other.example")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("Add other.example, the host of TAEL_BASE_URL, to ALLOWED_HOSTS")


@pytest.mark.full  # a setting that is missing is named above
def test_nobody_moves_the_clock_of_a_deployment() -> None:
    done = started("manage.py", TAEL_CLOCK="/tmp/clock")
    assert (done.returncode, done.stdout) == (1, "")
    said = "Unset TAEL_CLOCK: DATABASE_URL is set, so this is a deployment, whose clock nobody"
    assert done.stderr == f"{said} moves.\n"


@pytest.mark.full
def test_a_demonstration_needs_none_of_it() -> None:
    missing = dict.fromkeys(("REDIS_URL", "ALLOWED_HOSTS", "EMAIL_HOST"), "")
    done = started("manage.py", TAEL_SANDBOX="1", **missing)
    assert "db.example" in done.stderr  # it has come as far as the database, which is not there
