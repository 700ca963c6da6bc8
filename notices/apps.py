from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from merchants.queries import annotate_membership
        from notices import backoffice, kinds, personal  # need the models, which are there by now
        from notices.own_kinds import MESSAGE
        from notices.queries import latest_notice
        from notices.trail import Action
        from trail import actions

        annotate_membership(latest_notice=latest_notice())
        backoffice.register()
        personal.register()
        kinds.register(MESSAGE)
        actions.register(Action)
