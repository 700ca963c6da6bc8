from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    name = "merchants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These need the models, which are there by now.
        from lib import audit, commands, events
        from merchants import backoffice, search, time_zone_data
        from merchants.audit.declared import DECLARED
        from merchants.audit.proposals import PROPOSALS
        from merchants.audit.secrets import SECRETS
        from merchants.audit.two_people import TWO_PEOPLE
        from merchants.events import EVENT_TYPES
        from merchants.proposals import OPERATOR_POLICY, OPERATOR_ROLES
        from merchants.proposals import register as register_proposals
        from merchants.sign_in import (
            events as _receivers,  # noqa: F401
        )
        from merchants.sign_in import (
            sessions,
        )
        from merchants.trail import Action
        from trail import actions

        sessions.keep_digests_only()
        commands.check_first(time_zone_data.check_connections)
        backoffice.register()
        search.register()
        actions.register(Action)
        register_proposals(OPERATOR_ROLES, OPERATOR_POLICY)
        audit.register(*SECRETS, *PROPOSALS, *TWO_PEOPLE, *DECLARED)
        events.register(*EVENT_TYPES)
