"""Puts the apps together: settings, addresses, the timetable, and what they need to run."""

import gc

# Importing makes objects that stay. To look for garbage among them after each 700 new ones, as
# Python does by itself, would be a sixth of what each command takes to start.
gc.set_threshold(50_000, 20, 20)

# Before anything that could make a time zone: it says from where they are read.
from lib import zones  # noqa: E402, I001

# Celery's shared tasks bind to the app that exists first, in whatever process: so it always does.
from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app", "zones"]
