"""Configures the app of the whole, which starts the timetable and reports errors to Sentry."""

import gc
import os

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the audit's check of cells, install the timetable of jobs, give it to beat, tell
        which tables are a cell's, start Sentry if SENTRY_DSN is set, and turn on the collection of
        garbage.

        Django calls this once all models are there.
        """
        from config import celery, timetable  # need the models, which are there by now
        from config.cells import tables
        from config.cells.audit import CHECKS
        from jobs.timetable import install
        from lib import audit
        from lib.cells import sides

        audit.register(*CHECKS)
        install(timetable.TIMETABLE)
        sides.register(tables.models_of_cells())
        celery.follow(timetable.TIMETABLE)
        if dsn := os.environ.get("SENTRY_DSN"):
            from config.monitoring import sentry

            sentry.start(dsn, os.environ.get("SENTRY_ENVIRONMENT", ""))
        _look_for_garbage()


def _look_for_garbage() -> None:
    """Turn on the collection of garbage, for objects that are made from now on (config/__init__.py
    turned it off). It looks after each 50,000 new objects, not after each 700, since what is left
    to import stays, too.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
