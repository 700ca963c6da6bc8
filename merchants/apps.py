from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    name = "merchants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from merchants.sign_in import (
            events,  # noqa: F401 - its receivers
            sessions,  # needs the models, which are there by now
        )

        sessions.keep_digests_only()
