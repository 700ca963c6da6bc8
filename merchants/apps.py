"""Configures the app of merchants and people, which registers its parts of other packages."""

from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    name = "merchants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what this package has with those below it, and have sessions be stored by their
        digests. Called once, when a program starts.
        """
        # These need the models, which are there by now.
        from lib import audit, commands, encrypted, events, help
        from merchants import backoffice, retention, search, sorts, time_zone_data
        from merchants.audit.declared import DECLARED
        from merchants.audit.proposals import PROPOSALS
        from merchants.audit.secrets import SECRETS
        from merchants.audit.two_people import TWO_PEOPLE
        from merchants.events import EVENT_TYPES
        from merchants.help import BOOK
        from merchants.operations import personal_erasing, proposed
        from merchants.sign_in import (
            events as _receivers,  # noqa: F401
        )
        from merchants.sign_in import (
            sessions,
        )
        from merchants.sign_in.encrypted_columns import COLUMNS
        from merchants.trail import Action
        from trail import actions

        sessions.keep_digests_only()
        encrypted.register(*COLUMNS)
        commands.check_first(time_zone_data.check_connections)
        backoffice.register()
        search.register()
        help.BOOKS.register(BOOK)
        actions.register(Action)
        sorts.register(sorts.PAY_OUT)
        proposed.register()
        personal_erasing.register()
        retention.register()
        audit.register(*SECRETS, *PROPOSALS, *TWO_PEOPLE, *DECLARED)
        events.register(*EVENT_TYPES)
