from django.apps import AppConfig


class CreditConfig(AppConfig):
    name = "credit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from credit import backoffice, search  # needs the models, which are there by now

        backoffice.register()
        search.register()
