"""Configures the app of the trail."""

from django.apps import AppConfig


class TrailConfig(AppConfig):
    name = "trail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from trail import backoffice  # needs the models, which are there by now

        backoffice.register()
