from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from merchants.queries import annotate_membership
        from notices import backoffice  # needs the models, which are there by now
        from notices.queries import latest_notice

        annotate_membership(latest_notice=latest_notice())
        backoffice.register()
