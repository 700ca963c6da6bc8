from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These need the models, which are there by now.
        from backoffice.queues import QUEUES
        from gateway.ahead import CHECKS
        from gateway.webhooks.audit import WEBHOOKS
        from gateway.webhooks.queues import PARKED
        from gateway.webhooks.trail import Action
        from lib import audit
        from trail import actions

        audit.register(*CHECKS, *WEBHOOKS)
        actions.register(Action)
        QUEUES.register(PARKED)
