"""Puts the apps together: settings, addresses, the timetable, and what they need to run."""

import gc

# Importing makes objects that stay. To look for garbage among them again and again, as Python does
# by itself, would be a fourth of what each command takes to start. config.apps has it begin.
gc.disable()

# Before anything that could make a time zone: it says from where they are read.
from lib import zones  # noqa: E402, I001

# Celery's shared tasks bind to the app that exists first, in whatever process: so it always does.
from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app", "zones"]
