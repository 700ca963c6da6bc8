#!/usr/bin/env python
"""Tael's command line: `python manage.py help` lists the commands."""

import os
import sys

# Django's own that read or write the books, or make who does; Tael's look for themselves.
AT_THE_BOOKS = {
    *("changepassword", "clearsessions", "createsuperuser", "dumpdata", "flush", "loaddata"),
    "shell",
}


def main() -> None:
    """Run the command. What Tael refuses to start for, and outages, end it with a sentence in place
    of a traceback, unless `--traceback` was asked for.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"]:
        # `up` is the demonstration on one machine. The settings are read before a command runs, so
        # the command itself would come too late to say this.
        os.environ["TAEL_SANDBOX"] = "1"
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from lib.clock import ClockAhead

    try:
        if AT_THE_BOOKS.intersection(sys.argv[1:2]) and not {"-h", "--help"} & set(sys.argv):
            _refuse_other_books()
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, ClockAhead) as error:
        sys.exit(str(error))
    except Exception as error:
        from config.monitoring import outages

        if "--traceback" in sys.argv or not (sentence := outages.sentence(error)):
            raise
        sys.exit(sentence)


def _refuse_other_books() -> None:
    """Raise ImproperlyConfigured where a server would not start (config.installation). An error of
    the database is ignored here.
    """
    from contextlib import suppress

    import django
    from django.db import DatabaseError

    django.setup()
    from config import installation

    with suppress(DatabaseError):  # the command says so, if it asks for anything
        installation.refuse_other_books()


if __name__ == "__main__":
    main()
