"""Puts the apps together: settings, addresses, the timetable, and what they need to run."""

# Before anything that could make a time zone: it says from where they are read.
from lib import zones  # noqa: I001

# Celery's shared tasks bind to the app that exists first, in whatever process: so it always does.
from config.celery import app as celery_app

__all__ = ["celery_app", "zones"]
