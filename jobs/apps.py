"""Configures the app of running jobs."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what this package has with those below it, once, when a program starts: the
        queue of parked rows and the note about the scheduler, how long runs are kept, and the
        trail's actions.
        """
        from jobs import backoffice, own  # needs the models, which are there by now
        from jobs.trail import Action
        from trail import actions

        backoffice.register()
        own.register()
        actions.register(Action)
