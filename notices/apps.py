"""Configures the app of notices."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what this package has with those below it, once, when a program starts: the
        latest notice of each membership, the part of a merchant's page, what is kept of people and
        for how long, the kind of notices that are messages, and the trail's actions.
        """
        from merchants.queries import annotate_membership
        from notices import (  # need the models, which are there by now
            backoffice,
            kinds,
            personal,
            retention,
        )
        from notices.own_kinds import MESSAGE
        from notices.queries import latest_notice
        from notices.trail import Action
        from trail import actions

        annotate_membership(latest_notice=latest_notice())
        backoffice.register()
        personal.register()
        retention.register()
        kinds.register(MESSAGE)
        actions.register(Action)
