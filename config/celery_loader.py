import sys
from typing import Any

from celery.loaders.app import AppLoader
from django.core.exceptions import ImproperlyConfigured


class Loader(AppLoader):
    """Ends a worker or beat that the settings refuse with their sentence, and no traceback."""

    def config_from_object(self, obj: Any, silent: bool = False) -> Any:
        try:
            return super().config_from_object(obj, silent=silent)
        except ImproperlyConfigured as refusal:
            sys.exit(str(refusal))
