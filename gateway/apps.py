"""Configures the app of the gateway, which registers its parts of other packages when it starts."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what the gateway gives to other apps: audit checks, trail actions, queues, and
        what retention and the erasing of people's data touch. Django calls this once all models are
        there.
        """
        # These need the models, which are there by now.
        from backoffice.queues import QUEUES
        from gateway import backoffice, personal, retention
        from gateway.ahead import CHECKS
        from gateway.imports import trail as imports
        from gateway.imports.audit import IMPORTS
        from gateway.trail import Action
        from gateway.webhooks import trail as webhooks
        from gateway.webhooks.audit import WEBHOOKS
        from gateway.webhooks.queues import PARKED
        from lib import audit
        from trail import actions

        audit.register(*CHECKS, *IMPORTS, *WEBHOOKS)
        actions.register(Action)
        actions.register(imports.Action)
        actions.register(webhooks.Action)
        QUEUES.register(PARKED)
        backoffice.register()
        personal.register()
        retention.register()
