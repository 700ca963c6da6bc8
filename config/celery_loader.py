"""Loads Celery's settings."""

import sys
from typing import Any

from celery.loaders.app import AppLoader
from django.core.exceptions import ImproperlyConfigured


class Loader(AppLoader):
    """Celery's loader of settings. If the settings are refused, it ends the process with a sentence
    instead of a traceback.
    """

    def config_from_object(self, obj: Any, silent: bool = False) -> Any:
        """Load Celery's settings as Celery does; if Django's settings are refused, end the process
        with the sentence that says why.
        """
        try:
            return super().config_from_object(obj, silent=silent)
        except ImproperlyConfigured as refusal:
            sys.exit(str(refusal))
