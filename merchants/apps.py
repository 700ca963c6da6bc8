from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    name = "merchants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from lib import commands
        from merchants import (  # needs the models, which are there by now
            backoffice,
            search,
            time_zone_data,
        )
        from merchants.sign_in import (
            events,  # noqa: F401 - its receivers
            sessions,
        )

        sessions.keep_digests_only()
        commands.check_first(time_zone_data.start)
        backoffice.register()
        search.register()
