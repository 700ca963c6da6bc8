"""What the scripts of ledgers that stand on Django share: a database, and rounds of movements."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings


def start(schema: str, apps: list[str], **more: Any) -> None:
    """Start Django with these apps and further settings, and make their tables in a schema of this
    name, which is emptied first, in the database whose URL is the script's argument.
    """
    url = urlsplit(sys.argv[1])
    settings.configure(
        SECRET_KEY="bench",
        INSTALLED_APPS=apps,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": unquote(url.path[1:]),
                "USER": unquote(url.username or ""),
                "PASSWORD": unquote(url.password or ""),
                "HOST": unquote(url.hostname or ""),
                "PORT": str(url.port or ""),
                "OPTIONS": {"options": f"-c search_path={schema}"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        **more,
    )
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        cursor.execute(f"CREATE SCHEMA {schema}")
    call_command("migrate", verbosity=0)


def answer(movement: Callable[[], object]) -> None:
    """Say on stdout that the script is ready; then, until stdin ends, make as many movements as
    each of its lines says, and answer with the seconds that they took, as a line of JSON.
    """
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        started = time.perf_counter()
        for _ in range(int(line)):
            movement()
        sys.stdout.write(json.dumps({"seconds": time.perf_counter() - started}) + "\n")
        sys.stdout.flush()
