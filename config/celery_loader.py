import sys
from typing import Any

from celery.loaders.app import AppLoader
from django.core.exceptions import ImproperlyConfigured


class Loader(AppLoader):
    """Celery's loader of settings, which ends the process with a sentence where the settings are
    refused, and not with a traceback.
    """

    def config_from_object(self, obj: Any, silent: bool = False) -> Any:
        try:
            return super().config_from_object(obj, silent=silent)
        except ImproperlyConfigured as refusal:
            sys.exit(str(refusal))
