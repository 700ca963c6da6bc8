"""Configures the app of the whole, which starts the timetable and reports errors to Sentry."""

import gc
import os

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from config import celery, timetable  # need the models, which are there by now
        from jobs.timetable import install

        install(timetable.TIMETABLE)
        celery.follow(timetable.TIMETABLE)
        if dsn := os.environ.get("SENTRY_DSN"):
            from config.monitoring import sentry

            sentry.start(dsn, os.environ.get("SENTRY_ENVIRONMENT", ""))
        _look_for_garbage()


def _look_for_garbage() -> None:
    """From here on, among what is made from here on (config/__init__.py): all apps are there. Not
    after each 700 new objects, as what is left to import stays, too.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
