"""Configures the app of credit, which registers its parts of other packages when it starts."""

from django.apps import AppConfig


class CreditConfig(AppConfig):
    name = "credit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what this book has with the packages below it, once, when a program starts."""
        # These need the models, which are there by now.
        from credit import backoffice, journal, personal, profile_remark, search
        from credit.audit.lines import CHECKS
        from credit.events import EVENT_TYPES, OPENING
        from credit.help import BOOK
        from credit.notices import line, orders, proceeds
        from credit.operations import proposed
        from credit.roles import CREDIT_OFFICER
        from credit.sorts import LIMIT
        from credit.trail import Action
        from lib import audit, events, help
        from merchants import roles, sorts
        from merchants.events import register
        from notices import kinds
        from trail import actions

        backoffice.register()
        search.register()
        help.BOOKS.register(BOOK)
        personal.register()
        journal.register()
        profile_remark.register()
        kinds.register(*line.KINDS, *orders.KINDS, *proceeds.KINDS)
        actions.register(Action)
        sorts.register(LIMIT)
        proposed.register()
        audit.register(*CHECKS)
        events.register(*EVENT_TYPES)
        register(OPENING)
        roles.register(CREDIT_OFFICER)
