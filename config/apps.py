"""Configures the app of the whole, which starts the timetable and reports errors to Sentry."""

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
