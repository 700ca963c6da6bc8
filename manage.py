#!/usr/bin/env python
"""Tael's command line: `python manage.py help` lists the commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    is_up = sys.argv[1:2] == ["up"]
    if is_up:
        # `up` is the demonstration on one machine. The settings are read before a command runs, so
        # the command itself would come too late to say this.
        os.environ["TAEL_SANDBOX"] = "1"
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from merchants.clock import ClockAhead

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # Whoever tries Tael out has mistyped a variable, and wants no traceback for it.
        if is_up:
            sys.exit(str(error))
        raise
    except ClockAhead as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
