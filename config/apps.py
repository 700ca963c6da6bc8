import os

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from config import (
            sessions,  # needs the models, which are there by now
            sign_in_events,  # noqa: F401 - its receivers
        )

        sessions.keep_digests_only()
        if dsn := os.environ.get("SENTRY_DSN"):
            from config import sentry

            sentry.start(dsn, os.environ.get("SENTRY_ENVIRONMENT", ""))
