"""Libraries that take long to import, and that most processes never use."""

from importlib import import_module
from typing import Any


class Module:
    """Stands for the module with this name, which is imported when something of it is first asked
    for. Annotations that name something of it are quoted, or they would have it imported.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
