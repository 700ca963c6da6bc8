"""Configures the app of billing, which registers its parts of other packages when it starts."""

from django.apps import AppConfig
from django.conf import settings


class BillingConfig(AppConfig):
    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what billing gives to other apps: audit checks, events, help, notices, trail
        actions, roles, decisions and search. Django calls this once all models are there.
        """
        # These need the models, which are there by now.
        from billing import backoffice, journal, personal, related, search
        from billing.audit import CHECKS
        from billing.audit import journal as audit_of_journal
        from billing.events import EVENT_TYPES, OPENING
        from billing.help import BOOK
        from billing.notices import account, answers, invoices, unapplied
        from billing.operations import proposed
        from billing.roles import BILLING_OFFICER
        from billing.sorts import SORTS
        from billing.trail import Action
        from lib import audit, events, help
        from merchants import roles, sorts
        from merchants.events import register
        from notices import kinds
        from trail import actions

        backoffice.register()
        search.register()
        related.register()
        journal.register()
        personal.register()
        help.BOOKS.register(BOOK)
        kinds.register(*invoices.KINDS, *answers.KINDS, *unapplied.KINDS, *account.KINDS)
        actions.register(Action)
        sorts.register(*SORTS)
        proposed.register()
        audit.register(*CHECKS)
        if settings.TAEL_JOURNAL:
            audit.register(*audit_of_journal.checks())
        events.register(*EVENT_TYPES)
        register(OPENING)
        roles.register(BILLING_OFFICER)
