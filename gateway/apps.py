from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from gateway.ahead import CHECKS
        from gateway.trail import Action
        from lib import audit
        from trail import actions

        audit.register(*CHECKS)
        actions.register(Action)
