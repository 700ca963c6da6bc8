from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from billing import backoffice, search  # needs the models, which are there by now

        backoffice.register()
        search.register()
